/* SPDX-License-Identifier: Apache-2.0 */
/* Two policies that differ in their network at most: what a running container may be given another one for. */
#include <errno.h>
#include <string.h>

#include "policy/model/subset.h"

static bool is_same_text(const char *a, const char *b)
{
    return a && b ? strcmp(a, b) == 0 : a == b;
}

/* What a program is started with limits nothing, so a search for what is allowed does not look at it. */
static const char *difference_at_start(const struct document *a, const struct document *b)
{
    if (!is_same_text(a->command_line, b->command_line))
        return "process.commandLine";
    if (!is_same_text(a->network.proxy, b->network.proxy)) /* variables name it */
        return "runtimeConfig.networkProxy";
    if (!is_same_text(a->cwd, b->cwd))
        return "process.cwd";
    if (a->timeout.is_set != b->timeout.is_set || a->timeout.value != b->timeout.value)
        return "process.timeout";
    if (a->env_set_count != b->env_set_count || a->env_is_exact != b->env_is_exact || a->env_home_is_cwd != b->env_home_is_cwd)
        return "environment.set";
    for (size_t i = 0; i < a->env_set_count; i++)
        if (strcmp(a->env_set[i].name, b->env_set[i].name) != 0 || strcmp(a->env_set[i].value, b->env_set[i].value) != 0)
            return "environment.set";
    return NULL;
}

static const char *difference_of_layers(const struct policy *a, const struct policy *b)
{
    if (a->layer_count != b->layer_count)
        return "there is another number of documents or ceilings";
    for (size_t i = 0; i < a->layer_count; i++) {
        const char *difference = a->layers[i]->kind == b->layers[i]->kind ? difference_at_start(a->layers[i], b->layers[i])
                                                                          : "documents and ceilings changed their places";

        if (difference)
            return difference;
    }
    return NULL;
}

static const char *search(const struct policy *a, const struct policy *b, struct arena *scratch)
{
    static int (*const parts[])(struct subset *) = {subset_settings, subset_lists, subset_secrets, subset_paths};
    struct subset subset = {.a = a, .b = b, .scratch = scratch};

    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        int status = parts[i](&subset);

        if (status == 1)
            return subset.witness;
        if (status < 0)
            return status == -ENOMEM ? "out of memory while the policies were compared"
                                     : "the policies are too complex to compare";
    }
    return NULL;
}

bool policy_is_same_but_network(const struct policy *a, const struct policy *b, const char **ret_difference)
{
    auto_arena struct arena *scratch = arena_new();
    const char *difference = scratch ? difference_of_layers(a, b) : "out of memory while the policies were compared";

    if (!difference)
        difference = search(a, b, scratch);
    if (!difference)
        difference = search(b, a, scratch);
    if (ret_difference)
        *ret_difference = difference;
    return !difference;
}
