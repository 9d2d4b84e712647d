/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation where no namespace can be made (docs/decisions/0055). The process that was started, the guard,
 * gives up what it may, enters a Landlock domain and forks the supervisor, which starts the program in a second domain
 * inside the first. From within the first one kill(-1) reaches the processes of the container and nothing else; the
 * kernel walks all processes under one lock, and a process that has SIGKILL pending cannot fork, so one call ends them
 * all. Either of the two notices the other's death and ends the container; nothing in it can signal or trace them.
 * Whatever loses its parent becomes a child of the supervisor, then of the guard, so both can wait until all are gone.
 */
#include <asm/signal.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/keyctl.h>
#include <linux/limits.h>
#include <linux/openat2.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include "base/kernel/landlock.h"
#include "tier/process/init/init.h"

#define KEYCTL_JOIN  1
#define ENTRIES      4096
#define RENAME_NOREPLACE (1 << 0)
#define DEPTH_MAX    64        /* of a way from the top of what is removed */
#define RAISED_MAX   (1 << 20) /* directories that lie deeper */
#define DT_DIRECTORY 4

struct entry { /* struct linux_dirent64 */
    uint64_t inode;
    int64_t next;
    uint16_t size;
    uint8_t type;
    char name[];
};

static long directory_open(int at, const char *name)
{
    return sys_call4(openat, at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC, 0);
}

static uint64_t device_of(const struct statx *info)
{
    return (uint64_t)info->stx_dev_major << 32 | info->stx_dev_minor;
}

static int is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/*
 * A directory that is to be emptied, for reading. Its owner may have shut it, and its name may be a link by now, to what
 * the program could not reach: so the mode is changed of what is open, never of a name, and what is somebody else's, a
 * mount point or on another file system stays as it is. `inode` is what it must be, 0 = anything.
 */
static long directory_enter(const struct init *init, int at, const char *name, uint64_t inode)
{
    const struct open_how how = {.flags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC,
                                 .resolve = RESOLVE_BENEATH | RESOLVE_NO_XDEV | RESOLVE_NO_SYMLINKS};
    char path[32], *end = path + sizeof(path);
    struct statx info;
    long fd = sys_call4(openat2, at, name, &how, sizeof(how)), opened;

    if (fd < 0)
        return fd;
    opened = sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_BASIC_STATS, &info);
    if (opened >= 0 && (device_of(&info) != init->scratch_device || (inode && info.stx_ino != inode)))
        opened = -EXDEV;
    if (opened >= 0 && info.stx_uid == init->begin.uid && (info.stx_mode & 0700) != 0700 &&
        sys_call4(fchmodat2, fd, "", 0700, AT_EMPTY_PATH) < 0) { /* a filter around us may not know that call */
        string_append_number(string_append(path, end, "/proc/self/fd/"), end, (uint64_t)fd);
        sys_call3(fchmodat, AT_FDCWD, path, 0700);
    }
    if (opened >= 0)
        opened = sys_call4(openat, fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0);
    sys_call1(close, fd);
    return opened;
}

/*
 * Removes the entries of one directory. 1: `name` is a directory in it that is not empty. 0: nothing is left.
 * Negative: something stays.
 */
static long directory_clear(int fd, char name[NAME_MAX + 1])
{
    char buffer[ENTRIES] __attribute__((aligned(8)));
    long got, kept = 0;

    sys_call3(lseek, fd, 0, 0);
    while ((got = sys_call3(getdents64, fd, buffer, sizeof(buffer))) > 0)
        for (long at = 0; at < got; at += ((struct entry *)(void *)(buffer + at))->size) {
            const struct entry *entry = (const struct entry *)(const void *)(buffer + at);
            long status;

            if (is_dots(entry->name))
                continue;
            status = sys_call3(unlinkat, fd, entry->name, 0);
            if (status == -EISDIR || status == -EPERM)
                status = sys_call3(unlinkat, fd, entry->name, AT_REMOVEDIR);
            if (status == -ENOTEMPTY || status == -EEXIST) {
                string_append(name, name + NAME_MAX + 1, entry->name);
                return 1;
            }
            kept = status < 0 && status != -ENOENT ? status : kept;
        }
    return got < 0 ? got : kept;
}

