/* SPDX-License-Identifier: Apache-2.0 */
/* The first lines of requests and responses, and the second reading by http_parser. */
#include "inspect/head.h"

#include <errno.h>
#include <string.h>

#include "inspect/head_line.h"

/* ---- the second reading ---- */

struct second {
    unsigned field_count;
    bool in_value, is_complete;
};

static int count_field(http_parser *parser, const char *at, size_t size)
{
    struct second *second = parser->data;

    (void)at;
    (void)size;
    if (second->in_value || !second->field_count)
        second->field_count++;
    second->in_value = false;
    return 0;
}

static int count_value(http_parser *parser, const char *at, size_t size)
{
    struct second *second = parser->data;

    (void)at;
    (void)size;
    second->in_value = true;
    return 0;
}

/* 1: no body whatever the fields say; 2: and another protocol follows. */
static int complete_head(http_parser *parser)
{
    struct second *second = parser->data;

    second->is_complete = true;
    return 0;
}

static int complete_without_body(http_parser *parser)
{
    (void)complete_head(parser);
    return 1;
}

/* false: the parser has read something else than `head` says, or nothing that it knows. */
static bool read_again(const char *bytes, size_t size, const struct head *head, bool is_head, http_parser *parser)
{
    struct http_parser_settings settings;
    struct second second = {0};
    size_t done;

    http_parser_settings_init(&settings);
    settings.on_header_field = count_field;
    settings.on_header_value = count_value;
    settings.on_headers_complete = is_head ? complete_without_body : complete_head;
    parser->data = &second;
    done = http_parser_execute(parser, &settings, bytes, size);
    parser->data = NULL;
    if (HTTP_PARSER_ERRNO(parser) != HPE_OK || done != size || !second.is_complete || second.field_count != head->field_count)
        return false;
    if (parser->http_major != 1 || parser->http_minor != !head->is_old)
        return false;
    if (is_head || head->body == HEAD_BODY_NONE)
        return true; /* told by method and status, not by fields */
    if (!(parser->flags & F_CHUNKED) != (head->body != HEAD_BODY_CHUNKED))
        return false;
    /* a body of no bytes is complete, and the parser has begun anew */
    return head->body != HEAD_BODY_LENGTH || !head->length || parser->content_length == head->length;
}

/* All but the fields themselves. */
static void begin(struct head *head, enum head_body body)
{
    head->field_count = 0;
    head->body = body;
    head->length = 0;
    head->is_old = head->has_body = head->closes = head->upgrades = head->expects = false;
    head->host = head->method = head->target = head->reason = (struct span){NULL, 0};
    head->status = 0;
}

/* ---- requests ---- */

/* METHOD SP target SP HTTP/1.x, each blank one space. */
static int read_request_line(struct span line, struct head *head, const char **ret_what)
{
    const char *space = memchr(line.at, ' ', line.size), *last;
    size_t method = space ? (size_t)(space - line.at) : 0;

    if (!space)
        return head_wrong(ret_what, "a request line without a target or version (HTTP/0.9)");
    if (!method || method > HEAD_METHOD_MAX)
        return head_wrong(ret_what, "a request line without a method, or with one of more than 32 bytes");
    for (size_t i = 0; i < method; i++)
        if (!head_is_token(line.at[i]))
            return head_wrong(ret_what, "a byte in the method that no method has");
    last = memrchr(line.at, ' ', line.size);
    if (last == space)
        return head_wrong(ret_what, "a request line without a version (HTTP/0.9)");
    head->method = (struct span){line.at, method};
    head->target = (struct span){space + 1, (size_t)(last - space - 1)};
    line = (struct span){last + 1, line.size - (size_t)(last + 1 - line.at)};
    if (!span_equals(line, "HTTP/1.1") && !span_equals(line, "HTTP/1.0"))
        return head_wrong(ret_what, "a version other than HTTP/1.1 and HTTP/1.0");
    head->is_old = line.at[7] == '0';
    if (!head->target.size)
        return head_wrong(ret_what, "a request line without a target");
    for (size_t i = 0; i < head->target.size; i++) {
        unsigned char byte = (unsigned char)head->target.at[i];

        if (byte <= ' ')
            return head_wrong(ret_what, "a blank in the target");
        if (byte >= 0x7f)
            return head_wrong(ret_what, "a byte in the target that no target has unless it is encoded");
    }
    return 0;
}

