/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be told only when the layout is known: which names that do not exist could appear, and
 * which grants were reached through a link that the program could turn elsewhere.
 */
#include <errno.h>
#include <string.h>

#include "base/glob.h"
#include "policy/compile/compile.h"

/*
 * Under one name inside: could the program make it, or the host later show what is denied there? What the program could
 * make is kept by process 1, where that can be; what only the host could make is lost.
 */
static int judge_name(struct compile *c, const struct missing *missing, const char *path, bool *ret_is_lost,
                      struct error *err)
{
    const char *around = missing->is_link || missing->is_there ? path_parent(c->work, path) : path;
    enum layout_region region;

    if (!around)
        return error_memory(err);
    region = layout_region_at(c->layout, around);
    if (region == REGION_WRITE && c->facts->keeps_names) {
        const char *pattern = glob_literal(c->work, path);

        return pattern ? names_add(c, pattern, PLAN_NAME_KEPT, missing->origin, err) : error_memory(err);
    }
    if (!missing->is_there && (region == REGION_WRITE || (region == REGION_READ && missing->kind == PATH_DENIED)))
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
    const char *what = missing->is_link ? "is a symbolic link that can be replaced" : "does not exist yet";
    const char *why = c->facts->keeps_names ? "" : c->facts->keeps_names_why;
    bool is_lost = false;
    int r = judge_names(c, missing, &is_lost, err);

    if (r < 0 || !is_lost)
        return r;
    return compile_loss(c, "protectedPaths.missing", missing->origin, err, "%s %s%s%s%s", missing->path, what,
                        *why ? " and cannot be kept (" : "", why, *why ? ")" : "");
}

int judge_all_missing(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->missing_count && r == 0; i++)
        r = judge_missing(c, &c->missing[i], err);
    return r;
}

/* The built-in profiles name what the system lays out, whoever owns it. */
static bool is_trusted(const struct compile *c, const struct resolve_link *link, const struct origin *origin)
{
    struct resolve_link as_root = *link;

    if (origin && origin->is_profile)
        as_root.uid = 0;
    return resolve_is_system_link(c->facts, &as_root);
}

static int judge_planted(struct compile *c, const struct resolved *object, const struct resolve_link *link,
                         const struct origin *origin, struct error *err)
{
    if (is_trusted(c, link, origin))
        return 0;
    return compile_problem(c, ERROR_FORBIDDEN, origin, err,
                           "%s leads through %s, a symbolic link that a contained program may have put there in an "
                           "earlier run; name %s itself",
                           object->given, link->path, object->real);
}

/*
 * A link in a place that the program may write was perhaps put there by an earlier run: it must not
 * lead to more than the program has anyway. One that lies elsewhere was perhaps put there by a run that had
 * another workspace, unless it is the system's (docs/decisions/0027). Cordon's own files the caller names.
 */
static int judge_link(struct compile *c, const struct led *led, const struct resolve_link *link,
                      struct error *err)
{
    const char *parent = path_parent(c->work, link->path);

    if (!parent)
        return error_memory(err);
    if (layout_region_at(c->layout, parent) != REGION_WRITE)
        return led->is_own ? 0 : judge_planted(c, led->object, link, led->origin, err);
    if (!led->is_own && path_is_within(led->object->real, layout_root_at(c->layout, parent)))
        return 0;
    return compile_problem(c, ERROR_FORBIDDEN, led->origin, err,
                           "%s leads through %s, a symbolic link that the contained program can "
                           "turn elsewhere; name %s itself",
                           led->object->given, link->path, led->object->real);
}

/* Whatever the policy grants there: the caller's own words must not have been given another meaning. */
static int judge_workspace(struct compile *c, struct error *err)
{
    struct resolved object;
    int r;

    if (!c->options->workspace_given)
        return 0;
    r = resolve_path(c->resolver, c->options->workspace_given, &object, err);
    for (size_t i = 0; r == 0 && i < object.link_count; i++)
        r = judge_planted(c, &object, &object.links[i], compile_builtin_origin(c, "workspace"), err);
    if (r < 0 || strcmp(object.real, c->options->variables->workspace) == 0)
        return r;
    return compile_problem(c, ERROR_FORBIDDEN, NULL, err, "workspace %s was %s a moment ago and is %s now",
                           object.given, c->options->variables->workspace, object.real);
}

int judge_all_links(struct compile *c, struct error *err)
{
    int r = judge_workspace(c, err);

    for (size_t i = 0; i < c->led_count && r == 0; i++)
        for (size_t j = 0; j < c->led[i].object->link_count && r == 0; j++)
            r = judge_link(c, &c->led[i], &c->led[i].object->links[j], err);
    return r;
}
