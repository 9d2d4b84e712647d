/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the next rule ends (docs/decisions/0226). The clocks are looked at when it should, and once a second before: that a clock was set, or that the
 * machine slept, tells nobody. Without rules that end nothing is looked at.
 */
#ifndef CORDON_WORKER_ENDS_H
#define CORDON_WORKER_ENDS_H

#include "net/rules.h"
#include "worker/loop.h"

struct ends {
    struct loop *loop;
    struct loop_timer timer;
    const struct net_rules *rules;
    uint64_t (*also_ms)(const struct ends *ends); /* when the next of others ends, by the same clock; 0 = none; may be NULL */
    void (*over)(struct ends *ends); /* the time of some is: net_rules_end() says of which */
};

/* From here on of these rules, in place of any before. */
void ends_watch(struct ends *ends, const struct net_rules *rules);

#endif
