/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Permissions, owner and times of what is there. In place the supervisor judges by the grants (metadata.c). In a tree of its own
 * the keeper makes what names a path, only to hear what becomes of it: nothing is decided here, and what is not plain is left to
 * the kernel.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/stat.h>

#include "tier/process/init/attributes.h"

#define TIME_OMITTED ((1l << 30) - 2) /* UTIME_OMIT: <sys/stat.h> belongs to a C library */

/* utimensat() takes both numbers as they are, the older calls microseconds or whole seconds. */
static long times_read(const struct call *call, uint64_t address, long per_unit, struct change *change)
{
    int64_t pairs[4];
    long status;

    change->has_times = address != 0 /* now */;
    if (!change->has_times)
        return 0;
    status = caller_bytes(call, address, pairs, per_unit ? sizeof(pairs) : 2 * sizeof(pairs[0]));
    if (status < 0)
        return status;
    for (int i = 0; i < 2; i++) {
        change->times[i].tv_sec = per_unit ? pairs[2 * i] : pairs[i];
        change->times[i].tv_nsec = per_unit ? pairs[2 * i + 1] : 0;
        if (per_unit > 1 && (change->times[i].tv_nsec < 0 || change->times[i].tv_nsec >= 1000000))
            return -EINVAL;
        change->times[i].tv_nsec *= per_unit ? per_unit : 1;
    }
    return 0;
}

long attributes_read(const struct call *call, struct named *named, struct change *change)
{
    const uint64_t *a = call->args;
    uint32_t known = AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH;

    *named = (struct named){.directory = AT_FDCWD, .path = a[0]};
    change->mode = (uint32_t)a[1] & 07777;
    change->user = (uint32_t)a[1];
    change->group = (uint32_t)a[2];
    switch (call->number) {
    case __NR_fchmod:
    case __NR_fchown:
        *named = (struct named){.directory = (int)a[0]};
        change->what = call->number == __NR_fchmod ? CHANGE_MODE : CHANGE_OWNER;
        return 0;
    case __NR_fchmodat:
    case __NR_fchmodat2:
        *named = (struct named){(int)a[0], a[1], call->number == __NR_fchmodat2 ? (uint32_t)a[3] : 0};
        change->mode = (uint32_t)a[2] & 07777;
        return named->flags & ~known ? -EINVAL : !a[1] ? -EFAULT : 0;
    case __NR_fchownat:
        *named = (struct named){(int)a[0], a[1], (uint32_t)a[4]};
        change->what = CHANGE_OWNER;
        change->user = (uint32_t)a[2];
        change->group = (uint32_t)a[3];
        return named->flags & ~known ? -EINVAL : !a[1] ? -EFAULT : 0;
    case __NR_utimensat:
        *named = (struct named){(int)a[0], a[1], (uint32_t)a[3]};
        change->what = CHANGE_TIMES;
        return named->flags & ~known ? -EINVAL : times_read(call, a[2], 1, change);
#ifdef __x86_64__
    case __NR_chmod:
        return a[0] ? 0 : -EFAULT;
    case __NR_chown:
    case __NR_lchown:
        change->what = CHANGE_OWNER;
        named->flags = call->number == __NR_lchown ? AT_SYMLINK_NOFOLLOW : 0;
        return a[0] ? 0 : -EFAULT;
    case __NR_utime:
    case __NR_utimes:
        change->what = CHANGE_TIMES;
        return a[0] ? times_read(call, a[1], call->number == __NR_utime ? 0 : 1000, change) : -EFAULT;
    case __NR_futimesat:
        *named = (struct named){(int)a[0], a[1], 0};
        change->what = CHANGE_TIMES;
        return times_read(call, a[2], 1000, change);
#endif
    default:
        return -ENOSYS; /* the filter sends nothing else */
    }
}

long attributes_change(int object, const struct change *change)
{
    char again[48];
    struct statx info;
    long status;

    switch (change->what) {
    case CHANGE_OWNER:
        return sys_call5(fchownat, object, "", change->user, change->group, AT_EMPTY_PATH);
    case CHANGE_TIMES:
        return sys_call4(utimensat, object, "", change->has_times ? change->times : 0, AT_EMPTY_PATH);
    case CHANGE_MODE:
        break;
    }
    status = sys_call5(statx, object, "", AT_EMPTY_PATH, STATX_TYPE, &info);
    if (status < 0)
        return status;
    if ((info.stx_mode & S_IFMT) == S_IFLNK)
        return -EOPNOTSUPP;
    string_append_number(string_append(again, again + sizeof(again), "/proc/self/fd/"), again + sizeof(again), (uint64_t)object);
    return sys_call3(fchmodat, AT_FDCWD, again, change->mode);
}

/* What the keeper refuses on the way, for reasons that are about other calls, the kernel may do. */
static long change_named(struct keeper *keeper, const struct call *call, const struct named *named, const struct change *change)
{
    struct place place not_initialised;
    int flags = (named->flags & AT_SYMLINK_NOFOLLOW ? 0 : PLACE_FOLLOW) | (named->flags & AT_EMPTY_PATH ? PLACE_EMPTY : 0);
    long status = place_find(keeper, call, named->directory, seen_now(keeper)->named, flags, &place);

    if (status < 0 && keeper->seen.decided) {
        keeper->seen.decided = 0;
        return KEEPER_CONTINUE;
    }
    if (status < 0)
        return status;
    if (place.is_proc || place.is_outside)
        status = KEEPER_CONTINUE;
    else if (place.has_slash && (place.mode & S_IFMT) != S_IFDIR)
        status = -ENOTDIR;
    if (status == 0) {
        changes_take(keeper, call, &place);
        status = attributes_change(place.object, change);
    }
    place_leave(&place);
    return status;
}

/* The kernel does not even look at the path then. */
static int changes_nothing(const struct change *change)
{
    return change->what == CHANGE_TIMES && change->has_times && change->times[0].tv_nsec == TIME_OMITTED &&
           change->times[1].tv_nsec == TIME_OMITTED;
}

long attributes_handle(struct keeper *keeper, const struct call *call)
{
    struct named named;
    struct change change = {.what = CHANGE_MODE};
    char *path = seen_next(keeper);
    long status;

    if (keeper->view.is_foreign) /* with rights over names of its own */
        return KEEPER_CONTINUE;
    status = attributes_read(call, &named, &change);
    if (status < 0)
        return status;
    if (!named.path || changes_nothing(&change)) { /* futimesat(): an open descriptor */
        keeper->seen.count = 0;
        return KEEPER_CONTINUE;
    }
    status = caller_text(call, named.path, path);
    return status < 0 ? status : change_named(keeper, call, &named, &change);
}
