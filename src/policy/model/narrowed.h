/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two sets of rules of which some are narrowed, to requests, programs or budgets: does one let anything by that the other does
 * not? Asked destination by destination; destinations that no rule tells apart are looked at once.
 */
#ifndef CORDON_POLICY_MODEL_NARROWED_H
#define CORDON_POLICY_MODEL_NARROWED_H

#include "policy/model/destinations.h"
#include "policy/model/subset.h"

struct narrowed;

struct narrowed_options {
    bool has_doors;  /* `a` reaches ports of the host's loopback, which budgets in total count as well */
    bool finds_same; /* a program's name is looked for in the same PATH: else only absolute paths are the same program */
};

/* -ENOMEM, -E2BIG. */
int narrowed_new(struct arena *arena, const struct net_rules *a, const struct net_rules *b,
                 const struct narrowed_options *options, struct narrowed **ret_narrowed);

/* As the parts of subset.h: 0, 1 with the witness, -ENOMEM, -E2BIG. */
int narrowed_compare(struct subset *subset, struct narrowed *narrowed, const struct destination *destination);

/* When every destination was asked about: each budget of `b` must be kept by one of `a` that counts all that it counts. */
int narrowed_compare_budgets(struct subset *subset, const struct narrowed *narrowed);

#endif
