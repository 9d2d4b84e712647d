/* SPDX-License-Identifier: Apache-2.0 */
/* One object under several names, by hard links between ruled names or by bind mounts of the host.
 */
#include <errno.h>
#include <string.h>

#include "policy/compile/compile.h"

/* The strictest that a rule or cap says of exactly this object; ACCESS_WRITE when none does. */
static enum access restriction_at(const struct compile *c, struct point *point,
                                  const struct origin **ret_why)
{
    const struct origin *why = NULL;
    enum access access = objects_point_access(c, point, &why);

    *ret_why = why;
    return why ? access : ACCESS_WRITE;
}

/*
 * Is `mount` granted only along with a writable tree around it? Who names a mount, or something in it, means what is there.
 */
static bool comes_along(struct compile *c, const struct host_mount *mount)
{
    struct point *around = NULL;
    const struct origin *ignored;

    for (size_t i = 0; i < c->point_count; i++)
        if (path_is_within(mount->point, c->points[i].path) &&
            (!around || strlen(around->path) < strlen(c->points[i].path)))
            around = &c->points[i];
    return around && strcmp(around->path, mount->point) != 0 &&
           objects_point_access(c, around, &ignored) == ACCESS_WRITE;
}

static int add_aliases_of(struct compile *c, struct point *point, struct error *err)
{
    const struct host_mount *home = mounts_find(&c->mounts, point->path);
    const struct origin *why;
    enum access access = restriction_at(c, point, &why);
    int r = 0;

    if (!home || access == ACCESS_WRITE)
        return 0;
    for (size_t i = 0; i < c->mounts.count && r == 0; i++) {
        struct resolved object;
        const char *alias;

        r = mounts_alias(c->work, home, point->path, &c->mounts.mounts[i], &alias, err);
        if (r < 0 || !alias || path_is_within(alias, "/proc") || path_is_within(alias, "/dev"))
            continue;
        r = resolve_path(c->resolver, alias, &object, err);
        if (r < 0 || object.status != RESOLVE_FOUND || strcmp(object.real, alias) != 0)
            continue;
        /* A part of the object: a denial of the whole reaches it, any restriction where nobody named it. */
        if ((object.inode != point->inode || object.device != point->device) &&
            access != ACCESS_DENIED && !comes_along(c, &c->mounts.mounts[i]))
            continue;
        r = objects_add_cap(c, alias, access, why, err);
        if (r == 0)
            r = objects_add_point(c, &object, false, err);
    }
    return r;
}

/* One object under two ruled names: both get the tighter. */
static int join_same_objects(struct compile *c, size_t first, struct error *err)
{
    struct point *a = &c->points[first];
    int r = 0;

    for (size_t i = first + 1; i < c->point_count && r == 0; i++) {
        struct point *b = &c->points[i];
        const struct origin *why_a, *why_b;
        enum access access_a, access_b;

        if (a->inode != b->inode || a->device != b->device)
            continue;
        access_a = restriction_at(c, a, &why_a);
        access_b = restriction_at(c, b, &why_b);
        if (access_a < access_b)
            r = objects_add_cap(c, b->path, access_a, why_a, err);
        else if (access_b < access_a)
            r = objects_add_cap(c, a->path, access_b, why_b, err);
    }
    return r;
}

int aliases_add(struct compile *c, struct error *err)
{
    size_t count = c->point_count;
    int r = 0;

    for (size_t i = 0; i < count && r == 0; i++)
        r = join_same_objects(c, i, err);
    for (size_t i = 0; i < count && r == 0 && c->mounts.has_aliases; i++) {
        struct point point = c->points[i]; /* the array grows meanwhile */

        r = add_aliases_of(c, &point, err);
    }
    return r;
}
