/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another network for a running container. What was made at its start stays: its file tree, its workers, the programs that
 * connections are told apart by. Rules that would need more are refused by name, and nothing has changed.
 */
#include <errno.h>
#include <string.h>

#include "sdk/container.h"
#include "sdk/helpers.h"
#include "sdk/pending.h"
#include "sdk/remote.h"

static int refuse(struct error *err, const char *why)
{
    return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "network: %s; end the container and start it with this policy", why);
}

/* Rules without a layer that grants anything: what a policy means that leaves a loopback alone. */
static int close_all(struct arena *arena, struct net_rules **ret_rules, struct error *err)
{
    struct net_rules *rules = arena_alloc(arena, sizeof(*rules));
    struct net_layer *layer = arena_alloc(arena, sizeof(*layer));

    if (!rules || !layer)
        return error_memory(err);
    layer->where = "network.egress.default";
    *rules = (struct net_rules){.layers = layer, .layer_count = 1};
    *ret_rules = rules;
    return 0;
}

static bool is_same_program(const struct net_program *a, const struct net_program *b)
{
    return a->device == b->device && a->inode == b->inode && a->size == b->size && a->change_s == b->change_s &&
           a->change_ns == b->change_ns && memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* Process 1 tells programs by the numbers that they had at the start; 0 = it does not know this one. */
static uint16_t number_at_start(const struct net_rules *first, const struct net_program *program)
{
    for (size_t i = 0; i < first->program_count; i++)
        if (is_same_program(&first->programs[i], program))
            return (uint16_t)(i + 1);
    return 0;
}

static int renumber(struct arena *arena, const struct net_rules *first, const struct net_rules *rules, struct net_rule *items,
                    size_t count, struct error *err)
{
    for (size_t i = 0; i < count; i++) {
        uint16_t *numbers = items[i].program_count ? arena_alloc(arena, items[i].program_count * sizeof(*numbers)) : NULL;

        if (items[i].program_count && !numbers)
            return error_memory(err);
        for (size_t j = 0; j < items[i].program_count; j++) {
            const struct net_program *program = &rules->programs[items[i].programs[j] - 1];

            numbers[j] = number_at_start(first, program);
            if (!numbers[j])
                return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                                 "%s: connections of %s are not told apart in this container: no rule named it, as it is now, when it "
                                 "was started",
                                 items[i].where, program->path);
        }
        items[i].programs = numbers;
    }
    return 0;
}

/* The table of the start stays, so that numbers mean what they did. */
static int settle_programs(struct arena *arena, const struct net_rules *first, struct net_rules *rules, struct error *err)
{
    int status = 0;

    for (size_t i = 0; i < rules->layer_count && status == 0; i++) {
        status = renumber(arena, first, rules, rules->layers[i].allow, rules->layers[i].allow_count, err);
        if (status == 0)
            status = renumber(arena, first, rules, rules->layers[i].deny, rules->layers[i].deny_count, err);
        rules->layers[i].ended_count = 0; /* they have the numbers of before, and grant nothing */
    }
    rules->programs = first->programs;
    rules->program_count = first->program_count;
    return status;
}

static bool has_same_authorities(const struct plan *a, const struct plan *b)
{
    if (a->authority_count != b->authority_count)
        return false;
    for (size_t i = 0; i < a->authority_count; i++)
        if (strcmp(a->authorities[i].digest, b->authorities[i].digest) != 0)
            return false;
    return true;
}

static bool has_door(const struct net_door *doors, size_t count, const struct net_door *door)
{
    for (size_t i = 0; i < count; i++)
        if (doors[i].port == door->port && doors[i].to_port == door->to_port)
            return true;
    return false;
}

/* Doors are made once. */
static int check_doors(const struct net_door *first, size_t first_count, const struct net_door *doors, size_t count,
                       struct error *err)
{
    for (size_t i = 0; i < count; i++)
        if (!has_door(first, first_count, &doors[i]))
            return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                             "%s: port %u is no port that led from one loopback to the other when the container was started",
                             doors[i].where, doors[i].port);
    return 0;
}

