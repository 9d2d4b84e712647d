/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, tiers, yes/no members, set variables, and members that this build cannot enforce. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/redact.h"
#include "base/text.h"
#include "policy/model/effective.h"
#include "policy/model/subset.h"

static int compare_limit(struct subset *subset, const char *member, const struct setting *a,
                         const struct setting *b)
{
    struct subset_item item = {.member = member, .a_origin = a->is_set ? &a->origin : NULL, .b_origin = &b->origin};
    const char *origin;

    if (!b->is_set || (a->is_set && a->value <= b->value))
        return 0;
    item.a_value = a->is_set ? arena_printf(subset->scratch, "%" PRIu64, a->value) : "no limit";
    item.b_value = arena_printf(subset->scratch, "%" PRIu64, b->value);
    if (!item.a_value || !item.b_value)
        return -ENOMEM;
    origin = subset_origin(subset, &b->origin);
    if (!origin)
        return -ENOMEM;
    if (!a->is_set)
        return subset_tell(subset, &item, "%s: no limit, where at most %" PRIu64 " is allowed%s", member,
                           b->value, origin);
    return subset_tell(subset, &item, "%s: %" PRIu64 ", where at most %" PRIu64 " is allowed%s", member,
                       a->value, b->value, origin);
}

/* process.timeout and resources.wallTime end the same run: the smaller one counts. */
static struct setting run_time(const struct policy *policy)
{
    struct setting timeout = policy_timeout(policy);
    struct setting wall_time = policy_resources(policy).wall_time;

    if (!wall_time.is_set || (timeout.is_set && timeout.value < wall_time.value))
        return timeout;
    return wall_time;
}

static int compare_limits(struct subset *subset)
{
    struct resources a = policy_resources(subset->a), b = policy_resources(subset->b);
    struct setting a_time = run_time(subset->a), b_time = run_time(subset->b);
    const struct {
        const char *member;
        const struct setting *a, *b;
    } rows[] = {
        {"resources.memory", &a.memory, &b.memory},
        {"resources.cpus", &a.cpus, &b.cpus},
        {"resources.pids", &a.pids, &b.pids},
        {"resources.openFiles", &a.open_files, &b.open_files},
        {"resources.disk", &a.disk, &b.disk},
        {"resources.output", &a.output, &b.output},
        {"resources.cpuTime", &a.cpu_time, &b.cpu_time},
        {"resources.wallTime", &a_time, &b_time},
    };
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(rows) && status == 0; i++)
        status = compare_limit(subset, rows[i].member, rows[i].a, rows[i].b);
    return status;
}

/* The weakest tier in which the policy may run, and who says so (NULL = nobody). */
static uint64_t weakest_tier(const struct policy *policy, const struct origin **ret_why)
{
    uint64_t weakest = TIER_PROCESS;

    *ret_why = NULL;
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];

        if (layer->minimum_tier.is_set && layer->minimum_tier.value > weakest) {
            weakest = layer->minimum_tier.value;
            *ret_why = &layer->minimum_tier.origin;
        }
        if (layer->tier.is_set && layer->tier.value > weakest) {
            weakest = layer->tier.value;
            *ret_why = &layer->tier.origin;
        }
    }
    return weakest;
}

static int compare_tiers(struct subset *subset)
{
    struct subset_item item = {.member = "isolation.tier"};
    uint64_t a = weakest_tier(subset->a, &item.a_origin), b = weakest_tier(subset->b, &item.b_origin);

    if (a >= b)
        return 0;
    item.a_value = tier_choice_name((enum tier_choice)a);
    item.b_value = tier_choice_name((enum tier_choice)b);
    return subset_tell(subset, &item, "isolation: it may run in tier '%s', where '%s' is the least", item.a_value,
                       item.b_value);
}

static int compare_flags(struct subset *subset)
{
    struct setting a_depth = policy_nested_depth(subset->a), b_depth = policy_nested_depth(subset->b);
    struct setting a_number = policy_nested_number(subset->a), b_number = policy_nested_number(subset->b);
    int status = 0;

    for (enum policy_flag flag = 0; flag < FLAG_COUNT; flag++) {
        const struct origin *why, *granted;
        const char *origin;

        if (!policy_flag_permits(subset->a, flag, &granted) ||
            policy_flag_permits(subset->b, flag, &why) ||
            (flag == FLAG_NESTED_CONTAINERS && a_depth.is_set && !a_depth.value)) /* asks for none */
            continue;
        origin = subset_origin(subset, why);
        if (!origin)
            return -ENOMEM;
        status = subset_tell(subset,
                             &(struct subset_item){.member = policy_flag_member(flag), .a_origin = granted, .b_origin = why},
                             "%s: granted, where it is not allowed%s", policy_flag_member(flag), origin);
        if (status)
            return status;
    }
    if (!policy_flag_permits(subset->a, FLAG_NESTED_CONTAINERS, NULL) || (a_depth.is_set && !a_depth.value))
        return 0;
    status = compare_limit(subset, "nested.depth", &a_depth, &b_depth);
    return status ? status : compare_limit(subset, "nested.number", &a_number, &b_number);
}

