/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be told only when the layout is known: which names that do not exist could appear, and
 * which grants were reached through a link that the program could turn elsewhere.
 */
#include <errno.h>

#include "policy/compile/compile.h"

/*
 * Under one name inside: could the program make it, or the host later show what is denied there? What the program could
 * make is kept by process 1, where that can be; what only the host could make is lost.
 */
static int judge_name(struct compile *c, const struct missing *missing, const char *path, bool *ret_is_lost,
                      struct error *err)
{
    const char *around = missing->is_link ? path_parent(c->work, path) : path;
    enum layout_region region;

    if (!around)
        return error_memory(err);
    region = layout_region_at(c->layout, around);
    if (region == REGION_WRITE && c->facts->keeps_names)
        return names_add(c, path, PLAN_NAME_KEPT, missing->origin, err);
    if (region == REGION_WRITE || (region == REGION_READ && missing->kind == PATH_DENIED))
        *ret_is_lost = true;
    return 0;
}

/* Under its own name or one that a view gives it. */
static int judge_names(struct compile *c, const struct missing *missing, bool *ret_is_lost, struct error *err)
{
    int r = judge_name(c, missing, missing->path, ret_is_lost, err);

    for (size_t i = 0; i < c->real.layer_count && r == 0; i++) {
        const struct document *layer = c->real.layers[i];

        for (size_t j = 0; j < layer->view_count && r == 0; j++) {
            const char *name;

            r = placed_view_name(c, &layer->views[j], missing->path, &name, err);
            if (r == 0 && name)
                r = judge_name(c, missing, name, ret_is_lost, err);
        }
    }
    return r;
}

static int judge_missing(struct compile *c, const struct missing *missing, struct error *err)
{
    bool is_lost = false;
    int r = judge_names(c, missing, &is_lost, err);

    if (r < 0 || !is_lost)
        return r;
    if (missing->is_link)
        return compile_loss(c, "protectedPaths.missing", missing->origin, err,
                            "%s is a symbolic link that can be replaced", missing->path);
    return compile_loss(c, "protectedPaths.missing", missing->origin, err, "%s does not exist yet",
                        missing->path);
}

int judge_all_missing(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->missing_count && r == 0; i++)
        r = judge_missing(c, &c->missing[i], err);
    return r;
}

/*
 * A link in a place that the program may write was perhaps put there by an earlier run: it must not
 * lead to more than the program has anyway.
 */
static int judge_link(struct compile *c, const struct led *led, const struct resolve_link *link,
                      struct error *err)
{
    const char *parent = path_parent(c->work, link->path);

    if (!parent)
        return error_memory(err);
    if (layout_region_at(c->layout, parent) != REGION_WRITE)
        return 0;
    if (!led->is_own && path_is_within(led->object->real, layout_root_at(c->layout, parent)))
        return 0;
    return compile_problem(c, ERROR_FORBIDDEN, led->origin, err,
                           "%s leads through %s, a symbolic link that the contained program can "
                           "turn elsewhere; name %s itself",
                           led->object->given, link->path, led->object->real);
}

int judge_all_links(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->led_count && r == 0; i++)
        for (size_t j = 0; j < c->led[i].object->link_count && r == 0; j++)
            r = judge_link(c, &c->led[i], &c->led[i].object->links[j], err);
    return r;
}
