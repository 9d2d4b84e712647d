/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What holds whatever the rules grant: Cordon's own files, password files, built-in protected
 * names, kernel file systems inside granted trees.
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

/* Nobody may see `object`, which belongs to Cordon; nor may anybody make it. */
static int shut_self(struct compile *c, const struct resolved *object, const struct origin *origin,
                     struct error *err)
{
    if (object->status != RESOLVE_FOUND)
        return objects_add_missing(c, object, PATH_DENIED, origin, err);
    return shut(c, object, "Cordon's own files", origin, err);
}

/* Nobody may change `object`, which decides about this run. */
static int keep_self(struct compile *c, const struct resolved *object, const struct origin *origin,
                     struct error *err)
{
    int r;

    if (object->status != RESOLVE_FOUND)
        return 0;
    r = objects_add_cap(c, object->real, ACCESS_READ, origin, err);
    if (r == 0)
        r = objects_add_point(c, object, false, err);
    return r < 0 ? r : objects_add_led(c, object, true, origin, err);
}

typedef int guard_self(struct compile *c, const struct resolved *object,
                       const struct origin *origin, struct error *err);

static int add_self(struct compile *c, const char *const *path, const char *what, guard_self *guard,
                    struct error *err)
{
    const struct origin *origin = compile_builtin_origin(c, what);
    struct resolved object;
    int r = 0;

    if (!origin)
        return error_memory(err);
    for (; path && *path && r == 0; path++) {
        r = resolve_path(c->resolver, *path, &object, err);
        if (r == 0)
            r = guard(c, &object, origin, err);
    }
    return r;
}

bool guards_is_exposed(const struct compile *c, const char *path)
{
    for (size_t i = 0; i < c->real.layer_count; i++)
        for (size_t j = 0; j < c->real.layers[i]->view_count; j++)
            if (path_is_within(path, c->real.layers[i]->views[j].source))
                return true;
    return policy_access(&c->real, path, NULL) != ACCESS_DENIED;
}

static int add_hidden_files(struct compile *c, struct error *err)
{
    const struct origin *origin = compile_builtin_origin(c, "password files");
    struct resolved object;
    int r = 0;

    if (!origin)
        return error_memory(err);
    for (size_t i = 0; i < ARRAY_COUNT(hidden_files) && r == 0; i++) {
        if (!guards_is_exposed(c, hidden_files[i].path))
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
        if (!guards_is_exposed(c, mount->point))
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

/* A grant from above must not bring in a drive: one grant at it or in it says that it is meant, and then that alone. */
static int shut_drive(struct compile *c, const struct host_mount *drive, const struct origin *origin, struct error *err)
{
    const struct path_rule *named = NULL, *above = NULL;
    struct resolved object;
    int r;

    for (size_t i = 0; i < c->real.layer_count; i++) {
        const struct document *layer = c->real.layers[i];

        for (size_t j = 0; layer->kind == LAYER_REQUEST && j < layer->path_count; j++) {
            const struct path_rule *rule = &layer->paths[j];

            if (rule->is_glob || (rule->kind != PATH_READWRITE && rule->kind != PATH_READONLY))
                continue;
            if (path_is_within(rule->path, drive->point))
                named = rule;
            else if (path_is_within(drive->point, rule->path))
                above = rule;
        }
        for (size_t j = 0; j < layer->view_count; j++)
            if (path_is_within(drive->point, layer->views[j].source) && strcmp(drive->point, layer->views[j].source) != 0)
                return compile_problem(c, ERROR_UNENFORCEABLE, &layer->views[j].origin, err,
                                       "%s would bring in the Windows drive %s; show directories instead",
                                       layer->views[j].source, drive->point);
    }
    if (!above)
        return 0;
    if (named)
        return compile_problem(c, ERROR_UNENFORCEABLE, &above->origin, err,
                               "%s would bring in the whole Windows drive %s beside %s; name directories instead of %s",
                               above->path, drive->point, named->path, above->path);
    r = resolve_path(c->resolver, drive->point, &object, err);
    if (r < 0 || object.status != RESOLVE_FOUND || strcmp(object.real, drive->point) != 0)
        return r;
    r = objects_add_cap(c, object.real, ACCESS_DENIED, origin, err);
    return r < 0 ? r : objects_add_point(c, &object, false, err);
}

static int add_drives(struct compile *c, struct error *err)
{
    const struct origin *origin = compile_builtin_origin(c, "Windows drives");
    int r = 0;

    if (!origin)
        return error_memory(err);
    for (size_t i = 0; i < c->mounts.count && c->facts->is_wsl && r == 0; i++)
        if (c->mounts.mounts[i].is_outside)
            r = shut_drive(c, &c->mounts.mounts[i], origin, err);
    return r;
}

struct root_visit {
    struct compile *c;
    struct error *err;
};

int guards_protect(struct compile *c, const char *directory, const char *name,
                   const struct origin *origin, struct error *err)
{
    const char *path = path_join(c->work, directory, name);
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

/* Is it nothing but the place of a repository's own configuration? names_add_repositories() keeps that. */
static int is_to_appear(struct compile *c, const char *root, const struct protected_name *name, bool *ret_is,
                        struct error *err)
{
    const char *path = path_join(c->work, root, name->name);
    struct resolved object;
    int r;

    if (!path)
        return error_memory(err);
    r = resolve_path(c->resolver, path, &object, err);
    *ret_is = r == 0 && name->may_appear && c->facts->keeps_names && object.status == RESOLVE_MISSING;
    return r;
}

/* Below `root`, and what is left of the name where the root itself ends inside it. */
static int protect_builtin(struct compile *c, const char *root, const struct protected_name *name,
                           const struct origin *origin, struct error *err)
{
    const char *rest = protected_name_rest(root, name->name);
    bool is_left = false;
    int r = is_to_appear(c, root, name, &is_left, err);

    if (r == 0 && !is_left)
        r = guards_protect(c, root, name->name, origin, err);

    return r == 0 && rest ? guards_protect(c, root, rest, origin, err) : r;
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
                r = protect_builtin(c, object.real, &names[j], origin, visit->err);
        if (r == 0)
            r = repositories_protect(c, layer, object.real, visit->err);
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
    int r = add_self(c, c->options->self_paths, "Cordon's own files", shut_self, err);

    if (r == 0)
        r = add_self(c, c->options->readonly_self, "Cordon's own programs and policies", keep_self,
                     err);
    if (r == 0)
        r = add_hidden_files(c, err);
    if (r == 0)
        r = add_kernel_mounts(c, err);
    if (r == 0)
        r = add_drives(c, err);
    return r < 0 ? r : add_protected_names(c, err);
}
