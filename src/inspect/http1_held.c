/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A request in the holder's records: it is told what stands where, and which secret goes in between. A body is collected first,
 * and judged for placeholders before the holder hears of the request; a long one in which no secret may be is sent as it comes.
 */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/http1.h"

/* ---- the head: what is said of it was judged before, and all of it is taken ---- */

static int say_field(struct http1 *http, const struct field *field)
{
    struct flow *flow = http->flow;
    struct placeholder_text text auto_placeholder_text = {0};
    struct error err = ERROR_INIT;
    unsigned secret;
    size_t at = 0;
    int status;

    if (head_is_hop(field) || net_secret_is_reserved(field->name.at, field->name.size))
        return 0;
    status = placeholder_split_field(&flow->inspector->placeholders, flow->about.name, field->name.at, field->name.size,
                                     field->value.at, field->value.size, &text, &secret, &err);
    if (status == 0)
        status = hold_client_field(flow->hold, field->name.at, field->name.size, text.is_basic);
    return status == 0 ? placeholder_text_send(&text, flow->hold, &at) : status;
}

static int say_target(struct http1 *http, const struct request *request)
{
    struct flow *flow = http->flow;
    struct placeholder_text text auto_placeholder_text = {0};
    struct error err = ERROR_INIT;
    struct buffer target = {0};
    unsigned secret;
    size_t at = 0;
    int status = -ENOMEM;

    if (buffer_add(&target, request->path, strlen(request->path)) && buffer_add(&target, request->query.at, request->query.size))
        status = placeholder_split_target(&flow->inspector->placeholders, flow->about.name, buffer_bytes(&target), target.size,
                                          &text, &secret, &err);
    if (status == 0)
        status = placeholder_text_send(&text, flow->hold, &at);
    buffer_finish(&target);
    return status;
}

static int say_head(struct http1 *http, const struct head *head, const struct request *request)
{
    int status = hold_client_request(http->flow->hold, request->method);

    if (status == 0)
        status = say_target(http, request);
    for (unsigned i = 0; i < head->field_count && status == 0; i++)
        status = say_field(http, &head->fields[i]);
    return status;
}

/* Of two types servers take the one or the other: then it is none in which a value may stand. */
static int remember_type(struct http1 *http, const struct head *head)
{
    struct span type = {"", 0};
    unsigned count = 0;

    for (unsigned i = 0; i < head->field_count; i++)
        if (span_is(head->fields[i].name, "Content-Type"))
            type = count++ ? (struct span){"", 0} : head->fields[i].value;
    mem_free(http->type);
    http->type = mem_alloc(type.size + 1);
    if (http->type)
        memcpy(http->type, type.at, type.size);
    return http->type ? 0 : -ENOMEM;
}

static int end_request(struct http1 *http)
{
    http->up = UP_WAIT;
    http->down = DOWN_HEAD;
    return hold_client_end(http->flow->hold);
}

/* A long body in which no secret may be: it is looked through as it goes by. */
static int say_long(struct http1 *http, const struct head *head, const struct request *request)
{
    struct flow *flow = http->flow;
    int status = http1_go_on(http, head);

    if (status == 0)
        status = say_head(http, head, request);
    if (status == 0)
        status = http1_scan_begin(http);
    http->up = UP_BODY;
    http->down = DOWN_HEAD;
    return status == 0 ? hold_client_body(flow->hold, HOLD_LENGTH, head->length) : status;
}

/* The head of what was collected: it was read before, from the same bytes. */
static int say_kept(struct http1 *http)
{
    static struct head head; /* one thread, and nothing of them outlives this call */
    static struct request request;
    struct http_parser parser;
    struct verdict verdict;
    const char *what;

    if (head_read_request(buffer_bytes(&http->kept), http->kept.size, &head, &parser, &what) < 0 ||
        !request_read(http->flow, head.method, head.target, head.host, &request, &verdict))
        return -EBADMSG;
    return say_head(http, &head, &request);
}

static bool has_long_name(const struct head *head)
{
    for (unsigned i = 0; i < head->field_count; i++)
        if (head->fields[i].name.size > HOLD_NAME_MAX)
            return true;
    return false;
}

