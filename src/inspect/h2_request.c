/* SPDX-License-Identifier: Apache-2.0 */
/* Requests and answers of HTTP/2: judged as those of HTTP/1.1 are (request.c), and sent with their own fields. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "inspect/answer.h"
#include "inspect/h2.h"
#include "inspect/media.h"
#include "inspect/scrub.h"

static nghttp2_nv pair(const char *name, const char *value)
{
    return (nghttp2_nv){
        .name = (uint8_t *)(uintptr_t)name,
        .namelen = strlen(name),
        .value = (uint8_t *)(uintptr_t)value,
        .valuelen = strlen(value),
    };
}

static struct tell_request told(const struct h2_stream *stream)
{
    return (struct tell_request){
        .method = stream->request ? stream->request->method : "",
        .path = stream->request ? stream->request->path : NULL,
        .judged = &stream->judged,
        .began_ns = stream->began_ns,
    };
}

/* ---- refused ---- */

static int answer(struct h2_stream *stream, const struct answer *refused)
{
    char status[8], length[24];
    nghttp2_nv list[5];
    size_t count = 4;
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = h2_stream_read};
    bool is_head = stream->request && strcmp(stream->request->method, "HEAD") == 0;

    stream->is_refused = stream->is_answered = true;
    h2_stream_consume(stream, PROGRAM, stream->is_whole ? 0 : stream->data[PROGRAM].size + stream->searched);
    stream->searched = 0;
    buffer_finish(&stream->data[PROGRAM]);
    h2_fields_free(take_ptr(stream->head));
    (void)h2_stream_hold(stream, 0);
    buffer_finish(&stream->data[SERVER]);
    if (!answer_body(refused, &stream->data[SERVER]))
        return -ENOMEM;
    snprintf(status, sizeof(status), "%u", refused->status);
    snprintf(length, sizeof(length), "%zu", stream->data[SERVER].size);
    list[0] = pair(":status", status);
    list[1] = pair("content-type", "application/json");
    list[2] = pair("content-length", length);
    list[3] = pair("cache-control", "no-store");
    if (refused->status == 405)
        list[count++] = pair("allow", "POST");
    stream->is_ended[SERVER] = true;
    return nghttp2_submit_response(stream->h2->sessions[PROGRAM], stream->ids[PROGRAM], list, count, is_head ? NULL : &provider) < 0
               ? -ENOMEM
               : 0;
}

int h2_refuse(struct h2_stream *stream, const struct verdict *verdict)
{
    const struct tell_request request = told(stream);
    const struct answer refused = {
        .status = verdict->status,
        .code = verdict->code,
        .message = verdict->what ? verdict->what : "the policy of this container does not permit this request",
        .rule = verdict->where[0] ? verdict->where : NULL,
        .reason = net_reason_text(verdict->reason),
        .method = request.method,
        .path = request.path,
        .remedy = answer_remedy(verdict->reason),
    };

    if (verdict->secret)
        tell_secret_denied(stream->h2->flow, &request, verdict->secret, verdict->where);
    else
        tell_request_denied(stream->h2->flow, &request, verdict->reason, verdict->where);
    return answer(stream, &refused);
}

/* What has no answer yet is answered; else both sides end. */
int h2_refuse_secret(struct h2_stream *stream, unsigned secret, const char *what)
{
    const struct net_secret *item = &stream->h2->flow->inspector->secrets->items[secret];
    struct verdict verdict = {.reason = NET_PLACEHOLDER, .status = 403, .code = "secret", .secret = item->name, .what = what};
    const struct tell_request request = told(stream);

    strncpy(verdict.where, item->where, sizeof(verdict.where) - 1);
    if (stream->is_open[SERVER])
        (void)nghttp2_submit_rst_stream(stream->h2->sessions[SERVER], NGHTTP2_FLAG_NONE, stream->ids[SERVER], NGHTTP2_CANCEL);
    if (!stream->is_answered)
        return h2_refuse(stream, &verdict);
    tell_secret_denied(stream->h2->flow, &request, item->name, item->where);
    h2_stream_reset(stream, NGHTTP2_CANCEL);
    return 0;
}

