/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of tiers. A tier executes a plan; it decides nothing. The only header of this part that
 * others include.
 */
#ifndef CORDON_TIER_TIER_H
#define CORDON_TIER_TIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "policy/facts.h"
#include "policy/plan.h"
#include "policy/question.h"
#include "tier/access.h"
#include "tier/spawner.h"

#define TIER_FDS_MAX 64
#define TIER_NEST_NAME "/run/cordon/containers" /* the same, for a container inside (tier_watcher.nested) */
#define TIER_SELF_NAME "/run/cordon/self" /* what a program connects to, to ask about itself (tier_watcher.asked) */

/* A connection that the kernel refused, which no gateway hears of. Not of each way to connect: docs/decisions/0142. */
struct tier_refusal {
    unsigned pid;      /* in the container's numbers, 0 = not known */
    const char *exe;   /* what it executes, NULL = executed() may know */
    int errnum;        /* how the program was refused */
    unsigned program;  /* from 1: of the rules' programs, 0 = none of them, or not known */
    unsigned protocol; /* IPPROTO_*, 0 = not known */
    int family;        /* AF_INET, AF_INET6; 0 = only `lost` */
    unsigned port;
    unsigned char address[16];
    uint64_t lost; /* so many others could not be told since the last time */
};

/*
 * attach: where the plan has a gateway, called once, when the container's network namespace is there, with a descriptor of it
 * (the tier's). The program is executed only after it returned 0; a failure refuses the launch.
 * refused: called by read_status(), never before start() has returned. NULL = nobody wants to know.
 */
struct tier_attach {
    int (*attach)(void *context, int network, struct error *err);
    int (*refused)(void *context, const struct tier_refusal *refusal, struct error *err);
    void *context;
};

enum tier_end {
    TIER_EXITED = 1,
    TIER_SIGNALED,
    TIER_LOST /* init died without a word: container is gone */
};

struct tier_status {
    enum tier_end end;
    int code;                    /* exit status, or signal number */
    bool is_oom_killed;          /* the memory limit ended it */
    bool has_times, has_rss;     /* false: only the container's first process knew, and it was killed */
    uint64_t user_us, system_us; /* whole tree that was waited for */
    uint64_t max_rss_bytes;
};

/* Who hears how programs of exec() ended: called by read_status() and exec(), once for each. Not of the main program. */
struct tier_programs {
    void (*ended)(void *context, uint32_t number, const struct tier_status *status);
    void *context;
};

struct tier_start;

/* A program for a container that stands. */
struct tier_exec {
    const char *const *argv; /* NULL-terminated; argv[0] is looked up in the PATH of `env`, inside */
    const char *const *env;  /* NULL-terminated; all of it */
    const char *cwd;         /* inside, absolute */
    int stdio[3];            /* as in struct tier_start */
    const int *fds;
    size_t fd_count;
    bool is_tty;
    unsigned short rows, columns;
    bool is_main; /* its end is that of the container, as of the program that start() brings; of the first one only */
    const struct tier_start *seals; /* of one that was started unsealed: as it was given to start(); the first one has to. NULL = it is sealed */
    uint64_t deadline_ns;
    const int *cancel_fd;
    int (*meanwhile)(void *context, struct error *err); /* what is done while the program begins, and ends it where it fails; NULL = nothing */
    void *context;
};

/* What became of it. */
struct tier_program {
    uint32_t number; /* from 1, in the order of their starts */
    int tty;         /* the master side, the caller's; -1 = no terminal */
    pid_t pid;       /* inside */
};

struct tier_start {
    const struct plan *plan;
    const char *const
        *argv;      /* NULL-terminated; argv[0] is looked up in the PATH of plan->env, inside; NULL = the container stands, for exec() */
    int stdio[3];   /* given to the program as 0, 1, 2; -1 = /dev/null; unused with is_tty */
    const int *fds; /* further descriptors, kept under their own numbers (3..1023) */
    size_t fd_count;
    bool is_tty; /* a terminal of the container's own devpts; the master comes back as tty_fd */
    unsigned short rows, columns;
    const char *init_path; /* the init program of this installation */
    const char *run_id;    /* names the cgroup */
    uint64_t deadline_ns;  /* set-up fails with -ETIMEDOUT then (monotonic clock); 0 = never */
    const int *sources;    /* a detached tree (open_tree(2)) that the plan's host paths are names in; NULL = this process's own */
    const int *cancel_fd;  /* set-up fails with -ECANCELED when this is readable; NULL = none */
    const struct tier_attach *gateway; /* NULL = none; copied */
    const struct tier_watcher *watcher; /* who hears what the program was refused; NULL = nobody wants to know; copied */
    const struct tier_programs *programs; /* without argv; NULL = nobody wants to know; copied */
    const struct tier_spawner *spawner; /* who makes its first process; NULL = this one does; has to outlive the run */
    struct {
        const void *bytes;
        size_t size; /* 0 = not yet: serve() */
    } served[PLAN_SERVED_COUNT]; /* of the plan's PLAN_SERVED: there before the program */
    bool is_kept_ready; /* without argv: start() returns while it is being made, settle() says when it stands; suits() can be asked */
    bool is_unsealed; /* with is_kept_ready: Landlock and the filter are put in force by exec(), with rules for what that gives to its program */
};

