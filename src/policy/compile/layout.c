/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree of wanted paths and the walk over it. A parent that nothing asked for is made only when
 * something below it is: as a directory of the skeleton, or, inside a writable grant, as a mount of
 * the directory on itself, so that it cannot be renamed away with the rule below it.
 */
#include "policy/compile/layout.h"

#include <errno.h>
#include <string.h>

#include "base/path.h"

#define SKELETON_MODE 0755
#define PASSAGE_MODE  0111 /* a denied directory with a grant below: entered, never listed */

struct node {
    struct node *parent, *children, *next; /* children sorted by name */
    const char *name, *path;
    size_t name_length;
    bool is_wanted;
    bool is_made; /* the plan already has what this node needs */
    struct layout_want want;
    enum layout_region region; /* of names directly below it */
    const struct node *root;   /* node whose mount gives the region */
};

struct layout {
    struct arena *arena;
    struct node *top;
};

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

/* With `create`: the node at `path`, NULL = out of memory. Without: the deepest one on the way. */
static struct node *node_at(const struct layout *layout, const char *path, bool create)
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
    struct node *node = node_at(layout, want->path, true);

    if (!node)
        return error_memory(err);
    if (node->is_wanted && node->want.state <= want->state)
        return 0;
    node->is_wanted = true;
    node->want = *want;
    node->want.path = node->path;
    return 0;
}

static bool region_is_host(enum layout_region region)
{
    return region == REGION_READ || region == REGION_WRITE;
}

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

/* Host path of a name inside the region whose mount is `root`. */
static const char *region_source(struct arena *arena, const struct node *root, const char *path)
{
    const char *tail = path + (root->path[1] ? strlen(root->path) : 0);

    if (strcmp(root->want.source, root->path) == 0)
        return path;
    return arena_printf(arena, "%s%s", root->want.source, tail);
}

static int make(struct plan *plan, const struct plan_mount *mount, struct error *err)
{
    struct plan_mount *slot = arena_append(plan->arena, plan->mounts, plan->mount_count);

    if (!slot)
        return error_memory(err);
    *slot = *mount;
    return 0;
}

/* Is there something writable around this node, so that Landlock, which cannot deny inside an allowed
 * tree, stands behind nothing here? */
static bool is_within_writable(const struct node *node)
{
    for (node = node->parent; node; node = node->parent)
        if (node->region == REGION_WRITE || node->region == REGION_PRIVATE)
            return true;
    return false;
}

static int make_directory(struct node *node, struct plan *plan, mode_t mode,
                          const struct origin *origin, struct error *err)
{
    bool is_private = node->parent && node->parent->region == REGION_PRIVATE;
    struct plan_mount mount = {
        .kind = PLAN_DIRECTORY,
        .target = node->path,
        .is_directory = true,
        .is_writable = is_private,
        .mode = mode,
        .first = is_private ? BY_TMPFS : BY_MOUNT,
        .behind = is_private || is_within_writable(node) ? BY_NOTHING : BY_LANDLOCK,
        .origin = origin,
    };

    return make(plan, &mount, err);
}

static int make_pin(struct node *node, struct plan *plan, struct error *err)
{
    struct plan_mount mount = {
        .kind = PLAN_PIN,
        .target = node->path,
        .is_directory = true,
        .is_writable = true,
        .first = BY_MOUNT,
        .origin = node->root->want.origin,
    };

    mount.source = region_source(plan->arena, node->root, node->path);
    return mount.source ? make(plan, &mount, err) : error_memory(err);
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
        return make_directory(parent, plan, SKELETON_MODE, NULL, err);
    return parent->region == REGION_WRITE ? make_pin(parent, plan, err) : 0;
}

static int make_grant(struct node *node, struct plan *plan, struct error *err)
{
    const struct layout_want *want = &node->want;
    bool is_read = want->state == LAYOUT_READ;
    struct plan_mount mount = {
        .kind = PLAN_BIND,
        .target = node->path,
        .source = want->source,
        .is_writable = !is_read,
        .is_directory = want->is_directory,
        .is_device = want->state == LAYOUT_DEVICE,
        .is_socket = want->state == LAYOUT_SOCKET,
        .device = want->device,
        .inode = want->inode,
        .first = is_read ? BY_MOUNT : BY_NOTHING,
        .behind = is_read && !is_within_writable(node) ? BY_LANDLOCK : BY_NOTHING,
        .origin = want->origin,
    };

    return make(plan, &mount, err);
}

/* Over a denied directory of the host: its listed name stays, what is granted below gets a place. */
static int make_passage(struct node *node, struct plan *plan, struct error *err)
{
    struct plan_mount mount = {
        .kind = PLAN_PRIVATE,
        .target = node->path,
        .is_directory = true,
        .mode = PASSAGE_MODE,
        .first = BY_MODE,
        .behind = is_within_writable(node) ? BY_NOTHING : BY_LANDLOCK,
        .origin = node->want.origin,
    };

    return make(plan, &mount, err);
}

