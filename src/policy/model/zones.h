/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every path there can be, cut along the literal paths of two policies: a zone is one such path and all below it that no
 * other zone is. Within a zone both policies answer alike, but for what their patterns take away; whether patterns leave
 * something of a zone is searched among the same classes of names that the subset test walks (path_classes.h).
 */
#ifndef CORDON_POLICY_MODEL_ZONES_H
#define CORDON_POLICY_MODEL_ZONES_H

#include "base/glob.h"
#include "policy/model/access.h"
#include "policy/model/path_classes.h"

/* A rule of a layer, at the path that it names. */
struct zone_rule {
    const struct path_rule *rule;
    size_t layer;
};

struct zone_rules {
    struct zone_rule *items;
    size_t count;
};

struct zone {
    const char *path;
    size_t parent; /* 0 for the root as well */
    struct zone_rules rules[2];
    size_t mark; /* of the last question in which it was looked at */
};

/* A policy with only those literal rules that can be about one path. */
struct zone_extract {
    struct policy policy;
    struct document *layers[POLICY_LAYERS_MAX];
    const struct path_rule **originals[POLICY_LAYERS_MAX]; /* of each rule in the layer's paths */
};

/* Where a pattern stands at the path of a zone. */
enum zone_stand { ZONE_DEAD = 0, ZONE_ALIVE, ZONE_MATCHED };

struct zones {
    struct arena *arena;
    const struct policy *policies[2];
    struct path_classes classes;
    struct zone *items; /* as classes.nodes */
    size_t count;
    size_t mark;
    struct zone_extract extracts[2];
    uint64_t work;
    unsigned char **stands; /* of each pattern: where it stands in each zone, NULL = nobody asked yet */
    struct zone_track *tracks;
};

/* -ENOMEM, -E2BIG. Both policies must outlive it. */
int zones_init(struct zones *zones, struct arena *arena, const struct policy *first, const struct policy *second) must_check;

/* What `who` (0 or 1) shows in a zone and lets be done with it, and what the other one permits to be done with that object. */
struct zone_answer {
    struct object object;
    enum access access, permitted;
    const struct origin *why, *other_why;
};
void zones_ask(struct zones *zones, size_t zone, unsigned who, struct zone_answer *ret_answer);

/* The deepest zone that `path` is in. */
size_t zones_find(const struct zones *zones, const char *path);

/* A pattern on its way along a path. */
struct zone_track {
    const char *pattern;
    bool is_matched; /* it covers where it is: everything below too */
    struct glob_state state;
};
void zone_track_start(struct zone_track *track, const char *pattern, const char *path);
void zone_track_step(struct zone_track *track, const char *name, size_t length);
bool zone_track_is_dead(const struct zone_track *track); /* it covers nothing from here on */

/*
 * Where each of classes.patterns stands at the path of each zone, found for all zones together: *ret_stands[zone] is enum zone_stand.
 * -ENOMEM, -E2BIG.
 */
int zones_stand(struct zones *zones, size_t pattern, const unsigned char **ret_stands) must_check;

/*
 * What `track` covers below `path`, as patterns that begin with it; in the arena. `path` itself where it is matched.
 * -ENOMEM.
 */
int zone_track_patterns(struct arena *arena, const struct zone_track *track, const char *path, const char ***ret_patterns,
                        size_t *ret_count) must_check;

/*
 * A path of the zone that `must` (NULL = any does) covers and none of `avoid`. All stand at the zone's own path. 1 with the
 * path, 0 = there is none, -ENOMEM, -E2BIG.
 */
int zones_search(struct zones *zones, size_t zone, const struct zone_track *must, const struct zone_track *avoid,
                 size_t avoid_count, const char **ret_path) must_check;

#endif
