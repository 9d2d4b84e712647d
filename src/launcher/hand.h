/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The launcher's second process: the only one that makes others. It takes orders of one fixed size from the first alone, which has
 * checked them, and has no socket to anybody else. It is apart because what it starts would inherit a list of system calls.
 */
#ifndef CORDON_LAUNCHER_HAND_H
#define CORDON_LAUNCHER_HAND_H

#include <sched.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include "base/error.h"
#include "launcher/launch.h"

#define HAND_GROUPS_MAX  1024
#define HAND_FDS_MAX     (2 + 1 + LAUNCH_FDS_MAX)

enum hand_kind {
    HAND_KEEPER = 1, /* as the caller, with nothing else */
    HAND_NESTER,     /* the same, with one descriptor under a number that it knows */
    HAND_INIT,       /* in new namespaces that belong to the caller, as uid and gid of these once their maps are written */
    HAND_NAMESPACE,  /* a user namespace to write maps for; it waits, and ends with its `go` */
    HAND_SETTLED,    /* nothing more: hand_settle() */
};

/* How a process is treated by the kernel beside its rights: as its starter's peer, not as the launcher. */
struct hand_manner {
    struct rlimit limits[RLIM_NLIMITS];
    cpu_set_t cpus;
    int32_t nice, oom;
    uint32_t umask;
    uint32_t has_cpus, unused;
};

/* With it come, in this order: where to report, what to wait for (a pipe), the program, the rest. */
struct hand_order {
    uint32_t kind;
    uint32_t uid, gid; /* the caller's */
    uint32_t login_uid; /* UINT32_MAX: as it is */
    uint32_t group_count, fd_count;
    uint32_t has_containers; /* the last descriptor is the directory of all that is kept: it is given the caller's own one in it instead */
    uint64_t capabilities;
    struct hand_manner manner;
    gid_t groups[HAND_GROUPS_MAX];
    int32_t numbers[LAUNCH_KEPT_MAX];
    char names[LAUNCH_NAMES_MAX * LAUNCH_NAME_SIZE]; /* of a keeper's descriptors, joined by ':' */
};

/* With it comes the pidfd of what was started. */
struct hand_report {
    int32_t errnum; /* 0 = it waits */
    uint32_t pid;
    uint32_t session;
    char step[48];  /* what could not be done */
};

/* Fork it. *ret_socket is the first process's end; the second's end closes with the first. */
int hand_start(int *ret_socket, struct error *err) must_check;

/*
 * Have it start something: `fds` are those behind the first two. *ret_go: write a byte for it to go on, close for it to end. The
 * caller cannot hold up the report, because what makes it is no process that he may signal.
 */
int hand_order(int hand, const struct hand_order *order, const int *fds, struct hand_report *ret_report, int *ret_pidfd, int *ret_go,
               struct error *err) must_check;

/* What was ordered last has been put where it is to be. Until then its number is nobody else's, even if it has ended. */
void hand_settle(int hand);

#endif
