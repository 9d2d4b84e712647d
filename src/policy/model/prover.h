/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of policy/prove.h. */
#ifndef CORDON_POLICY_MODEL_PROVER_H
#define CORDON_POLICY_MODEL_PROVER_H

#include "policy/diff.h"
#include "policy/prove.h"

struct prover {
    struct arena *arena;
    const struct policy *policy;
    const struct prove_request *request;
    struct proof proof;
};

/* -ENOMEM. `rule` NULL = none. */
int proof_add(struct prover *prover, struct proof_lines *lines, const struct origin *rule, const char *format, ...)
    printf_like(4, 5) must_check;
int proof_add_rule(struct prover *prover, struct proof_lines *lines, const char *rule, const char *text) must_check;

/*
 * Is there a path that `pattern` covers at which an object of the host of that very name can be had with `right`, under
 * whatever name? *ret_answer is POSSIBLE with a line of witness, HOLDS with reasons, or UNDECIDED. -ENOMEM.
 */
int prove_path(struct prover *prover, const char *pattern, enum access right, enum proof_answer *ret_answer) must_check;

/* A destination that is asked about. */
struct prove_target {
    const char *name;       /* canonical, or "*." and one; NULL = by address */
    struct net_block block; /* where name is NULL */
    unsigned port;          /* 0 = any */
    bool is_any;            /* "*": whatever there is */
};
/* ERROR_INVALID where it is none. */
int prove_parse_target(struct arena *arena, const char *destination, struct prove_target *ret_target, struct error *err) must_check;

/* The same about a destination. ERROR_INVALID where it is none. */
int prove_reach(struct prover *prover, const char *destination, enum proof_answer *ret_answer, struct error *err) must_check;

/*
 * Is one of the block's addresses among those that a comparison has in words? POSSIBLE with the word that has it; UNDECIDED
 * where that depends on which of them embed another address.
 */
enum proof_answer words_meet(const struct words_list *words, const struct net_block *block, const char **ret_word);

/*
 * Ways out beside the network: sockets, devices, doors; with `is_flow` those by which somebody outside comes and takes as well. Each
 * is a reason, and what holds without them is undecided.
 */
int prove_side_ways(struct prover *prover, bool is_flow, enum proof_answer *answer) must_check;

int prove_obeyed(struct prover *prover, enum proof_answer *ret_answer) must_check;

#endif
