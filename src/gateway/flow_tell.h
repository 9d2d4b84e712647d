/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a connection: by which rule, under which name, how it ended. */
#ifndef CORDON_GATEWAY_FLOW_TELL_H
#define CORDON_GATEWAY_FLOW_TELL_H

#include "net/rules.h"

struct flow;
struct worker_message;

void flow_tell_connected(struct flow *flow);
/* What somebody else tells of it: what the gateway knows itself takes the place of what is there. */
void flow_tell_of(const struct flow *flow, struct worker_message *message);
void flow_tell_denied(struct flow *flow, const struct net_decision *decision);

/* `number` is an errno; of flow_tell_closed() 0 where both ends were met. */
void flow_tell_failed(struct flow *flow, int number);
void flow_tell_closed(struct flow *flow, int number);

#endif
