/* SPDX-License-Identifier: Apache-2.0 */
/* Heads and bodies as they go out: nothing of what came in is copied but methods, names, values and the body's bytes. */
#include <stdio.h>
#include <string.h>

#include "inspect/http1.h"

static bool add_text(struct buffer *out, const char *text)
{
    return buffer_add(out, text, strlen(text));
}

static bool add_span(struct buffer *out, struct span span)
{
    return buffer_add(out, span.at, span.size);
}

static bool add_field(struct buffer *out, const struct field *field)
{
    return add_span(out, field->name) && add_text(out, ": ") && add_span(out, field->value) && add_text(out, "\r\n");
}

static bool add_length(struct buffer *out, uint64_t length)
{
    char line[64];

    snprintf(line, sizeof(line), "Content-Length: %llu\r\n", (unsigned long long)length);
    return add_text(out, line);
}

static bool add_request_line(const struct http1 *http, const struct request *request, struct buffer *out)
{
    return add_text(out, request->method) && add_text(out, " ") && add_text(out, request->path) &&
           add_span(out, request->query) && add_text(out, http->is_old ? " HTTP/1.0\r\nHost: " : " HTTP/1.1\r\nHost: ") &&
           add_text(out, request->authority) && add_text(out, "\r\n");
}

bool http1_write_request(struct http1 *http, const struct head *head, const struct request *request, bool has_framing,
                         struct buffer *out)
{
    bool is_added = add_request_line(http, request, out);

    for (unsigned i = 0; i < head->field_count && is_added; i++) {
        const struct field *field = &head->fields[i];

        if (head_is_hop(field) || span_is(field->name, "Host") || (!has_framing && span_is(field->name, "Expect")))
            continue;
        is_added = add_field(out, field);
    }
    if (is_added && head->upgrades)
        is_added = add_text(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n");
    else if (is_added && head->closes)
        is_added = add_text(out, "Connection: close\r\n");
    if (!has_framing)
        return is_added;
    if (is_added && head->body == HEAD_BODY_LENGTH)
        is_added = add_length(out, head->length);
    if (is_added && head->body == HEAD_BODY_CHUNKED)
        is_added = add_text(out, "Transfer-Encoding: chunked\r\n");
    return is_added && add_text(out, "\r\n");
}

/* A length is passed on even where no body follows: HEAD and 304 say how long it would be. */
static bool add_framing(const struct http1 *http, const struct head *head, struct buffer *out)
{
    bool may_have = head->status >= 200 && head->status != 204;

    if (head->body == HEAD_BODY_LENGTH && may_have)
        return add_length(out, head->length);
    if (head->body == HEAD_BODY_CHUNKED && head->has_body && !http->is_old)
        return add_text(out, "Transfer-Encoding: chunked\r\n");
    return true;
}

bool http1_write_response(struct http1 *http, const struct head *head, struct buffer *out)
{
    bool is_added;
    char line[32];

    snprintf(line, sizeof(line), "HTTP/1.1 %03u ", head->status);
    is_added = add_text(out, line) && add_span(out, head->reason) && add_text(out, "\r\n");
    for (unsigned i = 0; i < head->field_count && is_added; i++)
        if (!head_is_hop(&head->fields[i]) || span_is(head->fields[i].name, "Proxy-Authenticate"))
            is_added = add_field(out, &head->fields[i]);
    if (is_added && head->status == 101)
        return add_text(out, "Connection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    if (is_added && head->status >= 200 && http->closes)
        is_added = add_text(out, "Connection: close\r\n");
    return is_added && add_framing(http, head, out) && add_text(out, "\r\n");
}

bool http1_write_body(struct buffer *out, bool is_chunked, const char *bytes, size_t size)
{
    char line[24];

    if (!is_chunked || !size)
        return buffer_add(out, bytes, size);
    snprintf(line, sizeof(line), "%zx\r\n", size);
    return add_text(out, line) && buffer_add(out, bytes, size) && add_text(out, "\r\n");
}

bool http1_write_body_end(struct buffer *out, bool is_chunked)
{
    return !is_chunked || add_text(out, "0\r\n\r\n");
}
