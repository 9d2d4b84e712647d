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
    bool ingress, host_loopback, loopback, is_proxied, is_host_loopback_denied;
    const struct origin *ingress_why, *host_loopback_why, *loopback_why, *proxy_why;
};

static struct access_rights policy_rights(const struct policy *policy)
{
    struct access_rights rights = {
        .ingress = policy->layer_count, .host_loopback = policy->layer_count, .loopback = true};

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];
        const struct network *network = &layer->network;

        rights.ingress = rights.ingress && permits(layer, &network->ingress_default);
        if (network->ingress_default.is_set)
            rights.ingress_why = &network->ingress_default.origin;
        rights.host_loopback = rights.host_loopback && permits(layer, &network->host_loopback);
        if (network->host_loopback.is_set)
            rights.host_loopback_why = &network->host_loopback.origin;
        if (is_off(&network->host_loopback))
            rights.is_host_loopback_denied = true;
        if (network->loopback.is_set && (rights.loopback || is_off(&network->loopback)))
            rights.loopback_why = &network->loopback.origin;
        rights.loopback = rights.loopback && !is_off(&network->loopback);
        if (network->proxy) {
            rights.is_proxied = true;
            rights.proxy_why = &network->proxy_origin;
        }
    }
    return rights;
}

static enum network_verdict verdict(enum egress egress, const struct access_rights *rights,
                                    const struct origin **why)
{
    if (rights->is_proxied) {
        *why = rights->proxy_why;
        return NETWORK_RULES;
    }
    if (rights->host_loopback && rights->host_loopback_why && egress != EGRESS_ALL) {
        *why = rights->host_loopback_why;
        return NETWORK_RULES;
    }
    if (egress == EGRESS_NONE && !rights->ingress) {
        if (rights->loopback_why)
            *why = rights->loopback_why;
        return rights->loopback ? NETWORK_LOOPBACK : NETWORK_NONE;
    }
    if (egress == EGRESS_ALL && rights->ingress && rights->loopback &&
        !rights->is_host_loopback_denied)
        return NETWORK_HOST;
    if (egress == EGRESS_NONE)
        *why = rights->ingress_why;
    return NETWORK_RULES;
}

enum network_verdict policy_network(const struct policy *policy, const struct origin **ret_why)
{
    const struct origin *why;
    enum egress egress = policy_egress(policy, &why);
    struct access_rights rights = policy_rights(policy);
    enum network_verdict result = verdict(egress, &rights, &why);

    if (ret_why)
        *ret_why = why;
    return result;
}
