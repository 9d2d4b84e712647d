/* SPDX-License-Identifier: Apache-2.0 */
/* Processes that are as good as dead: reaped later, so that nobody waits for namespaces to be torn down. */
#ifndef CORDON_BASE_RETIRE_H
#define CORDON_BASE_RETIRE_H

#include <sys/types.h>

/*
 * Take over a child that is exiting; the descriptor stays the caller's. It is reaped now if it is dead already, else by
 * a later call. It is waited for when RETIRED_MAX of them are waiting, and on kernels before 6.9, where nothing would
 * tell it from a later process of its number. Any thread.
 */
#define RETIRED_MAX 64
void retire(pid_t pid, int pidfd);

/* Wait for those that are left. */
void retire_finish(void);

/*
 * The same at the end of a program, unless they are taken over by a process 1 that looks after its children: it handles,
 * blocks or ignores SIGCHLD. Many a container's does not, and each that is left to it stays for ever.
 */
void retire_leave(void);

#endif
