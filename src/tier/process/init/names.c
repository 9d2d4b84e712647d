/* SPDX-License-Identifier: Apache-2.0 */
/* A set of live states, one bit each. Time is bounded by live states times their edges for each component. */
#include "tier/process/init/names.h"

#include "base/glob.h"

#define NAME_BYTES 256 /* a component has at most 255 */

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

/* Characters that a case-insensitive directory leaves out of the comparison (Unicode: default ignorable), in UTF-8. */
static const struct {
    unsigned char bytes[2], low, high; /* the last byte lies between; high 0: there is none */
} ignored[] = {
    {{0xc2, 0xad}, 0, 0},          {{0xcd, 0x8f}, 0, 0},          {{0xd8, 0x9c}, 0, 0},
    {{0xe1, 0x85}, 0x9f, 0xa0},    {{0xe1, 0x9e}, 0xb4, 0xb5},    {{0xe1, 0xa0}, 0x8b, 0x8f},
    {{0xe2, 0x80}, 0x8b, 0x8f},    {{0xe2, 0x80}, 0xaa, 0xae},    {{0xe2, 0x81}, 0xa0, 0xaf},
    {{0xe3, 0x85}, 0xa4, 0xa4},    {{0xef, 0xb8}, 0x80, 0x8f},    {{0xef, 0xbb}, 0xbf, 0xbf},
    {{0xef, 0xbe}, 0xa0, 0xa0},    {{0xef, 0xbf}, 0xb0, 0xb8},
};

static size_t ignored_length(const unsigned char *at, size_t left)
{
    if (left >= 4 && at[0] == 0xf3 && at[1] == 0xa0)
        return 4;
    for (size_t i = 0; i < sizeof(ignored) / sizeof(ignored[0]) && left >= 2; i++) {
        if (at[0] != ignored[i].bytes[0] || at[1] != ignored[i].bytes[1])
            continue;
        if (!ignored[i].high)
            return 2;
        if (left >= 3 && at[2] >= ignored[i].low && at[2] <= ignored[i].high)
            return 3;
    }
    return 0;
}

/* Lower case, and the two letters beyond ASCII that fold to ASCII (the Kelvin sign, the long s). Never longer. */
static size_t fold(const char *name, size_t length, char folded[NAME_BYTES])
{
    const unsigned char *at = (const unsigned char *)name, *end = at + (length < NAME_BYTES ? length : NAME_BYTES);
    size_t used = 0;

    while (at < end) {
        size_t left = (size_t)(end - at), skipped = ignored_length(at, left);

        if (skipped) {
            at += skipped;
        } else if (left >= 3 && at[0] == 0xe2 && at[1] == 0x84 && at[2] == 0xaa) {
            folded[used++] = 'k';
            at += 3;
        } else if (left >= 2 && at[0] == 0xc5 && at[1] == 0xbf) {
            folded[used++] = 's';
            at += 2;
        } else {
            folded[used++] = (char)(*at >= 'A' && *at <= 'Z' ? *at + ('a' - 'A') : *at);
            at++;
        }
    }
    return used;
}

/* "GIT~1": on file systems of Windows a second name of something longer, nobody knows of what. */
static int is_short_name(const char *name, size_t length)
{
    for (size_t i = 0; i + 1 < length && i < 8; i++)
        if (name[i] == '~' && name[i + 1] >= '0' && name[i + 1] <= '9')
            return 1;
    return 0;
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
    char folded_pattern[NAME_BYTES], folded_name[NAME_BYTES];
    size_t pattern_length = fold(pattern, edge->length, folded_pattern);
    size_t name_length = fold(name, length, folded_name);

    if (is_short_name(name, length))
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
