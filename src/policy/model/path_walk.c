/* SPDX-License-Identifier: Apache-2.0 */
/* The walk over all classes of paths, nearest to the root first. */
#include <errno.h>
#include <string.h>

#include "policy/model/access.h"
#include "base/glob.h"
#include "policy/model/path_classes.h"

/* Steps times what each has to look at. */
#define PATH_WORK_MAX ((uint64_t)200 * 1000 * 1000)
#define NO_NODE       ((size_t)-1)

struct walk {
    struct path_classes *classes;
    uint64_t *key;
    size_t
        *nodes; /* of the path itself and of each object that views show for it: NO_NODE = left */
    size_t node_count;
    uint64_t work;
};

static size_t find_child(const struct path_classes *classes, size_t node, const char *name,
                         size_t length)
{
    size_t child = classes->nodes[node].first_child;

    while (child && !(classes->nodes[child].length == length &&
                      memcmp(classes->nodes[child].name, name, length) == 0))
        child = classes->nodes[child].next_sibling;
    return child;
}

static size_t component_count(const char *path)
{
    size_t count = 1;

    for (; *path; path++)
        count += *path == '/';
    return count;
}

/* The literal path last followed; *ret_on = the node when the whole path is one. */
static uint64_t tree_key(const struct path_classes *classes, const char *path, size_t *ret_on)
{
    size_t node = 0, length;
    const char *start;

    while (glob_next_component(&path, &start, &length)) {
        size_t child = find_child(classes, node, start, length);

        if (!child) {
            *ret_on = NO_NODE;
            return 2 * (uint64_t)node + 1;
        }
        node = child;
    }
    *ret_on = node;
    return 2 * (uint64_t)node;
}

/* Where one pattern stands after `path`. */
static bool pattern_key(const char *pattern, const char *path, uint64_t *key, size_t words)
{
    struct glob_state states[2];
    bool is_matched, now = false;
    const char *start;
    size_t length;

    is_matched = glob_start(pattern, &states[now]);
    while (!is_matched && glob_next_component(&path, &start, &length)) {
        is_matched = glob_step(pattern, &states[now], start, length, &states[!now]);
        now = !now;
    }
    memcpy(key, states[now].bits, words * sizeof(*key));
    return is_matched;
}

/* What a pattern of these roles can still take away where `taken` is gone. */
static unsigned roles_left(unsigned roles, unsigned taken)
{
    if (taken & ROLE_A_DENY)
        roles &= ~(unsigned)(ROLE_A_DENY | ROLE_A_READ);
    if (taken & ROLE_B_DENY)
        roles &= ~(unsigned)(ROLE_B_DENY | ROLE_B_READ);
    return roles & ~taken;
}

/* Key of one name: the literal path last followed, what is taken away, where patterns stand. */
enum { KEY_TREE, KEY_TAKEN, KEY_PATTERNS };

static size_t name_key(struct walk *walk, const char *path, uint64_t *key)
{
    const struct path_classes *classes = walk->classes;
    size_t at = KEY_PATTERNS, words;
    unsigned taken = 0;

    key[KEY_TREE] = tree_key(classes, path, &walk->nodes[walk->node_count++]);
    for (size_t i = 0; i < classes->pattern_count; i++, at += words) {
        words = (glob_position_count(classes->patterns[i]) + 63) / 64;
        if (pattern_key(classes->patterns[i], path, key + at, words))
            taken |= classes->roles[i];
    }
    at = KEY_PATTERNS;
    for (size_t i = 0; i < classes->pattern_count; i++, at += words) {
        words = (glob_position_count(classes->patterns[i]) + 63) / 64;
        if (!roles_left(classes->roles[i], taken))
            memset(key + at, 0, words * sizeof(*key));
    }
    key[KEY_TAKEN] = taken;
    walk->work += component_count(path) * (classes->pattern_bytes + 8) + classes->view_count;
    return at;
}

/* The class of `path`, in walk->key; also fills walk->nodes. */
static int path_key(struct walk *walk, const char *path, size_t *ret_words)
{
    const struct path_classes *classes = walk->classes;
    size_t words;

    walk->node_count = 0;
    words = name_key(walk, path, walk->key);
    for (size_t i = 0; i < classes->view_count; i++) {
        struct object object;

        if (!access_rule_covers(classes->views[i]->target, path))
            continue;
        if (!access_view_path(classes->views[i], path, object.path, sizeof(object.path)))
            return -E2BIG;
        walk->key[words++] = i;
        words += name_key(walk, object.path, walk->key + words);
    }
    *ret_words = words;
    return walk->work > PATH_WORK_MAX ? -E2BIG : 0;
}

