/* SPDX-License-Identifier: Apache-2.0 */
#include "gateway/logged.h"

#include "gateway/flow.h"
#include "gateway/flow_tell.h"
#include "gateway/ping.h"
#include "gateway/udp.h"

static const struct net_decision not_logged = {.verdict = NET_REFUSE, .reason = NET_NOT_LOGGED};

bool logged_hold(struct flow *flow)
{
    struct worker_message message = events_about(0, &flow->question, flow->name, flow->where);

    if (flow->is_held)
        return true;
    message.connection = flow->number;
    message.pid = flow->pid;
    message.program = flow->program;
    if (!flow->door)
        gateway_tell_address(&message, &flow->to);
    if (!logged_ask(flow->gateway, &message)) {
        flow_end_denied(flow, &not_logged);
        return false;
    }
    flow->is_held = true;
    return true;
}

static void go_on(struct flow *flow, bool is_recorded)
{
    struct loop *loop = flow->gateway->loop;

    flow->is_held = false;
    flow->is_logged = is_recorded;
    if (!is_recorded) {
        flow_end_denied(flow, &not_logged);
        return;
    }
    if (flow_dial(flow))
        loop_start(loop, &flow->again_timer, 0); /* what has come meanwhile has been told of already */
}

bool logged_answer(struct gateway *gateway, const struct worker_message *answer)
{
    bool is_recorded = answer->kind == WORKER_ANSWER_ALLOW;

    for (struct flow *flow = gateway->flows; flow; flow = flow->next)
        if (flow->number == answer->connection && flow->is_held) {
            go_on(flow, is_recorded);
            return true;
        }
    return (gateway->udp && udp_logged(gateway->udp, answer->connection, is_recorded)) ||
           (gateway->ping && ping_logged(gateway->ping, answer->connection, is_recorded));
}
