/* SPDX-License-Identifier: Apache-2.0 */
/* What differs over one destination, request by request, put into few words. */
#ifndef CORDON_POLICY_MODEL_DIFF_REQUESTS_H
#define CORDON_POLICY_MODEL_DIFF_REQUESTS_H

#include "policy/diff.h"
#include "policy/model/narrowed.h"
#include "policy/model/states.h"

/* All that narrowed_compare() tells of one sort of destination. */
struct request_facts {
    struct arena *arena;
    struct program_facts *programs;
    size_t program_count;
};

int facts_add(struct request_facts *facts, const struct narrowed_fact *fact) must_check;

/* One change: some requests by some programs. All of its words are those of struct difference. */
struct request_change {
    bool is_whole; /* the connection, whatever goes by */
    struct words_list programs, methods, paths, except, calls;
    const char *a_where, *b_where;
};

/*
 * Exact for the classes that `narrowed` asks about; a path that no pattern describes stands for its class and is written
 * "/p/x (and like it)". -ENOMEM.
 */
int facts_put(const struct request_facts *facts, const struct narrowed *narrowed, const struct net_rules *a, const struct net_rules *b,
              struct request_change **ret_changes, size_t *ret_count) must_check;

#endif