static int check_secrets(struct h2_stream *stream)
{
    struct inspector *inspector = stream->h2->flow->inspector;
    struct error err = ERROR_INIT;
    unsigned secret = 0;
    int status;

    if (!inspector->secrets)
        return 0;
    status = placeholder_check(&inspector->placeholders, buffer_bytes(&stream->fields->bytes), stream->fields->bytes.size,
                               "a request over HTTP/2", &secret, &err);
    if (status == -EACCES)
        return h2_refuse_secret(stream, secret, err.text) < 0 ? -ENOMEM : -EACCES;
    if (status == 0 && !stream->is_ended[PROGRAM])
        status = scrub_new(&inspector->placeholders.values, &stream->scrub, &err);
    return status;
}

int h2_check_trailers(struct h2_stream *stream)
{
    struct inspector *inspector = stream->h2->flow->inspector;
    struct error err = ERROR_INIT;
    unsigned secret = 0;
    int status;

    if (!inspector->secrets)
        return 0;
    status = placeholder_check(&inspector->placeholders, buffer_bytes(&stream->fields->bytes), stream->fields->bytes.size,
                               "trailers", &secret, &err);
    if (status == -EACCES && h2_refuse_secret(stream, secret, err.text) < 0)
        return -ENOMEM;
    return status;
}

/* ---- permitted ---- */

static int send_request(struct h2_stream *stream, const struct h2_fields *fields, bool has_length)
{
    struct h2 *h2 = stream->h2;
    const struct request *request = stream->request;
    nghttp2_nv list[HEAD_FIELDS_MAX + 4];
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = h2_stream_read};
    bool has_body = !stream->is_ended[PROGRAM] || stream->data[PROGRAM].size;
    auto_free char *joined = mem_alloc(strlen(request->path) + request->query.size + 1);
    size_t count;
    int32_t id;

    if (!joined)
        return -ENOMEM;
    memcpy(joined, request->path, strlen(request->path));
    memcpy(joined + strlen(request->path), request->query.at, request->query.size);
    list[0] = pair(":method", request->method);
    list[1] = pair(":scheme", h2->flow->about.is_tls ? "https" : "http");
    list[2] = pair(":authority", request->authority);
    list[3] = pair(":path", joined);
    count = h2_fields_list(fields, list, 4, has_length);
    id = nghttp2_submit_request(h2->sessions[SERVER], NULL, list, count, has_body ? &provider : NULL, stream);
    if (id < 0)
        return id == NGHTTP2_ERR_NOMEM ? -ENOMEM : -EPROTO;
    stream->ids[SERVER] = id;
    stream->is_open[SERVER] = true;
    return 0;
}

/* `size`: of it, so far. */
static int pay(struct h2_stream *stream, const struct verdict *permitted, size_t size)
{
    struct verdict verdict = {.reason = NET_BUDGET, .status = 429, .code = "budget", .what = "a budget of this container is used up"};
    const char *where = NULL;
    int status;

    if (flow_pay_request(stream->h2->flow, &permitted->budgets, size, &where)) {
        stream->is_paid = true;
        stream->use = permitted->budgets;
        return 0;
    }
    strncpy(verdict.where, where, sizeof(verdict.where) - 1);
    status = h2_refuse(stream, &verdict);
    return status < 0 ? status : -EDQUOT;
}

static bool is_json(const struct h2_fields *fields)
{
    size_t offset = 0;
    unsigned found = 0;

    for (unsigned i = 0; i < fields->count; i++) {
        struct field field = h2_fields_at(fields, i, &offset);

        if (span_equals(field.name, "content-encoding"))
            return false;
        if (span_equals(field.name, "content-type") && (found++ || !media_is(field.value.at, field.value.size, "application/json")))
            return false;
    }
    return found;
}

/* Short, and of a known length; and its program does not wait to be told to send it. */
static bool is_looked_through(const struct h2_stream *stream)
{
    struct span length, expect;
    size_t size = 0;

    if (!stream->scrub || h2_fields_find(stream->fields, "expect", &expect) ||
        !h2_fields_find(stream->fields, "content-length", &length) || !length.size || length.size > 5)
        return false;
    for (size_t i = 0; i < length.size; i++)
        size = 10 * size + (size_t)(length.at[i] - '0'); /* nghttp2 has seen that these are digits */
    return size <= H2_FIRST_MAX;
}

