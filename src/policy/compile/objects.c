/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules are about objects: every literal path rule of every layer is rewritten to the real name of
 * the object that it stands for, and the layers are judged on those names. What a request grants
 * must be there, must be of a kind that can be granted, and must be the caller's to give.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "policy/compile/compile.h"

int objects_add_point(struct compile *c, const struct resolved *object, bool is_ruled,
                      struct error *err)
{
    struct point *point;

    for (size_t i = 0; i < c->point_count; i++) {
        point = &c->points[i];
        if (point->inode == object->inode && strcmp(point->path, object->real) == 0) {
            point->is_ruled = point->is_ruled || is_ruled;
            return 0;
        }
    }
    point = arena_append(c->work, c->points, c->point_count);
    if (!point)
        return error_memory(err);
    *point = (struct point){
        .path = object->real,
        .device = object->device,
        .inode = object->inode,
        .mode = object->mode,
        .uid = object->uid,
        .links_to = object->links_to,
        .is_ruled = is_ruled,
    };
    return 0;
}

int objects_add_cap(struct compile *c, const char *path, enum access access,
                    const struct origin *origin, struct error *err)
{
    struct cap *cap = arena_append(c->work, c->caps, c->cap_count);

    if (!cap)
        return error_memory(err);
    *cap = (struct cap){.path = path, .access = access, .origin = origin};
    return 0;
}

static enum access apply_caps(const struct compile *c, const char *path, enum access access,
                              const struct origin *why, const struct origin **ret_why)
{
    for (size_t i = 0; i < c->cap_count; i++) {
        const struct cap *cap = &c->caps[i];

        if (cap->access < access && path_is_within(path, cap->path)) {
            access = cap->access;
            why = cap->origin;
        }
    }
    if (ret_why)
        *ret_why = why;
    return access;
}

enum access objects_access(const struct compile *c, const char *path, const struct origin **ret_why)
{
    const struct origin *why = NULL;
    enum access access = policy_access(&c->real, path, &why);

    return apply_caps(c, path, access, why, ret_why);
}

enum access objects_point_access(const struct compile *c, struct point *point,
                                 const struct origin **ret_why)
{
    if (!point->is_judged) {
        point->access = policy_access(&c->real, point->path, &point->why);
        point->is_judged = true;
    }
    return apply_caps(c, point->path, point->access, point->why, ret_why);
}

static int add_missing(struct compile *c, const struct missing *missing, struct error *err)
{
    struct missing *slot = arena_append(c->work, c->missing, c->missing_count);

    if (!slot)
        return error_memory(err);
    *slot = *missing;
    return 0;
}

/* A rule of a directory may be lifted further down, except that nothing lifts a protected name. */
static bool holds_below(const struct resolved *object, enum path_rule_kind kind)
{
    return kind == PATH_PROTECTED || S_ISREG(object->mode);
}

/*
 * The caller cannot pass the directory before a name that is restricted, but may own it: then the
 * program could open it and reach the name. Shutting it whole takes nothing.
 */
static int shut_blocked(struct compile *c, const struct resolved *object,
                        const struct origin *origin, struct error *err)
{
    struct resolved blocked;
    int r = resolve_path(c->resolver, object->blocked, &blocked, err);

    if (r < 0 || blocked.status != RESOLVE_FOUND)
        return r;
    r = objects_add_point(c, &blocked, false, err);
    return r < 0 ? r : objects_add_cap(c, blocked.real, ACCESS_DENIED, origin, err);
}

int objects_add_missing(struct compile *c, const struct resolved *object, enum path_rule_kind kind,
                        const struct origin *origin, struct error *err)
{
    bool is_lost = object->link_count && strcmp(object->real, object->links[0].path) == 0;
    struct missing missing = {.path = object->real, .kind = kind, .origin = origin};
    int r = 0;

    missing.is_there = object->status == RESOLVE_FOUND;
    if ((object->status == RESOLVE_MISSING && !is_lost) || (missing.is_there && holds_below(object, kind)))
        r = add_missing(c, &missing, err);
    else if (object->status == RESOLVE_SHUT)
        r = shut_blocked(c, object, origin, err);
    if (kind != PATH_PROTECTED && kind != PATH_READONLY && kind != PATH_DENIED)
        return r;
    missing.is_there = false;
    missing.is_link = true;
    for (size_t i = 0; i < object->link_count && r == 0; i++) {
        missing.path = object->links[i].path;
        r = add_missing(c, &missing, err);
    }
    return r;
}

