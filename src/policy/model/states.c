/* SPDX-License-Identifier: Apache-2.0 */
/* The set of met states: open addressing over an array in the order of arrival. */
#include "policy/model/states.h"

#include <errno.h>
#include <string.h>

static uint64_t hash_words(const uint64_t *key, size_t words)
{
    uint64_t hash = 0x9e3779b97f4a7c15u ^ words;

    for (size_t i = 0; i < words; i++) {
        hash = (hash ^ key[i]) * 0xff51afd7ed558ccdu;
        hash ^= hash >> 32;
    }
    return hash;
}

/* The slot that holds this key, or the free one where it belongs. */
static uint32_t *find_slot(const struct states *states, const uint64_t *key, size_t words,
                           uint64_t hash)
{
    for (size_t at = hash & (states->slot_count - 1);; at = (at + 1) & (states->slot_count - 1)) {
        uint32_t *slot = &states->slots[at];
        const struct state *state;

        if (!*slot)
            return slot;
        state = &states->items[*slot - 1];
        if (state->hash == hash && state->words == words &&
            memcmp(state->key, key, words * sizeof(*key)) == 0)
            return slot;
    }
}

static int grow_slots(struct states *states)
{
    size_t count = states->slot_count ? 2 * states->slot_count : 64;
    uint32_t *slots = arena_alloc(states->arena, count * sizeof(*slots));

    if (!slots)
        return -ENOMEM;
    states->slots = slots;
    states->slot_count = count;
    for (size_t i = 0; i < states->count; i++) {
        const struct state *state = &states->items[i];

        *find_slot(states, state->key, state->words, state->hash) = (uint32_t)i + 1;
    }
    return 0;
}

int states_add(struct states *states, const uint64_t *key, size_t words, const char *text,
               size_t *ret_index)
{
    uint64_t hash = hash_words(key, words);
    size_t bytes = words * sizeof(*key) + strlen(text) + 1;
    struct state *state;
    uint64_t *own_key;
    char *own_text;
    uint32_t *slot;

    if (2 * (states->count + 1) > states->slot_count && grow_slots(states) < 0)
        return -ENOMEM;
    slot = find_slot(states, key, words, hash);
    if (*slot) {
        *ret_index = *slot - 1;
        return 0;
    }
    if (states->count >= STATES_COUNT_MAX || states->bytes + bytes > STATES_BYTES_MAX)
        return -E2BIG;
    own_key = arena_alloc(states->arena, words * sizeof(*key));
    own_text = arena_string(states->arena, text);
    state = own_key && own_text ? arena_append(states->arena, states->items, states->count) : NULL;
    if (!state)
        return -ENOMEM;
    memcpy(own_key, key, words * sizeof(*key));
    *state = (struct state){.key = own_key, .words = words, .hash = hash, .text = own_text};
    states->bytes += bytes;
    *slot = (uint32_t)states->count;
    *ret_index = states->count - 1;
    return 0;
}
