/* SPDX-License-Identifier: Apache-2.0 */
/* What is taken from either side of a connection, as far as budgets pay for it (worker/budget.h). */
#include <errno.h>

#include "inspect/flow.h"
#include "inspect/held.h"
#include "inspect/tell.h"

static const enum budget_kind kinds[] = {[PROGRAM] = BUDGET_BYTES_UP, [SERVER] = BUDGET_BYTES_DOWN};

/* Nothing is left: the flow waits for its rate, or a budget is used up. */
static int unpaid(struct flow *flow, enum budget_kind kind, const struct budget_short *missing)
{
    struct inspector *inspector = flow->inspector;

    if (missing->wait_ms) {
        loop_start(inspector->loop, &flow->again, missing->wait_ms);
        return 0;
    }
    tell_budget(inspector, missing->budget, kind);
    return -EDQUOT;
}

/* Up to `want` bytes may be taken. 0 with *ret_broken = 0: not now. */
static size_t pay(struct flow *flow, unsigned side, size_t want, int *ret_broken)
{
    struct inspector *inspector = flow->inspector;
    struct budget_short missing = {0};
    size_t paid;

    if (budgets_are_none(&inspector->budgets, &flow->use))
        return want;
    paid = budgets_take(&inspector->budgets, &flow->use, kinds[side], want, loop_now_ns(inspector->loop), &missing);
    if (!paid)
        *ret_broken = unpaid(flow, kinds[side], &missing);
    flow->owes = flow->owes && !paid;
    return paid;
}

static void give_back(struct flow *flow, unsigned side, uint64_t size)
{
    if (size && !budgets_are_none(&flow->inspector->budgets, &flow->use))
        budgets_give(&flow->inspector->budgets, &flow->use, kinds[side], size);
}

static bool fill_held(struct flow *flow, struct buffer *in, size_t most, int *ret_broken)
{
    size_t paid;

    if (!flow->held_in.size || in->size >= most)
        return false;
    paid = pay(flow, SERVER, flow->held_in.size, ret_broken);
    if (!paid)
        return false;
    if (!buffer_add(in, buffer_bytes(&flow->held_in), paid)) {
        *ret_broken = -ENOMEM;
        return false;
    }
    buffer_take(&flow->held_in, paid);
    held_took(flow);
    return true;
}

bool flow_fill(struct flow *flow, unsigned side, struct buffer *in, size_t most, int *ret_broken)
{
    struct stream *stream = &flow->sides[side];
    size_t paid;
    ssize_t got;
    char *room;

    if (side == SERVER && flow->hold)
        return fill_held(flow, in, most, ret_broken);
    if (stream->is_ended || !stream->can_read || in->size >= most)
        return false;
    paid = pay(flow, side, FLOW_READ, ret_broken);
    if (!paid)
        return false;
    room = buffer_reserve(in, paid);
    if (!room) {
        *ret_broken = -ENOMEM;
        return false;
    }
    got = stream_read(stream, room, paid);
    give_back(flow, side, paid - (got > 0 ? (size_t)got : 0));
    flow->lent[side] += got > 0 ? (uint64_t)got : 0;
    if (got > 0)
        in->size += (size_t)got;
    if (!in->size)
        buffer_finish(in);
    if (got == -ECONNRESET && side == SERVER) { /* before the loop told so: what it said before is passed on */
        stream->has_failed = stream->is_ended = stream->is_cut = true;
        return true;
    }
    if (got < 0 && got != -EAGAIN)
        *ret_broken = (int)got;
    return got >= 0;
}

int flow_flush(struct flow *flow, unsigned side)
{
    struct stream *stream = &flow->sides[side];
    int status = stream_flush(stream);

    if (side == PROGRAM || (status != -ECONNRESET && status != -EPIPE))
        return status;
    stream->has_failed = stream->can_read = true; /* what waits is dropped by the next one */
    return 1;
}

/* Who owes time keeps the connection until it has passed: nothing is read meanwhile. */
static bool pay_bytes(struct flow *flow, unsigned side, const struct budget_use *use, uint64_t size, struct budget_short *ret_short)
{
    struct inspector *inspector = flow->inspector;
    uint64_t lent = size < flow->lent[side] ? size : flow->lent[side];
    bool is_paid;

    *ret_short = (struct budget_short){0};
    flow->lent[side] -= lent;
    if (budget_uses_equal(&flow->use, use))
        return true;
    give_back(flow, side, lent);
    is_paid = budgets_owe(&inspector->budgets, use, kinds[side], size, loop_now_ns(inspector->loop), ret_short);
    if (is_paid && (!flow->owes || ret_short->wait_ms)) {
        flow->use = *use;
        flow->lent[PROGRAM] = flow->lent[SERVER] = 0;
        flow->owes = ret_short->wait_ms;
    }
    return is_paid;
}

bool flow_pay_bytes(struct flow *flow, unsigned side, const struct budget_use *use, uint64_t size)
{
    struct budget_short missing;

    if (pay_bytes(flow, side, use, size, &missing))
        return true;
    tell_budget(flow->inspector, missing.budget, kinds[side]);
    return false;
}

bool flow_pay_request(struct flow *flow, const struct budget_use *use, uint64_t size, const char **ret_where)
{
    struct inspector *inspector = flow->inspector;
    struct budgets *budgets = &inspector->budgets;
    struct budget_short missing = {.budget = budgets_ended(budgets, use)};

    if (!missing.budget && !budgets_are_none(budgets, use) &&
        !budgets_take_whole(budgets, use, BUDGET_REQUESTS, 1, loop_now_ns(inspector->loop), &missing))
        tell_budget(inspector, missing.budget, BUDGET_REQUESTS);
    else if (!missing.budget && !pay_bytes(flow, PROGRAM, use, size, &missing))
        tell_budget(inspector, missing.budget, BUDGET_BYTES_UP);
    else if (!missing.budget || missing.wait_ms)
        return true;
    *ret_where = inspector->rules->budgets[missing.budget - 1].where;
    return false;
}