static int read_request_fields(struct head *head, const char **ret_what)
{
    bool has_host = false;

    for (unsigned i = 0; i < head->field_count; i++) {
        const struct field *field = &head->fields[i];

        if (span_is(field->name, "Host")) {
            if (has_host)
                return head_wrong(ret_what, "more than one Host");
            has_host = true;
            head->host = field->value;
        } else if (span_is(field->name, "Expect")) {
            if (!span_is(field->value, "100-continue"))
                return head_wrong(ret_what, "an Expect other than 100-continue");
            head->expects = !head->is_old;
        }
    }
    if (!has_host || !head->host.size)
        return head_wrong(ret_what, "no Host");
    if (head->upgrades && head->body != HEAD_BODY_NONE)
        return head_wrong(ret_what, "a request for a WebSocket with a body");
    return 0;
}

int head_read_request(const char *bytes, size_t size, struct head *ret_head, http_parser *ret_parser, const char **ret_what)
{
    struct span rest, line = head_first_line(bytes, size, &rest);
    int status;

    begin(ret_head, HEAD_BODY_NONE);
    ret_head->all = (struct span){bytes, size};
    status = read_request_line(line, ret_head, ret_what);
    if (status == 0)
        status = head_read_fields(rest, ret_head, true, ret_what);
    if (status == 0)
        status = read_request_fields(ret_head, ret_what);
    if (status < 0)
        return status;
    http_parser_init(ret_parser, HTTP_REQUEST);
    /* what only the connection's end would end has no place in a request, and other protocols are the caller's to see */
    if (!read_again(bytes, size, ret_head, false, ret_parser))
        return head_wrong(ret_what, "something that a second parser reads differently, or a method that it does not know");
    if (strncmp(http_method_str((enum http_method)ret_parser->method), ret_head->method.at, ret_head->method.size) != 0)
        return head_wrong(ret_what, "a method that a second parser reads differently");
    ret_head->has_body = ret_head->body != HEAD_BODY_NONE && (ret_head->body != HEAD_BODY_LENGTH || ret_head->length);
    return 0;
}

/* ---- responses ---- */

/* HTTP/1.x SP three digits, SP and a reason that may be empty or missing. */
static int read_status_line(struct span line, struct head *head, const char **ret_what)
{
    if (line.size < 12 || memcmp(line.at, "HTTP/1.", 7) != 0 || (line.at[7] != '0' && line.at[7] != '1') || line.at[8] != ' ')
        return head_wrong(ret_what, "no status line of HTTP/1.1 or HTTP/1.0");
    head->is_old = line.at[7] == '0';
    head->status = 0;
    for (size_t i = 9; i < 12; i++) {
        if (line.at[i] < '0' || line.at[i] > '9')
            return head_wrong(ret_what, "a status that is no number of three digits");
        head->status = head->status * 10 + (unsigned)(line.at[i] - '0');
    }
    if (head->status < 100 || head->status > 999)
        return head_wrong(ret_what, "a status that is not in 100..999");
    if (line.size > 12 && line.at[12] != ' ')
        return head_wrong(ret_what, "a status that is no number of three digits");
    head->reason = line.size > 13 ? (struct span){line.at + 13, line.size - 13} : (struct span){line.at, 0};
    return 0;
}

int head_read_response(const char *bytes, size_t size, bool is_head, struct head *ret_head, http_parser *ret_parser,
                       const char **ret_what)
{
    struct span rest, line = head_first_line(bytes, size, &rest);
    bool has_none;
    int status;

    begin(ret_head, HEAD_BODY_UNTIL_END);
    status = read_status_line(line, ret_head, ret_what);
    if (status == 0)
        status = head_read_fields(rest, ret_head, false, ret_what);
    if (status < 0)
        return status;
    has_none = is_head || ret_head->status < 200 || ret_head->status == 204 || ret_head->status == 304;
    http_parser_init(ret_parser, HTTP_RESPONSE);
    if (!read_again(bytes, size, ret_head, has_none, ret_parser))
        return head_wrong(ret_what, "something that a second parser reads differently");
    ret_head->has_body = !has_none;
    ret_head->closes |= !has_none && ret_head->body == HEAD_BODY_UNTIL_END;
    return 0;
}
