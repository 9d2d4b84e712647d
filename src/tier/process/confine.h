/* SPDX-License-Identifier: Apache-2.0 */
/* Which Landlock rights are handled on this kernel, and which of them a rule of the plan gives. */
#ifndef CORDON_TIER_PROCESS_CONFINE_H
#define CORDON_TIER_PROCESS_CONFINE_H

#include <stdbool.h>
#include <stdint.h>

#include "policy/plan.h"

struct confine {
    uint64_t fs, net, scoped; /* handled; 0 where the kernel knows none of it */
    uint32_t size;            /* of the attribute that this ABI knows */
    uint32_t restrict_flags;
};

/* `abi` 0 gives an empty result. */
struct confine confine_handled(int abi, const struct plan *plan);

/* Rights of one rule: only those that are handled, and only file rights when the target is not a directory. */
uint64_t confine_rights(const struct confine *confine, const struct plan_rule *rule, bool is_directory);

#endif
