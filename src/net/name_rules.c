/* SPDX-License-Identifier: Apache-2.0 */
/* Which names may be asked for, and to which TLS is opened. */
#include "net/match.h"

static bool host_matches(const struct net_peer *peer, const char *name)
{
    return peer->host && net_name_matches(peer->host, name);
}

/* A rule about every address is one about every name's; one about a block is not, or asking would be a way out by itself. */
static bool grants_name(const struct net_rule *rule, const char *name)
{
    for (size_t i = 0; i < rule->peer_count; i++) {
        const struct net_peer *peer = &rule->peers[i];

        if (host_matches(peer, name) || (!peer->host && peer->has_block && !peer->block.prefix))
            return true;
    }
    return !rule->peer_count;
}

/* Whatever its address: with a port or a block some connection to it may be permitted. */
static bool denies_name(const struct net_rule *rule, const char *name)
{
    if (!net_rule_is_complete(rule, NET_ANY))
        return false;
    for (size_t i = 0; i < rule->peer_count; i++)
        if (!rule->peers[i].has_block && (!rule->peers[i].host || host_matches(&rule->peers[i], name)))
            return true;
    return !rule->peer_count;
}

static const char *find(const struct net_rule *rules, size_t count, const char *name,
                        bool (*matches)(const struct net_rule *, const char *))
{
    for (size_t i = 0; i < count; i++)
        if (matches(&rules[i], name))
            return rules[i].where ?: "";
    return NULL;
}

static struct net_decision refuse_ungranted(const struct net_layer *layer, const char *name)
{
    const char *ended = layer->ended_count ? find(layer->allow + layer->allow_count, layer->ended_count, name, grants_name) : NULL;

    return (struct net_decision){.verdict = NET_REFUSE, .reason = ended ? NET_ENDED : NET_NO_RULE, .where = ended ? ended : layer->where, .name = name};
}

struct net_decision net_decide_name(const struct net_rules *rules, const char *name)
{
    const char *by_rule = NULL, *by_default = NULL, *where;

    for (size_t i = 0; i < rules->layer_count; i++) {
        where = find(rules->layers[i].deny, rules->layers[i].deny_count, name, denies_name);
        if (where)
            return (struct net_decision){.verdict = NET_REFUSE, .reason = NET_BY_RULE, .where = where, .name = name};
    }
    for (size_t i = 0; i < rules->layer_count; i++) {
        const struct net_layer *layer = &rules->layers[i];

        if (layer->only_denies)
            continue;
        where = find(layer->allow, layer->allow_count, name, grants_name);
        if (!where && !layer->is_open)
            return refuse_ungranted(layer, name);
        by_rule = by_rule ? by_rule : where;
        by_default = by_default ? by_default : layer->where;
    }
    if (!rules->layer_count)
        return (struct net_decision){.verdict = NET_REFUSE, .reason = NET_NO_RULE, .where = NULL, .name = NULL};
    return (struct net_decision){.verdict = NET_PERMIT, .reason = NET_BY_RULE, .where = by_rule ? by_rule : by_default, .name = name};
}

static bool is_about(const struct net_rule *rule, const char *name)
{
    for (size_t i = 0; i < rule->peer_count; i++)
        if (host_matches(&rule->peers[i], name))
            return true;
    return !rule->peer_count;
}

bool net_rules_open_tls_to(const struct net_rules *rules, const char *name)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].allow_count; j++)
            if (rules->layers[i].allow[j].terminates && is_about(&rules->layers[i].allow[j], name))
                return true;
    return false;
}
