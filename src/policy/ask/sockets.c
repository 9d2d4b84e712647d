/* SPDX-License-Identifier: Apache-2.0 */
/* connect() and bind(): socket files by what holds them, addresses by the plan's network. */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "policy/ask/ask.h"

#define OWN_LOOPBACK "the container's own loopback"

/* Addresses of the whole internet about which nobody has rules of their own: where a name is meant, wherever it leads. */
static const struct net_address anywhere[] = {
    {AF_INET, {9, 141, 59, 26}},
    {AF_INET, {151, 203, 87, 44}},
    {AF_INET6, {0x2a, 0x0e, 0x97, 0xc1, 0x5b, 0x3d, 0x81, 0x07, 0x4e, 0x12, 0xa9, 0x66, 0x0c, 0xf8, 0x35, 0xd1}},
};

/* files */

static void judge_socket_file(const struct ask *ask)
{
    const struct plan_index *index = ask->index;
    struct ask_spot spot;

    ask_spot(index, ask->path, &spot);
    ask->judged->mount = spot.mount;
    switch (spot.kind) {
    case ASK_ABSENT:
        ask_missing(ask, &spot);
        break;
    case ASK_PRIVATE:
        if (ask->question->exists && !spot.is_top)
            ask_missing(ask, &spot);
        else
            ask_allow(ask, spot.origin, "");
        break;
    case ASK_MASK:
    case ASK_SHUT:
        ask_refuse(ask, BY_MODE, BY_MOUNT, EACCES, spot.origin, ask_why(spot.origin, "denied: it is listed and shut"));
        break;
    case ASK_READ:
    case ASK_WRITE:
        if (index->plan->filter.keeps_sockets && ask->question->exists)
            ask_refuse(ask, BY_KEEPER, BY_NOTHING, EACCES, NULL,
                       "a socket that was not made inside is a service of the host: only unixSockets grants it, by its name");
        else
            ask_allow(ask, spot.origin, "");
        break;
    case ASK_SOCKET:
        ask_allow(ask, spot.origin, "");
        break;
    default:
        ask_refuse(ask, BY_KERNEL, BY_NOTHING, ECONNREFUSED, spot.origin, "no socket");
        break;
    }
}

/* addresses */

static uint16_t program_of(const struct ask *ask)
{
    const struct plan_index *index = ask->index;
    const char *exe = ask->question->exe;
    const struct net_program *program;

    if (!exe)
        return NET_PROGRAM_ANY;
    program = ask_table_find(&index->programs, exe, strlen(exe), ask_hash(exe, strlen(exe)));
    return program ? (uint16_t)(program - index->plan->net_rules->programs + 1) : 0;
}

static const struct origin *origin_of(const struct ask *ask, const char *where)
{
    if (!where)
        return ask->index->plan->network_origin;
    return ask_table_find(&ask->index->ways, where, strlen(where), ask_hash(where, strlen(where)));
}

/* The connection as far as it can be foreseen: once its name is said, in TLS and in HTTP. */
static struct net_decision decide(const struct ask *ask, const struct net_address *address)
{
    const struct question *question = ask->question;
    struct net_question asked = {
        .protocol = question->protocol ? (enum net_protocol)question->protocol : NET_TCP,
        .address = *address,
        .port = (uint16_t)question->port,
        .names = &question->host,
        .name_count = question->host ? 1 : 0,
        .program = program_of(ask),
    };
    const struct net_rules *rules = ask->index->plan->net_rules;
    struct net_decision decision = net_decide(rules, &asked), plain;

    if (decision.verdict != NET_ASK_NAME)
        return decision;
    asked.said = question->host ? NET_SAID_NAME : NET_SAID_NOTHING;
    asked.name = question->host;
    asked.is_tls = question->host != NULL;
    decision = net_decide(rules, &asked);
    if (question->request && decision.verdict == NET_ASK_REQUEST) {
        asked.request = question->request;
        asked.is_tls = asked.is_opened = decision.terminates;
        return net_decide(rules, &asked);
    }
    asked.is_tls = false;
    plain = net_decide(rules, &asked);
    if (plain.verdict != decision.verdict)
        decision.verdict = NET_ASK_NAME;
    return decision;
}

