/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests that differ, as methods times patterns of paths times calls. A pattern is written where all classes of paths that
 * it matches differ alike, so what is written is exactly what was found.
 */
#include "policy/model/diff_requests.h"

#include <errno.h>
#include <string.h>

#include "net/path.h"
#include "policy/model/differ.h"

struct request_fact {
    const char *method, *path, *call; /* `call`: in words, "" = no body; each text once for a program */
    size_t path_index;
};

struct program_facts {
    const char *program; /* NULL = one that no rule names */
    bool is_whole;
    struct states seen;
    struct words_list calls;
    struct request_fact *items;
    size_t count;
    const char *a_where, *b_where;
};

/* ---- collecting ---- */

static const char *call_text(struct arena *arena, const struct net_request *request)
{
    const char *text = request->tool         ? arena_printf(arena, "tool %s", request->tool)
                       : request->call       ? arena_printf(arena, "call %s", *request->call ? request->call : "(an answer)")
                       : request->is_empty   ? ""
                                             : "a body that is no call";

    if (!text || !request->is_upgrade)
        return text;
    return arena_printf(arena, "%s%sas a WebSocket", text, *text ? ", " : "");
}

static int intern_call(struct arena *arena, struct words_list *calls, const char *text, const char **ret_call)
{
    if (!text || words_add(arena, calls, text) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < calls->count; i++)
        if (strcmp(calls->items[i], text) == 0)
            *ret_call = calls->items[i];
    return 0;
}

static struct program_facts *facts_of(struct request_facts *facts, const char *program)
{
    struct program_facts *of;

    for (size_t i = 0; i < facts->program_count; i++)
        if (facts->programs[i].program == program)
            return &facts->programs[i];
    of = arena_append(facts->arena, facts->programs, facts->program_count);
    if (of)
        *of = (struct program_facts){.program = program, .seen = {.arena = facts->arena}};
    return of;
}

int facts_add(struct request_facts *facts, const struct narrowed_fact *fact)
{
    struct program_facts *of = facts_of(facts, fact->program);
    const struct net_request *request = fact->request;
    struct request_fact *added;
    size_t before, index;
    uint64_t key[5];
    int status;

    if (!of)
        return -ENOMEM;
    if (!of->a_where) {
        of->a_where = fact->a_where;
        of->b_where = fact->b_where;
    }
    if (!request) {
        of->is_whole = true;
        return 0;
    }
    /* the words of all requests are the same ones, so where they lie tells them apart */
    key[0] = (uintptr_t)request->method;
    key[1] = (uintptr_t)request->path;
    key[2] = (uintptr_t)request->call;
    key[3] = (uintptr_t)request->tool;
    key[4] = (uint64_t)request->is_upgrade << 1 | request->is_empty;
    before = of->seen.count;
    status = states_add(&of->seen, key, ARRAY_COUNT(key), "", &index);
    if (status < 0 || index < before)
        return status;
    added = arena_append(facts->arena, of->items, of->count);
    if (!added)
        return -ENOMEM;
    added->method = request->method;
    added->path = request->path;
    return intern_call(facts->arena, &of->calls, call_text(facts->arena, request), &added->call);
}

/* ---- paths as patterns ---- */

struct cover {
    struct arena *arena;
    const char *const *paths; /* of each class */
    size_t path_count;
    bool *is_in; /* of each: it is to be covered */
    const char **patterns; /* that rules have */
    size_t pattern_count;
};

static int list_patterns(struct cover *cover, const struct net_rule *rules, size_t count)
{
    int status = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; rules[i].requests && j < rules[i].requests->path_count && status == 0; j++)
            status = arena_append_once(cover->arena, &cover->patterns, &cover->pattern_count, rules[i].requests->paths[j]);
    return status;
}

static int list_all_patterns(struct cover *cover, const struct net_rules *rules)
{
    int status = 0;

    for (size_t i = 0; i < rules->layer_count && status == 0; i++) {
        status = list_patterns(cover, rules->layers[i].allow, rules->layers[i].allow_count);
        if (status == 0)
            status = list_patterns(cover, rules->layers[i].deny, rules->layers[i].deny_count);
    }
    return status;
}

static bool matches(const struct cover *cover, const char *pattern, size_t path)
{
    const char *text = cover->paths[path];

    return text && *text == '/' && net_path_matches(pattern, text, false);
}

