/* SPDX-License-Identifier: Apache-2.0 */
/* An assembly that several containers are made by, and whether another one would be the same. */
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/assemble.h"

struct shared_assembly {
    unsigned shares;
    struct assembly assembly;
    struct looks *looks;
};

struct shared_assembly *assembly_share(struct assembly *assembly, struct looks *looks)
{
    struct shared_assembly *shared = mem_alloc(sizeof(*shared));

    if (!shared)
        return NULL;
    *shared = (struct shared_assembly){.shares = 1, .assembly = *assembly, .looks = looks};
    *assembly = (struct assembly){0};
    return shared;
}

struct shared_assembly *shared_assembly_keep(const struct shared_assembly *shared)
{
    struct shared_assembly *kept = (struct shared_assembly *)(uintptr_t)shared;

    __atomic_add_fetch(&kept->shares, 1, __ATOMIC_RELAXED);
    return kept;
}

void shared_assembly_retire(struct shared_assembly *shared)
{
    if (shared)
        looks_unwatch(shared->looks);
    shared_assembly_drop(shared);
}

void shared_assembly_drop(struct shared_assembly *shared)
{
    if (!shared || __atomic_sub_fetch(&shared->shares, 1, __ATOMIC_ACQ_REL) != 0)
        return;
    assembly_finish(&shared->assembly);
    looks_drop(shared->looks);
    mem_free(shared);
}

/* Who writes anything into a policy or a plan later, writes into its arena, or puts another value in place of one of its own. */
int assembly_copy(struct assembly *ret_copy, const struct shared_assembly *shared, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct assembly copy = shared->assembly;

    copy.policy = arena ? arena_alloc(arena, sizeof(*copy.policy)) : NULL;
    copy.plan = arena ? arena_alloc(arena, sizeof(*copy.plan)) : NULL;
    if (!copy.policy || !copy.plan)
        return error_memory(err);
    *copy.policy = *shared->assembly.policy;
    *copy.plan = *shared->assembly.plan;
    copy.plan->arena = arena;
    copy.policy->arena = take_ptr(arena);
    copy.plan_before = NULL;
    *ret_copy = copy;
    return 0;
}

static bool stands_at(const struct assembly *assembly, const struct cordon_request *request)
{
    char cwd[4096];

    return strcmp(request->cwd ? request->cwd : getcwd(cwd, sizeof(cwd)) ? cwd : "", assembly->cwd) == 0;
}

/* What no look tells: the caller's rights and the kernel's settings. */
static int machine_holds(const struct assembly *assembly, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct policy policy = *assembly->policy;
    struct assembly now = *assembly;
    int status;

    if (!arena)
        return error_memory(err);
    policy.arena = arena; /* the other is read by many */
    now.policy = &policy;
    now.has_facts = false;
    status = assembly_ask_again(&now, err);
    return status < 0 ? status : memcmp(&now.facts, &assembly->facts, sizeof(now.facts)) == 0;
}

static int take_environment(struct assembly *assembly, const char *const *environment, struct error *err)
{
    struct arena *arena = assembly->plan->arena;
    size_t own = environment_count(environment), added = environment_count(assembly->added_environment);
    const char **both = arena_alloc(arena, (own + added + 1) * sizeof(*both));
    int status;

    if (!both)
        return error_memory(err);
    memcpy(both, environment, own * sizeof(*both));
    memcpy(both + own, assembly->added_environment, added * sizeof(*both));
    status = plan_take_environment(assembly->plan, both, err);
    if (status < 0)
        return status;
    assembly->environment = environment;
    assembly->compile_environment = both;
    assembly->added_environment = both + own;
    return 0;
}

static const char *const *environment_of(const struct cordon_request *request)
{
    return request->environment ? (const char *const *)request->environment : (const char *const *)environ;
}

/* A rule that has ended since is shown, and recorded, as one that holds. */
static bool rules_hold(const struct plan *plan)
{
    uint64_t next_ms = plan->net_rules ? net_rules_next_end_ms(plan->net_rules) : 0;

    return !next_ms || next_ms > net_rules_now_ms(plan->net_rules);
}

int shared_assembly_holds(const struct shared_assembly *shared, const struct cordon_request *request, struct error *err)
{
    if (!stands_at(&shared->assembly, request) || !rules_hold(shared->assembly.plan) || !looks_hold(shared->looks, environment_of(request)))
        return 0;
    return machine_holds(&shared->assembly, err);
}

/* Once more, after it is watched: what moved before that nobody has said. */
int shared_assembly_watch(struct shared_assembly *shared, const struct cordon_request *request, struct error *err)
{
    int status;

    if (looks_are_watched(shared->looks))
        return 0;
    looks_watch(shared->looks);
    status = shared_assembly_holds(shared, request, err);
    return status < 0 ? status : 0;
}

int assembly_take_request(struct assembly *assembly, const struct shared_assembly *shared, const struct cordon_request *request, struct error *err)
{
    int status = shared_assembly_holds(shared, request, err);

    if (status <= 0)
        return status;
    for (size_t i = 0; i < assembly->document_count; i++)
        assembly->documents[i].source = &request->policies[i];
    status = take_environment(assembly, environment_of(request), err);
    return status < 0 ? status : 1;
}

