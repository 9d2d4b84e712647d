/* SPDX-License-Identifier: Apache-2.0 */
/* One rule more, about one destination: what an answer of a person grants. */
#include <string.h>
#include <sys/socket.h>

#include "net/rules.h"

static struct net_rule *rule_of(const struct net_question *question, const char *where, struct arena *arena)
{
    struct net_rule *rule = arena_alloc(arena, sizeof(*rule));
    struct net_peer *peer = arena_alloc(arena, sizeof(*peer));
    struct net_ports *ports = arena_alloc(arena, sizeof(*ports));

    if (!rule || !peer || !ports)
        return NULL;
    if (question->name_count) {
        peer->host = arena_string(arena, question->names[0]);
        if (!peer->host)
            return NULL;
    } else {
        peer->has_block = true;
        peer->block = (struct net_block){.family = question->address.family, .prefix = question->address.family == AF_INET ? 32 : 128};
        memcpy(peer->block.address, question->address.bytes, sizeof(peer->block.address));
    }
    *ports = (struct net_ports){.first = question->port, .last = question->port, .has_port = true, .protocol = question->protocol};
    *rule = (struct net_rule){.peers = peer, .peer_count = 1, .ports = ports, .port_count = 1, .where = where};
    return rule;
}

static bool layer_add(struct net_layer *layer, const struct net_rule *rule, struct arena *arena)
{
    size_t before = layer->allow_count, ended = layer->ended_count;
    struct net_rule *allow = arena_alloc(arena, (before + ended + 1) * sizeof(*allow));

    if (!allow)
        return false;
    if (before)
        memcpy(allow, layer->allow, before * sizeof(*allow));
    allow[layer->allow_count++] = *rule;
    if (ended)
        memcpy(allow + before + 1, layer->allow + before, ended * sizeof(*allow));
    layer->allow = allow;
    return true;
}

struct net_rules *net_rules_add(const struct net_rules *rules, const struct net_question *question, uint64_t layers, const char *where,
                                uint64_t until_ms, struct arena *arena)
{
    struct net_rule *rule = rule_of(question, where, arena);
    struct net_rules *added = arena_alloc(arena, sizeof(*added));
    struct net_layer *copies = arena_alloc(arena, (rules->layer_count + 1) * sizeof(*copies));

    if (!rule || !added || !copies)
        return NULL;
    if (rules->layer_count)
        memcpy(copies, rules->layers, rules->layer_count * sizeof(*copies));
    *added = *rules;
    added->layers = copies;
    rule->until_ms = until_ms;
    for (size_t i = 0; i < rules->layer_count && i < NET_ADDED_LAYERS_MAX; i++)
        if (layers >> i & 1 && !layer_add(&copies[i], rule, arena))
            return NULL;
    return added;
}
