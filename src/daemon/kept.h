/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The starter's look at containers on disk that no keeper has: by the names of their directories and by their locks, or by what the launcher has written
 * down of who keeps some. What is in them keepers read.
 */
#ifndef CORDON_DAEMON_KEPT_H
#define CORDON_DAEMON_KEPT_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "launcher/client.h"

#define KEPT_KEYS_MAX  512
#define KEPT_LOOKS_MAX 5 /* in KEPT_LOOKS_S seconds, when keepers ended */
#define KEPT_LOOKS_S   60

/* Where they are, "CORDON_CONTAINERS=<path>" for a keeper's environment; "" = there is no place. */
const char *kept_variable(void);
/* Tell the core of each key of which there is one that nobody has. */
void kept_tell(int core);

/* Of the system the launcher knows: tell the core of what waits for a keeper. *ret_wait_ms: until there may be more; 0 = nothing waits. */
int kept_ask(struct launcher *launcher, int core, uint64_t *ret_wait_ms, struct error *err) must_check;
/* A keeper by the launcher's record, in no group that its user is not in now. */
int kept_start(struct launcher *launcher, const char *record, int channel, pid_t *ret_pid, struct error *err) must_check;

#endif
