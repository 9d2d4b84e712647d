/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a connection: by which rule, under which name, how it ended. */
#ifndef CORDON_GATEWAY_FLOW_TELL_H
#define CORDON_GATEWAY_FLOW_TELL_H

#include "net/rules.h"

struct flow;

void flow_tell_connected(struct flow *flow);
void flow_tell_denied(struct flow *flow, const struct net_decision *decision);

/* `number` is an errno; of flow_tell_closed() 0 where both ends were met. */
void flow_tell_failed(struct flow *flow, int number);
void flow_tell_closed(struct flow *flow, int number);

#endif
