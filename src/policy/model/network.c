/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of network the layers leave. */
#include "policy/model/effective.h"

static bool is_on(const struct setting *setting)
{
    return setting->is_set && setting->value;
}

static bool is_off(const struct setting *setting)
{
    return setting->is_set && !setting->value;
}

/* A ceiling that says nothing about a member does not limit it; any other layer then grants nothing. */
enum egress document_egress(const struct document *layer)
{
    const struct network *network = &layer->network;
    bool is_open = is_on(&network->egress_default);

    if (layer->kind == LAYER_CEILING && !network->egress_default.is_set && !network->allow_count && !network->proxy)
        is_open = true;
    if (!is_open && !network->allow_count)
        return EGRESS_NONE;
    return network->allow_count || network->deny_count || network->budget.is_set ? EGRESS_RULES : EGRESS_ALL;
}

static const struct origin *egress_origin(const struct document *layer)
{
    const struct network *network = &layer->network;

    if (document_egress(layer) == EGRESS_RULES)
        return network->deny_count    ? &network->deny[0].origin
               : network->allow_count ? &network->allow[0].origin
                                      : &network->budget.origin;
    if (network->egress_default.is_set)
        return &network->egress_default.origin;
    return network->is_set ? &network->origin : NULL;
}

static enum egress policy_egress(const struct policy *policy, const struct origin **ret_why)
{
    enum egress least = EGRESS_ALL;

    *ret_why = NULL;
    for (size_t i = 0; i < policy->layer_count; i++) {
        enum egress egress = document_egress(policy->layers[i]);

        if (egress < least || !*ret_why)
            *ret_why = egress_origin(policy->layers[i]);
        if (egress < least)
            least = egress;
    }
    return policy->layer_count ? least : EGRESS_NONE;
}

static struct network_choice refuse(enum network_lack lack, const struct origin *why)
{
    return (struct network_choice){.verdict = NETWORK_REFUSED, .lack = lack, .why = why};
}

/* A ceiling limits what it names, the others grant only what they say. */
static bool grants(const struct document *layer)
{
    return layer->kind != LAYER_CEILING;
}

/* proxies */

static const struct document *layer_with_proxy(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (grants(policy->layers[i]) && policy->layers[i]->network.proxy)
            return policy->layers[i];
    return NULL;
}

/* A proxy reaches whatever it likes, through a port of the host's loopback. */
static bool permits_proxy(const struct document *layer, const struct document *proxied)
{
    struct port_grant door = {.port = proxied->network.proxy_port, .host_port = proxied->network.proxy_port};

    if (layer->network.proxy)
        return true; /* another one is a contradiction that policy_settle() finds */
    return !grants(layer) && document_egress(layer) == EGRESS_ALL && document_permits_door(layer, DOORS_OUTWARD, &door);
}

static const struct origin *against_proxy(const struct document *layer)
{
    const struct network *network = &layer->network;

    if (document_egress(layer) != EGRESS_ALL)
        return egress_origin(layer);
    if (network->outward.is_set)
        return &network->outward.origin;
    return network->host_loopback.is_set ? &network->host_loopback.origin : NULL;
}

/* The member of this layer that is another way out, NULL = none is. */
static const struct origin *beside_proxy(const struct network *network)
{
    if (is_on(&network->egress_default))
        return &network->egress_default.origin;
    if (network->allow_count)
        return &network->allow[0].origin;
    if (network->deny_count)
        return &network->deny[0].origin;
    if (network->budget.is_set)
        return &network->budget.origin;
    if (is_on(&network->host_loopback))
        return &network->host_loopback.origin;
    return network->outward.count ? &network->outward.origin : NULL;
}

static struct network_choice choose_proxy(const struct policy *policy, const struct document *proxied)
{
    const struct origin *why = &proxied->network.proxy_origin;

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];

        if (layer->network.proxy && beside_proxy(&layer->network))
            return refuse(LACK_PROXY_ALONE, beside_proxy(&layer->network));
        if (!permits_proxy(layer, proxied))
            return refuse(LACK_PROXY_LIMITED, against_proxy(layer) ? against_proxy(layer) : why);
        if (is_off(&layer->network.loopback))
            return refuse(LACK_LOOPBACK, &layer->network.loopback.origin);
        if (is_on(&layer->network.ingress_default) && grants(layer))
            return refuse(LACK_INGRESS, &layer->network.ingress_default.origin);
    }
    return (struct network_choice){.verdict = NETWORK_GATEWAY, .is_proxied = true, .why = why};
}

