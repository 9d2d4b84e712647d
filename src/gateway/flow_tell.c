/* SPDX-License-Identifier: Apache-2.0 */
/* What is told of a connection. */
#include "gateway/flow_tell.h"

#include "gateway/flow.h"

static struct gateway_message about(const struct flow *flow, enum gateway_event_kind kind, const char *where)
{
    struct gateway_message message =
        events_about(kind, &flow->question, flow->said[0] ? flow->said : flow->name, where);

    message.connection = flow->number;
    return message;
}

void flow_tell_denied(struct flow *flow, const struct net_decision *decision)
{
    struct gateway_message message = about(flow, GATEWAY_DENIED, decision->where);

    message.reason = decision->reason;
    events_send(&flow->gateway->events, &message);
}

void flow_tell_failed(struct flow *flow, int number)
{
    struct gateway_message message = about(flow, GATEWAY_FAILED, flow->where);

    message.errnum = number;
    events_send(&flow->gateway->events, &message);
}

void flow_tell_closed(struct flow *flow, int number)
{
    struct gateway_message message = about(flow, GATEWAY_CLOSED, flow->where);

    message.errnum = number;
    message.bytes_up = flow->pump.ways[PUMP_UP].bytes;
    message.bytes_down = flow->pump.ways[PUMP_DOWN].bytes;
    message.duration_us = (loop_now_ns(flow->gateway->loop) - flow->began_ns) / 1000;
    events_send(&flow->gateway->events, &message);
}

void flow_tell_connected(struct flow *flow)
{
    struct gateway_message message = about(flow, GATEWAY_CONNECTED, flow->where);

    events_send(&flow->gateway->events, &message);
}
