/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file systems that are process 1's own: a tmpfs with private directories and the plan's own files (p/N), and, where the
 * void (void.c) does not have them, with the root's skeleton (r/) and the prepared inodes of mode 000 (m/).
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/stat.h>

#include "tier/process/init/own.h"
#include "tier/process/init/void.h"

#define OPEN_TREE_CLOEXEC_FLAG O_CLOEXEC

static int void_base = -1; /* the void, where there is one: what would be r/ and m/ of the tmpfs is its */
static int base = -1; /* the tmpfs; left open, because closing a tree that is mounted nowhere waits for the kernel's RCU */
static int mounted_count; /* how many lie over the host's root, below the new one */
static uint32_t private_count;
static int home_fd = -1; /* what the program put into a directory that the void lies beneath */

/* An empty file takes memory that the size of a tmpfs does not count, so their number goes with the size. */
#define BYTES_PER_INODE 4096
#define INODES_MIN      4096

/* A detached copy of a tree with attributes added: one call since 6.15, two before. Never through a link at the end. */
long tree_clone(int directory, const char *path, uint64_t attributes, int is_recursive)
{
    struct mount_attr added = {.attr_set = attributes};
    uint32_t flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC_FLAG | AT_SYMLINK_NOFOLLOW |
                     (is_recursive ? AT_RECURSIVE : 0) | (*path ? 0 : AT_EMPTY_PATH);
    static int is_old_kernel;
    long fd = -ENOSYS, status;

    if (!is_old_kernel && attributes)
        fd = sys_call5(open_tree_attr, directory, path, flags, &added, sizeof(added));
    if (fd != -ENOSYS)
        return fd;
    is_old_kernel = attributes != 0;
    fd = sys_call3(open_tree, directory, path, flags);
    if (fd < 0 || !attributes)
        return fd;
    status = sys_call5(mount_setattr, fd, "", AT_EMPTY_PATH | (is_recursive ? AT_RECURSIVE : 0), &added,
                       sizeof(added));
    return status < 0 ? status : fd;
}

long tree_new_mount(const char *type, const char *const *options, uint64_t attributes)
{
    long context = sys_call2(fsopen, type, FSOPEN_CLOEXEC), status = 0;

    if (context < 0)
        return context;
    for (; *options && status >= 0; options += 2)
        status = sys_call5(fsconfig, context, options[1] ? FSCONFIG_SET_STRING : FSCONFIG_SET_FLAG, options[0],
                           options[1], 0);
    if (status >= 0)
        status = sys_call5(fsconfig, context, FSCONFIG_CMD_CREATE, 0, 0, 0);
    if (status >= 0)
        status = sys_call3(fsmount, context, FSMOUNT_CLOEXEC, attributes);
    sys_call1(close, context);
    return status;
}

/* Over "/", which this process does not see: its root stays the host's. */
static void tree_attach_over_root(struct init *init, int fd)
{
    init_need(init, sys_call5(move_mount, fd, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "mount", "/");
}

/* The tmpfs, and r/ of it over the host's root. */
int own_open(struct init *init)
{
    const char *options[] = {"mode", "0755", 0};
    int root;

    base = (int)init_need(init, tree_new_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), "mount",
                          "private file system");
    init_need(init, sys_call3(mkdirat, base, "r", 0755), "create", "root");
    init_need(init, sys_call3(mkdirat, base, "p", 0700), "create", "private directories");
    init_need(init, sys_call3(mkdirat, base, "m", 0700), "create", "masks");
    init_need(init, sys_call3(mkdirat, base, "m/directory", 0), "create", "mask");
    init_need(init, sys_call4(mknodat, base, "m/file", S_IFREG, 0), "create", "mask");
    void_base = void_begin(init);
    root = (int)tree_clone(void_base < 0 ? base : void_base, "r", 0, 0);
    if (root == -EINVAL) { /* before 6.15 a tree can be copied only where it is mounted */
        tree_attach_over_root(init, base);
        mounted_count = 1;
        if (void_base >= 0) {
            tree_attach_over_root(init, void_base);
            mounted_count = 2;
        }
        root = (int)tree_clone(void_base < 0 ? base : void_base, "r", 0, 0);
    }
    init_need(init, root, "open", "root");
    tree_attach_over_root(init, root);
    return root;
}

