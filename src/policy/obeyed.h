/* SPDX-License-Identifier: Apache-2.0 */
/* What programs outside execute or obey because of where it lies: for proofs, for lint and for what is learned. */
#ifndef CORDON_POLICY_OBEYED_H
#define CORDON_POLICY_OBEYED_H

#include "base/memory.h"

struct obeyed {
    const char *path; /* "~/..." below the home, or absolute; with all below it */
    const char *who;
};
const struct obeyed *obeyed_rows(size_t *ret_count);

/* The row's own path for this home: itself, or in `arena`; NULL without memory. */
const char *obeyed_path(struct arena *arena, const struct obeyed *row, const char *home) must_check;

#endif
