/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are as good as dead: reaped later, so that nobody waits for namespaces to be torn down. */
#ifndef CORDON_TIER_PROCESS_RETIRE_H
#define CORDON_TIER_PROCESS_RETIRE_H

#include <sys/types.h>

/*
 * Take over a child that is exiting. It is reaped now if it is dead already, else by a later call or,
 * when RETIRED_MAX of them are waiting, by blocking on the oldest. Any thread.
 */
#define RETIRED_MAX 16
void retire(pid_t pid);

#endif