int objects_add_led(struct compile *c, const struct resolved *object, bool is_own,
                    const struct origin *origin, struct error *err)
{
    struct resolved *copy;
    struct led *led;

    if (!object->link_count)
        return 0;
    copy = arena_alloc(c->work, sizeof(*copy));
    led = copy ? arena_append(c->work, c->led, c->led_count) : NULL;
    if (!led)
        return error_memory(err);
    *copy = *object;
    *led = (struct led){.object = copy, .is_own = is_own, .origin = origin};
    return 0;
}

/* Why an object of this kind at this place is never a file grant; NULL when it may be one. */
static const char *kind_refusal(const struct compile *c, const struct resolved *object,
                                bool wants_write)
{
    const struct host_mount *mount;

    if (path_is_within(object->real, "/proc"))
        return "/proc is always a private one and cannot be granted; remove the path";
    if (path_is_within(object->real, "/dev"))
        return "/dev is always a private one; name devices in `devices`";
    if (path_is_within(object->real, "/sys"))
        return wants_write ? "/sys can only be granted read-only; use readonlyPaths" : NULL;
    if (S_ISCHR(object->mode))
        return "it is a character device; name devices in `devices`";
    if (S_ISSOCK(object->mode))
        return "it is a socket; name sockets in `unixSockets`";
    if (!S_ISDIR(object->mode) && !S_ISREG(object->mode))
        return "it is neither a file nor a directory";
    mount = mounts_find(&c->mounts, object->real);
    if (mount && mount->is_kernel)
        return "it is on a kernel file system, which shows the host; remove the path";
    return NULL;
}

int objects_check_grant(struct compile *c, const struct resolved *object, bool wants_write,
                        bool is_optional, const struct origin *origin, bool *ret_is_usable,
                        struct error *err)
{
    const char *verb = wants_write ? "written" : "read", *reason;

    *ret_is_usable = false;
    if (object->status == RESOLVE_MISSING) {
        if (is_optional)
            return 0;
        return compile_problem(c, ERROR_UNENFORCEABLE, origin, err,
                               "%s does not exist; create it, or write {path: %s, optional: true}",
                               object->given, object->given);
    }
    if (object->status == RESOLVE_SHUT) {
        if (is_optional)
            return 0;
        return compile_problem(c, ERROR_FORBIDDEN, origin, err,
                               "%s cannot be granted: the caller may not enter %s", object->given,
                               object->blocked);
    }
    reason = kind_refusal(c, object, wants_write);
    if (reason)
        return compile_problem(c, ERROR_UNENFORCEABLE, origin, err, "%s: %s", object->given,
                               reason);
    reason = resolve_refusal(c->work, c->facts, object, wants_write);
    if (reason) {
        if (is_optional)
            return 0;
        return compile_problem(c, ERROR_FORBIDDEN, origin, err, "%s cannot be %s: %s",
                               object->given, verb, reason);
    }
    *ret_is_usable = true;
    return 0;
}

static int resolve_grant(struct compile *c, const struct document *layer, struct path_rule *rule,
                         const struct resolved *object, bool *ret_keep, struct error *err)
{
    bool wants_write = rule->kind == PATH_READWRITE, is_usable = false;
    int r = 0;

    *ret_keep = false;
    if (layer->kind != LAYER_REQUEST) {
        *ret_keep = object->status == RESOLVE_FOUND;
    } else if (object->status == RESOLVE_PROC && object->link_count &&
               !path_is_within(rule->path, "/proc")) {
        return objects_add_led(c, object, false, &rule->origin, err); /* only the link itself is of use */
    } else {
        r = objects_check_grant(c, object, wants_write, rule->is_optional, &rule->origin,
                                &is_usable, err);
        *ret_keep = is_usable || (!wants_write && object->status == RESOLVE_FOUND);
    }
    if (r < 0)
        return r;
    if (!wants_write)
        r = objects_add_missing(c, object, rule->kind, &rule->origin, err);
    if (r == 0 && is_usable)
        r = objects_add_led(c, object, false, &rule->origin, err);
    return r;
}

