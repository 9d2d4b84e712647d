/* SPDX-License-Identifier: Apache-2.0 */
/* The layers as the gateway reads them. Nothing here is shared with the documents. */
#include <errno.h>
#include <string.h>

#include "policy/model/effective.h"

/* *ret_copy is NULL for none; false when there is no memory. */
static bool copy_array(struct arena *arena, const void *items, size_t count, size_t size, void **ret_copy)
{
    *ret_copy = NULL;
    if (!count)
        return true;
    *ret_copy = arena_alloc(arena, count * size);
    if (*ret_copy)
        memcpy(*ret_copy, items, count * size);
    return *ret_copy != NULL;
}

static bool copy_rule(struct arena *arena, struct net_rule *rule)
{
    void *peers, *ports, *except;

    rule->where = arena_string(arena, rule->where);
    if (!rule->where || !copy_array(arena, rule->peers, rule->peer_count, sizeof(*rule->peers), &peers) ||
        !copy_array(arena, rule->ports, rule->port_count, sizeof(*rule->ports), &ports))
        return false;
    rule->peers = peers;
    rule->ports = ports;
    for (size_t i = 0; i < rule->peer_count; i++) {
        struct net_peer *peer = &rule->peers[i];

        if (peer->host && !(peer->host = arena_string(arena, peer->host)))
            return false;
        if (!copy_array(arena, peer->except, peer->except_count, sizeof(*peer->except), &except))
            return false;
        peer->except = except;
    }
    return true;
}

static bool copy_rules(struct arena *arena, const struct egress_rule *rules, size_t count, struct net_rule **ret_rules)
{
    struct net_rule *copies = count ? arena_alloc(arena, count * sizeof(*copies)) : NULL;

    if (count && !copies)
        return false;
    for (size_t i = 0; i < count; i++) {
        copies[i] = rules[i].rule;
        if (!copy_rule(arena, &copies[i]))
            return false;
    }
    *ret_rules = copies;
    return true;
}

/* Where the layer says what holds for what no rule of it names, or could have. */
static const char *default_where(struct arena *arena, const struct document *layer)
{
    struct origin origin = {.layer = layer->name, .file = layer->file, .member = "network.egress.default"};

    return origin_text(arena, layer->network.egress_default.is_set ? &layer->network.egress_default.origin : &origin);
}

static bool fill_layer(struct arena *arena, const struct document *document, struct net_layer *layer)
{
    const struct network *network = &document->network;
    bool is_silent = !network->egress_default.is_set && !network->allow_count;

    layer->is_open = network->egress_default.is_set ? network->egress_default.value
                                                    : document->kind == LAYER_CEILING && is_silent;
    layer->only_denies = document->kind == LAYER_CEILING && is_silent;
    layer->where = default_where(arena, document);
    layer->allow_count = network->allow_count;
    layer->deny_count = network->deny_count;
    return layer->where && copy_rules(arena, network->allow, network->allow_count, &layer->allow) &&
           copy_rules(arena, network->deny, network->deny_count, &layer->deny);
}

int policy_net_rules(const struct policy *policy, struct arena *arena, struct net_rules **ret_rules, struct error *err)
{
    struct net_rules *rules = arena_alloc(arena, sizeof(*rules));

    if (rules)
        rules->layers = arena_alloc(arena, (policy->layer_count + 1) * sizeof(*rules->layers));
    if (!rules || !rules->layers)
        return error_memory(err);
    rules->layer_count = policy->layer_count;
    for (size_t i = 0; i < policy->layer_count; i++)
        if (!fill_layer(arena, policy->layers[i], &rules->layers[i]))
            return error_memory(err);
    *ret_rules = rules;
    return 0;
}
