/* SPDX-License-Identifier: Apache-2.0 */
/* The first half of a start: process 1 comes to be, and makes what every container has, before there is a plan. */
#ifndef CORDON_TIER_PROCESS_BEGIN_H
#define CORDON_TIER_PROCESS_BEGIN_H

#include <stddef.h>

#include "base/error.h"
#include "tier/process/run.h"

enum begin_how {
    BEGIN_EARLY,    /* in namespaces, and with /dev and /proc in its tree: begin_suits() says whether a plan wants them */
    BEGIN_FOR_PLAN, /* in namespaces, nothing beforehand */
    BEGIN_WITH_VOID, /* the same, and what the plan does not grant is a file system that sees look-ups */
    BEGIN_REVIEWED, /* the same for a plan that is reviewed */
    BEGIN_AS_CALLER, /* the same as BEGIN_FOR_PLAN, with a spawner: as the caller outside */
    BEGIN_PLACE,    /* no namespace */
};

/*
 * `run` is as run_new() made it; on failure it may hold an init that run_finish() ends. The descriptors are kept open for the
 * program: ascending, all above 2, at most TIER_FDS_MAX.
 */
int begin_init(struct tier_run *run, enum begin_how how, const struct tier_prepare *prepare, struct error *err) must_check;

/* Can an init that began early go on with this plan? */
bool begin_suits(const struct plan *plan);

/* Groups beside the primary one; more than can be looked at count as some. */
bool begin_has_other_groups(void);

#endif
