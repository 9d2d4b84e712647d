/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who makes the first process of a container. Without a spawner it is a child of the caller: its uid outside is the caller's. A
 * spawner has it made by somebody who may give it a uid, a login uid and a control group of its own (docs/decisions/0220).
 */
#ifndef CORDON_TIER_SPAWNER_H
#define CORDON_TIER_SPAWNER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <unistd.h>

#include "base/error.h"

#define TIER_ID_SIZE 64      /* of a container's name among those of its keeper, with its end: [0-9A-Za-z-] */
#define TIER_CGROUP_SIZE 448 /* of a control group's path below each hierarchy's root, with its end */

struct tier_spawn {
    const char *id;
    const char *around; /* the container inside of which it is, by its id; NULL = none. Then `has_own_uid` is false: it has the uid of that one */
    const int *fds; /* as of struct tier_start */
    size_t fd_count;
    int channel;          /* process 1's end of its control socket */
    uint64_t capabilities; /* that it keeps, of its own user namespace: bit N is capability N */
    bool has_own_uid;     /* else it is the caller's outside, too */
};

/* What the kernel knows it by. */
struct tier_spawned {
    char id[TIER_ID_SIZE];   /* by which its spawner knows it; filled in by the tier */
    pid_t pid;
    int pidfd;
    uint32_t uid, gid;       /* outside */
    uint32_t login_uid;      /* of it and all its descendants, in each audit record; UINT32_MAX = none could be given */
    uint32_t session;        /* of audit; UINT32_MAX = none */
    uint64_t cgroup_id;      /* of the version 2 group, as SO_PEERPIDFD and PIDFD_GET_INFO tell it; 0 = there is no version 2 */
    char as_caller[256]; /* filled in by the tier: why its uid is the caller's, where it could have been its own; "" = nothing to say */
    char cgroup[TIER_CGROUP_SIZE]; /* "/cordon/1000-3/1f3a": it is in this group of each hierarchy that is mounted */
};

struct tier_limits {
    uint64_t memory, pids; /* bytes, processes; 0 = no limit */
    uint64_t cpu_milli;    /* thousandths of a processor; 0 = no limit */
    bool counts_cpu;       /* who counts the time that was used wants a group for it */
};

/* Files by which a control group is counted that one cannot see; -1 = it is not counted. Version 2 has all times in one. */
enum tier_count_file { TIER_COUNT_MEMORY, TIER_COUNT_PIDS, TIER_COUNT_CPU, TIER_COUNT_CPU_USER, TIER_COUNT_CPU_SYSTEM, TIER_COUNT_FILES };

struct tier_counting {
    int files[TIER_COUNT_FILES];
    bool is_v2;
};

static inline void tier_counting_close(struct tier_counting *counting)
{
    for (int i = 0; i < TIER_COUNT_FILES; i++) {
        if (counting->files[i] >= 0)
            close(counting->files[i]);
        counting->files[i] = -1;
    }
}

enum tier_order { TIER_FREEZE = 1, TIER_THAW, TIER_KILL };

/* Every call waits for its answer. `id` is that of the container's tier_spawn. */
struct tier_spawner {
    /*
     * NULL = the caller makes it as without a spawner, and is asked for nothing else but group().
     * Execute cordon-init in new namespaces, with its id maps written and its ids taken on. What it had to do it has done, or tells by
     * its control socket. *ret_spawned's descriptor is the caller's; it is no child of this process.
     */
    int (*spawn)(void *context, const struct tier_spawn *spawn, struct tier_spawned *ret_spawned, struct error *err);

    /*
     * Let the caller's own files appear as the container's in these detached mounts (open_tree() with OPEN_TREE_CLONE; at most
     * TIER_IDMAP_MAX). -EOPNOTSUPP: one lies on a file system that cannot.
     */
    int (*idmap)(void *context, const char *id, const int *mounts, size_t count, struct error *err);

    int (*limit)(void *context, const char *id, const struct tier_limits *limits, struct error *err);
    /*
     * Instead of limit(), where the caller sees no control groups: its group, with these limits, and files to count it by, which are the
     * caller's. NULL = limit() is it.
     */
    int (*group)(void *context, const struct tier_limits *limits, struct tier_counting *ret_counting, struct error *err);
    int (*order)(void *context, const char *id, enum tier_order order, struct error *err);

    /* Nothing of it runs any more: its group and its uid can be taken back. */
    void (*end)(void *context, const char *id);

    /* What it makes is inside of another container: it has the uid of that one, nothing that is shown of it is mapped, and its group keeps no limits of its own. */
    bool is_inside;

    void *context;
};

#define TIER_IDMAP_MAX 64

#endif
