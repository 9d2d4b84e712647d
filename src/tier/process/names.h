/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns over names as the automaton of record.h: states that begin alike are shared. */
#ifndef CORDON_TIER_PROCESS_NAMES_H
#define CORDON_TIER_PROCESS_NAMES_H

#include "base/error.h"
#include "base/memory.h"
#include "policy/plan.h"
#include "tier/process/record.h"

struct names {
    struct record_state *states;
    size_t state_count;
    struct record_edge *edges; /* names are offsets into `text` */
    size_t edge_count;
    uint32_t *also;
    size_t also_count;
    const char *text;
    size_t text_length;
};

/* Two names inside for one directory or file: what a pattern covers below one of them, it covers below the other. */
struct names_alias {
    const char *name, *other;
};

/* In the arena. ERROR_LIMIT when the patterns need more than RECORD_STATES_MAX states. */
int names_build(struct arena *arena, const struct plan_name *patterns, size_t count, const struct names_alias *aliases,
                size_t alias_count, struct names *ret_names, struct error *err) must_check;

#endif
