/* SPDX-License-Identifier: Apache-2.0 */
/* The tree of wanted paths. */
#include <errno.h>
#include <string.h>

#include "policy/compile/layout_node.h"

static struct node *node_new(struct arena *arena, struct node *parent, const char *path,
                             const char *name, size_t length)
{
    struct node *node = arena_alloc(arena, sizeof(*node));

    if (!node)
        return NULL;
    node->path = arena_string_n(arena, path, (size_t)(name - path) + length);
    if (!node->path)
        return NULL;
    node->parent = parent;
    node->name = node->path + (name - path);
    node->name_length = length;
    return node;
}

static int compare_names(const struct node *node, const char *name, size_t length)
{
    size_t shorter = node->name_length < length ? node->name_length : length;
    int order = memcmp(node->name, name, shorter);

    return order ? order : (node->name_length > length) - (node->name_length < length);
}

/* The child of this name, made when `create`. */
static struct node *node_child(struct arena *arena, struct node *parent, const char *path,
                               const char *name, size_t length, bool create)
{
    struct node **at = &parent->children, *node;
    int order = 1;

    while (*at && (order = compare_names(*at, name, length)) < 0)
        at = &(*at)->next;
    if (*at && order == 0)
        return *at;
    if (!create)
        return NULL;
    node = node_new(arena, parent, path, name, length);
    if (!node)
        return NULL;
    node->next = *at;
    *at = node;
    return node;
}

struct node *layout_node_at(const struct layout *layout, const char *path, bool create)
{
    const char *name = path + 1;
    struct node *node = layout->top, *child;

    while (*name) {
        size_t length = strcspn(name, "/");

        child = node_child(layout->arena, node, path, name, length, create);
        if (!child)
            return create ? NULL : node;
        node = child;
        name += length;
        name += *name == '/';
    }
    return node;
}

int layout_new(struct arena *arena, struct layout **ret_layout, struct error *err)
{
    struct layout *layout = arena_alloc(arena, sizeof(*layout));

    if (!layout)
        return error_memory(err);
    layout->arena = arena;
    layout->top = node_new(arena, NULL, "/", "/", 1);
    if (!layout->top)
        return error_memory(err);
    *ret_layout = layout;
    return 0;
}

int layout_want(struct layout *layout, const struct layout_want *want, struct error *err)
{
    struct node *node = layout_node_at(layout, want->path, true);

    if (!node)
        return error_memory(err);
    if (node->is_wanted && node->want.state <= want->state)
        return 0;
    node->is_wanted = true;
    node->want = *want;
    node->want.path = node->path;
    return 0;
}
