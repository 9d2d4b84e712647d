/* SPDX-License-Identifier: Apache-2.0 */
/*
 * /dev and /proc of the container. Of /proc only the container's own processes can be written, even by uid 0, and what
 * shows the host's kernel is masked (docs/decisions/0005).
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "policy/shown.h"
#include "tier/process/init/init.h"
#include "tier/process/init/void.h"

static const struct {
    const char *name, *text;
} links[] = {
    {"fd", "/proc/self/fd"},         {"stdin", "/proc/self/fd/0"}, {"stdout", "/proc/self/fd/1"},
    {"stderr", "/proc/self/fd/2"},   {"ptmx", "pts/ptmx"},
};

static void join(char *to, size_t size, const char *directory, const char *name)
{
    char *at = string_append(to, to + size, directory);

    string_append(string_append(at, to + size, "/"), to + size, name);
}

static void directory_make(struct init *init, int root, const char *path, uint32_t mode)
{
    long status = tree_make(root, path, S_IFDIR | mode, 0);

    if (status < 0 && status != -EEXIST)
        init_fail(init, "create", path, -status);
}

static void mount_attach(struct init *init, long fd, int root, const char *target)
{
    init_need(init, fd, "mount", target);
    tree_attach(init, (int)fd, root, target);
    sys_call1(close, fd);
}

/* A host device node, after checking that it is one: a host may lie about /dev. */
static void node_attach(struct init *init, int root, const char *target, const char *name)
{
    char source[64], path[4200];
    struct statx info;
    long fd;

    join(source, sizeof(source), "/dev", name);
    join(path, sizeof(path), target, name);
    void_or_need(init, tree_make(root, path, S_IFREG | 0444, 0), "create", path);
    /* Read-only keeps a root caller, who owns the host's node, from changing its mode; writing to a device it permits. */
    fd = init_need(init, tree_clone(AT_FDCWD, source, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, 0),
                   "open", source);
    init_need(init, sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &info), "stat", source);
    if ((info.stx_mode & S_IFMT) != S_IFCHR)
        init_fail(init, "use (not a character device)", source, ENODEV);
    mount_attach(init, fd, root, path);
}

void device_name(const char *target)
{
    char path[4200];

    void_make(target, S_IFDIR | 0755, 0);
    for (size_t i = 0; i < sizeof(shown_devices) / sizeof(shown_devices[0]); i++) {
        join(path, sizeof(path), target, shown_devices[i]);
        void_make(path, S_IFREG | 0444, 0);
    }
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        join(path, sizeof(path), target, links[i].name);
        void_make(path, S_IFLNK | 0777, links[i].text);
    }
    join(path, sizeof(path), target, "pts");
    void_make(path, S_IFDIR | 0755, 0);
    join(path, sizeof(path), target, "shm");
    void_make(path, S_IFDIR | 0755, 0);
}

void device_dev(struct init *init, int root, const char *target)
{
    static const char *const options[] = {"newinstance", 0, "ptmxmode", "0666", "mode", "0620", 0};
    char path[4200];

    directory_make(init, root, target, 0755);
    for (size_t i = 0; i < sizeof(shown_devices) / sizeof(shown_devices[0]); i++)
        node_attach(init, root, target, shown_devices[i]);
    for (size_t i = 0; i < sizeof(links) / sizeof(links[0]); i++) {
        join(path, sizeof(path), target, links[i].name);
        void_or_need(init, tree_make(root, path, S_IFLNK | 0777, links[i].text), "link", path);
    }
    join(path, sizeof(path), target, "pts");
    directory_make(init, root, path, 0755);
    mount_attach(init, tree_new_mount("devpts", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC), root, path);
    join(path, sizeof(path), target, "shm");
    directory_make(init, root, path, 0755);
    tree_attach_private(init, root, path, 01777);
}

static int is_hidden(const char *name)
{
    for (size_t i = 0; i < sizeof(shown_masked) / sizeof(shown_masked[0]); i++)
        if (string_equal(shown_masked[i].path + sizeof("/proc/") - 1, name))
            return 1;
    return 0;
}

/* Read-only on itself: readable as before, writable for nobody. */
static void seal(struct init *init, int root, const char *target)
{
    long fd = init_need(init,
                        tree_clone(root, target + 1,
                                   MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 1),
                        "open", target);

    mount_attach(init, fd, root, target);
}

static void seal_if_writable(struct init *init, int root, int proc, const char *name)
{
    char target[300];
    struct statx info;

    if ((*name >= '0' && *name <= '9') || *name == '.' || is_hidden(name))
        return;
    init_need(init, sys_call5(statx, proc, name, AT_SYMLINK_NOFOLLOW, STATX_TYPE | STATX_MODE, &info), "stat", name);
    if ((info.stx_mode & S_IFMT) == S_IFDIR || ((info.stx_mode & S_IFMT) == S_IFREG && (info.stx_mode & 0222))) {
        join(target, sizeof(target), "/proc", name);
        seal(init, root, target);
    }
}

/* As uid 0 the top of /proc would be writable: everything there that is not a process is sealed, known or not. */
static void seal_found(struct init *init, int root)
{
    struct entry {
        uint64_t inode, offset;
        uint16_t length;
        uint8_t type;
        char name[];
    };
    static char buffer[8192] __attribute__((aligned(8)));
    int proc = (int)init_need(init, sys_call3(openat, root, "proc", O_RDONLY | O_DIRECTORY | O_CLOEXEC), "open", "/proc");
    long got;

    while ((got = init_need(init, sys_call3(getdents64, proc, buffer, sizeof(buffer)), "list", "/proc")) > 0)
        for (long at = 0; at < got;) {
            struct entry *entry = (struct entry *)(void *)(buffer + at);

            seal_if_writable(init, root, proc, entry->name);
            at += entry->length;
        }
    sys_call1(close, proc);
}

void device_proc(struct init *init, int root, const char *target)
{
    static const char *const options[] = {0};
    long proc = tree_new_mount("proc", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);

    directory_make(init, root, target, 0555);
    if (proc >= 0 && !init->record) /* before it is covered; later nobody needs it any more */
        init->limits = (int)sys_call4(openat, proc, "sys/user", O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    mount_attach(init, proc, root, target);
    for (size_t i = 0; i < sizeof(shown_masked) / sizeof(shown_masked[0]); i++)
        tree_mask_if_readable(init, root, shown_masked[i].path, shown_masked[i].is_directory);
    if (init->begin.uid == 0)
        seal_found(init, root);
    else
        seal(init, root, "/proc/sys");
}
