/* SPDX-License-Identifier: Apache-2.0 */
/* Numbers, choices and single values over all layers. Lists are in lists.c, network in network.c.
 */
#include "policy/model/effective.h"

#include <errno.h>
#include <string.h>

#include "policy/model/secrets.h"

static void take_least(struct setting *least, const struct setting *setting)
{
    if (setting->is_set && (!least->is_set || setting->value < least->value))
        *least = *setting;
}

struct resources policy_resources(const struct policy *policy)
{
    struct resources least = {0};

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct resources *layer = &policy->layers[i]->resources;

        take_least(&least.memory, &layer->memory);
        take_least(&least.cpus, &layer->cpus);
        take_least(&least.pids, &layer->pids);
        take_least(&least.open_files, &layer->open_files);
        take_least(&least.disk, &layer->disk);
        take_least(&least.output, &layer->output);
        take_least(&least.wall_time, &layer->wall_time);
        take_least(&least.cpu_time, &layer->cpu_time);
    }
    return least;
}

struct setting policy_timeout(const struct policy *policy)
{
    struct setting least = {0};

    for (size_t i = 0; i < policy->layer_count; i++)
        take_least(&least, &policy->layers[i]->timeout);
    return least;
}

struct setting policy_minimum_tier(const struct policy *policy)
{
    struct setting most = {0};

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct setting *minimum = &policy->layers[i]->minimum_tier;

        if (minimum->is_set && (!most.is_set || minimum->value > most.value))
            most = *minimum;
    }
    return most;
}

/* A document that grants them and says no number means the default; a ceiling that says none limits nothing. */
static struct setting nested_limit(const struct policy *policy, size_t offset, uint64_t by_default)
{
    struct setting limit = {0};

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];
        struct setting own = *(const struct setting *)(const void *)((const char *)layer + offset);

        if (!own.is_set && layer->kind != LAYER_CEILING)
            own = (struct setting){true, by_default, layer->nested_containers.origin};
        take_least(&limit, &own);
    }
    if (!policy_flag_permits(policy, FLAG_NESTED_CONTAINERS, NULL))
        limit.value = 0;
    return limit;
}

struct setting policy_nested_depth(const struct policy *policy)
{
    return nested_limit(policy, offsetof(struct document, nested_depth), NESTED_DEPTH_DEFAULT);
}

struct setting policy_nested_number(const struct policy *policy)
{
    return nested_limit(policy, offsetof(struct document, nested_number), NESTED_NUMBER_DEFAULT);
}

struct setting policy_strictest(const struct policy *policy, size_t offset)
{
    struct setting most = {0};

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct setting *setting = (const void *)((const char *)policy->layers[i] + offset);

        if (setting->is_set && (!most.is_set || setting->value > most.value))
            most = *setting;
    }
    return most;
}

static const struct {
    const char *member;
    size_t offset;
} flags[FLAG_COUNT] = {
    [FLAG_TOOLCHAINS] = {"filesystem.toolchains", offsetof(struct document, toolchains)},
    [FLAG_NESTED_NAMESPACES] = {"nested.namespaces", offsetof(struct document, nested_namespaces)},
    [FLAG_NESTED_CONTAINERS] = {"nested.containers", offsetof(struct document, nested_containers)},
    [FLAG_CLIPBOARD_WRITE] = {"ui.clipboard", offsetof(struct document, clipboard_write)},
    [FLAG_IDENTITY_FILES] = {"identity.files", offsetof(struct document, identity_files)},
};

const char *policy_flag_member(enum policy_flag flag)
{
    return flags[flag].member;
}

bool policy_flag_permits(const struct policy *policy, enum policy_flag flag,
                         const struct origin **ret_why)
{
    const struct origin *why = NULL;

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];
        const struct setting *setting =
            (const struct setting *)(const void *)((const char *)layer + flags[flag].offset);

        if (!setting->is_set && layer->kind == LAYER_CEILING)
            continue;
        if (!setting->is_set || !setting->value) {
            if (ret_why)
                *ret_why = setting->is_set ? &setting->origin : NULL;
            return false;
        }
        if (!why)
            why = &setting->origin;
    }
    if (ret_why)
        *ret_why = why;
    return true;
}

const char *tier_choice_name(enum tier_choice tier)
{
    static const char *const names[] = {"auto", "process", "container", "microvm", "instance"};

    return (size_t)tier < ARRAY_COUNT(names) ? names[tier] : "unknown";
}

/* What is settled, and for whom. */
struct settle {
    const struct policy *policy;
    struct arena *arena;
    settle_refuse *refuse;
    void *data;
};

/* 0 = go on with the first. */
static int refuse_conflict(const struct settle *settle, const char *member,
                           const struct origin *first, const struct origin *second,
                           struct error *err)
{
    const char *first_text = origin_text(settle->arena, first);
    const char *second_text = origin_text(settle->arena, second);
    struct error made = ERROR_INIT;

