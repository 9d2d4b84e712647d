/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel refused in the container, which the gateway never hears of. Whose rule that was is asked of the same
 * function that the gateway asks.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "net/inside.h"
#include "sdk/told.h"

static enum net_protocol protocol_of(unsigned number)
{
    switch (number) {
    case IPPROTO_TCP:
    case IPPROTO_MPTCP:
        return NET_TCP;
    case IPPROTO_UDP:
    case IPPROTO_UDPLITE:
        return NET_UDP;
    case IPPROTO_ICMP:
    case IPPROTO_ICMPV6:
        return NET_ICMP;
    default:
        return NET_ANY;
    }
}

/* The container's own, where nobody listens. */
static bool is_inside(const struct net_address *address)
{
    static const char *const own[] = {NET_INSIDE_ADDRESS4, NET_INSIDE_ADDRESS6, NET_INSIDE_GATEWAY4, NET_INSIDE_GATEWAY6};
    struct net_address other;

    for (size_t i = 0; i < ARRAY_COUNT(own); i++)
        if (net_address_parse(own[i], strlen(own[i]), &other) == 0 && net_address_equals(&other, address))
            return true;
    return net_address_class(address) == NET_LOOPBACK;
}

/* Something else kept it from an address that rules grant: that is no decision. */
static bool is_denied(const struct workers *workers, const struct tier_refusal *refusal, const struct net_address *address,
                      struct net_decision *ret_decision)
{
    const struct net_question question = {
        .protocol = protocol_of(refusal->protocol),
        .address = *address,
        .port = protocol_of(refusal->protocol) == NET_ICMP ? 0 : (uint16_t)refusal->port,
        .program = (uint16_t)refusal->program,
    };

    if (!workers->rules) {
        ret_decision->reason = NET_NO_RULE;
        return true;
    }
    if (workers->gateway.channel < 0) /* network.gone has said it */
        return false;
    *ret_decision = net_decide(workers->rules, &question);
    return ret_decision->verdict == NET_REFUSE;
}

int told_refused(struct workers *workers, const struct tier_refusal *refusal, struct event_log *log, struct error *err)
{
    struct net_address address = {.family = refusal->family};
    struct net_decision decision = {.where = workers->where};
    char text[NET_ADDRESS_TEXT_SIZE], exe[PATH_MAX];
    struct event_network network = {
        .type = "network.denied",
        .protocol = told_protocol(protocol_of(refusal->protocol)),
        .address = text,
        .port = refusal->port,
        .pid = refusal->pid,
        .program = told_program(workers, refusal->program),
        .errnum = refusal->errnum,
    };

    event_network_lost(log, refusal->lost);
    if (refusal->family != AF_INET && refusal->family != AF_INET6)
        return 0;
    memcpy(address.bytes, refusal->address, address.family == AF_INET ? 4 : 16);
    address = net_address_unmapped(&address);
    if (is_inside(&address) || !is_denied(workers, refusal, &address, &decision))
        return 0;
    net_address_print(&address, text);
    network.rule = decision.where;
    network.reason = net_reason_text(decision.reason);
    told_remember_denial(workers, &network);
    if (event_network_has_room(log)) /* else nobody reads it */
        network.exe = refusal->exe ? refusal->exe : told_exe(workers, refusal->pid, exe);
    return event_network(log, &network, err);
}
