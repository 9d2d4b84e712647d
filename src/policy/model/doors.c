/* SPDX-License-Identifier: Apache-2.0 */
/* Ports of the host's loopback that are reached from inside, and listeners inside that the host reaches. */
#include "policy/model/effective.h"

static const struct port_grants *doors_of(const struct document *layer, enum doors which)
{
    return which == DOORS_INWARD ? &layer->network.inward : &layer->network.outward;
}

static const struct setting *default_of(const struct document *layer, enum doors which)
{
    return which == DOORS_INWARD ? &layer->network.ingress_default : &layer->network.host_loopback;
}

static bool is_listed(const struct port_grants *grants, const struct port_grant *door)
{
    for (size_t i = 0; i < grants->count; i++)
        if (grants->items[i].port == door->port && grants->items[i].host_port == door->host_port)
            return true;
    return false;
}

/* hostLoopbackPorts says which ports hostLoopback means; ingress.ports adds to ingress.default, as egress.allow does. */
bool document_permits_all_doors(const struct document *layer, enum doors which)
{
    const struct setting *setting = default_of(layer, which);
    bool is_listed = doors_of(layer, which)->is_set;

    if (which == DOORS_OUTWARD && is_listed)
        return false;
    if (setting->is_set)
        return setting->value;
    return layer->kind == LAYER_CEILING && !is_listed;
}

bool document_permits_door(const struct document *layer, enum doors which, const struct port_grant *door)
{
    return document_permits_all_doors(layer, which) || is_listed(doors_of(layer, which), door);
}

bool policy_permits_door(const struct policy *policy, enum doors which, const struct port_grant *door)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (!document_permits_door(policy->layers[i], which, door))
            return false;
    return policy->layer_count > 0;
}

/* Does a layer before `layer`, or an item before `item` of it, name the same door? */
static bool is_named_before(const struct policy *policy, enum doors which, size_t layer, size_t item)
{
    const struct port_grants *own = doors_of(policy->layers[layer], which);
    struct port_grants before = {.items = own->items, .count = item};

    for (size_t i = 0; i < layer; i++)
        if (is_listed(doors_of(policy->layers[i], which), &own->items[item]))
            return true;
    return is_listed(&before, &own->items[item]);
}

const struct port_grant *policy_door(const struct policy *policy, enum doors which, size_t index)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct port_grants *grants = doors_of(policy->layers[i], which);

        for (size_t j = 0; j < grants->count; j++)
            if (!is_named_before(policy, which, i, j) && policy_permits_door(policy, which, &grants->items[j]) &&
                index-- == 0)
                return &grants->items[j];
    }
    return NULL;
}
