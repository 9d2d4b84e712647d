/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The inspector reads what programs send, so what it tells is no more than what it may tell: of connections that it was
 * given, of the kinds that are its own. What the gateway knows itself it does not take from there.
 *
 * System calls: recvmsg, sendmsg, shutdown, setsockopt, fcntl, close.
 */
#include "gateway/inspector.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "gateway/change.h"
#include "gateway/flow.h"
#include "gateway/flow_tell.h"
#include "worker/channel.h"

#define BUCKETS   256u
#define AT_ONCE   64
#define ANSWER_MS 10000 /* for new rules */

#define LAST_WORDS_MS 200 /* for all that it has to say of its end */

struct inspector {
    struct gateway *gateway;
    struct loop_watch watch;
    struct loop_timer patience;
    struct flow *given[BUCKETS];
};

static void inspector_gone(struct inspector *inspector, const char *why)
{
    struct error err = ERROR_INIT;

    (void)error_set(&err, ERROR_SYSTEM, ECONNRESET, "%s: nobody reads requests any more", why);
    gateway_end(inspector->gateway, &err);
}

static void answer_due(struct loop_timer *timer)
{
    inspector_gone(container_of(timer, struct inspector, patience), "the inspector does not answer to new rules");
}

/* ---- connections ---- */

static struct flow **bucket_of(struct inspector *inspector, uint64_t number)
{
    return &inspector->given[number % BUCKETS];
}

static struct flow *find(struct inspector *inspector, uint64_t number)
{
    struct flow *flow = *bucket_of(inspector, number);

    while (flow && flow->number != number)
        flow = flow->next_given;
    return flow;
}

int inspector_give(struct gateway *gateway, struct flow *flow)
{
    const int fds[] = {flow->watches[0].fd, flow->watches[1].fd};
    struct flow **bucket = bucket_of(gateway->inspector, flow->number);
    struct net_question dialled = flow->question;
    struct worker_message message;
    int status;

    dialled.address = flow->to;
    message = events_about((enum worker_event_kind)0, &dialled, flow->question.said == NET_SAID_NAME ? flow->said : NULL,
                           flow->where);
    message.type = WORKER_FLOW;
    message.kind = (flow->has_given_name ? WORKER_FLOW_GIVEN : 0) | (flow->is_own ? WORKER_FLOW_OWN : 0);
    message.connection = flow->number;
    message.pid = flow->pid;
    message.program = flow->program;
    message.is_tls = flow->is_tls;
    message.is_terminated = flow->is_terminated;
    status = channel_send_with(gateway->inspector->watch.fd, &message, fds, ARRAY_COUNT(fds), false);
    if (status == 0) {
        flow->next_given = *bucket;
        *bucket = flow;
    }
    return status;
}

void inspector_forget(struct gateway *gateway, struct flow *flow)
{
    struct flow **at = bucket_of(gateway->inspector, flow->number);

    while (*at && *at != flow)
        at = &(*at)->next_given;
    if (*at)
        *at = flow->next_given;
}

/* ---- what it tells ---- */

enum meaning { MEANS_NOTHING = 0, MEANS_NEWS, MEANS_END };

/* Of a connection. */
static const unsigned char meanings[] = {
    [WORKER_CONNECTED] = MEANS_NEWS, [WORKER_REQUEST] = MEANS_NEWS, [WORKER_REQUEST_DENIED] = MEANS_NEWS,
    [WORKER_SECRET_DENIED] = MEANS_NEWS, [WORKER_DENIED] = MEANS_END,   [WORKER_FAILED] = MEANS_END,
    [WORKER_CLOSED] = MEANS_END,
};

static void budget_ended(struct gateway *gateway, const struct worker_message *told)
{
    const struct net_rules *rules = gateway->budgets.rules;

    for (uint16_t i = 1; i <= rules->budget_count; i++)
        for (enum budget_kind kind = 0; kind < BUDGET_KINDS; kind++)
            if (strncmp(told->where, rules->budgets[i - 1].where, sizeof(told->where) - 1) == 0 &&
                strcmp(told->method, budget_kind_text(kind)) == 0) {
                gateway_tell_budget(gateway, i, kind);
                return;
            }
    gateway->events.lost++;
}

static void pass_on(struct inspector *inspector, const struct worker_message *told)
{
    struct gateway *gateway = inspector->gateway;
    enum meaning meaning = told->kind < ARRAY_COUNT(meanings) ? meanings[told->kind] : MEANS_NOTHING;
    struct flow *flow = meaning ? find(inspector, told->connection) : NULL;
    struct worker_message message = *told;

    if (told->kind == WORKER_LOST) {
        gateway->events.lost += told->count;
        return;
    }
    if (told->kind == WORKER_BUDGET) {
        budget_ended(gateway, told);
        return;
    }
    if (!flow || told->reason > NET_CROWDED || told->errnum < 0) {
        gateway->events.lost++;
        return;
    }
    flow_tell_of(flow, &message);
    events_send(&gateway->events, &message);
    if (meaning == MEANS_END)
        flow_free(flow, false);
}

