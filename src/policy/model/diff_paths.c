/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files: for each zone (zones.h) what one policy gives of an object and the other does not, as a whole or where only a
 * pattern of the other one takes it away. Zones that touch and differ alike become one item: the directory and all below it.
 */
#include <errno.h>
#include <string.h>

#include "policy/model/differ.h"

#define NO_REGION ((size_t)-1)

struct answer {
    enum access access, permitted;
    const struct origin *why, *other_why;
    enum object_kind kind;
    const struct view *view;
    const char *object; /* of the host, where the name is another one; else NULL */
};

/* A right of a zone that is looked at. */
struct paths {
    struct differ *differ;
    struct zones *zones;
    struct answer *answers;
    enum access right;
    size_t *region_of; /* of each zone: index of its item, or NO_REGION */
    unsigned char *avoided; /* of each zone: does a pattern of `who` take the right away? 0 = not looked at */
    const unsigned char **stands; /* of each pattern, of each zone (zones_stand()) */
    bool *is_whole;    /* the right is new in all of the zone that no pattern of its own takes away */
};

static unsigned roles_of(const struct paths *paths, unsigned roles, bool is_other)
{
    unsigned who = is_other ? !paths->differ->who : paths->differ->who;

    return who ? roles >> 2 & 3 : roles & 3;
}

/* Does a pattern with these roles take the right away, of such an object? */
static bool takes(const struct paths *paths, unsigned roles, bool is_other, enum object_kind kind)
{
    unsigned all = roles_of(paths, roles, is_other);

    if (all & ROLE_A_DENY)
        return true;
    return all & ROLE_A_READ && paths->right == ACCESS_WRITE && !(is_other && kind == OBJECT_PRIVATE);
}

/* An empty private directory gives nothing of the host away: only a rule that denies its name counts against it. */
static bool is_lacking(const struct paths *paths, const struct answer *answer)
{
    if (answer->kind == OBJECT_PRIVATE)
        return !answer->permitted && answer->other_why;
    return answer->permitted < paths->right;
}

enum { AVOIDED_NO = 1, AVOIDED_BY_NAME, AVOIDED_BY_OBJECT };

/* `zone` at its own path, or `object` in its place. */
static bool is_covered(const struct paths *paths, size_t zone, const char *object)
{
    const struct path_classes *classes = &paths->zones->classes;

    for (size_t i = 0; i < classes->pattern_count; i++)
        if (takes(paths, classes->roles[i], false, paths->answers[zone].kind) &&
            (object ? glob_covers(classes->patterns[i], object) : paths->stands[i][zone] == ZONE_MATCHED))
            return true;
    return false;
}

static unsigned char look_avoided(const struct paths *paths, size_t zone)
{
    const struct answer *answer = &paths->answers[zone];

    if (is_covered(paths, zone, NULL))
        return AVOIDED_BY_NAME;
    return answer->object && is_covered(paths, zone, answer->object) ? AVOIDED_BY_OBJECT : AVOIDED_NO;
}

static bool is_avoided(const struct paths *paths, size_t zone)
{
    if (!paths->avoided[zone])
        paths->avoided[zone] = look_avoided(paths, zone);
    return paths->avoided[zone] != AVOIDED_NO;
}

static bool is_same_object(const struct answer *a, const struct answer *b)
{
    return a->kind == b->kind && (a->object != NULL) == (b->object != NULL) &&
           (!a->object || (strcmp(a->view->source, b->view->source) == 0 && strcmp(a->view->target, b->view->target) == 0));
}

static int find_stands(struct paths *paths)
{
    size_t count = paths->zones->classes.pattern_count;
    int status = 0;

    paths->stands = arena_alloc(paths->differ->arena, (count + 1) * sizeof(*paths->stands));
    if (!paths->stands)
        return -ENOMEM;
    for (size_t i = 0; i < count && status == 0; i++)
        status = zones_stand(paths->zones, i, &paths->stands[i]);
    return status;
}

