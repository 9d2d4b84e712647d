/* SPDX-License-Identifier: Apache-2.0 */
/* Walking a path through the automaton of kept names. Pure; works with and without a C library. */
#ifndef CORDON_TIER_PROCESS_INIT_NAMES_H
#define CORDON_TIER_PROCESS_INIT_NAMES_H

#include <stddef.h>
#include <stdint.h>

#include "tier/process/record.h"

#define NAMES_WORDS (RECORD_STATES_MAX / 64)

/* Where a path stands: live states, and what covers it (enum record_name_kind), with what shuts its ancestors. */
struct names_at {
    uint64_t live[NAMES_WORDS];
    uint32_t kinds;
};

/* Is it kept, or may it be? */
static inline int names_is_shut(const struct names_at *at)
{
    return (at->kinds & RECORD_NAME_SHUT) != 0;
}

/* At "/". */
void names_start(const struct record *record, struct names_at *ret_at);

/* One component further; `at` and `ret_next` may not be the same. */
void names_step(const struct record *record, const struct names_at *at, const char *name, size_t length,
                struct names_at *ret_next);

/* At an absolute path. */
void names_walk(const struct record *record, const char *path, struct names_at *ret_at);

/* Could something below be covered at `a` that is not covered at the same place below `b`? */
int names_differ(const struct record *record, const struct names_at *a, const struct names_at *b);

#endif
