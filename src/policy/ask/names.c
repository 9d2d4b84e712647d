/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The patterns as one automaton over components, as process 1 walks it (tier/process/init/names.c): an edge that is a plain
 * name is found by its hash, so that a thousand of them cost as much as one.
 */
#include <errno.h>
#include <string.h>

#include "base/fold.h"
#include "base/glob.h"
#include "policy/ask/ask.h"

struct edge {
    const char *name; /* folded where names fold, unless it is wild */
    size_t length;
    size_t from, to;
    struct edge *next; /* of the same state: wild ones, all of them */
    struct edge *next_of_all;
};

struct state {
    struct edge *wild, *all;
    size_t deep; /* behind a double star here, 0 = none; entered along with this one */
    const struct plan_name *kept, *old;
    bool stays, has_plain;
};

struct ask_names {
    struct arena *arena;
    struct state *states;
    size_t state_count;
    struct edge **plain; /* by hash of state and name */
    size_t plain_size;
    size_t plain_count;
    bool folds;
};

static uint64_t edge_hash(size_t from, const char *name, size_t length)
{
    uint64_t hash = ask_hash(name, length) ^ (from * 0x9e3779b97f4a7c15u);

    return hash ^ hash >> 31;
}

static struct edge **plain_slot(const struct ask_names *names, size_t from, const char *name, size_t length)
{
    size_t at = (size_t)edge_hash(from, name, length) & (names->plain_size - 1);

    for (;; at = (at + 1) & (names->plain_size - 1)) {
        struct edge *edge = names->plain[at];

        if (!edge || (edge->from == from && edge->length == length && memcmp(edge->name, name, length) == 0))
            return &names->plain[at];
    }
}

static int state_add(struct ask_names *names, bool stays, size_t *ret_index, struct error *err)
{
    struct state *state;

    if (names->state_count == ASK_STATES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the policy's patterns and names to be kept need more than %d states",
                         ASK_STATES_MAX);
    state = arena_append(names->arena, names->states, names->state_count);
    if (!state)
        return error_memory(err);
    state->stays = stays;
    *ret_index = names->state_count - 1;
    return 0;
}

static int step_deep(struct ask_names *names, size_t from, size_t *ret_to, struct error *err)
{
    size_t index = names->states[from].stays ? from : names->states[from].deep;
    int r = 0;

    if (!index) {
        r = state_add(names, true, &index, err);
        if (r == 0)
            names->states[from].deep = index;
    }
    *ret_to = index;
    return r;
}

static int edge_add(struct ask_names *names, size_t from, const char *name, size_t length, bool is_wild, size_t *ret_to,
                    struct error *err)
{
    struct edge *edge = arena_alloc(names->arena, sizeof(*edge));
    struct state *state;
    int r;

    if (!edge)
        return error_memory(err);
    r = state_add(names, false, ret_to, err);
    if (r < 0)
        return r;
    state = &names->states[from];
    *edge = (struct edge){name, length, from, *ret_to, is_wild ? state->wild : NULL, state->all};
    state->all = edge;
    if (is_wild)
        state->wild = edge;
    else
        *plain_slot(names, from, name, length) = edge;
    state->has_plain = state->has_plain || !is_wild;
    return 0;
}

static int step_name(struct ask_names *names, size_t from, const char *name, size_t length, size_t *ret_to,
                     struct error *err)
{
    bool is_wild = glob_is_wild(name, length);
    char folded[FOLD_NAME_BYTES];
    const char *copy = name;
    struct edge *known = NULL;

    if (names->folds && !is_wild) {
        length = fold_name(name, length, folded);
        copy = arena_string_n(names->arena, folded, length);
        if (!copy)
            return error_memory(err);
    }
    if (is_wild)
        for (known = names->states[from].wild; known; known = known->next) {
            if (known->length == length && memcmp(known->name, name, length) == 0)
                break;
        }
    else
        known = *plain_slot(names, from, copy, length);
    if (known) {
        *ret_to = known->to;
        return 0;
    }
    return edge_add(names, from, copy, length, is_wild, ret_to, err);
}

static int pattern_add(struct ask_names *names, const struct plan_name *pattern, struct error *err)
{
    const char *rest = pattern->pattern, *name;
    size_t length, at = 0;
    int r = 0;

    while (r == 0 && glob_next_component(&rest, &name, &length))
        r = length == 2 && memcmp(name, "**", 2) == 0 ? step_deep(names, at, &at, err)
                                                      : step_name(names, at, name, length, &at, err);
    if (r < 0)
        return r;
    if (pattern->kind == PLAN_NAME_KEPT && !names->states[at].kept)
        names->states[at].kept = pattern;
    if (pattern->kind == PLAN_NAME_OLD && !names->states[at].old)
        names->states[at].old = pattern;
    return 0;
}

static bool shuts(const struct plan_name *name)
{
    return name->kind == PLAN_NAME_KEPT || name->kind == PLAN_NAME_OLD;
}

static size_t components_of(const struct plan *plan)
{
    size_t count = 0, length;

    for (size_t i = 0; i < plan->name_count; i++) {
        const char *rest = plan->names[i].pattern, *name;

        while (shuts(&plan->names[i]) && glob_next_component(&rest, &name, &length))
            count++;
    }
    return count;
}

