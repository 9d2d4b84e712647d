/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a tier saw the program do: refused, or, where everything is watched, done. A tier says what it saw; which rule that
 * was is asked of the plan (policy/question.h) by whoever records it.
 */
#ifndef CORDON_TIER_ACCESS_H
#define CORDON_TIER_ACCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "base/operation.h"
#include "policy/plan.h"

/* How much is looked at. More costs the program more. */
enum tier_watch_level {
    TIER_WATCH_REFUSED = 0, /* what is refused, where seeing it costs nothing that is allowed anything worth naming */
    TIER_WATCH_HIDDEN,      /* and what is looked for, read or executed and is absent or denied: costs the start about a millisecond */
    TIER_WATCH_FULL,        /* every call that names a file, program, socket or process, refused or not */
};

#define TIER_ACCESS_PARENTS 8

struct tier_process {
    unsigned pid;    /* in the container's numbers, 0 = not known */
    pid_t host_pid;  /* outside, 0 = not known */
    const char *exe; /* what it executes, as named inside; NULL = not known */
    const char *command_line; /* its arguments, each with a NUL behind it; NULL = not known */
    size_t command_line_size;
    bool is_cut; /* there were more bytes of it */
};

struct tier_access {
    enum operation operation;
    const char *source;    /* which means saw it, static: "keeper", "filter", "void", "landlock", "cgroup" */
    enum mechanism layer;  /* who refused, BY_NOTHING = not refused */
    int errnum;            /* what the program got, 0 = it may go on (its outcome is the kernel's) */
    int call;              /* number of the system call, -1 = not known */
    bool has_args;
    uint64_t args[6];      /* of the call */
    const char *named;     /* the path, address or name as the program gave it; NULL = none, or not known */
    const char *path;      /* inside, resolved as far as it is there; NULL = none, or not known */
    const char *second_named, *second; /* RENAME, LINK: the new name, the same way */
    bool is_directory;     /* as in struct question */
    unsigned target_pid;   /* SIGNAL, PTRACE */
    int signal;            /* SIGNAL */
    struct tier_process process;
    struct tier_process parents[TIER_ACCESS_PARENTS]; /* from its parent up to the first process; pid and exe only */
    size_t parent_count;
    uint64_t count;        /* so many like this at once; at least 1 */
    uint64_t ask;          /* its caller waits for an answer with this number (tier_ops.answer); 0 = it is refused already */
};

/* One of the ways in which this run is watched, for run.started and for 'why'. Static texts. */
struct tier_source {
    const char *name;
    unsigned sees;      /* bit 1 << enum operation: its refusals are seen */
    const char *blind;  /* what of these it cannot see, one line; "" = nothing known */
};

/*
 * Called by read_status(), never before start() has returned. `lost`: so many could not be told by this source since the
 * last time; with `access` NULL that is all there is to say.
 */
struct tier_watcher {
    enum tier_watch_level level;
    /* The program asks about itself: one end of a SOCK_SEQPACKET pair, the callee's from here on. NULL = nobody answers. */
    void (*asked)(void *context, int fd);
    /* The program asks for a container inside, likewise. Not NULL only for a plan with a keeper. */
    void (*nested)(void *context, int fd);
    /*
     * Not 0: open() of a file is not refused but asked about, for so long (tier_access.ask), and then refused. unasked: nobody waits
     * for that any more.
     */
    uint32_t ask_ms;
    void (*unasked)(void *context, uint64_t ask);
    int (*accessed)(void *context, const struct tier_access *access, const char *source, uint64_t lost, struct error *err);
    void *context;
};

#endif
