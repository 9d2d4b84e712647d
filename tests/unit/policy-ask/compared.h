/* SPDX-License-Identifier: Apache-2.0 */
/* Of the tests that hold a comparison of policies against the evaluator. */
#ifndef CORDON_TESTS_POLICY_ASK_COMPARED_H
#define CORDON_TESTS_POLICY_ASK_COMPARED_H

#include <stdint.h>

#include "asked.h"
#include "policy/diff.h"

/* CORDON_TEST_SEED and CORDON_TEST_ROUNDS, or the usual. */
uint64_t compared_seed(void);
unsigned compared_rounds(unsigned usual);

/* Never freed: for a test that fails. */
const char *compared_text(const struct policy_diff *diff);

/* One policy of a pair, compiled. */
struct side {
    struct policy *policy;
    struct plan *plan;
    struct plan_index *index;
    char *yaml, *ceiling;
};

/* Takes the texts; `ceiling` NULL = none. False: this machine's compiler refuses it. close_side() either way. */
bool open_side(struct fixture *f, struct side *side, char *yaml, char *ceiling);
void close_side(struct side *side);

#endif
