/* SPDX-License-Identifier: Apache-2.0 */
/* The second opinion on networks, and the destinations of its small world. */
#include <string.h>
#include <sys/socket.h>

#include "reference.h"

static bool bits_equal(const unsigned char *a, const unsigned char *b, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++)
        if ((a[i / 8] >> (7 - i % 8) & 1) != (b[i / 8] >> (7 - i % 8) & 1))
            return false;
    return true;
}

static bool in_block(const struct net_block *block, const struct destination *to)
{
    return block->family == to->family && bits_equal(block->address, to->address, block->prefix);
}

static bool host_fits(const char *pattern, const char *host)
{
    if (!host)
        return false;
    if (*pattern != '*')
        return strcmp(pattern, host) == 0;
    host += strcspn(host, ".");
    return strcmp(host, pattern + 1) == 0;
}

/* A datagram says no name: a rule about one is about UDP only where it says so. */
static bool rule_fits(const struct net_rule *rule, const struct destination *to, bool is_grant)
{
    bool is_peer = rule->peer_count == 0 && !(is_grant && to->is_own), by_name = false, is_port = false, is_port_by_name = false;

    for (size_t i = 0; i < rule->peer_count; i++) {
        const struct net_peer *peer = &rule->peers[i];
        bool fits = (!peer->host || host_fits(peer->host, to->host)) &&
                    (!peer->has_block || in_block(&peer->block, to));

        if (is_grant && to->is_own && (!peer->has_block || peer->block.prefix != (to->family == AF_INET ? 32 : 128)))
            fits = false;
        for (size_t j = 0; j < peer->except_count; j++)
            if (in_block(&peer->except[j], to))
                fits = false;
        is_peer = is_peer || (fits && !peer->host);
        by_name = by_name || (fits && peer->host);
    }
    for (size_t i = 0; i < rule->port_count; i++) {
        const struct net_ports *ports = &rule->ports[i];
        bool is_protocol = ports->protocol == NET_ANY || ports->protocol == to->protocol;
        bool has_port = to->protocol == NET_TCP || to->protocol == NET_UDP;

        if (is_protocol &&
            (!ports->has_port || (has_port && to->port >= ports->first && to->port <= ports->last)))
            is_port = true;
        if (is_protocol && ports->protocol == NET_UDP &&
            (!ports->has_port || (to->port >= ports->first && to->port <= ports->last)))
            is_port_by_name = true;
    }
    if (!rule->port_count)
        is_port = true;
    if (!is_grant || to->protocol != NET_UDP)
        is_port_by_name = is_port;
    return (is_peer && is_port) || (by_name && is_port_by_name);
}

static bool is_about_all_ports(const struct net_rule *rule)
{
    for (size_t i = 0; i < rule->port_count; i++)
        if (!rule->ports[i].has_port && rule->ports[i].protocol == NET_ANY)
            return true;
    return rule->port_count == 0;
}

static bool is_about_name(const struct net_rule *rule, const char *host, bool is_grant)
{
    for (size_t i = 0; i < rule->peer_count; i++) {
        const struct net_peer *peer = &rule->peers[i];

        if (host_fits(peer->host ? peer->host : "", host) && (is_grant || !peer->has_block))
            return true;
    }
    return rule->peer_count == 0;
}

bool reference_may_ask(const struct policy *policy, const char *host)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct network *network = &policy->layers[i]->network;
        bool may = network->egress_default.is_set ? network->egress_default.value
                                                  : policy->layers[i]->kind == LAYER_CEILING && network->allow_count == 0;

        for (size_t j = 0; j < network->allow_count; j++)
            may = may || is_about_name(&network->allow[j].rule, host, true);
        for (size_t j = 0; j < network->deny_count; j++)
            if (is_about_all_ports(&network->deny[j].rule) && is_about_name(&network->deny[j].rule, host, false))
                may = false;
        if (!may)
            return false;
    }
    return policy->layer_count > 0;
}

bool reference_may_connect(const struct policy *policy, const struct destination *to)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct network *network = &policy->layers[i]->network;
        bool may = network->egress_default.is_set && network->egress_default.value;

        if (policy->layers[i]->kind == LAYER_CEILING && !network->egress_default.is_set &&
            network->allow_count == 0)
            may = true;
        may = may && !to->is_own; /* only a rule about that address is about one of the host's own */
        for (size_t j = 0; j < network->allow_count; j++)
            may = may || rule_fits(&network->allow[j].rule, to, true);
        for (size_t j = 0; j < network->deny_count; j++)
            may = may && !rule_fits(&network->deny[j].rule, to, false);
        if (!may)
            return false;
    }
    return policy->layer_count > 0;
}

static bool each_port(struct destination *to, bool (*visit)(const struct destination *, void *),
                      void *data)
{
    static const uint16_t ports[] = {1, 2, 3, 4, 5, 6, 7, 65535};

    for (to->protocol = NET_TCP; to->protocol <= NET_ICMP; to->protocol++) {
        for (size_t i = 0; i < ARRAY_COUNT(ports); i++) {
            bool has_port = to->protocol == NET_TCP || to->protocol == NET_UDP;

            to->port = has_port ? ports[i] : 0;
            if (!visit(to, data))
                return false;
            if (!has_port)
                break;
        }
    }
    return true;
}

bool reference_each_destination(bool (*visit)(const struct destination *destination, void *data),
                                void *data)
{
    static const char *const hosts[] = {NULL,      "x.org",     "a.x.org", "b.x.org",
                                        "y.x.org", "q.a.x.org", "q.y.org",   "y.org"};

    for (size_t host = 0; host < ARRAY_COUNT(hosts); host++) {
        for (unsigned i = 0; i < 36; i++) {
            unsigned last = i / 2;
            struct destination to = {.host = hosts[host],
                                     .is_own = i % 2,
                                     .family = last < 9 ? AF_INET : AF_INET6,
                                     .address = {last < 9 ? 93 : 0x2a}};

            to.address[last < 9 ? 3 : 15] = (unsigned char)(last % 9);
            if (last == 8)
                to.address[0] = 94;
            if (!each_port(&to, visit, data))
                return false;
        }
    }
    return true;
}
