/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A set of states that an exploration has met, each a few words and the text that first led there.
 * In the order in which they were met, so that it is the queue of a breadth-first walk as well.
 */
#ifndef CORDON_POLICY_MODEL_STATES_H
#define CORDON_POLICY_MODEL_STATES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/memory.h"

#define STATES_COUNT_MAX 32768
#define STATES_BYTES_MAX ((size_t)64 * 1024 * 1024)

struct state {
    const uint64_t *key;
    size_t words;
    uint64_t hash;
    const char *text;
};

struct states {
    struct arena *arena;
    struct state *items;
    size_t count;
    uint32_t *slots; /* index + 1, 0 = free */
    size_t slot_count;
    size_t bytes;
};

/* Add a copy unless it is there. -ENOMEM, -E2BIG when a maximum would be passed. */
int states_add(struct states *states, const uint64_t *key, size_t words, const char *text,
               size_t *ret_index) must_check;

#endif
