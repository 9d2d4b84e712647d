/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes one line of JSON into a buffer of fixed size, from targets that are paths: objects are opened and closed as the next
 * path asks for it. What does not fit is remembered, and then nothing more is written.
 */
#ifndef CORDON_OCSF_EMIT_H
#define CORDON_OCSF_EMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct emit {
    char *at, *end;
    const char *path; /* a target; what of it is open is `path_size` bytes, with the dot behind */
    size_t path_size;
    bool is_full, is_cut;
};

void emit_begin(struct emit *emit, char *buffer, size_t size);
/* The size of the line, 0 where it did not fit. */
size_t emit_end(struct emit *emit, const char *buffer);

/* What follows is the value of this member. */
void emit_name(struct emit *emit, const char *target);
/* As emit_name(), of the object alone: `members` (which may be "") are written into it, with what stands between them. */
void emit_members(struct emit *emit, const char *object, const char *members, size_t size);
/* Is this target's object open, which says that something of it was written? */
bool emit_is_open(const struct emit *emit, const char *target);

/* Comma where one is needed: before an item of an array. */
void emit_item(struct emit *emit);
void emit_raw(struct emit *emit, const char *bytes, size_t size);
void emit_uint(struct emit *emit, uint64_t number);
/* Our own word, in quotes; needs no escape. */
void emit_word(struct emit *emit, const char *word);

/*
 * What is between the quotes of a string: `text` is escaped as JSON already. At most size_max bytes of it, whole characters and
 * escapes. Control characters, what turns the direction of text, what has no width, and what is no UTF-8 come out as \uXXXX.
 */
void emit_text(struct emit *emit, const char *text, size_t size, size_t size_max);

#endif
