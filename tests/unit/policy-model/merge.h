/* SPDX-License-Identifier: Apache-2.0 */
/* The promise of a merge, checked on documents made from bytes. */
#ifndef CORDON_TESTS_POLICY_MODEL_MERGE_H
#define CORDON_TESTS_POLICY_MODEL_MERGE_H

#include "generate.h"

/*
 * Make two requests and a ceiling, merge them, compare with each. 1 = the promise holds, 0 = the
 * layers contradict each other and the merge is refused, -1 = broken, and `why` says where.
 */
int merge_check(struct source *source, char *why, size_t why_size);

#endif
