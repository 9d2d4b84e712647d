/* SPDX-License-Identifier: Apache-2.0 */
/* The process tier: namespaces, a file tree of its own, Landlock, seccomp, limits. Row of the table of tiers. */
#ifndef CORDON_TIER_PROCESS_PROCESS_H
#define CORDON_TIER_PROCESS_PROCESS_H

#include "tier/tier.h"

extern const struct tier_ops tier_process;

/* probe.c */
int process_probe(unsigned wanted, struct facts *ret_facts, struct error *err) must_check;
/* filter_said.c */
void process_judge_call(const struct plan_filter *plan, int number, struct plan_call *ret_call);
/* probe_modules.c: facts->no_tproxy */
void process_probe_tproxy(struct facts *facts);

/* group.c */
int group_make(const struct tier_run *run, const struct tier_group *around, const struct tier_inner *inner, struct tier_group **ret_group,
               struct tier_counting *ret_counting, struct error *err) must_check;
int group_join(const struct tier_group *group, pid_t pid, struct error *err) must_check;
void group_free(struct tier_group *group);

#endif
