/* SPDX-License-Identifier: Apache-2.0 */
/* What is neither a file nor a limit nor the network: the machine's abilities, tier, system calls. */
#include <errno.h>
#include <string.h>

#include "base/kernel/syscalls.h"
#include "policy/compile/compile.h"

struct grantable_call {
    const char *name;
    const char *reason; /* why it is safe for who asks for it */
};

/*
 * What the baseline refuses and syscalls.allow may give back: each acts only on what the container
 * has anyway. Everything else that the baseline refuses stays refused.
 */
static const struct grantable_call grantable_calls[] = {
    {"userfaultfd", "without a capability it sees the program's own faults in user mode only"},
    {"memfd_secret", "hides memory from the kernel's own mappings; still freed with the program"},
    {"perf_event_open", "without a capability it observes the program itself"},
    {"kcmp", "needs the right to trace both processes, which are inside"},
    {"move_pages", "without a capability for the program's own processes only"},
    {"migrate_pages", "without a capability for the program's own processes only"},
    {"modify_ldt", "16-bit segments of the program itself"},
    {"statmount", "shows the container's own mounts"},
    {"listmount", "shows the container's own mounts"},
    {"fanotify_init", "without a capability it observes what the program may read"},
    {"fanotify_mark", "without a capability it observes what the program may read"},
};

const char *policy_grantable_call(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(grantable_calls); i++)
        if (strcmp(name, grantable_calls[i].name) == 0)
            return grantable_calls[i].reason;
    return NULL;
}

/* Without these no container would begin, or say why it did not. */
static const struct needed_call {
    const char *name, *reason;
} needed_calls[] = {
    {"execve", "starts the program itself; what it must not execute can be kept from it with filesystem.deniedPaths"},
    {"exit_group", "ends the program, and tells when it cannot be started"},
};

static const char *needed_call(const char *name)
{
    for (size_t i = 0; i < ARRAY_COUNT(needed_calls); i++)
        if (strcmp(name, needed_calls[i].name) == 0)
            return needed_calls[i].reason;
    return NULL;
}

/* A file tree of the program's own needs all three. */
static int check_namespaces(struct compile *c, struct error *err)
{
    const char *why = in_place_why(c->facts);

    if (!why || c->plan->wall == PLAN_WALL_LANDLOCK)
        return 0;
    return compile_problem(c, ERROR_UNENFORCEABLE, NULL, err,
                           "%s; and Landlock (ABI %d here), which could contain simple policies without, needs ABI %d, "
                           "Linux 6.12",
                           why, c->facts->landlock_abi, LANDLOCK_ABI_SCOPES);
}

int settings_check_facts(struct compile *c, struct error *err)
{
    const struct facts *facts = c->facts;
    int r = check_namespaces(c, err);

    if (r == 0 && !facts->seccomp)
        r = compile_problem(c, ERROR_UNENFORCEABLE, NULL, err,
                            "kernel %s has no system call filter; CONFIG_SECCOMP_FILTER is needed",
                            facts->kernel);
    /* The mount tree enforces the same file rules; what only Landlock holds is refused where it is asked for. */
    if (r == 0 && facts->landlock_abi < LANDLOCK_ABI_FILES)
        r = compile_warning(c, NULL, err,
                            "this kernel has no usable Landlock (ABI %d, %d is needed): nothing stands behind the "
                            "mount tree for files; boot Linux 5.19 or newer with lsm=landlock,...",
                            facts->landlock_abi, LANDLOCK_ABI_FILES);
    if (r == 0 && facts->is_root && facts->group_count && !facts->can_drop_groups)
        r = compile_loss(c, "groups", NULL, err,
                         "%u supplementary groups of the caller cannot be dropped",
                         facts->group_count);
    if (r == 0 && facts->has_core_socket)
        r = compile_loss(c, "coreDumps", NULL, err,
                         "a program that crashes sends its memory to a service of the host (kernel.core_pattern begins "
                         "with '@'), which no limit holds; set another pattern");
    return r;
}

static int check_unsupported(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->policy->layer_count && r == 0; i++) {
        const struct document *layer = c->policy->layers[i];

        for (size_t j = 0; j < layer->unsupported_count && r == 0; j++) {
            const struct unsupported *item = &layer->unsupported[j];

            r = compile_problem(c, ERROR_UNENFORCEABLE, &item->origin, err, "%s", item->reason);
        }
    }
    return r;
}

