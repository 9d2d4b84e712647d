/* SPDX-License-Identifier: Apache-2.0 */
/* What comes down: answers, read as strictly as requests, and the ends of connections. */
#include <errno.h>

#include "inspect/http1.h"

static int answer_ended(struct http1 *http)
{
    struct flow *flow = http->flow;

    http->down = DOWN_IDLE;
    http1_forget_request(http);
    if (http->closes || http->server_closes) {
        flow->sides[PROGRAM].wants_end = flow->sides[SERVER].wants_end = true;
        http->up = UP_ENDED;
        http->down = DOWN_ENDED;
    } else if (http->up == UP_WAIT) {
        http->up = UP_HEAD;
    }
    return 1;
}

/* A 101 that nobody asked for, or not so. */
static bool is_wanted_upgrade(const struct http1 *http, const struct head *head)
{
    return http->upgrades && head->upgrades && http->up == UP_WAIT;
}

static int take_interim(struct http1 *http, const struct head *head)
{
    if (++http->interim > HTTP1_INTERIM_MAX || head->body != HEAD_BODY_UNTIL_END)
        return -EBADMSG;
    if (http->is_old || (head->status == 100 && !http->expects))
        return 1;
    return http1_write_response(http, head, &http->flow->sides[PROGRAM].out) ? 1 : -ENOMEM;
}

static int take_answer(struct http1 *http, const struct head *head)
{
    const struct tell_request told = http1_told(http);

    if (head->status == 101 && !is_wanted_upgrade(http, head))
        return -EBADMSG;
    if (head->status < 200 && head->status != 101)
        return take_interim(http, head);
    tell_request(http->flow, &told, head->status, http->where);
    http->server_closes = head->closes;
    http->closes |= head->closes;
    http->is_chunked[SERVER] = head->body == HEAD_BODY_CHUNKED && !http->is_old;
    http->is_complete[SERVER] = false;
    if (!http1_write_response(http, head, &http->flow->sides[PROGRAM].out))
        return -ENOMEM;
    if (head->status == 101) {
        http->up = UP_TUNNEL;
        http->down = DOWN_TUNNEL;
        return 1;
    }
    if (!head->has_body || (head->body == HEAD_BODY_LENGTH && !head->length))
        return answer_ended(http);
    http->down = DOWN_BODY;
    return 1;
}

static int down_head(struct http1 *http)
{
    static struct head head;
    struct buffer *in = &http->in[SERVER];
    const char *what = NULL;
    int status;
    long size;

    if (!stream_has_room(&http->flow->sides[PROGRAM]))
        return 0;
    size = in->size ? head_size(buffer_bytes(in), in->size, http->looked[SERVER], &what) : 0;
    if (size < 0)
        return (int)size;
    if (size == 0) {
        http->looked[SERVER] = in->size;
        if (http->flow->sides[SERVER].is_ended && http->flow->failure[0])
            return -EBADMSG; /* the holder says why */
        return http->flow->sides[SERVER].is_ended ? -ECONNRESET : 0;
    }
    http->looked[SERVER] = 0;
    if (head_read_response(buffer_bytes(in), (size_t)size, http->is_head_method, &head, &http->parsers[SERVER], &what) < 0)
        return -EBADMSG;
    status = take_answer(http, &head);
    buffer_take(in, (size_t)size);
    return status;
}

/* true: only the end of the connection ends this body. */
static bool is_until_end(const struct http1 *http)
{
    const http_parser *parser = &http->parsers[SERVER];

    return !(parser->flags & (F_CHUNKED | F_CONTENTLENGTH));
}

static int down_body(struct http1 *http)
{
    struct flow *flow = http->flow;
    int status;

    if (!stream_has_room(&flow->sides[PROGRAM]))
        return 0;
    if (!http->in[SERVER].size && flow->sides[SERVER].is_ended)
        return is_until_end(http) && !flow->sides[SERVER].is_cut ? answer_ended(http) : -ECONNRESET;
    if (!http->in[SERVER].size)
        return 0;
    status = http1_feed(http, SERVER);
    if (status < 0 || !http->is_complete[SERVER])
        return status;
    if (!http1_write_body_end(&flow->sides[PROGRAM].out, http->is_chunked[SERVER]))
        return -ENOMEM;
    return answer_ended(http);
}

/* Nothing was asked: whatever the server says now, the connection ends. */
static int down_idle(struct http1 *http)
{
    struct flow *flow = http->flow;

    if (!http->in[SERVER].size && !flow->sides[SERVER].is_ended)
        return 0;
    if ((flow->failure[0] && !flow->is_held_open) || http->up == UP_DISCARD)
        return 0; /* there is no server, or the program has an answer to take */
    flow->sides[PROGRAM].wants_end = flow->sides[SERVER].wants_end = true;
    http->up = UP_ENDED;
    http->down = DOWN_ENDED;
    return 1;
}

int http1_step_down(struct http1 *http)
{
    switch (http->down) {
    case DOWN_IDLE:
        return down_idle(http);
    case DOWN_HEAD:
        return down_head(http);
    case DOWN_BODY:
        return down_body(http);
    case DOWN_TUNNEL:
        return http1_tunnel(http, SERVER);
    case DOWN_ENDED:
        break;
    }
    return 0;
}

/* An answer that cannot be read: the program hears so, where it has heard nothing else yet. */
int http1_bad_answer(struct http1 *http)
{
    const struct tell_request told = http1_told(http);
    const struct answer bad = {
        .status = 502, .code = "server-failed",
        .message = http->flow->failure[0] ? http->flow->failure : "the server's answer can be read in more than one way",
        .reason = "no answer that could be passed on", .method = http->method, .path = http->path,
        .remedy = "have the server send what RFC 9112 permits",
    };

    if (http->down != DOWN_HEAD || http->interim)
        return -EBADMSG;
    tell_request(http->flow, &told, 0, http->where);
    http->flow->errnum = EPROTO;
    if (!answer_http1(&bad, !http->is_head_method, true, &http->flow->sides[PROGRAM].out))
        return -ENOMEM;
    http->closes = true;
    return answer_ended(http);
}
