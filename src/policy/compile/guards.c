/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds whatever the rules grant: Cordon's own files, password files, built-in protected
 * names, kernel file systems inside granted trees, one object under several names, names that are
 * not there yet, links that the program could turn elsewhere.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/compile/compile.h"
#include "policy/model/protected.h"

struct hidden_file {
    const char *path;
    const char *reason;
};

static const struct hidden_file hidden_files[] = {
    {"/etc/shadow", "password hashes"},
    {"/etc/shadow-", "password hashes"},
    {"/etc/gshadow", "password hashes"},
    {"/etc/gshadow-", "password hashes"},
    {"/etc/security/opasswd", "old password hashes"},
};

/* Does a request's own rule, not one above it, grant something at or below `path`? */
static const struct path_rule *grant_within(const struct document *layer, const char *path)
{
    if (layer->kind != LAYER_REQUEST)
        return NULL;
    for (size_t i = 0; i < layer->path_count; i++) {
        const struct path_rule *rule = &layer->paths[i];

        if ((rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY) &&
            path_is_within(rule->path, path))
            return rule;
    }
    return NULL;
}

/* Shut `object` wherever a grant shows it; a grant of it or of what it holds is refused. */
static int shut(struct compile *c, const struct resolved *object, const char *what,
                const struct origin *origin, struct error *err)
{
    int r = objects_add_cap(c, object->real, ACCESS_DENIED, origin, err);

    for (size_t i = 0; i < c->real.layer_count && r == 0; i++) {
        const struct path_rule *rule = grant_within(c->real.layers[i], object->real);

        if (rule)
            r = compile_problem(c, ERROR_FORBIDDEN, &rule->origin, err,
                                "%s holds %s and is never granted; remove it", rule->path, what);
    }
    return r < 0 ? r : objects_add_point(c, object, false, err);
}

static int add_self(struct compile *c, struct error *err)
{
    const char *const *path = c->options->self_paths;
    const struct origin *origin = compile_builtin_origin(c, "Cordon's own files");
    struct resolved object;
    int r = 0;

    if (!origin)
        return error_memory(err);
    for (; path && *path && r == 0; path++) {
        r = resolve_path(c->resolver, *path, &object, err);
        if (r < 0)
            return r;
        if (object.status == RESOLVE_FOUND)
            r = shut(c, &object, "Cordon's own files", origin, err);
        else
            r = objects_add_missing(c, &object, PATH_DENIED, origin, err);
    }
    return r;
}

static int add_readonly_self(struct compile *c, struct error *err)
{
    const char *const *path = c->options->readonly_self;
    const struct origin *origin = compile_builtin_origin(c, "Cordon's own programs and policies");
    struct resolved object;
    int r = 0;

    if (!origin)
        return error_memory(err);
    for (; path && *path && r == 0; path++) {
        r = resolve_path(c->resolver, *path, &object, err);
        if (r < 0)
            return r;
        if (object.status != RESOLVE_FOUND)
            continue;
        r = objects_add_cap(c, object.real, ACCESS_READ, origin, err);
        if (r == 0)
            r = objects_add_point(c, &object, false, err);
    }
    return r;
}

static int add_hidden_files(struct compile *c, struct error *err)
{
    const struct origin *origin = compile_builtin_origin(c, "password files");
    struct resolved object;
    int r = 0;

    if (!origin)
        return error_memory(err);
    for (size_t i = 0; i < ARRAY_COUNT(hidden_files) && r == 0; i++) {
        if (policy_access(&c->real, hidden_files[i].path, NULL) == ACCESS_DENIED)
            continue;
        r = resolve_path(c->resolver, hidden_files[i].path, &object, err);
        if (r == 0 && object.status == RESOLVE_FOUND)
            r = shut(c, &object, hidden_files[i].reason, origin, err);
    }
    return r;
}

/* A grant is recursive, and so would bring in what is mounted below it. */
static int add_kernel_mounts(struct compile *c, struct error *err)
{
    const struct origin *origin = compile_builtin_origin(c, "kernel file systems");
    struct resolved object;
    int r = 0;

    if (!origin)
        return error_memory(err);
    for (size_t i = 0; i < c->mounts.count && r == 0; i++) {
        const struct host_mount *mount = &c->mounts.mounts[i];
        bool is_sys = path_is_within(mount->point, "/sys");

        if (!mount->is_kernel || path_is_within(mount->point, "/proc") ||
            path_is_within(mount->point, "/dev") || strcmp(mount->point, "/") == 0)
            continue;
        if (is_sys && (strcmp(mount->type, "sysfs") == 0 || strncmp(mount->type, "cgroup", 6) == 0))
            continue;
        if (policy_access(&c->real, mount->point, NULL) == ACCESS_DENIED)
            continue;
        r = resolve_path(c->resolver, mount->point, &object, err);
        if (r < 0 || object.status != RESOLVE_FOUND || strcmp(object.real, mount->point) != 0)
            continue;
        r = objects_add_cap(c, object.real, ACCESS_DENIED, origin, err);
        if (r == 0)
            r = objects_add_point(c, &object, false, err);
    }
    return r;
}

struct root_visit {
    struct compile *c;
    struct error *err;
};

