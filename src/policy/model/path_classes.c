/* SPDX-License-Identifier: Apache-2.0 */
/* The alphabet of path_classes.h: literal paths, patterns, views, and the classes of names. */
#include "policy/model/path_classes.h"

#include <errno.h>
#include <string.h>

#include "base/glob.h"
#include "policy/model/protected.h"

static const char *const kernel_paths[] = {"/proc", "/dev", "/sys"};

static bool is_same_name(const struct name *name, const char *text, size_t length)
{
    return name->length == length && memcmp(name->text, text, length) == 0;
}

static int add_name(struct arena *arena, struct name **names, size_t *count, const char *text,
                    size_t length)
{
    struct name *list = *names, *added;

    for (size_t i = 0; i < *count; i++)
        if (is_same_name(&list[i], text, length))
            return 0;
    added = arena_append(arena, list, *count);
    if (!added)
        return -ENOMEM;
    *added = (struct name){.text = text, .length = length};
    *names = list;
    return 0;
}

static int add_path(struct path_classes *classes, const char *path)
{
    size_t at = 0, length;
    const char *start;

    while (glob_next_component(&path, &start, &length)) {
        size_t child = classes->nodes[at].first_child;
        struct path_node *added;

        while (child && !(classes->nodes[child].length == length &&
                          memcmp(classes->nodes[child].name, start, length) == 0))
            child = classes->nodes[child].next_sibling;
        if (!child) {
            if (classes->node_count >= STATES_COUNT_MAX)
                return -E2BIG;
            child = classes->node_count;
            added = arena_append(classes->arena, classes->nodes, classes->node_count);
            if (!added || add_name(classes->arena, &classes->node_names, &classes->node_name_count,
                                   start, length) < 0)
                return -ENOMEM;
            *added = (struct path_node){
                .name = start, .length = length, .next_sibling = classes->nodes[at].first_child};
            classes->nodes[at].first_child = child;
        }
        at = child;
    }
    return 0;
}

static unsigned role_of(const struct path_rule *rule, bool is_b)
{
    if (rule->kind == PATH_DENIED)
        return is_b ? ROLE_B_DENY : ROLE_A_DENY;
    if (rule->kind == PATH_READONLY || rule->kind == PATH_PROTECTED)
        return is_b ? ROLE_B_READ : ROLE_A_READ;
    return 0; /* patterns do not grant */
}

static int add_components(struct path_classes *classes, const char *pattern)
{
    const char *start;
    size_t length;
    int status = 0;

    while (status == 0 && glob_next_component(&pattern, &start, &length)) {
        if (length == 2 && memcmp(start, "**", 2) == 0)
            continue;
        if (glob_is_wild(start, length))
            status = add_name(classes->arena, &classes->wild, &classes->wild_count, start, length);
        else
            status =
                add_name(classes->arena, &classes->literal, &classes->literal_count, start, length);
    }
    return status;
}

static int add_pattern(struct path_classes *classes, const char *pattern, unsigned role)
{
    const char **added;
    unsigned *roles;

    if (strlen(pattern) > PATH_LENGTH_MAX)
        return -E2BIG;
    for (size_t i = 0; i < classes->pattern_count; i++) {
        if (strcmp(classes->patterns[i], pattern) == 0) {
            classes->roles[i] |= role;
            return 0;
        }
    }
    added = arena_append(classes->arena, classes->patterns, classes->pattern_count);
    roles = arena_append(classes->arena, classes->roles, classes->role_count);
    if (!added || !roles)
        return -ENOMEM;
    *added = pattern;
    *roles = role;
    classes->pattern_bytes += strlen(pattern);
    classes->pattern_words += (glob_position_count(pattern) + 63) / 64;
    return add_components(classes, pattern);
}

static int add_rule(struct path_classes *classes, const struct path_rule *rule, bool is_b)
{
    unsigned role = role_of(rule, is_b);

    if (!rule->is_glob)
        return add_path(classes, rule->path);
    return role ? add_pattern(classes, rule->path, role) : 0;
}

static int add_protected(const char *root, void *data)
{
    struct path_classes *classes = data;
    size_t count;
    const struct protected_name *names = protected_names(&count);

    for (size_t i = 0; i < count; i++) {
        const char *path = path_join(classes->arena, root, names[i].name);
        const char *rest = protected_name_rest(root, names[i].name);
        int status = path ? add_path(classes, path) : -ENOMEM;

        if (status == 0 && rest) {
            path = path_join(classes->arena, root, rest);
            status = path ? add_path(classes, path) : -ENOMEM;
        }
        if (status < 0)
            return status;
    }
    return 0;
}

