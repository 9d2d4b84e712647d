/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of one compilation. Everything that is kept goes into the plan's arena, everything else
 * into one that ends with the call.
 */
#include "policy/compile/compile.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static int put_origin(struct compile *c, const struct origin *origin, struct error *err,
                      struct error *made)
{
    const char *text;

    if (!origin || !origin->member)
        return 0;
    text = origin_text(c->work, origin);
    if (!text)
        return error_memory(err);
    return error_prepend(made, "%s", text);
}

static int refuse(struct compile *c, int status, const struct error *made, const struct origin *origin,
                  struct error *err)
{
    struct plan_problem *problem;

    if (!c->collects || made->kind == ERROR_MEMORY) {
        if (err)
            *err = *made;
        return status;
    }
    problem = arena_append(c->arena, c->plan->problems, c->plan->problem_count);
    if (!problem)
        return error_memory(err);
    problem->error = *made;
    if (!origin || !origin->member)
        return 0;
    problem->member = arena_string(c->arena, origin->member);
    return problem->member ? 0 : error_memory(err);
}

int compile_refusal(struct compile *c, int status, const struct error *made, struct error *err)
{
    if (status == 0)
        return 0;
    return refuse(c, status, made, NULL, err);
}

int compile_problem(struct compile *c, enum error_kind kind, const struct origin *origin,
                    struct error *err, const char *format, ...)
{
    struct error made = ERROR_INIT;
    char text[ERROR_TEXT_MAX];
    va_list args;
    int status, r;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    status = error_set(&made, kind, 0, "%s", text);
    r = put_origin(c, origin, err, &made);
    return r == -ENOMEM ? r : refuse(c, status, &made, origin, err);
}

static bool is_loss_allowed(const struct compile *c, const char *name)
{
    for (size_t i = 0; i < c->effective.allow_loss.count; i++)
        if (strcmp(c->effective.allow_loss.items[i].text, name) == 0)
            return true;
    return false;
}

int compile_loss(struct compile *c, const char *name, const struct origin *origin,
                 struct error *err, const char *format, ...)
{
    struct plan_loss loss = {.name = name}, *slot;
    char text[ERROR_TEXT_MAX];
    va_list args;
    int r;

    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (!is_loss_allowed(c, name))
        return compile_problem(c, ERROR_UNENFORCEABLE, origin, err,
                               "%s; to go on without, add '%s' to isolation.allowLoss", text, name);
    r = compile_origin(c, origin, &loss.origin, err);
    if (r < 0)
        return r;
    loss.text = arena_string(c->arena, text);
    slot = loss.text ? arena_append(c->arena, c->plan->losses, c->plan->loss_count) : NULL;
    if (!slot)
        return error_memory(err);
    *slot = loss;
    return 0;
}

int compile_warning(struct compile *c, const struct origin *origin, struct error *err,
                    const char *format, ...)
{
    struct string_list *warnings = &c->plan->warnings;
    const struct origin *copy = NULL;
    struct string_item *item;
    char text[ERROR_TEXT_MAX];
    va_list args;
    int r = compile_origin(c, origin, &copy, err);

    if (r < 0)
        return r;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    item = arena_append(c->arena, warnings->items, warnings->count);
    if (!item)
        return error_memory(err);
    item->text = arena_string(c->arena, text);
    if (!item->text)
        return error_memory(err);
    if (copy)
        item->origin = *copy;
    warnings->is_set = true;
    return 0;
}

static int copy_text(struct compile *c, const char **text)
{
    if (*text) {
        *text = arena_string(c->arena, *text);
        if (!*text)
            return -ENOMEM;
    }
    return 0;
}

int compile_origin(struct compile *c, const struct origin *origin, const struct origin **ret_copy,
                   struct error *err)
{
    struct origin_copy *slot;
    struct origin *copy;

    if (!origin) {
        *ret_copy = NULL;
        return 0;
    }
    for (size_t i = 0; i < c->copy_count; i++)
        if (c->copies[i].from == origin) {
            *ret_copy = c->copies[i].to;
            return 0;
        }
    copy = arena_alloc(c->arena, sizeof(*copy));
    if (!copy)
        return error_memory(err);
    *copy = *origin;
    if (copy_text(c, &copy->layer) < 0 || copy_text(c, &copy->file) < 0 ||
        copy_text(c, &copy->member) < 0)
        return error_memory(err);
    slot = arena_append(c->work, c->copies, c->copy_count);
    if (!slot)
        return error_memory(err);
    *slot = (struct origin_copy){.from = origin, .to = copy};
    *ret_copy = copy;
    return 0;
}

