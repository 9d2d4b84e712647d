/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From paths that were used to rules about trees: as few as can be read, none wider than what the files are. Writing widens to
 * no more than the directory in which names were made.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "author/learn_parts.h"

#define CLUSTER_READ  4 /* so many things used in one directory are the directory */
#define CLUSTER_WRITE 8 /* so many directories written in the workspace are the workspace */

struct root {
    const char *path;
    bool is_write;
    enum learn_place place;
    const char *why; /* it is wider than what was used */
    bool is_exact;   /* it was refused: no reason for anything beside it */
    struct learn_rule *rule;
};

struct tree {
    struct learn_map *map;
    struct learned *learned;
    struct root *roots; /* sorted, a directory before what is in it */
    size_t count;
    struct error *err;
};

/* '/' before every other byte, so that all below a directory follows it at once. */
static int compare_tree(const char *a, const char *b)
{
    while (*a && *a == *b) {
        a++;
        b++;
    }
    if (*a == *b)
        return 0;
    if (*a == '/' || *b == '/')
        return !*a ? -1 : !*b ? 1 : *a == '/' ? -1 : 1;
    return (unsigned char)*a < (unsigned char)*b ? -1 : 1;
}

static int compare_roots(const void *a, const void *b)
{
    const struct root *left = a, *right = b;
    int order = compare_tree(left->path, right->path);

    return order ? order : (int)right->is_write - (int)left->is_write;
}

/* One for each path, with the most that is asked of it. */
static void sort_roots(struct tree *tree)
{
    size_t kept = 0;

    if (tree->count)
        qsort(tree->roots, tree->count, sizeof(*tree->roots), compare_roots);
    for (size_t i = 0; i < tree->count; i++) {
        if (kept && strcmp(tree->roots[kept - 1].path, tree->roots[i].path) == 0) {
            tree->roots[kept - 1].is_exact &= tree->roots[i].is_exact;
            if (!tree->roots[kept - 1].why && tree->roots[kept - 1].is_write == tree->roots[i].is_write)
                tree->roots[kept - 1].why = tree->roots[i].why;
            continue;
        }
        tree->roots[kept++] = tree->roots[i];
    }
    tree->count = kept;
}

/* A root within one that gives as much is not needed. */
static void prune_roots(struct tree *tree)
{
    const struct root *readable = NULL, *writable = NULL;
    size_t kept = 0;

    sort_roots(tree);
    for (size_t i = 0; i < tree->count; i++) {
        struct root root = tree->roots[i];
        bool is_writable = writable && path_is_within(root.path, writable->path);
        bool is_readable = readable && path_is_within(root.path, readable->path);

        if (is_writable || (!root.is_write && is_readable))
            continue;
        tree->roots[kept] = root;
        if (root.is_write)
            writable = &tree->roots[kept];
        else
            readable = &tree->roots[kept];
        kept++;
    }
    tree->count = kept;
}

static int add_root(struct tree *tree, const char *path, bool is_write, enum learn_place place, const char *why)
{
    struct root *root = arena_append(tree->map->arena, tree->roots, tree->count);

    if (!root)
        return error_memory(tree->err);
    *root = (struct root){.path = path, .is_write = is_write, .place = place, .why = why};
    return 0;
}

/* The directory of the first component that is another in each run. */
static const char *before_varying(struct tree *tree, const char *path, const char **ret_why)
{
    for (const char *name = path + 1; *name;) {
        size_t length = strcspn(name, "/");
        struct text pattern auto_text = {0};

        if (name > path + 1 && learn_name_varies(name, length, &pattern)) {
            const char *parent = arena_string_n(tree->map->arena, path, (size_t)(name - path - 1));

            if (parent && pattern.data && learn_map_may_widen(tree->map, parent)) {
                *ret_why = arena_printf(tree->map->arena, "names in it are others each time, like %s", pattern.data);
                return parent;
            }
        }
        name += length + (name[length] == '/');
    }
    return path;
}

static int root_of_read(struct tree *tree, const struct learn_need *need)
{
    const char *known = learn_map_tree(tree->map, need->path), *why = NULL, *path;

    if (known && (strcmp(known, need->path) == 0 || !learn_sensitive(&tree->map->places, known)))
        return add_root(tree, known, false, need->place,
                        strcmp(known, need->path) ? "the tree belongs together; parts of it were used" : NULL);
    if (need->use->is_refused) {
        int r = add_root(tree, need->path, false, need->place, NULL);

        if (r == 0)
            tree->roots[tree->count - 1].is_exact = true;
        return r;
    }
    path = before_varying(tree, need->path, &why);
    return add_root(tree, path, false, need->place, why);
}

static int root_of_need(struct tree *tree, const struct learn_need *need)
{
    const char *workspace = tree->map->places.workspace, *cache;

    switch (need->place) {
    case LEARN_PLACE_WORKSPACE:
        if (need->is_write)
            return add_root(tree, need->path, true, need->place, NULL);
        return add_root(tree, workspace, false, need->place,
                        strcmp(workspace, need->path) ? "what is in the workspace may be read" : NULL);
    case LEARN_PLACE_CACHE:
        cache = learn_map_cache(tree->map, need->path);
        return cache ? add_root(tree, cache, need->is_write, need->place, NULL) : error_memory(tree->err);
    case LEARN_PLACE_HOME:
    case LEARN_PLACE_SYSTEM:
        if (need->is_write)
            return add_root(tree, need->path, true, need->place, NULL);
        return root_of_read(tree, need);
    case LEARN_PLACE_TOOLCHAIN:
    case LEARN_PLACE_BUILTIN:
    case LEARN_PLACE_PRIVATE:
        break;
    }
    return 0;
}

