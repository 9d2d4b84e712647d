/* SPDX-License-Identifier: Apache-2.0 */
/* The starter's look at containers on disk that no keeper has: by the names of their directories and by their locks. What is in them keepers read. */
#ifndef CORDON_DAEMON_KEPT_H
#define CORDON_DAEMON_KEPT_H

#include <stddef.h>

#define KEPT_KEYS_MAX  512
#define KEPT_LOOKS_MAX 5 /* in KEPT_LOOKS_S seconds, when keepers ended */
#define KEPT_LOOKS_S   60

/* Where they are, "CORDON_CONTAINERS=<path>" for a keeper's environment; "" = there is no place. */
const char *kept_variable(void);
/* Tell the core of each key of which there is one that nobody has. */
void kept_tell(int core);

#endif