/* How many paths that are left does the pattern cover? 0 where it covers one that it must not. */
static size_t gain_of(const struct cover *cover, const char *pattern, bool is_in, const bool *left)
{
    size_t gain = 0;

    for (size_t i = 0; i < cover->path_count; i++) {
        if (!matches(cover, pattern, i))
            continue;
        if (cover->is_in[i] != is_in)
            return 0;
        gain += left[i];
    }
    return gain;
}

/* *ret_left: how many no pattern describes. */
static int choose(const struct cover *cover, bool is_in, bool *left, struct words_list *words, size_t *ret_left)
{
    size_t count = 0;

    for (size_t i = 0; i < cover->path_count; i++) {
        left[i] = cover->is_in[i] == is_in;
        count += left[i];
    }
    while (count) {
        const char *best = NULL;
        size_t most = 0;

        for (size_t i = 0; i < cover->pattern_count; i++) {
            size_t gain = gain_of(cover, cover->patterns[i], is_in, left);

            if (gain > most) {
                most = gain;
                best = cover->patterns[i];
            }
        }
        if (!best)
            break;
        if (words_add(cover->arena, words, best) < 0)
            return -ENOMEM;
        for (size_t i = 0; i < cover->path_count; i++)
            if (left[i] && matches(cover, best, i))
                left[i] = false;
        count -= most;
    }
    *ret_left = count;
    return 0;
}

static int name_rest(const struct cover *cover, const bool *left, struct words_list *words)
{
    int status = 0;

    for (size_t i = 0; i < cover->path_count && status == 0; i++) {
        const char *path = cover->paths[i], *text = path;

        if (!left[i])
            continue;
        if (!path)
            text = "(a path with two readings)";
        else if (*path == '/')
            text = arena_printf(cover->arena, "%s (and like it)", path);
        status = text ? words_add(cover->arena, words, text) : -ENOMEM;
    }
    return status;
}

/* Nothing in `paths`: every path, but for `except`. */
static int put_paths(struct cover *cover, struct request_change *change)
{
    bool *left = arena_alloc(cover->arena, cover->path_count + 1);
    struct words_list paths = {0}, except = {0};
    size_t path_rest, except_rest;

    if (!left)
        return -ENOMEM;
    if (choose(cover, false, left, &except, &except_rest) < 0)
        return -ENOMEM;
    if (!except_rest) {
        change->except = except;
        return 0;
    }
    if (choose(cover, true, left, &paths, &path_rest) < 0 || name_rest(cover, left, &paths) < 0)
        return -ENOMEM;
    change->paths = paths;
    return 0;
}

/* ---- changes ---- */

struct put {
    const struct request_facts *facts;
    struct cover cover;
    struct request_change *changes;
    size_t count;
    struct request_fact *cells; /* one of each method and call of the program at hand */
    size_t cell_count;
};

static struct request_change *add_change(struct put *put, const struct program_facts *of)
{
    struct request_change *change = arena_append(put->facts->arena, put->changes, put->count);

    if (change)
        *change = (struct request_change){.a_where = of->a_where, .b_where = of->b_where};
    return change;
}

/* One method and one call: which paths. Joined with what has the same ones. */
static int put_cell(struct put *put, const struct program_facts *of, const char *method, const char *call, size_t first)
{
    struct arena *arena = put->facts->arena;
    struct request_change made = {.a_where = of->a_where, .b_where = of->b_where};
    struct request_change *change;

    memset(put->cover.is_in, 0, put->cover.path_count);
    for (size_t i = 0; i < of->count; i++)
        if (of->items[i].method == method && of->items[i].call == call)
            put->cover.is_in[of->items[i].path_index] = true;
    if (put_paths(&put->cover, &made) < 0)
        return -ENOMEM;
    for (size_t i = first; i < put->count; i++) {
        change = &put->changes[i];
        if (!change->is_whole && change->calls.count == 1 && strcmp(change->calls.items[0], call) == 0 &&
            words_are_same(&change->paths, &made.paths) && words_are_same(&change->except, &made.except))
            return words_add(arena, &change->methods, method);
    }
    change = add_change(put, of);
    if (!change)
        return -ENOMEM;
    *change = made;
    return words_add(arena, &change->methods, method) < 0 || words_add(arena, &change->calls, call) < 0 ? -ENOMEM : 0;
}

