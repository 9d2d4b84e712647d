/* SPDX-License-Identifier: Apache-2.0 */
/* Calls that make, rename and remove names, and those that change what a name means without opening it. */
#include <asm/resource.h>
#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>

#include "tier/process/init/keeper.h"

#define EMPTY_PATH(flags) ((flags)&AT_EMPTY_PATH ? PLACE_EMPTY : 0)

/* Where a name shall come to be. */
static long new_place(struct keeper *keeper, const struct call *call, int directory, uint64_t address,
                      struct place *ret_place)
{
    char *path = seen_next(keeper);
    long status = caller_text(call, address, path);

    if (status >= 0)
        status = place_find(keeper, call, directory, path, PLACE_NAME | PLACE_HERE, ret_place);
    if (status < 0)
        return status;
    status = ret_place->parent == PARENT_NONE ? -EEXIST : 0;
    if (status == 0 && names_is_shut(&ret_place->at))
        status = place_look(ret_place);
    if (status == -EBUSY)
        status = -EEXIST;
    if (status == 0)
        status = ret_place->object >= 0 ? -EEXIST : place_check(keeper, ret_place);
    if (status == 0)
        status = notes_take(keeper, call, ret_place);
    if (status < 0)
        place_leave(ret_place);
    return status;
}

static long old_place(struct keeper *keeper, const struct call *call, int directory, uint64_t address, int flags,
                      struct place *ret_place)
{
    char *path = seen_next(keeper);
    long status = caller_text(call, address, path);

    return status < 0 ? status : place_find(keeper, call, directory, path, flags, ret_place);
}

static long make_directory(struct keeper *keeper, const struct call *call, int directory, uint64_t address, uint64_t mode)
{
    struct place place not_initialised;
    long status = new_place(keeper, call, directory, address, &place);

    if (status < 0)
        return status;
    caller_take_mask(keeper, call);
    status = sys_call3(mkdirat, place.parent, place.name, mode & 07777);
    place_leave(&place);
    return status;
}

static long make_node(struct keeper *keeper, const struct call *call, int directory, const uint64_t *args)
{
    struct place place not_initialised;
    long status = new_place(keeper, call, directory, args[0], &place);

    if (status < 0)
        return status;
    caller_take_mask(keeper, call);
    status = place.has_slash ? -ENOENT : sys_call4(mknodat, place.parent, place.name, (uint32_t)args[1], (uint32_t)args[2]);
    place_leave(&place);
    return status;
}

static long make_symlink(struct keeper *keeper, const struct call *call, uint64_t text_address, int directory,
                         uint64_t address)
{
    char *text = keeper->seen.names[1].named; /* no other name is read that could be there */
    struct place place not_initialised;
    long status = caller_text(call, text_address, text);

    keeper->seen.has_text = status >= 0;
    if (status >= 0)
        status = new_place(keeper, call, directory, address, &place);
    if (status < 0)
        return status;
    status = place.has_slash ? -ENOENT : sys_call3(symlinkat, text, place.parent, place.name);
    place_leave(&place);
    return status;
}

