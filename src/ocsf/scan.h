/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads one JSON object without a copy: where each member's value stands in the text, by its path ("object.path"). It allocates
 * nothing and looks at every byte once, because every record of a machine passes here. Strings stay as they are escaped.
 */
#ifndef CORDON_OCSF_SCAN_H
#define CORDON_OCSF_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

#define SCAN_DEPTH_MAX 16
#define SCAN_PATH_MAX  96 /* bytes; a longer path is read and not told */

enum scan_kind { SCAN_NONE = 0, SCAN_STRING, SCAN_NUMBER, SCAN_TRUE, SCAN_FALSE, SCAN_NULL, SCAN_ARRAY, SCAN_OBJECT };

struct scan_value {
    enum scan_kind kind;
    const char *at; /* of a string what is between its quotes */
    size_t size;
};

/* `hash` is hash_mix(HASH_START, path). Objects are told member by member, arrays as a whole. */
typedef void (*scan_member_fn)(void *context, const char *path, size_t path_size, uint64_t hash, struct scan_value value);

/* All of `text` is one JSON object with nothing behind it (but one newline), strictly as RFC 8259 has it. ERROR_INVALID. */
int scan_object(const char *text, size_t size, scan_member_fn member, void *context, struct error *err) must_check;

/* The items of an array that scan_object() told, one by one: *at is 0 at first. false at its end. */
bool scan_item(struct scan_value array, size_t *at, struct scan_value *ret_item);
/* The members of an object that is an item, as scan_object() tells them. */
void scan_members(struct scan_value object, scan_member_fn member, void *context);

/* Is it the string `text`, which needs no escape? */
bool scan_is(struct scan_value value, const char *text);

/* The string's own bytes, NUL-terminated; false where they are more than ret_size - 1 or not a string. */
bool scan_text(struct scan_value value, char *ret_text, size_t ret_size);
/* A number without sign, fraction or exponent that fits. */
bool scan_uint(struct scan_value value, uint64_t *ret_number);

#endif