/* What the first layer that says so calls it; NULL = nobody does. */
static const struct string_item *identity_text(const struct policy *policy, size_t offset)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct string_item *item = (const void *)((const char *)policy->layers[i] + offset);

        if (item->text)
            return item;
    }
    return NULL;
}

/* Where `b` says who it is and for whom it acts, `a` must be the same. */
static int compare_identity(struct subset *subset, const char *member, size_t offset)
{
    const struct string_item *a = identity_text(subset->a, offset), *b = identity_text(subset->b, offset);
    const char *origin;

    if (!b || (a && strcmp(a->text, b->text) == 0))
        return 0;
    origin = subset_origin(subset, &b->origin);
    if (!origin)
        return -ENOMEM;
    return subset_tell(subset,
                       &(struct subset_item){.member = member, .a_value = a ? a->text : NULL, .b_value = b->text,
                                             .a_origin = a ? &a->origin : NULL, .b_origin = &b->origin},
                       "%s: %s, where '%s' is demanded%s", member, a ? "another name" : "none", b->text, origin);
}

/* The same for the log: at least as strict. */
static int compare_strictness(struct subset *subset, const char *member, size_t offset, const char *const *names)
{
    struct setting a = policy_strictest(subset->a, offset), b = policy_strictest(subset->b, offset);
    const char *origin;

    if (a.value >= b.value)
        return 0;
    origin = subset_origin(subset, &b.origin);
    if (!origin)
        return -ENOMEM;
    return subset_tell(subset,
                       &(struct subset_item){.member = member, .a_value = names[a.value], .b_value = names[b.value],
                                             .a_origin = a.is_set ? &a.origin : NULL, .b_origin = &b.origin},
                       "%s: '%s', where '%s' is demanded%s", member, names[a.value], names[b.value], origin);
}

static int compare_attribution(struct subset *subset)
{
    static const char *const modes[] = {"recorded", "required"}, *const privacies[] = {"clear", "salted", "sealed"};
    int status = compare_identity(subset, "identity.class", offsetof(struct document, identity_class));

    if (status == 0)
        status = compare_identity(subset, "identity.sponsor", offsetof(struct document, identity_sponsor));
    if (status == 0)
        status = compare_strictness(subset, "audit.mode", offsetof(struct document, audit_mode), modes);
    if (status == 0)
        status = compare_strictness(subset, "audit.arguments", offsetof(struct document, audit_arguments), privacies);
    if (status == 0)
        status = compare_strictness(subset, "audit.paths", offsetof(struct document, audit_paths), privacies);
    return status;
}

static const struct env_item *find_variable(const struct policy *policy, const char *name,
                                            const char *other_than)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];

        for (size_t j = 0; j < layer->env_set_count; j++) {
            const struct env_item *item = &layer->env_set[j];

            if (strcmp(item->name, name) == 0 &&
                (!other_than || strcmp(item->value, other_than) != 0))
                return item;
        }
    }
    return NULL;
}

/* A variable that holds a placeholder. */
static bool has_placeholder(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct secrets *secrets = &policy->layers[i]->secrets;

        for (size_t j = 0; j < secrets->count; j++)
            if (secrets->items[j].name && !secrets->items[j].file && strcmp(secrets->items[j].name, name) == 0)
                return true;
    }
    return false;
}

const char *subset_shown_value(struct arena *arena, const struct env_item *item)
{
    auto_text struct text out = {0};

    redact_variable(&out, item->name, item->value);
    return out.is_broken ? NULL : arena_string(arena, out.data ? out.data : "");
}

