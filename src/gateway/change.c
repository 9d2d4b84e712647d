/* SPDX-License-Identifier: Apache-2.0 */
/*
 * New rules are read and checked, offered to the inspector, and only then take the place of the former ones; so the one who
 * may refuse them is asked before anything is different. Until then the starter is not listened to.
 */
#include "gateway/change.h"

#include <errno.h>

#include "gateway/asked.h"
#include "gateway/doors.h"
#include "gateway/flow.h"
#include "gateway/inspector.h"
#include "gateway/ping.h"
#include "gateway/udp.h"
#include "worker/channel.h"

bool change_is_pending(const struct gateway *gateway)
{
    return gateway->pending;
}

static void listen_to_starter(struct gateway *gateway, bool is_listening)
{
    struct error err = ERROR_INIT;

    if (loop_change(gateway->loop, &gateway->channel, is_listening ? EPOLLIN | EPOLLRDHUP : EPOLLRDHUP) == 0)
        return;
    (void)error_set(&err, ERROR_SYSTEM, 0, "listen to the starter");
    gateway_end(gateway, &err);
}

static void refuse(struct gateway *gateway, const struct error *err)
{
    ruleset_free(gateway->pending);
    gateway->pending = NULL;
    channel_send_error(gateway->channel.fd, err);
}

static void judge_all(struct gateway *gateway, bool is_new)
{
    doors_judge_all(gateway);
    flow_judge_all(gateway, is_new);
    udp_judge_all(gateway->udp);
    ping_judge_all(gateway->ping);
}

static void tell_ended(void *context, const struct net_rule *rule)
{
    struct gateway *gateway = context;
    struct worker_message message = events_about(WORKER_ENDED, &(struct net_question){.protocol = NET_ANY}, NULL, rule->where);

    message.count = rule->until_ms;
    events_send(&gateway->events, &message);
}

static void over(struct ends *ends)
{
    struct gateway *gateway = container_of(ends, struct gateway, ends);
    struct net_rules *rules = gateway->set->rules;
    struct error err = ERROR_INIT;

    if (net_rules_end(rules, net_rules_now_ms(rules), tell_ended, gateway) && names_set_rules(gateway->names, rules, &err) < 0)
        gateway_end(gateway, &err); /* what is asked for would go on by rules that are over */
    else
        judge_all(gateway, false);
}

/* Of what a person allowed for a while. */
static uint64_t next_of_answers(const struct ends *ends)
{
    const struct gateway *gateway = container_of(ends, const struct gateway, ends);
    uint64_t first = 0;

    for (const struct flow *flow = gateway->flows; flow; flow = flow->next) {
        uint64_t at = asked_next_end_ms(flow);

        if (at && (!first || at < first))
            first = at;
    }
    return first;
}

void change_watch_ends(struct gateway *gateway)
{
    gateway->ends.loop = gateway->loop;
    gateway->ends.over = over;
    gateway->ends.also_ms = next_of_answers;
    ends_watch(&gateway->ends, gateway->set->rules);
}

/* The names come first: it is what may still fail. */
static int take_effect(struct gateway *gateway, struct error *err)
{
    struct ruleset *former = gateway->set, *captured = gateway->captured;
    int status = names_set_rules(gateway->names, gateway->pending->rules, err);

    if (status < 0)
        return status;
    gateway->set = take_ptr(gateway->pending);
    gateway->budgets = gateway->pending_budgets;
    judge_all(gateway, true);
    ends_watch(&gateway->ends, gateway->set->rules);
    if (gateway->is_pending_captured)
        gateway->captured = gateway->set;
    if (captured != gateway->captured && captured != former)
        ruleset_free(captured);
    if (former != gateway->captured)
        ruleset_free(former);
    return 0;
}

static void finish(struct gateway *gateway, const struct error *refusal)
{
    static const struct worker_message applied = {.type = WORKER_APPLIED};
    struct error err = ERROR_INIT;

    if (refusal) {
        refuse(gateway, refusal);
    } else if (take_effect(gateway, &err) < 0) {
        refuse(gateway, &err);
        if (gateway->inspector)
            gateway_end(gateway, &err); /* it has the new rules already */
    } else if (channel_send(gateway->channel.fd, &applied, false) < 0) {
        gateway_end(gateway, &err); /* the starter would wait for ever */
    }
}

static int prepare(struct gateway *gateway, int fd, uint32_t flags, struct error *err)
{
    int status = ruleset_read(fd, flags & WORKER_RULES_ASKED, &gateway->pending, err);

    if (status == 0)
        gateway->pending->is_logged = flags & WORKER_RULES_LOGGED;
    if (status == 0)
        status = ruleset_check_doors(gateway->set, gateway->pending, err);
    if (status == 0 && gateway->pending->names_ping && !gateway->ping)
        status = error_set(err, ERROR_UNENFORCEABLE, EOPNOTSUPP,
                           "the new rules grant icmp, which was not when the container started; start it anew");
    if (status == 0 && !gateway->is_pending_captured)
        status = ruleset_check_within(gateway->captured, gateway->pending, err);
    if (status == 0 && gateway->pending->rules->budget_count && !gateway->budgets.memory)
        status = budgets_create(&gateway->budgets, NULL, err);
    gateway->pending_budgets = gateway->budgets;
    if (status == 0)
        status = budgets_set_rules(&gateway->pending_budgets, gateway->pending->rules, true, err);
    if (status == 0 && gateway->inspector) {
        status = inspector_send_rules(gateway, fd);
        status = status < 0 ? error_system(err, -status, "give the inspector the new rules") : 0;
    }
    return status;
}

void change_rules(struct gateway *gateway, int fd, uint32_t flags)
{
    struct error err = ERROR_INIT;
    int status;

    gateway->is_pending_captured = flags & WORKER_RULES_CAPTURED;
    status = prepare(gateway, fd, flags, &err);
    if (status < 0 || !gateway->inspector)
        finish(gateway, status < 0 ? &err : NULL);
    else
        listen_to_starter(gateway, false);
}

void change_answered(struct gateway *gateway, const struct worker_message *answer)
{
    struct error err = ERROR_INIT;

    listen_to_starter(gateway, true);
    if (gateway->is_ended)
        return;
    if (answer->type == WORKER_ERROR)
        (void)error_set(&err, (enum error_kind)answer->kind, answer->errnum, "the inspector: %s", answer->where);
    finish(gateway, answer->type == WORKER_ERROR ? &err : NULL);
}
