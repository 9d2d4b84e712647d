/* SPDX-License-Identifier: Apache-2.0 */
/* What process 1 is given of a start, and whether what was made by one start is what another would make. */
#ifndef CORDON_TIER_PROCESS_HAND_OVER_H
#define CORDON_TIER_PROCESS_HAND_OVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"
#include "tier/process/run.h"

/* Can somebody be asked while the program waits? */
bool hand_over_may_ask(const struct tier_start *start);

/* RECORD_...: what the record says beside the plan. */
uint32_t hand_over_flags(const struct tier_start *start);

/* Of a container with its own uid: what the caller could reach is shown to it. -EOPNOTSUPP where that is not possible here. */
int hand_over_grants(struct tier_run *run, const struct tier_start *start, struct error *err) must_check;

/* The plan as a record, and the program's standard streams. The rest of the start is init's. */
int hand_over_record(struct tier_run *run, const struct tier_start *start, struct error *err) must_check;

/* 1: `run`, which is kept ready, is what this start would make, and has its plan from now on; 0: it is not. */
int hand_over_suits(struct tier_run *run, const struct tier_start *start, struct error *err) must_check;

#endif
