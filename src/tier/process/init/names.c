/* SPDX-License-Identifier: Apache-2.0 */
/* A set of live states, one bit each. Time is bounded by live states times their edges for each component. */
#include "tier/process/init/names.h"

#include "base/fold.h"
#include "base/glob.h"

static const struct record_state *states_of(const struct record *record)
{
    return (const struct record_state *)(const void *)((const char *)record + record->states);
}

/* Into a state, and into those that are entered along with it; what is live already has been through here. */
static void enter(const struct record *record, uint32_t index, struct names_at *at)
{
    const uint32_t *also = (const uint32_t *)(const void *)((const char *)record + record->also);

    do {
        const struct record_state *state = &states_of(record)[index];

        if (at->live[index / 64] & 1ull << (index % 64))
            return;
        at->live[index / 64] |= 1ull << (index % 64);
        at->kinds |= state->kinds;
        for (uint32_t i = 0; i < state->also_count; i++)
            enter(record, also[state->also + i], at);
        index = state->skip;
    } while (index);
}

static void clear(struct names_at *at, uint32_t kinds)
{
    for (size_t i = 0; i < NAMES_WORDS; i++)
        at->live[i] = 0;
    at->kinds = kinds;
}

void names_start(const struct record *record, struct names_at *ret_at)
{
    clear(ret_at, 0);
    if (record->state_count)
        enter(record, 0, ret_at);
}

static int is_same(const char *a, size_t a_length, const char *b, size_t b_length)
{
    if (a_length != b_length)
        return 0;
    for (size_t i = 0; i < a_length; i++)
        if (a[i] != b[i])
            return 0;
    return 1;
}

static int edge_takes_folded(const struct record_edge *edge, const char *pattern, const char *name, size_t length)
{
    char folded_pattern[FOLD_NAME_BYTES], folded_name[FOLD_NAME_BYTES];
    size_t pattern_length = fold_name(pattern, edge->length, folded_pattern);
    size_t name_length = fold_name(name, length, folded_name);

    if (fold_is_short_name(name, length))
        return 1;
    if (edge->is_wild)
        return glob_matches_name(folded_pattern, pattern_length, folded_name, name_length);
    return is_same(folded_pattern, pattern_length, folded_name, name_length);
}

static int edge_takes(const struct record *record, const struct record_edge *edge, const char *name, size_t length)
{
    const char *pattern = (const char *)record + edge->name;

    if (edge->is_wild ? glob_matches_name(pattern, edge->length, name, length)
                      : is_same(pattern, edge->length, name, length))
        return 1;
    return record->flags & RECORD_FOLD ? edge_takes_folded(edge, pattern, name, length) : 0;
}

static void step_state(const struct record *record, uint32_t index, const char *name, size_t length,
                       struct names_at *next)
{
    const struct record_state *state = &states_of(record)[index];
    const struct record_edge *edges = (const struct record_edge *)(const void *)((const char *)record + record->edges);

    if (state->stays)
        enter(record, index, next);
    for (uint32_t i = 0; i < state->edge_count; i++)
        if (edge_takes(record, &edges[state->edges + i], name, length))
            enter(record, edges[state->edges + i].to, next);
}

void names_step(const struct record *record, const struct names_at *at, const char *name, size_t length,
                struct names_at *ret_next)
{
    clear(ret_next, at->kinds & RECORD_NAME_SHUT);
    for (uint32_t word = 0; word * 64 < record->state_count; word++)
        for (uint64_t bits = at->live[word]; bits; bits &= bits - 1)
            step_state(record, word * 64 + (uint32_t)__builtin_ctzll(bits), name, length, ret_next);
}

void names_walk(const struct record *record, const char *path, struct names_at *ret_at)
{
    struct names_at steps[2];
    int now = 0;
    const char *end;

    names_start(record, &steps[now]);
    for (;; path = end) {
        while (*path == '/')
            path++;
        if (!*path)
            break;
        for (end = path; *end && *end != '/'; end++)
            ;
        names_step(record, &steps[now], path, (size_t)(end - path), &steps[!now]);
        now = !now;
    }
    *ret_at = steps[now];
}

int names_differ(const struct record *record, const struct names_at *a, const struct names_at *b)
{
    if (a->kinds & ~b->kinds & RECORD_NAME_SHUT)
        return 1;
    for (uint32_t word = 0; word * 64 < record->state_count; word++)
        for (uint64_t bits = a->live[word] & ~b->live[word]; bits; bits &= bits - 1) {
            const struct record_state *state = &states_of(record)[word * 64 + (uint32_t)__builtin_ctzll(bits)];

            if (state->edge_count || state->stays)
                return 1;
        }
    return 0;
}
