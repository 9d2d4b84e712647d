/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What passes between a program in a container and the nester outside, and between nesters and whoever started the outermost
 * container: packets of fixed size over SOCK_SEQPACKET, with the descriptors that each type has. A request's own bytes come in
 * a sealed memory file (bytes.h). docs/decisions/0260.
 */
#ifndef CORDON_SDK_NEST_WIRE_H
#define CORDON_SDK_NEST_WIRE_H

#include <stdint.h>

#include "base/error.h"
#include "cordon/cordon.h"
#include "tier/spawner.h"

#define NEST_MAGIC 0x3174654eu /* "Net1": the 1 is the version */
#define NEST_ID_SIZE 27        /* a run id and its zero */
#define NEST_FDS_MAX 5
#define NEST_PIECE   512 /* of a record */

enum nest_type {
    /* the program's side -> nester. The number of descriptors is in brackets */
    NEST_ASK = 1,  /* run this: [1 to 4] the request, then each standard stream that bit N of `streams` says is there */
    NEST_SIGNAL,   /* `value` */
    NEST_KILL,
    NEST_RESIZE,   /* `rows`, `columns` */
    /* nester -> the program's side */
    NEST_STARTED,  /* `id`, `value`: process id inside of nothing; [1 with a terminal] its master side */
    NEST_ENDED,    /* `status` */
    NEST_FAILED,   /* `error`: it was not started, or its promise could not be kept */
    /* starter -> nester */
    NEST_HELLO,    /* [4, or 5 with a parent that is a nester] what is around, user and mount namespace of the container around, the
                      program's socket; the lifeline of the parent. `value`: enum nest_wants */
    /* nester -> starter */
    NEST_BEGUN,    /* `id`; [1] pidfd of the container's first process */
    NEST_LIMITS,   /* `depth`, `number` of the container that runs now */
    NEST_FORWARD,  /* [5] a program of it asks: as NEST_HELLO, with the lifeline */
    NEST_GROUP,    /* `limits` that only a control group of its own keeps: make it, and have its first process join */
    NEST_RUNS,     /* `runs`: the program has started */
    /* starter -> nester, to NEST_GROUP; or NEST_FAILED */
    NEST_GROUPED,  /* [as many as bits of `streams`] bit N: file N by which it is counted (enum tier_count_file); `value`: of version 2 */
    /* both: it wants a connection to the signer; [1] here it is. None comes where there is none at the moment: it asks again */
    NEST_SIGNER,
    /* nester -> starter, which wants to hear its record */
    NEST_RECORD,   /* `id`, `piece` of `value` bytes: one record after the other, each a line */
    NEST_SETTLE,   /* is all of that where nobody changes it? */
    NEST_SETTLED,  /* starter -> nester: it is; or NEST_FAILED */
    /* starter -> nester: also NEST_SIGNAL and NEST_KILL */
    NEST_STOP,     /* within `value` ms. NEST_ENDED comes back from what has ended, however it did */
    /* nester -> starter, with NEST_HAS_LAUNCHER: instead of NEST_BEGUN */
    NEST_SPAWN,    /* `id`, `spawned`.capabilities; [1] the first process's end of its control socket: have it made */
    NEST_SPAWNED,  /* starter -> nester: `spawned`; [1 or 2] its pidfd, what the machine's sensor tells of it; or NEST_FAILED */
};

/*
 * Of HELLO: whoever started the outermost one hears its record, and says what of it is where nobody changes it; what it asks to have signed goes to whom that one knows. Whose
 * service all of them are of. A launcher makes its first process.
 */
enum nest_wants { NEST_WANTS_RECORDS = 1, NEST_WANTS_SETTLED = 2, NEST_HAS_SIGNER = 4, NEST_OF_USER = 8, NEST_OF_SYSTEM = 16, NEST_HAS_LAUNCHER = 32 };

struct nest_limits { /* as struct tier_limits */
    uint64_t memory, pids, cpu_milli;
    uint32_t counts_cpu, unused;
};

struct nest_runs {
    char digest[80];   /* of its policy */
    char command[256]; /* for people, cut */
};

struct nest_spawned { /* as struct tier_spawned */
    uint64_t capabilities, cgroup_id;
    uint32_t pid, uid, gid, login_uid, session, unused;
    char cgroup[TIER_CGROUP_SIZE];
};

struct nest_packet {
    uint32_t magic, type;
    int32_t value;
    uint32_t streams;
    uint16_t rows, columns;
    uint32_t depth, number;
    char id[NEST_ID_SIZE];
    union {
        struct cordon_status status;
        struct error error;
        struct nest_limits limits;
        struct nest_runs runs;
        struct nest_spawned spawned;
        char piece[NEST_PIECE];
    };
};

/* Whole and at once: 0, -EAGAIN, -EPIPE ... */
int nest_send(int socket, const struct nest_packet *packet, const int *fds, size_t count) must_check;

/*
 * 1 = a packet with the descriptors *ret_count (the caller's, close-on-exec), 0 = the other end is gone, -EAGAIN = none now,
 * -EBADMSG = something that is none, whose descriptors are closed. Texts end. `flags` as for recvmsg().
 */
int nest_receive(int socket, struct nest_packet *ret_packet, int ret_fds[NEST_FDS_MAX], size_t *ret_count, int flags) must_check;

void nest_close_all(const int *fds, size_t count);

#endif
