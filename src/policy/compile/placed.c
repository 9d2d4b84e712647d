/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What appears where the plan puts it: views, private persistent directories, devices, sockets.
 * System calls: those of resolve.c, and mkdir for a cache that is new.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include "base/file.h"
#include "policy/compile/compile.h"
#include "policy/model/access.h"

#define CACHE_KEY_DIGITS 16
#define CACHE_NAME_MAX   200

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

/* Does the host have an object of this type under this very name? */
static int is_there(struct compile *c, const char *path, bool is_directory, bool *ret_is_there,
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
        r = objects_add_led(c, &object, &view->origin, err);
        if (r < 0)
            return r;
    }
    view->source = object.real;
    r = placed_target(c, view->target, &view->target, err);
    if (r < 0)
        return r;
    if (path_is_within(view->target, "/proc") || path_is_within(view->target, "/dev") ||
        strcmp(view->target, "/") == 0) {
        *ret_keep = false;
        return compile_problem(c, ERROR_UNENFORCEABLE, &view->origin, err,
                               "%s cannot be the target of a view; choose another", view->target);
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

        if (strcmp(point->path, view->source) == 0 || !path_is_within(point->path, view->source))
            continue;
        want.path = join_tail(
            c, view->target,
            point->path + (strcmp(view->source, "/") == 0 ? 0 : strlen(view->source)));
        if (!want.path)
            return error_memory(err);
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
    r = is_there(c, view->target, want.is_directory, &want.is_there, err);
    if (r == 0)
        r = layout_want(c->layout, &want, err);
    return r < 0 ? r : add_view_inside(c, view, access, err);
}

/* A directory name that no other target has: '/' becomes '=', what is unusual becomes %XX. */
static char *cache_name(struct compile *c, const char *target)
{
    size_t length = strlen(target), used = 0;
    char *name = arena_alloc(c->work, 3 * length + 1), digest[DIGEST_TEXT_SIZE];
    static const char hex[] = "0123456789abcdef";

    if (!name)
        return NULL;
    for (size_t i = 1; i < length; i++) {
        unsigned char byte = (unsigned char)target[i];

        if (byte == '/') {
            name[used++] = '=';
        } else if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
                   (byte >= '0' && byte <= '9') || byte == '-' || byte == '_' ||
                   (byte == '.' && used)) {
            name[used++] = (char)byte;
        } else {
            name[used++] = '%';
            name[used++] = hex[byte >> 4];
            name[used++] = hex[byte & 15];
        }
    }
    if (used && used <= CACHE_NAME_MAX)
        return name;
    digest_text(target, length, digest);
    return arena_string(c->work, digest + strlen("sha256:"));
}

static const char *cache_directory(struct compile *c, const char *target)
{
    const struct variables *variables = c->options->variables;
    const char *workspace = variables && variables->workspace ? variables->workspace : "";
    const char *key = arena_printf(c->work, "%s\n%s", c->plan->name, workspace);
    char digest[DIGEST_TEXT_SIZE], *name = cache_name(c, target);

    if (!key || !name)
        return NULL;
    digest_text(key, strlen(key), digest);
    return arena_printf(c->work, "%s/%.*s/%s", c->options->cache_directory, CACHE_KEY_DIGITS,
                        digest + strlen("sha256:"), name);
}

static int make_cache(struct compile *c, const char *path, const struct path_rule *rule,
                      struct layout_want *want, struct error *err)
{
    bool is_dry = c->options->is_dry_run || c->options->collect_all;
    struct resolved object;
    int r = is_dry ? 0 : file_make_directories(path, 0700, err);

    if (r < 0)
        return error_prepend(err, "%s", rule->origin.member);
    r = resolve_path(c->resolver, path, &object, err);
    if (r < 0)
        return r;
    want->source = object.real;
    want->is_directory = true;
    if (object.status == RESOLVE_MISSING && is_dry)
        return 0;
    if (object.status != RESOLVE_FOUND || !S_ISDIR(object.mode) || object.uid != c->facts->uid)
        return compile_problem(c, ERROR_FORBIDDEN, &rule->origin, err,
                               "%s must be a directory of the caller", path);
    want->device = object.device;
    want->inode = object.inode;
    return 0;
}

static int add_cache(struct compile *c, const struct path_rule *rule, struct error *err)
{
    struct layout_want want = {.path = rule->path, .state = LAYOUT_WRITE};
    struct object object;
    enum access access = policy_object(&c->real, rule->path, &object, &want.origin);
    const char *path;
    int r;

    if (access == ACCESS_DENIED || object.kind != OBJECT_CACHE)
        return compile_warning(c, &rule->origin, err,
                               "%s: taken away by another layer or a stricter rule", rule->path);
    if (access == ACCESS_READ)
        want.state = LAYOUT_READ;
    if (!c->options->cache_directory)
        return compile_problem(c, ERROR_UNENFORCEABLE, &rule->origin, err,
                               "%s needs a cache directory, which the caller does not have; set "
                               "HOME or XDG_CACHE_HOME",
                               rule->path);
    if (path_is_within(rule->path, "/proc") || path_is_within(rule->path, "/dev"))
        return compile_problem(c, ERROR_UNENFORCEABLE, &rule->origin, err,
                               "%s cannot be a cache directory; choose another", rule->path);
    path = cache_directory(c, rule->path);
    if (!path)
        return error_memory(err);
    r = make_cache(c, path, rule, &want, err);
    if (r == 0)
        r = is_there(c, rule->path, true, &want.is_there, err);
    return r < 0 ? r : layout_want(c->layout, &want, err);
}

