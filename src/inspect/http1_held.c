/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request in the holder's records: it is told what stands where, and which secret goes in between. A body is sent as it
 * comes where its length is known and no secret may be in it; else it is collected first, and judged for placeholders.
 */
#include <errno.h>
#include <string.h>

#include "inspect/http1.h"

/* Text with the secrets in it. Within a head all of it is taken. */
static int say(struct http1 *http, const char *text, size_t size, enum hold_encoding encoding)
{
    const struct net_secrets *secrets = http->flow->inspector->secrets;
    struct hold_client *hold = http->flow->hold;
    struct placeholder found;
    size_t at = 0;
    int status = 0;

    while (status == 0 && placeholder_find(secrets, text, size, at, &found)) {
        if (found.at > at)
            status = hold_client_bytes(hold, text + at, found.at - at);
        if (status == 0)
            status = hold_client_secret(hold, found.secret, encoding);
        at = found.at + found.size;
    }
    return status == 0 && at < size ? hold_client_bytes(hold, text + at, size - at) : status;
}

static int say_basic(struct http1 *http, const struct field *field, struct buffer *basic)
{
    int status = hold_client_field(http->flow->hold, field->name.at, field->name.size, true);

    return status == 0 ? say(http, buffer_bytes(basic), basic->size, HOLD_RAW) : status;
}

static int say_field(struct http1 *http, const struct field *field)
{
    struct buffer basic = {0};
    struct placeholder found;
    int status;

    if (head_is_hop(field) || hold_is_reserved(field->name.at, field->name.size))
        return 0;
    if (span_is(field->name, "Authorization") && placeholder_decode_basic(field->value, &basic) &&
        placeholder_find(http->flow->inspector->secrets, buffer_bytes(&basic), basic.size, 0, &found)) {
        status = say_basic(http, field, &basic);
    } else {
        status = hold_client_field(http->flow->hold, field->name.at, field->name.size, false);
        if (status == 0)
            status = say(http, field->value.at, field->value.size, HOLD_RAW);
    }
    buffer_finish(&basic);
    return status;
}

static int say_head(struct http1 *http, const struct head *head, const struct request *request)
{
    int status = hold_client_request(http->flow->hold, request->method);

    if (status == 0)
        status = say(http, request->path, strlen(request->path), HOLD_FORM);
    if (status == 0)
        status = say(http, request->query.at, request->query.size, HOLD_FORM);
    for (unsigned i = 0; i < head->field_count && status == 0; i++)
        status = say_field(http, &head->fields[i]);
    return status;
}

/* In which encoding a secret would stand in this body. */
static enum hold_encoding encoding_of(const struct head *head)
{
    for (unsigned i = 0; i < head->field_count; i++) {
        struct span type = head->fields[i].value;
        const char *end = memchr(type.at, ';', type.size);

        if (!span_is(head->fields[i].name, "Content-Type"))
            continue;
        if (end)
            type.size = (size_t)(end - type.at);
        if (span_is(type, "application/json"))
            return HOLD_JSON;
        if (span_is(type, "application/x-www-form-urlencoded"))
            return HOLD_FORM;
    }
    return HOLD_RAW;
}

static int end_request(struct http1 *http)
{
    http->up = UP_WAIT;
    http->down = DOWN_HEAD;
    return hold_client_end(http->flow->hold);
}