/* A directory that lies too deep comes to the top, under a name that is free there. */
static long directory_raise(int top, int fd, const char *name, uint32_t *raised)
{
    char to[24];
    long status = -EEXIST;

    while (status == -EEXIST && ++*raised < RAISED_MAX) {
        string_append_number(to, to + sizeof(to), *raised);
        status = sys_call5(renameat2, fd, name, top, to, RENAME_NOREPLACE);
    }
    return status;
}

/* From the top down to the first directory that can be emptied. 0, or negative: something stays. */
static long branch_clear(const struct init *init, int top, char name[NAME_MAX + 1], uint32_t *raised)
{
    long fd = directory_enter(init, top, name, 0), status = 1;

    for (int depth = 1; fd >= 0 && status == 1; depth++) {
        status = directory_clear((int)fd, name);
        if (status == 1) {
            long below = directory_enter(init, (int)fd, name, 0);

            if (below >= 0 && depth == DEPTH_MAX)
                status = directory_raise(top, (int)fd, name, raised);
            sys_call1(close, fd);
            fd = below;
        }
    }
    if (fd < 0)
        return fd;
    sys_call1(close, fd);
    return status;
}

/*
 * Nothing of the container runs any more. Begins anew at the top for each directory that is emptied, so that no depth
 * needs memory. What cannot be removed ends it.
 */
static void scratch_clear(const struct init *init, int top)
{
    char name[NAME_MAX + 1];
    uint32_t raised = 0;

    while (directory_clear(top, name) == 1)
        if (branch_clear(init, top, name, &raised) < 0)
            return;
}

static void scratch_remove(const struct init *init)
{
    const char *parent = init_string(init, init->record->scratch_parent);
    const char *name = init_string(init, init->record->scratch) + string_length(parent) + 1;
    long above, top;

    if (!init->record->scratch || !init->scratch_inode)
        return;
    above = sys_call4(openat, AT_FDCWD, parent, O_PATH | O_DIRECTORY | O_CLOEXEC, 0);
    if (above < 0)
        return;
    top = directory_enter(init, (int)above, name, init->scratch_inode);
    if (top >= 0) {
        scratch_clear(init, (int)top);
        sys_call1(close, top);
        sys_call3(unlinkat, above, name, AT_REMOVEDIR);
    }
    sys_call1(close, above);
}

/* The private directories of this run. That the name is not there yet is part of what is asked for. */
static void scratch_make(struct init *init)
{
    const char *path = init_string(init, init->record->scratch);
    const uint64_t *below = (const uint64_t *)(const void *)init_string(init, init->record->scratch_below);
    struct statx info;
    long top;

    if (!init->record->scratch)
        return;
    init_need(init, sys_call3(mkdirat, AT_FDCWD, path, 0700), "make", path);
    init->has_scratch = 1;
    top = init_need(init, directory_open(AT_FDCWD, path), "open", path);
    init_need(init, sys_call5(statx, top, "", AT_EMPTY_PATH, STATX_INO, &info), "stat", path);
    init->scratch_device = device_of(&info);
    init->scratch_inode = info.stx_ino;
    for (; *below; below++)
        init_need(init, sys_call3(mkdirat, top, init_string(init, (uint32_t)*below), 0700), "make", path);
    sys_call1(close, top);
}

void in_place_leave(const struct init *init)
{
    if (init->has_scratch)
        scratch_remove(init);
}

void in_place_end(struct init *init)
{
    long reaped;

    if (!init->is_scoped)
        return;
    sys_call2(kill, -1, SIGKILL);
    do
        reaped = sys_call4(wait4, -1, 0, 0, 0);
    while (reaped > 0 || reaped == -EINTR);
    scratch_remove(init);
}

