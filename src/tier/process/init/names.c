/* SPDX-License-Identifier: Apache-2.0 */
/* A set of live states, one bit each. Time is bounded by live states times their edges for each component. */
#include "tier/process/init/names.h"

#include "base/glob.h"

static const struct record_state *states_of(const struct record *record)
{
    return (const struct record_state *)(const void *)((const char *)record + record->states);
}

/* Into a state, and into those that are entered along with it. */
static void enter(const struct record *record, uint32_t state, struct names_at *at)
{
    do {
        at->live[state / 64] |= 1ull << (state % 64);
        at->kinds |= states_of(record)[state].kinds;
        state = states_of(record)[state].skip;
    } while (state);
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

static int edge_takes(const struct record *record, const struct record_edge *edge, const char *name, size_t length)
{
    const char *pattern = (const char *)record + edge->name;

    if (edge->is_wild)
        return glob_matches_name(pattern, edge->length, name, length);
    if (edge->length != length)
        return 0;
    for (size_t i = 0; i < length; i++)
        if (pattern[i] != name[i])
            return 0;
    return 1;
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
    clear(ret_next, at->kinds);
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
    if (a->kinds & ~b->kinds)
        return 1;
    for (uint32_t word = 0; word * 64 < record->state_count; word++)
        for (uint64_t bits = a->live[word] & ~b->live[word]; bits; bits &= bits - 1) {
            const struct record_state *state = &states_of(record)[word * 64 + (uint32_t)__builtin_ctzll(bits)];

            if (state->edge_count || state->stays)
                return 1;
        }
    return 0;
}
