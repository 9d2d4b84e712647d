/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What goes by on an opened connection. Each way takes a step as long as there is something to take and room for it on the
 * other side, so that whoever reads slowly holds up nobody but whoever writes to it.
 */
#include "inspect/http1.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"

#define ROUNDS 64u

/* 1 = something happened, 0 = nothing can, -errno = the connection breaks. */
typedef int step(struct http1 *http);

/* ---- bodies ---- */

static int body_came(http_parser *parser, const char *at, size_t size)
{
    struct http1 *http = parser->data;
    unsigned side = parser->type == HTTP_RESPONSE ? SERVER : PROGRAM;
    bool is_kept = side == PROGRAM && (http->up == UP_CALL || http->flow->hold);
    struct buffer *out = is_kept ? &http->body : &http->flow->sides[!side].out;

    if (side == PROGRAM && http->up == UP_DISCARD)
        return 0;
    *(side == PROGRAM ? &http->flow->bytes_up : &http->flow->bytes_down) += size;
    if (side == PROGRAM && http->up == UP_BODY)
        http->broken = http1_scan(http, at, size, false, out);
    else if (!http1_write_body(out, http->is_chunked[side] && !is_kept, at, size))
        http->broken = -ENOMEM;
    return http->broken < 0;
}

static int body_ended(http_parser *parser)
{
    struct http1 *http = parser->data;

    http->is_complete[parser->type == HTTP_RESPONSE ? SERVER : PROGRAM] = true;
    http_parser_pause(parser, 1);
    return 0;
}

int http1_feed(struct http1 *http, unsigned side)
{
    struct buffer *in = &http->in[side];
    http_parser *parser = &http->parsers[side];
    struct http_parser_settings settings;
    size_t done;

    http_parser_settings_init(&settings);
    settings.on_body = body_came;
    settings.on_message_complete = body_ended;
    parser->data = http;
    done = http_parser_execute(parser, &settings, buffer_bytes(in), in->size);
    if (http->broken < 0)
        return http->broken == -EACCES ? 1 : http->broken; /* answered, and at its end */
    if (HTTP_PARSER_ERRNO(parser) != HPE_OK && HTTP_PARSER_ERRNO(parser) != HPE_PAUSED)
        return -EBADMSG;
    buffer_take(in, done);
    if (side == PROGRAM)
        http->taken += done;
    return 1;
}

/* ---- up ---- */

/* The next message has begun to come; it has to end in time. */
static int more_of_head(struct http1 *http)
{
    struct flow *flow = http->flow;
    struct buffer *in = &http->in[PROGRAM];

    if (flow->sides[PROGRAM].is_ended)
        return in->size ? http1_refuse_bytes(http, "a request that ends in its head") : 0;
    if (!http->looked[PROGRAM] && in->size)
        flow_set_deadline(flow, FLOW_HEAD_MS);
    http->looked[PROGRAM] = in->size;
    return 0;
}

static int up_head(struct http1 *http)
{
    struct buffer *in = &http->in[PROGRAM];
    const char *what = NULL;
    int status;
    long size;

    if (!in->size && http->flow->sides[PROGRAM].is_ended) {
        http->up = UP_ENDED;
        http->down = DOWN_ENDED;
        http->flow->sides[PROGRAM].wants_end = http->flow->sides[SERVER].wants_end = true;
        return 1;
    }
    if (!in->size || !stream_has_room(&http->flow->sides[PROGRAM]))
        return 0;
    size = head_size(buffer_bytes(in), in->size, http->looked[PROGRAM], &what);
    if (size == 0)
        return more_of_head(http);
    http->looked[PROGRAM] = 0;
    flow_set_deadline(http->flow, 0);
    status = size < 0 ? http1_refuse_bytes(http, what) : http1_take_request(http, (size_t)size);
    return status < 0 ? status : 1;
}

static int up_ended_early(struct http1 *http)
{
    return http->flow->sides[PROGRAM].is_ended && !http->in[PROGRAM].size ? -ECONNRESET : 0;
}

