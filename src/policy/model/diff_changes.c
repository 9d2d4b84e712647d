/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is neither more nor less and yet another run: values that are set, the command, its directory, names of caches, what may be
 * absent. A variable of which the subset test has something to say is its.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/redact.h"
#include "base/text.h"
#include "policy/model/differ.h"
#include "policy/model/effective.h"
#include "policy/model/subset.h"

/* Without the words for themselves: they are said or redacted already. */
struct side {
    const char *value; /* NULL = none */
    const struct origin *origin;
};

static int add_change(struct differ *differ, enum difference_area area, const char *member, const char *subject,
                      const struct side sides[2])
{
    struct difference *item = differ_add(differ, area);

    if (!item || (subject && words_add(differ->arena, &item->subjects, subject) < 0))
        return -ENOMEM;
    item->kind = DIFFERENCE_CHANGED;
    item->member = member;
    differ_set_values(differ, item, sides[1].value, sides[0].value);
    return differ_set_origins(differ, item, sides[1].origin, sides[0].origin);
}

/* Origins of those with no value are of nobody. */
static int compare_values(struct differ *differ, enum difference_area area, const char *member, const struct side sides[2])
{
    const char *before = sides[0].value, *after = sides[1].value;

    if (before == after || (before && after && strcmp(before, after) == 0))
        return 0;
    return add_change(differ, area, member, NULL, sides);
}

/* ---- the program ---- */

static int redacted(struct arena *arena, const char *text, const char **ret_text)
{
    auto_text struct text out = {0};

    *ret_text = NULL;
    if (!text)
        return 0;
    redact_argument(&out, text, false);
    *ret_text = out.is_broken ? NULL : arena_string(arena, out.data ? out.data : "");
    return *ret_text ? 0 : -ENOMEM;
}

/* Two that differ in what is redacted alone differ all the same. */
static int compare_commands(struct differ *differ, const struct effective effective[2])
{
    const char *before = effective[0].command_line, *after = effective[1].command_line;
    struct side sides[2] = {{.origin = effective[0].command_origin}, {.origin = effective[1].command_origin}};

    if (before == after || (before && after && strcmp(before, after) == 0))
        return 0;
    for (size_t i = 0; i < 2; i++)
        if (redacted(differ->arena, effective[i].command_line, &sides[i].value) < 0)
            return -ENOMEM;
    return add_change(differ, AREA_PROCESS, "process.commandLine", NULL, sides);
}

/* The first request's, where it says one: a file's own name is none that somebody chose. */
static const char *name_of(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->kind == LAYER_REQUEST)
            return policy->layers[i]->is_named ? policy->layers[i]->name : NULL;
    return NULL;
}

static int compare_programs(struct differ *differ, const struct effective effective[2])
{
    static const char *const additions[] = {"true", "false: exactly these"};
    static const char *const homes[] = {"the home", "process.cwd"};
    const struct side names[2] = {{.value = name_of(differ->policies[0])}, {.value = name_of(differ->policies[1])}};
    const struct side cwds[2] = {{effective[0].cwd, effective[0].cwd_origin}, {effective[1].cwd, effective[1].cwd_origin}};
    const struct side exact[2] = {{.value = additions[effective[0].env_is_exact]}, {.value = additions[effective[1].env_is_exact]}};
    const struct side home[2] = {{.value = homes[effective[0].env_home_is_cwd]}, {.value = homes[effective[1].env_home_is_cwd]}};
    int status = compare_values(differ, AREA_OTHER, "name", names);

    if (status == 0)
        status = compare_commands(differ, effective);
    if (status == 0)
        status = compare_values(differ, AREA_PROCESS, "process.cwd", cwds);
    if (status == 0)
        status = compare_values(differ, AREA_ENVIRONMENT, "process.inheritDefaultEnv", exact);
    if (status == 0)
        status = compare_values(differ, AREA_ENVIRONMENT, "HOME", home);
    return status;
}

/* ---- variables ---- */

static const struct env_item *find_variable(const struct effective *effective, const char *name)
{
    for (size_t i = 0; i < effective->env_set_count; i++)
        if (strcmp(effective->env_set[i].name, name) == 0)
            return &effective->env_set[i];
    return NULL;
}

static bool is_told(const struct differ *differ, const char *name)
{
    for (size_t i = 0; i < differ->diff.count; i++) {
        const struct difference *item = &differ->diff.items[i];

        if (item->area == AREA_ENVIRONMENT && item->member && strcmp(item->member, "environment.set") == 0 && item->subjects.count &&
            strcmp(item->subjects.items[0], name) == 0)
            return true;
    }
    return false;
}

static int compare_variable(struct differ *differ, const char *name, const struct env_item *before, const struct env_item *after)
{
    const struct env_item *const items[2] = {before, after};
    struct side sides[2] = {{0}};

    if ((before && after && strcmp(before->value, after->value) == 0) || is_told(differ, name))
        return 0;
    for (size_t i = 0; i < 2; i++) {
        if (!items[i])
            continue;
        sides[i] = (struct side){subset_shown_value(differ->arena, items[i]), &items[i]->origin};
        if (!sides[i].value)
            return -ENOMEM;
    }
    return add_change(differ, AREA_ENVIRONMENT, "environment.set", name, sides);
}

