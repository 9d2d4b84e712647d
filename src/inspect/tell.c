/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/tell.h"

#include <errno.h>
#include <string.h>

#include "worker/channel.h"

#define RETRY_MS 64u

static void set_text(char *to, size_t size, const char *text)
{
    size_t length = text ? strnlen(text, size - 1) : 0;

    memcpy(to, text ? text : "", length);
    to[length] = '\0';
}

static struct worker_message about(const struct flow *flow, enum worker_event_kind kind, const char *where)
{
    struct worker_message message = flow->about;

    message.type = WORKER_EVENT;
    message.kind = kind;
    message.reason = 0;
    message.errnum = 0;
    message.count = 0;
    message.method[0] = message.path[0] = message.call[0] = message.tool[0] = message.secret[0] = '\0';
    message.bytes_up = message.bytes_down = message.duration_us = 0;
    if (where)
        set_text(message.where, sizeof(message.where), where);
    return message;
}

static void send(struct flow *flow, const struct worker_message *message)
{
    if (!flow->is_told)
        events_send(&flow->inspector->events, message);
}

/* false = there is no room. What else fails means that nobody hears. */
static bool send_now(struct inspector *inspector, const struct worker_message *message)
{
    if (channel_send(inspector->events.channel, message, inspector->events.may_wait) != -EAGAIN)
        return true;
    inspector->events.may_wait = false;
    return false;
}

static void last_words_due(struct loop_timer *timer)
{
    struct inspector *inspector = container_of(timer, struct inspector, last_words_due);
    struct worker_message message;

    while (inspector->last_words.size) {
        memcpy(&message, buffer_bytes(&inspector->last_words), sizeof(message));
        if (!send_now(inspector, &message)) {
            loop_start(inspector->loop, timer, RETRY_MS);
            return;
        }
        buffer_take(&inspector->last_words, sizeof(message));
    }
}

/* The gateway counts connections by the last event of each, so it waits for room where there is none. */
static void say_last(struct inspector *inspector, const struct worker_message *message)
{
    if (!inspector->last_words.size && send_now(inspector, message))
        return;
    if (!buffer_add(&inspector->last_words, message, sizeof(*message))) {
        inspector->events.lost++;
        return;
    }
    inspector->last_words_due.due = last_words_due;
    if (!inspector->last_words_due.before)
        loop_start(inspector->loop, &inspector->last_words_due, RETRY_MS);
}

static void send_last(struct flow *flow, const struct worker_message *message)
{
    if (flow->is_told)
        return;
    flow->is_told = true;
    say_last(flow->inspector, message);
}

void tell_wait(struct inspector *inspector)
{
    struct worker_message lost = {.type = WORKER_EVENT, .kind = WORKER_LOST, .count = inspector->events.lost};

    events_wait(&inspector->events);
    if (lost.count && send_now(inspector, &lost))
        inspector->events.lost = 0;
    last_words_due(&inspector->last_words_due);
}

static uint64_t since_us(const struct flow *flow, uint64_t began_ns)
{
    uint64_t now = loop_now_ns(flow->inspector->loop);

    return now > began_ns ? (now - began_ns) / 1000 : 0;
}

void tell_connected(struct flow *flow)
{
    struct worker_message message = about(flow, WORKER_CONNECTED, NULL);

    send(flow, &message);
}

void tell_denied(struct flow *flow, enum net_reason reason, const char *where)
{
    struct worker_message message = about(flow, WORKER_DENIED, where ? where : "");

    message.reason = reason;
    send_last(flow, &message);
}

void tell_failed(struct flow *flow, int errnum, const char *why)
{
    struct worker_message message = about(flow, WORKER_FAILED, NULL);

    message.errnum = errnum;
    set_text(message.path, sizeof(message.path), why);
    send_last(flow, &message);
}

void tell_untaken(struct inspector *inspector, const struct worker_message *given, int errnum)
{
    struct worker_message message = *given;

    message.type = WORKER_EVENT;
    message.kind = WORKER_FAILED;
    message.errnum = errnum;
    say_last(inspector, &message);
}

void tell_closed(struct flow *flow)
{
    struct worker_message message = about(flow, WORKER_CLOSED, NULL);

    message.errnum = flow->errnum;
    message.bytes_up = flow->bytes_up;
    message.bytes_down = flow->bytes_down;
    message.duration_us = since_us(flow, flow->began_ns);
    send_last(flow, &message);
}

static struct worker_message about_request(const struct flow *flow, enum worker_event_kind kind,
                                           const struct tell_request *request, const char *where)
{
    struct worker_message message = about(flow, kind, where ? where : "");

    set_text(message.method, sizeof(message.method), request->method);
    set_text(message.path, sizeof(message.path), request->path);
    if (request->judged) {
        set_text(message.call, sizeof(message.call), request->judged->call);
        set_text(message.tool, sizeof(message.tool), request->judged->tool);
    }
    if (request->began_ns)
        message.duration_us = since_us(flow, request->began_ns);
    return message;
}

void tell_request(struct flow *flow, const struct tell_request *request, unsigned status, const char *where)
{
    struct worker_message message = about_request(flow, WORKER_REQUEST, request, where);

    message.count = status;
    send(flow, &message);
}

void tell_request_denied(struct flow *flow, const struct tell_request *request, enum net_reason reason, const char *where)
{
    struct worker_message message = about_request(flow, WORKER_REQUEST_DENIED, request, where);

    message.reason = reason;
    send(flow, &message);
}

void tell_secret_denied(struct flow *flow, const struct tell_request *request, const char *secret, const char *where)
{
    struct worker_message message = about_request(flow, WORKER_SECRET_DENIED, request, where);

    message.reason = NET_PLACEHOLDER;
    set_text(message.secret, sizeof(message.secret), secret);
    send(flow, &message);
}

void tell_budget(struct inspector *inspector, uint16_t budget, enum budget_kind kind)
{
    struct worker_message message = {.type = WORKER_EVENT, .kind = WORKER_BUDGET};

    if (!budgets_end(&inspector->budgets, budget, kind))
        return;
    set_text(message.where, sizeof(message.where), inspector->rules->budgets[budget - 1].where);
    set_text(message.method, sizeof(message.method), budget_kind_text(kind));
    message.count = budget_limit(&inspector->budgets, budget, kind);
    message.ends_run = inspector->rules->budgets[budget - 1].ends_run;
    events_send(&inspector->events, &message);
}
