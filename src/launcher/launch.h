/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What cordon-launcher is asked and answers: one fixed record each way over a SOCK_SEQPACKET socket, descriptors beside it. Nothing
 * has a variable length, so that the one program with privileges parses nothing (docs/decisions/0220). A record of another size, with
 * another number of descriptors than its row in requests.c says, or with bytes where none belong, ends the connection.
 */
#ifndef CORDON_LAUNCHER_LAUNCH_H
#define CORDON_LAUNCHER_LAUNCH_H

#include <stdint.h>

#define LAUNCH_MAGIC   0x32636c43u /* "Clc2" */
#define LAUNCH_ID_SIZE 64          /* [0-9A-Za-z-], with its end */
#define LAUNCH_GROUP_SIZE 32       /* the same */
#define LAUNCH_KEPT_MAX 64         /* descriptors that a program keeps */
#define LAUNCH_KEPT_LAST 1023      /* the highest of their numbers */
#define LAUNCH_FDS_MAX (LAUNCH_KEPT_MAX + 1)
#define LAUNCH_NAMES_MAX 8         /* descriptors that a keeper begins with, beside the launcher's */
#define LAUNCH_NAME_SIZE 16        /* [0-9a-z-], with its end */
#define LAUNCH_LEVELS_MAX 9       /* a container and those inside of each other in it */
#define LAUNCH_CGROUP_SIZE 448
#define LAUNCH_TEXT_SIZE 384
#define LAUNCH_KEY_SIZE 32         /* cordond's name for keepers that are alike */
#define LAUNCH_NOTE_TEXT_SIZE LAUNCH_CGROUP_SIZE

enum launch_type {
    LAUNCH_KEEPER = 1, /* daemon: start a keeper as the peer of the first descriptor, which the client made (socketpair()) */
    LAUNCH_ATTACH,     /* keeper, on a connection that it made after the launcher began again: it is `group` ("" = as the kernel says) */
    LAUNCH_SPAWN,      /* keeper: cordon-init for the container `id`; descriptors: its channel, then those that are kept */
    LAUNCH_IDMAP,      /* keeper: the caller's files as the container's own, in each of these detached mounts */
    LAUNCH_LIMIT,      /* keeper: limits of its group */
    LAUNCH_ORDER,      /* keeper, daemon (which says `group`, too): enum launch_order */
    LAUNCH_COUNT,      /* the same: what it uses */
    LAUNCH_END,        /* keeper: nothing of it runs any more */
    LAUNCH_ADMIT,      /* keeper: would it have been started for the maker of this socket, too? */
    LAUNCH_NESTER,     /* keeper: cordon-nester, as itself, in the group of its container `id`; its channel */
    LAUNCH_KEEP,       /* keeper: what there is on disk of its `key`: enum launch_keeping */
    LAUNCH_KEPT,       /* daemon: the record `group` of what is kept; "" = the next one behind `count` that waits for a keeper */
    LAUNCH_AGAIN,      /* daemon: a keeper by the record `group`, with its channel; `count` groups that its user has now, in `numbers` */
    LAUNCH_HEAR,       /* daemon: from now on this connection is told what the launcher does (struct launch_note), and may ask nothing more */
    LAUNCH_TYPE_COUNT_
};

enum launch_order { LAUNCH_FREEZE = 1, LAUNCH_THAW, LAUNCH_KILL };

/* KEEP, as its order */
enum launch_keeping {
    LAUNCH_KEEPS = 1, /* it has some, or is about to: when it ends, another one is to be started as who it is */
    LAUNCH_LEAVES,    /* there are some, and it has none */
    LAUNCH_FORGETS,   /* there are none */
};

enum launch_flag {
    LAUNCH_OWN_UID = 1 << 0, /* SPAWN: of the range; else it stays the caller's outside */
    LAUNCH_OR_ROOT = 1 << 1, /* ADMIT: root, too, to whom the keeper gives nothing of its user's */
};

