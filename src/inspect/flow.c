/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection is two streams, a protocol between them, and three timers: for what has to end in time, for one that nobody
 * uses, and for its next turn when it had more to do than is fair. Only run() and what ends all flows free one.
 */
#include "inspect/flow.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "inspect/held.h"
#include "inspect/request.h"
#include "inspect/tell.h"

#define SHAKE_MS     30000u
#define IDLE_MS      (60 * 60 * 1000u)
#define LINGER_MS    2000u
#define LINGER_BYTES (1u << 20)
#define END_MS       10000u

static void flow_free(struct flow *flow, bool is_reset)
{
    struct inspector *inspector = flow->inspector;

    if (flow->state)
        flow->protocol->close(flow);
    tell_closed(flow);
    loop_cancel(inspector->loop, &flow->deadline);
    loop_cancel(inspector->loop, &flow->idle);
    loop_cancel(inspector->loop, &flow->again);
    held_close(flow);
    for (unsigned i = 0; i < 2; i++)
        stream_close(&flow->sides[i], inspector->loop, is_reset);
    *flow->before = flow->next;
    if (flow->next)
        flow->next->before = flow->before;
    inspector->flow_count--;
    mem_free(flow);
}

static void flow_break(struct flow *flow, int errnum)
{
    if (!flow->errnum)
        flow->errnum = errnum;
    flow_free(flow, true);
}

bool flow_may_speak_h2(const struct flow *flow)
{
    return !held_is_wanted(flow); /* the holder speaks HTTP/1.1 */
}

void flow_set_deadline(struct flow *flow, unsigned ms)
{
    uint64_t now = loop_now_ns(flow->inspector->loop), left_ms = flow->over_ns > now ? (flow->over_ns - now) / NS_PER_MS : 0;

    if (flow->over_ns && (!ms || ms > left_ms))
        loop_start(flow->inspector->loop, &flow->deadline, left_ms);
    else if (ms)
        loop_start(flow->inspector->loop, &flow->deadline, ms);
    else
        loop_cancel(flow->inspector->loop, &flow->deadline);
}

void flow_set_end(struct flow *flow)
{
    flow->over_ns = loop_now_ns(flow->inspector->loop) + END_MS * NS_PER_MS;
    flow_set_deadline(flow, END_MS);
}

/* ---- its turns ---- */

/* The program has been told all; what it still sends is read away, so that the last answer is not lost by a reset. */
static enum flow_result linger(struct flow *flow)
{
    struct stream *program = &flow->sides[PROGRAM];
    char waste[FLOW_READ];
    int status = stream_flush(program);
    ssize_t got;

    if (status < 0)
        return FLOW_BROKEN;
    if (!program->is_shut)
        return FLOW_WAIT;
    while ((got = stream_read(program, waste, sizeof(waste))) > 0 && flow->lingered < LINGER_BYTES)
        flow->lingered += (uint64_t)got;
    return got == -EAGAIN ? FLOW_WAIT : FLOW_DONE;
}

static bool begin_protocol(struct flow *flow)
{
    flow->protocol = flow->speaks_h2 ? &flow_h2 : &flow_http1;
    if (flow->protocol->open(flow) < 0)
        return false;
    flow->phase = PHASE_OPEN;
    flow_set_deadline(flow, 0);
    if (!flow->failure[0])
        tell_connected(flow);
    return true;
}

static enum flow_result run_once(struct flow *flow)
{
    int status;

    if (flow->phase < PHASE_OPEN) {
        status = flow->about.is_tls ? flow_shake_hands(flow) : 1;
        if (status < 0)
            flow->errnum = -status;
        if (status <= 0)
            return status < 0 ? FLOW_BROKEN : FLOW_WAIT;
        if (!begin_protocol(flow))
            return FLOW_BROKEN;
    }
    if (flow->phase == PHASE_OPEN) {
        enum flow_result result = flow->protocol->run(flow);

        if (result != FLOW_DONE)
            return result;
        flow->phase = PHASE_LINGER;
        flow_set_deadline(flow, LINGER_MS);
    }
    return linger(flow);
}

static void run(struct flow *flow)
{
    flow->active_ns = loop_now_ns(flow->inspector->loop);
    switch (run_once(flow)) {
    case FLOW_WAIT:
        break;
    case FLOW_AGAIN:
        loop_start(flow->inspector->loop, &flow->again, 0);
        break;
    case FLOW_DONE:
        flow_free(flow, false);
        break;
    case FLOW_BROKEN:
        flow_break(flow, ECONNRESET);
        break;
    }
}

static void side_ready(struct flow *flow, unsigned side, uint32_t events)
{
    stream_note(&flow->sides[side], events);
    if (flow->sides[side].has_failed && (side == PROGRAM || flow->phase < PHASE_OPEN))
        flow_break(flow, ECONNRESET);
    else
        run(flow); /* what a server said before it broke is passed on */
}

