/* SPDX-License-Identifier: Apache-2.0 */
/* What any rule could grant, as ports: whatever the address. */
#include <errno.h>
#include <sys/socket.h>

#include "net/match.h"
#include "net/ranges.h"

#define PORT_LAST 65535

/* A rule that is only about names holds for UDP only where it says so (match.c). */
static bool needs_udp(const struct net_rule *rule, enum net_protocol protocol)
{
    if (protocol != NET_UDP || !rule->peer_count)
        return false;
    for (size_t i = 0; i < rule->peer_count; i++)
        if (!rule->peers[i].host)
            return false;
    return true;
}

static int add_ports(struct arena *arena, const struct net_rule *rule, enum net_protocol protocol, bool only_named,
                     struct net_ranges *set)
{
    int status = 0;

    if (!rule->port_count && !only_named)
        return net_ranges_add(arena, set, 1, PORT_LAST);
    for (size_t i = 0; i < rule->port_count && status == 0; i++) {
        const struct net_ports *ports = &rule->ports[i];

        if (ports->protocol != protocol && (ports->protocol != NET_ANY || only_named))
            continue;
        if (!ports->has_port)
            status = net_ranges_add(arena, set, 1, PORT_LAST);
        else if (protocol != NET_ICMP)
            status = net_ranges_add(arena, set, ports->first, ports->last);
    }
    return status;
}

/* About every address of both families, without a name. */
static bool is_about_everything(const struct net_rule *rule)
{
    bool has_ipv4 = !rule->peer_count, has_ipv6 = !rule->peer_count;

    for (size_t i = 0; i < rule->peer_count; i++) {
        const struct net_peer *peer = &rule->peers[i];
        bool is_whole = !peer->host && peer->has_block && !peer->block.prefix && !peer->except_count;

        has_ipv4 = has_ipv4 || (is_whole && peer->block.family == AF_INET);
        has_ipv6 = has_ipv6 || (is_whole && peer->block.family == AF_INET6);
    }
    return has_ipv4 && has_ipv6;
}

static int layer_ports(struct arena *arena, const struct net_layer *layer, enum net_protocol protocol,
                       struct net_ranges *left, struct net_ranges *denied)
{
    struct net_ranges set = {0};
    int status = layer->is_open ? net_ranges_add(arena, &set, 1, PORT_LAST) : 0;

    for (size_t i = 0; i < layer->allow_count && status == 0; i++)
        if (net_rule_is_about(&layer->allow[i], protocol))
            status = add_ports(arena, &layer->allow[i], protocol, needs_udp(&layer->allow[i], protocol), &set);
    for (size_t i = 0; i < layer->deny_count && status == 0; i++)
        if (is_about_everything(&layer->deny[i]) && !layer->deny[i].requests)
            status = add_ports(arena, &layer->deny[i], protocol, false, denied);
    net_ranges_settle(&set);
    return status < 0 || layer->only_denies ? status : net_ranges_both(arena, left, &set, left);
}

static int print_ports(struct arena *arena, const struct net_ranges *set, enum net_protocol protocol,
                       struct net_ports **ret_ports)
{
    struct net_ports *ports = arena_alloc(arena, set->count * sizeof(*ports));

    for (size_t i = 0; i < set->count && ports; i++) {
        ports[i].protocol = protocol;
        ports[i].has_port = protocol != NET_ICMP;
        ports[i].first = ports[i].has_port ? (uint16_t)set->items[i].first : 0;
        ports[i].last = (uint16_t)set->items[i].last;
    }
    *ret_ports = ports;
    return ports ? 0 : -ENOMEM;
}

int net_reachable_ports(const struct net_rules *rules, struct arena *arena, enum net_protocol protocol,
                        struct net_ports **ret_ports, size_t *ret_count, struct error *err)
{
    struct net_ranges left = {0}, denied = {0};
    struct net_ports *ports = NULL;
    int status = 0;

    if (protocol != NET_TCP && protocol != NET_UDP && protocol != NET_ICMP)
        return error_set(err, ERROR_INTERNAL, EINVAL, "no ports of protocol %d", (int)protocol);
    if (rules->layer_count)
        status = net_ranges_add(arena, &left, 1, PORT_LAST);
    for (size_t i = 0; i < rules->layer_count && status == 0; i++)
        status = layer_ports(arena, &rules->layers[i], protocol, &left, &denied);
    net_ranges_settle(&denied);
    if (status == 0)
        status = net_ranges_minus(arena, &left, &denied, &left);
    if (status == 0)
        status = print_ports(arena, &left, protocol, &ports);
    if (status < 0)
        return error_memory(err);
    *ret_ports = ports;
    *ret_count = left.count;
    return 0;
}
