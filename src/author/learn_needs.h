/* SPDX-License-Identifier: Apache-2.0 */
/* Between the files that say what each use needs. */
#ifndef CORDON_AUTHOR_LEARN_NEEDS_H
#define CORDON_AUTHOR_LEARN_NEEDS_H

#include "author/learn_parts.h"

struct finding {
    struct learn_map *map;
    const struct learn_options *options;
    struct learned *learned;
    struct learn_needs *needs;
    /* Names that the program made itself: what is done to them needs no rule but the one by which they came to be. */
    const char **made;
    size_t made_count;
    struct error *err;
};

bool learn_is_made(const struct finding *finding, const char *path);
int learn_find_connect(struct finding *finding, const struct learn_use *use) must_check;

#endif
