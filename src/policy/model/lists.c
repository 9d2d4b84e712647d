/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that layers intersect. What a request or parent does not list it does not grant, but for a list that is open: who does not write it limits nothing. */
#include <string.h>

#include "policy/model/effective.h"

static const struct {
    const char *member;
    size_t offset;
    bool is_pattern, is_open;
} lists[LIST_COUNT] = {
    [LIST_DEVICES] = {"devices", offsetof(struct document, devices), false, false},
    [LIST_UNIX_SOCKETS] = {"unixSockets", offsetof(struct document, unix_sockets), false, false},
    [LIST_SYSCALLS_ALLOW] = {"syscalls.allow", offsetof(struct document, syscalls_allow), false, false},
    [LIST_ENV_INHERIT] = {"environment.inherit", offsetof(struct document, env_inherit), true, false},
    [LIST_AUTHORITIES] = {"network.tls.authorities", offsetof(struct document, network.authorities), false, false},
    [LIST_ALLOW_LOSS] = {"isolation.allowLoss", offsetof(struct document, allow_loss), false, false},
    [LIST_AUDIENCES] = {"identity.audiences", offsetof(struct document, identity_audiences), false, true},
};

const char *policy_list_member(enum policy_list list)
{
    return lists[list].member;
}

const struct string_list *document_list(const struct document *document, enum policy_list list)
{
    const void *member = (const char *)document + lists[list].offset;

    return member;
}

/* Does this layer say what is in the list at all? */
static bool layer_limits(const struct document *layer, enum policy_list list)
{
    return (layer->kind != LAYER_CEILING && !lists[list].is_open) || document_list(layer, list)->is_set ||
           (list == LIST_ENV_INHERIT && layer->env_is_exact);
}

bool environment_covers(const char *pattern, const char *name)
{
    size_t length = strlen(pattern);

    if (!length || pattern[length - 1] != '*')
        return strcmp(pattern, name) == 0;
    return strncmp(pattern, name, length - 1) == 0;
}

static bool item_covers(enum policy_list list, const char *item, const char *text)
{
    return lists[list].is_pattern ? environment_covers(item, text) : strcmp(item, text) == 0;
}

static bool layer_permits(const struct document *layer, enum policy_list list, const char *text)
{
    const struct string_list *items = document_list(layer, list);

    if (!layer_limits(layer, list))
        return true;
    if (list == LIST_ENV_INHERIT && layer->env_is_exact)
        return false;
    for (size_t i = 0; i < items->count; i++)
        if (item_covers(list, items->items[i].text, text))
            return true;
    return false;
}

bool policy_list_permits(const struct policy *policy, enum policy_list list, const char *text)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (!layer_permits(policy->layers[i], list, text))
            return false;
    return policy->layer_count > 0;
}

bool policy_list_is_unlimited(const struct policy *policy, enum policy_list list)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        if (layer_limits(policy->layers[i], list))
            return false;
    return policy->layer_count > 0;
}

/*
 * The intersection consists of items that some layer writes: of two patterns that meet, one covers
 * the other, so the narrowest one is in it whole.
 */
int policy_list_settle(const struct policy *policy, enum policy_list list, struct arena *arena,
                       struct string_list *ret_list, struct error *err)
{
    struct string_list settled = {0};

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct string_list *layer = document_list(policy->layers[i], list);

        for (size_t j = 0; j < layer->count; j++) {
            struct string_item *item;
            bool is_known = !policy_list_permits(policy, list, layer->items[j].text);

            for (size_t k = 0; k < settled.count && !is_known; k++)
                is_known = item_covers(list, settled.items[k].text, layer->items[j].text);
            if (is_known)
                continue;
            item = arena_append(arena, settled.items, settled.count);
            if (!item)
                return error_memory(err);
            *item = layer->items[j];
        }
        if (layer->is_set && !settled.is_set) {
            settled.is_set = true;
            settled.origin = layer->origin;
        }
    }
    *ret_list = settled;
    return 0;
}

int policy_audiences(const struct policy *policy, struct arena *arena, struct string_list *ret_list, struct error *err)
{
    return policy_list_settle(policy, LIST_AUDIENCES, arena, ret_list, err);
}