static int protect_name(struct compile *c, const char *root, const char *name,
                        const struct origin *origin, struct error *err)
{
    const char *path = path_join(c->work, root, name);
    struct resolved object;
    int r;

    if (!path)
        return error_memory(err);
    r = resolve_path(c->resolver, path, &object, err);
    if (r < 0)
        return r;
    if (object.status == RESOLVE_FOUND) {
        r = objects_add_cap(c, object.real, ACCESS_READ, origin, err);
        if (r == 0)
            r = objects_add_point(c, &object, false, err);
        if (r < 0)
            return r;
    }
    return objects_add_missing(c, &object, PATH_PROTECTED, origin, err);
}

/*
 * A `.git` that is a file points at the real directory: whoever may rewrite it chooses the hooks.
 */
static int protect_git_file(struct compile *c, const char *root, const struct origin *origin,
                            bool *ret_is_file, struct error *err)
{
    const char *path = path_join(c->work, root, ".git");
    struct resolved object;
    int r;

    *ret_is_file = false;
    if (!path)
        return error_memory(err);
    r = resolve_path(c->resolver, path, &object, err);
    if (r < 0 || object.status != RESOLVE_FOUND || !S_ISREG(object.mode))
        return r;
    *ret_is_file = true;
    r = objects_add_cap(c, object.real, ACCESS_READ, origin, err);
    return r < 0 ? r : objects_add_point(c, &object, false, err);
}

static int protect_root(const char *root, void *data)
{
    struct root_visit *visit = data;
    struct compile *c = visit->c;
    struct resolved object;
    size_t count;
    const struct protected_name *names = protected_names(&count);
    int r = resolve_path(c->resolver, root, &object, visit->err);

    if (r < 0 || object.status != RESOLVE_FOUND || !S_ISDIR(object.mode))
        return r;
    for (size_t i = 0; i < c->real.layer_count && r == 0; i++) {
        const struct document *layer = c->real.layers[i];
        const struct origin *origin = &layer->protect_builtin.origin;
        bool is_file = false;

        if (!layer->protect_builtin.is_set || !layer->protect_builtin.value)
            continue;
        if (protected_name_holds(layer, ".git/hooks") || protected_name_holds(layer, ".git/config"))
            r = protect_git_file(c, object.real, origin, &is_file, visit->err);
        for (size_t j = 0; j < count && r == 0; j++)
            if (protected_name_holds(layer, names[j].name) &&
                !(is_file && strncmp(names[j].name, ".git/", 5) == 0))
                r = protect_name(c, object.real, names[j].name, origin, visit->err);
    }
    return r;
}

/* The roots as hosts of names: of a view, its source. */
static int add_protected_names(struct compile *c, struct error *err)
{
    struct root_visit visit = {.c = c, .err = err};
    int r = 0;

    for (size_t i = 0; i < c->real.layer_count && r == 0; i++) {
        const struct document *layer = c->real.layers[i];

        for (size_t j = 0; j < layer->path_count && r == 0; j++)
            if (layer->paths[j].kind == PATH_READWRITE)
                r = protect_root(layer->paths[j].path, &visit);
        for (size_t j = 0; j < layer->view_count && r == 0; j++)
            if (layer->views[j].is_writable)
                r = protect_root(layer->views[j].source, &visit);
    }
    return r;
}

int guards_add(struct compile *c, struct error *err)
{
    int r = add_self(c, err);

    if (r == 0)
        r = add_readonly_self(c, err);
    if (r == 0)
        r = add_hidden_files(c, err);
    if (r == 0)
        r = add_kernel_mounts(c, err);
    return r < 0 ? r : add_protected_names(c, err);
}

/* The strictest that a rule or cap says of exactly this object; ACCESS_WRITE when none does. */
static enum access restriction_at(const struct compile *c, struct point *point,
                                  const struct origin **ret_why)
{
    const struct origin *why = NULL;
    enum access access = objects_point_access(c, point, &why);

    *ret_why = why;
    return why ? access : ACCESS_WRITE;
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
        /* A part of the object under a name of its own: only a denial of the whole reaches it. */
        if ((object.inode != point->inode || object.device != point->device) &&
            access != ACCESS_DENIED)
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

int guards_add_aliases(struct compile *c, struct error *err)
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

static int judge_missing(struct compile *c, const struct missing *missing, struct error *err)
{
    const char *parent = missing->path;
    enum layout_region region;

    if (missing->is_link) {
        parent = path_parent(c->work, missing->path);
        if (!parent)
            return error_memory(err);
    }
    region = layout_region_at(c->layout, parent);
    if (region != REGION_WRITE && !(region == REGION_READ && missing->kind == PATH_DENIED))
        return 0;
    if (missing->is_link)
        return compile_loss(c, "protectedPaths.missing", missing->origin, err,
                            "%s is a symbolic link that can be replaced",
                            missing->path);
    return compile_loss(c, "protectedPaths.missing", missing->origin, err,
                        "%s does not exist yet",
                        missing->path);
}

int guards_judge_missing(struct compile *c, struct error *err)
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
    if (layout_region_at(c->layout, parent) != REGION_WRITE ||
        path_is_within(led->object->real, layout_root_at(c->layout, parent)))
        return 0;
    return compile_problem(c, ERROR_FORBIDDEN, led->origin, err,
                           "%s leads through %s, a symbolic link that the contained program can "
                           "turn elsewhere; name %s itself",
                           led->object->given, link->path, led->object->real);
}

int guards_judge_links(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->led_count && r == 0; i++)
        for (size_t j = 0; j < c->led[i].object->link_count && r == 0; j++)
            r = judge_link(c, &c->led[i], &c->led[i].object->links[j], err);
    return r;
}