static int step(struct walk *walk, size_t from, const char *name, size_t length)
{
    const char *parent = walk->classes->paths.items[from].text;
    size_t parent_length = strcmp(parent, "/") == 0 ? 0 : strlen(parent), words, index;
    char path[PATH_LENGTH_MAX + 1];
    int status;

    if (parent_length + 1 + length > PATH_LENGTH_MAX)
        return -E2BIG;
    memcpy(path, parent, parent_length);
    path[parent_length] = '/';
    memcpy(path + parent_length + 1, name, length);
    path[parent_length + 1 + length] = '\0';
    status = path_key(walk, path, &words);
    if (status < 0)
        return status;
    return states_add(&walk->classes->paths, walk->key, words, path, &index);
}

static bool is_child(const struct path_classes *classes, const size_t *nodes, size_t node_count,
                     const struct name *name)
{
    for (size_t i = 0; i < node_count; i++)
        if (nodes[i] != NO_NODE && find_child(classes, nodes[i], name->text, name->length))
            return true;
    return false;
}

static bool is_literal(const struct path_classes *classes, const struct name *name)
{
    for (size_t i = 0; i < classes->literal_count; i++)
        if (classes->literal[i].length == name->length &&
            memcmp(classes->literal[i].text, name->text, name->length) == 0)
            return true;
    return false;
}

/* A name of a class that only occurs in the tree, but is neither a child here nor in a pattern. */
static int step_elsewhere(struct walk *walk, size_t from, size_t class, const size_t *nodes,
                          size_t node_count)
{
    const struct path_classes *classes = walk->classes;

    for (size_t i = 0; i < classes->node_name_count; i++) {
        const struct name *name = &classes->node_names[i];

        walk->work++;
        if (classes->node_name_classes[i] == class && !is_literal(classes, name) &&
            !is_child(classes, nodes, node_count, name))
            return step(walk, from, name->text, name->length);
    }
    return 0;
}

static int step_children(struct walk *walk, size_t from, size_t node)
{
    const struct path_classes *classes = walk->classes;
    int status = 0;

    if (node == NO_NODE)
        return 0;
    for (size_t child = classes->nodes[node].first_child; child && status == 0;
         child = classes->nodes[child].next_sibling)
        status = step(walk, from, classes->nodes[child].name, classes->nodes[child].length);
    return status;
}

/* No literal path goes on below the path nor below any object that a view shows for it. */
static bool has_left(const size_t *nodes, size_t node_count)
{
    for (size_t i = 0; i < node_count; i++)
        if (nodes[i] != NO_NODE)
            return false;
    return true;
}

/* Every name that can make a difference: children here, names in patterns, one of each class. */
static int step_all(struct walk *walk, size_t from, size_t *nodes, bool is_denied)
{
    const struct path_classes *classes = walk->classes;
    size_t words, node_count;
    int status = path_key(walk, classes->paths.items[from].text, &words);

    if (status < 0)
        return status;
    node_count = walk->node_count;
    memcpy(nodes, walk->nodes, node_count * sizeof(*nodes));
    if (walk->key[KEY_TAKEN] & ROLE_A_DENY || (is_denied && has_left(nodes, node_count)))
        return 0;
    for (size_t i = 0; i < node_count && status == 0; i++)
        status = step_children(walk, from, nodes[i]);
    for (size_t i = 0; i < classes->literal_count && status == 0; i++)
        status = step(walk, from, classes->literal[i].text, classes->literal[i].length);
    for (size_t i = 0; i < classes->all_names.count && status == 0; i++) {
        const char *name = classes->all_names.items[i].text;

        status = *name ? step(walk, from, name, strlen(name))
                       : step_elsewhere(walk, from, i, nodes, node_count);
    }
    return status;
}

int path_classes_visit(struct path_classes *classes, int (*visit)(const char *path, void *data),
                       void *data)
{
    size_t tracks = classes->view_count + 1, words, index;
    struct walk walk = {.classes = classes};
    size_t *nodes = arena_alloc(classes->arena, tracks * sizeof(*nodes));
    int status;

    walk.key = arena_alloc(classes->arena, tracks * (classes->pattern_words + KEY_PATTERNS + 1) *
                                               sizeof(*walk.key));
    walk.nodes = arena_alloc(classes->arena, tracks * sizeof(*walk.nodes));
    if (!nodes || !walk.key || !walk.nodes)
        return -ENOMEM;
    status = path_key(&walk, "/", &words);
    if (status == 0)
        status = states_add(&classes->paths, walk.key, words, "/", &index);
    for (size_t i = 0; i < classes->paths.count && status == 0; i++) {
        walk.work += classes->rule_count + classes->pattern_bytes;
        status = visit(classes->paths.items[i].text, data);
        if (status == 0 || status == PATH_DENIED_BY_A)
            status = step_all(&walk, i, nodes, status == PATH_DENIED_BY_A);
    }
    return status;
}
