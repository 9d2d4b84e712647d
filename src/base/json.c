/* SPDX-License-Identifier: Apache-2.0 */
/* The JSON writer (RFC 8259). */
#include "base/json.h"

#include <assert.h>
#include <inttypes.h>
#include <string.h>

#include "base/utf8.h"

static void json_newline(struct json *json)
{
    if (json->indent)
        text_printf(json->out, "\n%*s", json->indent * json->depth, "");
}

/* Bytes that stand for themselves, which most do. */
static size_t plain_length(const char *value, size_t length)
{
    size_t plain = 0;

    while (plain < length && (unsigned char)value[plain] >= 0x20 && (unsigned char)value[plain] < 0x7f && value[plain] != '"' &&
           value[plain] != '\\')
        plain++;
    return plain;
}

/* A control character or one that turns the direction of writing, of two or three bytes: a record is also looked at. */
static void add_escaped(struct text *out, const char *bytes, size_t length)
{
    unsigned code = (unsigned char)bytes[0] & (length == 2 ? 0x1f : 0x0f);

    for (size_t i = 1; i < length; i++)
        code = code << 6 | ((unsigned char)bytes[i] & 0x3f);
    text_printf(out, "\\u%04x", code);
}

static void json_quote(struct text *out, const char *value, size_t length)
{
    text_add(out, "\"");
    for (size_t at = 0; at < length;) {
        unsigned char c = (unsigned char)value[at];
        char window[5] = {0};
        size_t step = plain_length(value + at, length - at);

        if (step) {
            text_add_n(out, value + at, step);
            at += step;
            continue;
        }
        memcpy(window, value + at, length - at < 4 ? length - at : 4);
        step = utf8_length(window);
        if (c == '"' || c == '\\')
            text_printf(out, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            text_printf(out, "\\u%04x", c);
        else if (step && !utf8_printable(window))
            add_escaped(out, window, step);
        else if (step)
            text_add_n(out, window, step);
        else
            text_add(out, "\\ufffd");
        at += step ? step : 1;
    }
    text_add(out, "\"");
}

static void json_item(struct json *json, const char *key)
{
    if (json->depth) {
        if (json->has_items[json->depth - 1])
            text_add(json->out, ",");
        json->has_items[json->depth - 1] = true;
        json_newline(json);
    }
    if (key) {
        json_quote(json->out, key, strlen(key));
        text_add(json->out, json->indent ? ": " : ":");
    }
}

static void json_open(struct json *json, const char *key, const char *opener, char closer)
{
    json_item(json, key);
    assert(json->depth < JSON_DEPTH_MAX);
    text_add(json->out, opener);
    json->has_items[json->depth] = false;
    json->closers[json->depth++] = closer;
}

void json_begin_object(struct json *json, const char *key)
{
    json_open(json, key, "{", '}');
}

void json_begin_array(struct json *json, const char *key)
{
    json_open(json, key, "[", ']');
}

void json_end(struct json *json)
{
    assert(json->depth > 0);
    json->depth--;
    if (json->has_items[json->depth])
        json_newline(json);
    text_add_n(json->out, &json->closers[json->depth], 1);
}

void json_add_string_n(struct json *json, const char *key, const char *value, size_t length)
{
    json_item(json, key);
    json_quote(json->out, value, length);
}

void json_add_string(struct json *json, const char *key, const char *value)
{
    if (value)
        json_add_string_n(json, key, value, strlen(value));
    else
        json_add_null(json, key);
}

void json_add_int(struct json *json, const char *key, int64_t value)
{
    json_item(json, key);
    text_printf(json->out, "%" PRId64, value);
}

void json_add_uint(struct json *json, const char *key, uint64_t value)
{
    json_item(json, key);
    text_printf(json->out, "%" PRIu64, value);
}

void json_add_bool(struct json *json, const char *key, bool value)
{
    json_add_raw(json, key, value ? "true" : "false");
}

void json_add_null(struct json *json, const char *key)
{
    json_add_raw(json, key, "null");
}

void json_add_raw(struct json *json, const char *key, const char *value)
{
    json_item(json, key);
    text_add(json->out, value);
}