/* What a request does not need is zero. */
struct launch_request {
    uint32_t magic, type;
    uint32_t flags, order;
    uint64_t capabilities; /* SPAWN: that cordon-init keeps, of the new user namespace */
    uint64_t memory, pids, cpu_milli; /* LIMIT; 0 = none */
    char group[LAUNCH_GROUP_SIZE];
    char id[LAUNCH_ID_SIZE];
    char around[LAUNCH_ID_SIZE]; /* SPAWN: the container of the same keeper inside of which it is; "" = none */
    uint32_t count;        /* of the next */
    int32_t numbers[LAUNCH_KEPT_MAX]; /* SPAWN: of the kept descriptors, ascending, all above 2 */
    union {
        char names[LAUNCH_NAMES_MAX][LAUNCH_NAME_SIZE]; /* KEEPER: of its descriptors */
        unsigned char key[LAUNCH_KEY_SIZE];             /* KEEP */
    };
};

struct launch_counts {
    uint64_t memory_bytes, memory_peak_bytes, processes, processes_peak;
    uint64_t cpu_us, user_us, system_us;
    uint64_t oom_kills, refused_forks;
    uint32_t known;     /* enum launch_known */
    uint32_t is_frozen;
};

enum launch_known {
    LAUNCH_KNOWS_MEMORY = 1 << 0,
    LAUNCH_KNOWS_PROCESSES = 1 << 1,
    LAUNCH_KNOWS_CPU = 1 << 2,
};

struct launch_reply {
    uint32_t magic;
    int32_t status; /* 0, or a negative errno with `kind` and `text` */
    uint32_t kind;  /* enum error_kind */
    uint32_t pid;   /* with SPAWN, KEEPER and NESTER, whose descriptor comes with the record (SCM_RIGHTS) */
    uint32_t uid, gid, login_uid, session; /* UINT32_MAX: not given */
    uint64_t cgroup_id;
    struct launch_counts counts;
    char group[LAUNCH_GROUP_SIZE];
    union {
        char cgroup[LAUNCH_CGROUP_SIZE];
        struct {
            unsigned char key[LAUNCH_KEY_SIZE];
            uint32_t next;    /* `count` of the question for the one behind it; 0 = there is none, nor is this one */
            uint32_t wait_ms; /* then there may be one; 0 = nothing waits */
        } kept; /* KEPT */
    };
    char text[LAUNCH_TEXT_SIZE]; /* ends */
};

/* What it has done, on a connection that asked to hear it, behind the answer to that: what has no meaning in a kind is 0, or UINT32_MAX where it is an id. */
enum launch_noted {
    LAUNCH_NOTED_BEGAN = 1, /* `uid`, `count`: the first that it has to give, and how many */
    LAUNCH_NOTED_KEEPER,    /* started for `user`: `pid`, `group`, `login_uid` */
    LAUNCH_NOTED_KEEPER_ENDED,
    LAUNCH_NOTED_OWNED,     /* `uid`, `count`: uids that are `user`'s containers' from now on, for ever */
    LAUNCH_NOTED_GIVEN,     /* to container `id` of `group`: `uid`, `login_uid`, `session`, `pid` of its first process; `text`: its control group */
    LAUNCH_NOTED_TAKEN,     /* back: nothing of it runs any more */
    LAUNCH_NOTED_REFUSED,   /* `type`: enum launch_type, 0 = a connection; `text`: why; `count`: so many others since the last one that was told */
    LAUNCH_NOTED_COUNT_
};

struct launch_note {
    uint32_t magic, kind;
    uint64_t time_ns; /* since 1970 */
    uint64_t lost;    /* so many before this one found no room */
    uint32_t user;    /* whom it is for */
    uint32_t uid, login_uid, session, pid, count, type, unused;
    char group[LAUNCH_GROUP_SIZE];
    char id[LAUNCH_ID_SIZE];
    char text[LAUNCH_NOTE_TEXT_SIZE]; /* ends */
};

#endif