const struct origin *compile_builtin_origin(struct compile *c, const char *member)
{
    struct origin *origin = arena_alloc(c->work, sizeof(*origin));

    if (origin)
        *origin = (struct origin){.layer = COMPILE_BUILTIN_LAYER, .member = member};
    return origin;
}

const char *mechanism_name(enum mechanism mechanism)
{
    static const char *const names[] = {
        [BY_NOTHING] = "nothing",     [BY_ABSENCE] = "absence",       [BY_MOUNT] = "mount",
        [BY_MODE] = "mode",           [BY_LANDLOCK] = "landlock",     [BY_SECCOMP] = "seccomp",
        [BY_NAMESPACE] = "namespace", [BY_CGROUP] = "cgroup",         [BY_RLIMIT] = "rlimit",
        [BY_TMPFS] = "tmpfs",         [BY_SUPERVISOR] = "supervisor", [BY_KERNEL] = "kernel",
        [BY_KEEPER] = "keeper",       [BY_GATEWAY] = "gateway",
        [BY_INSPECTOR] = "inspector", [BY_HOLDER] = "holder",
    };

    return (size_t)mechanism < ARRAY_COUNT(names) ? names[mechanism] : "unknown";
}

const char *plan_mount_kind_name(enum plan_mount_kind kind)
{
    static const char *const names[] = {
        [PLAN_DIRECTORY] = "directory", [PLAN_SYMLINK] = "symlink",
        [PLAN_BIND] = "bind",           [PLAN_PIN] = "pin",
        [PLAN_PRIVATE] = "private",     [PLAN_MASK] = "mask",
        [PLAN_PROC] = "proc",           [PLAN_DEV] = "dev",
        [PLAN_FILE] = "file",           [PLAN_SERVED] = "served",
    };

    return (size_t)kind < ARRAY_COUNT(names) && names[kind] ? names[kind] : "unknown";
}

void plan_put_content(struct plan *plan, enum plan_content content, const void *bytes, size_t size)
{
    for (size_t i = 0; i < plan->mount_count; i++)
        if (plan->mounts[i].kind == PLAN_FILE && plan->mounts[i].content == content) {
            plan->mounts[i].source = bytes;
            plan->mounts[i].source_size = size;
        }
}

bool plan_has_content(const struct plan *plan, enum plan_content content)
{
    for (size_t i = 0; i < plan->mount_count; i++)
        if (plan->mounts[i].kind == PLAN_FILE && plan->mounts[i].content == content)
            return true;
    return false;
}

const char *plan_wall_name(enum plan_wall wall)
{
    return wall == PLAN_WALL_LANDLOCK ? "landlock" : "namespaces";
}

const char *plan_name_kind_name(enum plan_name_kind kind)
{
    switch (kind) {
    case PLAN_NAME_KEPT:
        return "kept";
    case PLAN_NAME_OLD:
        return "old";
    case PLAN_NAME_NOTED:
        return "noted";
    case PLAN_NAME_PART:
        return "part";
    }
    return "unknown";
}

void plan_free(struct plan *plan)
{
    if (plan)
        arena_free(plan->arena);
}

void plan_free_at(struct plan **plan)
{
    plan_free(*plan);
}

static int plan_new(struct plan **ret_plan, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct plan *plan = arena ? arena_alloc(arena, sizeof(*plan)) : NULL;

    if (!plan)
        return error_memory(err);
    plan->arena = take_ptr(arena);
    *ret_plan = plan;
    return 0;
}

/* Where problems are collected, for parts that know nothing of a plan. */
static int keep_problem(const struct error *made, void *data, struct error *err)
{
    return compile_refusal(data, -EINVAL, made, err);
}

static int describe_layers(struct compile *c, struct error *err)
{
    static const char *const kinds[] = {
        [LAYER_REQUEST] = "request", [LAYER_CEILING] = "ceiling", [LAYER_PARENT] = "parent"};
    const struct policy *policy = c->policy;
    const char **layers = arena_alloc(c->arena, (policy->layer_count + 1) * sizeof(*layers));

    if (!layers)
        return error_memory(err);
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];
        const char *name = layer->file ? layer->file : layer->name;

        layers[i] = arena_printf(c->arena, "%s %s %s", kinds[layer->kind],
                                 name ? name : "(unnamed)", layer->digest);
        if (!layers[i])
            return error_memory(err);
    }
    c->plan->layers = layers;
    c->plan->name = arena_string(c->arena, c->effective.name ? c->effective.name : "unnamed");
    return c->plan->name ? 0 : error_memory(err);
}

