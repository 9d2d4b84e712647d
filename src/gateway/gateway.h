/* SPDX-License-Identifier: Apache-2.0 */
/* What the parts of the running gateway share. */
#ifndef CORDON_GATEWAY_GATEWAY_H
#define CORDON_GATEWAY_GATEWAY_H

#include "worker/budget.h"
#include "worker/ends.h"
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
struct ping;
struct door;
struct inspector;

struct gateway {
    struct loop *loop;
    struct loop_watch channel; /* to the starter */
    bool is_ended;
    struct events events;
    struct ruleset *set;      /* the rules that hold */
    struct ruleset *pending;  /* those that the inspector has been asked about; NULL = none */
    bool is_pending_captured; /* routes and filter are made for these */
    struct ruleset *captured; /* those that routes and filter were made for */
    struct names *names;
    struct own *own;
    struct inside *inside;
    struct inside_sockets sockets;
    struct pipes pipes;
    struct flow *flows; /* connections */
    unsigned flow_count, flow_max;
    unsigned held_count; /* of the connections those that wait for a person, or for what one allowed */
    struct door *doors;
    size_t door_count;
    struct udp *udp;
    struct ping *ping; /* NULL = nobody may */
    struct inspector *inspector; /* NULL = there is none, and what requests decide is refused */
    struct budgets budgets, pending_budgets;
    struct ends ends;         /* of the rules that hold */
    struct loop_timer unpaid; /* a budget of bytes has come to its end: see who counts for it */
    unsigned char peeked[16384]; /* what a connection says of itself, while it is looked at */
};

struct judgement {
    struct net_decision decision; /* its name is the one below */
    char name[NET_NAME_SIZE];     /* empty = none */
    struct net_address to;        /* where it leads */
    bool is_own;                  /* the host's */
    bool has_given_name;          /* what it says is a name for which this container was given the address */
};

/*
 * net_decide() with what this container was told of the address. question->address is the one that the program used. What
 * only the inspector could judge is refused where there is none.
 */
void gateway_judge(struct gateway *gateway, const struct net_question *question, struct judgement *ret);

/*
 * One connection, or the first datagram of a flow, that `decision` permits, counted against its budgets; used up: false, and
 * `decision` refuses it.
 */
bool gateway_count(struct gateway *gateway, struct net_decision *decision);

/* May a datagram of this size go on? What a rate has no room for is lost; at the end of a budget so is everything. */
bool gateway_count_bytes(struct gateway *gateway, const struct budget_use *use, enum budget_kind kind, size_t size);

/* `budget` had nothing left of `kind`: tell it once, and end what it holds up. */
void gateway_end_budget(struct gateway *gateway, uint16_t budget, enum budget_kind kind);
/* The same where somebody else was told to tell it. */
void gateway_tell_budget(struct gateway *gateway, uint16_t budget, enum budget_kind kind);

/* In place of what the message says; family 0 = none. */
void gateway_tell_address(struct worker_message *message, const struct net_address *address);
/* A provisional address is nobody's: what is told is the name that it stands for. */
void gateway_tell_name(const struct gateway *gateway, struct worker_message *message);

/* Every connection ends, then the gateway. With `err` because it has failed; the starter hears why. */
void gateway_end(struct gateway *gateway, const struct error *err);

/* Of the container's or the gateway's own addresses: nobody outside has them. */
bool gateway_is_inside(const struct net_address *address);

#endif
