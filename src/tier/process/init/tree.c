/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The file tree. One tmpfs carries everything that is not the host's: r/ becomes the root skeleton, p/N the private
 * directories and the plan's own files, m/ the prepared inodes of mode 000. The host's root is left by pivot_root and unmounted.
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
#include "tier/process/init/own.h"
#include "tier/process/init/void.h"

#define MNT_DETACH_FLAG 2
#define PROPAGATION_PRIVATE (1u << 18) /* MS_PRIVATE */
#define OPEN_TREE_CLOEXEC_FLAG O_CLOEXEC

static int is_system_made; /* /dev and /proc, before the plan had come */

static const char *relative(const char *path)
{
    while (*path == '/')
        path++;
    return *path ? path : ".";
}

/*
 * An object of the host. The plan names it by a path without links, so one that is on the way now was put there since,
 * and what lies behind it may be the right object in a place that nobody granted.
 */
long source_open(struct init *init, const char *source, uint64_t flags)
{
    int is_given = init->sources >= 0;
    struct open_how how = {.flags = flags | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | (is_given ? RESOLVE_BENEATH : 0)};
    long fd = sys_call4(openat2, is_given ? init->sources : AT_FDCWD, is_given ? relative(source) : source, &how, sizeof(how));

    if (fd == -ELOOP)
        init_fail(init, "mount (its path was exchanged since it was checked)", source, ESTALE);
    return fd;
}

/* An object inside the new tree, never through a symbolic link and never out of it. */
static long target_open(int root, const char *target)
{
    struct open_how how = {.flags = O_PATH | O_NOFOLLOW | O_CLOEXEC,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};

    return sys_call4(openat2, root, relative(target), &how, sizeof(how));
}

long tree_make(int root, const char *target, uint32_t mode, const char *text)
{
    long status = void_make(target, mode, text);

    if (status != -ENOENT)
        return status;
    if ((mode & S_IFMT) == S_IFLNK)
        return sys_call3(symlinkat, text, root, relative(target));
    if ((mode & S_IFMT) == S_IFDIR)
        return sys_call3(mkdirat, root, relative(target), mode & 07777);
    return sys_call4(mknodat, root, relative(target), mode, 0);
}

static void attributes_set(struct init *init, int fd, uint64_t set, int is_recursive, const char *target)
{
    struct mount_attr attributes = {.attr_set = set};

    init_need(init,
              sys_call5(mount_setattr, fd, "", AT_EMPTY_PATH | (is_recursive ? AT_RECURSIVE : 0),
                        &attributes, sizeof(attributes)),
              "set mount attributes of", target);
}

/* Onto an open object, wherever it lies. */
static void attach(struct init *init, int fd, int target_fd, const char *target)
{
    init_need(init,
              sys_call5(move_mount, fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH),
              "mount", target);
}

void tree_attach(struct init *init, int fd, int root, const char *target)
{
    init_need(init, sys_call5(move_mount, fd, "", root, relative(target), MOVE_MOUNT_F_EMPTY_PATH), "mount", target);
    void_cover(target);
}

/* How many names it has; -1 = it is another object. */
static long names_of_checked(struct init *init, int fd, const struct record_mount *mount, const char *name)
{
    struct statx info;

    init_need(init, sys_call5(statx, fd, "", AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW, STATX_INO | STATX_TYPE | STATX_NLINK, &info),
              "stat", name);
    return ((uint64_t)info.stx_dev_major << 32 | info.stx_dev_minor) == mount->device && info.stx_ino == mount->inode ? (long)info.stx_nlink : -1;
}

long object_check(struct init *init, int fd, const struct record_mount *mount, const char *name)
{
    long names = names_of_checked(init, fd, mount, name);

    if (names < 0)
        init_fail(init, "mount (the object was exchanged since it was checked)", name, ESTALE);
    return names;
}

/* The same of something inside, which a reviewed directory around shows under other numbers. */
static void inside_check(struct init *init, int fd, const struct record_mount *mount, const char *target)
{
    int source = init->record->review && names_of_checked(init, fd, mount, target) < 0 ? overlay_find(target) : -1;

    object_check(init, source >= 0 ? source : fd, mount, target);
    if (source >= 0)
        sys_call1(close, source);
}

