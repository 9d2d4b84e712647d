/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One search for something that `a` allows and `b` does not, in parts: paths, network, secrets, the rest.
 * Each returns 0 (nothing found), 1 (found: the witness says it), -ENOMEM or -E2BIG.
 */
#ifndef CORDON_POLICY_MODEL_SUBSET_H
#define CORDON_POLICY_MODEL_SUBSET_H

#include "policy/policy.h"

struct subset {
    const struct policy *a, *b;
    struct arena *scratch;
    const char *witness; /* in the arena of `a` */
};

int subset_paths(struct subset *subset) must_check;
int subset_network(struct subset *subset) must_check;
int subset_lists(struct subset *subset) must_check;
int subset_secrets(struct subset *subset) must_check;
int subset_settings(struct subset *subset) must_check;

/* Keep the sentence, which may quote documents; returns 1, or -ENOMEM. */
int subset_found(struct subset *subset, const char *format, ...) printf_like(2, 3);

/* " (file:3: filesystem.deniedPaths[0])", or "" without an origin; in scratch. */
const char *subset_origin(struct subset *subset, const struct origin *origin);

#endif