static int resolve_restriction(struct compile *c, struct path_rule *rule,
                               const struct resolved *object, bool *ret_keep, struct error *err)
{
    *ret_keep = object->status == RESOLVE_FOUND;
    if (object->status == RESOLVE_PROC || path_is_within(object->real, "/proc"))
        return compile_problem(c, ERROR_UNENFORCEABLE, &rule->origin, err,
                               "%s: /proc is always a private one, and single names in it cannot "
                               "be shut; remove the path",
                               rule->path);
    return objects_add_missing(c, object, rule->kind, &rule->origin, err);
}

/*
 * Rewrites `rule`; *ret_keep says whether it still says something. `is_direct`: its name was without symbolic links
 * when it was chosen, and one that turned up since leads where nobody looked.
 */
static int resolve_rule(struct compile *c, const struct document *layer, struct path_rule *rule, bool is_direct,
                        bool *ret_keep, struct error *err)
{
    struct resolved object;
    int r;

    *ret_keep = false;
    rule->length = 0; /* it may get another path */
    if (rule->is_glob) {
        *ret_keep = c->facts->keeps_names;
        return names_add_rule(c, rule, err);
    }
    if (rule->kind == PATH_CACHE || rule->kind == PATH_PRIVATE) {
        *ret_keep = true;
        return placed_target(c, rule->path, &rule->path, err);
    }
    r = resolve_path(c->resolver, rule->path, &object, err);
    if (r < 0)
        return r;
    if (is_direct && object.link_count)
        return compile_warning(c, &rule->origin, err, "%s became a symbolic link a moment ago and is not granted",
                               rule->path);
    if (rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY)
        r = resolve_grant(c, layer, rule, &object, ret_keep, err);
    else
        r = resolve_restriction(c, rule, &object, ret_keep, err);
    if (r < 0 || !*ret_keep)
        return r;
    rule->path = object.real;
    rule->length = 0; /* of the former */
    return objects_add_point(c, &object, true, err);
}

static int resolve_layer(struct compile *c, struct document *layer, struct error *err)
{
    struct path_rule *rules = NULL;
    size_t count = 0, given = layer->path_count;
    int r;

    for (size_t i = 0; i < given; i++) {
        struct path_rule *rule = arena_append(c->work, rules, count);

        if (!rule)
            return error_memory(err);
        *rule = layer->paths[i];
    }
    r = toolchains_add(c, layer, &rules, &count, err);
    layer->paths = rules;
    layer->path_count = 0;
    for (size_t i = 0; i < count && r == 0; i++) {
        bool keep;

        r = resolve_rule(c, layer, &rules[i], i >= given, &keep, err);
        if (r == 0 && keep)
            layer->paths[layer->path_count++] = rules[i];
    }
    document_count_paths(layer);
    return r;
}

int objects_resolve(struct compile *c, struct error *err)
{
    const struct policy *policy = c->policy;
    struct resolved home;
    int r = 0;

    if (c->options->variables && c->options->variables->home) {
        r = resolve_path(c->resolver, c->options->variables->home, &home, err);
        if (r < 0)
            return r;
        c->home = home.real;
    }
    c->real.layers = arena_alloc(c->work, (policy->layer_count + 1) * sizeof(*c->real.layers));
    if (!c->real.layers)
        return error_memory(err);
    c->real.arena = c->work;
    for (size_t i = 0; i < policy->layer_count && r == 0; i++) {
        struct document *copy = arena_alloc(c->work, sizeof(*copy));

        if (!copy)
            return error_memory(err);
        *copy = *policy->layers[i];
        c->real.layers[c->real.layer_count++] = copy;
        r = resolve_layer(c, copy, err);
    }
    return r;
}
