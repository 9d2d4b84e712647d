/* SPDX-License-Identifier: Apache-2.0 */
/* The timer of ends.h. */
#include "worker/ends.h"

#include "base/compiler.h"

#define LOOK_MS 1000

static void start(struct ends *ends, uint64_t next_ms, uint64_t now_ms)
{
    uint64_t left_ms = next_ms > now_ms ? next_ms - now_ms : 0;

    loop_start(ends->loop, &ends->timer, left_ms < LOOK_MS ? left_ms : LOOK_MS);
}

static uint64_t next_of(const struct ends *ends)
{
    uint64_t next_ms = net_rules_next_end_ms(ends->rules), also_ms = ends->also_ms ? ends->also_ms(ends) : 0;

    return also_ms && (!next_ms || also_ms < next_ms) ? also_ms : next_ms;
}

static void look(struct loop_timer *timer)
{
    struct ends *ends = container_of(timer, struct ends, timer);
    uint64_t next_ms = next_of(ends), now_ms = net_rules_now_ms(ends->rules);

    if (next_ms && next_ms <= now_ms) {
        ends->over(ends);
        next_ms = next_of(ends);
    }
    if (next_ms)
        start(ends, next_ms, now_ms);
}

void ends_watch(struct ends *ends, const struct net_rules *rules)
{
    uint64_t next_ms;

    ends->rules = rules;
    next_ms = next_of(ends);
    ends->timer.due = look;
    loop_cancel(ends->loop, &ends->timer);
    if (next_ms)
        start(ends, next_ms, net_rules_now_ms(rules));
}