/* What cannot be written gives way to its directory, where that may be granted for it. */
static int spell_roots(struct tree *tree)
{
    size_t kept = 0;

    for (size_t i = 0; i < tree->count; i++) {
        struct root root = tree->roots[i];
        const char *was = root.path;

        while (root.path && !learn_name_can_be_written(&tree->map->places, root.path) && strcmp(root.path, "/") != 0)
            root.path = path_parent(tree->map->arena, root.path);
        if (!root.path)
            return error_memory(tree->err);
        if (root.path != was) {
            if (root.is_write || root.is_exact || !learn_map_may_widen(tree->map, root.path))
                continue; /* its uses are found uncovered, and told */
            root.why = "a name in it cannot be written in a policy";
        }
        tree->roots[kept++] = root;
    }
    tree->count = kept;
    return 0;
}

static bool can_cluster(const struct root *root)
{
    return !root->is_write && !root->is_exact && (root->place == LEARN_PLACE_HOME || root->place == LEARN_PLACE_SYSTEM);
}

/* All directories of which enough was used, in one pass: what they make of those above is for the next one. */
static int cluster_once(struct tree *tree, bool *ret_changed)
{
    size_t before = tree->count, end;

    *ret_changed = false;
    for (size_t i = 0; i < before; i = end) {
        const char *parent = path_parent(tree->map->arena, tree->roots[i].path);
        size_t same = 0;

        if (!parent)
            return error_memory(tree->err);
        end = i + 1;
        if (!can_cluster(&tree->roots[i]) || !learn_map_may_widen(tree->map, parent))
            continue;
        /* Sorted: those of one directory follow each other, with what is deeper in between. */
        for (size_t j = i; j < before && path_is_within(tree->roots[j].path, parent); j++)
            same += can_cluster(&tree->roots[j]) && !strchr(tree->roots[j].path + strlen(parent) + 1, '/');
        if (same < CLUSTER_READ)
            continue;
        if (add_root(tree, parent, false, tree->roots[i].place,
                     arena_printf(tree->map->arena, "%zu things in it were used", same)) < 0)
            return -ENOMEM;
        *ret_changed = true;
        while (end < before && path_is_within(tree->roots[end].path, parent))
            end++;
    }
    return 0;
}

static int cluster(struct tree *tree)
{
    bool changed = true;
    size_t written = 0;
    int r = 0;

    prune_roots(tree);
    while (changed && r == 0) {
        r = cluster_once(tree, &changed);
        prune_roots(tree);
    }
    for (size_t i = 0; i < tree->count; i++)
        written += tree->roots[i].is_write && tree->roots[i].place == LEARN_PLACE_WORKSPACE;
    if (r == 0 && written > CLUSTER_WRITE) {
        r = add_root(tree, tree->map->places.workspace, true, LEARN_PLACE_WORKSPACE,
                     arena_printf(tree->map->arena, "%zu directories in it were written", written));
        prune_roots(tree);
    }
    return r;
}

static struct root *look_up(const struct tree *tree, const char *path)
{
    size_t low = 0, high = tree->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        int order = compare_tree(path, tree->roots[middle].path);

        if (order == 0)
            return &tree->roots[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}

/* The deepest root that gives what is needed, by looking for each directory above. */
static struct root *find_root(const struct tree *tree, const struct learn_need *need)
{
    char path[PATH_LENGTH_MAX + 1];
    size_t length = strlen(need->path);

    if (length >= sizeof(path))
        return NULL;
    memcpy(path, need->path, length + 1);
    while (true) {
        struct root *root = look_up(tree, path);

        if (root && (root->is_write || !need->is_write))
            return root;
        if (!path[1])
            return NULL;
        path[strrchr(path, '/') == path ? 1 : strrchr(path, '/') - path] = '\0';
    }
}

static enum learn_kind kind_of(const struct root *root)
{
    if (root->place == LEARN_PLACE_CACHE && root->is_write)
        return LEARN_CACHE;
    return root->is_write ? LEARN_READWRITE : LEARN_READONLY;
}

/* What was refused may have been anything. */
static bool is_file(const struct learn_need *need)
{
    return !need->is_entry && !need->use->is_refused && need->use->kind && strcmp(need->use->kind, "file") == 0;
}

static int use_root(struct tree *tree, struct root *root, const struct learn_need *need)
{
    int r;

    if (!root->rule) {
        r = learn_rule_get(tree->learned, kind_of(root), root->path, &root->rule, tree->err);
        if (r < 0)
            return r;
        root->rule->is_widened = root->why != NULL;
        root->rule->why = root->why ? arena_string(tree->learned->arena, root->why) : NULL;
        if (root->why && !root->rule->why)
            return error_memory(tree->err);
    }
    root->rule->is_tree |= !is_file(need) || strcmp(need->path, root->path) != 0;
    learn_evidence_add(&root->rule->evidence, need->use);
    return 0;
}

int learn_tree_rules(struct learn_map *map, struct learn_needs *needs, struct learned *learned, struct error *err)
{
    struct tree tree = {.map = map, .learned = learned, .err = err};
    int r = 0;

    for (size_t i = 0; i < needs->count && r == 0; i++)
        r = root_of_need(&tree, &needs->items[i]);
    if (r == 0)
        r = spell_roots(&tree);
    if (r == 0)
        r = cluster(&tree);
    if (r == 0 && tree.count > LEARN_RULES_MAX)
        r = error_set(err, ERROR_LIMIT, E2BIG, "more than %d rules would be needed; learn from smaller runs", LEARN_RULES_MAX);
    for (size_t i = 0; i < needs->count && r == 0; i++) {
        struct root *root = find_root(&tree, &needs->items[i]);

        if (root)
            r = use_root(&tree, root, &needs->items[i]);
    }
    return r;
}
