/* SPDX-License-Identifier: Apache-2.0 */
/* A growing string. A failed allocation is remembered and reported once, at the end, by
 * text_finish(). */
#ifndef CORDON_BASE_TEXT_H
#define CORDON_BASE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/compiler.h"
#include "base/error.h"

struct text {
    char *data; /* NUL-terminated once anything was appended */
    size_t length, capacity;
    bool is_broken; /* out of memory happened; what follows is dropped */
};

void text_finish(struct text *text);
#define auto_text cleanup_with(text_finish)

void text_add(struct text *text, const char *string);
void text_add_n(struct text *text, const char *bytes, size_t length);
void text_printf(struct text *text, const char *format, ...) printf_like(2, 3);

/* Append text from outside so that it is safe on a terminal: control, escape and invalid UTF-8
 * bytes as \xNN. */
void text_add_safe(struct text *text, const char *string);
void text_add_safe_n(struct text *text, const char *bytes, size_t length);

/*
 * Put `text` with its end into `to`, which has room for `size` bytes. That there is room, whoever calls this has seen to: a name that is cut would be
 * another's.
 */
void text_put(char *to, size_t size, const char *text);

/* Give the string away: *ret_string is the caller's to mem_free(). -ENOMEM when anything was lost.
 */
int text_take(struct text *text, char **ret_string, struct error *err) must_check;

#endif