static int find_tier(const char *name, struct setting *ret_tier)
{
    for (int tier = TIER_AUTO; tier <= TIER_INSTANCE; tier++) {
        if (strcmp(name, tier_choice_name((enum tier_choice)tier)) != 0)
            continue;
        ret_tier->is_set = true;
        ret_tier->value = (uint64_t)tier;
        return 0;
    }
    return -EINVAL;
}

/* Only the process tier is in this build. --tier may strengthen what the layers ask for, not undo
 * it: a ceiling is among them. */
static int choose_tier(struct compile *c, struct error *err)
{
    struct setting tier = c->effective.tier, asked = {0};
    const struct setting *minimum = &c->effective.minimum_tier;
    struct error made = ERROR_INIT;
    const char *name = c->options->tier;
    int r;

    if (name && find_tier(name, &asked) < 0)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "tier: '%s' is none of auto, process, container, microvm, instance",
                         name);
    r = effective_check_tier(c->work, &asked, &tier, &made);
    r = compile_refusal(c, r, &made, err);
    if (r < 0)
        return r;
    if (asked.value != TIER_AUTO)
        tier = asked;
    r = effective_check_tier(c->work, &tier, minimum, &made);
    r = compile_refusal(c, r, &made, err);
    if (r < 0)
        return r;
    if (tier.value == TIER_AUTO && minimum->is_set && minimum->value > TIER_PROCESS)
        tier = *minimum;
    if (tier.value != TIER_AUTO && tier.value != TIER_PROCESS)
        r = compile_problem(c, ERROR_UNENFORCEABLE, &tier.origin, err,
                            "tier '%s' is not in this build; only 'process' is",
                            tier_choice_name((enum tier_choice)tier.value));
    c->plan->tier = tier_choice_name(TIER_PROCESS);
    return r;
}

/*
 * Sandboxes of the program's own. What a mount covers or keeps in its place can be renamed or removed by who has a mount
 * namespace without that mount, so process 1 makes such calls, from the container's own tree.
 */
static int choose_nesting(struct compile *c, struct error *err)
{
    const struct facts *facts = c->facts;
    const struct origin *origin = NULL;

    if (!policy_flag_permits(c->policy, FLAG_NESTED_NAMESPACES, &origin))
        return 0;
    if (facts->is_root)
        return compile_problem(c, ERROR_UNENFORCEABLE, origin, err,
                               "the kernel lets no program that holds no capability map uid 0 into a user namespace "
                               "(Linux 5.12), so no sandbox would work inside: run Cordon as an ordinary user");
    if (!facts->keeps_names)
        return compile_problem(c, ERROR_UNENFORCEABLE, origin, err,
                               "what the policy protects could be renamed or removed from a mount namespace of the "
                               "program's own: the system call filter must be able to ask (%s)",
                               facts->keeps_names_why);
    c->plan->filter.allows_namespaces = c->plan->filter.keeps_names = true;
    c->plan->landlock_files = false;
    return 0;
}

static int add_call(struct compile *c, const struct string_item *item, const char ***names,
                    const struct origin ***origins, size_t *count, struct error *err)
{
    size_t origin_count = *count;
    const struct origin **origin = arena_append(c->arena, *origins, origin_count);
    const char **name = arena_append(c->arena, *names, *count);

    if (name)
        *name = arena_string(c->arena, item->text);
    if (!origin || !name || !*name)
        return error_memory(err);
    return compile_origin(c, &item->origin, origin, err);
}

static int add_calls(struct compile *c, const struct string_list *items, bool is_allowed,
                     struct error *err)
{
    struct plan_filter *filter = &c->plan->filter;
    int r = 0;

    for (size_t i = 0; i < items->count && r == 0; i++) {
        const struct string_item *item = &items->items[i];

        if (kernel_syscall_number(item->text) < 0)
            r = compile_problem(c, ERROR_INVALID, &item->origin, err,
                                "'%s' is not a system call that this build knows", item->text);
        else if (is_allowed && !policy_grantable_call(item->text))
            r = compile_problem(c, ERROR_FORBIDDEN, &item->origin, err,
                                "'%s' is allowed anyway or reaches past the container, so it "
                                "cannot be granted; remove it",
                                item->text);
        else if (!is_allowed && needed_call(item->text))
            r = compile_problem(c, ERROR_INVALID, &item->origin, err, "'%s' %s: remove it", item->text, needed_call(item->text));
        else if (is_allowed)
            r = add_call(c, item, &filter->allow, &filter->allow_origins, &filter->allow_count, err);
        else
            r = add_call(c, item, &filter->deny, &filter->deny_origins, &filter->deny_count, err);
    }
    return r;
}

