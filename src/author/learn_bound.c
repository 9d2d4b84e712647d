/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a merged policy may be at most: what the document was, and what the learned policy is by itself. It is asked of the three
 * documents as they were read, so it knows nothing of how lines were put between lines.
 */
#include <errno.h>
#include <string.h>

#include "author/learn_parts.h"
#include "policy/diff.h"

struct bound {
    struct arena *arena;
    const struct document *before, *alone, *after;
    const char *witness; /* what is too much, NULL = nothing is */
};

static bool has_path(const struct document *document, const struct path_rule *wanted)
{
    for (size_t i = 0; i < document->path_count; i++) {
        const struct path_rule *rule = &document->paths[i];

        if (rule->kind == wanted->kind && rule->is_glob == wanted->is_glob && strcmp(rule->path, wanted->path) == 0)
            return true;
    }
    return false;
}

/* What was to be read may have become what is to be written: then both are rules that somebody wrote or learned. */
static bool takes_away(const struct path_rule *rule)
{
    return rule->is_glob || rule->kind == PATH_DENIED;
}

/* Each rule is somebody's, and nothing that takes away is gone. */
static void check_rules(struct bound *bound)
{
    for (size_t i = 0; i < bound->after->path_count && !bound->witness; i++) {
        const struct path_rule *rule = &bound->after->paths[i];

        if (!has_path(bound->before, rule) && !has_path(bound->alone, rule))
            bound->witness = arena_printf(bound->arena, "a rule about %s that nobody learned", rule->path);
    }
    for (size_t i = 0; i < bound->before->path_count && !bound->witness; i++) {
        const struct path_rule *rule = &bound->before->paths[i];

        if (takes_away(rule) && !has_path(bound->after, rule))
            bound->witness = arena_printf(bound->arena, "%s without the rule that shuts it", rule->path);
    }
    if (!bound->witness && bound->before->protect_builtin.value && !bound->after->protect_builtin.value)
        bound->witness = "protected names without filesystem.protectBuiltin";
}

static enum access access_of(const struct document *document, const char *path)
{
    return document_access(document, path, NULL);
}

static void check_path(struct bound *bound, const char *path)
{
    enum access access = access_of(bound->after, path);

    if (!bound->witness && access > access_of(bound->before, path) && access > access_of(bound->alone, path))
        bound->witness = arena_printf(bound->arena, "%s %s", access == ACCESS_WRITE ? "writing" : "reading", path);
}

/* A policy of this document alone. */
static int policy_of(const struct document *document, struct policy **ret_policy, struct error *err)
{
    int r = policy_new(ret_policy, err);

    return r < 0 ? r : policy_add_layer(*ret_policy, (struct document *)document, err);
}

/* Wherever it gives more than one side does, the other one must give as much. */
static int check_gains(struct bound *bound, const struct document *side, struct error *err)
{
    struct policy *old auto_policy = NULL, *new auto_policy = NULL;
    struct policy_diff diff = {0};
    int r = policy_of(side, &old, err);

    if (r == 0)
        r = policy_of(bound->after, &new, err);
    if (r == 0)
        r = policy_diff(bound->arena, old, new, &diff, err);
    for (size_t i = 0; i < diff.count && r == 0; i++)
        if (diff.items[i].area == AREA_FILES && diff.items[i].witness)
            check_path(bound, diff.items[i].witness);
    return r;
}

static int join(struct arena *arena, const struct string_list *first, const struct string_list *second, struct string_list *ret_list)
{
    struct string_list list = {.is_set = first->is_set || second->is_set};

    list.items = arena_alloc(arena, (first->count + second->count + 1) * sizeof(*list.items));
    if (!list.items)
        return -ENOMEM;
    for (size_t i = 0; i < first->count; i++)
        list.items[list.count++] = first->items[i];
    for (size_t i = 0; i < second->count; i++)
        list.items[list.count++] = second->items[i];
    *ret_list = list;
    return 0;
}

static int join_network(struct arena *arena, const struct network *first, const struct network *second, struct network *ret_network)
{
    struct network network = first->is_set ? *first : *second;

    network.allow_count = 0;
    network.allow = arena_alloc(arena, (first->allow_count + second->allow_count + 1) * sizeof(*network.allow));
    if (!network.allow)
        return -ENOMEM;
    for (size_t i = 0; i < first->allow_count; i++)
        network.allow[network.allow_count++] = first->allow[i];
    for (size_t i = 0; i < second->allow_count; i++)
        network.allow[network.allow_count++] = second->allow[i];
    *ret_network = network;
    return 0;
}

/* Everything but files as the two together have it: lists of grants joined, and whatever learning knows nothing of as it was. */
static int join_documents(const struct bound *bound, struct document *ret_document)
{
    struct document both = *bound->before;
    const struct document *before = bound->before, *alone = bound->alone, *after = bound->after;
    struct arena *arena = bound->arena;
    int r = join(arena, &before->unix_sockets, &alone->unix_sockets, &both.unix_sockets);

    if (r == 0)
        r = join(arena, &before->env_inherit, &alone->env_inherit, &both.env_inherit);
    if (r == 0)
        r = join_network(arena, &before->network, &alone->network, &both.network);
    both.toolchains = before->toolchains.is_set && before->toolchains.value ? before->toolchains : alone->toolchains;
    both.env_set = after->env_set; /* values, not rights */
    both.env_set_count = after->env_set_count;
    both.paths = after->paths;
    both.path_count = after->path_count;
    both.has_grants = after->has_grants;
    both.has_filesystem = after->has_filesystem;
    both.protect_builtin = after->protect_builtin;
    *ret_document = both;
    return r;
}

static int check_rest(struct bound *bound, struct error *err)
{
    struct policy *both auto_policy = NULL, *new auto_policy = NULL;
    struct document document;
    const char *witness = NULL;
    int r = join_documents(bound, &document);

    if (r < 0)
        return error_memory(err);
    r = policy_of(&document, &both, err);
    if (r == 0)
        r = policy_of(bound->after, &new, err);
    if (r == 0 && !policy_is_subset(new, both, &witness))
        bound->witness = arena_string(bound->arena, witness ?: "something");
    return r;
}

int learn_check_bound(const struct learned *learned, struct arena *arena, const struct document *before, const struct document *after,
                      const char *name, struct error *err)
{
    struct bound bound = {.arena = arena, .before = before, .after = after};
    char *text auto_free = NULL;
    struct document *alone = NULL;
    int r = learned_write(learned, &text, err);

    if (r == 0)
        r = learn_load(arena, learned->places, "the learned policy", text, strlen(text), &alone, err);
    if (r < 0)
        return r;
    bound.alone = alone;
    check_rules(&bound);
    if (!bound.witness)
        r = check_gains(&bound, before, err);
    if (r == 0 && !bound.witness)
        r = check_gains(&bound, alone, err);
    if (r == 0 && !bound.witness)
        r = check_rest(&bound, err);
    if (r < 0 || !bound.witness)
        return r;
    return error_set(err, ERROR_INVALID, EINVAL,
                     "%s cannot be changed line by line, %.200s would become possible, which nobody wrote and nothing learned; write its "
                     "members in block style",
                     name, bound.witness);
}