/* `other`: what `a` sets, NULL = a placeholder, or the caller's. */
static int tell_variable(struct subset *subset, const struct env_item *fixed, const struct env_item *other, bool is_other)
{
    struct subset_item item = {.member = "environment.set",
                               .subject = fixed->name,
                               .a_value = other ? subset_shown_value(subset->scratch, other) : NULL,
                               .b_value = subset_shown_value(subset->scratch, fixed),
                               .a_origin = other ? &other->origin : NULL,
                               .b_origin = &fixed->origin};
    const char *origin = subset_origin(subset, &fixed->origin);

    if (!origin || !item.b_value || (other && !item.a_value))
        return -ENOMEM;
    return subset_tell(subset, &item, "environment: %s has %s value than the one that is set%s", fixed->name,
                       is_other ? "another" : "the caller's, a different", origin);
}

/* Where `b` fixes a value, `a` may neither set another one nor let the caller's in. */
static int compare_variables(struct subset *subset)
{
    for (size_t i = 0; i < subset->b->layer_count; i++) {
        const struct document *layer = subset->b->layers[i];

        for (size_t j = 0; j < layer->env_set_count; j++) {
            const struct env_item *fixed = &layer->env_set[j];
            const struct env_item *other = find_variable(subset->a, fixed->name, fixed->value);
            bool is_other = other || has_placeholder(subset->a, fixed->name);
            int status;

            if (!is_other && (find_variable(subset->a, fixed->name, NULL) ||
                              !policy_list_permits(subset->a, LIST_ENV_INHERIT, fixed->name)))
                continue;
            status = tell_variable(subset, fixed, other, is_other);
            if (status)
                return status;
        }
    }
    return 0;
}

/* Members that are recorded as not enforceable but whose meaning the other parts compare. */
static bool is_compared_elsewhere(const char *member)
{
    static const char *const prefixes[] = {
        "filesystem.",
        "network.egress.",
        "network.ingress.default",
        "network.ingress.hostLoopback", /* not what of its ports cannot be had */
        "network.loopback",
        "runtimeConfig.networkProxy",
        "nested.",
        "audit.",
        "isolation.tier",
        "isolation.minimum",
    };

    for (size_t i = 0; i < ARRAY_COUNT(prefixes); i++)
        if (strncmp(member, prefixes[i], strlen(prefixes[i])) == 0)
            return strncmp(member, "network.ingress.hostLoopbackPorts", 33) != 0;
    return false;
}

/* Only the same member of the same text is known to mean the same. */
static bool has_unsupported(const struct policy *policy, const struct document *from,
                            const struct unsupported *wanted)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];
        bool is_same_text =
            layer == from || (layer->digest[0] && strcmp(layer->digest, from->digest) == 0);

        for (size_t j = 0; is_same_text && j < layer->unsupported_count; j++)
            if (strcmp(layer->unsupported[j].member, wanted->member) == 0 &&
                strcmp(layer->unsupported[j].reason, wanted->reason) == 0)
                return true;
    }
    return false;
}

/* Is this member one that takes away, so that being without it may be more? */
static bool may_restrict(const char *member)
{
    return strncmp(member, "network.", 8) == 0 || strncmp(member, "isolation.", 10) == 0 ||
           strncmp(member, "ui.", 3) == 0;
}

static int compare_unsupported(struct subset *subset, const struct policy *from,
                               const struct policy *in, bool is_reverse)
{
    for (size_t i = 0; i < from->layer_count; i++) {
        const struct document *layer = from->layers[i];

        for (size_t j = 0; j < layer->unsupported_count; j++) {
            const struct unsupported *wanted = &layer->unsupported[j];
            const char *origin;
            int status;

            if (is_compared_elsewhere(wanted->member) ||
                (is_reverse && !may_restrict(wanted->member)) || has_unsupported(in, layer, wanted))
                continue;
            origin = subset_origin(subset, &wanted->origin);
            if (!origin)
                return -ENOMEM;
            status = subset_tell(subset,
                                 &(struct subset_item){.member = wanted->member,
                                                       .subject = "what cannot be enforced here cannot be compared",
                                                       .a_origin = is_reverse ? NULL : &wanted->origin,
                                                       .b_origin = is_reverse ? &wanted->origin : NULL},
                                 "%s: cannot be compared%s, and only one of the two has it", wanted->member, origin);
            if (status)
                return status;
        }
    }
    return 0;
}

int subset_settings(struct subset *subset)
{
    int status = compare_limits(subset);

    if (status == 0)
        status = compare_tiers(subset);
    if (status == 0)
        status = compare_flags(subset);
    if (status == 0)
        status = compare_attribution(subset);
    if (status == 0)
        status = compare_variables(subset);
    if (status == 0)
        status = compare_unsupported(subset, subset->a, subset->b, false);
    if (status == 0)
        status = compare_unsupported(subset, subset->b, subset->a, true);
    return status;
}