    if (!first_text || !second_text)
        return error_memory(err);
    error_set(&made, ERROR_INVALID, EINVAL,
              "%s: %s and %s contradict each other; leave it out of one of them", member,
              first_text, second_text);
    if (settle->refuse)
        return settle->refuse(&made, settle->data, err);
    if (err)
        *err = made;
    return -EINVAL;
}

int effective_check_tier(struct arena *arena, const struct setting *tier,
                         const struct setting *minimum, struct error *err)
{
    const char *minimum_text;

    if (!minimum->is_set || !tier->is_set || tier->value == TIER_AUTO ||
        tier->value >= minimum->value)
        return 0;
    minimum_text = origin_text(arena, &minimum->origin);
    if (!minimum_text)
        return error_memory(err);
    return error_set(err, ERROR_FORBIDDEN, EPERM,
                     "isolation.tier: '%s' is below the minimum '%s' of %s; choose 'auto' or a "
                     "stronger tier",
                     tier_choice_name((enum tier_choice)tier->value),
                     tier_choice_name((enum tier_choice)minimum->value), minimum_text);
}

static int settle_tier(const struct settle *settle, struct setting *ret_tier, struct error *err)
{
    const struct policy *policy = settle->policy;
    struct setting tier = {.value = TIER_AUTO};

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct setting *asked = &policy->layers[i]->tier;
        int status = 0;

        if (!asked->is_set)
            continue;
        if (tier.value != TIER_AUTO && asked->value != TIER_AUTO && tier.value != asked->value)
            status = refuse_conflict(settle, "isolation.tier", &tier.origin, &asked->origin, err);
        if (status < 0)
            return status;
        if (!tier.is_set || tier.value == TIER_AUTO)
            tier = *asked;
    }
    *ret_tier = tier;
    return 0;
}

/* A value of one variable from one layer: the same as before, or new, or a contradiction. */
static int add_variable(const struct settle *settle, const struct env_item *item,
                        struct effective *effective, struct error *err)
{
    struct env_item *added;

    for (size_t i = 0; i < effective->env_set_count; i++) {
        const struct env_item *known = &effective->env_set[i];

        if (strcmp(known->name, item->name) != 0)
            continue;
        if (strcmp(known->value, item->value) != 0)
            return refuse_conflict(settle, "environment.set", &known->origin, &item->origin, err);
        return 0;
    }
    added = arena_append(settle->arena, effective->env_set, effective->env_set_count);
    if (!added)
        return error_memory(err);
    *added = *item;
    return 0;
}

/* A value that is set gives no right: it only keeps the caller's value out. So all layers' hold. */
static int settle_environment(const struct settle *settle, struct effective *effective,
                              struct error *err)
{
    const struct policy *policy = settle->policy;

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];

        for (size_t j = 0; j < layer->env_set_count; j++) {
            int status = add_variable(settle, &layer->env_set[j], effective, err);

            if (status < 0)
                return status;
        }
        effective->env_is_exact = effective->env_is_exact || layer->env_is_exact;
        effective->env_home_is_cwd = effective->env_home_is_cwd || layer->env_home_is_cwd;
    }
    return policy_list_settle(policy, LIST_ENV_INHERIT, settle->arena, &effective->env_inherit,
                              err);
}

static int settle_text(const struct settle *settle, const char *member, const char *text,
                       const struct origin *origin, const char **settled,
                       const struct origin **settled_origin, struct error *err)
{
    if (!text)
        return 0;
    if (*settled && strcmp(*settled, text) != 0)
        return refuse_conflict(settle, member, *settled_origin, origin, err);
    if (!*settled) {
        *settled = text;
        *settled_origin = origin;
    }
    return 0;
}

static int settle_program(const struct settle *settle, struct effective *effective,
                          struct error *err)
{
    const struct policy *policy = settle->policy;

    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];
        int status;

        status = settle_text(settle, "runtimeConfig.networkProxy", layer->network.proxy,
                             &layer->network.proxy_origin, &effective->proxy,
                             &effective->proxy_origin, err);
        if (status < 0)
            return status;
        if (layer->network.proxy)
            effective->proxy_port = layer->network.proxy_port;
        if (layer->kind != LAYER_REQUEST)
            continue;
        if (!effective->name)
            effective->name = layer->name;
        status =
            settle_text(settle, "process.commandLine", layer->command_line, &layer->command_origin,
                        &effective->command_line, &effective->command_origin, err);
        if (status == 0)
            status = settle_text(settle, "process.cwd", layer->cwd, &layer->cwd_origin,
                                 &effective->cwd, &effective->cwd_origin, err);
        if (status < 0)
            return status;
    }
    return 0;
}

