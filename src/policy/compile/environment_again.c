/* SPDX-License-Identifier: Apache-2.0 */
/* The environment of one more program under a plan: by the same rules, from what its caller has now. */
#include <errno.h>
#include <string.h>

#include "policy/compile/compile.h"

struct again {
    const struct plan *plan;
    struct arena *arena;
    const char **env;
    size_t count;
};

static bool has(const struct again *again, const char *entry, size_t length)
{
    for (size_t i = 0; i < again->count; i++)
        if (strncmp(again->env[i], entry, length + 1) == 0)
            return true;
    return false;
}

/* The first value of a name stays. `entry` is NAME=VALUE. */
static int add(struct again *again, const char *entry, struct error *err)
{
    size_t length = strcspn(entry, "=");
    const char **slot;

    if (has(again, entry, length))
        return 0;
    if (again->count >= ENVIRONMENT_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "environment: more than %d variables", ENVIRONMENT_MAX);
    slot = arena_append(again->arena, again->env, again->count);
    if (!slot)
        return error_memory(err);
    *slot = entry;
    return 0;
}

static int add_all(struct again *again, const char *const *entries, struct error *err)
{
    int r = 0;

    for (; entries && *entries && r == 0; entries++)
        r = add(again, *entries, err);
    return r;
}

/* Placeholders, which were put into the plan when the container began. */
static int add_secrets(struct again *again, struct error *err)
{
    const struct plan *plan = again->plan;
    int r = 0;

    for (size_t i = 0; i < plan->secret_count && r == 0; i++) {
        const char *name = plan->secrets[i].variable;

        for (size_t j = 0; name && j < plan->env_count && r == 0; j++)
            if (strncmp(plan->env[j], name, strlen(name)) == 0 && plan->env[j][strlen(name)] == '=')
                r = add(again, plan->env[j], err);
    }
    return r;
}

static int inherit(struct again *again, const char *const *caller, struct error *err)
{
    const struct plan *plan = again->plan;
    int r = 0;

    for (; caller && *caller && r == 0; caller++) {
        size_t length = strcspn(*caller, "=");
        bool is_taken = false;

        if (!length || (*caller)[length] != '=')
            continue;
        for (const char *const *pattern = (const char *const *)plan->env_inherits; pattern && *pattern && !is_taken; pattern++)
            is_taken = environment_takes(*pattern, *caller, length);
        if (is_taken && !(plan->env_is_proxied && environment_is_proxy(*caller, length)))
            r = add(again, *caller, err);
    }
    return r;
}

int plan_environment(const struct plan *plan, struct arena *arena, const char *const *caller, const char *const **ret_env,
                     struct error *err)
{
    struct again again = {.plan = plan, .arena = arena};
    int r = add_secrets(&again, err);
    const char **end;

    if (r == 0)
        r = add_all(&again, (const char *const *)plan->env_set, err);
    if (r == 0)
        r = inherit(&again, caller, err);
    if (r == 0)
        r = add_all(&again, (const char *const *)plan->env_defaults, err);
    if (r < 0)
        return r;
    end = arena_append(arena, again.env, again.count);
    if (!end)
        return error_memory(err);
    *end = NULL;
    *ret_env = again.env;
    return 0;
}

static bool is_same(const struct plan *plan, const char *const *env)
{
    size_t count = 0;

    while (env[count] && count < plan->env_count && strcmp(env[count], plan->env[count]) == 0)
        count++;
    return !env[count] && count == plan->env_count;
}

int plan_take_environment(struct plan *plan, const char *const *caller, struct error *err)
{
    const char *const *env;
    const char **copy;
    const struct origin **origins;
    size_t count = 0;
    int r = plan_environment(plan, plan->arena, caller, &env, err);

    if (r < 0 || is_same(plan, env))
        return r;
    while (env[count])
        count++;
    copy = arena_alloc(plan->arena, (count + 1) * sizeof(*copy));
    origins = arena_alloc(plan->arena, (count + 1) * sizeof(*origins));
    if (!copy || !origins)
        return error_memory(err);
    for (size_t i = 0; i < count; i++) {
        copy[i] = arena_string(plan->arena, env[i]);
        origins[i] = plan->env_count ? plan->env_origins[0] : plan->network_origin; /* nobody explains it any more */
        if (!copy[i])
            return error_memory(err);
    }
    plan->env = copy;
    plan->env_origins = origins;
    plan->env_count = count;
    return digests_add_plan(plan, err);
}
