/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is allowed is judged as if a rule about exactly this host and port stood in the layers that the starter names; all else that
 * holds for connections by such a rule holds here too: special addresses, the host's own, denials, the name that is said.
 *
 * System calls: those of the files that it uses.
 */
#include "gateway/asked.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "gateway/dns_route.h"
#include "gateway/flow.h"
#include "gateway/pins.h"
#include "worker/channel.h"

static const char by_person[] = "a person's answer";
static const struct net_decision no_rule = {.verdict = NET_REFUSE, .reason = NET_NO_RULE};

enum asked_step {
    ASKED_HELD = 0,
    ASKED_LOOKING, /* allowed, and its name is being resolved */
    ASKED_ALLOWED,
    ASKED_DENIED,
};

struct asked {
    struct flow *flow;
    enum asked_step step;
    bool is_granted;             /* by the rules that hold now: the name became so after it was told its address */
    uint64_t layers;             /* that are to grant it */
    uint64_t until_ms;           /* since 1970, 0 = as long as it lives */
    char name[NET_NAME_SIZE];    /* empty = by its address */
    struct net_address to;       /* family 0 = not known yet */
    const struct net_rules *rules; /* by which it is judged once it is allowed */
    struct net_rules *own;       /* these, where something was added to them; NULL = they are the gateway's */
    struct arena *arena;         /* holds that */
    struct names_look look;
};

/* ---- whom it is about ---- */

static bool is_ordinary(struct gateway *gateway, const struct net_address *address)
{
    enum net_address_class class = net_address_class(address);

    return (class == NET_PUBLIC || class == NET_PRIVATE) && !own_has(gateway->own, address);
}

/* An address that this container was given for one name stands for it; else it speaks for itself. */
static bool find_address(struct gateway *gateway, const struct net_address *address, struct asked *asked)
{
    const char *names[NAMES_ROOM];
    size_t count = 0;

    if (names_of(gateway->names, address, &asked->to, names, NAMES_ROOM, &count) < 0)
        return false;
    asked->to = net_address_unmapped(&asked->to);
    if (count == 1)
        strncpy(asked->name, names[0], NET_NAME_SIZE - 1);
    return is_ordinary(gateway, &asked->to) && (count == 1 || !pins_is_synthetic(address));
}

static bool find(struct flow *flow, const struct net_decision *decision, struct asked *asked)
{
    struct gateway *gateway = flow->gateway;
    struct net_address address = net_address_unmapped(&flow->question.address);
    const char *name = names_provisional(gateway->names, &address);
    struct net_decision by_name;

    if (!name)
        return (decision->reason == NET_NO_RULE || decision->reason == NET_NOT_RESOLVED) && find_address(gateway, &address, asked);
    by_name = net_decide_name(gateway->set->rules, name);
    asked->is_granted = by_name.verdict != NET_REFUSE;
    strncpy(asked->name, name, NET_NAME_SIZE - 1);
    return asked->is_granted || by_name.reason == NET_NO_RULE;
}

bool asked_prepare(struct flow *flow, const struct net_decision *decision)
{
    struct gateway *gateway = flow->gateway;
    struct asked found = {.flow = flow}, *asked;

    if (!gateway->set->rules->is_asked || !find(flow, decision, &found))
        return false;
    memcpy(flow->name, found.name, sizeof(flow->name)); /* whatever comes of it is told by this name */
    if (gateway->held_count >= ASKED_HELD_MAX)
        return false;
    asked = mem_alloc(sizeof(*asked));
    if (!asked)
        return false;
    *asked = found;
    flow->asked = asked;
    gateway->held_count++;
    return true;
}

/* ---- once it is allowed ---- */

static void leave(struct asked *asked, enum asked_step step)
{
    if (asked->step == ASKED_HELD || asked->step == ASKED_LOOKING)
        asked->flow->gateway->held_count--;
    asked->step = step;
}

static bool add_rule(struct asked *asked)
{
    const struct net_rules *rules = asked->flow->gateway->set->rules;
    const char *name = asked->name;
    const struct net_question question = {
        .protocol = NET_TCP,
        .address = asked->to,
        .port = asked->flow->question.port,
        .names = &name,
        .name_count = asked->name[0] != '\0',
    };

    asked->rules = rules;
    if (!asked->layers)
        return true;
    asked->arena = arena_new();
    asked->own = asked->arena ? net_rules_add(rules, &question, asked->layers, by_person, asked->until_ms, asked->arena) : NULL;
    asked->rules = asked->own;
    return asked->rules;
}

void asked_judge(struct flow *flow, const struct net_question *question, struct judgement *ret)
{
    const struct asked *asked = flow->asked;
    struct net_question full = *question;
    const char *name = asked->name;

    *ret = (struct judgement){.decision = no_rule, .to = asked->to};
    if (!asked->rules || !asked->to.family)
        return;
    full.address = asked->to;
    full.is_own = ret->is_own = own_has(flow->gateway->own, &asked->to);
    full.names = &name;
    full.name_count = asked->name[0] != '\0';
    ret->has_given_name = full.name_count && full.said == NET_SAID_NAME && strcmp(full.name, name) == 0;
    ret->decision = net_decide(asked->rules, &full);
    if (ret->decision.name)
        memcpy(ret->name, asked->name, sizeof(ret->name));
    ret->decision.name = NULL;
    if (ret->decision.verdict == NET_ASK_REQUEST) { /* the inspector knows nothing of the answer */
        ret->decision.verdict = NET_REFUSE;
        ret->decision.reason = NET_OPAQUE;
    }
}

