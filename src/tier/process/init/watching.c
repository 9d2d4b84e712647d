/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything that the program does with names, told to the parent: what goes on untouched is looked at while it waits, and the
 * kernel then reads its arguments again, so nothing is decided here and what is told is what was asked at that moment. Equal
 * uses are told when they have come once, twice, four times and so on, with how many more they are.
 */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/fs.h>
#include <linux/stat.h>

#include "tier/process/init/keeper.h"

#define USES     4096 /* different ones that are remembered; one that is forgotten is told again */
#define WAYS     4
#define CALLERS  256
#define CALLS    1024 /* until a caller is looked at again */
#define IN_DONT_FOLLOW 0x02000000 /* <linux/inotify.h> brings headers of a C library */

struct use {
    uint64_t key; /* 0 = none */
    uint32_t count;
    uint32_t errnum;
    uint32_t turn; /* of `turns`, when it was looked at */
};

static struct use uses[USES];
static uint32_t turns; /* how often a link or a directory may have come to lie, or been taken, on somebody's way */

/* What a thread executes, for so many calls of it at most: it is one of the words that tell uses apart, not more. */
static struct {
    uint32_t tid;
    uint32_t left;
    uint64_t exe;
} callers[CALLERS];

static const struct facts *acting; /* who asked for what is being done */

/* A watched call's path, and how it is meant. */
static const struct {
    int number;
    int8_t directory, path, flags; /* index of the argument, -1 = none */
    uint32_t nofollow;             /* always, or which of the flags says so */
    uint8_t right;                 /* what the caller wants of it: R_OK, X_OK; 0 = no more than to look */
} watched[] = {
    {__NR_openat, 0, 1, 2, O_NOFOLLOW, 4},
    {__NR_execve, -1, 0, -1, 0, 1},
    {__NR_execveat, 0, 1, 4, AT_SYMLINK_NOFOLLOW, 1},
    {__NR_newfstatat, 0, 1, 3, AT_SYMLINK_NOFOLLOW, 0},
    {__NR_statx, 0, 1, 2, AT_SYMLINK_NOFOLLOW, 0},
    {__NR_faccessat, 0, 1, -1, 0, 0},
    {__NR_faccessat2, 0, 1, 3, AT_SYMLINK_NOFOLLOW, 0},
    {__NR_chdir, -1, 0, -1, 0, 1},
    {__NR_statfs, -1, 0, -1, 0, 0},
    {__NR_getxattr, -1, 0, -1, 0, 0},
    {__NR_lgetxattr, -1, 0, -1, 1, 0},
    {__NR_listxattr, -1, 0, -1, 0, 0},
    {__NR_llistxattr, -1, 0, -1, 1, 0},
    {__NR_inotify_add_watch, -1, 1, 2, IN_DONT_FOLLOW, 4},
    {__NR_name_to_handle_at, 0, 1, -1, 1, 0},
#ifdef __x86_64__
    {__NR_open, -1, 0, 1, O_NOFOLLOW, 4},
    {__NR_stat, -1, 0, -1, 0, 0},
    {__NR_lstat, -1, 0, -1, 1, 0},
    {__NR_access, -1, 0, -1, 0, 0},
#endif
};
#define WATCHED (sizeof(watched) / sizeof(watched[0]))

static uint64_t hash_add(uint64_t hash, const char *text, size_t length)
{
    for (size_t i = 0; i < length; i++)
        hash = (hash ^ (unsigned char)text[i]) * 0x100000001b3ull;
    return (hash ^ 0xff) * 0x100000001b3ull;
}

#define HASH_START 0xcbf29ce484222325ull

static uint64_t exe_of(struct keeper *keeper, const struct call *call)
{
    char exe[PATH_MAX] not_initialised;
    uint32_t at = call->tid % CALLERS;
    long length;

    if (callers[at].tid == call->tid && callers[at].left) {
        callers[at].left--;
        return callers[at].exe;
    }
    length = caller_link(keeper, call->tid, "/exe", -1, exe, sizeof(exe)); /* not all of facts_of(): most of its calls are told already */
    callers[at].tid = call->tid;
    callers[at].left = CALLS;
    callers[at].exe = hash_add(HASH_START, exe, length > 0 ? (size_t)length : 0);
    return callers[at].exe;
}

