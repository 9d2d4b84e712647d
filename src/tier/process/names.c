/* SPDX-License-Identifier: Apache-2.0 */
/* A trie of pattern components first, with lists of edges; then flat, in the order in which it was made. */
#include "tier/process/names.h"

#include <errno.h>
#include <string.h>

#include "base/glob.h"
#include "base/text.h"

struct node {
    struct branch *branches;
    size_t branch_count;
    size_t deep; /* node behind a double star here, 0 = none */
    size_t *also; /* nodes that are entered along with this one */
    size_t also_count;
    uint32_t kinds;
    bool stays;
};

struct branch {
    const char *name;
    size_t length;
    size_t to;
};

struct builder {
    struct arena *arena;
    struct node *nodes;
    size_t node_count;
};

static bool is_any_depth(const char *name, size_t length)
{
    return length == 2 && name[0] == '*' && name[1] == '*';
}

static int node_add(struct builder *builder, bool stays, size_t *ret_index, struct error *err)
{
    struct node *node;

    if (builder->node_count == RECORD_STATES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG,
                         "the policy's patterns and names to be kept need more than %d states; name fewer",
                         RECORD_STATES_MAX);
    node = arena_append(builder->arena, builder->nodes, builder->node_count);
    if (!node)
        return error_memory(err);
    node->stays = stays;
    *ret_index = builder->node_count - 1;
    return 0;
}

static int step_deep(struct builder *builder, size_t from, size_t *ret_to, struct error *err)
{
    int status = 0;

    if (builder->nodes[from].stays) { /* two double stars are one */
        *ret_to = from;
        return 0;
    }
    if (!builder->nodes[from].deep) {
        size_t index;

        status = node_add(builder, true, &index, err);
        if (status == 0)
            builder->nodes[from].deep = index;
    }
    if (status == 0)
        *ret_to = builder->nodes[from].deep;
    return status;
}

static int step_name(struct builder *builder, size_t from, const char *name, size_t length, size_t *ret_to,
                     struct error *err)
{
    struct branch *branch;
    size_t index;
    int status;

    for (size_t i = 0; i < builder->nodes[from].branch_count; i++) {
        branch = &builder->nodes[from].branches[i];
        if (branch->length == length && memcmp(branch->name, name, length) == 0) {
            *ret_to = branch->to;
            return 0;
        }
    }
    status = node_add(builder, false, &index, err);
    if (status < 0)
        return status;
    branch = arena_append(builder->arena, builder->nodes[from].branches, builder->nodes[from].branch_count);
    if (!branch)
        return error_memory(err);
    *branch = (struct branch){.name = name, .length = length, .to = index};
    *ret_to = index;
    return 0;
}

static uint32_t kind_of(enum plan_name_kind kind)
{
    switch (kind) {
    case PLAN_NAME_OLD:
        return RECORD_NAME_OLD;
    case PLAN_NAME_NOTED:
        return RECORD_NAME_NOTED;
    case PLAN_NAME_PART:
        return RECORD_NAME_PART;
    case PLAN_NAME_KEPT:
        break;
    }
    return RECORD_NAME_KEPT;
}

static int pattern_add(struct builder *builder, const struct plan_name *pattern, struct error *err)
{
    const char *rest = pattern->pattern, *name;
    size_t length, at = 0;
    int status = 0;

    while (status == 0 && glob_next_component(&rest, &name, &length))
        status = is_any_depth(name, length) ? step_deep(builder, at, &at, err)
                                            : step_name(builder, at, name, length, &at, err);
    if (status == 0)
        builder->nodes[at].kinds |= kind_of(pattern->kind);
    return status;
}

/* A literal path from the root. */
static int path_add(struct builder *builder, const char *path, size_t *ret_at, struct error *err)
{
    const char *rest = glob_literal(builder->arena, path), *name;
    size_t length, at = 0;
    int status = rest ? 0 : error_memory(err);

    while (status == 0 && glob_next_component(&rest, &name, &length))
        status = step_name(builder, at, name, length, &at, err);
    if (status == 0)
        *ret_at = at;
    return status;
}

static void enter(const struct builder *builder, size_t at, bool live[RECORD_STATES_MAX])
{
    const struct node *node = &builder->nodes[at];

    if (live[at])
        return;
    live[at] = true;
    if (node->deep)
        enter(builder, node->deep, live);
    for (size_t i = 0; i < node->also_count; i++)
        enter(builder, node->also[i], live);
}

static uint32_t kinds_of(const struct builder *builder, const bool live[RECORD_STATES_MAX])
{
    uint32_t kinds = 0;

    for (size_t i = 0; i < builder->node_count; i++)
        if (live[i])
            kinds |= builder->nodes[i].kinds;
    return kinds;
}