static int ask_zones(struct paths *paths)
{
    struct differ *differ = paths->differ;
    struct zones *zones = paths->zones;

    paths->answers = arena_alloc(differ->arena, zones->count * sizeof(*paths->answers));
    paths->region_of = arena_alloc(differ->arena, zones->count * sizeof(*paths->region_of));
    paths->is_whole = arena_alloc(differ->arena, zones->count * sizeof(*paths->is_whole));
    paths->avoided = arena_alloc(differ->arena, zones->count);
    if (!paths->answers || !paths->region_of || !paths->is_whole || !paths->avoided)
        return -ENOMEM;
    for (size_t i = 0; i < zones->count; i++) {
        struct zone_answer asked not_initialised;
        struct answer *answer = &paths->answers[i];

        zones_ask(zones, i, differ->who, &asked);
        *answer = (struct answer){.access = asked.access, .permitted = asked.permitted, .why = asked.why,
                                  .other_why = asked.other_why, .kind = asked.object.kind, .view = asked.object.view};
        if (!asked.access || asked.object.kind != OBJECT_HOST || strcmp(asked.object.path, zones->items[i].path) == 0)
            continue;
        answer->object = arena_string(differ->arena, asked.object.path);
        if (!answer->object)
            return -ENOMEM;
    }
    return 0;
}

/* ---- items ---- */

static const char *object_detail(struct arena *arena, const struct answer *answer)
{
    if (answer->kind == OBJECT_CACHE)
        return "a kept private directory";
    if (answer->kind == OBJECT_PRIVATE)
        return "a private directory";
    if (!answer->object)
        return "";
    return arena_printf(arena, "the host's %s under this name", answer->object);
}

/* The patterns of `who` that go on from here take their part out of the item. */
static int add_patterns(const struct paths *paths, size_t zone, struct difference *item)
{
    const struct path_classes *classes = &paths->zones->classes;
    const struct answer *answer = &paths->answers[zone];
    const char *path = paths->zones->items[zone].path;
    struct zone_track track not_initialised;
    int status = 0;

    for (size_t i = 0; i < classes->pattern_count && status == 0; i++) {
        if (!takes(paths, classes->roles[i], false, answer->kind))
            continue;
        if (paths->stands[i][zone] != ZONE_DEAD)
            status = words_add(paths->differ->arena, &item->except, classes->patterns[i]);
        if (!answer->object || status < 0)
            continue;
        zone_track_start(&track, classes->patterns[i], answer->object);
        if (!zone_track_is_dead(&track))
            status = zone_track_patterns(paths->differ->arena, &track, path, &item->except.items, &item->except.count);
    }
    return status;
}

static int new_item(struct paths *paths, size_t zone, const char *witness, const struct origin *other_why)
{
    struct difference *item = differ_add(paths->differ, AREA_FILES);
    const struct answer *answer = &paths->answers[zone];

    if (!item)
        return -ENOMEM;
    item->rights = paths->right == ACCESS_WRITE ? RIGHT_WRITE : RIGHT_READ;
    item->witness = witness;
    item->detail = object_detail(paths->differ->arena, answer);
    if (!item->detail)
        return -ENOMEM;
    if (!*item->detail)
        item->detail = NULL;
    if (differ_set_origins(paths->differ, item, answer->why, other_why) < 0)
        return -ENOMEM;
    return add_patterns(paths, zone, item);
}

static struct difference *item_of(const struct paths *paths, size_t zone)
{
    return &paths->differ->diff.items[paths->region_of[zone]];
}

/* A path as a pattern of itself. */
static int add_zone(const struct paths *paths, struct words_list *words, size_t zone)
{
    const char *pattern = glob_literal(paths->differ->arena, paths->zones->items[zone].path);

    return pattern ? words_add(paths->differ->arena, words, pattern) : -ENOMEM;
}

/* ---- zones as a whole ---- */

static bool is_whole(const struct paths *paths, size_t zone)
{
    const struct answer *answer = &paths->answers[zone];

    return answer->access >= paths->right && is_lacking(paths, answer) && !is_avoided(paths, zone);
}

/* What is not new below an item is taken out of it, unless a pattern that is named already does. */
static int leave_out(struct paths *paths, size_t zone)
{
    if (is_avoided(paths, zone) && paths->avoided[zone] == AVOIDED_BY_NAME)
        return 0;
    return add_zone(paths, &item_of(paths, paths->zones->items[zone].parent)->except, zone);
}