/* Mount on the target: in our own skeleton the mount point is made and no one can turn it elsewhere. */
static void place(struct init *init, int fd, int root, const struct record_mount *mount, const char *target)
{
    long status;
    int target_fd;

    if (!(mount->flags & RECORD_IN_SKELETON)) {
        target_fd = (int)init_need(init, target_open(root, target), "open mount point", target);
        attach(init, fd, target_fd, target);
        sys_call1(close, target_fd);
        return;
    }
    status = tree_make(root, target, mount->flags & RECORD_DIRECTORY ? S_IFDIR | 0755 : S_IFREG | 0444, 0);
    if (status < 0 && status != -EEXIST)
        init_fail(init, "create mount point", target, -status);
    tree_attach(init, fd, root, target);
}

static void bind_attach(struct init *init, int root, const struct record_mount *mount)
{
    const char *source = init_string(init, mount->source), *target = init_string(init, mount->target);
    uint64_t set = MOUNT_ATTR_NOSUID;
    int source_fd, fd, has_name;

    /* A device can be written on a read-only mount; its mode cannot be changed there. */
    set |= mount->flags & RECORD_WRITABLE && !(mount->flags & RECORD_DEVICE) ? 0 : MOUNT_ATTR_RDONLY;
    set |= mount->flags & RECORD_DEVICE ? MOUNT_ATTR_NOEXEC : MOUNT_ATTR_NODEV;
    set |= mount->flags & RECORD_NOEXEC ? MOUNT_ATTR_NOEXEC : 0;
    if (init->grants >= 0 && !(mount->flags & RECORD_DEVICE)) {
        fd = granted_take(init, source);
        object_check(init, fd, mount, source);
        attributes_set(init, fd, set, 1, target);
        place(init, fd, root, mount, target);
        rights_add(init, fd, mount->access, target);
        sys_call1(close, fd);
        return;
    }
    source_fd = (int)init_need(init, source_open(init, source, O_PATH), "open", source);
    has_name = object_check(init, source_fd, mount, source) || init->sources < 0;
    if (!has_name && (fd = nameless_open(init, source_fd, source, mount, set)) >= 0) {
        sys_call1(close, source_fd);
    } else if (mount->flags & RECORD_REVIEWED) {
        fd = overlay_open(init, source_fd, set, target); /* keeps the source */
    } else {
        fd = (int)init_need(init, tree_clone(source_fd, "", set, 1), "open", source);
        sys_call1(close, source_fd);
    }
    place(init, fd, root, mount, target);
    rights_add(init, fd, mount->access, target);
    sys_call1(close, fd);
}

/* As a bind, but of what is inside already: mounts that were laid below it go with it. */
static void pin_attach(struct init *init, int root, const struct record_mount *mount)
{
    const char *target = init_string(init, mount->target);
    int target_fd = (int)init_need(init, target_open(root, target), "open", target);
    int fd;

    inside_check(init, target_fd, mount, target);
    fd = (int)init_need(init,
                        tree_clone(target_fd, "", mount->flags & RECORD_WRITABLE ? 0 : MOUNT_ATTR_RDONLY, 1), "open",
                        target);
    attach(init, fd, target_fd, target);
    rights_add(init, fd, mount->access, target);
    sys_call1(close, fd);
    sys_call1(close, target_fd);
}

void tree_mask_if_readable(struct init *init, int root, const char *target, int is_directory)
{
    struct statx info;
    long fd, status = sys_call5(statx, root, relative(target), AT_SYMLINK_NOFOLLOW, STATX_MODE | STATX_UID, &info);

    if (status == -ENOENT)
        return;
    init_need(init, status, "stat", target);
    if (init->begin.uid != info.stx_uid && !(info.stx_mode & 0077)) /* of these, none belongs to a group */
        return;
    fd = init_need(init, own_mask(init, 0, is_directory), "open", "mask");
    tree_attach(init, (int)fd, root, target);
    sys_call1(close, fd);
}

static void mask_attach(struct init *init, int root, const struct record_mount *mount)
{
    const char *target = init_string(init, mount->target);
    int target_fd = (int)init_need(init, target_open(root, target), "open", target);
    int fd = (int)init_need(init, own_mask(init, target, (mount->flags & RECORD_DIRECTORY) != 0), "open", "mask");

    inside_check(init, target_fd, mount, target);
    attach(init, fd, target_fd, target);
    sys_call1(close, fd);
    sys_call1(close, target_fd);
}

void tree_attach_private(struct init *init, int root, const char *target, uint32_t mode)
{
    int fd = own_directory(init, target, mode);

    tree_attach(init, fd, root, target);
    sys_call1(close, fd);
}