static int compare_variables(struct differ *differ, const struct effective effective[2])
{
    int status = 0;

    for (size_t i = 0; i < effective[0].env_set_count && status == 0; i++) {
        const struct env_item *item = &effective[0].env_set[i];

        status = compare_variable(differ, item->name, item, find_variable(&effective[1], item->name));
    }
    for (size_t i = 0; i < effective[1].env_set_count && status == 0; i++) {
        const struct env_item *item = &effective[1].env_set[i];

        if (!find_variable(&effective[0], item->name))
            status = compare_variable(differ, item->name, NULL, item);
    }
    return status;
}

/* ---- what may be absent ---- */

struct grant {
    const char *path, *target; /* `target` of a view, else NULL */
    int kind;                  /* enum path_rule_kind, 0 = a view */
    bool is_optional;
    const struct origin *origin;
};

struct grants {
    struct grant *items;
    size_t count;
    bool has_optional;
};

static const char *grant_member(const struct grant *grant)
{
    static const char *const members[] = {
        "filesystem.views",         [PATH_READWRITE] = "filesystem.readwritePaths", [PATH_READONLY] = "filesystem.readonlyPaths",
        [PATH_CACHE] = "filesystem.cachePaths",
    };
    const char *member = (size_t)grant->kind < ARRAY_COUNT(members) ? members[grant->kind] : NULL;

    return member ? member : "filesystem";
}

static int order_grants(const void *a_data, const void *b_data)
{
    const struct grant *a = a_data, *b = b_data;
    int order = strcmp(a->path, b->path);

    if (order == 0)
        order = a->kind - b->kind;
    return order || a->kind ? order : strcmp(a->target, b->target);
}

/* Sorted; of equal ones the first stays, and must be there if one of them must. */
static int collect_grants(struct arena *arena, const struct policy *policy, struct grants *grants)
{
    size_t kept = 0, room = 1;

    for (size_t i = 0; i < policy->layer_count; i++)
        room += policy->layers[i]->path_count + policy->layers[i]->view_count;
    grants->items = arena_alloc(arena, room * sizeof(*grants->items));
    if (!grants->items)
        return -ENOMEM;
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];

        for (size_t j = 0; j < layer->path_count; j++)
            if (layer->paths[j].kind == PATH_READWRITE || layer->paths[j].kind == PATH_READONLY)
                grants->items[grants->count++] = (struct grant){.path = layer->paths[j].path, .kind = (int)layer->paths[j].kind,
                                                                .is_optional = layer->paths[j].is_optional, .origin = &layer->paths[j].origin};
        for (size_t j = 0; j < layer->view_count; j++)
            grants->items[grants->count++] = (struct grant){.path = layer->views[j].source, .target = layer->views[j].target,
                                                            .is_optional = layer->views[j].is_optional, .origin = &layer->views[j].origin};
    }
    qsort(grants->items, grants->count, sizeof(*grants->items), order_grants);
    for (size_t i = 0; i < grants->count; i++) {
        if (!kept || order_grants(&grants->items[kept - 1], &grants->items[i]) != 0)
            grants->items[kept++] = grants->items[i];
        else if (!grants->items[i].is_optional)
            grants->items[kept - 1] = grants->items[i];
    }
    grants->count = kept;
    for (size_t i = 0; i < kept; i++)
        grants->has_optional = grants->has_optional || grants->items[i].is_optional;
    return 0;
}

static int compare_grant(struct differ *differ, const struct grant *before, const struct grant *after)
{
    static const char *const words[] = {"must be there", "may be absent"};
    const struct side sides[2] = {{words[before->is_optional], before->origin}, {words[after->is_optional], after->origin}};

    if (before->is_optional == after->is_optional)
        return 0;
    return add_change(differ, AREA_FILES, grant_member(after), after->target ? after->target : after->path, sides);
}

/* A grant that only one of the two has is said already, where it is one. */
static int compare_grants(struct differ *differ)
{
    struct grants grants[2] = {{0}};
    size_t at = 0;

    for (size_t i = 0; i < 2; i++)
        if (collect_grants(differ->arena, differ->policies[i], &grants[i]) < 0)
            return -ENOMEM;
    if (!grants[0].has_optional && !grants[1].has_optional)
        return 0;
    for (size_t i = 0; i < grants[1].count; i++) {
        while (at < grants[0].count && order_grants(&grants[0].items[at], &grants[1].items[i]) < 0)
            at++;
        if (at == grants[0].count)
            return 0;
        if (order_grants(&grants[0].items[at], &grants[1].items[i]) == 0 &&
            compare_grant(differ, &grants[0].items[at], &grants[1].items[i]) < 0)
            return -ENOMEM;
    }
    return 0;
}

/* A contradiction between layers is `policy check`'s to refuse; the first of them counts here. */
static int go_on(const struct error *made unused_arg, void *data unused_arg, struct error *err unused_arg)
{
    return 0;
}

int differ_changes(struct differ *differ)
{
    struct effective effective[2];
    int status = 0;

    if (!differ->who) /* both directions are one */
        return 0;
    for (size_t i = 0; i < 2; i++)
        if (policy_settle(differ->policies[i], differ->arena, go_on, NULL, &effective[i], NULL) < 0)
            return -ENOMEM;
    status = compare_programs(differ, effective);
    if (status == 0)
        status = compare_variables(differ, effective);
    return status == 0 ? compare_grants(differ) : status;
}