static bool protects_builtin(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->protect_builtin.is_set && policy->layers[i]->protect_builtin.value)
            return true;
    return false;
}

static int add_view(struct path_classes *classes, const struct view *view)
{
    const struct view **added;
    int status = add_path(classes, view->source);

    if (status == 0)
        status = add_path(classes, view->target);
    for (size_t i = 0; i < classes->view_count && status == 0; i++)
        if (strcmp(classes->views[i]->source, view->source) == 0 &&
            strcmp(classes->views[i]->target, view->target) == 0)
            return 0;
    if (status < 0)
        return status;
    added = arena_append(classes->arena, classes->views, classes->view_count);
    if (!added)
        return -ENOMEM;
    *added = view;
    return 0;
}

static int add_policy(struct path_classes *classes, const struct policy *policy, bool is_b)
{
    int status = 0;

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];

        classes->rule_count += layer->path_count + layer->view_count;
        for (size_t j = 0; j < layer->path_count && status == 0; j++)
            status = add_rule(classes, &layer->paths[j], is_b);
        for (size_t j = 0; j < layer->view_count && status == 0; j++)
            status = add_view(classes, &layer->views[j]);
    }
    if (status == 0 && protects_builtin(policy))
        status = protected_visit_roots(policy->layers, policy->layer_count, add_protected, classes);
    return status;
}

/* Names that no generic name may be: those of the tree, of the patterns, and the two special ones.
 */
static int find_names(struct path_classes *classes)
{
    size_t count = 0, tree = classes->node_name_count, literal = classes->literal_count;
    struct name *taken = arena_alloc(classes->arena, (tree + literal + 2) * sizeof(*taken));

    if (!taken)
        return -ENOMEM;
    for (size_t i = 0; i < tree; i++)
        taken[count++] = classes->node_names[i];
    for (size_t i = 0; i < literal; i++)
        taken[count++] = classes->literal[i];
    taken[count++] = (struct name){.text = ".", .length = 1};
    taken[count++] = (struct name){.text = "..", .length = 2};
    return name_classes_find(classes->arena, classes->wild, classes->wild_count, taken, count,
                             &classes->names);
}

/* Which class each name of the tree belongs to, also where nothing else does. */
static int sort_node_names(struct path_classes *classes)
{
    struct arena *arena = classes->arena;
    size_t words = name_classes_words(classes->wild_count), index;
    uint64_t *key = arena_alloc(arena, words * sizeof(*key));
    int status = 0;

    classes->node_name_classes =
        arena_alloc(arena, (classes->node_name_count + 1) * sizeof(*classes->node_name_classes));
    classes->all_names.arena = arena;
    if (!key || !classes->node_name_classes)
        return -ENOMEM;
    for (size_t i = 0; i < classes->names.count && status == 0; i++)
        status = states_add(&classes->all_names, classes->names.items[i].key, words,
                            classes->names.items[i].text, &index);
    for (size_t i = 0; i < classes->node_name_count && status == 0; i++) {
        name_classes_key(classes->wild, classes->wild_count, &classes->node_names[i], key);
        status = states_add(&classes->all_names, key, words, "", &index);
        classes->node_name_classes[i] = index;
    }
    return status;
}

int path_classes_add(struct path_classes *classes, const char *path)
{
    return add_path(classes, path);
}

int path_classes_init(struct path_classes *classes, struct arena *arena, const struct policy *a,
                      const struct policy *b)
{
    struct path_node *root;
    int status = 0;

    *classes = (struct path_classes){.arena = arena, .paths = {.arena = arena}};
    root = arena_append(arena, classes->nodes, classes->node_count);
    if (!root)
        return -ENOMEM;
    for (size_t i = 0; i < ARRAY_COUNT(kernel_paths) && status == 0; i++)
        status = add_path(classes, kernel_paths[i]);
    if (status == 0)
        status = add_policy(classes, a, false);
    if (status == 0)
        status = add_policy(classes, b, true);
    if (status == 0)
        status = find_names(classes);
    if (status == 0)
        status = sort_node_names(classes);
    return status;
}
