/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes our own fixed JSON records into a struct text. It never reads JSON. Commas are its
 * business; nesting is the caller's: each json_begin_object()/json_begin_array() needs its
 * json_end(). Invalid UTF-8 becomes U+FFFD.
 */
#ifndef CORDON_BASE_JSON_H
#define CORDON_BASE_JSON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

#define JSON_DEPTH_MAX 32

struct json {
    struct text *out;
    int indent; /* 0 = one line; else spaces per level */
    int depth;
    char closers[JSON_DEPTH_MAX];
    bool has_items[JSON_DEPTH_MAX];
};

#define JSON_INIT(text_pointer, indent_width)                                                      \
    ((struct json){.out = (text_pointer), .indent = (indent_width)})

/* `key` is NULL inside an array and at the top. None of the names is one of jansson's, which is
 * linked too. */
void json_begin_object(struct json *json, const char *key);
void json_begin_array(struct json *json, const char *key);
void json_end(struct json *json);
void json_add_string(struct json *json, const char *key, const char *value); /* NULL value = null */
void json_add_string_n(struct json *json, const char *key, const char *value, size_t length);
void json_add_int(struct json *json, const char *key, int64_t value);
void json_add_uint(struct json *json, const char *key, uint64_t value);
void json_add_bool(struct json *json, const char *key, bool value);
void json_add_null(struct json *json, const char *key);
/* `value` is JSON already. */
void json_add_raw(struct json *json, const char *key, const char *value);

#endif
