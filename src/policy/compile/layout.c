/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walk over the tree of wanted paths. A parent that nothing asked for is made only when
 * something below it is: as a directory of the skeleton, or, inside a writable grant, as a mount of
 * the directory on itself, so that it cannot be renamed away with the rule below it.
 */
#include <errno.h>
#include <string.h>

#include "policy/compile/layout_node.h"

static bool is_grant(enum layout_state state)
{
    return state != LAYOUT_SHUT;
}

static bool has_grant_below(const struct node *node)
{
    for (const struct node *child = node->children; child; child = child->next)
        if ((child->is_wanted && is_grant(child->want.state)) || has_grant_below(child))
            return true;
    return false;
}

/* Everything above `node` that its own mount needs. */
static int make_parents(struct node *node, struct plan *plan, struct error *err)
{
    struct node *parent = node->parent;
    int r;

    if (!parent || parent->is_made)
        return 0;
    parent->is_made = true;
    r = make_parents(parent, plan, err);
    if (r < 0 || !parent->parent)
        return r;
    if (!region_is_host(parent->region))
        return layout_make_directory(parent, plan, SKELETON_MODE, NULL, err);
    return parent->region == REGION_WRITE ? layout_make_pin(parent, plan, err) : 0;
}

/* Is the object that is wanted here the one that the surrounding mount shows at this path? */
static bool is_shown(const struct node *node, const struct node *root)
{
    const char *base = root->want.source, *source = node->want.source;
    size_t length = strlen(base);

    if (!source)
        return false;
    if (strcmp(base, root->path) == 0)
        return strcmp(source, node->path) == 0;
    return strncmp(source, base, length) == 0 &&
           strcmp(source + length, node->path + strlen(root->path)) == 0;
}

/* Does the surrounding mount already give what is wanted here? */
static bool is_given(const struct node *node, enum layout_region around, const struct node *root)
{
    switch (node->want.state) {
    case LAYOUT_SHUT: /* another tree that appears at this path does not show the host's object */
        return region_is_host(around) ? !is_shown(node, root) : !has_grant_below(node);
    case LAYOUT_READ:
        return around == REGION_READ && is_shown(node, root);
    case LAYOUT_WRITE:
        return around == REGION_WRITE && is_shown(node, root);
    case LAYOUT_LINK:
        return region_is_host(around);
    case LAYOUT_PRIVATE:
        return region_is_host(around) && !node->want.is_there;
    case LAYOUT_FILE:
    case LAYOUT_SERVED:
    case LAYOUT_SYSTEM:
    case LAYOUT_SOCKET:
    case LAYOUT_DEVICE:
        break;
    }
    return false;
}

/* A want inside a granted tree covers a name of that tree, so the name must be there. */
static int check_place(const struct node *node, enum layout_region around, const struct node *root,
                       const struct plan *plan, struct error *err)
{
    const struct layout_want *want = &node->want;
    const char *origin = "filesystem";
    bool is_moved = region_is_host(around) && strcmp(root->want.source, root->path) != 0;

    if (!region_is_host(around) || is_shown(node, root) || (want->is_there && !is_moved))
        return 0;
    if (want->origin)
        origin = origin_text(plan->arena, want->origin);
    if (!origin)
        return error_memory(err);
    return error_set(err, ERROR_UNENFORCEABLE, 0,
                     "%s: %s is inside the granted %s, which has nothing of the same type there; "
                     "choose a target outside of it or create it",
                     origin, node->path, root->path);
}

static int make_wanted(struct node *node, enum layout_region around, struct plan *plan,
                       struct error *err)
{
    switch (node->want.state) {
    case LAYOUT_SHUT:
        if (!has_grant_below(node))
            return region_is_host(around) ? layout_make_mask(node, plan, err) : 0;
        return around == REGION_SKELETON
                   ? layout_make_directory(node, plan, PASSAGE_MODE, node->want.origin, err)
                   : layout_make_passage(node, plan, err);
    case LAYOUT_PRIVATE:
        return layout_make_private(node, plan, err);
    case LAYOUT_SERVED:
        return layout_make_served(node, plan, err);
    case LAYOUT_LINK:
        return layout_make_link(node, plan, err);
    case LAYOUT_SYSTEM:
        return layout_make_system(node, plan, err);
    case LAYOUT_FILE:
        return layout_make_file(node, plan, err);
    case LAYOUT_READ:
    case LAYOUT_WRITE:
    case LAYOUT_SOCKET:
    case LAYOUT_DEVICE:
        return layout_make_grant(node, plan, err);
    }
    return 0;
}

