/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns along the paths of a zone: what is left of it, and one path that is. */
#include <errno.h>
#include <string.h>

#include "policy/model/zones.h"

/* Steps of patterns: what all searches together may cost. */
#define SEARCH_WORK_MAX ((uint64_t)50 * 1000 * 1000)

static bool has_bit(const struct glob_state *state, size_t bit)
{
    return state->bits[bit / 64] >> (bit % 64) & 1;
}

static size_t word_count(const char *pattern)
{
    return (glob_position_count(pattern) + 63) / 64;
}

void zone_track_start(struct zone_track *track, const char *pattern, const char *path)
{
    const char *start;
    size_t length;

    track->pattern = pattern;
    track->is_matched = glob_start(pattern, &track->state);
    while (glob_next_component(&path, &start, &length))
        zone_track_step(track, start, length);
}

void zone_track_step(struct zone_track *track, const char *name, size_t length)
{
    struct glob_state next not_initialised;

    if (track->is_matched)
        return;
    track->is_matched = glob_step(track->pattern, &track->state, name, length, &next);
    track->state = next;
}

bool zone_track_is_dead(const struct zone_track *track)
{
    if (track->is_matched)
        return false;
    for (size_t i = 0; i < word_count(track->pattern); i++)
        if (track->state.bits[i])
            return false;
    return true;
}

/* ---- what a pattern is from a path on ---- */

static bool is_any_depth(const char *component, size_t length)
{
    return length == 2 && memcmp(component, "**", 2) == 0;
}

int zone_track_patterns(struct arena *arena, const struct zone_track *track, const char *path, const char ***ret_patterns,
                        size_t *ret_count)
{
    const char *before = strcmp(path, "/") == 0 ? "" : path, *rest = track->pattern, *start;
    const char *literal = glob_literal(arena, path), **patterns = *ret_patterns;
    size_t length, count = *ret_count;
    bool follows_depth = false;
    int status = literal ? 0 : -ENOMEM;

    if (literal && strcmp(path, "/") != 0)
        before = literal;
    if (track->is_matched)
        return status < 0 ? status : arena_append_once(arena, ret_patterns, ret_count, literal);
    for (size_t i = 0; status == 0 && glob_next_component(&rest, &start, &length); i++) {
        /* behind a '**' that may stand for nothing it is what the '**' is already */
        if (has_bit(&track->state, i) && !follows_depth) {
            const char *text = arena_printf(arena, "%s/%s", before, start);

            status = text ? arena_append_once(arena, &patterns, &count, text) : -ENOMEM;
        }
        follows_depth = has_bit(&track->state, i) && is_any_depth(start, length);
    }
    *ret_patterns = patterns;
    *ret_count = count;
    return status;
}

/* ---- the search ---- */

struct search {
    struct zones *zones;
    size_t zone;
    const struct zone_track *must;
    const struct zone_track *avoid;
    size_t avoid_count;
    struct states states; /* key: is it the zone's own path; where each pattern stands. text: what follows that path */
    uint64_t *key;
    size_t words;
    const char *found;
};

static void unpack(const struct zone_track *like, const uint64_t **key, struct zone_track *ret_track)
{
    size_t words = word_count(like->pattern);

    ret_track->pattern = like->pattern;
    ret_track->is_matched = false;
    memcpy(ret_track->state.bits, *key, words * sizeof(**key));
    *key += words;
}

static uint64_t *pack(const struct zone_track *track, uint64_t *key)
{
    size_t words = word_count(track->pattern);

    memcpy(key, track->state.bits, words * sizeof(*key));
    return key + words;
}

static int note_state(struct search *search, const char *before, const char *name, size_t length, bool is_found)
{
    const char *path = search->zones->items[search->zone].path;
    const char *text = arena_printf(search->zones->arena, "%s/%.*s", before, (int)length, name);
    size_t index;

    if (!text)
        return -ENOMEM;
    if (strlen(path) + strlen(text) > PATH_LENGTH_MAX)
        return -E2BIG;
    if (!is_found)
        return states_add(&search->states, search->key, search->words, text, &index);
    search->found = arena_printf(search->zones->arena, "%s%s", strcmp(path, "/") == 0 ? "" : path, text);
    return search->found ? 1 : -ENOMEM;
}

