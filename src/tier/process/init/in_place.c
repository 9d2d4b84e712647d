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
#include <linux/prctl.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include "base/kernel/landlock.h"
#include "tier/process/init/init.h"

#define KEYCTL_JOIN  1
#define ENTRIES      4096
#define DEPTH_MAX    256
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

static int is_dots(const char *name)
{
    return name[0] == '.' && (!name[1] || (name[1] == '.' && !name[2]));
}

/* Removes what it can of one directory's entries; the name of a directory that is not empty comes back. */
static int directory_clear(int fd, char name[NAME_MAX + 1])
{
    char buffer[ENTRIES] __attribute__((aligned(8)));
    long got;

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
            if (status != -ENOTEMPTY && status != -EEXIST && status != -EACCES)
                continue;
            string_append(name, name + NAME_MAX + 1, entry->name);
            return 1;
        }
    return 0;
}

/*
 * Nothing runs any more that could change it. Descends into one directory at a time and begins anew at the top, so that
 * no depth needs memory; a directory that its owner shut is opened first. Bounded by what cannot be removed: that ends it.
 */
static void scratch_clear(int top)
{
    char name[NAME_MAX + 1], stuck[NAME_MAX + 1] = "";

    while (directory_clear(top, name)) {
        long fd = top, below;

        for (int depth = 0; depth < DEPTH_MAX; depth++) {
            sys_call4(fchmodat, fd, name, 0700, 0);
            below = directory_open((int)fd, name);
            if (fd != top)
                sys_call1(close, fd);
            fd = below;
            if (fd < 0 || !directory_clear((int)fd, name))
                break;
        }
        if (fd >= 0 && fd != top)
            sys_call1(close, fd);
        if (fd < 0 && string_equal(name, stuck))
            return;
        string_append(stuck, stuck + sizeof(stuck), fd < 0 ? name : "");
    }
}

static void scratch_remove(const struct init *init)
{
    const char *path = init_string(init, init->record->scratch);
    long top;

    if (!init->record->scratch)
        return;
    top = directory_open(AT_FDCWD, path);
    if (top < 0)
        return;
    scratch_clear((int)top);
    sys_call1(close, top);
    sys_call3(unlinkat, AT_FDCWD, path, AT_REMOVEDIR);
}

/* The private directories of this run. That the name is not there yet is part of what is asked for. */
static void scratch_make(struct init *init)
{
    const char *path = init_string(init, init->record->scratch);
    const uint64_t *below = (const uint64_t *)(const void *)init_string(init, init->record->scratch_below);
    long top;

    if (!init->record->scratch)
        return;
    init_need(init, sys_call3(mkdirat, AT_FDCWD, path, 0700), "make", path);
    init->has_scratch = 1;
    top = init_need(init, directory_open(AT_FDCWD, path), "open", path);
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