static int find_whole(struct paths *paths)
{
    struct zones *zones = paths->zones;
    int status = 0;

    for (size_t i = 0; i < zones->count && status == 0; i++) {
        size_t parent = zones->items[i].parent;
        bool follows = i && paths->is_whole[parent];

        paths->is_whole[i] = is_whole(paths, i);
        paths->region_of[i] = NO_REGION;
        if (paths->is_whole[i] && follows && is_same_object(&paths->answers[i], &paths->answers[parent])) {
            paths->region_of[i] = paths->region_of[parent];
        } else if (paths->is_whole[i]) {
            if (follows) /* it shows another object: an item of its own */
                status = leave_out(paths, i);
            if (status == 0)
                status = new_item(paths, i, zones->items[i].path, paths->answers[i].other_why);
            paths->region_of[i] = paths->differ->diff.count - 1;
            if (status == 0)
                status = add_zone(paths, &item_of(paths, i)->subjects, i);
        } else if (follows) {
            status = leave_out(paths, i);
        }
    }
    return status;
}

/* ---- where only a pattern of the other policy takes it away ---- */

static const struct origin *origin_of(const struct paths *paths, const char *pattern)
{
    const struct policy *other = paths->differ->policies[!paths->differ->who];

    for (size_t i = 0; i < other->layer_count; i++)
        for (size_t j = 0; j < other->layers[i]->path_count; j++) {
            const struct path_rule *rule = &other->layers[i]->paths[j];

            if (rule->is_glob && strcmp(rule->path, pattern) == 0)
                return &rule->origin;
        }
    return NULL;
}

/* Both give the right here, before patterns. */
static bool is_given(const struct paths *paths, size_t zone)
{
    const struct answer *answer = &paths->answers[zone];

    return answer->access >= paths->right && answer->permitted && !is_lacking(paths, answer) && !is_avoided(paths, zone);
}

/* Those of `who` that are alive here, for the path and for the object. */
static int list_avoid(const struct paths *paths, size_t zone, struct zone_track **ret_tracks, size_t *ret_count)
{
    const struct path_classes *classes = &paths->zones->classes;
    const struct answer *answer = &paths->answers[zone];
    const char *places[] = {paths->zones->items[zone].path, answer->object};
    struct zone_track *tracks = NULL, *added;
    size_t count = 0;

    for (size_t i = 0; i < classes->pattern_count; i++)
        for (size_t j = 0; j < ARRAY_COUNT(places) && places[j]; j++) {
            struct zone_track track not_initialised;

            if (!takes(paths, classes->roles[i], false, answer->kind) || (j == 0 && paths->stands[i][zone] == ZONE_DEAD))
                continue;
            zone_track_start(&track, classes->patterns[i], places[j]);
            if (zone_track_is_dead(&track))
                continue;
            added = arena_append(paths->differ->arena, tracks, count);
            if (!added)
                return -ENOMEM;
            *added = track;
        }
    *ret_tracks = tracks;
    *ret_count = count;
    return 0;
}

/* 1 = this zone begins an item. */
static int search_zone(struct paths *paths, size_t zone, const struct zone_track *must, const char **ret_witness)
{
    struct zone_track *avoid;
    size_t avoid_count;
    int status = list_avoid(paths, zone, &avoid, &avoid_count);

    return status < 0 ? status : zones_search(paths->zones, zone, must, avoid, avoid_count, ret_witness);
}

static int begin_pattern(struct paths *paths, size_t zone, const struct zone_track *must, const char *witness)
{
    struct difference *item;
    int status = new_item(paths, zone, witness, origin_of(paths, must->pattern));

    if (status < 0)
        return status;
    paths->region_of[zone] = paths->differ->diff.count - 1;
    item = item_of(paths, zone);
    return zone_track_patterns(paths->differ->arena, must, paths->zones->items[zone].path, &item->subjects.items,
                               &item->subjects.count);
}

/* A zone in the item's way: one that is new as a whole is new here as well, what lies in it need not be. */
static int pass_zone(struct paths *paths, size_t zone)
{
    size_t parent = paths->zones->items[zone].parent;

    if (!paths->is_whole[zone] || !is_same_object(&paths->answers[zone], &paths->answers[parent]))
        return leave_out(paths, zone);
    paths->region_of[zone] = paths->region_of[parent];
    return 0;
}