/* How much the program may put into the tmpfs: not known when that is made. Otherwise it is the kernel's default. */
void own_limit(struct init *init)
{
    uint64_t bytes = init->record->private_bytes, inodes = bytes / BYTES_PER_INODE;
    const char *name = "private file system";
    char size[24], count[24];
    long context;

    if (!bytes)
        return;
    string_append_number(size, size + sizeof(size), bytes);
    string_append_number(count, count + sizeof(count), inodes < INODES_MIN ? INODES_MIN : inodes);
    context = init_need(init, sys_call3(fspick, base, "", FSPICK_CLOEXEC | FSPICK_EMPTY_PATH), "limit", name);
    init_need(init, sys_call5(fsconfig, context, FSCONFIG_SET_STRING, "size", size, 0), "limit", name);
    init_need(init, sys_call5(fsconfig, context, FSCONFIG_SET_STRING, "nr_inodes", count, 0), "limit", name);
    init_need(init, sys_call5(fsconfig, context, FSCONFIG_CMD_RECONFIGURE, 0, 0, 0), "limit", name);
    sys_call1(close, context);
}


long own_mask(struct init *init, const char *target, int is_directory)
{
    uint64_t attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV;
    char name[24];

    if (void_base < 0)
        return tree_clone(base, is_directory ? "m/directory" : "m/file", attributes | MOUNT_ATTR_NOEXEC, 0);
    /* not noexec, which would refuse an execution before the void is asked */
    void_mask(init, target, is_directory, name);
    return tree_clone(void_base, name, attributes, 0);
}

/* For something new on the private file system. */
void own_name(char name[OWN_NAME_SIZE])
{
    char *end = name + OWN_NAME_SIZE;

    string_append_number(string_append(name, end, "p/"), end, private_count++);
}

/* A new directory of the private file system, not yet mounted. */
int own_directory(struct init *init, const char *target, uint32_t mode)
{
    char name[OWN_NAME_SIZE];

    own_name(name);
    init_need(init, sys_call3(mkdirat, base, name, mode), "create private directory for", target);
    return (int)init_need(init, tree_clone(base, name, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0),
                          "open private directory for", target);
}

static void descriptor_path(char path[OWN_NAME_SIZE], int fd, const char *below)
{
    char *end = path + OWN_NAME_SIZE;

    string_append(string_append_number(string_append(path, end, "/proc/self/fd/"), end, (uint64_t)fd), end, below);
}

/*
 * An overlay of a directory of the tmpfs over one of the void: the program writes to the one, and a look-up that finds
 * nothing there reaches the other. Where the kernel has no overlay for us, the private directory is all there is.
 */
int own_directory_over_void(struct init *init, const char *target, uint32_t mode)
{
    char name[OWN_NAME_SIZE], lower_path[OWN_NAME_SIZE], upper_path[OWN_NAME_SIZE], work_path[OWN_NAME_SIZE];
    const char *options[] = {"lowerdir", lower_path, "upperdir", upper_path, "workdir", work_path, "userxattr", 0, 0};
    int upper, work, lower;
    long mount;

    if (void_base < 0 || home_fd >= 0 || !void_has(target))
        return own_directory(init, target, mode);
    own_name(name);
    init_need(init, sys_call3(mkdirat, base, name, mode), "create private directory for", target);
    upper = (int)init_need(init, sys_call4(openat, base, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0), "open", target);
    own_name(name);
    init_need(init, sys_call3(mkdirat, base, name, 0700), "create private directory for", target);
    work = (int)init_need(init, sys_call4(openat, base, name, O_PATH | O_DIRECTORY | O_CLOEXEC, 0), "open", target);
    lower = void_open(init, void_base, target);
    descriptor_path(lower_path, lower, "");
    descriptor_path(upper_path, upper, "");
    descriptor_path(work_path, work, "");
    mount = tree_new_mount("overlay", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV);
    sys_call1(close, lower);
    sys_call1(close, work);
    if (mount < 0) {
        sys_call1(close, upper);
        return own_directory(init, target, mode);
    }
    home_fd = upper;
    void_set_home(target, upper);
    return (int)mount;
}

int own_base(void)
{
    return base;
}

int own_mounted_count(void)
{
    return mounted_count;
}

void own_write(struct init *init, int fd, const char *bytes, size_t size, const char *target)
{
    while (size) {
        long written = init_need(init, sys_call3(write, fd, bytes, size), "write", target);

        bytes += written;
        size -= (size_t)written;
    }
}
