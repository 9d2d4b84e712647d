/* SPDX-License-Identifier: Apache-2.0 */
/* What both forms of explain share. */
#ifndef CORDON_POLICY_COMPILE_EXPLAIN_H
#define CORDON_POLICY_COMPILE_EXPLAIN_H

#include "policy/plan.h"

/* The value of "NAME=value" when it may be shown: keys and tokens travel in variables of any name,
 * so only those are that are known to hold none. NULL otherwise. Points into `entry`. */
const char *explain_value(const char *entry);

/* What each kind of network comes to. */
struct explain_network {
    const char *kind, *subject, *verdict;
    enum mechanism first, behind;
};
const struct explain_network *explain_network(enum plan_network network);

#endif
