/* SPDX-License-Identifier: Apache-2.0 */
/* Where patterns stand in all zones: each zone is one step from its parent, and most patterns are dead at the first. */
#include <errno.h>

#include "policy/model/zones.h"

#define STANDS_MAX ((size_t)64 << 20) /* patterns times zones: a byte and a step each */

static unsigned char stand_of(const struct zone_track *track)
{
    if (track->is_matched)
        return ZONE_MATCHED;
    return zone_track_is_dead(track) ? ZONE_DEAD : ZONE_ALIVE;
}

static void step_zones(struct zones *zones, const char *pattern, unsigned char *stands)
{
    struct zone_track *tracks = zones->tracks;

    zone_track_start(&tracks[0], pattern, "/");
    stands[0] = stand_of(&tracks[0]);
    for (size_t i = 1; i < zones->count; i++) {
        const struct path_node *node = &zones->classes.nodes[i];
        size_t parent = zones->items[i].parent;

        if (stands[parent] != ZONE_ALIVE) {
            stands[i] = stands[parent];
            continue;
        }
        tracks[i] = tracks[parent];
        zone_track_step(&tracks[i], node->name, node->length);
        stands[i] = stand_of(&tracks[i]);
    }
}

int zones_stand(struct zones *zones, size_t pattern, const unsigned char **ret_stands)
{
    if (zones->classes.pattern_count > STANDS_MAX / zones->count)
        return -E2BIG;
    if (!zones->stands) {
        zones->tracks = arena_alloc(zones->arena, zones->count * sizeof(*zones->tracks));
        zones->stands = arena_alloc(zones->arena, (zones->classes.pattern_count + 1) * sizeof(*zones->stands));
        if (!zones->tracks || !zones->stands)
            return -ENOMEM;
    }
    if (!zones->stands[pattern]) {
        unsigned char *stands = arena_alloc(zones->arena, zones->count);

        if (!stands)
            return -ENOMEM;
        step_zones(zones, zones->classes.patterns[pattern], stands);
        zones->stands[pattern] = stands;
    }
    *ret_stands = zones->stands[pattern];
    return 0;
}
