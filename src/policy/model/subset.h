/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One search for something that `a` allows and `b` does not, in parts: paths, network, secrets, the rest.
 * Each returns 0 (nothing found), 1 (found: the witness says it), -ENOMEM or -E2BIG.
 */
#ifndef CORDON_POLICY_MODEL_SUBSET_H
#define CORDON_POLICY_MODEL_SUBSET_H

#include "policy/policy.h"

#define SUBSET_ENDS_MAX 64 /* different times at which rules end */

/* One such thing in its parts. What is not known is NULL. */
struct subset_item {
    const char *member;  /* "resources.memory", "devices" */
    const char *subject; /* which device, variable, host ... */
    const char *a_value, *b_value;
    const struct origin *a_origin, *b_origin;
};

struct subset {
    const struct policy *a, *b;
    struct arena *scratch;
    const char *witness; /* in the arena of `a` */
    const char *since;   /* "from 2026-12-24T17:30:00Z on: " where rules that have ended by then are left out; NULL = all hold */
    /* Hears of everything that is found, and the search goes on while it returns 0. NULL = the first ends it. */
    int (*note)(void *data, const struct subset_item *item, const char *sentence);
    void *data;
};

int subset_paths(struct subset *subset) must_check;
int subset_network(struct subset *subset) must_check;
int subset_network_members(struct subset *subset) must_check; /* all of it but destinations and budgets */
int subset_egress(struct subset *subset) must_check; /* those, at any time */
/*
 * Those while the rules hold that have not ended at `from_ms` (0 = all of them). *ret_next_ms is when the next of either policy ends; 0 = none does.
 * Between two of these times nothing changes.
 */
int subset_egress_from(struct subset *subset, uint64_t from_ms, uint64_t *ret_next_ms) must_check;
bool policy_has_narrowed(const struct policy *policy); /* by requests, programs, budgets or TLS */
bool policy_has_same_path(const struct policy *a, const struct policy *b); /* one name is one program in both */
int subset_lists(struct subset *subset) must_check;
int subset_secrets(struct subset *subset) must_check;
int subset_settings(struct subset *subset) must_check;

/* Keep the sentence, which may quote documents; returns 1, what `note` says, or -ENOMEM. */
int subset_found(struct subset *subset, const char *format, ...) printf_like(2, 3);
int subset_tell(struct subset *subset, const struct subset_item *item, const char *format, ...) printf_like(3, 4);

/* The value of a variable without obvious secrets; NULL without memory. */
const char *subset_shown_value(struct arena *arena, const struct env_item *item);

/* " (file:3: filesystem.deniedPaths[0])", or "" without an origin; in scratch. */
const char *subset_origin(struct subset *subset, const struct origin *origin);

#endif
