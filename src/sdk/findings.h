/* SPDX-License-Identifier: Apache-2.0 */
/* What a run left behind that git would act on when the caller uses it outside: looked at when the container has ended. */
#ifndef CORDON_SDK_FINDINGS_H
#define CORDON_SDK_FINDINGS_H

#include "event/event.h"
#include "policy/plan.h"
#include "tier/tier.h"

#define FINDINGS_MAX 64 /* of one run; then one more that says so */

struct findings {
    struct arena *arena; /* NULL = none */
    struct event_finding *items;
    size_t count;
};

void findings_finish(struct findings *findings);

/*
 * Look at every directory that the tier noted. `started_ns` (real time, of the clock that stamps files): hooks that did
 * not change since are the caller's own. -ENOMEM.
 */
int findings_look(const struct plan *plan, const struct tier_note *notes, size_t count, uint64_t started_ns,
                  struct findings *ret_findings, struct error *err) must_check;

/* The same for a run that goes on, or is about to be ended: what there is to look at cannot be told any more. */
int findings_give_up(size_t count, struct findings *ret_findings, struct error *err) must_check;

/* Is it a person's business? What was removed again is not. */
bool finding_is_told(const struct event_finding *finding);

#endif
