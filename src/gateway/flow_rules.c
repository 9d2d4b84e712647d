/* SPDX-License-Identifier: Apache-2.0 */
/* Connections under new rules. */
#include <errno.h>
#include <string.h>

#include "gateway/asked.h"
#include "gateway/doors.h"
#include "gateway/flow.h"
#include "gateway/flow_tell.h"

static void judge_again(struct flow *flow, bool is_new)
{
    char before[NET_NAME_SIZE];
    const char *name = before;
    struct net_decision decision;

    if (flow->is_given)
        return; /* the inspector judges it by the same rules */
    if (flow->asked && !(is_new ? asked_change(flow) : asked_end(flow)))
        return;
    if (flow->door) {
        flow->door = door_find(flow->gateway->set->rules, flow->is_inward, flow->door);
        flow->where = flow->door ? flow->door->where : NULL;
        if (!flow->door) {
            flow_tell_closed(flow, EACCES);
            flow_free(flow, true);
        }
        return;
    }
    /* what already goes by has not been asked for its name, or has none */
    if (!flow->is_waiting && flow->question.said == NET_SAID_NOT_YET)
        flow->question.said = NET_SAID_NOTHING;
    memcpy(before, flow->name, sizeof(before));
    if (before[0]) {
        flow->question.names = &name;
        flow->question.name_count = 1;
    }
    decision = flow_judge(flow);
    flow->question.names = NULL;
    flow->question.name_count = 0;
    memcpy(flow->name, before, sizeof(before)); /* what is held is released by this name */
    if (decision.verdict == NET_REFUSE || (decision.verdict != NET_PERMIT && !flow->is_waiting && !flow->is_requested))
        flow_end_denied(flow, &decision);
    else
        flow_recount(flow, &decision);
}

void flow_judge_all(struct gateway *gateway, bool is_new)
{
    for (struct flow *flow = gateway->flows, *next; flow; flow = next) {
        next = flow->next;
        judge_again(flow, is_new);
    }
}
