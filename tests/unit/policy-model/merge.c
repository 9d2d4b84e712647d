/* SPDX-License-Identifier: Apache-2.0 */
#include "merge.h"

#include <stdio.h>
#include <string.h>

#include "policy/model/access.h"
#include "policy/model/destinations.h"
#include "policy/model/effective.h"
#include "reference.h"

struct merge {
    struct policy *all;
    struct policy *inputs[3];
    size_t input_count;
    struct net_rules *all_rules, *rules[3];
    bool is_thorough; /* every destination of the small world as well */
    char *why;
    size_t why_size;
};

static bool path_holds(const char *path, void *data)
{
    struct merge *merge = data;
    struct object object;
    enum access access = policy_object(merge->all, path, &object, NULL);

    for (size_t i = 0; i < merge->input_count; i++) {
        const struct document *input = merge->inputs[i]->layers[0];
        enum access permitted = policy_permits(merge->inputs[i], path, &object, NULL);

        if (access > permitted ||
            (input->kind != LAYER_CEILING && access > document_access(input, path, NULL))) {
            snprintf(merge->why, merge->why_size, "%s: %d, input %zu gives %d", path, (int)access,
                     i, (int)permitted);
            return false;
        }
    }
    return true;
}

static bool destination_holds(const struct destination *destination, void *data)
{
    struct merge *merge = data;

    for (size_t i = 0; i < merge->input_count; i++) {
        if (destination_is_permitted(merge->all_rules, destination) &&
            !destination_is_permitted(merge->rules[i], destination)) {
            snprintf(merge->why, merge->why_size, "a connection that input %zu does not allow", i);
            return false;
        }
    }
    return true;
}

static bool all_hold(struct merge *merge)
{
    static const char *const paths[] = {"/",      "/a",     "/a/b",          "/b/a/c",
                                        "/a/zz",  "/c/ab",  "/a/.git/hooks", "/b/.git/hooks/zz",
                                        "/c/c/c", "/dev/a", "/.npmrc",       "/b/hooks"};

    for (size_t i = 0; i < ARRAY_COUNT(paths); i++)
        if (!path_holds(paths[i], merge))
            return false;
    for (size_t i = 0; i < merge->input_count; i++) {
        const char *witness;

        if (!policy_is_subset(merge->all, merge->inputs[i], &witness)) {
            snprintf(merge->why, merge->why_size, "no subset of input %zu: %s", i, witness);
            return false;
        }
    }
    return !merge->is_thorough || reference_each_destination(destination_holds, merge);
}

int merge_check(struct source *source, char *why, size_t why_size)
{
    static const enum layer_kind kinds[] = {LAYER_CEILING, LAYER_REQUEST, LAYER_REQUEST};
    const unsigned parts = GENERATE_PATHS | GENERATE_NETWORK | GENERATE_SETTINGS;
    auto_policy struct policy *all = make_policy();
    struct merge merge = {
        .all = all, .is_thorough = source_below(source, 8) == 0, .why = why, .why_size = why_size};
    struct effective effective;
    int result = 0;

    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        struct document *layer = generate_document(all->arena, source, kinds[i], parts);

        merge.inputs[i] = make_policy();
        merge.input_count++;
        if (!layer || policy_add_layer(all, layer, NULL) < 0 ||
            policy_add_layer(merge.inputs[i], layer, NULL) < 0 ||
            policy_net_rules(merge.inputs[i], all->arena, &merge.rules[i], NULL) < 0)
            snprintf(why, why_size, "out of memory");
    }
    if (all->layer_count == ARRAY_COUNT(kinds) &&
        policy_net_rules(all, all->arena, &merge.all_rules, NULL) == 0 &&
        policy_settle(all, all->arena, NULL, NULL, &effective, NULL) == 0)
        result = all_hold(&merge) ? 1 : -1;
    for (size_t i = 0; i < merge.input_count; i++)
        policy_free(merge.inputs[i]);
    return result;
}
