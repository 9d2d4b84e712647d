/* SPDX-License-Identifier: Apache-2.0 */
/* What both forms of explain share. */
#ifndef CORDON_POLICY_COMPILE_EXPLAIN_H
#define CORDON_POLICY_COMPILE_EXPLAIN_H

#include "policy/plan.h"

/* The value of variable `at` when it may be shown: what the policy itself sets, and of what is taken
 * from the caller only variables that are known to hold no key or token. NULL otherwise. */
const char *explain_value(const struct plan *plan, size_t at);

/* What each kind of network comes to. */
struct explain_network {
    const char *kind, *subject, *verdict;
    enum mechanism first, behind;
};
const struct explain_network *explain_network(const struct plan *plan);

#endif