static void program_ready(struct loop_watch *watch, uint32_t events)
{
    side_ready(container_of(watch, struct flow, sides[PROGRAM].watch), PROGRAM, events);
}

static void server_ready(struct loop_watch *watch, uint32_t events)
{
    side_ready(container_of(watch, struct flow, sides[SERVER].watch), SERVER, events);
}

static void again_due(struct loop_timer *timer)
{
    run(container_of(timer, struct flow, again));
}

static void deadline_due(struct loop_timer *timer)
{
    struct flow *flow = container_of(timer, struct flow, deadline);

    if (flow->phase == PHASE_LINGER)
        flow_free(flow, false);
    else
        flow_break(flow, ETIMEDOUT);
}

static void idle_due(struct loop_timer *timer)
{
    struct flow *flow = container_of(timer, struct flow, idle);
    uint64_t idle_ms = (loop_now_ns(flow->inspector->loop) - flow->active_ns) / 1000000;

    if (idle_ms >= IDLE_MS)
        flow_break(flow, ETIMEDOUT);
    else
        loop_start(flow->inspector->loop, timer, IDLE_MS - idle_ms);
}

/* ---- beginning ---- */

static void prepare_socket(int fd)
{
    static const int on = 1;

    fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

static struct flow *flow_new(struct inspector *inspector, const struct worker_message *message, int program, int server)
{
    struct flow *flow = mem_alloc(sizeof(*flow));

    if (!flow)
        return NULL;
    flow->inspector = inspector;
    flow->about = *message;
    flow->about.where[sizeof(flow->about.where) - 1] = flow->about.name[sizeof(flow->about.name) - 1] = '\0';
    flow->address.family = message->family;
    memcpy(flow->address.bytes, message->address, sizeof(flow->address.bytes));
    flow->sides[PROGRAM].watch = (struct loop_watch){.fd = program, .ready = program_ready};
    flow->sides[SERVER].watch = (struct loop_watch){.fd = server, .ready = server_ready};
    flow->again.due = again_due;
    flow->deadline.due = deadline_due;
    flow->idle.due = idle_due;
    flow->began_ns = flow->active_ns = loop_now_ns(inspector->loop);
    flow->next = inspector->flows;
    flow->before = &inspector->flows;
    if (flow->next)
        flow->next->before = &flow->next;
    inspector->flows = flow;
    inspector->flow_count++;
    return flow;
}

/* Both sides may be read and written at once; epoll says so when they are watched. */
static int watch(struct flow *flow)
{
    int status = 0;

    for (unsigned i = 0; i < 2 && status == 0; i++) {
        prepare_socket(flow->sides[i].watch.fd);
        status = loop_watch(flow->inspector->loop, &flow->sides[i].watch, STREAM_EVENTS);
    }
    return status;
}

void flow_begin(struct inspector *inspector, const struct worker_message *message, int program, int server)
{
    struct flow *flow = flow_new(inspector, message, program, server);
    struct net_decision decision;
    int status;

    if (!flow) {
        fd_close_at(&program);
        fd_close_at(&server);
        tell_untaken(inspector, message, ENOMEM);
        return;
    }
    status = inspector->flow_count > INSPECTOR_FLOWS_MAX ? -EMFILE : watch(flow);
    if (status == 0 && message->is_tls && (!message->is_terminated || !inspector->authority))
        status = -EOPNOTSUPP; /* no rule opens TLS: then it is the gateway's alone */
    if (status < 0) {
        tell_failed(flow, -status, "the inspector cannot take it");
        flow_free(flow, true);
        return;
    }
    decision = request_judge_flow(flow);
    flow->use = budget_use_of(&decision);
    flow_set_deadline(flow, SHAKE_MS);
    loop_start(inspector->loop, &flow->idle, IDLE_MS);
}

/* ---- new rules, the end ---- */

void flow_judge_all(struct inspector *inspector)
{
    for (struct flow *flow = inspector->flows, *next; flow; flow = next) {
        struct net_decision decision = request_judge_flow(flow);

        next = flow->next;
        flow->use = budget_use_of(&decision); /* but what is under way counts for its request: judge_again() */
        flow->lent[PROGRAM] = flow->lent[SERVER] = 0;
        flow->owes = false;
        if (decision.verdict != NET_REFUSE && flow->state)
            flow->protocol->judge_again(flow);
        if (decision.verdict != NET_REFUSE && !flow->is_refused)
            continue;
        tell_denied(flow, decision.verdict == NET_REFUSE ? decision.reason : NET_REQUEST, decision.where);
        flow_free(flow, true);
    }
}

void flow_end_all(struct inspector *inspector)
{
    tell_wait(inspector);
    while (inspector->flows)
        flow_free(inspector->flows, true);
}
