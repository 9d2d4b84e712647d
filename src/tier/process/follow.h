/* SPDX-License-Identifier: Apache-2.0 */
/* What init says while a container is being made. */
#ifndef CORDON_TIER_PROCESS_FOLLOW_H
#define CORDON_TIER_PROCESS_FOLLOW_H

#include "tier/process/run.h"

/*
 * Follow init until the program runs. Only MESSAGE_RUNNING counts as started; end-of-file is a failure. 1 = it does; 0 = not yet,
 * without `waits`.
 */
int follow_start(struct tier_run *run, const struct tier_start *start, bool waits, struct error *err) must_check;

/* As tier_ops.settle(). */
int follow_settle(struct tier_run *run, const struct tier_start *start, bool waits, struct error *err) must_check;

#endif
