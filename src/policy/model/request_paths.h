/* SPDX-License-Identifier: Apache-2.0 */
/* Every path a request can have, sorted by which of a set of patterns match it: one path for each class. */
#ifndef CORDON_POLICY_MODEL_REQUEST_PATHS_H
#define CORDON_POLICY_MODEL_REQUEST_PATHS_H

#include "base/memory.h"

struct request_patterns {
    const char **items; /* as net/request.h has them */
    size_t count;
};

/*
 * Canonical paths, at least one of each class: of what rules that grant can tell apart by `granting`, and rules that deny by
 * `denying` (which match more leniently). "*", which is no path, is not among them. -ENOMEM, -E2BIG.
 */
int request_paths_find(struct arena *arena, const struct request_patterns *granting, const struct request_patterns *denying,
                       const char ***ret_paths, size_t *ret_count);

#endif
