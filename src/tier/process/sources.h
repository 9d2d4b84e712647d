/* SPDX-License-Identifier: Apache-2.0 */
#ifndef CORDON_TIER_PROCESS_SOURCES_H
#define CORDON_TIER_PROCESS_SOURCES_H

#include "policy/plan.h"
#include "tier/access.h"

#define SOURCES_MAX 5

/* The ways in which a run of this plan is watched; none where nobody has the filter's listener. `voids`: 0 = what is absent is
   not seen, 1 = it is, 2 = in the home, too. */
size_t sources_fill(const struct plan *plan, const struct tier_watcher *watcher, int voids,
                    struct tier_source ret_sources[SOURCES_MAX]);

#endif
