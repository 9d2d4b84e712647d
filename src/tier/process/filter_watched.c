/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls that are looked at where everything is watched and that go on as they are: they name a file, a program or a process. Those
 * that change names or connect the keeper makes anyway. Not readlink(): compilers ask it for every component of every path, which
 * is two calls of three of theirs, and something else follows where it matters.
 */
#include "base/kernel/syscalls.h"
#include "base/memory.h"
#include "tier/process/filter.h"

static const struct {
    int number;
    enum filter_watch watch;
} rows[] = {
    {__NR_openat, FILTER_WATCH},
    {__NR_execve, FILTER_WATCH_EXECUTE},
    {__NR_execveat, FILTER_WATCH},
    {__NR_newfstatat, FILTER_WATCH_FLAGS_3},
    {__NR_statx, FILTER_WATCH_FLAGS_2},
    {__NR_faccessat, FILTER_WATCH},
    {__NR_faccessat2, FILTER_WATCH_FLAGS_3},
    {__NR_chdir, FILTER_WATCH},
    {__NR_statfs, FILTER_WATCH},
    {__NR_getxattr, FILTER_WATCH},
    {__NR_lgetxattr, FILTER_WATCH},
    {__NR_listxattr, FILTER_WATCH},
    {__NR_llistxattr, FILTER_WATCH},
    {__NR_inotify_add_watch, FILTER_WATCH},
    {__NR_name_to_handle_at, FILTER_WATCH},
    {__NR_kill, FILTER_WATCH},
#ifdef __x86_64__
    {__NR_open, FILTER_WATCH},
    {__NR_stat, FILTER_WATCH},
    {__NR_lstat, FILTER_WATCH},
    {__NR_access, FILTER_WATCH},
#endif
};

enum filter_watch filter_watch_of(int number)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (rows[i].number == number)
            return rows[i].watch;
    return FILTER_UNWATCHED;
}

bool filter_opens(int number)
{
#ifdef __x86_64__
    if (number == __NR_open)
        return true;
#endif
    return number == __NR_openat;
}
