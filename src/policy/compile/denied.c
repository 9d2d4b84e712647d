/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What became of denied paths where that can surprise: nothing around one is granted, so that it is absent and no mount
 * shows it; a granted link leads into one, so that the rule of the link's object is the more specific; the workspace is one.
 */
#include <string.h>

#include "policy/compile/compile.h"

/* The targets of the plan's mounts, close together: each denied path is held against all of them. */
struct shown {
    const struct shown_name {
        const char *target;
        size_t length;
        bool shows_below;
    } *names;
    size_t count;
};

static const struct plan_mount *mount_at(const struct plan *plan, const char *target)
{
    for (size_t i = 0; i < plan->mount_count; i++)
        if (strcmp(plan->mounts[i].target, target) == 0)
            return &plan->mounts[i];
    return NULL;
}

static int list_shown(struct compile *c, struct shown *ret_shown, struct error *err)
{
    struct shown_name *names = arena_alloc(c->work, (c->plan->mount_count + 1) * sizeof(*names));

    if (!names)
        return error_memory(err);
    for (size_t i = 0; i < c->plan->mount_count; i++) {
        const struct plan_mount *mount = &c->plan->mounts[i];

        names[i] = (struct shown_name){mount->target, strlen(mount->target), mount->kind == PLAN_BIND || mount->kind == PLAN_MASK};
    }
    *ret_shown = (struct shown){names, c->plan->mount_count};
    return 0;
}

/* Is the name, or one above it, there inside? */
static bool is_shown(const struct shown *shown, const char *path)
{
    size_t length = strlen(path);

    for (size_t i = 0; i < shown->count; i++) {
        const struct shown_name *name = &shown->names[i];

        if ((name->shows_below || name->length == length) && path_of_length_is_within(path, length, name->target, name->length))
            return true;
    }
    return false;
}

static int say_absent(struct compile *c, const struct shown *shown, const struct path_rule *rule, struct error *err)
{
    struct plan_statement *slot;

    if (is_shown(shown, rule->path))
        return 0;
    slot = arena_append(c->arena, c->plan->statements, c->plan->statement_count);
    if (!slot)
        return error_memory(err);
    *slot = (struct plan_statement){
        .subject = arena_string(c->arena, rule->path),
        .verdict = "absent",
        .first = BY_ABSENCE,
        .behind = c->facts->landlock_abi >= LANDLOCK_ABI_FILES && c->plan->landlock_files ? BY_LANDLOCK : BY_NOTHING,
    };
    return slot->subject ? compile_origin(c, &rule->origin, &slot->origin, err) : error_memory(err);
}

/* /bin -> usr/bin is granted, /usr denied. */
static int warn_of_links(struct compile *c, const struct path_rule *rule, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->plan->mount_count && r == 0; i++) {
        const struct plan_mount *link = &c->plan->mounts[i], *grant;
        const char *parent, *led;

        if (link->kind != PLAN_SYMLINK || path_is_within(link->target, rule->path))
            continue;
        parent = path_parent(c->work, link->target);
        led = parent ? path_join(c->work, link->source[0] == '/' ? "/" : parent, link->source) : NULL;
        led = led ? path_normalise(c->work, led) : NULL;
        if (!led)
            return error_memory(err);
        grant = mount_at(c->plan, led);
        if (grant && grant->kind == PLAN_BIND && strcmp(led, rule->path) != 0 && path_is_within(led, rule->path))
            r = compile_warning(c, &rule->origin, err,
                                "%s is shut, but %s stays granted: it is more specific, and %s, which is granted, leads "
                                "there; deny it too",
                                rule->path, led, link->target);
    }
    return r;
}

static int warn_of_workspace(struct compile *c, const struct path_rule *rule, struct error *err)
{
    const char *workspace = c->options->variables ? c->options->variables->workspace : NULL;

    if (!workspace || strcmp(rule->path, workspace) != 0)
        return 0;
    return compile_warning(c, &rule->origin, err,
                           "%s is the workspace: it is shut, and the program starts elsewhere; deny what is in it by name",
                           rule->path);
}

static bool is_denied_path(const struct path_rule *rule)
{
    return rule->kind == PATH_DENIED && !rule->is_glob && rule->origin.member &&
           strncmp(rule->origin.member, "filesystem.deniedPaths", strlen("filesystem.deniedPaths")) == 0;
}

/* The rules are about objects that were found (objects_resolve()). */
int denied_look(struct compile *c, struct error *err)
{
    struct shown shown = {0};
    int r = list_shown(c, &shown, err);

    for (size_t i = 0; i < c->real.layer_count && r == 0 && c->plan->wall == PLAN_WALL_NAMESPACES; i++) {
        const struct document *layer = c->real.layers[i];

        for (size_t j = 0; j < layer->path_count && r == 0; j++) {
            const struct path_rule *rule = &layer->paths[j];

            if (!is_denied_path(rule))
                continue;
            r = say_absent(c, &shown, rule, err);
            if (r == 0)
                r = warn_of_links(c, rule, err);
            if (r == 0)
                r = warn_of_workspace(c, rule, err);
        }
    }
    return r;
}
