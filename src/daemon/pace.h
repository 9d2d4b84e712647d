/* SPDX-License-Identifier: Apache-2.0 */
/* When a child that has ended is started again: at once the first time, and then later each time that it did not stand. */
#ifndef CORDON_DAEMON_PACE_H
#define CORDON_DAEMON_PACE_H

#include <stdint.h>

#define PACE_FIRST_MS 100
#define PACE_MOST_MS  10000
#define PACE_WELL_MS  10000 /* one that stood so long begins anew with the first delay */

struct pace {
    uint64_t started_ns, due_ns; /* due_ns: of the next one */
    uint64_t delay_ms;
};

void pace_started(struct pace *pace, uint64_t now_ns);
/* It could not even be started. */
void pace_failed(struct pace *pace, uint64_t now_ns);
void pace_ended(struct pace *pace, uint64_t now_ns);

/* How long until `due_ns`, as poll() has it. UINT64_MAX = there is nothing to wait for. */
int pace_wait_ms(uint64_t due_ns, uint64_t now_ns);

/* Into the log: how it ended, as waitpid() has it, and when the next one is started. */
void pace_log(const struct pace *pace, const char *program, int status);

#endif
