/* SPDX-License-Identifier: Apache-2.0 */
/* One connection of a program to one server, from the message that brought it to its end. */
#ifndef CORDON_INSPECT_FLOW_H
#define CORDON_INSPECT_FLOW_H

#include "inspect/inspector.h"
#include "inspect/stream.h"

enum { PROGRAM = 0, SERVER = 1 };

enum flow_result {
    FLOW_WAIT,   /* for more of either side */
    FLOW_AGAIN,  /* there is more to do now, others first */
    FLOW_DONE,   /* both sides have been told so */
    FLOW_BROKEN, /* both are reset */
};

struct flow;
struct hold_client;

/* What is spoken on an opened connection. */
struct flow_protocol {
    int (*open)(struct flow *flow); /* 0, -ENOMEM; sets flow->state */
    enum flow_result (*run)(struct flow *flow);
    void (*judge_again)(struct flow *flow); /* by new rules; may set flow->is_refused */
    void (*close)(struct flow *flow);       /* frees flow->state */
};
extern const struct flow_protocol flow_http1, flow_h2;

enum flow_phase {
    PHASE_HELLO,  /* what the program says in TLS is awaited */
    PHASE_SERVER, /* TLS to the server */
    PHASE_ACCEPT, /* TLS to the program goes on */
    PHASE_OPEN,
    PHASE_LINGER, /* the program has its last answer, and may still be sending */
};

struct flow {
    struct inspector *inspector;
    struct flow *next, **before;
    struct stream sides[2];
    struct loop_timer deadline, idle, again;
    enum flow_phase phase;
    const struct flow_protocol *protocol;
    void *state; /* of the protocol */
    bool is_refused; /* by new rules */
    bool is_told;    /* the last event of it */
    int errnum;      /* with which it ended */
    /* as the gateway said */
    struct worker_message about;
    struct net_address address;
    /* TLS */
    bool has_hello;
    unsigned char alpn[64]; /* what the program offered, as far as it is known here */
    unsigned alpn_size;
    bool speaks_h2;
    char failure[256]; /* why there is no server: every request is answered with it; empty = there is one */
    struct budget_use use; /* what its bytes count for: of the last request */
    uint64_t lent[2];      /* paid for so, and perhaps another request's */
    bool owes;             /* a rate of `use` is in debt */
    /* through the holder (held.h); NULL = not */
    struct hold_client *hold;
    struct buffer held_in; /* its answers, as HTTP/1.1 */
    bool is_held_open, held_is_chunked, held_is_head;
    unsigned held_status;
    uint64_t began_ns, active_ns, lingered;
    uint64_t over_ns; /* it goes on no longer than that, whatever comes; 0 = no such end */
    uint64_t bytes_up, bytes_down;
};

/* Takes both sockets in every case. */
void flow_begin(struct inspector *inspector, const struct worker_message *message, int program, int server);

/* By the rules that hold now. */
void flow_judge_all(struct inspector *inspector);
void flow_end_all(struct inspector *inspector);

/* Within so many ms from now something has to be finished; 0 = no longer. */
void flow_set_deadline(struct flow *flow, unsigned ms);

/* There is no server: the gateway has been told so and counts it no more. Time for an answer that says why, and no later deadline. */
void flow_set_end(struct flow *flow);

/* Read what a side has into `in` as long as that holds less than `most`. true = something came, or the end. -errno in *ret_broken. */
bool flow_fill(struct flow *flow, unsigned side, struct buffer *in, size_t most, int *ret_broken);

/* As stream_flush(); a server that takes nothing more does not break the flow: what it said before is read first. */
int flow_flush(struct flow *flow, unsigned side) must_check;

/*
 * One request counts from here on, as `use` says, and so do the `size` bytes of it that have come. false: a budget is used up,
 * *ret_where is its.
 */
bool flow_pay_request(struct flow *flow, const struct budget_use *use, uint64_t size, const char **ret_where);

/*
 * So many bytes of what came from a side last are of a request that counts as `use` says: they were read before anybody could
 * know that. false: a budget is used up.
 */
bool flow_pay_bytes(struct flow *flow, unsigned side, const struct budget_use *use, uint64_t size);

/* TLS on both sides. 1 = opened, 0 = goes on, -errno = flow->failure or nothing says why. */
int flow_shake_hands(struct flow *flow);

/* HTTP/2, with this server? */
bool flow_may_speak_h2(const struct flow *flow);

#define FLOW_HEAD_MS 30000u
#define FLOW_READ    16384u

#endif