static int add_warnings(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->policy->layer_count && r == 0; i++) {
        const struct string_list *warnings = &c->policy->layers[i]->warnings;

        for (size_t j = 0; j < warnings->count && r == 0; j++)
            r = compile_warning(c, &warnings->items[j].origin, err, "%s", warnings->items[j].text);
    }
    if (r == 0 && !c->facts->is_root && c->facts->group_count)
        r = compile_warning(c, NULL, err,
                            "the caller's %u supplementary groups stay: only root can drop them",
                            c->facts->group_count);
    return r;
}

/*
 * Sub-containers are asked for through process 1, and stand beside this one. Who is in a sandbox of the program's own must not get
 * around that by asking for the container's rights, and what is counted for each container must not be had several times.
 */
static int choose_containers(struct compile *c, struct error *err)
{
    const struct effective *effective = &c->effective;
    const struct origin *origin = NULL;
    const char *why = NULL;

    if (!policy_flag_permits(c->policy, FLAG_NESTED_CONTAINERS, &origin) || !effective->nested_depth.value ||
        !effective->nested_number.value)
        return 0;
    if (c->plan->wall == PLAN_WALL_LANDLOCK)
        why = "a container inside needs namespaces, which cannot be made here: `cordon doctor` says what forbids it";
    else if (!c->facts->keeps_names)
        why = "process 1 must be asked for a container inside, and the system call filter cannot hand it calls here: see `cordon doctor`";
    else if (effective->nested_namespaces)
        why = "a sandbox of the program's own could ask for what its maker keeps from it: leave out nested.namespaces, or this";
    else if (c->options->is_reviewed)
        why = "what a container inside changes could not be reviewed: run without a review, or leave this out";
    if (why)
        return compile_problem(c, ERROR_UNENFORCEABLE, origin, err, "%s", why);
    c->plan->filter.keeps_names = true;
    c->plan->nested_depth = effective->nested_depth.is_set ? (unsigned)effective->nested_depth.value : NESTED_DEPTH_DEFAULT;
    c->plan->nested_number = effective->nested_number.is_set ? (unsigned)effective->nested_number.value : NESTED_NUMBER_DEFAULT;
    return 0;
}

/* None is none, which is not the same as nobody said so. */
static int add_audiences(struct compile *c, struct error *err)
{
    const struct string_list *list = &c->effective.identity_audiences;
    const char **audiences;

    if (!list->is_set)
        return 0;
    audiences = arena_alloc(c->arena, (list->count + 1) * sizeof(*audiences));
    for (size_t i = 0; audiences && i < list->count; i++) {
        audiences[i] = arena_string(c->arena, list->items[i].text);
        if (!audiences[i])
            return error_memory(err);
    }
    c->plan->identity_audiences = audiences;
    return audiences ? 0 : error_memory(err);
}

/* Who it is and what is recorded of it: for who starts it. */
static int add_attribution(struct compile *c, struct error *err)
{
    const struct effective *effective = &c->effective;
    struct plan *plan = c->plan;

    plan->audit_mode = (enum audit_mode)effective->audit_mode.value;
    plan->audit_arguments = (enum audit_privacy)effective->audit_arguments.value;
    plan->audit_paths = (enum audit_privacy)effective->audit_paths.value;
    if (effective->identity_class.text)
        plan->identity_class = arena_string(c->arena, effective->identity_class.text);
    if (effective->identity_sponsor.text)
        plan->identity_sponsor = arena_string(c->arena, effective->identity_sponsor.text);
    if ((effective->identity_class.text && !plan->identity_class) || (effective->identity_sponsor.text && !plan->identity_sponsor))
        return error_memory(err);
    return add_audiences(c, err);
}

int settings_add(struct compile *c, struct error *err)
{
    int r = choose_tier(c, err);

    if (r == 0)
        r = check_unsupported(c, err);
    if (r == 0)
        r = network_add(c, err);
    c->plan->owns_formats = c->facts->has_windows_interop && c->facts->own_formats && c->plan->wall != PLAN_WALL_LANDLOCK;
    if (r == 0)
        r = choose_nesting(c, err);
    if (r == 0)
        r = choose_containers(c, err);
    if (r == 0)
        r = add_attribution(c, err);
    if (r == 0)
        r = add_calls(c, &c->effective.syscalls_deny, false, err);
    if (r == 0)
        r = add_calls(c, &c->effective.syscalls_allow, true, err);
    return r < 0 ? r : add_warnings(c, err);
}