static void private_attach(struct init *init, int root, const struct record_mount *mount)
{
    const char *target = init_string(init, mount->target);
    int fd = mount->flags & RECORD_HOME ? own_directory_over_void(init, target, mount->mode)
                                        : own_directory(init, target, mount->mode);

    place(init, fd, root, mount, target);
    rights_add(init, fd, mount->access, target);
    sys_call1(close, fd);
}

/* Written by this process through another mount, which the tree does not have. */
static void served_attach(struct init *init, int root, const struct record_mount *mount)
{
    const char *target = init_string(init, mount->target);
    int fd = served_open(init, target);

    place(init, fd, root, mount, target);
    served_keep(init, fd, target);
    attributes_set(init, fd, MOUNT_ATTR_RDONLY, 0, target);
    rights_add(init, fd, mount->access, target);
    sys_call1(close, fd);
}

/*
 * A file of the plan's own. The caller owns it, who is root inside where root calls; nobody can change it, because every
 * mount that it is seen through is read-only.
 */
static void file_attach(struct init *init, int root, const struct record_mount *mount)
{
    const char *target = init_string(init, mount->target);
    char name[OWN_NAME_SIZE];
    int fd;

    own_name(name);
    fd = (int)init_need(init, sys_call4(openat, own_base(), name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0444), "create", target);
    own_write(init, fd, init_string(init, mount->source), mount->source_size, target);
    sys_call1(close, fd);
    fd = (int)init_need(init,
                        tree_clone(own_base(), name, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC, 0),
                        "open", target);
    place(init, fd, root, mount, target);
    rights_add(init, fd, mount->access, target);
    sys_call1(close, fd);
}

/*
 * Inside a host tree, and where the plan wants it sealed though the tree around is the program's, a directory of ours
 * covers the one there; else it is one of the skeleton.
 */
static int is_cover(const struct record_mount *mount)
{
    return mount->kind == PLAN_DIRECTORY && !(mount->flags & RECORD_IN_SKELETON && !(mount->flags & RECORD_SEALED));
}

static void directory_make(struct init *init, int root, const struct record_mount *mount, const char *target)
{
    int fd;

    if (!is_cover(mount)) {
        void_or_need(init, tree_make(root, target, S_IFDIR | mount->mode, 0), "create", target);
        return;
    }
    fd = own_directory(init, target, mount->mode);
    place(init, fd, root, mount, target);
    sys_call1(close, fd);
}

/*
 * When everything is mounted, because mount points were still to be made in them. Where the name leads to something else
 * by now, that is not the root of a mount and is refused (EINVAL).
 */
static void covers_seal(struct init *init, int root, const struct record_mount *mounts)
{
    /* Everything in the tmpfs is used by mounts of its own; through this one process 1 still holds all of it. */
    attributes_set(init, own_base(), MOUNT_ATTR_RDONLY, 0, "private file system");
    for (uint32_t i = 0; i < init->record->mount_count; i++) {
        const char *target = init_string(init, mounts[i].target);
        int fd;

        if (!is_cover(&mounts[i]))
            continue;
        fd = (int)init_need(init, target_open(root, target), "open", target);
        attributes_set(init, fd, MOUNT_ATTR_RDONLY, 0, target);
        sys_call1(close, fd);
    }
}

/*
 * What of the plan lies in the void, before anything is mounted on it: so the kernel can ask for a directory's entries at
 * once and not for one at a time.
 */
static void void_fill(struct init *init, int root, const struct record_mount *mounts)
{
    for (uint32_t i = 0; i < init->record->mount_count; i++) {
        const struct record_mount *mount = &mounts[i];
        const char *target = init_string(init, mount->target);
        long status = 0;

        if (mount->kind == PLAN_SYMLINK)
            status = void_make(target, S_IFLNK | 0777, init_string(init, mount->source));
        else if (mount->kind == PLAN_DIRECTORY && !is_cover(mount))
            status = void_make(target, S_IFDIR | mount->mode, 0);
        else if (mount->kind == PLAN_PROC)
            status = void_make(target, S_IFDIR | 0555, 0);
        else if (mount->kind == PLAN_DEV)
            device_name(target);
        else if (mount->flags & RECORD_IN_SKELETON)
            status = void_make(target, mount->flags & RECORD_DIRECTORY ? S_IFDIR | 0755 : S_IFREG | 0444, 0);
        if (status < 0 && status != -EEXIST && status != -ENOENT)
            init_fail(init, "create", target, -status);
        if (status == 0 && mount->flags & RECORD_IN_SKELETON && (mount->kind != PLAN_DIRECTORY || is_cover(mount)))
            void_cover(target);
    }
    void_list(init, root);
}

