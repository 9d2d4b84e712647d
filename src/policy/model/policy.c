/* SPDX-License-Identifier: Apache-2.0 */
/* A policy is its layers, in the arena that they were loaded into. */
#include "policy/policy.h"

#include <errno.h>

int policy_new(struct policy **ret_policy, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct policy *policy;

    if (!arena)
        return error_memory(err);
    policy = arena_alloc(arena, sizeof(*policy));
    if (!policy)
        return error_memory(err);
    policy->layers = arena_alloc(arena, POLICY_LAYERS_MAX * sizeof(*policy->layers));
    if (!policy->layers)
        return error_memory(err);
    policy->arena = take_ptr(arena);
    *ret_policy = policy;
    return 0;
}

void policy_free(struct policy *policy)
{
    if (policy)
        arena_free(policy->arena);
}

void policy_free_at(struct policy **policy)
{
    policy_free(*policy);
}

int policy_add_layer(struct policy *policy, struct document *document, struct error *err)
{
    if (policy->layer_count == POLICY_LAYERS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG,
                         "a policy has at most %d layers; put several documents into one",
                         POLICY_LAYERS_MAX);
    document_count_paths(document);
    policy->layers[policy->layer_count++] = document;
    return 0;
}
