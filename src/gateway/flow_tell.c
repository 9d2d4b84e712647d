/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a connection. */
#include "gateway/flow_tell.h"

#include <string.h>

#include "gateway/asked.h"
#include "gateway/flow.h"
#include "gateway/pins.h"

static struct worker_message about(const struct flow *flow, enum worker_event_kind kind, const char *where)
{
    struct worker_message message =
        events_about(kind, &flow->question, flow->said[0] ? flow->said : flow->name, where);

    message.connection = flow->number;
    message.pid = flow->pid;
    message.program = flow->program;
    if (flow->asked)
        asked_tell(flow, &message);
    else if (pins_is_synthetic(&flow->question.address) && flow->to.family)
        gateway_tell_address(&message, &flow->to); /* what the program was told means nothing to anybody else */
    gateway_tell_name(flow->gateway, &message);
    return message;
}

void flow_tell_of(const struct flow *flow, struct worker_message *message)
{
    struct worker_message known = about(flow, (enum worker_event_kind)message->kind, NULL);

    message->protocol = known.protocol;
    message->port = known.port;
    message->family = known.family;
    memcpy(message->address, known.address, sizeof(message->address));
    message->pid = known.pid;
    message->program = known.program;
    memcpy(message->name, known.name, sizeof(message->name));
}

void flow_tell_denied(struct flow *flow, const struct net_decision *decision)
{
    struct worker_message message = about(flow, WORKER_DENIED, decision->where);

    message.reason = decision->reason;
    events_send(&flow->gateway->events, &message);
}

void flow_tell_failed(struct flow *flow, int number)
{
    struct worker_message message = about(flow, WORKER_FAILED, flow->where);

    message.errnum = number;
    events_send(&flow->gateway->events, &message);
}

void flow_tell_closed(struct flow *flow, int number)
{
    struct worker_message message = about(flow, WORKER_CLOSED, flow->where);

    message.errnum = number;
    message.bytes_up = flow->pump.ways[PUMP_UP].bytes;
    message.bytes_down = flow->pump.ways[PUMP_DOWN].bytes;
    message.duration_us = (loop_now_ns(flow->gateway->loop) - flow->began_ns) / 1000;
    events_send(&flow->gateway->events, &message);
}

void flow_tell_connected(struct flow *flow)
{
    struct worker_message message = about(flow, WORKER_CONNECTED, flow->where);

    events_send(&flow->gateway->events, &message);
}
