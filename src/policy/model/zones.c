/* SPDX-License-Identifier: Apache-2.0 */
/* The zones of two policies, and what each says in one of them: a question to access.c with the few rules that matter. */
#include "policy/model/zones.h"

#include <errno.h>
#include <string.h>

static size_t child_of(const struct path_classes *classes, size_t node, const char *name, size_t length)
{
    size_t child = classes->nodes[node].first_child;

    while (child && !(classes->nodes[child].length == length && memcmp(classes->nodes[child].name, name, length) == 0))
        child = classes->nodes[child].next_sibling;
    return child;
}

size_t zones_find(const struct zones *zones, const char *path)
{
    size_t node = 0, length;
    const char *start;

    while (glob_next_component(&path, &start, &length)) {
        size_t child = child_of(&zones->classes, node, start, length);

        if (!child)
            break;
        node = child;
    }
    return node;
}

/* Parents have smaller numbers than their children. */
static int name_zones(struct zones *zones)
{
    const struct path_classes *classes = &zones->classes;

    zones->count = classes->node_count;
    zones->items = arena_alloc(zones->arena, zones->count * sizeof(*zones->items));
    if (!zones->items)
        return -ENOMEM;
    zones->items[0].path = "/";
    for (size_t i = 0; i < zones->count; i++)
        for (size_t child = classes->nodes[i].first_child; child; child = classes->nodes[child].next_sibling) {
            const struct path_node *node = &classes->nodes[child];

            zones->items[child].parent = i;
            zones->items[child].path = arena_printf(zones->arena, "%s/%.*s", i ? zones->items[i].path : "",
                                                    (int)node->length, node->name);
            if (!zones->items[child].path)
                return -ENOMEM;
        }
    return 0;
}

/* A view shows a tree under another name, so what divides that tree divides that name. */
static int mirror_view(struct zones *zones, const struct view *view)
{
    const struct view back = {.source = view->target, .target = view->source};
    char path[2 * (PATH_LENGTH_MAX + 1)];
    int status = 0;

    for (size_t i = 0; i < zones->count && status == 0; i++) {
        const char *copy;

        if (!path_is_within(zones->items[i].path, view->source))
            continue;
        if (!access_view_path(&back, zones->items[i].path, path, sizeof(path)) || strlen(path) > PATH_LENGTH_MAX)
            return -E2BIG;
        copy = arena_string(zones->arena, path);
        status = copy ? path_classes_add(&zones->classes, copy) : -ENOMEM;
    }
    return status;
}

static int mirror_views(struct zones *zones)
{
    int status = name_zones(zones);

    for (size_t i = 0; i < zones->classes.view_count && status == 0; i++)
        status = mirror_view(zones, zones->classes.views[i]);
    return status == 0 && zones->classes.view_count ? name_zones(zones) : status;
}

static int place_rules(struct zones *zones, unsigned which)
{
    const struct policy *policy = zones->policies[which];

    for (size_t i = 0; i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->path_count; j++) {
            const struct path_rule *rule = &policy->layers[i]->paths[j];
            struct zone_rules *rules;
            struct zone_rule *added;

            if (rule->is_glob)
                continue;
            rules = &zones->items[zones_find(zones, rule->path)].rules[which];
            added = arena_append(zones->arena, rules->items, rules->count);
            if (!added)
                return -ENOMEM;
            *added = (struct zone_rule){rule, i};
        }
    return 0;
}

static int prepare_extract(struct zones *zones, unsigned which)
{
    const struct policy *policy = zones->policies[which];
    struct zone_extract *extract = &zones->extracts[which];

    extract->policy = (struct policy){.layers = extract->layers, .layer_count = policy->layer_count};
    for (size_t i = 0; i < policy->layer_count; i++) {
        struct document *layer = arena_alloc(zones->arena, sizeof(*layer));

        if (!layer)
            return -ENOMEM;
        *layer = *policy->layers[i];
        layer->paths = arena_alloc(zones->arena, (layer->path_count + 1) * sizeof(*layer->paths));
        extract->originals[i] = arena_alloc(zones->arena, (layer->path_count + 1) * sizeof(*extract->originals[i]));
        if (!layer->paths || !extract->originals[i])
            return -ENOMEM;
        extract->layers[i] = layer;
    }
    return 0;
}

int zones_init(struct zones *zones, struct arena *arena, const struct policy *first, const struct policy *second)
{
    int status;

    *zones = (struct zones){.arena = arena, .policies = {first, second}};
    status = path_classes_init(&zones->classes, arena, first, second);
    if (status == 0)
        status = mirror_views(zones);
    for (unsigned which = 0; which < 2 && status == 0; which++) {
        status = place_rules(zones, which);
        if (status == 0)
            status = prepare_extract(zones, which);
    }
    return status;
}

/* The rules on the way from a zone to the root. */
static void extract_way(struct zones *zones, size_t zone)
{
    while (zones->items[zone].mark != zones->mark) {
        struct zone *item = &zones->items[zone];

        item->mark = zones->mark;
        for (unsigned which = 0; which < 2; which++)
            for (size_t i = 0; i < item->rules[which].count; i++) {
                const struct zone_rule *rule = &item->rules[which].items[i];
                struct document *layer = zones->extracts[which].layers[rule->layer];

                zones->extracts[which].originals[rule->layer][layer->path_count] = rule->rule;
                layer->paths[layer->path_count++] = *rule->rule;
            }
        zone = item->parent;
    }
}

/*
 * A rule that is on the way to neither the path nor an object that a view shows for it says nothing about it: the answer is
 * that of the whole policy.
 */
static void extract_rules(struct zones *zones, size_t zone)
{
    const char *path = zones->items[zone].path;
    char object[2 * (PATH_LENGTH_MAX + 1)] not_initialised;

    zones->mark++;
    for (unsigned which = 0; which < 2; which++)
        for (size_t i = 0; i < zones->extracts[which].policy.layer_count; i++)
            zones->extracts[which].layers[i]->path_count = 0;
    extract_way(zones, zone);
    for (size_t i = 0; i < zones->classes.view_count; i++) {
        const struct view *view = zones->classes.views[i];

        if (access_rule_covers(view->target, path) && access_view_path(view, path, object, sizeof(object)))
            extract_way(zones, zones_find(zones, object));
    }
}

/* Of a rule of the extract, which the next question writes over: that of the document. */
static const struct origin *lasting(const struct zone_extract *extract, const struct origin *origin)
{
    for (size_t i = 0; i < extract->policy.layer_count && origin; i++)
        for (size_t j = 0; j < extract->layers[i]->path_count; j++)
            if (origin == &extract->layers[i]->paths[j].origin)
                return &extract->originals[i][j]->origin;
    return origin;
}

void zones_ask(struct zones *zones, size_t zone, unsigned who, struct zone_answer *ret_answer)
{
    const char *path = zones->items[zone].path;

    extract_rules(zones, zone);
    ret_answer->access = policy_object(&zones->extracts[who].policy, path, &ret_answer->object, &ret_answer->why);
    ret_answer->why = lasting(&zones->extracts[who], ret_answer->why);
    ret_answer->permitted = ACCESS_DENIED;
    ret_answer->other_why = NULL;
    if (ret_answer->access)
        ret_answer->permitted =
            policy_permits(&zones->extracts[!who].policy, path, &ret_answer->object, &ret_answer->other_why);
    ret_answer->other_why = lasting(&zones->extracts[!who], ret_answer->other_why);
}
