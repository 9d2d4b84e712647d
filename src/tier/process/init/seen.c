/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a refused call names beyond what it was judged by: the path of one that nobody looked at, the second name where the first was
 * refused already, and where a path leads on which something is denied. It is read while the caller waits, and only shown.
 */
#include "tier/process/init/keeper.h"

#include <linux/errno.h>

/* Calls that are refused, and the place of their path, where nobody has read it to judge by it. */
static const struct {
    int number;
    int8_t directory, path; /* index of the argument, -1 = the working directory */
} named[] = {
    {__NR_openat, 0, 1},    {__NR_fchmodat, 0, 1},   {__NR_fchmodat2, 0, 1}, {__NR_mknodat, 0, 1},  {__NR_mount, -1, 1},
    {__NR_umount2, -1, 0},  {__NR_pivot_root, -1, 0}, {__NR_chroot, -1, 0},  {__NR_open_tree, 0, 1}, {__NR_fspick, 0, 1},
    {__NR_mount_setattr, 0, 1}, {__NR_setxattr, -1, 0}, {__NR_lsetxattr, -1, 0}, {__NR_removexattr, -1, 0},
    {__NR_lremovexattr, -1, 0}, {__NR_mkdirat, 0, 1}, {__NR_unlinkat, 0, 1}, {__NR_truncate, -1, 0}, {__NR_execve, -1, 0},
    {__NR_execveat, 0, 1}, {__NR_symlinkat, 1, 2}, {__NR_fchownat, 0, 1}, {__NR_utimensat, 0, 1},
    {__NR_renameat2, 0, 1},
#ifdef __x86_64__
    {__NR_open, -1, 0},     {__NR_creat, -1, 0},     {__NR_chmod, -1, 0},    {__NR_mknod, -1, 0}, {__NR_mkdir, -1, 0},
    {__NR_unlink, -1, 0}, {__NR_rmdir, -1, 0}, {__NR_symlink, -1, 1}, {__NR_chown, -1, 0}, {__NR_lchown, -1, 0},
#endif
};

/* Calls with two names, and the place of the second. */
static const struct {
    int number;
    int8_t directory, path; /* as above */
} paired[] = {
    {__NR_renameat, 2, 3}, {__NR_renameat2, 2, 3}, {__NR_linkat, 2, 3},
#ifdef __x86_64__
    {__NR_rename, -1, 1},  {__NR_link, -1, 1},
#endif
};

static void name_take(struct keeper *keeper, const struct call *call, int directory, int path)
{
    if (caller_text(call, call->args[path], seen_next(keeper)) < 0)
        keeper->seen.count--;
    else if (directory >= 0)
        seen_now(keeper)->from = (int)call->args[directory];
}

static void name_read(struct keeper *keeper, const struct call *call)
{
    for (size_t i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (named[i].number != call->number)
            continue;
        name_take(keeper, call, named[i].directory, named[i].path);
        return;
    }
}

static void second_read(struct keeper *keeper, const struct call *call)
{
    for (size_t i = 0; i < sizeof(paired) / sizeof(paired[0]); i++) {
        if (paired[i].number != call->number)
            continue;
        name_take(keeper, call, paired[i].directory, paired[i].path);
        return;
    }
}

void seen_complete(struct keeper *keeper, const struct call *call, enum told_source source, int is_followed)
{
    struct seen *seen = &keeper->seen;

    if (!seen->count)
        name_read(keeper, call);
    if (seen->count == 1)
        second_read(keeper, call);
    if (source != TOLD_BY_KEEPER || !(keeper->record->flags & RECORD_KEEPER))
        return;
    for (uint32_t i = 0; i < seen->count; i++)
        if (!seen->names[i].is_resolved)
            refused_find(keeper, call, i, is_followed);
}
