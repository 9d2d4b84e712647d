/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Patterns for path names: '*', '?' and '[...]' within a component, '**' for any number of
 * components (none included). A pattern that matches an ancestor covers what is below it. Matching
 * follows sets of positions, so that its time is bounded by pattern times path.
 *
 * Patterns only take rights away, so where bytes leave room, they match more: '?' and '[...]' take
 * one character of UTF-8, and a set that names one character beyond ASCII takes every such one. A
 * '[' that is never closed stands for itself; '**' next to other text is '*'.
 */
#ifndef CORDON_BASE_GLOB_H
#define CORDON_BASE_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/path.h"

/* A pattern that matches `path` and nothing else, in the arena; NULL without memory. */
const char *glob_literal(struct arena *arena, const char *path) must_check;
/* What of the pattern stands before its first wildcard, whole components; "/" where that is nothing. NULL without memory. */
const char *glob_literal_part(struct arena *arena, const char *pattern) must_check;

/* Does `pattern` match `path` or one of its ancestors? Both absolute. */
bool glob_covers(const char *pattern, const char *path);

/* Positions between the components of a pattern, as bits. */
#define GLOB_WORDS ((PATH_LENGTH_MAX / 2 + 2 + 63) / 64)
struct glob_state {
    uint64_t bits[GLOB_WORDS];
};

/* Bits that `pattern` needs: its components and one. */
size_t glob_position_count(const char *pattern);

/* Both tell whether the pattern has matched. */
bool glob_start(const char *pattern, struct glob_state *ret_state);
bool glob_step(const char *pattern, const struct glob_state *state, const char *name, size_t length,
               struct glob_state *ret_next);

/* The next component from *text on; false at the end. */
bool glob_next_component(const char **text, const char **ret_start, size_t *ret_length);

/* One component: is there a wildcard in it, and does it match a name? */
bool glob_is_wild(const char *pattern, size_t length);
bool glob_matches_name(const char *pattern, size_t pattern_length, const char *name, size_t length);

/*
 * The same one byte at a time, for exploring every name at once: bit n of `bits` is byte n of the
 * pattern, bit `length` its end. `bits` holds length / 64 + 1 words.
 */
void glob_name_start(const char *pattern, size_t length, uint64_t *bits);
void glob_name_step(const char *pattern, size_t length, const uint64_t *bits, unsigned char byte,
                    uint64_t *ret_next);

/* Which elements take `byte`: bit n is the element that begins at byte n of the pattern. */
void glob_name_bytes(const char *pattern, size_t length, unsigned char byte, uint64_t *ret_bits);

#endif