/* Mounts were laid out with strings of the work arena and of the policy's. */
static int keep_mounts(struct compile *c, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < c->plan->mount_count && r == 0; i++) {
        struct plan_mount *mount = &c->plan->mounts[i];

        if (copy_text(c, &mount->target) < 0 || copy_text(c, &mount->source) < 0)
            return error_memory(err);
        if (!c->plan->landlock_files && mount->behind == BY_LANDLOCK)
            mount->behind = BY_NOTHING;
        r = compile_origin(c, mount->origin, &mount->origin, err);
    }
    return r;
}

static int lay_out(struct compile *c, struct error *err)
{
    int r = layout_new(c->work, &c->layout, err);

    if (r == 0)
        r = wants_add(c, err);
    if (r == 0)
        r = placed_add(c, err);
    if (r < 0)
        return r;
    if (c->collects)
        layout_set_refuse(c->layout, keep_problem, c);
    r = layout_emit(c->layout, c->plan, err);
    if (r == 0)
        r = wants_identify(c, err);
    if (r == 0)
        r = keep_mounts(c, err);
    if (r == 0)
        r = judge_all_missing(c, err);
    if (r == 0)
        r = names_add_repositories(c, err);
    if (r == 0)
        r = names_keep_sockets(c, err);
    if (r == 0)
        r = names_say_who_answers(c, err);
    if (r == 0)
        r = denied_look(c, err);
    if (r == 0)
        folding_look(c);
    return r < 0 ? r : judge_all_links(c, err);
}

static int find_mounts(struct compile *c, struct error *err)
{
    const char *text = c->options->mounts;
    char *copy;
    int r = text ? 0 : policy_read_mounts(c->work, NULL, &text, err);

    if (r < 0)
        return r;
    copy = arena_string(c->work, text);
    return copy ? mounts_parse(c->work, copy, &c->mounts, err) : error_memory(err);
}

static int compile_files(struct compile *c, struct error *err)
{
    int r = resolver_new(c->work, &c->resolver, err);

    if (r == 0)
        r = find_mounts(c, err);
    if (r == 0)
        r = objects_resolve(c, err);
    if (r == 0)
        r = placed_resolve_views(c, err);
    if (r == 0)
        r = guards_add(c, err);
    if (r == 0)
        r = secrets_guard(c, err);
    if (r == 0)
        r = documents_look(c, err);
    if (r == 0)
        r = taken_look(c, err);
    if (r == 0)
        r = search_granted_trees(c, err);
    if (r == 0)
        r = aliases_add(c, err);
    return r < 0 ? r : lay_out(c, err);
}

static int compile_all(struct compile *c, struct error *err)
{
    int r = policy_settle(c->policy, c->work, keep_problem, c, &c->effective, err);

    if (r == 0 && in_place_why(c->facts) && in_place_is_possible(c->facts))
        r = in_place_begin(c, err);
    if (r == 0)
        r = describe_layers(c, err);
    if (r == 0)
        r = settings_check_facts(c, err);
    if (r == 0)
        r = settings_add(c, err);
    if (r == 0)
        r = limits_add(c, err);
    if (r == 0)
        r = compile_files(c, err);
    if (r == 0 && c->plan->wall == PLAN_WALL_LANDLOCK)
        r = in_place_settle(c, err);
    if (r == 0 && c->options->is_reviewed)
        r = reviewed_mark(c, err);
    if (c->options->keeps_names && c->plan->wall == PLAN_WALL_NAMESPACES)
        c->plan->filter.keeps_names |= c->facts->keeps_names;
    if (r == 0)
        r = rules_add(c, err);
    if (r == 0)
        r = environment_add(c, err);
    if (r == 0)
        r = network_finish(c, err);
    if (r == 0)
        r = statements_add(c, err);
    if (r == 0 && c->plan->wall == PLAN_WALL_LANDLOCK)
        r = in_place_finish(c, err);
    return r < 0 ? r : digests_add(c, err);
}

int policy_compile(const struct policy *policy, const struct facts *facts,
                   const struct compile_options *options, struct plan **ret_plan, struct error *err)
{
    auto_arena struct arena *work = arena_new();
    auto_plan struct plan *plan = NULL;
    struct compile c = {
        .policy = policy, .facts = facts, .options = options, .collects = options->collect_all, .work = work};
    int r;

    if (!work)
        return error_memory(err);
    r = plan_new(&plan, err);
    if (r < 0)
        return r;
    c.plan = plan;
    c.arena = plan->arena;
    plan->landlock_files = facts->landlock_abi >= LANDLOCK_ABI_FILES;
    r = compile_all(&c, err);
    if (r < 0)
        return r;
    *ret_plan = take_ptr(plan);
    return 0;
}