/* What is known before there is a plan; as start() will be given it. */
struct tier_prepare {
    const char *init_path;
    const int *fds;
    size_t fd_count;
    const char *run_id;
    const struct tier_spawner *spawner;
};

/* Is what it looks for and does not find to be seen, too? */
static inline bool tier_sees_hidden(const struct tier_start *start)
{
    return start->watcher && start->watcher->level == TIER_WATCH_HIDDEN;
}

/* A directory in which the program made or changed a noted name (PLAN_NAME_NOTED, PLAN_NAME_PART). */
enum tier_note_kind { TIER_NOTE_NAME = 1, TIER_NOTE_PARTS, TIER_NOTE_MORE /* others found no room; no directory */ };

struct tier_note {
    enum tier_note_kind kind;
    int directory; /* O_PATH, -1 = none: it could not be handed over */
};

enum tier_probe {
    TIER_PROBE_CGROUP = 1 << 0,     /* needed when a layer sets resources.* */
    TIER_PROBE_NAMESPACES = 1 << 1, /* doctor, policy check, policy explain */
    TIER_PROBE_PORTS = 1 << 2,      /* needed when a layer opens a port of the host (network.ingress.ports) */
    TIER_PROBE_AGAIN = 1 << 3,      /* *ret_facts are of this process in this mount namespace: what stays as long is not tried again */
};

/* A regular file that is to be opened for somebody inside. */
struct tier_exact {
    int object;       /* O_PATH */
    const char *path; /* by which it is reached outside, without symbolic links */
    int flags;        /* O_ACCMODE, O_APPEND, O_TRUNC, O_SYNC, O_DSYNC */
};

/* Of a container inside another, beside which it runs: what is to be kept of it. */
struct tier_inner {
    const char *id; /* its run */
    pid_t pid;      /* its first process, which joins */
    struct tier_limits limits;
    bool has_inner; /* others may come to be inside of it */
};

struct tier_run; /* first member of each tier's own */
struct tier_group; /* the control group of one inside */

struct tier_ops {
    const char *name;

    /*
     * What this tier needs and this machine gives. Never fails on a missing feature; `facts` says it. What costs a
     * millisecond is looked at only on request (enum tier_probe, or-ed); user namespaces that were not asked about are
     * taken as present: start() says why when they are not.
     */
    int (*probe)(unsigned wanted, struct facts *ret_facts, struct error *err);

    /*
     * What a start needs before there is a plan, so that it happens while the policy is compiled. *ret_run is for start() to
     * take, or for finish(). A failure refuses nothing: start() meets what it was again. NULL where a tier has nothing to prepare.
     */
    int (*prepare)(const struct tier_prepare *prepare, struct tier_run **ret_run, struct error *err);

    /* What was prepared will most likely be given a plan with a network of its own. NULL where that makes no difference. */
    void (*foresee_network)(struct tier_run *prepared);

    /*
     * Start argv contained. 0 only when the program was executed and every part of the plan is in
     * force; otherwise everything is undone and `err` says why (ERROR_NOT_FOUND,
     * ERROR_NOT_EXECUTABLE for the program itself). `prepared` (NULL = nothing) is consumed either way.
     */
    int (*start)(const struct tier_start *start, struct tier_run *prepared, struct tier_run **ret_run,
                 struct error *err);

    /*
     * Of a container that is kept ready (tier_start.is_kept_ready): 1 when it stands, 0 while it is being made and `waits` is false,
     * negative when it cannot be. `start` as it was given to start(). NULL where a tier keeps nothing ready.
     */
    int (*settle)(struct tier_run *run, const struct tier_start *start, bool waits, struct error *err);

    /*
     * 1 when everything of this plan that a tier executes, but for environment, directory and program, is what stands: then the
     * plan takes the place of the one that it was made by. 0 when something differs.
     */
    int (*suits)(struct tier_run *run, const struct tier_start *start, struct error *err);

    /*
     * A program in a container that stands; 0 only when it was executed. The plan holds for it as for any other; what it was given
     * beyond (files as descriptors) it can use and not open again by name, unless it is what the container was sealed with. ERROR_LIMIT (-EAGAIN): too many run, or begin. NULL where a
     * tier has no such containers.
     */
    int (*exec)(struct tier_run *run, const struct tier_exec *exec, struct tier_program *ret_program, struct error *err);

    /*
     * What a file of the served directory (PLAN_SERVED) holds from now on; whoever reads it meanwhile has the one or the other. At most 64 KiB.
     * Those of a start are in tier_start.served. 0 also when it is gone already. NULL where a tier has no such directories.
     */
    int (*serve)(struct tier_run *run, enum plan_served file, const void *bytes, size_t size, struct error *err);

    /* To the process group of one of them (or the foreground group of its terminal). 0 also when it is gone already. */
    int (*signal_program)(struct tier_run *run, uint32_t number, int signal_number, struct error *err);

    /* End everything, and hear what it used (read_status()); a container that stands ends by this or by kill(). */
    int (*end)(struct tier_run *run, struct error *err);