int ask_names_new(struct arena *arena, const struct plan *plan, struct ask_names **ret_names, struct error *err)
{
    struct ask_names *names = arena_alloc(arena, sizeof(*names));
    size_t components = components_of(plan), first;
    int r;

    if (!names)
        return error_memory(err);
    names->arena = arena;
    names->folds = plan->names_fold;
    for (names->plain_size = 8; names->plain_size < components * 2; names->plain_size *= 2)
        ;
    names->plain = arena_alloc(arena, names->plain_size * sizeof(*names->plain));
    if (!names->plain)
        return error_memory(err);
    r = state_add(names, false, &first, err);
    for (size_t i = 0; i < plan->name_count && r == 0; i++)
        if (shuts(&plan->names[i]))
            r = pattern_add(names, &plan->names[i], err);
    if (r == 0)
        *ret_names = names;
    return r;
}

static void enter(const struct ask_names *names, size_t index, struct ask_stand *stand)
{
    do {
        const struct state *state = &names->states[index];
        uint64_t bit = (uint64_t)1 << (index % 64);

        if (stand->live[index / 64] & bit)
            return;
        stand->live[index / 64] |= bit;
        if (state->kept && !stand->kept)
            stand->kept = state->kept;
        if (state->old && !stand->old)
            stand->old = state->old;
        index = state->deep;
    } while (index);
}

/* One component as it is compared. */
struct component {
    const char *name;
    size_t length;
    const char *folded; /* the name itself where names do not fold */
    size_t folded_length;
    bool is_any; /* it may stand for something longer */
};

static bool wild_takes(const struct edge *edge, const struct component *component, bool folds)
{
    char folded[FOLD_NAME_BYTES];
    size_t length;

    if (component->is_any || glob_matches_name(edge->name, edge->length, component->name, component->length))
        return true;
    if (!folds)
        return false;
    length = fold_name(edge->name, edge->length, folded);
    return glob_matches_name(folded, length, component->folded, component->folded_length);
}

static void step_state(const struct ask_names *names, size_t index, const struct component *component,
                       struct ask_stand *next)
{
    const struct state *state = &names->states[index];

    if (state->stays)
        enter(names, index, next);
    if (component->is_any) {
        for (const struct edge *edge = state->all; edge; edge = edge->next_of_all)
            enter(names, edge->to, next);
        return;
    }
    if (state->has_plain) {
        const struct edge *edge = *plain_slot(names, index, component->folded, component->folded_length);

        if (edge)
            enter(names, edge->to, next);
    }
    for (const struct edge *edge = state->wild; edge; edge = edge->next)
        if (wild_takes(edge, component, names->folds))
            enter(names, edge->to, next);
}

/* What covers a directory covers what is in it. */
static void stand_clear(const struct ask_names *names, struct ask_stand *stand, const struct ask_stand *from)
{
    memset(stand->live, 0, (names->state_count + 63) / 64 * sizeof(stand->live[0]));
    stand->kept = from ? from->kept : NULL;
    stand->old = from ? from->old : NULL;
}

static void step(const struct ask_names *names, const struct ask_stand *stand, const char *name, size_t length,
                 struct ask_stand *next)
{
    struct component component = {.name = name, .length = length, .folded = name, .folded_length = length};
    char folded[FOLD_NAME_BYTES];

    if (names->folds) {
        component.folded_length = fold_name(name, length, folded);
        component.folded = folded;
        component.is_any = fold_is_short_name(name, length);
    }
    stand_clear(names, next, stand);
    for (size_t word = 0; word * 64 < names->state_count; word++)
        for (uint64_t bits = stand->live[word]; bits; bits &= bits - 1)
            step_state(names, word * 64 + (size_t)__builtin_ctzll(bits), &component, next);
}

void ask_names_walk(const struct ask_names *names, const char *path, struct ask_stand *ret_stand)
{
    struct ask_stand other not_initialised;
    struct ask_stand *now = ret_stand, *next = &other;
    const char *name;
    size_t length;

    stand_clear(names, now, NULL);
    enter(names, 0, now);
    while (glob_next_component(&path, &name, &length)) {
        struct ask_stand *last = now;

        step(names, now, name, length, next);
        now = next;
        next = last;
    }
    if (now != ret_stand) {
        memcpy(ret_stand->live, now->live, (names->state_count + 63) / 64 * sizeof(now->live[0]));
        ret_stand->kept = now->kept;
        ret_stand->old = now->old;
    }
}

void ask_names_look(const struct ask_names *names, const char *path, const struct plan_name **ret_kept,
                    const struct plan_name **ret_old)
{
    struct ask_stand stand not_initialised;

    ask_names_walk(names, path, &stand);
    *ret_kept = stand.kept;
    *ret_old = stand.old;
}

bool ask_names_differ(const struct ask_names *names, const struct ask_stand *a, const struct ask_stand *b)
{
    if ((a->kept && !b->kept) || (a->old && !b->old))
        return true;
    for (size_t word = 0; word * 64 < names->state_count; word++)
        for (uint64_t bits = a->live[word] & ~b->live[word]; bits; bits &= bits - 1) {
            const struct state *state = &names->states[word * 64 + (size_t)__builtin_ctzll(bits)];

            if (state->all || state->stays)
                return true;
        }
    return false;
}
