/* SPDX-License-Identifier: Apache-2.0 */
/* The mounts that nodes come to, and which mechanism answers for each. */
#include <errno.h>
#include <string.h>

#include "policy/compile/layout_node.h"

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

/* Is there something writable around this node, so that Landlock, which cannot deny inside an
 * allowed tree, stands behind nothing here? */
static bool is_within_writable(const struct node *node)
{
    for (node = node->parent; node; node = node->parent)
        if (node->region == REGION_WRITE || node->region == REGION_PRIVATE)
            return true;
    return false;
}

int layout_make_directory(struct node *node, struct plan *plan, mode_t mode,
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

    if (mode == PASSAGE_MODE) {
        mount.first = BY_MODE;
        mount.behind = BY_MOUNT;
    }
    return make(plan, &mount, err);
}

int layout_make_pin(struct node *node, struct plan *plan, struct error *err)
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

int layout_make_grant(struct node *node, struct plan *plan, struct error *err)
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

/* Over a denied directory of the host, whose listed name stays, or at its name in a private one:
 * what is granted below gets a place. */
int layout_make_passage(struct node *node, struct plan *plan, struct error *err)
{
    struct plan_mount mount = {
        .kind = PLAN_DIRECTORY,
        .target = node->path,
        .is_directory = true,
        .is_sealed = true,
        .mode = PASSAGE_MODE,
        .first = BY_MODE,
        .behind = BY_MOUNT, /* an empty directory; Landlock lets what the tree around it allows */
        .origin = node->want.origin,
    };

    return make(plan, &mount, err);
}

int layout_make_private(struct node *node, struct plan *plan, struct error *err)
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

int layout_make_served(struct node *node, struct plan *plan, struct error *err)
{
    struct plan_mount mount = {
        .kind = PLAN_SERVED,
        .target = node->path,
        .is_directory = true,
        .first = BY_MOUNT,
        .behind = is_within_writable(node) ? BY_NOTHING : BY_LANDLOCK,
        .origin = node->want.origin,
    };

    return make(plan, &mount, err);
}

int layout_make_mask(struct node *node, struct plan *plan, struct error *err)
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

int layout_make_file(struct node *node, struct plan *plan, struct error *err)
{
    struct plan_mount mount = {
        .kind = PLAN_FILE,
        .content = node->want.content,
        .target = node->path,
        .source = node->want.source,
        .mode = 0444,
        .first = BY_MOUNT,
        .behind = is_within_writable(node) ? BY_NOTHING : BY_LANDLOCK,
        .origin = node->want.origin,
    };

    return make(plan, &mount, err);
}

int layout_make_link(struct node *node, struct plan *plan, struct error *err)
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

int layout_make_system(struct node *node, struct plan *plan, struct error *err)
{
    bool is_proc = strcmp(node->path, "/proc") == 0;
    struct plan_mount mount = {
        .kind = is_proc ? PLAN_PROC : PLAN_DEV,
        .target = node->path,
        .is_directory = true,
        .first = BY_MOUNT,
        .behind = is_proc ? BY_NOTHING : BY_LANDLOCK, /* own processes are writable there */
        .origin = node->want.origin,
    };

    return make(plan, &mount, err);
}
