/* SPDX-License-Identifier: Apache-2.0 */
/* One TCP connection through the gateway: judged, dialled, pumped, told of. */
#ifndef CORDON_GATEWAY_FLOW_H
#define CORDON_GATEWAY_FLOW_H

#include "gateway/gateway.h"
#include "gateway/retry.h"

#define FLOW_HELLO_MS 10000 /* for what began to say a name to end it */

struct flow {
    struct gateway *gateway;
    struct flow *next, **before;
    struct loop_watch watches[2]; /* who connected, and whom the gateway connected to */
    struct pump pump;
    struct loop_timer hello_timer, again_timer;
    struct net_question question; /* without names */
    const struct net_door *door;  /* goes through one: not judged */
    bool is_inward;               /* the door */
    bool is_connected;
    bool is_waiting;   /* for the name that decides it */
    bool has_spoken;   /* while it is waited for: some of it has come */
    struct net_address to; /* where it leads */
    enum retry_step retry;
    size_t hello_left; /* bytes of the first hello that have not gone up */
    uint64_t number, began_ns;
    char name[NET_NAME_SIZE]; /* by which it is permitted */
    bool has_hold;            /* of that name on the address */
    const char *where;        /* of the rule that decided, in gateway->set */
    char said[NET_NAME_SIZE];
};

/* A connection that was accepted inside; takes `client` in every case. */
void flow_begin(struct gateway *gateway, int client);

/* A connection that was accepted at a door; takes `client`. */
void flow_begin_door(struct gateway *gateway, const struct net_door *door, bool is_inward, int client);

/* By the rules that hold now. */
void flow_judge_all(struct gateway *gateway);

/* Close every connection, with an event each. */
void flow_end_all(struct gateway *gateway);

/* Refuse an accepted connection so that the other end sees a reset. */
void flow_reset(int fd);

#endif
