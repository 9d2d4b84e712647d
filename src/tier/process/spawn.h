/* SPDX-License-Identifier: Apache-2.0 */
/* From this process to cordon-init in new namespaces: all that happens between clone() and exec(). */
#ifndef CORDON_TIER_PROCESS_SPAWN_H
#define CORDON_TIER_PROCESS_SPAWN_H

#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct spawn {
    unsigned long namespaces; /* CLONE_NEW*; 0 = in place: no capability beyond the caller's is kept */
    int init;    /* the init program, opened */
    int control; /* init's end of the socket pair */
    const int *fds; /* ascending */
    size_t fd_count;
    int null;    /* /dev/null: what 0, 1 and 2 are until the record comes */
};

/* *ret_pidfd is close-on-exec. The child shares nothing with this process once this returns. */
int spawn_init(const struct spawn *spawn, pid_t *ret_pid, int *ret_pidfd, struct error *err) must_check;

#endif
