/* SPDX-License-Identifier: Apache-2.0 */
/* One TCP connection through the gateway: judged, dialled, pumped, told of. */
#ifndef CORDON_GATEWAY_FLOW_H
#define CORDON_GATEWAY_FLOW_H

#include "gateway/gateway.h"
#include "gateway/retry.h"
#include "worker/budget.h"

#define FLOW_HELLO_MS 10000 /* for what began to say a name to end it */

struct flow {
    struct gateway *gateway;
    struct flow *next, **before;
    struct flow *next_given;
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
    uint32_t pid; /* whose it is, as far as its socket's mark says */
    uint16_t program;

    struct pump_meter meter; /* the pump's, where a budget counts it */
    struct budget_use use;
    struct budget_short missing[2]; /* that held up the pump's ways */

    bool is_tls, is_terminated;
    bool is_requested; /* requests decide: it goes to the inspector when it is connected */
    bool is_given;     /* the inspector has its sockets */
    bool is_own, has_given_name; /* as the inspector has to ask again: net_question, and `said` is one of its names */
    uint64_t give_until_ns;
    bool is_held;      /* nothing of it goes on until it is recorded: logged.c */
    bool is_logged;    /* it is */
    struct asked *asked; /* a person is asked, or has allowed it; NULL = rules decide */
};

/* A connection that was accepted inside; takes `client` in every case. */
void flow_begin(struct gateway *gateway, int client);

/* A connection that was accepted at a door; takes `client`. */
void flow_begin_door(struct gateway *gateway, const struct net_door *door, bool is_inward, int client);

/* By the rules that hold now. */
/* Other rules hold (`is_new`), or the time of some of these is over. */
void flow_judge_all(struct gateway *gateway, bool is_new);

/* Close every connection, with an event each. */
void flow_end_all(struct gateway *gateway);

/* A budget that it counts for has none left: of all whose bytes are used up. */
void flow_end_unpaid(struct gateway *gateway);

/* Refuse an accepted connection so that the other end sees a reset. */
void flow_reset(int fd);

/* ---- between the files of a flow; those that return false have ended it ---- */

/* flow.c */
void flow_free(struct flow *flow, bool is_reset);
void flow_end_denied(struct flow *flow, const struct net_decision *decision);
void flow_end_failed(struct flow *flow, int number);
struct net_decision flow_judge(struct flow *flow);
/* The same without consequences, about another question. */
void flow_ask(struct flow *flow, const struct net_question *question, struct judgement *ret);
/* It is permitted: count it, and keep the address given for its name. */
bool flow_permit(struct flow *flow, const struct net_decision *decision);
bool flow_dial(struct flow *flow);
/* What comes behind its hello: -EACCES is a second one that is not like the first. */
void flow_end_second(struct flow *flow, int status);

/* flow_said.c: what the client says of itself */
void flow_wait_for_name(struct flow *flow);
bool flow_listen(struct flow *flow);
void flow_hello_due(struct loop_timer *timer);

/* flow_budget.c */
bool flow_count(struct flow *flow, const struct net_decision *decision);
/* It stays permitted, by other rules. */
void flow_recount(struct flow *flow, const struct net_decision *decision);
/* What the pump was short of: ask again later, or end. */
bool flow_pay(struct flow *flow, bool is_going_on);

#endif