/* false = it is gone, and so is everything. */
static bool hear_one(struct inspector *inspector, int *ret_status)
{
    struct worker_message message;
    struct error err = ERROR_INIT;
    auto_close int fd = -1;
    int status = *ret_status = channel_receive(inspector->watch.fd, &message, &fd, &err);

    if (status == -EAGAIN)
        return true;
    if (status > 0 && message.type == WORKER_EVENT) {
        pass_on(inspector, &message);
        return true;
    }
    if (status > 0 && (message.type == WORKER_APPLIED || message.type == WORKER_ERROR) &&
        change_is_pending(inspector->gateway)) {
        loop_cancel(inspector->gateway->loop, &inspector->patience);
        change_answered(inspector->gateway, &message);
        return !inspector->gateway->is_ended;
    }
    inspector_gone(inspector, status == 0 ? "the inspector ended" : "the inspector said what it may not say");
    return false;
}

static void ready(struct loop_watch *watch, uint32_t events)
{
    struct inspector *inspector = container_of(watch, struct inspector, watch);
    int status = 1;

    (void)events;
    for (int i = 0; i < AT_ONCE && status > 0; i++)
        if (!hear_one(inspector, &status))
            return;
}

/* ---- beginning and end ---- */

int inspector_open(struct gateway *gateway, int fd, struct error *err)
{
    static const struct worker_message message = {.type = WORKER_COUNTERS};
    struct inspector *inspector = mem_alloc(sizeof(*inspector));
    auto_close int taken = fd, counters = -1;
    int status;

    if (!inspector)
        return error_memory(err);
    status = budgets_create(&gateway->budgets, &counters, err);
    if (status == 0) /* whoever takes them finds the counters of these rules in them */
        status = budgets_set_rules(&gateway->budgets, gateway->set->rules, true, err);
    if (status == 0) {
        status = channel_send_with(taken, &message, &counters, 1, true);
        status = status < 0 ? error_system(err, -status, "tell the inspector of the counters of budgets") : 0;
    }
    if (status < 0) {
        mem_free(inspector);
        return status;
    }
    *inspector = (struct inspector){
        .gateway = gateway, .watch = {.fd = take_fd(taken), .ready = ready}, .patience = {.due = answer_due}};
    gateway->inspector = inspector;
    return 0;
}

int inspector_watch(struct gateway *gateway, struct error *err)
{
    int status;

    if (!gateway->inspector)
        return 0;
    if (fcntl(gateway->inspector->watch.fd, F_SETFL, O_NONBLOCK) < 0)
        return error_system(err, errno, "prepare the way to the inspector");
    status = loop_watch(gateway->loop, &gateway->inspector->watch, EPOLLIN | EPOLLRDHUP);
    return status < 0 ? error_system(err, -status, "watch the inspector") : 0;
}

/* false = it has no more to say, or has had its time. */
static bool hear_last(struct inspector *inspector, uint64_t until_ns)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct timeval patience = {.tv_usec = now_ns < until_ns ? (suseconds_t)((until_ns - now_ns) / 1000) : 0};
    struct worker_message message;
    auto_close int fd = -1;

    /* none is no end of waiting (socket(7)) */
    if (!patience.tv_usec || setsockopt(inspector->watch.fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0 ||
        channel_receive(inspector->watch.fd, &message, &fd, NULL) <= 0)
        return false;
    if (message.type == WORKER_EVENT)
        pass_on(inspector, &message);
    return true;
}

void inspector_close(struct gateway *gateway)
{
    struct inspector *inspector = gateway->inspector;
    uint64_t until_ns = clock_monotonic_ns() + LAST_WORDS_MS * NS_PER_MS;

    if (!inspector)
        return;
    loop_cancel(gateway->loop, &inspector->patience);
    loop_forget(gateway->loop, &inspector->watch);
    shutdown(inspector->watch.fd, SHUT_WR);
    if (fcntl(inspector->watch.fd, F_SETFL, 0) == 0)
        while (hear_last(inspector, until_ns))
            ;
    fd_close_at(&inspector->watch.fd);
    inspector->watch.fd = -1;
}

int inspector_send_rules(struct gateway *gateway, int fd)
{
    static const struct worker_message message = {.type = WORKER_RULES};
    int status = channel_send_with(gateway->inspector->watch.fd, &message, &fd, 1, false);

    if (status == 0)
        loop_start(gateway->loop, &gateway->inspector->patience, ANSWER_MS);
    return status;
}
