/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names that must stay as they are although nothing, or nothing yet, can be mounted on them: patterns of the policy,
 * protected names that do not exist, what repositories of the future would run. The plan hands them to process 1, which
 * makes every call that changes a name itself (docs/decisions/0030). What a pattern denies and what exists is shut as
 * well; for that the granted trees are searched. System calls: openat getdents64.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/glob.h"
#include "policy/compile/compile.h"
#include "policy/model/protected.h"

#define SEARCH_NAMES_MAX 400000 /* names looked at, about a second on a warm cache */
#define SEARCH_DEPTH_MAX PATH_DEPTH_MAX
#define FOUND_MAX        4096   /* each becomes a mount */

int names_add(struct compile *c, const char *pattern, enum plan_name_kind kind, const struct origin *origin,
              struct error *err)
{
    struct plan_name *slot;
    const char *copy;
    int r = 0;

    for (size_t i = 0; i < c->plan->name_count; i++)
        if (c->plan->names[i].kind == kind && strcmp(c->plan->names[i].pattern, pattern) == 0)
            return 0;
    copy = arena_string(c->arena, pattern);
    slot = copy ? arena_append(c->arena, c->plan->names, c->plan->name_count) : NULL;
    if (!slot)
        return error_memory(err);
    *slot = (struct plan_name){.pattern = copy, .kind = kind};
    r = compile_origin(c, origin, &slot->origin, err);
    c->plan->filter.keeps_names = true;
    return r;
}

/* The literal beginning of a pattern by its real name: the rest is matched against real names. */
static int resolve_beginning(struct compile *c, struct path_rule *rule, struct error *err)
{
    const char *rest = rule->path, *after = rule->path, *name;
    struct resolved object;
    size_t length;
    char *beginning;
    int r;

    while (glob_next_component(&rest, &name, &length) && !glob_is_wild(name, length))
        after = rest;
    if (after == rule->path)
        return 0;
    beginning = arena_string_n(c->work, rule->path, (size_t)(after - rule->path));
    if (!beginning)
        return error_memory(err);
    r = resolve_path(c->resolver, beginning, &object, err);
    if (r < 0)
        return r;
    if (object.status == RESOLVE_PROC || path_is_within(object.real, "/proc"))
        return compile_problem(c, ERROR_UNENFORCEABLE, &rule->origin, err,
                               "%s: /proc is always a private one; remove the pattern", rule->path);
    while (*after == '/')
        after++;
    rule->path = path_join(c->work, object.real, after);
    return rule->path ? 0 : error_memory(err);
}

int names_add_rule(struct compile *c, struct path_rule *rule, struct error *err)
{
    int r;

    if (!c->facts->keeps_names)
        return compile_problem(c, ERROR_UNENFORCEABLE, &rule->origin, err,
                               "%s: patterns need a system call filter that asks (%s); name the paths", rule->path,
                               c->facts->keeps_names_why);
    r = resolve_beginning(c, rule, err);
    return r < 0 ? r : names_add(c, rule->path, PLAN_NAME_KEPT, &rule->origin, err);
}

/* Below one writable root, at whatever depth a repository is made. */
static int add_repositories(struct compile *c, const struct document *layer, const char *root, struct error *err)
{
    static const struct {
        const char *name, *pattern;
        enum plan_name_kind kind;
    } rows[] = {
        {".git/hooks", "**/.git/hooks", PLAN_NAME_KEPT},
        {".git/hooks", "**/.git/modules/**/hooks", PLAN_NAME_KEPT},
        {".git/config", "**/.git/config", PLAN_NAME_OLD},
        {".git/config", "**/.git/modules/**/config", PLAN_NAME_OLD},
    };
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(rows) && r == 0; i++) {
        const char *pattern = path_join(c->work, root, rows[i].pattern);

        if (!pattern)
            return error_memory(err);
        if (protected_name_holds(layer, rows[i].name))
            r = names_add(c, pattern, rows[i].kind, &layer->protect_builtin.origin, err);
    }
    return r;
}

struct roots_visit {
    struct compile *c;
    struct error *err;
};

static int visit_root(const char *root, void *data)
{
    struct roots_visit *visit = data;
    struct compile *c = visit->c;
    int r = 0;

    if (layout_region_at(c->layout, root) != REGION_WRITE)
        return 0;
    for (size_t i = 0; i < c->real.layer_count && r == 0; i++)
        r = add_repositories(c, c->real.layers[i], root, visit->err);
    return r;
}

int names_add_repositories(struct compile *c, struct error *err)
{
    struct roots_visit visit = {c, err};

    if (!c->facts->keeps_names)
        return 0;
    return protected_visit_roots(c->real.layers, c->real.layer_count, visit_root, &visit);
}

struct search {
    struct compile *c;
    const struct path_rule **rules; /* denied patterns */
    size_t rule_count;
    size_t looked_at, found;
    struct error *err;
};

static int too_wide(const struct search *search, const struct path_rule *rule, const char *why)
{
    return compile_problem(search->c, ERROR_UNENFORCEABLE, &rule->origin, search->err,
                           "%s: %s; begin the pattern with the directory that it is meant for", rule->path, why);
}

static int shut_found(struct search *search, const struct path_rule *rule, const char *path)
{
    struct resolved object;
    int r = resolve_path(search->c->resolver, path, &object, search->err);

    if (r < 0 || object.status != RESOLVE_FOUND)
        return r;
    if (++search->found > FOUND_MAX)
        return too_wide(search, rule, "more than " STRINGIFY(FOUND_MAX) " names match");
    r = objects_add_cap(search->c, object.real, ACCESS_DENIED, &rule->origin, search->err);
    return r < 0 ? r : objects_add_point(search->c, &object, false, search->err);
}