/* Its body is read before its fields go up. */
static int collect(struct h2_stream *stream)
{
    stream->head = take_ptr(stream->fields);
    stream->is_whole = true;
    return h2_stream_hold(stream, 0) ? 0 : h2_refuse(stream, &whole_refused);
}

static int decide(struct h2_stream *stream)
{
    struct net_request asked = {
        .method = stream->request->method,
        .path = stream->request->is_canonical ? stream->request->path : NULL,
        .is_empty = stream->is_ended[PROGRAM],
        .has_call = stream->is_ended[PROGRAM],
    };
    struct verdict verdict;
    int status;

    request_judge(stream->h2->flow, &asked, &verdict);
    memcpy(stream->where, verdict.where, sizeof(stream->where));
    stream->call = asked;
    if (verdict.verdict != NET_REFUSE)
        request_judge_method(stream->h2->flow, &asked, stream->request->other_method, &verdict);
    if (verdict.verdict == NET_REFUSE)
        return h2_refuse(stream, &verdict);
    status = check_secrets(stream);
    if (status < 0)
        return status == -EACCES ? 0 : status;
    if (verdict.verdict == NET_ASK_CALL && !is_json(stream->fields)) {
        verdict = (struct verdict){.reason = NET_CALL, .status = 403, .code = "denied", .what = "the body decides, and it is no application/json in UTF-8"};
        return h2_refuse(stream, &verdict);
    }
    if (verdict.verdict == NET_ASK_CALL)
        return collect(stream);
    status = pay(stream, &verdict, stream->fields->bytes.size);
    if (status < 0)
        return status == -EDQUOT ? 0 : status;
    if (is_looked_through(stream)) {
        stream->is_permitted = true;
        return collect(stream);
    }
    return send_request(stream, stream->fields, true);
}

static bool read_fields(struct h2_stream *stream, struct verdict *ret_verdict)
{
    size_t offset = 0;

    for (unsigned i = 0; i < stream->fields->count; i++) {
        struct field field = h2_fields_at(stream->fields, i, &offset);

        if (!request_read_field(stream->request, &field, ret_verdict))
            return false;
    }
    return true;
}

int h2_take_request(struct h2_stream *stream)
{
    struct span method = {NULL, 0}, path = {NULL, 0}, authority = {NULL, 0}, scheme = {NULL, 0}, host;
    const struct verdict malformed = {.reason = NET_MALFORMED, .status = 400, .code = "malformed", .what = "a request without :method, :path, :scheme or :authority, or with another host"};
    static const struct verdict queued = {.reason = NET_CROWDED, .status = 503, .code = "busy",
                                          .what = "too many requests of this connection wait for its server"};
    const struct h2_fields *fields = stream->fields;
    struct verdict verdict;
    int status;

    stream->request = mem_alloc(sizeof(*stream->request));
    if (!stream->request)
        return -ENOMEM;
    if (!h2_fields_find(fields, ":method", &method) || !h2_fields_find(fields, ":path", &path) || !path.size ||
        !h2_fields_find(fields, ":scheme", &scheme) || !span_equals(scheme, stream->h2->flow->about.is_tls ? "https" : "http") ||
        !h2_fields_find(fields, ":authority", &authority) ||
        (h2_fields_find(fields, "host", &host) && (host.size != authority.size || memcmp(host.at, authority.at, host.size) != 0)))
        return h2_refuse(stream, &malformed);
    if (!request_read(stream->h2->flow, method, path, authority, stream->request, &verdict) || !read_fields(stream, &verdict))
        return h2_refuse(stream, &verdict);
    if (nghttp2_session_get_outbound_queue_size(stream->h2->sessions[SERVER]) >= H2_QUEUE_MAX)
        return h2_refuse(stream, &queued);
    status = decide(stream);
    if (!stream->head) /* else it waits for its body, and its fields with it */
        stream->request->query = (struct span){"", 0};
    return status;
}

