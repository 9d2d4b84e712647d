/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a client says of itself, as long as it decides where its connection may go. It is looked at and left where it is.
 *
 * System calls: recvfrom.
 */
#include <errno.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "gateway/flow.h"
#include "gateway/hello.h"

#define SILENCE_MS 100   /* after which a client may be one that waits for the server */
#define GIVE_MS    10000 /* for an inspector that has no room */

static void hold(struct flow *flow, bool is_held)
{
    flow->is_waiting = is_held;
    flow->pump.ways[PUMP_UP].is_held = is_held;
    if (!is_held)
        loop_cancel(flow->gateway->loop, &flow->hello_timer);
}

void flow_wait_for_name(struct flow *flow)
{
    hold(flow, true);
    loop_start(flow->gateway->loop, &flow->hello_timer, SILENCE_MS);
}

/* Requests decide: whoever reads them has to be able to. */
static bool ask_requests(struct flow *flow, struct net_decision *decision, size_t size)
{
    flow->is_tls = flow->question.is_tls;
    flow->is_terminated = decision->terminates;
    flow->is_requested = flow->is_tls ? flow->is_terminated : hello_is_http(flow->gateway->peeked, size);
    if (flow->is_requested) {
        flow->give_until_ns = loop_now_ns(flow->gateway->loop) + GIVE_MS * NS_PER_MS;
        return true;
    }
    decision->reason = NET_OPAQUE;
    flow_end_denied(flow, decision);
    return false;
}

/* What it says is known now, in `size` bytes of gateway->peeked. */
static bool said(struct flow *flow, enum net_said what, size_t size)
{
    struct net_decision decision;

    flow->question.said = what;
    flow->question.name = what == NET_SAID_NAME ? flow->said : NULL;
    flow->question.is_tls = size && hello_is_tls(flow->gateway->peeked, size);
    decision = flow_judge(flow);
    if (decision.verdict != NET_PERMIT && decision.verdict != NET_ASK_REQUEST) {
        flow_end_denied(flow, &decision);
        return false;
    }
    if (decision.verdict == NET_ASK_REQUEST && !ask_requests(flow, &decision, size))
        return false;
    hold(flow, false);
    return flow_permit(flow, &decision) && flow_dial(flow);
}

static bool refuse_unsaid(struct flow *flow)
{
    static const struct net_decision unsaid = {.verdict = NET_REFUSE, .reason = NET_NOT_SAID};

    flow_end_denied(flow, &unsaid);
    return false;
}

/* Look at what the client has sent. */
bool flow_listen(struct flow *flow)
{
    struct gateway *gateway = flow->gateway;
    ssize_t size = recv(flow->watches[0].fd, gateway->peeked, sizeof(gateway->peeked), MSG_PEEK | MSG_DONTWAIT);
    size_t hello;

    if (size < 0 && errno == EAGAIN)
        return true;
    if (size < 0) {
        flow_end_failed(flow, errno);
        return false;
    }
    if (size == 0)
        return said(flow, NET_SAID_NOTHING, 0); /* it will only listen */
    switch (hello_read(gateway->peeked, (size_t)size, flow->said)) {
    case HELLO_MORE:
        if (flow->pump.sides[0].has_hung_up)
            return refuse_unsaid(flow);
        if (!flow->has_spoken)
            loop_start(gateway->loop, &flow->hello_timer, FLOW_HELLO_MS);
        flow->has_spoken = true;
        return true;
    case HELLO_NAME:
        hello = hello_size(gateway->peeked, (size_t)size);
        if (!said(flow, NET_SAID_NAME, (size_t)size))
            return false;
        if (!flow->is_requested)
            retry_begin(flow, hello);
        return true;
    case HELLO_NOTHING:
        return said(flow, NET_SAID_NOTHING, (size_t)size);
    case HELLO_NO_NAME:
        return said(flow, NET_SAID_NO_NAME, (size_t)size);
    case HELLO_WRONG:
        break;
    }
    return refuse_unsaid(flow);
}

/* At the ports of HTTP and TLS it is the client that speaks first. */
static bool is_for_requests(unsigned port)
{
    static const uint16_t ports[] = {80, 443, 8080, 8443};

    for (size_t i = 0; i < ARRAY_COUNT(ports); i++)
        if (port == ports[i])
            return true;
    return false;
}

/* Would it be permitted if it said nothing? Then it is no loss to let the server speak first. */
static bool may_be_silent(struct flow *flow)
{
    struct net_question question = flow->question;
    struct judgement judgement;

    question.said = NET_SAID_NOTHING;
    flow_ask(flow, &question, &judgement);
    flow->to = judgement.to;
    return judgement.decision.verdict == NET_PERMIT && !is_for_requests(question.port);
}

void flow_hello_due(struct loop_timer *timer)
{
    struct flow *flow = container_of(timer, struct flow, hello_timer);

    if (flow->retry)
        flow_end_second(flow, -EACCES);
    else if (flow->has_spoken)
        refuse_unsaid(flow);
    else if (may_be_silent(flow))
        (void)flow_dial(flow);
    else {
        flow->has_spoken = true; /* it has to */
        loop_start(flow->gateway->loop, timer, FLOW_HELLO_MS);
    }
}

