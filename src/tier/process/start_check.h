/* SPDX-License-Identifier: Apache-2.0 */
/* What cannot be started as it is asked for, found out before anything is made. */
#ifndef CORDON_TIER_PROCESS_START_CHECK_H
#define CORDON_TIER_PROCESS_START_CHECK_H

#include "tier/tier.h"

int start_check(const struct tier_start *start, struct error *err) must_check;

#endif