static enum layout_region region_of(const struct node *node, enum layout_region around)
{
    switch (node->want.state) {
    case LAYOUT_SHUT:
        return has_grant_below(node) ? REGION_SKELETON : REGION_SHUT;
    case LAYOUT_FILE:
    case LAYOUT_SERVED:
    case LAYOUT_READ:
        return REGION_READ;
    case LAYOUT_PRIVATE:
        return REGION_PRIVATE;
    case LAYOUT_SYSTEM:
        return REGION_SYSTEM;
    case LAYOUT_LINK:
        return around;
    default:
        return REGION_WRITE;
    }
}

static bool is_system(const struct node *node)
{
    return node->is_wanted && node->want.state == LAYOUT_SYSTEM;
}

/* What is wanted here and cannot be placed, told in the way that the caller asked for. */
static int find_place(const struct layout *layout, struct node *node, const struct node *root,
                      struct plan *plan, struct error *err)
{
    struct error made = ERROR_INIT;
    int r = check_place(node, node->region, root, plan, &made);

    if (r < 0 && layout->refuse && made.kind != ERROR_MEMORY) {
        node->is_wanted = false;
        return layout->refuse(&made, layout->data, err);
    }
    if (r < 0 && err)
        *err = made;
    return r;
}

static int emit_wanted(struct node *node, enum layout_region around, struct plan *plan,
                       struct error *err)
{
    int r = make_parents(node, plan, err);

    if (r == 0)
        r = make_wanted(node, around, plan, err);
    if (r < 0)
        return r;
    node->is_made = true;
    node->region = region_of(node, around);
    node->root = node;
    return 0;
}

static int emit(const struct layout *layout, struct node *node, enum layout_region around,
                const struct node *root, struct plan *plan, struct error *err)
{
    int r = 0;

    node->region = around;
    node->root = root;
    if (node->is_wanted && !is_given(node, around, root)) {
        r = find_place(layout, node, root, plan, err);
        if (r == 0 && node->is_wanted)
            r = emit_wanted(node, around, plan, err);
        if (r < 0)
            return r;
    }
    if (node->region == REGION_SHUT) /* nothing can be reached through a mask */
        return 0;
    for (struct node *child = node->children; child && r == 0; child = child->next)
        if (!is_system(child))
            r = emit(layout, child, node->region, node->root, plan, err);
    return r;
}

void layout_set_refuse(struct layout *layout,
                       int (*refuse)(const struct error *misplaced, void *data, struct error *err),
                       void *data)
{
    layout->refuse = refuse;
    layout->data = data;
}

int layout_emit(struct layout *layout, struct plan *plan, struct error *err)
{
    struct node *top = layout->top;
    int r = emit(layout, top, REGION_SKELETON, top, plan, err);

    for (struct node *child = top->children; child && r == 0; child = child->next)
        if (is_system(child))
            r = emit(layout, child, top->region, top->root, plan, err);
    return r;
}

/* The deepest node on the way that the walk came to: it does not go below a mask. */
static const struct node *visited_at(const struct layout *layout, const char *path)
{
    const struct node *node = layout_node_at(layout, path, false);

    while (!node->region && node->parent)
        node = node->parent;
    return node;
}

enum layout_region layout_region_at(const struct layout *layout, const char *path)
{
    return visited_at(layout, path)->region;
}

const char *layout_root_at(const struct layout *layout, const char *path)
{
    return visited_at(layout, path)->root->path;
}

bool layout_is_visible(const struct layout *layout, const char *path)
{
    const struct node *node = visited_at(layout, path);

    if (node->region == REGION_SHUT)
        return false;
    return region_is_host(node->region) || node->region == REGION_SYSTEM ||
           (strcmp(node->path, path) == 0 && node->is_made);
}

bool layout_is_directory(const struct layout *layout, const char *path)
{
    const struct node *node = visited_at(layout, path);

    if (strcmp(node->path, path) != 0 || !node->is_made || node->region == REGION_SHUT)
        return false;
    return !node->is_wanted || node->want.is_directory || node->want.state == LAYOUT_PRIVATE;
}