static int up_body(struct http1 *http)
{
    struct buffer *out = &http->flow->sides[SERVER].out;
    int status;

    if (http->flow->hold && http->body.size) {
        status = http1_held_drain(http);
        if (status <= 0)
            return status;
    }
    if (!stream_has_room(&http->flow->sides[SERVER]))
        return 0;
    if (!http->in[PROGRAM].size)
        return up_ended_early(http);
    status = http1_feed(http, PROGRAM);
    if (status < 0 || !http->is_complete[PROGRAM])
        return status;
    status = http1_scan(http, NULL, 0, true, http->flow->hold ? &http->body : out);
    if (status < 0)
        return status == -EACCES ? 1 : status;
    if (http->flow->hold) {
        http->up = UP_HELD;
        return 1;
    }
    http->up = http->down == DOWN_IDLE ? UP_HEAD : UP_WAIT;
    return http1_write_body_end(out, http->is_chunked[PROGRAM]) ? 1 : -ENOMEM;
}

bool http1_hold(struct http1 *http, size_t more)
{
    const struct buffer *out = &http->flow->sides[SERVER].out;
    size_t written = out->size > 2 * STREAM_OUT_MAX ? out->room : 0; /* else it is what may wait on any connection */

    return whole_set(http->flow->inspector, &http->share, http->kept.room + http->body.room + written + more);
}

static int up_call(struct http1 *http)
{
    int status;

    if (!http->in[PROGRAM].size)
        return up_ended_early(http);
    status = http1_feed(http, PROGRAM);
    if (status < 0)
        return status;
    if (http->may_go_by && !http->is_complete[PROGRAM] && http->body.size > HTTP1_FIRST_MAX) {
        status = http1_held_begin(http);
    } else if (http->body.size > HTTP1_CALL_MAX) {
        static const struct verdict large = {.reason = NET_CALL, .status = 413, .code = "too-large",
                                             .what = "a body of more than 1 MiB, which is not read"};

        status = http1_refuse(http, &large, NULL);
    } else if (!http1_hold(http, 0)) {
        status = http1_refuse(http, &whole_refused, NULL);
    } else if (http->is_complete[PROGRAM]) {
        status = http1_take_call(http);
    }
    return status < 0 ? status : 1;
}

static int up_held(struct http1 *http)
{
    int status = http1_held_drain(http);

    if (status <= 0)
        return status;
    http->up = http->down == DOWN_IDLE ? UP_HEAD : UP_WAIT;
    return hold_client_end(http->flow->hold) < 0 ? -ENOMEM : 1;
}

static int up_discard(struct http1 *http)
{
    int status;

    if (!http->in[PROGRAM].size)
        return up_ended_early(http);
    status = http1_feed(http, PROGRAM);
    if (status > 0 && http->is_complete[PROGRAM])
        http->up = UP_HEAD;
    return status;
}

static int up_wait(struct http1 *http)
{
    struct flow *flow = http->flow;

    if (!flow->sides[PROGRAM].is_ended || http->in[PROGRAM].size || flow->sides[SERVER].wants_end)
        return 0;
    flow->sides[SERVER].wants_end = true; /* as the server would see it without us */
    return 1;
}

int http1_tunnel(struct http1 *http, unsigned side)
{
    struct buffer *in = &http->in[side];
    struct stream *to = &http->flow->sides[!side];
    bool is_ended = http->flow->sides[side].is_ended;

    if (in->size && stream_has_room(to)) {
        *(side == PROGRAM ? &http->flow->bytes_up : &http->flow->bytes_down) += in->size;
        if (!buffer_add(&to->out, buffer_bytes(in), in->size))
            return -ENOMEM;
        buffer_finish(in);
        return 1;
    }
    if (in->size || !is_ended || to->wants_end)
        return 0;
    to->wants_end = true;
    return 1;
}