static int search_directory(struct search *search, const char *host, const struct glob_state *at, size_t depth);

static bool is_alive(const struct glob_state *state)
{
    for (size_t i = 0; i < GLOB_WORDS; i++)
        if (state->bits[i])
            return true;
    return false;
}

/* `next` has room for one state a pattern. */
static int search_name(struct search *search, const char *host, const struct dirent *entry,
                       const struct glob_state *at, struct glob_state *next, size_t depth)
{
    size_t length = strlen(entry->d_name);
    const char *path;
    bool goes_on = false;

    if (++search->looked_at > SEARCH_NAMES_MAX)
        return too_wide(search, search->rules[0], "more than " STRINGIFY(SEARCH_NAMES_MAX) " names would have to be looked at");
    for (size_t i = 0; i < search->rule_count; i++) {
        if (glob_step(search->rules[i]->path, &at[i], entry->d_name, length, &next[i])) {
            path = path_join(search->c->work, host, entry->d_name);
            return path ? shut_found(search, search->rules[i], path) : error_memory(search->err);
        }
        goes_on = goes_on || is_alive(&next[i]);
    }
    if (!goes_on || (entry->d_type != DT_DIR && entry->d_type != DT_UNKNOWN))
        return 0;
    path = path_join(search->c->work, host, entry->d_name);
    return path ? search_directory(search, path, next, depth + 1) : error_memory(search->err);
}

static void close_directory(DIR **directory)
{
    if (*directory)
        closedir(*directory);
}

/* What the caller cannot list, the program, with the caller's uid and no more, cannot either. */
static int search_directory(struct search *search, const char *host, const struct glob_state *at, size_t depth)
{
    cleanup_with(close_directory) DIR *directory = NULL;
    struct glob_state *next;
    const struct dirent *entry;
    int r = 0, fd = open(host, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP
                   ? 0
                   : error_system(search->err, errno, "read %s", host);
    directory = fdopendir(fd);
    if (!directory) {
        close(fd);
        return error_memory(search->err);
    }
    if (depth > SEARCH_DEPTH_MAX)
        return too_wide(search, search->rules[0], "directories are nested too deep");
    next = arena_alloc(search->c->work, search->rule_count * sizeof(*next));
    if (!next)
        return error_memory(search->err);
    while (r == 0 && (errno = 0, entry = readdir(directory)))
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            r = search_name(search, host, entry, at, next, depth);
    if (r == 0 && errno)
        r = error_system(search->err, errno, "read %s", host);
    return r;
}

/* `name` is what the tree is called inside, `host` where it lies. */
static int search_tree(struct search *search, const char *name, const char *host)
{
    struct glob_state *at = arena_alloc(search->c->work, 2 * search->rule_count * sizeof(*at));
    struct glob_state *next = at + search->rule_count;
    const char *component;
    bool is_one_alive = false;
    size_t length;

    if (!at)
        return error_memory(search->err);
    for (size_t i = 0; i < search->rule_count; i++)
        glob_start(search->rules[i]->path, &at[i]);
    while (glob_next_component(&name, &component, &length))
        for (size_t i = 0; i < search->rule_count; i++) {
            if (glob_step(search->rules[i]->path, &at[i], component, length, &next[i]))
                return 0; /* the tree itself is denied */
            at[i] = next[i];
        }
    for (size_t i = 0; i < search->rule_count; i++)
        is_one_alive = is_one_alive || is_alive(&at[i]);
    return is_one_alive ? search_directory(search, host, at, 0) : 0;
}

/*
 * The system trees that a built-in profile grants hold what packages put there, a hundred thousand names and more; a
 * pattern is not searched for in them (cordon(5) says so). What a document grants itself is searched.
 */
static bool is_system_tree(const struct path_rule *rule)
{
    return rule->kind == PATH_READONLY && rule->origin.layer && strncmp(rule->origin.layer, "profile ", 8) == 0;
}

static bool is_within_another(const struct document *layer, const struct path_rule *rule)
{
    for (size_t i = 0; i < layer->path_count; i++) {
        const struct path_rule *other = &layer->paths[i];

        if (other != rule && !other->is_glob && !is_system_tree(other) && (other->kind == PATH_READWRITE || other->kind == PATH_READONLY) &&
            strcmp(other->path, rule->path) != 0 && path_is_within(rule->path, other->path))
            return true;
    }
    return false;
}

static int search_layer(struct search *search, const struct document *layer)
{
    int r = 0;

    if (layer->kind != LAYER_REQUEST)
        return 0;
    for (size_t i = 0; i < layer->path_count && r == 0; i++) {
        const struct path_rule *rule = &layer->paths[i];

        if (!rule->is_glob && (rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY) &&
            !is_system_tree(rule) && !is_within_another(layer, rule))
            r = search_tree(search, rule->path, rule->path);
    }
    for (size_t i = 0; i < layer->view_count && r == 0; i++)
        r = search_tree(search, layer->views[i].target, layer->views[i].source);
    return r;
}

int names_shut_existing(struct compile *c, struct error *err)
{
    struct search search = {.c = c, .err = err};
    int r = 0;

    for (size_t i = 0; i < c->real.layer_count; i++)
        for (size_t j = 0; j < c->real.layers[i]->path_count; j++) {
            const struct path_rule *rule = &c->real.layers[i]->paths[j];
            const struct path_rule **slot;

            if (!rule->is_glob || rule->kind != PATH_DENIED)
                continue;
            slot = arena_append(c->work, search.rules, search.rule_count);
            if (!slot)
                return error_memory(err);
            *slot = rule;
        }
    for (size_t i = 0; i < c->real.layer_count && r == 0 && search.rule_count; i++)
        r = search_layer(&search, c->real.layers[i]);
    return r;
}