/* The place of this use, its own or one that may be taken. */
static struct use *use_find(uint64_t key)
{
    struct use *first = &uses[key % (USES / WAYS) * WAYS], *least = first;

    for (int i = 0; i < WAYS; i++) {
        if (first[i].key == key)
            return &first[i];
        if (first[i].count < least->count)
            least = &first[i];
    }
    *least = (struct use){0};
    return least;
}

/* How many are to be told now: 0 = none. */
static uint64_t use_count(struct use *use, uint64_t key, uint32_t errnum)
{
    if (use->key != key || use->errnum != errnum)
        *use = (struct use){.key = key, .errnum = errnum, .turn = turns};
    if (use->count < UINT32_MAX)
        use->count++;
    return use->count & (use->count - 1) ? 0 : use->count - use->count / 2;
}

/* What lies there is made by the kernel for each process: its name says all. */
static int is_of_kernel(const char *path)
{
    return string_begins(path, "/proc/") || string_begins(path, "/dev/");
}

/* O_PATH of what the caller means; negative = it is not there for it. */
static long object_open(struct keeper *keeper, const struct call *call, const struct seen_name *name, int flags)
{
    long from, opened;

    if (name->named[0] == '/')
        return sys_call4(openat, AT_FDCWD, name->named, flags, 0);
    from = caller_descriptor(keeper, call, name->from);
    if (from < 0 || !name->named[0])
        return from;
    opened = sys_call4(openat, from, name->named, flags, 0);
    sys_call1(close, from);
    return opened;
}

/* What the name leads to now, and whether the caller has that right to it. Positive errno, 0 = nothing is in the way. */
static uint32_t object_look(struct keeper *keeper, const struct call *call, struct seen_name *name, uint32_t nofollow, int right)
{
    struct statx info;
    long fd, length;
    uint32_t errnum = 0;

    if (is_of_kernel(name->named) || keeper->view.is_foreign)
        return 0;
    fd = object_open(keeper, call, name, O_PATH | O_CLOEXEC | (nofollow ? O_NOFOLLOW : 0));
    if (fd < 0)
        return fd == -ENOENT || fd == -ENOTDIR ? ENOENT : fd == -EACCES ? EACCES : 0;
    if (sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE | STATX_MODE, &info) == 0) {
        name->is_there = 1;
        name->mode = info.stx_mode;
    }
    if (right && sys_call4(faccessat2, fd, "", right, AT_EMPTY_PATH | AT_EACCESS) == -EACCES)
        errnum = EACCES;
    length = place_text(keeper, (int)fd, name->directory);
    name->is_resolved = length > 0;
    sys_call1(close, fd);
    return errnum;
}

static void look_at_process(struct keeper *keeper, const struct call *call)
{
    uint64_t key = hash_add(exe_of(keeper, call), (const char *)call->args, 2 * sizeof(call->args[0])) ^ (uint64_t)call->number;
    uint64_t count = use_count(use_find(key), key, 0);

    if (count)
        refusals_tell_use(keeper, call, facts_of(keeper, call), TOLD_BY_WATCH, 0, count);
}

static uint64_t key_of(struct keeper *keeper, const struct call *call, const struct seen_name *name, int flags, char base[PATH_MAX])
{
    uint64_t key = exe_of(keeper, call) ^ ((uint64_t)call->number << 32 | (uint32_t)flags);
    long length = 0;

    if (name->named[0] != '/')
        length = name->from == AT_FDCWD ? caller_link(keeper, call->tid, "/cwd", -1, base, PATH_MAX)
                                        : caller_link(keeper, call->tid, "/fd/", name->from, base, PATH_MAX);
    key = hash_add(key, base, length > 0 ? (size_t)length : 0);
    key = hash_add(key, name->named, string_length(name->named));
    return key ? key : 1;
}

