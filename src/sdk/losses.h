/* SPDX-License-Identifier: Apache-2.0 */
/* The losses of a plan, briefly: explain has each of them. */
#ifndef CORDON_SDK_LOSSES_H
#define CORDON_SDK_LOSSES_H

#include "policy/policy.h"

#define LOSS_SHOWN_MAX 3 /* of one kind; more become a number */

struct loss_summary {
    const char *name;
    const char *text;
};

/*
 * One entry a loss; where more than LOSS_SHOWN_MAX neighbours have the same name, one for all of them. At most `max`
 * are written to `summaries`. *ret_count is how many there are. Texts live in plan->arena.
 */
int losses_summarise(const struct plan *plan, struct loss_summary *summaries, size_t max, size_t *ret_count,
                     struct error *err) must_check;

#endif