/* 1 = found. */
static int step(struct search *search, size_t from, const char *name, size_t length)
{
    const uint64_t *at = search->states.items[from].key + 1;
    uint64_t *to = search->key + 1;
    struct zone_track track not_initialised;
    bool is_found;

    search->zones->work += search->avoid_count + 1;
    if (search->zones->work > SEARCH_WORK_MAX)
        return -E2BIG;
    search->key[0] = 0;
    unpack(search->must, &at, &track);
    zone_track_step(&track, name, length);
    if (zone_track_is_dead(&track))
        return 0;
    is_found = track.is_matched;
    to = pack(&track, to);
    for (size_t i = 0; i < search->avoid_count; i++) {
        unpack(&search->avoid[i], &at, &track);
        zone_track_step(&track, name, length);
        if (track.is_matched)
            return 0;
        to = pack(&track, to);
    }
    return note_state(search, search->states.items[from].text, name, length, is_found);
}

static bool is_child(const struct search *search, const struct name *name)
{
    const struct path_node *nodes = search->zones->classes.nodes;

    for (size_t child = nodes[search->zone].first_child; child; child = nodes[child].next_sibling)
        if (nodes[child].length == name->length && memcmp(nodes[child].name, name->text, name->length) == 0)
            return true;
    return false;
}

static bool may_step(const struct search *search, size_t from, const struct name *name)
{
    return !search->states.items[from].key[0] || !is_child(search, name);
}

/* A name of a class that only names of zones have, where it is none. */
static int step_elsewhere(struct search *search, size_t from, size_t class)
{
    const struct path_classes *classes = &search->zones->classes;

    for (size_t i = 0; i < classes->node_name_count; i++)
        if (classes->node_name_classes[i] == class && may_step(search, from, &classes->node_names[i]))
            return step(search, from, classes->node_names[i].text, classes->node_names[i].length);
    return 0;
}

static int step_all(struct search *search, size_t from)
{
    const struct path_classes *classes = &search->zones->classes;
    int status = 0;

    for (size_t i = 0; i < classes->literal_count && status == 0; i++)
        if (may_step(search, from, &classes->literal[i]))
            status = step(search, from, classes->literal[i].text, classes->literal[i].length);
    for (size_t i = 0; i < classes->all_names.count && status == 0; i++) {
        const char *name = classes->all_names.items[i].text;

        status = *name ? step(search, from, name, strlen(name)) : step_elsewhere(search, from, i);
    }
    return status;
}

static int start(struct search *search)
{
    uint64_t *key;
    size_t index;

    search->words = 1 + word_count(search->must->pattern);
    for (size_t i = 0; i < search->avoid_count; i++)
        search->words += word_count(search->avoid[i].pattern);
    search->key = arena_alloc(search->zones->arena, search->words * sizeof(*search->key));
    if (!search->key)
        return -ENOMEM;
    search->key[0] = 1;
    key = pack(search->must, search->key + 1);
    for (size_t i = 0; i < search->avoid_count; i++)
        key = pack(&search->avoid[i], key);
    return states_add(&search->states, search->key, search->words, "", &index);
}

int zones_search(struct zones *zones, size_t zone, const struct zone_track *must, const struct zone_track *avoid,
                 size_t avoid_count, const char **ret_path)
{
    struct search search = {.zones = zones, .zone = zone, .must = must, .avoid = avoid, .avoid_count = avoid_count,
                            .states = {.arena = zones->arena}};
    int status;

    for (size_t i = 0; i < avoid_count; i++)
        if (avoid[i].is_matched)
            return 0;
    if (!must || must->is_matched) {
        *ret_path = zones->items[zone].path;
        return 1;
    }
    if (zone_track_is_dead(must))
        return 0;
    status = start(&search);
    for (size_t i = 0; i < search.states.count && status == 0; i++)
        status = step_all(&search, i);
    if (status == 1)
        *ret_path = search.found;
    return status;
}
