/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/pace.h"

#include <limits.h>
#include <sys/wait.h>

#include "base/clock.h"
#include "daemon/daemon.h"

void pace_started(struct pace *pace, uint64_t now_ns)
{
    pace->started_ns = now_ns;
}

void pace_failed(struct pace *pace, uint64_t now_ns)
{
    pace->started_ns = now_ns;
    pace->due_ns = now_ns + PACE_MOST_MS * NS_PER_MS;
}

void pace_ended(struct pace *pace, uint64_t now_ns)
{
    if (now_ns - pace->started_ns > PACE_WELL_MS * NS_PER_MS || !pace->delay_ms)
        pace->delay_ms = PACE_FIRST_MS;
    else
        pace->delay_ms = 2 * pace->delay_ms < PACE_MOST_MS ? 2 * pace->delay_ms : PACE_MOST_MS;
    pace->due_ns = now_ns + pace->delay_ms * NS_PER_MS;
}

int pace_wait_ms(uint64_t due_ns, uint64_t now_ns)
{
    uint64_t wait_ms = due_ns <= now_ns ? 0 : (due_ns - now_ns) / NS_PER_MS + 1;

    return due_ns == UINT64_MAX ? -1 : wait_ms < INT_MAX ? (int)wait_ms : INT_MAX;
}

void pace_log(const struct pace *pace, const char *program, int status)
{
    daemon_log("%s ended (%s %d); another one is started in %llu ms", program, WIFSIGNALED(status) ? "signal" : "status",
               WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), (unsigned long long)pace->delay_ms);
}