static int look_at_path(struct keeper *keeper, const struct call *call, size_t row)
{
    char base[PATH_MAX] not_initialised;
    int flags = watched[row].flags >= 0 ? (int)call->args[watched[row].flags] : 0;
    uint32_t nofollow = watched[row].flags >= 0 ? (uint32_t)flags & watched[row].nofollow : watched[row].nofollow, errnum;
    int right = watched[row].right == 4 && flags & O_PATH ? 0 : watched[row].right;
    char *path = seen_next(keeper);
    struct seen_name *name = seen_now(keeper);
    struct use *use;
    uint64_t key, count;
    long status;

    status = caller_text(call, call->args[watched[row].path], path);
    if (status < 0) { /* the kernel says so as well, but for memory that only it reads */
        if (status != -ENAMETOOLONG && call->args[watched[row].path])
            refusals_lose(keeper, TOLD_BY_WATCH);
        keeper->seen.count = 0;
        return 0;
    }
    if (watched[row].directory >= 0)
        name->from = (int)call->args[watched[row].directory];
    key = key_of(keeper, call, name, flags, base);
    if (watched[row].right == 1) /* what it is from now on is another program */
        callers[call->tid % CALLERS].tid = 0;
    use = use_find(key);
    /* What was there is taken to be there still; what was missing may have been made meanwhile. */
    if (use->key == key && !use->errnum && use->turn == turns && (use->count & (use->count + 1))) {
        use->count++;
        return 0;
    }
    errnum = object_look(keeper, call, name, nofollow, right);
    count = use_count(use, key, errnum);
    if (!(keeper->record->flags & RECORD_WATCHED))
        count = 0;
    if ((count || keeper->asks >= 0) && errnum == ENOENT && !keeper->view.is_foreign && !absent_is_of_plan(keeper, call, 0, !nofollow, 0))
        count = 0; /* absent outside as well */
    else if (errnum && asking_hold(keeper, call, TOLD_BY_WATCH, errnum, KEEPER_CONTINUE))
        return 1;
    if (count)
        refusals_tell_use(keeper, call, facts_of(keeper, call), TOLD_BY_WATCH, (int)errnum, count);
    return 0;
}

int watching_look(struct keeper *keeper, const struct call *call)
{
    if (call->number == __NR_kill) {
        look_at_process(keeper, call);
        return 0;
    }
    for (size_t i = 0; i < WATCHED; i++)
        if (watched[i].number == call->number)
            return look_at_path(keeper, call, i);
    return 0;
}

void watching_begin(struct keeper *keeper, const struct call *call)
{
    acting = facts_of(keeper, call);
}

/* Is what now has the name a link or a directory? Where that cannot be told, it counts as one. */
static int is_on_the_way(const struct seen_name *name)
{
    char path[PATH_MAX] not_initialised, *end = path + sizeof(path), *at;
    struct statx info;

    if (!name->is_resolved)
        return 1;
    at = string_append(path, end, name->directory);
    at = string_append(string_append(at, end, "/"), end, name->name);
    if (at + 1 >= end || sys_call5(statx, AT_FDCWD, path, AT_SYMLINK_NOFOLLOW, STATX_TYPE, &info) < 0)
        return 1;
    return (info.stx_mode & S_IFMT) == S_IFLNK || (info.stx_mode & S_IFMT) == S_IFDIR;
}

/* Names that were looked at may lead elsewhere from now on: by a new link, or by what was moved. */
static int turns_names(const struct keeper *keeper, const struct call *call)
{
    switch (call->number) {
    case __NR_symlinkat:
#ifdef __x86_64__
    case __NR_symlink:
#endif
        return 1;
    case __NR_renameat2:
        if (call->args[4] & RENAME_EXCHANGE)
            return 1;
        break;
    case __NR_linkat:
    case __NR_renameat:
#ifdef __x86_64__
    case __NR_link:
    case __NR_rename:
#endif
        break;
    default:
        return 0;
    }
    return keeper->seen.count < 2 || is_on_the_way(&keeper->seen.names[1]);
}

void watching_end(struct keeper *keeper, const struct call *call)
{
    uint64_t key = hash_add((uint64_t)call->number, acting->exe, acting->exe_length), count;

    if (!keeper->seen.count) /* a socket without a name, a mask */
        return;
    turns += (uint32_t)turns_names(keeper, call);
    for (uint32_t i = 0; i < keeper->seen.count; i++) {
        const struct seen_name *name = &keeper->seen.names[i];

        key = hash_add(key, name->is_resolved ? name->directory : "", name->is_resolved ? string_length(name->directory) : 0);
        key = hash_add(key, name->is_resolved ? name->name : name->named, string_length(name->is_resolved ? name->name : name->named));
    }
    key ^= (uint64_t)keeper->seen.names[0].is_there << 1;
    count = use_count(use_find(key ? key : 1), key ? key : 1, 0);
    if (count)
        refusals_tell_use(keeper, call, acting, TOLD_BY_KEEPER, 0, count);
}