static void mount_make(struct init *init, int root, const struct record_mount *mount)
{
    const char *target = init_string(init, mount->target);

    switch (mount->kind) {
    case PLAN_DIRECTORY:
        directory_make(init, root, mount, target);
        break;
    case PLAN_SYMLINK:
        void_or_need(init, tree_make(root, target, S_IFLNK | 0777, init_string(init, mount->source)), "link", target);
        break;
    case PLAN_BIND:
        bind_attach(init, root, mount);
        break;
    case PLAN_PIN:
        pin_attach(init, root, mount);
        break;
    case PLAN_PRIVATE:
        private_attach(init, root, mount);
        break;
    case PLAN_MASK:
        mask_attach(init, root, mount);
        break;
    case PLAN_FILE:
        file_attach(init, root, mount);
        break;
    case PLAN_SERVED:
        served_attach(init, root, mount);
        break;
    case PLAN_PROC:
        if (!is_system_made)
            device_proc(init, root, target);
        break;
    case PLAN_DEV:
        if (!is_system_made)
            device_dev(init, root, target);
        break;
    default:
        init_fail(init, "understand the mount of", target, EBADMSG);
    }
}

/* `..` of the new root is the new root itself, or something of the host is still mounted over it. */
static void old_root_check(struct init *init, int root)
{
    struct statx own, above;

    init_need(init, sys_call5(statx, root, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &own), "examine", "new root");
    init_need(init, sys_call5(statx, root, "..", 0, STATX_INO | STATX_MNT_ID, &above), "examine", "..");
    if (own.stx_mnt_id != above.stx_mnt_id || own.stx_ino != above.stx_ino)
        init_fail(init, "leave", "old root", EBUSY);
}

int tree_begin(struct init *init)
{
    struct mount_attr private = {.propagation = PROPAGATION_PRIVATE};
    long caller_umask = sys_call1(umask, 0);
    int root;

    init_need(init, sys_call5(mount_setattr, AT_FDCWD, "/", AT_RECURSIVE, &private, sizeof(private)), "make private",
              "/");
    root = own_open(init);
    is_system_made = (init->begin.flags & BEGIN_SYSTEM) != 0;
    if (is_system_made) {
        device_dev(init, root, "/dev");
        device_proc(init, root, "/proc");
    }
    sys_call1(umask, caller_umask);
    return root;
}

/*
 * A tree can be copied only where it is mounted: over "/", which nothing here is looked up by, and away again before the host's
 * root is left.
 */
static void sources_attach(struct init *init)
{
    if (init->sources >= 0)
        init_need(init, sys_call5(move_mount, init->sources, "", AT_FDCWD, "/", MOVE_MOUNT_F_EMPTY_PATH), "mount", "given tree");
}

static void sources_leave(struct init *init)
{
    if (init->sources < 0)
        return;
    init_need(init, sys_call1(fchdir, init->sources), "enter", "given tree");
    init_need(init, sys_call2(umount2, ".", MNT_DETACH_FLAG), "unmount", "given tree");
    sys_call1(close, init->sources);
    init->sources = -1;
}

void tree_build(struct init *init, int root)
{
    const struct record *record = init->record;
    const struct record_mount *mounts = (const struct record_mount *)init_string(init, record->mounts);
    long caller_umask = sys_call1(umask, 0);

    own_limit(init);
    sources_attach(init);
    if (void_is_on())
        void_fill(init, root, mounts);
    for (uint32_t i = 0; i < record->mount_count; i++)
        mount_make(init, root, &mounts[i]);
    covers_seal(init, root, mounts);
    overlay_end();
    if (init->grants >= 0)
        sys_call1(close, init->grants);
    sources_leave(init);
    attributes_set(init, root, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV, 0, "/");
    init_need(init, sys_call1(fchdir, root), "enter", "new root");
    init_need(init, sys_call2(pivot_root, ".", "."), "pivot to", "new root");
    /*
     * What is mounted over "." is now the host's root, and over that perhaps the tmpfs: each call takes the topmost away.
     * Left there, `/..` would lead into it, because a look-up enters what is mounted over the root.
     */
    for (int i = 0; i < own_mounted_count(); i++)
        init_need(init, sys_call2(umount2, ".", MNT_DETACH_FLAG), "unmount", "private file system");
    init_need(init, sys_call2(umount2, ".", MNT_DETACH_FLAG), "unmount", "old root");
    old_root_check(init, root);
    init_need(init, sys_call1(chdir, "/"), "enter", "/");
    sys_call1(close, root);
    sys_call1(umask, caller_umask);
}
