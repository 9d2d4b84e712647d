/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection that no rule grants, and about which a person is asked (rules->is_asked). It is held: nothing of it is read, its name
 * is not resolved and nobody is dialled before the answer, which is for this one connection.
 */
#ifndef CORDON_GATEWAY_ASKED_H
#define CORDON_GATEWAY_ASKED_H

#include "gateway/gateway.h"

#define ASKED_HELD_MAX 64u /* connections that wait; one more is refused */

struct flow;
struct worker_message;

/* Can somebody be asked about this refused connection? Then flow->asked, and asked_begin() is next. */
bool asked_prepare(struct flow *flow, const struct net_decision *decision);
/* The client is watched. The flow may have ended when this returns. */
void asked_begin(struct flow *flow);

/* The starter's WORKER_ANSWER. One about a connection that has ended is nothing. */
void asked_answer(struct gateway *gateway, const struct worker_message *answer);

/* Does it wait for an answer, or for its addresses? */
bool asked_waits(const struct flow *flow);

/* As gateway_judge(), once it was allowed: by the rules that held then and the one that the person added. */
void asked_judge(struct flow *flow, const struct net_question *question, struct judgement *ret);

/* Other rules hold: the person's word was about the former ones. False: it waited, and has ended. */
bool asked_change(struct flow *flow);

/* The time of some rules is over, of the one that a person's answer made perhaps. False: it waits on, or has ended. */
bool asked_end(struct flow *flow);
/* When the next of its own ends; 0 = none does. */
uint64_t asked_next_end_ms(const struct flow *flow);

/* Where it leads, in place of what the program was told. */
void asked_tell(const struct flow *flow, struct worker_message *message);

/* Of flow_free(). */
void asked_free(struct flow *flow);

#endif