/* Also of a ceiling: it demands that name. */
static int settle_identity(const struct settle *settle, struct effective *effective, struct error *err)
{
    const struct origin *class_origin = NULL, *sponsor_origin = NULL;
    int status = 0;

    for (size_t i = 0; i < settle->policy->layer_count && status == 0; i++) {
        const struct document *layer = settle->policy->layers[i];

        status = settle_text(settle, "identity.class", layer->identity_class.text, &layer->identity_class.origin,
                             &effective->identity_class.text, &class_origin, err);
        if (status == 0)
            status = settle_text(settle, "identity.sponsor", layer->identity_sponsor.text, &layer->identity_sponsor.origin,
                                 &effective->identity_sponsor.text, &sponsor_origin, err);
    }
    if (class_origin)
        effective->identity_class.origin = *class_origin;
    if (sponsor_origin)
        effective->identity_sponsor.origin = *sponsor_origin;
    return status;
}

/* A system call that any layer denies is denied. */
static int settle_denied_syscalls(const struct policy *policy, struct arena *arena,
                                  struct string_list *list, struct error *err)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct string_list *layer = &policy->layers[i]->syscalls_deny;

        for (size_t j = 0; j < layer->count; j++) {
            struct string_item *item;
            bool is_known = false;

            for (size_t k = 0; k < list->count && !is_known; k++)
                is_known = strcmp(list->items[k].text, layer->items[j].text) == 0;
            if (is_known)
                continue;
            item = arena_append(arena, list->items, list->count);
            if (!item)
                return error_memory(err);
            *item = layer->items[j];
        }
        if (layer->is_set && !list->is_set) {
            list->is_set = true;
            list->origin = layer->origin;
        }
    }
    return 0;
}

static int settle_lists(const struct policy *policy, struct arena *arena,
                        struct effective *effective, struct error *err)
{
    int status = settle_denied_syscalls(policy, arena, &effective->syscalls_deny, err);

    if (status == 0)
        status =
            policy_list_settle(policy, LIST_SYSCALLS_ALLOW, arena, &effective->syscalls_allow, err);
    if (status == 0)
        status = policy_list_settle(policy, LIST_DEVICES, arena, &effective->devices, err);
    if (status == 0)
        status =
            policy_list_settle(policy, LIST_UNIX_SOCKETS, arena, &effective->unix_sockets, err);
    if (status == 0)
        status = policy_list_settle(policy, LIST_ALLOW_LOSS, arena, &effective->allow_loss, err);
    if (status == 0)
        status = policy_list_settle(policy, LIST_AUTHORITIES, arena, &effective->authorities, err);
    if (status == 0)
        status = policy_list_settle(policy, LIST_AUDIENCES, arena, &effective->identity_audiences, err);
    return status;
}

static void settle_flags(const struct policy *policy, struct effective *effective)
{
    const struct origin *why;

    effective->nested_namespaces = policy_flag_permits(policy, FLAG_NESTED_NAMESPACES, NULL);
    effective->nested_containers = policy_flag_permits(policy, FLAG_NESTED_CONTAINERS, NULL);
    effective->nested_depth = policy_nested_depth(policy);
    effective->nested_number = policy_nested_number(policy);
    effective->audit_mode = policy_strictest(policy, offsetof(struct document, audit_mode));
    effective->audit_arguments = policy_strictest(policy, offsetof(struct document, audit_arguments));
    effective->audit_paths = policy_strictest(policy, offsetof(struct document, audit_paths));
    effective->toolchains.value = policy_flag_permits(policy, FLAG_TOOLCHAINS, &why);
    effective->toolchains.is_set = why != NULL;
    if (why)
        effective->toolchains.origin = *why;
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct setting *protect = &policy->layers[i]->protect_builtin;

        if (protect->is_set && (!effective->protect_builtin.is_set ||
                                protect->value > effective->protect_builtin.value))
            effective->protect_builtin = *protect;
    }
}

int policy_settle(const struct policy *policy, struct arena *arena, settle_refuse *refuse,
                  void *data, struct effective *ret_effective, struct error *err)
{
    const struct settle settle = {policy, arena, refuse, data};
    struct effective effective = {0};
    int status;

    effective.resources = policy_resources(policy);
    effective.timeout = policy_timeout(policy);
    effective.network = policy_network(policy);
    effective.minimum_tier = policy_minimum_tier(policy);
    settle_flags(policy, &effective);
    status = settle_tier(&settle, &effective.tier, err);
    if (status == 0)
        status = settle_environment(&settle, &effective, err);
    if (status == 0)
        status = settle_program(&settle, &effective, err);
    if (status == 0)
        status = settle_identity(&settle, &effective, err);
    if (status == 0)
        status = settle_lists(policy, arena, &effective, err);
    if (status == 0)
        status = policy_secrets(policy, arena, refuse, data, &effective.secrets, &effective.secret_count, err);
    if (status == 0)
        *ret_effective = effective;
    return status;
}
