/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORDON_TIER_PROCESS_SERVE_H
#define CORDON_TIER_PROCESS_SERVE_H

#include "tier/tier.h"

/* As tier_ops.serve(). */
int serve_file(struct tier_run *run, enum plan_served file, const void *bytes, size_t size, struct error *err) must_check;

/* Those that a start has by then, for an init that has the record and waits for MESSAGE_GO. */
int serve_first(struct tier_run *run, const struct tier_start *start, struct error *err) must_check;

#endif