static int make_private(struct node *node, struct plan *plan, struct error *err)
{
    struct plan_mount mount = {
        .kind = PLAN_PRIVATE,
        .target = node->path,
        .is_writable = true,
        .is_directory = true,
        .mode = node->want.mode,
        .first = BY_TMPFS,
        .origin = node->want.origin,
    };

    return make(plan, &mount, err);
}

static int make_mask(struct node *node, struct plan *plan, struct error *err)
{
    struct plan_mount mount = {
        .kind = PLAN_MASK,
        .target = node->path,
        .is_directory = node->want.is_directory,
        .device = node->want.device,
        .inode = node->want.inode,
        .first = BY_MODE,
        .behind = BY_MOUNT,
        .origin = node->want.origin,
    };

    return make(plan, &mount, err);
}

static int make_link(struct node *node, struct plan *plan, struct error *err)
{
    struct plan_mount mount = {
        .kind = PLAN_SYMLINK,
        .target = node->path,
        .source = node->want.source,
        .first = BY_MOUNT,
        .behind = is_within_writable(node) ? BY_NOTHING : BY_LANDLOCK,
        .origin = node->want.origin,
    };

    return make(plan, &mount, err);
}

static int make_system(struct node *node, struct plan *plan, struct error *err)
{
    struct plan_mount mount = {
        .kind = strcmp(node->path, "/proc") == 0 ? PLAN_PROC : PLAN_DEV,
        .target = node->path,
        .is_directory = true,
        .first = BY_MOUNT,
        .behind = BY_LANDLOCK,
        .origin = node->want.origin,
    };

    return make(plan, &mount, err);
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
    case LAYOUT_SYSTEM:
    case LAYOUT_SOCKET:
    case LAYOUT_DEVICE:
        break;
    }
    return false;
}

/* A want inside a granted tree covers a name of that tree, so the name must be there. */
static int check_place(const struct node *node, enum layout_region around, const struct node *root,
                       struct error *err)
{
    const struct layout_want *want = &node->want;
    bool is_moved = region_is_host(around) && strcmp(root->want.source, root->path) != 0;

    if (!region_is_host(around) || is_shown(node, root) || (want->is_there && !is_moved))
        return 0;
    return error_set(err, ERROR_UNENFORCEABLE, 0,
                     "%s: %s is inside the granted %s, which has nothing of the same type there; "
                     "choose a target outside of it or create it",
                     want->origin && want->origin->member ? want->origin->member : "filesystem",
                     node->path, root->path);
}

static int make_wanted(struct node *node, enum layout_region around, struct plan *plan,
                       struct error *err)
{
    switch (node->want.state) {
    case LAYOUT_SHUT:
        if (!has_grant_below(node))
            return region_is_host(around) ? make_mask(node, plan, err) : 0;
        return region_is_host(around)
                   ? make_passage(node, plan, err)
                   : make_directory(node, plan, PASSAGE_MODE, node->want.origin, err);
    case LAYOUT_PRIVATE:
        return make_private(node, plan, err);
    case LAYOUT_LINK:
        return make_link(node, plan, err);
    case LAYOUT_SYSTEM:
        return make_system(node, plan, err);
    case LAYOUT_READ:
    case LAYOUT_WRITE:
    case LAYOUT_SOCKET:
    case LAYOUT_DEVICE:
        return make_grant(node, plan, err);
    }
    return 0;
}

static enum layout_region region_of(const struct node *node, enum layout_region around)
{
    switch (node->want.state) {
    case LAYOUT_SHUT:
        if (!region_is_host(around))
            return around;
        return has_grant_below(node) ? REGION_SKELETON : REGION_SHUT;
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

static int emit(struct node *node, enum layout_region around, const struct node *root,
                struct plan *plan, struct error *err)
{
    int r = 0;

    node->region = around;
    node->root = root;
    if (node->is_wanted && !is_given(node, around, root)) {
        r = check_place(node, around, root, err);
        if (r == 0)
            r = make_parents(node, plan, err);
        if (r == 0)
            r = make_wanted(node, around, plan, err);
        if (r < 0)
            return r;
        node->is_made = true;
        node->region = region_of(node, around);
        node->root = node;
    }
    if (node->region == REGION_SHUT) /* nothing can be reached through a mask */
        return 0;
    for (struct node *child = node->children; child && r == 0; child = child->next)
        if (!is_system(child))
            r = emit(child, node->region, node->root, plan, err);
    return r;
}

int layout_emit(struct layout *layout, struct plan *plan, struct error *err)
{
    struct node *top = layout->top;
    int r = emit(top, REGION_SKELETON, top, plan, err);

    for (struct node *child = top->children; child && r == 0; child = child->next)
        if (is_system(child))
            r = emit(child, top->region, top->root, plan, err);
    return r;
}

/* The deepest node on the way that the walk came to: it does not go below a mask. */
static const struct node *visited_at(const struct layout *layout, const char *path)
{
    const struct node *node = node_at(layout, path, false);

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
