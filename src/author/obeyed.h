/* SPDX-License-Identifier: Apache-2.0 */
/* What programs outside execute or obey, by the names that it has on most machines. */
#ifndef CORDON_AUTHOR_OBEYED_H
#define CORDON_AUTHOR_OBEYED_H

#include "base/compiler.h"
#include "base/memory.h"

struct known_place {
    const char *path; /* "~/..." below the home, else absolute */
    const char *what;
};

/* Executed or obeyed by a program outside the next time that it starts. */
const struct known_place *obeyed_places(size_t *ret_count);

/* The place's own path for this home, in `arena`; NULL without memory. */
const char *known_place_path(struct arena *arena, const struct known_place *place, const char *home) must_check;

#endif
