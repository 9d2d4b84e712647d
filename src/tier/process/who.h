/* SPDX-License-Identifier: Apache-2.0 */
/* What processes executed when they connected: memory that process 1 writes (init/telling.c), and that is only looked at here. */
#ifndef CORDON_TIER_PROCESS_WHO_H
#define CORDON_TIER_PROCESS_WHO_H

#include "tier/process/run.h"

/* The memory, which the run keeps, and a descriptor of it for process 1. */
int who_open(struct tier_run *run, int *ret_fd, struct error *err) must_check;
void who_close(struct tier_run *run);

/* As tier_ops.executed. */
bool who_executed(const struct tier_run *run, unsigned pid, char *ret_path, size_t size);

#endif