/* `must` stands at the zone's path, or at the object that a view shows there. */
static int compare_pattern_at(struct paths *paths, size_t zone, const struct zone_track *must)
{
    const struct zones *zones = paths->zones;
    size_t parent = zones->items[zone].parent;
    bool follows = zone && paths->region_of[parent] != NO_REGION;
    const char *witness;
    int status;

    if (!is_given(paths, zone))
        return follows ? pass_zone(paths, zone) : 0;
    if (follows && is_same_object(&paths->answers[zone], &paths->answers[parent])) {
        paths->region_of[zone] = paths->region_of[parent];
        return 0;
    }
    status = follows ? leave_out(paths, zone) : 0;
    if (status == 0)
        status = search_zone(paths, zone, must, &witness);
    return status <= 0 ? status : begin_pattern(paths, zone, must, witness);
}

static int compare_pattern(struct paths *paths, size_t number, bool at_object)
{
    const struct zones *zones = paths->zones;
    const char *pattern = zones->classes.patterns[number];
    unsigned roles = zones->classes.roles[number];
    int status = 0;

    for (size_t i = 0; i < zones->count; i++)
        paths->region_of[i] = NO_REGION;
    for (size_t i = 0; i < zones->count && status == 0; i++) {
        const char *place = at_object ? paths->answers[i].object : zones->items[i].path;
        struct zone_track track not_initialised;

        bool is_about = place && takes(paths, roles, true, paths->answers[i].kind);
        bool is_alive = is_about && (at_object || paths->stands[number][i] != ZONE_DEAD);

        if (is_alive)
            zone_track_start(&track, pattern, place);
        if (is_alive && !zone_track_is_dead(&track))
            status = compare_pattern_at(paths, i, &track);
        else if (i && paths->region_of[zones->items[i].parent] != NO_REGION && (at_object || !is_about))
            status = pass_zone(paths, i); /* it is another object, of which the pattern says nothing */
    }
    return status;
}

static int find_patterns(struct paths *paths)
{
    const struct path_classes *classes = &paths->zones->classes;
    int status = 0;

    for (size_t i = 0; i < classes->pattern_count && status == 0; i++) {
        if (!takes(paths, classes->roles[i], true, OBJECT_HOST) || takes(paths, classes->roles[i], false, OBJECT_HOST))
            continue;
        status = compare_pattern(paths, i, false);
        if (status == 0 && classes->view_count)
            status = compare_pattern(paths, i, true);
    }
    return status;
}

/* ---- all of it ---- */

/* What is newly readable and newly writable is one item. */
static void join_rights(struct policy_diff *diff, size_t first)
{
    size_t kept = first;

    for (size_t i = first; i < diff->count; i++) {
        bool is_joined = false;

        for (size_t j = first; j < kept && !is_joined; j++) {
            struct difference *item = &diff->items[j];

            is_joined = item->rights != diff->items[i].rights && words_are_same(&item->subjects, &diff->items[i].subjects) &&
                        words_are_same(&item->except, &diff->items[i].except);
            if (is_joined)
                item->rights |= diff->items[i].rights;
        }
        if (!is_joined)
            diff->items[kept++] = diff->items[i];
    }
    diff->count = kept;
}

static bool has_request(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (policy->layers[i]->kind != LAYER_CEILING)
            return true;
    return false;
}

int differ_paths(struct differ *differ)
{
    struct paths paths = {.differ = differ, .zones = &differ->zones};
    size_t first = differ->diff.count;
    int status = 0;

    if (!has_request(differ->policies[differ->who]))
        return -E2BIG; /* what ceilings alone would let others show is without end */
    if (!differ->has_zones)
        status = zones_init(&differ->zones, differ->arena, differ->policies[0], differ->policies[1]);
    differ->has_zones = status == 0;
    if (status == 0)
        status = find_stands(&paths);
    if (status == 0)
        status = ask_zones(&paths);
    for (enum access right = ACCESS_READ; right <= ACCESS_WRITE && status == 0; right++) {
        paths.right = right;
        memset(paths.avoided, 0, paths.zones->count);
        status = find_whole(&paths);
        if (status == 0)
            status = find_patterns(&paths);
    }
    if (status == 0)
        join_rights(&differ->diff, first);
    return status;
}
