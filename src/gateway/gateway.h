/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the running gateway share. */
#ifndef CORDON_GATEWAY_GATEWAY_H
#define CORDON_GATEWAY_GATEWAY_H

#include "worker/events.h"
#include "gateway/inside.h"
#include "worker/loop.h"
#include "gateway/names.h"
#include "gateway/own.h"
#include "gateway/pump.h"
#include "gateway/ruleset.h"

#define CONNECTIONS_MAX 4096u

struct flow;
struct udp;
struct door;

struct gateway {
    struct loop *loop;
    struct events events;
    struct ruleset *set;      /* the rules that hold */
    struct ruleset *captured; /* those that routes, filter and listeners were made for */
    struct names *names;
    struct own *own;
    struct inside *inside;
    struct inside_sockets sockets;
    struct pipes pipes;
    struct flow *flows; /* connections */
    unsigned flow_count, flow_max;
    struct door *doors;
    size_t door_count;
    struct udp *udp;
    unsigned char peeked[16384]; /* what a connection says of itself, while it is looked at */
};

/*
 * net_decide() with what this container was told of the address. *ret_dial is where it leads, ret_decision->name is copied
 * to `ret_name` (NET_NAME_SIZE, may be empty). question->address is the one that the program used.
 */
void gateway_judge(struct gateway *gateway, const struct net_question *question, struct net_address *ret_dial,
                   struct net_decision *ret_decision, char *ret_name);

/* Of the container's or the gateway's own addresses: nobody outside has them. */
bool gateway_is_inside(const struct net_address *address);

#endif
