/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What others put into a directory that all may write, and that is sticky so that they cannot take it away: the kernel does
 * not follow such a link and does not open such a file with O_CREAT for anybody but its owner (fs.protected_symlinks,
 * protected_regular, protected_fifos). It does not see that where the keeper takes these steps one by one. An owner that
 * does not exist inside could be anybody. What may be linked to (protected_hardlinks) it sees: the keeper has the caller's uid.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>

#include "tier/process/init/keeper.h"

long sticky_check_open(const struct keeper *keeper, const struct place *place, int flags)
{
    uint32_t type = place->mode & S_IFMT;
    struct statx directory, object;
    int level;

    if (!(flags & O_CREAT) || place->parent == PARENT_NONE || (type != S_IFREG && type != S_IFIFO))
        return 0;
    if (sys_call5(statx, place->parent, ".", 0, STATX_MODE, &directory) < 0 ||
        sys_call5(statx, place->object, "", AT_EMPTY_PATH, STATX_UID, &object) < 0)
        return -EACCES;
    if (!(directory.stx_mode & S_ISVTX) || object.stx_uid == keeper->uid)
        return 0;
    level = keeper_setting(type == S_IFREG ? "/proc/sys/fs/protected_regular" : "/proc/sys/fs/protected_fifos");
    if ((directory.stx_mode & S_IWOTH && level >= 1) || (directory.stx_mode & S_IWGRP && level >= 2))
        return -EACCES;
    return 0;
}

/*
 * The kernel also follows a link of the directory's own owner. Owners that do not exist inside look the same and may be
 * two; the caller's own directory asks the same of a link.
 */
long sticky_check_link(const struct keeper *keeper, int directory, int link)
{
    struct statx around, info;

    if (sys_call5(statx, link, "", AT_EMPTY_PATH, STATX_UID, &info) < 0)
        return -EACCES;
    if (info.stx_uid == keeper->uid)
        return 0;
    if (sys_call5(statx, directory, ".", 0, STATX_MODE, &around) < 0)
        return -EACCES;
    if ((around.stx_mode & (S_ISVTX | S_IWOTH)) != (S_ISVTX | S_IWOTH))
        return 0;
    return keeper_setting("/proc/sys/fs/protected_symlinks") >= 1 ? -EACCES : 0;
}