struct refused_device {
    unsigned major, minor_first, minor_last;
    const char *reason;
};

static const struct refused_device refused_devices[] = {
    {1, 1, 2, "it is the memory of the host"},
    {1, 4, 4, "it is the ports of the host"},
    {1, 11, 11, "it is the kernel's log"},
    {4, 0, 63, "it is a console of the host"},
    {5, 0, 2, "terminals are the container's own; use --tty"},
    {7, 0, 255, "it is the screen of a console"},
    {10, 223, 223, "it injects input into the host"},
    {10, 235, 237, "it mounts and maps host devices"},
    {10, 239, 239, "it injects input into the host"},
    {13, 0, 1023, "it reads or injects the host's input"},
    {136, 0, 0xfffff, "terminals are the container's own; use --tty"},
};

/* Always in the private /dev: asking for one is no mistake. */
static const char *const standard_devices[] = {
    "/dev/null", "/dev/zero", "/dev/full", "/dev/random", "/dev/urandom", "/dev/tty",
};

static bool is_standard_device(const char *path)
{
    for (size_t i = 0; i < ARRAY_COUNT(standard_devices); i++)
        if (strcmp(path, standard_devices[i]) == 0)
            return true;
    return false;
}

static const char *device_refusal(const struct resolved *object)
{
    unsigned major_number = major(object->special), minor_number = minor(object->special);

    if (!S_ISCHR(object->mode))
        return "it is not a character device";
    if (!path_is_within(object->real, "/dev"))
        return "devices are granted below /dev only";
    for (size_t i = 0; i < ARRAY_COUNT(refused_devices); i++)
        if (major_number == refused_devices[i].major &&
            minor_number >= refused_devices[i].minor_first &&
            minor_number <= refused_devices[i].minor_last)
            return refused_devices[i].reason;
    return NULL;
}

/* Does a rule that names this object, or something above it, shut it? */
static bool is_shut(const struct compile *c, const char *path)
{
    const struct origin *why = NULL;

    return objects_access(c, path, &why) == ACCESS_DENIED && why;
}

/* A device or a socket that the caller may use becomes what is wanted at its own name. */
static int add_special(struct compile *c, const struct string_item *item, enum layout_state state,
                       struct error *err)
{
    bool is_device = state == LAYOUT_DEVICE;
    struct layout_want want = {.state = state, .origin = &item->origin};
    struct resolved object;
    const char *reason;
    int r = resolve_path(c->resolver, item->text, &object, err);

    if (r < 0)
        return r;
    if (object.status != RESOLVE_FOUND)
        return compile_problem(c, ERROR_UNENFORCEABLE, &item->origin, err,
                               "%s does not exist or cannot be reached by the caller", item->text);
    if (is_device)
        reason = device_refusal(&object);
    else
        reason = S_ISSOCK(object.mode) ? NULL : "it is not a socket";
    if (!reason)
        reason = resolve_refusal(c->work, c->facts, &object, true);
    if (!reason && is_shut(c, object.real))
        reason = "another rule denies it";
    if (reason)
        return compile_problem(c, ERROR_FORBIDDEN, &item->origin, err, "%s cannot be granted: %s",
                               item->text, reason);
    r = objects_add_led(c, &object, &item->origin, err);
    want.path = want.source = object.real;
    want.device = object.device;
    want.inode = object.inode;
    return r < 0 ? r : layout_want(c->layout, &want, err);
}

static int add_rules(struct compile *c, const struct document *layer, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < layer->view_count && r == 0; i++)
        r = add_view(c, &layer->views[i], err);
    for (size_t i = 0; i < layer->path_count && r == 0; i++)
        if (layer->paths[i].kind == PATH_CACHE)
            r = add_cache(c, &layer->paths[i], err);
    return r;
}

int placed_add(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->real.layer_count && r == 0; i++)
        if (c->real.layers[i]->kind == LAYER_REQUEST)
            r = add_rules(c, c->real.layers[i], err);
    for (size_t i = 0; i < c->effective.devices.count && r == 0; i++)
        if (!is_standard_device(c->effective.devices.items[i].text))
            r = add_special(c, &c->effective.devices.items[i], LAYOUT_DEVICE, err);
    for (size_t i = 0; i < c->effective.unix_sockets.count && r == 0; i++)
        r = add_special(c, &c->effective.unix_sockets.items[i], LAYOUT_SOCKET, err);
    return r;
}
