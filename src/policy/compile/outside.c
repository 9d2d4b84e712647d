/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Objects of the host that are read or run outside because the policy says so: whoever is inside must not be able to make
 * them others, under any name that the plan gives them.
 */
#include <string.h>

#include "policy/compile/compile.h"

const struct plan_mount *outside_mount_over(const struct plan *plan, const char *path)
{
    const struct plan_mount *over = NULL;

    for (size_t i = 0; i < plan->mount_count; i++)
        if (path_is_within(path, plan->mounts[i].target))
            over = &plan->mounts[i];
    return over;
}

/* May `path` of the host be written under the name that this mount gives it? */
static int is_written_by(struct compile *c, const struct plan_mount *mount, const char *path, bool *ret_is_written,
                         struct error *err)
{
    const char *rest = path + (strcmp(mount->source, "/") == 0 ? 0 : strlen(mount->source));
    const char *name = !*rest ? mount->target
                              : arena_printf(c->work, "%s%s", strcmp(mount->target, "/") == 0 ? "" : mount->target, rest);

    if (!name)
        return error_memory(err);
    *ret_is_written = outside_mount_over(c->plan, name)->is_writable;
    return 0;
}

static int is_written(struct compile *c, const char *path, bool *ret_is_written, struct error *err)
{
    int r = 0;

    *ret_is_written = false;
    for (size_t i = 0; i < c->plan->mount_count && r == 0 && !*ret_is_written; i++) {
        const struct plan_mount *mount = &c->plan->mounts[i];

        if (mount->kind == PLAN_BIND && mount->is_writable && path_is_within(path, mount->source))
            r = is_written_by(c, mount, path, ret_is_written, err);
    }
    return r;
}

int outside_check(struct compile *c, const struct resolved *object, const struct origin *origin, struct error *err)
{
    bool is_inside;
    int r = is_written(c, object->real, &is_inside, err);

    if (r == 0 && is_inside)
        r = compile_problem(c, ERROR_FORBIDDEN, origin, err,
                            "%s is used outside, and the contained program could write it: keep it where nothing grants writing",
                            object->real);
    for (size_t i = 0; i < object->link_count && r == 0; i++) {
        const char *parent = path_parent(c->work, object->links[i].path);

        if (!parent)
            return error_memory(err);
        r = is_written(c, parent, &is_inside, err);
        if (r == 0 && is_inside)
            r = compile_problem(c, ERROR_FORBIDDEN, origin, err,
                                "%s leads through %s, a symbolic link that the contained program can turn elsewhere; name %s "
                                "itself", object->given, object->links[i].path, object->real);
    }
    return r;
}
