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

/* A connection, or one request of it, that `a` permits and `b` does not. */
struct narrowed_fact {
    const char *program; /* NULL = one that no rule names */
    const struct net_request *request; /* NULL = the connection as a whole */
    const char *a_where, *b_where; /* of the rules that decide, or NULL */
};

struct narrowed_options {
    bool has_doors;  /* `a` reaches ports of the host's loopback, which budgets in total count as well */
    bool finds_same; /* a program's name is looked for in the same PATH: else only absolute paths are the same program */
    /* Hears of every fact instead of the first one ending the search; it goes on while this returns 0. Or NULL. */
    int (*note)(void *data, const struct narrowed_fact *fact);
    void *data;
};

/* -ENOMEM, -E2BIG. */
int narrowed_new(struct arena *arena, const struct net_rules *a, const struct net_rules *b,
                 const struct narrowed_options *options, struct narrowed **ret_narrowed);

/* As the parts of subset.h: 0, 1 with the witness, -ENOMEM, -E2BIG. */
int narrowed_compare(struct subset *subset, struct narrowed *narrowed, const struct destination *destination);

/* What the destination asked about last is to the rules: those with one number differ in the same facts, told once. */
size_t narrowed_last(const struct narrowed *narrowed);

/* One canonical path of each class, "*" and NULL (one with two readings) among them. */
const char *const *narrowed_paths(const struct narrowed *narrowed, size_t *ret_count);
uint64_t narrowed_work(const struct narrowed *narrowed); /* rules asked about so far */
/* The one that no rule names included. */
size_t narrowed_program_count(const struct narrowed *narrowed);

/* When every destination was asked about: each budget of `b` must be kept by one of `a` that counts all that it counts. */
int narrowed_compare_budgets(struct subset *subset, const struct narrowed *narrowed);

#endif