/* What differs in calls alone is one change. */
static int join_calls(struct put *put, size_t first)
{
    size_t kept = first;

    for (size_t i = first; i < put->count; i++) {
        const struct request_change *change = &put->changes[i];
        bool is_joined = false;

        for (size_t j = first; j < kept && !is_joined; j++) {
            struct request_change *other = &put->changes[j];

            is_joined = !change->is_whole && !other->is_whole && words_are_same(&change->methods, &other->methods) &&
                        words_are_same(&change->paths, &other->paths) && words_are_same(&change->except, &other->except);
            if (is_joined && words_add(put->facts->arena, &other->calls, change->calls.items[0]) < 0)
                return -ENOMEM;
        }
        if (!is_joined)
            put->changes[kept++] = *change;
    }
    put->count = kept;
    return 0;
}

static int put_cell_later(struct put *put, const struct request_fact *fact)
{
    struct request_fact *cell = arena_append(put->facts->arena, put->cells, put->cell_count);

    if (!cell)
        return -ENOMEM;
    *cell = *fact;
    return 0;
}

static int put_program(struct put *put, const struct program_facts *of)
{
    struct states cells = {.arena = put->facts->arena};
    size_t first = put->count;
    int status = 0;

    put->cell_count = 0;
    put->cells = NULL;

    if (of->is_whole) {
        struct request_change *change = add_change(put, of);

        if (!change)
            return -ENOMEM;
        change->is_whole = true;
    }
    for (size_t i = 0; i < of->count && status == 0; i++) {
        struct request_fact *fact = &of->items[i];
        const uint64_t key[] = {(uintptr_t)fact->method, (uintptr_t)fact->call};
        size_t before = cells.count, index;

        while (put->cover.paths[fact->path_index] != fact->path)
            fact->path_index++;
        status = states_add(&cells, key, ARRAY_COUNT(key), "", &index);
        if (status == 0 && index == before)
            status = put_cell_later(put, fact);
    }
    for (size_t i = 0; i < put->cell_count && status == 0; i++)
        status = put_cell(put, of, put->cells[i].method, put->cells[i].call, first);
    return status < 0 ? status : join_calls(put, first);
}

static bool is_same_facts(const struct program_facts *a, const struct program_facts *b)
{
    if (a->is_whole != b->is_whole || a->count != b->count)
        return false;
    for (size_t i = 0; i < a->count; i++)
        if (a->items[i].method != b->items[i].method || a->items[i].path != b->items[i].path ||
            strcmp(a->items[i].call, b->items[i].call) != 0)
            return false;
    return true;
}

/* Programs of which the same is true; the one that no rule names is written where it is not all of them. */
static int name_programs(const struct put *put, size_t of, size_t program_count, struct words_list *words)
{
    const struct request_facts *facts = put->facts;
    size_t count = 0;
    int status = 0;

    for (size_t i = of; i < facts->program_count; i++)
        count += is_same_facts(&facts->programs[of], &facts->programs[i]);
    if (count == program_count)
        return 0;
    for (size_t i = of; i < facts->program_count && status == 0; i++)
        if (is_same_facts(&facts->programs[of], &facts->programs[i]))
            status = words_add(facts->arena, words, facts->programs[i].program ? facts->programs[i].program : "any other");
    return status;
}

static bool is_put(const struct request_facts *facts, size_t index)
{
    for (size_t i = 0; i < index; i++)
        if (is_same_facts(&facts->programs[i], &facts->programs[index]))
            return true;
    return false;
}

int facts_put(const struct request_facts *facts, const struct narrowed *narrowed, const struct net_rules *a, const struct net_rules *b,
              struct request_change **ret_changes, size_t *ret_count)
{
    struct put put = {.facts = facts, .cover = {.arena = facts->arena}};
    struct words_list programs;
    int status = 0;

    put.cover.paths = narrowed_paths(narrowed, &put.cover.path_count);
    put.cover.is_in = arena_alloc(facts->arena, put.cover.path_count + 1);
    if (!put.cover.is_in || list_all_patterns(&put.cover, a) < 0 || list_all_patterns(&put.cover, b) < 0)
        return -ENOMEM;
    for (size_t i = 0; i < facts->program_count && status == 0; i++) {
        size_t first = put.count;

        if (is_put(facts, i))
            continue;
        programs = (struct words_list){0};
        status = put_program(&put, &facts->programs[i]);
        if (status == 0)
            status = name_programs(&put, i, narrowed_program_count(narrowed), &programs);
        for (size_t j = first; j < put.count; j++)
            put.changes[j].programs = programs;
    }
    *ret_changes = put.changes;
    *ret_count = put.count;
    return status;
}