static void say_decision(const struct ask *ask, const struct net_decision *decision)
{
    const struct origin *origin = origin_of(ask, decision->where);

    switch (decision->verdict) {
    case NET_PERMIT:
        ask_allow(ask, origin, "");
        break;
    case NET_REFUSE:
        ask_refuse(ask, BY_GATEWAY, BY_NAMESPACE,
                   net_reason_is_ungranted(decision->reason) || decision->reason == NET_NOT_RESOLVED || decision->reason == NET_SPECIAL ? EACCES
                                                                                                                                        : ECONNRESET,
                   decision->reason == NET_NO_RULE ? NULL : origin, net_reason_text(decision->reason));
        break;
    case NET_ASK_NAME:
        ask_depend(ask, origin, "on what the connection says of itself: TLS or not, and for which name");
        break;
    case NET_ASK_REQUEST:
    case NET_ASK_CALL:
        ask_depend(ask, origin, "on each request: the rule grants some of them");
        break;
    }
}

static void judge_by_gateway(const struct ask *ask)
{
    const struct question *question = ask->question;
    const struct net_rules *rules = ask->index->plan->net_rules;
    struct net_decision decision;

    if (question->host) {
        decision = net_decide_name(rules, question->host);
        if (decision.verdict == NET_REFUSE) {
            say_decision(ask, &decision);
            return;
        }
    }
    if (question->address.family) {
        decision = decide(ask, &question->address);
        say_decision(ask, &decision);
        return;
    }
    if (!question->port && question->protocol != NET_ICMP) {
        ask_allow(ask, origin_of(ask, decision.where), "the name is resolved; connections are a matter of their port");
        return;
    }
    decision = decide(ask, &anywhere[0]);
    for (size_t i = 1; i < ARRAY_COUNT(anywhere); i++) {
        struct net_decision other = decide(ask, &anywhere[i]);

        if (other.verdict != decision.verdict) {
            ask_depend(ask, origin_of(ask, decision.where), "on the address that the name has");
            return;
        }
    }
    say_decision(ask, &decision);
}

static bool is_loopback(const struct question *question)
{
    struct net_address address = net_address_unmapped(&question->address);

    return address.family && net_address_class(&address) == NET_LOOPBACK;
}

static void judge_connect(const struct ask *ask)
{
    const struct plan *plan = ask->index->plan;

    switch (plan->network) {
    case PLAN_NET_NONE:
        ask_refuse(ask, BY_SECCOMP, plan->wall == PLAN_WALL_LANDLOCK ? BY_LANDLOCK : BY_NAMESPACE, EAFNOSUPPORT, plan->network_origin,
                   "there is no network");
        break;
    case PLAN_NET_LOOPBACK:
        if (is_loopback(ask->question))
            ask_allow(ask, plan->network_origin, OWN_LOOPBACK);
        else
            ask_refuse(ask, BY_NAMESPACE, BY_NOTHING, ENETUNREACH, plan->network_origin, "there is no network but the container's own loopback");
        break;
    case PLAN_NET_HOST:
        ask_allow(ask, plan->network_origin, "the host's network");
        break;
    case PLAN_NET_GATEWAY:
        if (is_loopback(ask->question))
            ask_allow(ask, plan->network_origin, OWN_LOOPBACK);
        else
            judge_by_gateway(ask);
        break;
    }
}

static void judge_bind(const struct ask *ask)
{
    const struct plan *plan = ask->index->plan;

    if (plan->network == PLAN_NET_NONE)
        judge_connect(ask);
    else
        ask_allow(ask, plan->network_origin, plan->network == PLAN_NET_HOST ? "the host's network" : "a network namespace of its own");
}

void ask_socket(const struct ask *ask)
{
    const struct plan *plan = ask->index->plan;
    bool is_bind = ask->question->operation == OPERATION_BIND;

    if (ask->path && plan->wall == PLAN_WALL_LANDLOCK)
        ask_refuse(ask, BY_SECCOMP, BY_NOTHING, EAFNOSUPPORT, NULL, "without a file tree of its own a program has no sockets of the file system");
    else if (ask->path && is_bind)
        ask_change(ask);
    else if (ask->path)
        judge_socket_file(ask);
    else if (!ask->question->host && !ask->question->address.family && !(plan->network == PLAN_NET_NONE && ask->question->port))
        ask_depend(ask, NULL, "on the address, which is not known");
    else if (is_bind)
        judge_bind(ask);
    else
        judge_connect(ask);
}