/* everything else */

struct rights {
    bool ingress, host_loopback, loopback;
    const struct origin *ingress_why, *host_loopback_why; /* who asks for it */
    const struct origin *loopback_why;
    const struct origin *network; /* of the first layer that grants */
    const struct origin *limit;   /* leaves less than the host's loopback, or asks for less; NULL = nothing does */
};

/* Ports that are named, or the host's loopback denied: not the host's network. */
static const struct origin *limit_of(const struct network *network)
{
    if (is_off(&network->host_loopback))
        return &network->host_loopback.origin;
    if (network->outward.is_set)
        return &network->outward.origin;
    return network->inward.is_set ? &network->inward.origin : NULL;
}

static void add_rights(struct rights *rights, const struct document *layer)
{
    const struct network *network = &layer->network;

    rights->ingress = rights->ingress && document_permits_all_doors(layer, DOORS_INWARD);
    rights->host_loopback = rights->host_loopback && document_permits_all_doors(layer, DOORS_OUTWARD);
    if (grants(layer) && is_on(&network->ingress_default) && !rights->ingress_why)
        rights->ingress_why = &network->ingress_default.origin;
    if (grants(layer) && is_on(&network->host_loopback) && !rights->host_loopback_why)
        rights->host_loopback_why = &network->host_loopback.origin;
    if (network->loopback.is_set && (rights->loopback || is_off(&network->loopback)))
        rights->loopback_why = &network->loopback.origin;
    rights->loopback = rights->loopback && !is_off(&network->loopback);
    if (!rights->limit)
        rights->limit = limit_of(network);
    if (grants(layer) && network->is_set && !rights->network)
        rights->network = &network->origin;
}

static struct rights policy_rights(const struct policy *policy)
{
    struct rights rights = {
        .ingress = policy->layer_count, .host_loopback = policy->layer_count, .loopback = true};

    for (size_t i = 0; i < policy->layer_count; i++)
        add_rights(&rights, policy->layers[i]);
    return rights;
}

/* Every port at once, which the host's network would have. */
static struct network_choice lacks_all(enum network_lack lack, const struct origin *why, const struct origin *limit)
{
    return (struct network_choice){.verdict = NETWORK_REFUSED, .lack = lack, .why = why, .against = limit};
}

static struct network_choice choose(const struct policy *policy)
{
    const struct origin *why;
    enum egress egress = policy_egress(policy, &why);
    struct rights rights = policy_rights(policy);
    bool has_doors = policy_door(policy, DOORS_INWARD, 0) || policy_door(policy, DOORS_OUTWARD, 0);

    if (egress == EGRESS_ALL && rights.ingress && rights.loopback && !rights.limit)
        return (struct network_choice){.verdict = NETWORK_HOST, .why = why};
    if (egress != EGRESS_ALL)
        rights.limit = why;
    if ((egress != EGRESS_NONE || has_doors) && !rights.loopback)
        return refuse(LACK_LOOPBACK, rights.loopback_why);
    if (rights.ingress)
        return lacks_all(LACK_INGRESS, rights.ingress_why, rights.limit);
    if (rights.host_loopback && rights.host_loopback_why)
        return lacks_all(LACK_HOST_LOOPBACK, rights.host_loopback_why, rights.limit);
    if (egress != EGRESS_NONE || has_doors)
        return (struct network_choice){.verdict = NETWORK_GATEWAY, .why = rights.network};
    if (rights.loopback_why)
        why = rights.loopback_why;
    return (struct network_choice){.verdict = rights.loopback ? NETWORK_LOOPBACK : NETWORK_NONE, .why = why};
}

struct network_choice policy_network(const struct policy *policy)
{
    const struct document *proxied = layer_with_proxy(policy);

    return proxied ? choose_proxy(policy, proxied) : choose(policy);
}