/* Docker's filter refuses keyrings as a whole, so that there is none to leak; the program's own does so too. */
static void identity_keep(struct init *init)
{
    long status;

    if (init->record->flags & RECORD_DROP_GROUPS)
        init_need(init, sys_call2(setgroups, 0, 0), "drop", "supplementary groups");
    status = sys_call2(keyctl, KEYCTL_JOIN, 0);
    if (status < 0 && status != -ENOSYS && status != -EPERM)
        init_fail(init, "join", "a new session keyring", -status);
}

/* Beside the program's own rights: the run's directory can be removed from the one it is in. */
static void outer_domain_enter(struct init *init)
{
    int inner = init->ruleset;
    long above;

    rights_prepare(init);
    rights_complete(init);
    if (init->record->scratch) {
        above = init_need(init, sys_call4(openat, AT_FDCWD, init_string(init, init->record->scratch_parent),
                                          O_PATH | O_DIRECTORY | O_CLOEXEC, 0),
                          "open", init_string(init, init->record->scratch_parent));
        rights_add(init, (int)above, LANDLOCK_ACCESS_FS_REMOVE_DIR, "directory of private directories");
        sys_call1(close, above);
    }
    rights_restrict(init);
    init->ruleset = inner;
}

/* kill(-1) must reach the container alone: who started us must be out of reach now, and was not before. */
static void scope_prove(struct init *init, long parent, int is_before)
{
    long status = sys_call2(kill, parent, 0);

    if (parent <= 0 || status != (is_before ? 0 : -EPERM))
        init_fail(init, "prove the scope of", "Landlock's domain for signals", EPERM);
    init->is_scoped = !is_before;
}

static void signals_block(struct init *init)
{
    uint64_t all = ~0ull;

    init_need(init, sys_call4(rt_sigprocmask, SIG_BLOCK, &all, 0, sizeof(all)), "block", "signals");
}

static void guard_run(struct init *init, long supervisor) __attribute__((noreturn));
static void guard_run(struct init *init, long supervisor)
{
    long ended;

    do
        ended = sys_call4(wait4, -1, 0, 0, 0);
    while (ended != supervisor && (ended > 0 || ended == -EINTR));
    in_place_end(init);
    sys_call1(exit_group, 125);
    __builtin_unreachable();
}

/* The guard keeps one end of a pipe, which says nothing but that it lives. */
static void supervisor_fork(struct init *init)
{
    int ends[2];
    long pid;

    init_need(init, sys_call2(pipe2, ends, O_CLOEXEC), "open", "pipe");
    pid = init_need(init, sys_call5(clone, SIGCHLD, 0, 0, 0, 0), "start", "supervisor");
    if (pid) {
        sys_call3(close_range, 0, ends[1] - 1, 0);
        sys_call3(close_range, ends[1] + 1, ~0u, 0);
        guard_run(init, pid);
    }
    sys_call1(close, ends[1]);
    init->guard = ends[0];
    init->has_scratch = 0; /* the guard's to remove, when nothing runs any more */
    init_need(init, sys_call5(prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "become", "reaper");
}

void in_place_enter(struct init *init)
{
    long parent = sys_call0(getppid);

    init_need(init, sys_call0(setsid), "start", "session");
    signals_block(init);
    identity_keep(init);
    terminal_open(init);
    scratch_make(init);
    rights_prepare(init);
    rights_complete(init);
    rights_drop(init);
    scope_prove(init, parent, 1);
    outer_domain_enter(init);
    scope_prove(init, parent, 0);
    init_need(init, sys_call5(prctl, PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0), "become", "reaper");
    init_need(init, sys_call5(prctl, PR_SET_DUMPABLE, 0, 0, 0, 0), "prctl", "PR_SET_DUMPABLE");
}

void in_place_start(struct init *init)
{
    supervisor_fork(init);
    program_prepare(init);
    program_start(init);
    program_watch(init);
}
