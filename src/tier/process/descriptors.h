/* SPDX-License-Identifier: Apache-2.0 */
/* Which descriptors may be handed to a contained program. */
#ifndef CORDON_TIER_PROCESS_DESCRIPTORS_H
#define CORDON_TIER_PROCESS_DESCRIPTORS_H

#include "tier/tier.h"

/* ERROR_INVALID or ERROR_UNENFORCEABLE names the one that would reach past the plan. */
int descriptors_check(const struct tier_start *start, struct error *err) must_check;

/* Is it the host's /dev/null? It is replaced by the container's own (init/main.c: streams_complete()). */
bool descriptors_is_null_device(int fd);

#endif