/* The nodes that are live at a path, as process 1 will walk it. Returns the kinds of all patterns that end at it or above. */
static uint32_t walk(const struct builder *builder, const char *path, bool ret_live[RECORD_STATES_MAX])
{
    bool live[RECORD_STATES_MAX] = {false};
    const char *name;
    size_t length;
    uint32_t kinds;

    enter(builder, 0, live);
    kinds = kinds_of(builder, live);
    while (glob_next_component(&path, &name, &length)) {
        bool next[RECORD_STATES_MAX] = {false};

        for (size_t i = 0; i < builder->node_count; i++) {
            const struct node *node = &builder->nodes[i];

            if (live[i] && node->stays)
                enter(builder, i, next);
            for (size_t j = 0; live[i] && j < node->branch_count; j++)
                if (glob_matches_name(node->branches[j].name, node->branches[j].length, name, length))
                    enter(builder, node->branches[j].to, next);
        }
        memcpy(live, next, sizeof(live));
        kinds |= kinds_of(builder, live);
    }
    memcpy(ret_live, live, sizeof(live));
    return kinds;
}

/* At `at`, be wherever the other name is, below what is covered there included. */
static int join(struct builder *builder, size_t at, const bool live[RECORD_STATES_MAX], uint32_t kinds, struct error *err)
{
    builder->nodes[at].kinds |= kinds;
    for (size_t i = 0; i < builder->node_count; i++) {
        size_t *slot;

        if (!live[i] || i == at)
            continue;
        slot = arena_append(builder->arena, builder->nodes[at].also, builder->nodes[at].also_count);
        if (!slot)
            return error_memory(err);
        *slot = i;
    }
    return 0;
}

static int alias_add(struct builder *builder, const struct names_alias *alias, struct error *err)
{
    bool at_name[RECORD_STATES_MAX], at_other[RECORD_STATES_MAX];
    uint32_t kinds, other_kinds;
    size_t name, other;
    int status = path_add(builder, alias->name, &name, err);

    if (status == 0)
        status = path_add(builder, alias->other, &other, err);
    if (status < 0)
        return status;
    kinds = walk(builder, alias->name, at_name);
    other_kinds = walk(builder, alias->other, at_other);
    status = join(builder, name, at_other, other_kinds, err);
    return status < 0 ? status : join(builder, other, at_name, kinds, err);
}

static int flatten_also(struct builder *builder, const struct node *node, struct record_state *state, struct names *names,
                        struct error *err)
{
    state->also = (uint32_t)names->also_count;
    state->also_count = (uint32_t)node->also_count;
    for (size_t i = 0; i < node->also_count; i++) {
        uint32_t *slot = arena_append(builder->arena, names->also, names->also_count);

        if (!slot)
            return error_memory(err);
        *slot = (uint32_t)node->also[i];
    }
    return 0;
}

static int flatten(struct builder *builder, struct names *names, struct error *err)
{
    auto_text struct text text = {0};

    for (size_t i = 0; i < builder->node_count; i++) {
        const struct node *node = &builder->nodes[i];
        struct record_state *state = arena_append(builder->arena, names->states, names->state_count);

        if (!state)
            return error_memory(err);
        *state = (struct record_state){.edges = (uint32_t)names->edge_count,
                                       .edge_count = (uint32_t)node->branch_count,
                                       .skip = (uint32_t)node->deep,
                                       .kinds = node->kinds,
                                       .stays = node->stays};
        if (flatten_also(builder, node, state, names, err) < 0)
            return error_memory(err);
        for (size_t j = 0; j < node->branch_count; j++) {
            const struct branch *branch = &node->branches[j];
            struct record_edge *edge = arena_append(builder->arena, names->edges, names->edge_count);

            if (!edge)
                return error_memory(err);
            *edge = (struct record_edge){.name = (uint32_t)text.length,
                                         .length = (uint32_t)branch->length,
                                         .is_wild = glob_is_wild(branch->name, branch->length),
                                         .to = (uint32_t)branch->to};
            text_add_n(&text, branch->name, branch->length);
        }
    }
    names->text = text.is_broken ? NULL : arena_string_n(builder->arena, text.data ? text.data : "", text.length);
    names->text_length = text.length;
    return names->text ? 0 : error_memory(err);
}

int names_build(struct arena *arena, const struct plan_name *patterns, size_t count, const struct names_alias *aliases,
                size_t alias_count, struct names *ret_names, struct error *err)
{
    struct builder builder = {.arena = arena};
    struct names names = {0};
    size_t root;
    int status = node_add(&builder, false, &root, err);

    for (size_t i = 0; i < count && status == 0; i++)
        status = pattern_add(&builder, &patterns[i], err);
    for (size_t i = 0; i < alias_count && status == 0; i++)
        status = alias_add(&builder, &aliases[i], err);
    if (status == 0)
        status = flatten(&builder, &names, err);
    if (status == 0)
        *ret_names = names;
    return status;
}
