/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file tree. One tmpfs carries everything that is not the host's: r/ becomes the root skeleton, p/N the private
 * directories, m/ the prepared inodes of mode 000. The host's root is left by pivot_root and unmounted.
 *
 * Nothing that lies below a granted tree is followed through a symbolic link, and every host object is compared by
 * device and inode with what the plan checked: what was exchanged meanwhile is refused, not mounted.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/stat.h>

#include "policy/plan.h"
#include "tier/process/init/init.h"

#define MNT_DETACH_FLAG 2
#define PROPAGATION_PRIVATE (1u << 18) /* MS_PRIVATE */
#define OPEN_TREE_CLOEXEC_FLAG O_CLOEXEC
#define COMMON_ATTRIBUTES (MOUNT_ATTR_NOSUID)

static int base = -1;        /* the tmpfs */
static uint32_t private_count;

#define COVERS_MAX 64
static int covers[COVERS_MAX];
static uint32_t cover_count;

static const char *relative(const char *path)
{
    while (*path == '/')
        path++;
    return *path ? path : ".";
}

/* An object inside the new tree, never through a symbolic link and never out of it. */
static long target_open(int root, const char *target)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

    return sys_call4(openat2, root, relative(target), &how, sizeof(how));
}

static void attributes_set(struct init *init, int fd, uint64_t set, int is_recursive, const char *target)
{
    struct mount_attr attributes = {.attr_set = set};

    init_need(init,
              sys_call5(mount_setattr, fd, "", AT_EMPTY_PATH | (is_recursive ? AT_RECURSIVE : 0),
                        &attributes, sizeof(attributes)),
              "set mount attributes of", target);
}

