/* SPDX-License-Identifier: Apache-2.0 */
/* tier_ops.open_exact. */
#ifndef CORDON_TIER_PROCESS_EXACT_H
#define CORDON_TIER_PROCESS_EXACT_H

#include "tier/tier.h"

int exact_open(const struct tier_exact *exact, int *ret_fd, struct error *err) must_check;

#endif