static int step_up(struct http1 *http)
{
    switch (http->up) {
    case UP_HEAD:
        return up_head(http);
    case UP_BODY:
        return up_body(http);
    case UP_CALL:
        return up_call(http);
    case UP_HELD:
        return up_held(http);
    case UP_DISCARD:
        return up_discard(http);
    case UP_WAIT:
        return up_wait(http);
    case UP_TUNNEL:
        return http1_tunnel(http, PROGRAM);
    case UP_ENDED:
        break;
    }
    return 0;
}

/* ---- both ---- */

static size_t wanted(const struct http1 *http, unsigned side)
{
    bool is_head = side == PROGRAM ? http->up == UP_HEAD : http->down == DOWN_HEAD;

    if ((side == PROGRAM && http->up == UP_ENDED) || (side == SERVER && http->down == DOWN_ENDED))
        return 0;
    return is_head ? HEAD_MAX : FLOW_READ;
}

static int round_of(struct http1 *http)
{
    struct flow *flow = http->flow;
    int broken = 0, progress = 0, status;

    for (unsigned side = 0; side < 2; side++) {
        progress |= flow_fill(flow, side, &http->in[side], wanted(http, side), &broken);
        if (broken < 0)
            return broken;
    }
    status = step_up(http);
    if (status >= 0) {
        progress |= status;
        status = http1_step_down(http);
        if (status == -EBADMSG)
            status = http1_bad_answer(http);
    }
    for (unsigned side = 0; side < 2 && status >= 0; side++) {
        progress |= status;
        if (flow->sides[side].watch.fd >= 0)
            status = flow_flush(flow, side);
    }
    (void)http1_hold(http, 0);
    return status < 0 ? status : progress | status;
}

static enum flow_result http1_run(struct flow *flow)
{
    struct http1 *http = flow->state;

    for (unsigned i = 0; i < ROUNDS; i++) {
        int status = round_of(http);

        if (status < 0) {
            flow->errnum = -status;
            if (http->path && http->down == DOWN_HEAD) {
                const struct tell_request told = http1_told(http);

                tell_request(flow, &told, 0, http->where);
            }
            return FLOW_BROKEN;
        }
        if (flow->sides[PROGRAM].is_shut && (flow->sides[SERVER].is_shut || flow->sides[SERVER].watch.fd < 0))
            return FLOW_DONE;
        if (status == 0)
            return FLOW_WAIT;
    }
    return FLOW_AGAIN;
}

static int http1_open(struct flow *flow)
{
    struct http1 *http = mem_alloc(sizeof(*http));

    if (!http)
        return -ENOMEM;
    http->flow = flow;
    flow->state = http;
    return 0;
}

static void http1_judge_again(struct flow *flow)
{
    struct http1 *http = flow->state;
    bool is_asked = http->up == UP_CALL && http->is_judged_by_body; /* its body will be */
    struct net_request asked = http->call;
    struct verdict verdict;

    if (!http->path)
        return;
    asked.method = http->method;
    asked.path = http->is_canonical ? http->path : NULL;
    request_judge(flow, &asked, &verdict);
    if (verdict.verdict != NET_REFUSE)
        request_judge_method(flow, &asked, http->other_method, &verdict);
    flow->is_refused = verdict.verdict == NET_REFUSE || (verdict.verdict == NET_ASK_CALL && !is_asked);
    if (verdict.verdict == NET_PERMIT)
        flow->use = verdict.budgets;
}

static void http1_close(struct flow *flow)
{
    struct http1 *http = flow->state;

    http1_forget_request(http);
    (void)whole_set(flow->inspector, &http->share, 0);
    scrub_free(http->scrub);
    mem_free(http->type);
    buffer_finish(&http->in[PROGRAM]);
    buffer_finish(&http->in[SERVER]);
    mem_free(http);
    flow->state = NULL;
}

const struct flow_protocol flow_http1 = {
    .open = http1_open,
    .run = http1_run,
    .judge_again = http1_judge_again,
    .close = http1_close,
};