int http1_held_send(struct http1 *http, const struct head *head, const struct request *request, bool is_judged_by_body)
{
    struct flow *flow = http->flow;
    static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
    static const struct verdict upgrade = {.reason = NET_PLACEHOLDER, .status = 403, .code = "denied",
                                           .what = "a WebSocket to a host for which there is a secret"};
    static const struct verdict large = {.reason = NET_MALFORMED, .status = 400, .code = "malformed",
                                         .what = "a target of more than 16 KiB to a host for which there is a secret"};
    int status;

    if (request->is_upgrade)
        return http1_refuse(http, &upgrade, head);
    if (strlen(request->path) + request->query.size > HOLD_TARGET_MAX)
        return http1_refuse(http, &large, head);
    flow->held_is_head = http->is_head_method;
    http->encoding = placeholder_has_body(flow->inspector->secrets, flow->about.name) ? encoding_of(head) : HOLD_RAW;
    http->is_judged_by_body = is_judged_by_body;
    status = say_head(http, head, request);
    if (status == 0 && head->has_body && head->expects && !buffer_add(&flow->sides[PROGRAM].out, go_on, sizeof(go_on) - 1))
        status = -ENOMEM;
    if (status == 0 && !head->has_body) {
        status = hold_client_body(flow->hold, HOLD_NO_BODY, 0);
        return status == 0 ? end_request(http) : status;
    }
    if (status == 0 && (is_judged_by_body || http->encoding || head->body == HEAD_BODY_CHUNKED)) {
        http->up = UP_CALL;
        return 0;
    }
    http->up = UP_BODY;
    http->down = DOWN_HEAD;
    return status == 0 ? hold_client_body(flow->hold, HOLD_LENGTH, head->length) : status;
}

/* Which secret may not stand there; *body is written anew where it is JSON. */
static int check_body(struct http1 *http, struct buffer *body, const struct net_secret **ret_misplaced)
{
    const struct net_secrets *secrets = http->flow->inspector->secrets;
    const char *host = http->flow->about.name;
    struct buffer anew = {0};
    struct placeholder found;
    int status = -EBADMSG;

    *ret_misplaced = NULL;
    if (http->encoding == HOLD_FORM) {
        *ret_misplaced = placeholder_check_form(secrets, host, buffer_bytes(body), body->size);
        return 0;
    }
    if (http->encoding == HOLD_JSON)
        status = placeholder_check_json(secrets, host, buffer_bytes(body), body->size, &anew, ret_misplaced);
    if (status == 0) {
        buffer_finish(body);
        *body = anew;
        return 0;
    }
    buffer_finish(&anew);
    if (status == -EBADMSG && placeholder_find(secrets, buffer_bytes(body), body->size, 0, &found))
        *ret_misplaced = &secrets->items[found.secret];
    return status == -EBADMSG ? 0 : status;
}

static uint64_t length_with_secrets(const struct http1 *http, const struct buffer *body)
{
    uint64_t length = body->size;
    struct placeholder found;
    size_t at = 0;

    while (placeholder_find(http->flow->inspector->secrets, buffer_bytes(body), body->size, at, &found)) {
        length += hold_client_length(http->flow->hold, found.secret, http->encoding);
        length -= found.size;
        at = found.at + found.size;
    }
    return length;
}

int http1_held_body(struct http1 *http, struct buffer *body)
{
    const struct net_secret *misplaced;
    int status = check_body(http, body, &misplaced);

    if (status < 0)
        return status;
    if (misplaced)
        return http1_refuse_secret(http, misplaced, NULL);
    status = hold_client_body(http->flow->hold, HOLD_LENGTH, length_with_secrets(http, body));
    buffer_finish(&http->body);
    http->body = *body;
    *body = (struct buffer){0};
    http->up = UP_HELD;
    http->down = DOWN_HEAD;
    return status;
}

int http1_held_drain(struct http1 *http)
{
    struct hold_client *hold = http->flow->hold;
    struct buffer *body = &http->body;

    while (body->size) {
        struct placeholder found = {.at = body->size};
        bool has_secret = placeholder_find(http->flow->inspector->secrets, buffer_bytes(body), body->size, 0, &found);
        int status = 0;

        if (found.at)
            status = hold_client_bytes(hold, buffer_bytes(body), found.at);
        if (status == 0 && found.at)
            buffer_take(body, found.at);
        if (status == 0 && has_secret)
            status = hold_client_secret(hold, found.secret, http->encoding);
        if (status == 0 && has_secret)
            buffer_take(body, found.size);
        if (status < 0)
            return status == -EAGAIN ? 0 : status;
    }
    return 1;
}
