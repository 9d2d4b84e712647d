/* SPDX-License-Identifier: Apache-2.0 */
/* For the files of the reachability card. */
#ifndef CORDON_AUTHOR_REACH_PARTS_H
#define CORDON_AUTHOR_REACH_PARTS_H

#include "author/reach.h"

struct view_of_plan {
    struct arena *arena;
    const struct reach_input *input;
    struct reach *reach;
    struct error *err;
    bool is_broken; /* out of memory: the next item says so */
};

int reach_add(struct view_of_plan *view, struct reach_list *list, const char *format, ...) must_check printf_like(3, 4);
/* "~/x" below the home. */
const char *reach_spell(struct view_of_plan *view, const char *path);

/* A directory of Cordon's own in place of one of the host's. */
bool reach_is_cache(const struct plan_mount *mount);

/* reach_cannot.c: when all else is there. */
int reach_add_cannot(struct view_of_plan *view) must_check;

/* reach_network.c: whom the program can reach, and who can reach it. */
int reach_add_network(struct view_of_plan *view) must_check;

#endif
