/* SPDX-License-Identifier: Apache-2.0 */
/* What connections use of budgets (worker/budget.h). */
#include <errno.h>

#include "base/memory.h"
#include "gateway/flow.h"
#include "gateway/flow_tell.h"

static const enum budget_kind kinds[] = {[PUMP_UP] = BUDGET_BYTES_UP, [PUMP_DOWN] = BUDGET_BYTES_DOWN};

static uint64_t take(struct pump_meter *meter, unsigned way, uint64_t want)
{
    struct flow *flow = container_of(meter, struct flow, meter);
    struct gateway *gateway = flow->gateway;

    uint64_t taken =
        budgets_take(&gateway->budgets, &flow->use, kinds[way], want, loop_now_ns(gateway->loop), &flow->missing[way]);

    if (taken) /* first that is moved */
        flow->missing[way] = (struct budget_short){0};
    return taken;
}

static void give(struct pump_meter *meter, unsigned way, uint64_t amount)
{
    struct flow *flow = container_of(meter, struct flow, meter);

    budgets_give(&flow->gateway->budgets, &flow->use, kinds[way], amount);
}

void flow_recount(struct flow *flow, const struct net_decision *decision)
{
    flow->use = budget_use_of(decision);
    flow->meter = (struct pump_meter){take, give};
    flow->pump.meter = budgets_are_none(&flow->gateway->budgets, &flow->use) ? NULL : &flow->meter;
}

bool flow_count(struct flow *flow, const struct net_decision *decision)
{
    struct net_decision counted = *decision;

    flow_recount(flow, decision);
    if (!flow->pump.meter || gateway_count(flow->gateway, &counted))
        return true;
    flow_end_denied(flow, &counted);
    return false;
}

static void end_unpaid(struct flow *flow, uint16_t budget)
{
    flow->where = flow->gateway->budgets.rules->budgets[budget - 1].where;
    flow_tell_closed(flow, EDQUOT);
    flow_free(flow, true);
}

bool flow_pay(struct flow *flow, bool is_going_on)
{
    uint32_t wait_ms = 0;

    for (unsigned way = 0; way < 2; way++) {
        struct budget_short missing = flow->missing[way];

        flow->missing[way] = (struct budget_short){0};
        if (missing.budget && !missing.wait_ms) {
            gateway_end_budget(flow->gateway, missing.budget, kinds[way]);
            end_unpaid(flow, missing.budget);
            return false;
        }
        if (missing.wait_ms && (!wait_ms || missing.wait_ms < wait_ms))
            wait_ms = missing.wait_ms;
    }
    if (wait_ms && !is_going_on)
        loop_start(flow->gateway->loop, &flow->again_timer, wait_ms);
    return true;
}

void flow_end_unpaid(struct gateway *gateway)
{
    for (struct flow *flow = gateway->flows, *next; flow; flow = next) {
        uint16_t budget = flow->pump.meter && !flow->is_given ? budgets_ended(&gateway->budgets, &flow->use) : 0;

        next = flow->next;
        if (budget)
            end_unpaid(flow, budget);
    }
}