    /* Nothing in it runs, or all does again. ERROR_UNENFORCEABLE (-ENOTSUP): it has no cgroup that can. NULL likewise. */
    int (*freeze)(struct tier_run *run, bool is_frozen, struct error *err);

    /*
     * Less of memory, processes and processors than now; 0 = as it is. All or nothing. ERROR_UNENFORCEABLE (-ENOTSUP): nothing here can limit that;
     * ERROR_INVALID: it would be more than now (-EPERM), or uses more than that (-EBUSY). NULL = nothing can be limited.
     */
    int (*limit)(struct tier_run *run, const struct tier_limits *limits, struct error *err);

    /* What its control group counts now: false = it has none that does. NULL likewise. */
    bool (*memory)(const struct tier_run *run, uint64_t *ret_bytes);
    bool (*times)(const struct tier_run *run, uint64_t *ret_user_us, uint64_t *ret_system_us);

    /* Readable when read_status() may have something to say. */
    int (*poll_fd)(const struct tier_run *run);

    /* 1 and *ret_status when the whole tree is gone, 0 while it runs, negative errno when it cannot
     * be told. Never blocks. */
    int (*read_status)(struct tier_run *run, struct tier_status *ret_status, struct error *err);

    /*
     * What the process of this number inside executed when it last connected, into `ret_path`: it may be gone. false = nobody
     * saw it. NULL where a tier does not look.
     */
    bool (*executed)(const struct tier_run *run, unsigned pid, char *ret_path, size_t size);

    /*
     * By what means this run is watched, for as long as it is; none where nobody asked (tier_start.watcher). NULL where a tier
     * sees nothing.
     */
    const struct tier_source *(*sources)(const struct tier_run *run, size_t *ret_count);

    /* What was noted so far, in order; all of it once read_status() has said that the tree is gone. Stays the run's,
     * with its descriptors. */
    const struct tier_note *(*notes)(const struct tier_run *run, size_t *ret_count);

    /* How the filter of a plan answers a system call (plan_index_set_calls()). NULL where a tier has none. */
    void (*judge_call)(const struct plan_filter *filter, int number, struct plan_call *ret_call);

    /*
     * What was asked about (tier_watcher.ask_ms) is allowed with what was opened instead of it, or refused (-1), as it would have been.
     * Negative: nobody hears it any more, so it is refused. NULL where a tier asks nothing.
     */
    int (*answer)(struct tier_run *run, uint64_t ask, int fd);

    /*
     * Open this one object, as the caller without any privilege could, in a mount of its own: nothing else can be reached from it,
     * and nothing of it changed without `flags` to write (with them permissions and times too, as a rule for writing allows). -ESTALE: it is not what `path` names any more.
     */
    int (*open_exact)(const struct tier_exact *exact, int *ret_fd, struct error *err);

    /* To the program's process group (or the foreground group of its terminal), or to all of exec(). 0 also when it is
     * gone already. */
    int (*signal)(struct tier_run *run, int signal_number, struct error *err);

    /* End the whole tree at once, uncatchable. */
    int (*kill)(struct tier_run *run, struct error *err);

    /* CPU time of the whole tree so far, us; -ENOTSUP without a cgroup. */
    int (*cpu_time)(struct tier_run *run, uint64_t *ret_us);

    /* Another process of the host's counts for this container's control group from now on, where it has one. */
    int (*adopt)(const struct tier_run *run, pid_t pid, struct error *err);

    /*
     * A control group with limits of its own for a container inside, below that of `around` (one of these; NULL = of the run itself), or beside
     * this process's where that has none. *ret_counting: for who supervises it. Another process joins, as for adopt(). NULL where a tier has none.
     */
    int (*group_make)(const struct tier_run *run, const struct tier_group *around, const struct tier_inner *inner,
                      struct tier_group **ret_group, struct tier_counting *ret_counting, struct error *err);
    int (*group_join)(const struct tier_group *group, pid_t pid, struct error *err);
    void (*group_free)(struct tier_group *group); /* nothing runs in it; NULL is fine */

    pid_t (*pid)(const struct tier_run *run); /* of init, outside */
    /* What the kernel knows it by, where a spawner made it; NULL = nothing of its own. NULL where a tier has no spawners. */
    const struct tier_spawned *(*spawned)(const struct tier_run *run, bool *ret_has_own_uid);
    /*
     * Which process made the program's Landlock domain, outside: by it the kernel's records are told apart. 0 = not known; NULL where
     * a tier has no such thing.
     */
    pid_t (*domain_maker)(const struct tier_run *run);
    int (*tty_fd)(const struct tier_run
                      *run); /* master side, -1 without a terminal; stays owned by the run */

    /* Kill what is left, give everything back. NULL is fine. The kernel may still be busy with a first process that
     * has ended. */
    void (*finish)(struct tier_run *run);

    /* This code is about to be unloaded: wait for what finish() left to the kernel. */
    void (*leave)(void);
};

/* NULL when no tier of this name exists in this build. */
const struct tier_ops *tier_find(const char *name);

/* leave() of every tier. */
void tiers_leave(void);

#endif
