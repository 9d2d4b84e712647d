/* SPDX-License-Identifier: Apache-2.0 */
/* A request whose body was collected: sent with it (written anew where it decided), or refused. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "inspect/http1.h"

static const struct head complete = {.has_body = false}; /* nothing of it is left to read */

static int send_whole(struct http1 *http, const struct buffer *body)
{
    struct buffer *out = &http->flow->sides[SERVER].out;
    char line[64];
    int status = http1_check_body(http, buffer_bytes(body), body->size);

    if (status < 0)
        return status == -EACCES ? 0 : status; /* answered */

    snprintf(line, sizeof(line), "Content-Length: %zu\r\n\r\n", body->size);
    if (!buffer_add(out, buffer_bytes(&http->kept), http->kept.size) || !buffer_add(out, line, strlen(line)) ||
        !buffer_add(out, buffer_bytes(body), body->size))
        return -ENOMEM;
    buffer_finish(&http->kept);
    buffer_finish(&http->body);
    http->up = UP_WAIT;
    http->down = DOWN_HEAD;
    return 0;
}

/* Nothing was asked of the body but its length, and where placeholders stand in it. */
static int take_unjudged(struct http1 *http)
{
    struct buffer body = http->body;
    int status;

    if (!http->flow->hold)
        return send_whole(http, &http->body);
    http->body = (struct buffer){0};
    status = http1_held_body(http, &body);
    buffer_finish(&body);
    return status;
}

/* A permitted one; takes its body. */
static int take_permitted(struct http1 *http, const struct verdict *verdict, struct buffer *body)
{
    int status;

    memcpy(http->where, verdict->where, sizeof(http->where));
    http->call = calls_kept(&http->judged);
    if (!http1_hold(http, body->room))
        return http1_refuse(http, &whole_refused, &complete);
    status = http1_pay(http, verdict, &complete);
    if (status < 0)
        return status == -EDQUOT ? 0 : status;
    return http->flow->hold ? http1_held_body(http, body) : send_whole(http, body);
}

static int refuse_call(struct http1 *http, struct verdict *verdict)
{
    const struct calls_judged *judged = &http->judged;
    char text[3 * CALLS_NAME_MAX];

    if (!verdict->what && judged->call[0]) {
        snprintf(text, sizeof(text), "the policy of this container does not permit the call %s%s%s", judged->call,
                 judged->tool[0] ? " of " : "", judged->tool);
        verdict->what = text;
    }
    return http1_refuse(http, verdict, &complete);
}

int http1_take_call(struct http1 *http)
{
    struct net_request asked = {.method = http->method, .path = http->is_canonical ? http->path : NULL};
    struct buffer body = {0};
    struct verdict verdict;
    int status;

    if (!http->is_judged_by_body)
        return take_unjudged(http);
    status = calls_judge(http->flow, &asked, buffer_bytes(&http->body), http->body.size, &body, &http->judged, &verdict);
    if (status == 0)
        status = verdict.verdict == NET_PERMIT ? take_permitted(http, &verdict, &body) : refuse_call(http, &verdict);
    buffer_finish(&body);
    return status;
}