int http1_held_send(struct http1 *http, const struct head *head, const struct request *request, bool is_judged_by_body)
{
    static const struct verdict upgrade = {.reason = NET_PLACEHOLDER, .status = 403, .code = "denied",
                                           .what = "a WebSocket to a host for which there is a secret"};
    static const struct verdict large = {.reason = NET_MALFORMED, .status = 400, .code = "malformed",
                                         .what = "a target of more than 16 KiB to a host for which there is a secret"};
    static const struct verdict long_name = {.reason = NET_MALFORMED, .status = 400, .code = "malformed",
                                             .what = "a field's name of more than 256 bytes to a host for which there is a secret"};
    struct flow *flow = http->flow;
    int status;

    if (request->is_upgrade)
        return http1_refuse(http, &upgrade, head);
    if (strlen(request->path) + request->query.size > HOLD_TARGET_MAX)
        return http1_refuse(http, &large, head);
    if (has_long_name(head))
        return http1_refuse(http, &long_name, head);
    flow->held_is_head = http->is_head_method;
    if (!head->has_body) {
        bool is_said = head->body == HEAD_BODY_LENGTH && hold_expects_body(head->method.at, head->method.size);

        /* there are servers that refuse a POST without a length (411) */
        status = say_head(http, head, request);
        if (status == 0)
            status = hold_client_body(flow->hold, is_said ? HOLD_LENGTH : HOLD_NO_BODY, 0);
        return status == 0 ? end_request(http) : status;
    }
    status = remember_type(http, head);
    if (status < 0)
        return status;
    http->may_go_by = !is_judged_by_body && !placeholder_wants_body(&flow->inspector->placeholders, flow->about.name, http->type);
    if (http->may_go_by && head->body == HEAD_BODY_LENGTH && head->length > HTTP1_FIRST_MAX)
        return say_long(http, head, request);
    if (!buffer_add(&http->kept, head->all.at, head->all.size))
        return -ENOMEM;
    return http1_collect(http, head, is_judged_by_body);
}

/* ---- bodies ---- */

int http1_held_body(struct http1 *http, struct buffer *body)
{
    static const struct head complete = {.has_body = false}; /* nothing of it is left to read */
    struct flow *flow = http->flow;
    struct error err = ERROR_INIT;
    unsigned secret = 0;
    int status;

    buffer_finish(&http->body);
    http->body = *body;
    *body = (struct buffer){0};
    status = placeholder_split_body(&flow->inspector->placeholders, flow->about.name, http->type, buffer_bytes(&http->body),
                                    http->body.size, &http->text, &secret, &err);
    if (status == -EACCES) {
        status = http1_refuse_secret(http, secret, err.text, &complete);
        return status == -EACCES ? 0 : status;
    }
    if (status < 0)
        return status;
    status = say_kept(http);
    buffer_finish(&http->kept);
    if (status < 0)
        return status;
    http->text_at = 0;
    http->up = UP_HELD;
    http->down = DOWN_HEAD;
    return hold_client_body(flow->hold, HOLD_LENGTH, placeholder_text_length(&http->text, flow->hold));
}

/* What there is of it is looked through before the holder hears of the request. */
int http1_held_begin(struct http1 *http)
{
    struct buffer body = http->body;
    int status = http1_scan_begin(http);

    http->body = (struct buffer){0};
    if (status == 0)
        status = http1_scan(http, buffer_bytes(&body), body.size, false, &http->body);
    buffer_finish(&body);
    if (status < 0)
        return status == -EACCES ? 0 : status;
    status = say_kept(http);
    buffer_finish(&http->kept);
    http->up = UP_BODY;
    http->down = DOWN_HEAD;
    return status == 0 ? hold_client_body(http->flow->hold, HOLD_CHUNKED, 0) : status;
}

/* The pieces of one that was collected, or the bytes of one that goes by. */
int http1_held_drain(struct http1 *http)
{
    int status = 0;

    if (http->text.count)
        status = placeholder_text_send(&http->text, http->flow->hold, &http->text_at);
    else if (http->body.size)
        status = hold_client_bytes(http->flow->hold, buffer_bytes(&http->body), http->body.size);
    if (status < 0)
        return status == -EAGAIN ? 0 : status;
    placeholder_text_finish(&http->text);
    buffer_finish(&http->body);
    return 1;
}