/* Between two mounts of one file system the kernel refuses what it does within one. */
static long between_mounts(const struct place *from, const struct place *to, long status)
{
    struct statx a, b;
    int source = from->parent == PARENT_NONE ? from->object : from->parent;

    if (status != -EXDEV || sys_call5(statx, source, "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &a) < 0 ||
        sys_call5(statx, to->parent, to->parent == PARENT_HERE ? "." : "", AT_EMPTY_PATH, STATX_INO | STATX_MNT_ID, &b) < 0)
        return status;
    if (a.stx_mnt_id == b.stx_mnt_id) /* a layer of a reviewed run, which moves no directory of the host */
        return status;
    if (a.stx_dev_major != b.stx_dev_major || a.stx_dev_minor != b.stx_dev_minor)
        return status;
    return keeper_refuses_by(status, TOLD_LAYER_MOUNT);
}

/*
 * In a layer a file of the host gets another number with the change, which a new name shows at once and the old one late. Programs
 * that compare the two (git clone) take that for an attack. Told that it is another file system, as it is, they copy.
 */
static long one_number(const struct keeper *keeper, const struct place *from, const struct place *to)
{
    struct statx a, b;

    if (keeper->changes < 0 || from->object < 0 || (from->mode & S_IFMT) == S_IFLNK)
        return 0;
    if (sys_call5(statx, from->object, "", AT_EMPTY_PATH, STATX_INO, &a) < 0 ||
        sys_call5(statx, to->parent, to->name, AT_SYMLINK_NOFOLLOW, STATX_INO, &b) < 0 ||
        (a.stx_ino == b.stx_ino && a.stx_dev_major == b.stx_dev_major && a.stx_dev_minor == b.stx_dev_minor))
        return 0;
    sys_call3(unlinkat, to->parent, to->name, 0);
    return -EXDEV;
}

static long link_to(struct keeper *keeper, const struct place *from, const struct call *call, int directory,
                    uint64_t address)
{
    char again[24];
    struct place to not_initialised;
    long status = new_place(keeper, call, directory, address, &to);

    if (status < 0)
        return status;
    if (to.has_slash || (from->has_slash && (from->mode & S_IFMT) != S_IFDIR))
        status = to.has_slash ? -ENOENT : -ENOTDIR;
    else if ((from->mode & S_IFMT) == S_IFLNK)
        status = sys_call5(linkat, from->parent, from->name, to.parent, to.name, 0);
    else
        status = sys_call5(linkat, keeper->own, place_again(from->object, again), to.parent, to.name, AT_SYMLINK_FOLLOW);
    status = status == 0 ? one_number(keeper, from, &to) : between_mounts(from, &to, status);
    place_leave(&to);
    return status;
}

/* A second name would be a way past the pattern of the first. */
static long make_link(struct keeper *keeper, const struct call *call, int from_directory, uint64_t from_address,
                      int to_directory, uint64_t to_address, uint64_t flags)
{
    struct place from not_initialised;
    long status;

    if (flags & ~(uint64_t)(AT_SYMLINK_FOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    status = old_place(keeper, call, from_directory, from_address,
                       (flags & AT_SYMLINK_FOLLOW ? PLACE_FOLLOW : 0) | EMPTY_PATH(flags), &from);
    if (status < 0)
        return status;
    status = place_check(keeper, &from);
    if (status == 0)
        status = notes_take(keeper, call, &from);
    if (status == 0)
        status = link_to(keeper, &from, call, to_directory, to_address);
    place_leave(&from);
    return status;
}

/* That its name is gone: -EACCES for what must stay, -EBUSY for what a sandbox that asks has mounted something on. */
static long check_name(const struct keeper *keeper, struct place *place)
{
    long status = place_check(keeper, place);

    return status == 0 && place->is_bare ? place_look(place) : status;
}

static long check_rename(const struct keeper *keeper, struct place *from, struct place *to, uint64_t flags)
{
    long status = check_name(keeper, from);

    if (status == 0)
        status = check_name(keeper, to);
    if (status == 0)
        status = place_check_move(keeper, from, &to->at);
    if (status == 0 && flags & RENAME_EXCHANGE)
        status = place_check_move(keeper, to, &from->at);
    return status;
}

/* A slash behind a name asks for a directory. */
static long check_directory(struct place *place)
{
    long status = place_look(place);

    if (status == 0 && place->object >= 0 && (place->mode & S_IFMT) != S_IFDIR)
        status = -ENOTDIR;
    return status;
}

static long rename_to(struct keeper *keeper, const struct call *call, struct place *from, int directory,
                      uint64_t address, uint64_t flags)
{
    struct place to not_initialised;
    long status = old_place(keeper, call, directory, address, PLACE_NAME | PLACE_HERE, &to);

    if (status < 0)
        return status;
    if (from->parent == PARENT_NONE || to.parent == PARENT_NONE)
        status = -EBUSY; /* "." and ".." */
    else if (from->has_slash || to.has_slash)
        status = check_directory(from);
    if (status == 0)
        status = check_rename(keeper, from, &to, flags);
    if (status == 0)
        status = notes_take(keeper, call, &to);
    if (status == 0 && flags & RENAME_EXCHANGE)
        status = notes_take(keeper, call, from);
    if (status == 0)
        changes_take_rename(keeper, call, from, &to);
    if (status == 0)
        status = between_mounts(from, &to, sys_call5(renameat2, from->parent, from->name, to.parent, to.name, flags));
    place_leave(&to);
    return status;
}

static long rename_name(struct keeper *keeper, const struct call *call, int from_directory, uint64_t from_address,
                        int to_directory, uint64_t to_address, uint64_t flags)
{
    struct place from not_initialised;
    long status;

    if (flags & ~(uint64_t)(RENAME_NOREPLACE | RENAME_EXCHANGE | RENAME_WHITEOUT))
        return -EINVAL;
    if (flags & RENAME_WHITEOUT) /* leaves a device node behind */
        return keeper_refuses(-EPERM);
    status = old_place(keeper, call, from_directory, from_address, PLACE_NAME, &from);
    if (status < 0)
        return status;
    status = rename_to(keeper, call, &from, to_directory, to_address, flags);
    place_leave(&from);
    return status;
}

static long remove_name(struct keeper *keeper, const struct call *call, int directory, uint64_t address, uint64_t flags)
{
    struct place place not_initialised;
    long status;

    if (flags & ~(uint64_t)AT_REMOVEDIR)
        return -EINVAL;
    status = old_place(keeper, call, directory, address, PLACE_NAME | PLACE_HERE, &place);
    if (status < 0)
        return status;
    status = place.parent == PARENT_NONE ? (flags & AT_REMOVEDIR ? -EINVAL : -EISDIR) /* "." and ".." */
                              : check_name(keeper, &place);
    if (status == 0 && place.has_slash)
        status = check_directory(&place);
    if (status == 0)
        changes_take(keeper, call, &place);
    if (status == 0)
        status = sys_call3(unlinkat, place.parent, place.name, flags);
    place_leave(&place);
    return status;
}

/* The caller's limit of file sizes, which the keeper does not have: as the kernel answers it. */
static long check_size(const struct call *call, const struct place *place, uint64_t size)
{
    struct {
        uint64_t soft, hard;
    } limit;
    struct statx info;
    long status;

    if ((place->mode & S_IFMT) != S_IFREG)
        return 0;
    status = sys_call5(statx, place->object, "", AT_EMPTY_PATH, STATX_SIZE, &info);
    if (status >= 0)
        status = sys_call4(prlimit64, call->tid, RLIMIT_FSIZE, 0, &limit);
    if (status < 0)
        return status;
    if ((int64_t)size < 0 || size <= info.stx_size || size <= limit.soft)
        return 0;
    sys_call2(tkill, call->tid, SIGXFSZ);
    return -EFBIG;
}

static long truncate_file(struct keeper *keeper, const struct call *call)
{
    char again[48], *at;
    struct place place not_initialised;
    long status = old_place(keeper, call, AT_FDCWD, call->args[0], PLACE_FOLLOW, &place);

    if (status < 0)
        return status;
    status = place_check(keeper, &place);
    if (status == 0 && place.has_slash && (place.mode & S_IFMT) != S_IFDIR)
        status = -ENOTDIR;
    if (status == 0)
        status = check_size(call, &place, call->args[1]);
    if (status == 0)
        status = notes_take(keeper, call, &place);
    if (status == 0) {
        at = string_append(again, again + sizeof(again), "/proc/thread-self/fd/");
        string_append_number(at, again + sizeof(again), (uint64_t)place.object);
        status = sys_call2(truncate, again, call->args[1]);
    }
    place_leave(&place);
    return status;
}

static long set_mode(struct keeper *keeper, const struct call *call, struct place *place, uint64_t mode)
{
    char again[24];
    long status = place_check(keeper, place);

    if (status == 0 && (place->mode & S_IFMT) == S_IFLNK)
        status = -EOPNOTSUPP;
    if (status == 0 && place->has_slash && (place->mode & S_IFMT) != S_IFDIR)
        status = -ENOTDIR;
    if (status == 0 && mode & S_ISGID && (place->mode & S_IFMT) != S_IFDIR)
        status = keeper_refuses(-EPERM); /* a program with the rights of a group, for others to run */
    if (status == 0)
        changes_take(keeper, call, place);
    if (status == 0)
        status = sys_call3(fchmodat, keeper->own, place_again(place->object, again), mode & 07777);
    place_leave(place);
    return status;
}

static long change_mode(struct keeper *keeper, const struct call *call, int directory, const uint64_t *args, uint64_t flags)
{
    struct place place not_initialised;
    long status;

    if (flags & ~(uint64_t)(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH))
        return -EINVAL;
    status = old_place(keeper, call, directory, args[0],
                       (flags & AT_SYMLINK_NOFOLLOW ? 0 : PLACE_FOLLOW) | EMPTY_PATH(flags), &place);
    return status < 0 ? status : set_mode(keeper, call, &place, args[1]);
}

static long change_mode_of_descriptor(struct keeper *keeper, const struct call *call)
{
    struct place place not_initialised;
    int fd = (int)call->args[0];
    long status = fd < 0 ? -EBADF : place_find(keeper, call, fd, seen_next(keeper), PLACE_EMPTY, &place);

    return status < 0 ? status : set_mode(keeper, call, &place, call->args[1]);
}

long changing_handle(struct keeper *keeper, const struct call *call)
{
    const uint64_t *a = call->args;

    switch (call->number) {
    case __NR_mkdirat: return make_directory(keeper, call, (int)a[0], a[1], a[2]);
    case __NR_mknodat: return make_node(keeper, call, (int)a[0], a + 1);
    case __NR_symlinkat: return make_symlink(keeper, call, a[0], (int)a[1], a[2]);
    case __NR_linkat: return make_link(keeper, call, (int)a[0], a[1], (int)a[2], a[3], (uint32_t)a[4]);
    case __NR_renameat: return rename_name(keeper, call, (int)a[0], a[1], (int)a[2], a[3], 0);
    case __NR_renameat2: return rename_name(keeper, call, (int)a[0], a[1], (int)a[2], a[3], (uint32_t)a[4]);
    case __NR_unlinkat: return remove_name(keeper, call, (int)a[0], a[1], (uint32_t)a[2]);
    case __NR_truncate: return truncate_file(keeper, call);
    case __NR_fchmod: return change_mode_of_descriptor(keeper, call);
    case __NR_fchmodat: return change_mode(keeper, call, (int)a[0], a + 1, 0);
    case __NR_fchmodat2: return change_mode(keeper, call, (int)a[0], a + 1, (uint32_t)a[3]);
#ifdef __x86_64__
    case __NR_mkdir: return make_directory(keeper, call, AT_FDCWD, a[0], a[1]);
    case __NR_mknod: return make_node(keeper, call, AT_FDCWD, a);
    case __NR_symlink: return make_symlink(keeper, call, a[0], AT_FDCWD, a[1]);
    case __NR_link: return make_link(keeper, call, AT_FDCWD, a[0], AT_FDCWD, a[1], 0);
    case __NR_rename: return rename_name(keeper, call, AT_FDCWD, a[0], AT_FDCWD, a[1], 0);
    case __NR_unlink: return remove_name(keeper, call, AT_FDCWD, a[0], 0);
    case __NR_rmdir: return remove_name(keeper, call, AT_FDCWD, a[0], AT_REMOVEDIR);
    case __NR_chmod: return change_mode(keeper, call, AT_FDCWD, a, 0);
#endif
    default: return -ENOSYS; /* the filter sends nothing else */
    }
}