/* A permitted one; takes its body. */
static int take_permitted(struct h2_stream *stream, const struct verdict *verdict, struct buffer *body)
{
    const char *path = stream->call.path;
    int status;

    memcpy(stream->where, verdict->where, sizeof(stream->where));
    stream->call = calls_kept(&stream->judged);
    stream->call.method = stream->request->method;
    stream->call.path = path;
    if (!h2_stream_hold(stream, body->room))
        return h2_refuse(stream, &whole_refused);
    status = pay(stream, verdict, stream->head->bytes.size + stream->data[PROGRAM].size);
    if (status < 0)
        return status == -EDQUOT ? 0 : status;
    buffer_finish(&stream->data[PROGRAM]);
    stream->data[PROGRAM] = *body;
    *body = (struct buffer){0};
    return send_request(stream, stream->head, false);
}

static int refuse_call(struct h2_stream *stream, struct verdict *verdict)
{
    const struct calls_judged *judged = &stream->judged;
    char text[3 * CALLS_NAME_MAX];

    if (!verdict->what && judged->call[0]) {
        snprintf(text, sizeof(text), "the policy of this container does not permit the call %s%s%s", judged->call,
                 judged->tool[0] ? " of " : "", judged->tool);
        verdict->what = text;
    }
    return h2_refuse(stream, verdict);
}

static int take_call(struct h2_stream *stream)
{
    struct net_request asked = {.method = stream->request->method, .path = stream->call.path};
    struct buffer body = {0};
    struct verdict verdict;
    int status = calls_judge(stream->h2->flow, &asked, buffer_bytes(&stream->data[PROGRAM]), stream->data[PROGRAM].size, &body,
                             &stream->judged, &verdict);

    if (status == 0)
        status = verdict.verdict == NET_REFUSE ? refuse_call(stream, &verdict) : take_permitted(stream, &verdict, &body);
    buffer_finish(&body);
    return status;
}

int h2_take_call(struct h2_stream *stream)
{
    int status = stream->is_permitted ? send_request(stream, stream->head, true) : take_call(stream);

    h2_fields_free(take_ptr(stream->head));
    (void)h2_stream_hold(stream, 0);
    return status;
}

/* ---- answers ---- */

int h2_take_answer(struct h2_stream *stream)
{
    struct h2 *h2 = stream->h2;
    const struct tell_request request = told(stream);
    nghttp2_nv list[HEAD_FIELDS_MAX + 1];
    nghttp2_data_provider provider = {.source.ptr = stream, .read_callback = h2_stream_read};
    struct span status = {NULL, 0};
    char number[4] = "";
    size_t count;
    int result;

    if (!h2_fields_find(stream->fields, ":status", &status) || status.size != 3)
        return -EPROTO;
    memcpy(number, status.at, 3);
    list[0] = pair(":status", number);
    count = h2_fields_list(stream->fields, list, 1, true);
    if (!stream->is_open[PROGRAM] || stream->interim > H2_INTERIM_MAX)
        return 0;
    if (number[0] == '1' && ++stream->interim > H2_INTERIM_MAX) /* no window counts them */
        return nghttp2_submit_rst_stream(h2->sessions[SERVER], NGHTTP2_FLAG_NONE, stream->ids[SERVER], NGHTTP2_ENHANCE_YOUR_CALM) < 0 ? -ENOMEM : 0;
    if (number[0] == '1') {
        result = nghttp2_submit_headers(h2->sessions[PROGRAM], NGHTTP2_FLAG_NONE, stream->ids[PROGRAM], NULL, list, count, NULL);
        return result < 0 ? -ENOMEM : 0;
    }
    stream->is_answered = true;
    tell_request(h2->flow, &request, (unsigned)((number[0] - '0') * 100 + (number[1] - '0') * 10 + (number[2] - '0')), stream->where);
    result = nghttp2_submit_response(h2->sessions[PROGRAM], stream->ids[PROGRAM], list, count, stream->is_ended[SERVER] ? NULL : &provider);
    return result < 0 ? -ENOMEM : 0;
}
