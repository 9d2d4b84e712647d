/* SPDX-License-Identifier: Apache-2.0 */
/* From a connection or datagram to the question that src/net decides. */
#include <arpa/inet.h>
#include <string.h>

#include "gateway/gateway.h"
#include "net/inside.h"

bool gateway_is_inside(const struct net_address *address)
{
    struct net_block block = {.family = address->family, .prefix = address->family == AF_INET ? 30 : 126};

    inet_pton(address->family, address->family == AF_INET ? "192.0.0.0" : "fdc0:7d09::", block.address);
    return net_block_has(&block, address);
}

static bool is_one_of(const char *name, const char *const *names, size_t count)
{
    for (size_t i = 0; name && i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return false;
}

void gateway_judge(struct gateway *gateway, const struct net_question *question, struct judgement *ret)
{
    struct net_question full = *question;
    struct net_address given = net_address_unmapped(&question->address);
    const char *names[NAMES_ROOM];
    size_t count = 0;

    *ret = (struct judgement){.decision = {.verdict = NET_REFUSE, .reason = NET_NOT_RESOLVED}, .to = given};
    if (gateway_is_inside(&given)) {
        ret->decision.reason = NET_SPECIAL;
        return;
    }
    if (names_of(gateway->names, &given, &ret->to, names, NAMES_ROOM, &count) < 0)
        return;
    full.address = ret->to = net_address_unmapped(&ret->to);
    full.is_own = ret->is_own = own_has(gateway->own, &full.address);
    /* `question` may bring the one name by which it was permitted before, which may have been forgotten since */
    if (!question->name_count) {
        full.names = names;
        full.name_count = count;
    }
    ret->has_given_name = question->said == NET_SAID_NAME && is_one_of(question->name, full.names, full.name_count);
    ret->decision = net_decide(gateway->set->rules, &full);
    if (ret->decision.name)
        strncpy(ret->name, ret->decision.name, NET_NAME_SIZE - 1);
    ret->decision.name = NULL;
    if (ret->decision.verdict == NET_ASK_REQUEST && (question->protocol != NET_TCP || !gateway->inspector)) {
        ret->decision.verdict = NET_REFUSE;
        ret->decision.reason = NET_OPAQUE;
    }
}

void gateway_tell_address(struct worker_message *message, const struct net_address *address)
{
    message->family = (uint16_t)address->family;
    memcpy(message->address, address->bytes, sizeof(message->address));
}

void gateway_tell_name(const struct gateway *gateway, struct worker_message *message)
{
    struct net_address address = {.family = message->family};
    const char *name;

    memcpy(address.bytes, message->address, sizeof(address.bytes));
    address = net_address_unmapped(&address);
    name = names_provisional(gateway->names, &address);
    if (!name)
        return;
    if (!message->name[0])
        strncpy(message->name, name, sizeof(message->name) - 1);
    gateway_tell_address(message, &(struct net_address){0});
}

void gateway_tell_budget(struct gateway *gateway, uint16_t budget, enum budget_kind kind)
{
    const struct net_budget *of = &gateway->budgets.rules->budgets[budget - 1];
    struct worker_message message =
        events_about(WORKER_BUDGET, &(struct net_question){.protocol = NET_ANY}, NULL, of->where);

    message.count = budget_limit(&gateway->budgets, budget, kind);
    message.ends_run = of->ends_run;
    strncpy(message.method, budget_kind_text(kind), sizeof(message.method) - 1);
    events_send(&gateway->events, &message);
    if (kind == BUDGET_BYTES_UP || kind == BUDGET_BYTES_DOWN)
        loop_start(gateway->loop, &gateway->unpaid, 0);
}

void gateway_end_budget(struct gateway *gateway, uint16_t budget, enum budget_kind kind)
{
    if (budgets_end(&gateway->budgets, budget, kind))
        gateway_tell_budget(gateway, budget, kind);
}

bool gateway_count(struct gateway *gateway, struct net_decision *decision)
{
    struct budget_use use = budget_use_of(decision);
    struct budget_short missing = {.budget = budgets_ended(&gateway->budgets, &use)};

    if (!missing.budget) {
        if (budgets_take_whole(&gateway->budgets, &use, BUDGET_CONNECTIONS, 1, loop_now_ns(gateway->loop), &missing))
            return true;
        gateway_end_budget(gateway, missing.budget, BUDGET_CONNECTIONS);
    }
    *decision = (struct net_decision){.verdict = NET_REFUSE, .reason = NET_BUDGET,
                                      .where = gateway->budgets.rules->budgets[missing.budget - 1].where};
    return false;
}

bool gateway_count_bytes(struct gateway *gateway, const struct budget_use *use, enum budget_kind kind, size_t size)
{
    struct budget_short missing;

    if (budgets_take_whole(&gateway->budgets, use, kind, size, loop_now_ns(gateway->loop), &missing))
        return true;
    if (!missing.wait_ms)
        gateway_end_budget(gateway, missing.budget, kind);
    return false;
}
