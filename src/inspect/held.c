/* SPDX-License-Identifier: Apache-2.0 */
#include "inspect/held.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/hold_client.h"
#include "inspect/placeholder.h"
#include "inspect/tell.h"

#define PAUSE_SIZE  (64u << 10)
#define RESUME_SIZE (16u << 10)

static void turn(struct flow *flow)
{
    flow->active_ns = loop_now_ns(flow->inspector->loop);
    loop_start(flow->inspector->loop, &flow->again, 0);
}

static void broken(struct flow *flow, const char *why)
{
    snprintf(flow->failure, sizeof(flow->failure), "%.255s", why);
    flow->sides[SERVER].is_ended = flow->sides[SERVER].is_cut = true;
    turn(flow);
}

static void add(struct flow *flow, const char *bytes, size_t size)
{
    if (!buffer_add(&flow->held_in, bytes, size))
        broken(flow, "there is no memory for the answer");
}

static void add_text(struct flow *flow, const char *text)
{
    add(flow, text, strlen(text));
}

/* ---- what the holder tells ---- */

static void opened(void *owner)
{
    struct flow *flow = owner;

    flow->is_held_open = true;
    turn(flow);
}

static void answer(void *owner, unsigned status)
{
    struct flow *flow = owner;
    char line[32];

    flow->held_status = status;
    snprintf(line, sizeof(line), "HTTP/1.1 %03u \r\n", status);
    add_text(flow, line);
}

static void field(void *owner, const char *name, size_t name_size, const char *value, size_t value_size)
{
    struct flow *flow = owner;

    add(flow, name, name_size);
    add_text(flow, ": ");
    add(flow, value, value_size);
    add_text(flow, "\r\n");
}

static void body(void *owner, enum hold_body kind, uint64_t length)
{
    struct flow *flow = owner;
    bool has_none = flow->held_is_head || flow->held_status == 204 || flow->held_status == 304;
    char line[64];

    flow->held_is_chunked = kind == HOLD_CHUNKED;
    snprintf(line, sizeof(line), "Content-Length: %llu\r\n", (unsigned long long)(kind == HOLD_LENGTH ? length : 0));
    if (flow->held_is_chunked)
        add_text(flow, "Transfer-Encoding: chunked\r\n");
    else if (!has_none)
        add_text(flow, line);
    add_text(flow, "\r\n");
    turn(flow);
}

static void bytes(void *owner, const char *some, size_t size)
{
    struct flow *flow = owner;
    char line[32];

    if (!size)
        return;
    snprintf(line, sizeof(line), "%zx\r\n", size);
    if (flow->held_is_chunked)
        add_text(flow, line);
    add(flow, some, size);
    if (flow->held_is_chunked)
        add_text(flow, "\r\n");
    if (flow->held_in.size > PAUSE_SIZE)
        hold_client_pause(flow->hold, true);
    turn(flow);
}

static void end(void *owner, bool goes_on)
{
    struct flow *flow = owner;

    if (flow->held_is_chunked)
        add_text(flow, "0\r\n\r\n");
    if (!goes_on)
        flow->sides[SERVER].is_ended = true;
    turn(flow);
}

static void room(void *owner)
{
    turn(owner);
}

static void failed(void *owner, enum hold_failure failure unused_arg, const struct error *err)
{
    struct flow *flow = owner;

    broken(flow, err->text);
    if (!flow->is_held_open) {
        tell_failed(flow, err->errnum ? err->errnum : EPROTO, flow->failure);
        flow_set_end(flow);
    }
}

static void gone(void *owner)
{
    struct flow *flow = owner;

    flow->sides[SERVER].is_ended = true;
    turn(flow);
}

static const struct hold_events events = {
    .opened = opened, .answer = answer, .field = field, .body = body, .bytes = bytes,
    .end = end,       .room = room,     .failed = failed, .gone = gone,
};

/* ---- the flow's side ---- */

bool held_is_wanted(const struct flow *flow)
{
    const struct inspector *inspector = flow->inspector;

    return inspector->holder >= 0 && flow->about.is_tls && flow->about.name[0] &&
           (flow->about.kind & WORKER_FLOW_GIVEN) && inspector->secrets &&
           placeholder_has_host(&inspector->placeholders, flow->about.name);
}

int held_open(struct flow *flow)
{
    struct stream *server = &flow->sides[SERVER];
    struct error err = ERROR_INIT;
    int fd;

    loop_forget(flow->inspector->loop, &server->watch);
    fd = take_fd(server->watch.fd);
    server->is_shut = true;
    return hold_client_open(flow->inspector->loop, flow->inspector->holder, fd, flow->about.name, flow->about.port,
                            &events, flow, &flow->hold, &err);
}

void held_close(struct flow *flow)
{
    hold_client_free(flow->hold);
    flow->hold = NULL;
    buffer_finish(&flow->held_in);
}

void held_took(struct flow *flow)
{
    if (flow->hold && flow->held_in.size < RESUME_SIZE)
        hold_client_pause(flow->hold, false);
}
