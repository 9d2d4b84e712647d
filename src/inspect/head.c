/* SPDX-License-Identifier: Apache-2.0 */
/* What every head has: lines, fields, the length of its body. */
#include "inspect/head.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "inspect/head_line.h"

bool span_is(struct span span, const char *text)
{
    return span.size == strlen(text) && strncasecmp(span.at, text, span.size) == 0;
}

bool span_equals(struct span span, const char *text)
{
    return span.size == strlen(text) && memcmp(span.at, text, span.size) == 0;
}

bool head_is_token(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           (byte && strchr("!#$%&'*+-.^_`|~", byte));
}

int head_wrong(const char **ret_what, const char *what)
{
    *ret_what = what;
    return -EBADMSG;
}

long head_size(const char *bytes, size_t size, size_t from, const char **ret_what)
{
    for (size_t i = from; i < size; i++) {
        unsigned char byte = (unsigned char)bytes[i];

        if (byte == '\n' && (i == 0 || bytes[i - 1] != '\r'))
            return head_wrong(ret_what, "a line feed without a carriage return");
        if (byte == '\n' && i >= 3 && memcmp(bytes + i - 3, "\r\n\r\n", 4) == 0)
            return (long)i + 1;
        if (byte == '\n' && i == 1)
            return head_wrong(ret_what, "an empty line before the first one");
        if (byte != '\n' && i && bytes[i - 1] == '\r')
            return head_wrong(ret_what, "a carriage return without a line feed");
        if ((byte < ' ' && byte != '\r' && byte != '\n' && byte != '\t') || byte == 0x7f)
            return head_wrong(ret_what, byte ? "a control byte" : "a NUL");
    }
    return size >= HEAD_MAX ? head_wrong(ret_what, "a head of more than 64 KiB") : 0;
}

/* The next line without its end. head_size() has made sure that there is one. */
static struct span next_line(struct span *rest)
{
    const char *end = memchr(rest->at, '\r', rest->size);
    struct span line = {rest->at, (size_t)(end - rest->at)};

    rest->at = end + 2;
    rest->size -= line.size + 2;
    return line;
}

static bool is_blank(char byte)
{
    return byte == ' ' || byte == '\t';
}

static struct span trimmed(struct span span)
{
    while (span.size && is_blank(span.at[0])) {
        span.at++;
        span.size--;
    }
    while (span.size && is_blank(span.at[span.size - 1]))
        span.size--;
    return span;
}

static int read_field(struct span line, struct field *ret_field, const char **ret_what)
{
    const char *colon = memchr(line.at, ':', line.size);
    size_t name = colon ? (size_t)(colon - line.at) : 0;

    if (is_blank(line.at[0]))
        return head_wrong(ret_what, "a field that is folded over several lines");
    if (!name)
        return head_wrong(ret_what, "a field without a name");
    for (size_t i = 0; i < name; i++)
        if (!head_is_token(line.at[i]))
            return head_wrong(ret_what, is_blank(line.at[i]) ? "a blank in or behind a field's name" : "a byte in a field's name that no name has");
    ret_field->name = (struct span){line.at, name};
    ret_field->value = trimmed((struct span){colon + 1, line.size - name - 1});
    return 0;
}

static int read_length(struct span value, struct head *head, bool *has_length, const char **ret_what)
{
    uint64_t length = 0;

    if (*has_length)
        return head_wrong(ret_what, "more than one Content-Length");
    if (!value.size || value.size > 18)
        return head_wrong(ret_what, "a Content-Length that is no plain number");
    for (size_t i = 0; i < value.size; i++) {
        if (value.at[i] < '0' || value.at[i] > '9')
            return head_wrong(ret_what, "a Content-Length that is no plain number");
        length = length * 10 + (uint64_t)(value.at[i] - '0');
    }
    *has_length = true;
    head->body = HEAD_BODY_LENGTH;
    head->length = length;
    return 0;
}

bool head_next_item(struct span *list, struct span *ret_item)
{
    while (list->size) {
        const char *comma = memchr(list->at, ',', list->size);
        size_t size = comma ? (size_t)(comma - list->at) : list->size;

        *ret_item = trimmed((struct span){list->at, size});
        list->at += size + (comma != NULL);
        list->size -= size + (comma != NULL);
        if (ret_item->size)
            return true;
    }
    return false;
}

/* Options of a connection are few; one that names another field would have somebody on the way drop it. */
static int read_connection(struct span value, struct head *head, bool *keeps, bool *upgrades, const char **ret_what)
{
    struct span item;

    while (head_next_item(&value, &item)) {
        if (span_is(item, "close"))
            head->closes = true;
        else if (span_is(item, "keep-alive"))
            *keeps = true;
        else if (span_is(item, "upgrade"))
            *upgrades = true;
        else if (!span_is(item, "te") && !span_is(item, "http2-settings") && !span_is(item, "trailers"))
            return head_wrong(ret_what, "a Connection that names another field");
    }
    return 0;
}

/* Framing and connection, of requests and responses alike. */
static int read_framing(struct head *head, bool is_request, const char **ret_what)
{
    bool has_length = false, has_coding = false, keeps = false, upgrades = false, is_websocket = false;
    int status = 0;

    for (unsigned i = 0; i < head->field_count && status == 0; i++) {
        const struct field *field = &head->fields[i];

        if (span_is(field->name, "Content-Length")) {
            status = read_length(field->value, head, &has_length, ret_what);
        } else if (span_is(field->name, "Transfer-Encoding")) {
            if (has_coding || !span_is(field->value, "chunked"))
                return head_wrong(ret_what, "a Transfer-Encoding other than one 'chunked'");
            has_coding = true;
        } else if (span_is(field->name, "Connection") || span_is(field->name, "Proxy-Connection")) {
            status = read_connection(field->value, head, &keeps, &upgrades, ret_what);
        } else if (span_is(field->name, "Upgrade")) {
            is_websocket |= span_is(field->value, "websocket");
        }
    }
    if (status < 0)
        return status;
    if (has_coding && has_length)
        return head_wrong(ret_what, "both Content-Length and Transfer-Encoding");
    if (has_coding && head->is_old)
        return head_wrong(ret_what, "a Transfer-Encoding in HTTP/1.0");
    if (has_coding)
        head->body = HEAD_BODY_CHUNKED;
    head->upgrades = upgrades && is_websocket && !head->is_old;
    if (head->is_old && (is_request || !keeps))
        head->closes = true;
    return 0;
}

int head_read_fields(struct span rest, struct head *head, bool is_request, const char **ret_what)
{
    for (;;) {
        struct span line = next_line(&rest);
        int status;

        if (!line.size)
            return read_framing(head, is_request, ret_what);
        if (head->field_count == HEAD_FIELDS_MAX)
            return head_wrong(ret_what, "more than 128 fields");
        status = read_field(line, &head->fields[head->field_count++], ret_what);
        if (status < 0)
            return status;
    }
}

struct span head_first_line(const char *bytes, size_t size, struct span *ret_rest)
{
    *ret_rest = (struct span){bytes, size};
    return next_line(ret_rest);
}

bool head_is_hop(const struct field *field)
{
    static const char *const names[] = {
        "Connection", "Proxy-Connection", "Keep-Alive", "TE", "Trailer", "Transfer-Encoding", "Content-Length", "Upgrade",
        "HTTP2-Settings", "Proxy-Authenticate", "Proxy-Authorization",
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        if (span_is(field->name, names[i]))
            return true;
    return false;
}