static void go_on(struct flow *flow)
{
    struct net_decision decision = flow_judge(flow);

    leave(flow->asked, ASKED_ALLOWED);
    if (decision.verdict == NET_REFUSE) {
        flow_end_denied(flow, &decision);
        return;
    }
    if (decision.verdict != NET_PERMIT)
        flow_wait_for_name(flow);
    else if (!flow_permit(flow, &decision) || !flow_dial(flow))
        return;
    loop_start(flow->gateway->loop, &flow->again_timer, 0); /* what has come meanwhile has been told of already */
}

/* The first that may be reached by this name. */
static void found(struct names_look *look, const struct net_address *addresses, size_t count)
{
    struct asked *asked = container_of(look, struct asked, look);
    struct flow *flow = asked->flow;
    struct judgement judgement = {.decision = no_rule};
    size_t tried = 0;

    for (size_t i = 0; i < count; i++) {
        struct net_address unmapped = net_address_unmapped(&addresses[i]);

        if (unmapped.family != addresses[i].family || !dns_route_exists(&addresses[i]))
            continue;
        tried++;
        asked->to = addresses[i];
        asked_judge(flow, &flow->question, &judgement);
        if (judgement.decision.verdict != NET_REFUSE) {
            go_on(flow);
            return;
        }
    }
    leave(asked, ASKED_DENIED);
    flow->to = asked->to.family ? asked->to : flow->to;
    if (tried)
        flow_end_denied(flow, &judgement.decision);
    else
        flow_end_failed(flow, EHOSTUNREACH);
}

static void allow(struct asked *asked)
{
    struct flow *flow = asked->flow;

    if (!add_rule(asked)) {
        leave(asked, ASKED_DENIED);
        flow_end_failed(flow, ENOMEM);
        return;
    }
    if (asked->to.family) {
        go_on(flow);
        return;
    }
    asked->step = ASKED_LOOKING;
    asked->look = (struct names_look){.found = found};
    names_look(flow->gateway->names, asked->name, &asked->look);
}

/* ---- asking ---- */

static bool ask(struct flow *flow)
{
    const struct asked *asked = flow->asked;
    struct worker_message message = events_about(0, &flow->question, asked->name, NULL);

    message.type = WORKER_HELD;
    message.connection = flow->number;
    message.pid = flow->pid;
    message.program = flow->program;
    gateway_tell_address(&message, &asked->to);
    return channel_send(flow->gateway->channel.fd, &message, false) == 0;
}

void asked_begin(struct flow *flow)
{
    if (flow->asked->is_granted) {
        allow(flow->asked);
        return;
    }
    if (ask(flow))
        return;
    leave(flow->asked, ASKED_DENIED);
    flow_end_denied(flow, &no_rule);
}

void asked_answer(struct gateway *gateway, const struct worker_message *answer)
{
    struct flow *flow = gateway->flows;

    while (flow && !(flow->number == answer->connection && flow->asked && flow->asked->step == ASKED_HELD))
        flow = flow->next;
    if (!flow)
        return;
    if (answer->kind == WORKER_ANSWER_ALLOW) {
        flow->asked->layers = answer->count;
        if (answer->duration_us)
            flow->asked->until_ms = net_rules_now_ms(gateway->set->rules) + answer->duration_us / 1000;
        allow(flow->asked);
        if (answer->duration_us) /* `flow` may be gone */
            ends_watch(&gateway->ends, gateway->set->rules);
        return;
    }
    leave(flow->asked, ASKED_DENIED);
    flow_end_denied(flow, &no_rule);
}

bool asked_waits(const struct flow *flow)
{
    return flow->asked && (flow->asked->step == ASKED_HELD || flow->asked->step == ASKED_LOOKING);
}

bool asked_change(struct flow *flow)
{
    if (asked_waits(flow)) {
        flow_end_denied(flow, &no_rule);
        return false;
    }
    flow->asked->rules = flow->gateway->set->rules;
    flow->asked->own = NULL;
    return true;
}

uint64_t asked_next_end_ms(const struct flow *flow)
{
    return flow->asked && flow->asked->own ? net_rules_next_end_ms(flow->asked->own) : 0;
}

bool asked_end(struct flow *flow)
{
    struct asked *asked = flow->asked;
    struct net_decision decision;

    if (asked->own)
        net_rules_end(asked->own, net_rules_now_ms(asked->own), NULL, NULL);
    if (!asked_waits(flow))
        return true;
    if (!asked->is_granted)
        return false; /* it waits for a person, or for the address of what one has allowed: judged when it is there */
    decision = net_decide_name(flow->gateway->set->rules, asked->name);
    if (decision.verdict == NET_REFUSE)
        flow_end_denied(flow, &decision);
    return false;
}

void asked_tell(const struct flow *flow, struct worker_message *message)
{
    gateway_tell_address(message, &flow->asked->to);
}

void asked_free(struct flow *flow)
{
    struct asked *asked = take_ptr(flow->asked);
    struct gateway *gateway = flow->gateway;
    struct worker_message message = {.type = WORKER_UNHELD, .connection = flow->number};

    if (asked->step == ASKED_HELD && !asked->is_granted && !gateway->is_ended)
        (void)!channel_send(gateway->channel.fd, &message, false); /* else the question ends by its time */
    if (asked->step == ASKED_LOOKING)
        names_look_cancel(&asked->look);
    leave(asked, ASKED_DENIED);
    arena_free(asked->arena);
    mem_free(asked);
}
