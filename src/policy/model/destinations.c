/* SPDX-License-Identifier: Apache-2.0 */
/* One destination against the egress rules of all layers. */
#include "policy/model/destinations.h"

#include <string.h>
#include <sys/socket.h>

void block_bounds(const struct net_block *block, unsigned char ret_first[16],
                  unsigned char ret_last[16])
{
    unsigned size = block->family == AF_INET ? 4 : 16;

    memset(ret_first, 0, 16);
    memset(ret_last, 0, 16);
    for (unsigned i = 0; i < size; i++) {
        unsigned kept = block->prefix > 8 * i ? block->prefix - 8 * i : 0;
        unsigned char mask = kept >= 8 ? 0xff : (unsigned char)(0xff00 >> kept);

        ret_first[i] = block->address[i] & mask;
        ret_last[i] = ret_first[i] | (unsigned char)~mask;
    }
}

static bool block_has(const struct net_block *block, const struct destination *destination)
{
    unsigned char first[16], last[16];

    if (block->family != destination->family)
        return false;
    block_bounds(block, first, last);
    return memcmp(first, destination->address, 16) <= 0 &&
           memcmp(destination->address, last, 16) <= 0;
}

static bool peer_matches(const struct net_peer *peer, const struct destination *destination)
{
    if (peer->host && (!destination->host || !net_name_matches(peer->host, destination->host)))
        return false;
    if (!peer->has_block)
        return true;
    if (!block_has(&peer->block, destination))
        return false;
    for (size_t i = 0; i < peer->except_count; i++)
        if (block_has(&peer->except[i], destination))
            return false;
    return true;
}

static bool ports_match(const struct net_ports *ports, const struct destination *destination)
{
    if (ports->protocol != NET_ANY && (int)ports->protocol != destination->protocol)
        return false;
    return !ports->has_port ||
           (ports->first <= destination->port && destination->port <= ports->last);
}

static bool rule_matches(const struct net_rule *rule, const struct destination *destination)
{
    bool is_peer = !rule->peer_count, is_port = !rule->port_count;

    for (size_t i = 0; i < rule->peer_count && !is_peer; i++)
        is_peer = peer_matches(&rule->peers[i], destination);
    for (size_t i = 0; i < rule->port_count && is_peer && !is_port; i++)
        is_port = ports_match(&rule->ports[i], destination);
    return is_peer && is_port;
}

static bool layer_may_connect(const struct document *layer, const struct destination *destination)
{
    const struct network *network = &layer->network;
    bool is_allowed = network->egress_default.is_set && network->egress_default.value;

    /* A ceiling that neither allows nor says what the default is only denies. */
    if (layer->kind == LAYER_CEILING && !network->egress_default.is_set && !network->allow_count)
        is_allowed = true;
    for (size_t i = 0; i < network->allow_count && !is_allowed; i++)
        is_allowed = rule_matches(&network->allow[i].rule, destination);
    for (size_t i = 0; i < network->deny_count && is_allowed; i++)
        is_allowed = !rule_matches(&network->deny[i].rule, destination);
    return is_allowed;
}

bool policy_may_connect(const struct policy *policy, const struct destination *destination)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (!layer_may_connect(policy->layers[i], destination))
            return false;
    return policy->layer_count > 0;
}