static void attach(struct init *init, int fd, int target_fd, const char *target)
{
    init_need(init,
              sys_call5(move_mount, fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
              "mount", target);
}

static long clone_tree(int directory, const char *path, int is_recursive)
{
    return sys_call3(open_tree, directory, path,
                     OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC_FLAG | AT_SYMLINK_NOFOLLOW |
                         (is_recursive ? AT_RECURSIVE : 0) | (*path ? 0 : AT_EMPTY_PATH));
}

static void identity_check(struct init *init, int fd, const struct record_mount *mount, const char *name)
{
    struct statx info;

    init_need(init, sys_call5(statx, fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_TYPE, &info),
              "stat", name);
    if (((uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor) != mount->device ||
        info.stx_ino != mount->inode)
        init_fail(init, "mount (the object was exchanged since it was checked)", name, ESTALE);
}

/* The mount point; made when it lies in our own skeleton. */
static int target_need(struct init *init, int root, const struct record_mount *mount, const char *target)
{
    if (mount->flags & RECORD_IN_SKELETON) {
        long status = mount->flags & RECORD_DIRECTORY
                          ? sys_call3(mkdirat, root, relative(target), 0755)
                          : sys_call4(mknodat, root, relative(target), S_IFREG | 0444, 0);

        if (status < 0 && status != -EEXIST)
            init_fail(init, "create mount point", target, -status);
    }
    return (int)init_need(init, target_open(root, target), "open mount point", target);
}

static void bind_attach(struct init *init, int root, const struct record_mount *mount)
{
    const char *source = init_string(init, mount->source), *target = init_string(init, mount->target);
    uint64_t set = COMMON_ATTRIBUTES;
    int fd, target_fd;

    fd = (int)init_need(init, clone_tree(AT_FDCWD, source, 1), "open", source);
    identity_check(init, fd, mount, source);
    set |= mount->flags & RECORD_WRITABLE ? 0 : MOUNT_ATTR_RDONLY;
    set |= mount->flags & RECORD_DEVICE ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV;
    set |= mount->flags & RECORD_NOEXEC ? MOUNT_ATTR_NOEXEC : 0;
    attributes_set(init, fd, set, 1, source);
    target_fd = target_need(init, root, mount, target);
    attach(init, fd, target_fd, target);
    sys_call1(close, fd);
    sys_call1(close, target_fd);
}

/* As a bind, but of what is inside already: mounts that were laid below it go with it. */
static void pin_attach(struct init *init, int root, const struct record_mount *mount)
{
    const char *target = init_string(init, mount->target);
    int target_fd = (int)init_need(init, target_open(root, target), "open", target);
    int fd;

    identity_check(init, target_fd, mount, target);
    fd = (int)init_need(init, clone_tree(target_fd, "", 1), "open", target);
    if (!(mount->flags & RECORD_WRITABLE))
        attributes_set(init, fd, MOUNT_ATTR_RDONLY, 1, target);
    attach(init, fd, target_fd, target);
    sys_call1(close, fd);
    sys_call1(close, target_fd);
}

int tree_attach_mask(struct init *init, int root, const char *target, int is_directory, int is_optional)
{
    long target_fd = target_open(root, target);
    int fd;

    if (target_fd == -ENOENT && is_optional)
        return 0;
    init_need(init, target_fd, "open", target);
    fd = (int)init_need(init, clone_tree(base, is_directory ? "m/directory" : "m/file", 0), "open", "mask");
    attributes_set(init, fd, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0,
                   target);
    attach(init, fd, (int)target_fd, target);
    sys_call1(close, fd);
    sys_call1(close, target_fd);
    return 1;
}

static void mask_attach(struct init *init, int root, const struct record_mount *mount)
{
    const char *target = init_string(init, mount->target);
    int target_fd = (int)init_need(init, target_open(root, target), "open", target);

    identity_check(init, target_fd, mount, target);
    sys_call1(close, target_fd);
    tree_attach_mask(init, root, target, mount->flags & RECORD_DIRECTORY, 0);
}

/* Returns the new mount, to be closed. */
static int private_attach(struct init *init, int root, const char *target, uint32_t mode)
{
    char name[32], *end = name + sizeof(name);
    int fd, target_fd;

    string_append_number(string_append(name, end, "p/"), end, private_count++);
    init_need(init, sys_call3(mkdirat, base, name, 0700), "create private directory for", target);
    init_need(init, sys_call3(fchmodat, base, name, mode), "chmod private directory for", target);
    fd = (int)init_need(init, clone_tree(base, name, 0), "open private directory for", target);
    attributes_set(init, fd, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, target);
    target_fd = (int)init_need(init, target_open(root, target), "open mount point", target);
    attach(init, fd, target_fd, target);
    sys_call1(close, target_fd);
    return fd;
}

void tree_attach_private(struct init *init, int root, const char *target, uint32_t mode)
{
    sys_call1(close, private_attach(init, root, target, mode));
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

/* The tmpfs, mounted over "/" (which this process does not see: its root stays the host's), and r/ on top of it. */
static int skeleton_open(struct init *init)
{
    char size[24];
    const char *options[] = {"mode", "0755", "size", size, 0};
    int root;

    string_append_number(size, size + sizeof(size), init->record->private_bytes);
    if (!init->record->private_bytes)
        options[2] = 0;
    base = (int)init_need(init, tree_new_mount("tmpfs", options, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV), "mount",
                          "private file system");
    init_need(init, sys_call5(move_mount, base, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "mount",
              "private file system");
    init_need(init, sys_call3(mkdirat, base, "r", 0755), "create", "root");
    init_need(init, sys_call3(mkdirat, base, "p", 0700), "create", "private directories");
    init_need(init, sys_call3(mkdirat, base, "m", 0700), "create", "masks");
    init_need(init, sys_call3(mkdirat, base, "m/directory", 0), "create", "mask");
    init_need(init, sys_call4(mknodat, base, "m/file", S_IFREG, 0), "create", "mask");
    root = (int)init_need(init, clone_tree(base, "r", 0), "open", "root");
    attach(init, root, base, "/");
    return root;
}

/*
 * A directory of the skeleton; inside a host tree a directory of ours that covers the one there. A cover is sealed when
 * everything is mounted, because mount points are still to be made in it.
 */
static void directory_make(struct init *init, int root, const struct record_mount *mount, const char *target)
{
    if (mount->flags & RECORD_IN_SKELETON) {
        init_need(init, sys_call3(mkdirat, root, relative(target), mount->mode), "create", target);
        return;
    }
    if (cover_count == COVERS_MAX)
        init_fail(init, "cover (too many denied directories with grants below them)", target, E2BIG);
    covers[cover_count++] = private_attach(init, root, target, mount->mode);
}

static void covers_seal(struct init *init)
{
    for (uint32_t i = 0; i < cover_count; i++) {
        attributes_set(init, covers[i], MOUNT_ATTR_RDONLY, 0, "cover");
        sys_call1(close, covers[i]);
    }
}

static void mount_make(struct init *init, int root, const struct record_mount *mount)
{
    const char *target = init_string(init, mount->target);

    switch (mount->kind) {
    case PLAN_DIRECTORY:
        directory_make(init, root, mount, target);
        break;
    case PLAN_SYMLINK:
        init_need(init, sys_call3(symlinkat, init_string(init, mount->source), root, relative(target)), "link",
                  target);
        break;
    case PLAN_BIND:
        bind_attach(init, root, mount);
        break;
    case PLAN_PIN:
        pin_attach(init, root, mount);
        break;
    case PLAN_PRIVATE:
        sys_call1(close, target_need(init, root, mount, target));
        tree_attach_private(init, root, target, mount->mode);
        break;
    case PLAN_MASK:
        mask_attach(init, root, mount);
        break;
    case PLAN_PROC:
        device_proc(init, root, target);
        break;
    case PLAN_DEV:
        device_dev(init, root, target);
        break;
    default:
        init_fail(init, "understand the mount of", target, EBADMSG);
    }
}

void tree_build(struct init *init)
{
    const struct record *record = init->record;
    const struct record_mount *mounts = (const struct record_mount *)init_string(init, record->mounts);
    struct mount_attr private = {.propagation = PROPAGATION_PRIVATE};
    int root;

    init_need(init, sys_call1(umask, 0), "set", "umask");
    init_need(init, sys_call5(mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)), "make private",
              "/");
    root = skeleton_open(init);
    for (uint32_t i = 0; i < record->mount_count; i++)
        mount_make(init, root, &mounts[i]);
    covers_seal(init);
    attributes_set(init, root, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, "/");
    init_need(init, sys_call1(fchdir, root), "enter", "new root");
    init_need(init, sys_call2(pivot_root, ".", "."), "pivot to", "new root");
    init_need(init, sys_call2(umount2, ".", MNT_DETACH_FLAG), "unmount", "old root");
    init_need(init, sys_call1(chdir, "/"), "enter", "/");
    sys_call1(close, root);
    sys_call1(close, base);
    sys_call1(umask, 022);
}
