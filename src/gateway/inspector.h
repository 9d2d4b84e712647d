/* SPDX-License-Identifier: Apache-2.0 */
/* The way to the inspector: connections go to it whole, and what it tells of them comes back (worker/wire.h). */
#ifndef CORDON_GATEWAY_INSPECTOR_H
#define CORDON_GATEWAY_INSPECTOR_H

#include "gateway/gateway.h"

/* `fd` is one end of a pair, and taken. It is told of the counters, which gateway->budgets counts in from here on. */
int inspector_open(struct gateway *gateway, int fd, struct error *err) must_check;
int inspector_watch(struct gateway *gateway, struct error *err) must_check;
/* It is to end its connections; what it tells of them is passed on, for a fifth of a second at most. */
void inspector_close(struct gateway *gateway);

/* Both sockets of a flow, which stay the caller's as well. 0; -EAGAIN = it has no room now; -errno. */
int inspector_give(struct gateway *gateway, struct flow *flow) must_check;
/* A flow that was given is gone. */
void inspector_forget(struct gateway *gateway, struct flow *flow);

/* New rules; change_answered() has what it says to them. */
int inspector_send_rules(struct gateway *gateway, int fd) must_check;

#endif
