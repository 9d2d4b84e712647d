/* SPDX-License-Identifier: Apache-2.0 */
/* Which kind of network the layers leave. */
#include "policy/model/effective.h"

/* In the order of what they leave. */
enum egress { EGRESS_NONE, EGRESS_RULES, EGRESS_ALL };

static bool is_on(const struct setting *setting)
{
    return setting->is_set && setting->value;
}

static bool is_off(const struct setting *setting)
{
    return setting->is_set && !setting->value;
}

/* A ceiling that says nothing about a member does not limit it; any other layer then grants
 * nothing. */
static bool permits(const struct document *layer, const struct setting *setting)
{
    return is_on(setting) || (layer->kind == LAYER_CEILING && !setting->is_set);
}

static enum egress layer_egress(const struct network *network, bool is_ceiling,
                                const struct origin **why)
{
    bool is_open = is_on(&network->egress_default);

    if (is_ceiling && !network->egress_default.is_set && !network->allow_count)
        is_open = true;
    *why = network->egress_default.is_set ? &network->egress_default.origin
           : network->is_set              ? &network->origin
                                          : NULL;
    if (!is_open && !network->allow_count)
        return EGRESS_NONE;
    if (network->deny_count)
        *why = &network->deny[0].origin;
    else if (network->allow_count)
        *why = &network->allow[0].origin;
    else
        return EGRESS_ALL;
    return EGRESS_RULES;
}

static enum egress policy_egress(const struct policy *policy, const struct origin **ret_why)
{
    enum egress least = EGRESS_ALL;

    *ret_why = NULL;
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];
        const struct origin *why;
        enum egress egress = layer_egress(&layer->network, layer->kind == LAYER_CEILING, &why);

        if (egress < least || !*ret_why)
            *ret_why = why;
        if (egress < least)
            least = egress;
    }
    return policy->layer_count ? least : EGRESS_NONE;
}

struct access_rights {
    bool ingress, host_loopback, loopback, is_proxied;
    const struct origin *host_loopback_why, *loopback_why, *proxy_why;
    /* what takes the right away; NULL = nothing does, or nobody gave it */
    const struct origin *egress_against, *ingress_against, *host_loopback_against;
};

/* Who permits the one but not the other is in the way by the other, or, silent there, by the one. */
static const struct origin *against(const struct setting *other, const struct setting *one)
{
    if (other->is_set)
        return &other->origin;
    return one->is_set ? &one->origin : NULL;
}

static void add_rights(struct access_rights *rights, const struct document *layer)
{
    const struct network *network = &layer->network;
    bool permits_ingress = permits(layer, &network->ingress_default);
    const struct origin *unused;

    if (!rights->egress_against &&
        layer_egress(network, layer->kind == LAYER_CEILING, &unused) == EGRESS_NONE)
        rights->egress_against = against(&network->egress_default, &network->ingress_default);
    if (!permits_ingress && !rights->ingress_against)
        rights->ingress_against = against(&network->ingress_default, &network->egress_default);
    rights->ingress = rights->ingress && permits_ingress;
    rights->host_loopback = rights->host_loopback && permits(layer, &network->host_loopback);
    if (network->host_loopback.is_set)
        rights->host_loopback_why = &network->host_loopback.origin;
    if (is_off(&network->host_loopback) && !rights->host_loopback_against)
        rights->host_loopback_against = &network->host_loopback.origin;
    if (network->loopback.is_set && (rights->loopback || is_off(&network->loopback)))
        rights->loopback_why = &network->loopback.origin;
    rights->loopback = rights->loopback && !is_off(&network->loopback);
    if (network->proxy) {
        rights->is_proxied = true;
        rights->proxy_why = &network->proxy_origin;
    }
}

static struct access_rights policy_rights(const struct policy *policy)
{
    struct access_rights rights = {
        .ingress = policy->layer_count, .host_loopback = policy->layer_count, .loopback = true};

    for (size_t i = 0; i < policy->layer_count; i++)
        add_rights(&rights, policy->layers[i]);
    return rights;
}

static struct network_choice lacks(enum network_lack lack, const struct origin *why)
{
    return (struct network_choice){NETWORK_RULES, lack, why};
}

static struct network_choice choose(enum egress egress, const struct access_rights *rights,
                                    const struct origin *why)
{
    if (rights->is_proxied)
        return lacks(LACK_RULES, rights->proxy_why);
    if (rights->host_loopback && rights->host_loopback_why && egress != EGRESS_ALL)
        return lacks(LACK_HOST_LOOPBACK, rights->host_loopback_why);
    if (egress == EGRESS_RULES)
        return lacks(LACK_RULES, why);
    if (egress == EGRESS_NONE && rights->ingress)
        return lacks(LACK_EGRESS, rights->egress_against);
    if (egress == EGRESS_NONE) {
        if (rights->loopback_why)
            why = rights->loopback_why;
        return (struct network_choice){
            .verdict = rights->loopback ? NETWORK_LOOPBACK : NETWORK_NONE, .why = why};
    }
    if (!rights->ingress)
        return lacks(LACK_INGRESS, rights->ingress_against);
    if (!rights->loopback)
        return lacks(LACK_LOOPBACK, rights->loopback_why);
    if (rights->host_loopback_against)
        return lacks(LACK_HOST_DENIED, rights->host_loopback_against);
    return (struct network_choice){.verdict = NETWORK_HOST, .why = why};
}

struct network_choice policy_network(const struct policy *policy)
{
    const struct origin *why;
    enum egress egress = policy_egress(policy, &why);
    struct access_rights rights = policy_rights(policy);

    return choose(egress, &rights, why);
}
