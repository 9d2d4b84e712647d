/* SPDX-License-Identifier: Apache-2.0 */
/* Programs in a container that stands, on the parent's side. */
#ifndef CORDON_TIER_PROCESS_EXEC_H
#define CORDON_TIER_PROCESS_EXEC_H

#include "tier/tier.h"

/* As tier_ops.exec() and tier_ops.signal_program(). */
int exec_start(struct tier_run *run, const struct tier_exec *exec, struct tier_program *ret_program, struct error *err) must_check;
int exec_signal(struct tier_run *run, uint32_t number, int signal_number, struct error *err) must_check;

#endif
