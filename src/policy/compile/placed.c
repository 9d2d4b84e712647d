/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What appears elsewhere than where it lives: views; caches.c and devices.c have the rest.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/compile/compile.h"
#include "policy/model/access.h"

static const char *join_tail(struct compile *c, const char *directory, const char *tail)
{
    if (!*tail)
        return arena_string(c->work, directory);
    return arena_printf(c->work, "%s%s", strcmp(directory, "/") == 0 ? "" : directory, tail);
}

int placed_target(struct compile *c, const char *path, const char **ret_target, struct error *err)
{
    const struct variables *variables = c->options->variables;
    const char *target;
    struct resolved object;
    int r;

    if (c->home && path_is_within(path, variables->home)) {
        target = join_tail(c, c->home, path + strlen(variables->home));
        if (!target)
            return error_memory(err);
    } else {
        r = resolve_path(c->resolver, path, &object, err);
        if (r < 0)
            return r;
        target = object.status == RESOLVE_SHUT ? path : object.real;
    }
    *ret_target = target;
    return 0;
}

int placed_is_there(struct compile *c, const char *path, bool is_directory, bool *ret_is_there,
                    struct error *err)
{
    struct resolved object;
    int r = resolve_path(c->resolver, path, &object, err);

    if (r < 0)
        return r;
    *ret_is_there = object.status == RESOLVE_FOUND && strcmp(object.real, path) == 0 &&
                    S_ISDIR(object.mode) == is_directory;
    return 0;
}

int placed_view_name(struct compile *c, const struct view *view, const char *path,
                     const char **ret_name, struct error *err)
{
    *ret_name = NULL;
    if (!path_is_within(path, view->source))
        return 0;
    *ret_name = join_tail(c, view->target, path + strlen(view->source));
    return *ret_name ? 0 : error_memory(err);
}

static int resolve_view(struct compile *c, const struct document *layer, struct view *view,
                        bool *ret_keep, struct error *err)
{
    struct resolved object;
    int r = resolve_path(c->resolver, view->source, &object, err);

    *ret_keep = false;
    if (r < 0)
        return r;
    if (layer->kind == LAYER_REQUEST)
        r = objects_check_grant(c, &object, view->is_writable, view->is_optional, &view->origin,
                                ret_keep, err);
    else
        *ret_keep = object.status == RESOLVE_FOUND;
    if (r < 0 || !*ret_keep)
        return r;
    if (layer->kind == LAYER_REQUEST) {
        r = objects_add_led(c, &object, false, &view->origin, err);
        if (r < 0)
            return r;
    }
    view->source = object.real;
    r = placed_target(c, view->target, &view->target, err);
    if (r < 0)
        return r;
    if (path_is_within(view->target, "/proc") || path_is_within(view->target, "/dev") ||
        strcmp(view->target, "/") == 0 || strcmp(view->source, "/") == 0) {
        *ret_keep = false;
        return compile_problem(c, ERROR_UNENFORCEABLE, &view->origin, err,
                               "%s cannot be shown at %s; choose other directories", view->source,
                               view->target);
    }
    return 0;
}

int placed_resolve_views(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->real.layer_count && r == 0; i++) {
        struct document *layer = c->real.layers[i];
        size_t count = layer->view_count;
        struct view *views;

        if (!count)
            continue;
        views = arena_alloc(c->work, count * sizeof(*views));
        if (!views)
            return error_memory(err);
        memcpy(views, layer->views, count * sizeof(*views));
        layer->views = views;
        layer->view_count = 0;
        for (size_t j = 0; j < count && r == 0; j++) {
            bool keep;

            r = resolve_view(c, layer, &views[j], &keep, err);
            if (r == 0 && keep)
                views[layer->view_count++] = views[j];
        }
    }
    return r;
}

/* The least that caps give on the view's source and on the name it appears under. */
static enum access capped(const struct compile *c, enum access access, const char *path)
{
    for (size_t i = 0; i < c->cap_count; i++)
        if (c->caps[i].access < access && path_is_within(path, c->caps[i].path))
            access = c->caps[i].access;
    return access;
}

/* What rules and caps shut or keep inside the source holds under the view's names too. */
static int add_view_inside(struct compile *c, const struct view *view, enum access top,
                           struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->point_count && r == 0; i++) {
        const struct point *point = &c->points[i];
        struct layout_want want = {
            .source = point->path,
            .is_directory = S_ISDIR(point->mode),
            .is_there = true,
            .device = point->device,
            .inode = point->inode,
        };
        enum access access;

        r = placed_view_name(c, view, point->path, &want.path, err);
        if (r < 0)
            return r;
        if (!want.path || strcmp(point->path, view->source) == 0)
            continue;
        access = capped(c, policy_access(&c->real, want.path, &want.origin), point->path);
        if (!want.origin)
            want.origin = &view->origin;
        if (access >= top)
            continue;
        want.state = access == ACCESS_DENIED ? LAYOUT_SHUT : LAYOUT_READ;
        r = layout_want(c->layout, &want, err);
    }
    return r;
}

static int add_view(struct compile *c, const struct view *view, struct error *err)
{
    struct object object;
    struct resolved source;
    struct layout_want want = {.path = view->target, .source = view->source};
    enum access access = policy_object(&c->real, view->target, &object, &want.origin);
    int r;

    if (access == ACCESS_DENIED || object.kind != OBJECT_HOST ||
        strcmp(object.path, view->source) != 0)
        return compile_warning(c, &view->origin, err,
                               "%s: taken away by another layer or a stricter rule", view->target);
    access = capped(c, access, view->source);
    if (access == ACCESS_DENIED)
        return compile_problem(c, ERROR_FORBIDDEN, &view->origin, err,
                               "%s is never granted; remove the view", view->source);
    r = resolve_path(c->resolver, view->source, &source, err);
    if (r < 0 || source.status != RESOLVE_FOUND)
        return r;
    want.state = access == ACCESS_WRITE ? LAYOUT_WRITE : LAYOUT_READ;
    want.is_directory = S_ISDIR(source.mode);
    want.device = source.device;
    want.inode = source.inode;
    r = placed_is_there(c, view->target, want.is_directory, &want.is_there, err);
    if (r == 0)
        r = layout_want(c->layout, &want, err);
    return r < 0 ? r : add_view_inside(c, view, access, err);
}

static int add_rules(struct compile *c, const struct document *layer, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < layer->view_count && r == 0; i++)
        r = add_view(c, &layer->views[i], err);
    for (size_t i = 0; i < layer->path_count && r == 0; i++)
        if (layer->paths[i].kind == PATH_CACHE)
            r = caches_add(c, &layer->paths[i], err);
    return r;
}

int placed_add(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->real.layer_count && r == 0; i++)
        if (c->real.layers[i]->kind == LAYER_REQUEST)
            r = add_rules(c, c->real.layers[i], err);
    return r < 0 ? r : devices_add(c, err);
}
