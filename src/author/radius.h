/* SPDX-License-Identifier: Apache-2.0 */
/* What a suggested rule would open on this machine today, besides what was asked for. */
#ifndef CORDON_AUTHOR_RADIUS_H
#define CORDON_AUTHOR_RADIUS_H

#include "author/sensitive.h"
#include "author/suggest.h"

#define RADIUS_FILES_MAX 20000 /* that are looked at */
#define RADIUS_HITS_MAX  8

struct radius_hit {
    const char *path;
    const struct sensitive *row;
};

struct radius {
    uint64_t files;   /* that can be read, or with is_write changed, by it and not without */
    bool is_more;     /* at least: the bound was met */
    struct radius_hit hits[RADIUS_HITS_MAX]; /* sensitive ones among them */
    size_t hit_count;
    uint64_t hits_more; /* beyond these */
    bool is_path;     /* else it is about no path, and all of this is 0 */
};

/*
 * In `arena`. Names in the tree that is opened, without following links; what cannot be listed counts for nothing. `after` is of the
 * plan with the suggestion applied: what other rules keep shut is not opened. NULL = it is not known.
 */
int radius_look(struct arena *arena, const struct suggest_input *input, const struct plan_index *after,
                const struct suggestion *suggestion, const struct sensitive_places *places, struct radius *ret_radius, struct error *err) must_check;

#endif
