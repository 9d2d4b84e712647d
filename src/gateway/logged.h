/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Under audit.mode: required nothing leaves before the starter has it in the audit log: a connection that is permitted is held until the starter says so,
 * and ends where it says that it could not (set->is_logged).
 */
#ifndef CORDON_GATEWAY_LOGGED_H
#define CORDON_GATEWAY_LOGGED_H

#include "gateway/gateway.h"

struct worker_message;

/* Ask for a record of what `message` is about (events_about(), with connection, pid and program). false: it cannot be asked now. */
bool logged_ask(struct gateway *gateway, struct worker_message *message);

/* The flow waits for its record. False: it could not be asked for, and the flow has ended. */
bool logged_hold(struct flow *flow);

/* The starter's WORKER_ANSWER, where it is about what waits for its record. */
bool logged_answer(struct gateway *gateway, const struct worker_message *answer);

#endif
