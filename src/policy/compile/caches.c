/* SPDX-License-Identifier: Apache-2.0 */
/*
 * filesystem.cachePaths: a directory below the caller's cache directory for each policy, workspace
 * and target. System calls: those of resolve.c, and mkdir for a cache that is new.
 */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "policy/compile/compile.h"
#include "policy/model/access.h"

#define CACHE_KEY_DIGITS 16
#define CACHE_NAME_MAX   200

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
    bool is_dry = c->options->is_dry_run || c->collects;
    struct resolved object;
    int r = resolve_path(c->resolver, path, &object, err);

    if (r == 0 && object.status == RESOLVE_MISSING && !is_dry) {
        if (file_make_directories(path, 0700, err) < 0)
            return error_prepend(err, "%s", rule->origin.member);
        resolver_look_again(c->resolver);
        r = resolve_path(c->resolver, path, &object, err);
    }
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

int caches_add(struct compile *c, const struct path_rule *rule, struct error *err)
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
        r = placed_is_there(c, rule->path, true, &want.is_there, err);
    return r < 0 ? r : layout_want(c->layout, &want, err);
}