/* What this container has not, and gets no more. */
static int check(const struct cordon_container *container, const struct plan *plan, const struct net_rules *rules,
                 struct error *err)
{
    const struct net_rules *first = container->assembly.plan->net_rules;
    const struct workers *workers = &container->workers;
    int status;

    if (plan->network != PLAN_NET_GATEWAY && plan->network != PLAN_NET_LOOPBACK)
        return refuse(err, "the container has a network of its own with a loopback, and neither the host's nor none");
    if (workers_need_inspector(rules) && workers->inspector.channel < 0)
        return refuse(err, "rules about requests need cordon-inspector, which was not started, as no rule was about any");
    if (net_rules_open_tls(rules) && !workers->authority)
        return refuse(err, "`tls: terminate` needs an authority that programs believe, which this container has not, as no rule opened TLS");
    if (plan->network == PLAN_NET_GATEWAY && !has_same_authorities(container->assembly.plan, plan))
        return refuse(err, "network.tls.authorities: whom the workers believe they were told when they started");
    status = check_doors(first->inward, first->inward_count, rules->inward, rules->inward_count, err);
    return status < 0 ? status : check_doors(first->outward, first->outward_count, rules->outward, rules->outward_count, err);
}

/* The plan is this call's own, so its rules may be changed. */
static int rules_find(const struct cordon_container *container, const struct plan *plan, struct net_rules **ret_rules,
                      struct error *err)
{
    struct net_rules *rules = (struct net_rules *)plan->net_rules;
    int status = plan->network == PLAN_NET_GATEWAY ? 0 : close_all(plan->arena, &rules, err);

    if (status == 0)
        status = check(container, plan, rules, err);
    if (status == 0)
        status = settle_programs(plan->arena, container->assembly.plan->net_rules, rules, err);
    if (status == 0)
        *ret_rules = rules;
    return status;
}

static int change(struct cordon_container *container, struct assembly *next, const struct cordon_request *request,
                  struct error *err)
{
    struct net_rules *rules = NULL;
    const char *program;
    int status = assembly_compile_network(next, &container->assembly, request, err);

    if (status == 0)
        status = rules_find(container, next->plan, &rules, err);
    if (status == 0)
        status = helpers_find_gateway(next->policy->arena, &next->places, &program, err);
    if (status == 0)
        status = pending_network(container, next->plan, err);
    if (status == 0)
        status = nests_change(&container->nests, container, next, request, err);
    return status < 0 ? status : workers_set_rules(&container->workers, program, rules, container->log, err);
}

int cordon_container_set_network(struct cordon_container *container, const struct cordon_request *request,
                                 struct cordon_error *public)
{
    struct error *err = public_error(public);
    auto_assembly struct assembly next = {0};
    int status;

    if (container->state != CONTAINER_RUNNING)
        return error_set(err, ERROR_INVALID, ESRCH, "the container has ended");
    if (!container->remote && (request->until.left_ms || request->until.at_ms))
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "the network for a while: nobody but the daemon would take it back (cordon update, of a container of its)");
    if (container->remote)
        return remote_set_network(container->remote, request, err);
    if (container->inside || container->assembly.plan->network != PLAN_NET_GATEWAY)
        return refuse(err, "the container was started without rules, or inside another, so nothing here stands before its network that could take others");
    status = change(container, &next, request, err);
    if (status < 0)
        return status;
    assembly_finish(&container->changed);
    container->changed = next;
    next = (struct assembly){0};
    asks_network_changed(&container->asks);
    status = event_network_changed(container->log, container->changed.plan->policy_digest, err);
    if (status < 0)
        error_prepend(err, "the new network holds, and that could not be recorded");
    return status;
}
