/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Policies of the containers around, in the file tree of the innermost. What they show under another name, keep in a cache or
 * leave private is there an object like any other, by the name that it has inside; what they deny is covered there by a mount, which
 * goes along. So a grant of theirs says no more than which names are theirs to pass on, and the kernel holds the rest.
 */
#include <errno.h>
#include <string.h>

#include "base/memory.h"
#include "sdk/nest/around.h"

static bool only_takes_away(const struct path_rule *rule)
{
    return rule->kind == PATH_DENIED || rule->kind == PATH_PROTECTED || (rule->is_glob && rule->kind == PATH_READONLY);
}

/* The mounts hold what a ceiling grants; what it takes away holds for names that are new, too. */
static void see_ceiling(struct document *document)
{
    size_t kept = 0;

    for (size_t i = 0; i < document->path_count; i++)
        if (only_takes_away(&document->paths[i]))
            document->paths[kept++] = document->paths[i];
    document->path_count = kept;
    document->view_count = 0;
    document->has_grants = false;
}

static int add_rule(struct arena *arena, struct document *document, enum path_rule_kind kind, const char *path,
                    const struct origin *origin)
{
    struct path_rule *rule = arena_append(arena, document->paths, document->path_count);

    if (!rule)
        return -ENOMEM;
    *rule = (struct path_rule){.kind = kind, .path = path, .is_optional = true, .origin = *origin};
    return 0;
}

/* What is private to the container around is a directory like others in its tree. */
static void see_rules(struct document *document, bool is_around)
{
    for (size_t i = 0; i < document->path_count; i++) {
        struct path_rule *rule = &document->paths[i];

        rule->is_optional |= rule->kind == PATH_CACHE || (is_around && (rule->kind == PATH_READWRITE || rule->kind == PATH_READONLY));
        if (rule->kind == PATH_CACHE || (is_around && rule->kind == PATH_PRIVATE))
            rule->kind = PATH_READWRITE;
    }
}

static int see_parent(struct arena *arena, struct document *document, const char *home)
{
    static const struct origin private = {.layer = "built-in", .member = "private directories"};
    const char *const directories[] = {home, "/tmp", "/var/tmp"};
    int status = 0;

    see_rules(document, true);
    for (size_t i = 0; i < document->view_count && status == 0; i++)
        status = add_rule(arena, document, document->views[i].is_writable ? PATH_READWRITE : PATH_READONLY, document->views[i].target,
                          &document->views[i].origin);
    document->view_count = 0;
    for (size_t i = 0; i < ARRAY_COUNT(directories) && status == 0; i++)
        status = add_rule(arena, document, PATH_READWRITE, directories[i], &private);
    document->has_grants = true;
    return status;
}

/* What a document says of levels below it, `levels` further down. */
static void deepen(struct document *document, uint64_t levels)
{
    struct setting *depth = &document->nested_depth;

    if (!depth->is_set && document->kind == LAYER_CEILING)
        return;
    if (!depth->is_set)
        *depth = (struct setting){true, NESTED_DEPTH_DEFAULT, document->nested_containers.origin};
    if (depth->value <= levels)
        document->nested_containers = (struct setting){true, 0, depth->origin};
    depth->value = depth->value > levels ? depth->value - levels : 0;
}

static int add_ceilings(const struct around *around, const char *directory, struct policy *policy, struct error *err)
{
    int status = policy_add_ceilings(policy, directory, &around->levels[0].variables, err);

    for (size_t i = 0; status == 0 && i < policy->layer_count; i++) {
        see_ceiling(policy->layers[i]);
        deepen(policy->layers[i], around->level_count);
    }
    return status;
}

static int add_layer(struct policy *policy, struct document *document, const struct around_level *level, uint64_t below,
                     struct error *err)
{
    if (see_parent(policy->arena, document, level->variables.home) < 0)
        return error_memory(err);
    deepen(document, below);
    return policy_add_layer(policy, document, err);
}

/* Who asks is told which member around is in the way, not where the documents of the host lie. */
#define NAME_INSIDE "the policy around"

static int add_level(const struct around_level *level, uint64_t below, struct policy *policy, struct error *err)
{
    const struct load_options options = {.kind = LAYER_PARENT, .variables = &level->variables, .layer_name = "parent"};
    struct document *document = NULL;
    int status = 0;

    for (size_t i = 0; i < (level->policy_count ? level->policy_count : 1) && status == 0; i++) {
        const struct request_policy *source = &level->policies[i];

        status = level->policy_count ? document_load_text(policy->arena, NAME_INSIDE, source->text, source->size, &options, &document, err)
                                     : document_load_profile(policy->arena, level->profile, &options, &document, err);
        for (size_t j = 0; j < level->member_count && status == 0; j++)
            status = document_set_member(policy->arena, document, level->members[j], &options, err);
        if (status == 0)
            status = add_layer(policy, document, level, below, err);
    }
    return status;
}

int around_add_layers(const struct around *around, const char *ceilings, struct policy *policy, size_t *ret_ceilings,
                      struct error *err)
{
    int status = add_ceilings(around, ceilings, policy, err);

    *ret_ceilings = policy->layer_count;
    for (size_t i = 0; i < around->level_count && status == 0; i++)
        status = add_level(&around->levels[i], around->level_count - i, policy, err);
    if (status < 0)
        error_prepend(err, "the container around");
    return status;
}

/* ---- the request ---- */

static const size_t numbers[] = {
    offsetof(struct document, resources.memory),     offsetof(struct document, resources.cpus),
    offsetof(struct document, resources.pids),       offsetof(struct document, resources.open_files),
    offsetof(struct document, resources.disk),       offsetof(struct document, resources.output),
    offsetof(struct document, resources.wall_time),  offsetof(struct document, resources.cpu_time),
    offsetof(struct document, timeout),              offsetof(struct document, audit_mode),
    offsetof(struct document, audit_arguments),      offsetof(struct document, audit_paths),
    offsetof(struct document, minimum_tier),         offsetof(struct document, nested_number),
};

static struct setting *setting_at(struct document *document, size_t offset)
{
    return (struct setting *)(void *)((char *)document + offset);
}

/* What nobody of the request says is as the strictest around says: each of them is then in force anyway. */
static void inherit_number(struct policy *around, struct policy *request, size_t offset)
{
    bool is_least = offset < offsetof(struct document, tier) || offset == offsetof(struct document, timeout) ||
                    offset == offsetof(struct document, nested_number);
    struct setting found = {0};

    for (size_t i = 0; i < request->layer_count; i++)
        if (setting_at(request->layers[i], offset)->is_set)
            return;
    for (size_t i = 0; i < around->layer_count; i++) {
        const struct setting *own = setting_at(around->layers[i], offset);

        if (own->is_set && (!found.is_set || (is_least ? own->value < found.value : own->value > found.value)))
            found = *own;
    }
    if (found.is_set)
        *setting_at(request->layers[0], offset) = found;
}

static void inherit_text(struct policy *around, struct policy *request, size_t offset)
{
    struct string_item *own = (void *)((char *)request->layers[0] + offset);

    for (size_t i = 0; i < request->layer_count; i++)
        if (((struct string_item *)(void *)((char *)request->layers[i] + offset))->text)
            return;
    for (size_t i = 0; i < around->layer_count && !own->text; i++)
        *own = *(struct string_item *)(void *)((char *)around->layers[i] + offset);
}

/* Who is inside has no tokens for whom the one around it has none. */
static int inherit_audiences(struct policy *around, struct policy *request, struct error *err)
{
    for (size_t i = 0; i < request->layer_count; i++)
        if (request->layers[i]->identity_audiences.is_set)
            return 0;
    return policy_audiences(around, request->arena, &request->layers[0]->identity_audiences, err);
}

static bool sets_variable(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->env_set_count; j++)
            if (strcmp(policy->layers[i]->env_set[j].name, name) == 0)
                return true;
    return false;
}

static int inherit_variables(struct policy *around, struct policy *request)
{
    for (size_t i = 0; i < around->layer_count; i++)
        for (size_t j = 0; j < around->layers[i]->env_set_count; j++) {
            const struct env_item *item = &around->layers[i]->env_set[j];
            struct env_item *own;

            if (sets_variable(request, item->name))
                continue;
            own = arena_append(request->arena, request->layers[0]->env_set, request->layers[0]->env_set_count);
            if (!own)
                return -ENOMEM;
            *own = *item;
        }
    return 0;
}

static bool denies_call(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->syscalls_deny.count; j++)
            if (strcmp(policy->layers[i]->syscalls_deny.items[j].text, name) == 0)
                return true;
    return false;
}

static int inherit_calls(struct policy *around, struct policy *request)
{
    struct string_list *own = &request->layers[0]->syscalls_deny;

    for (size_t i = 0; i < around->layer_count; i++)
        for (size_t j = 0; j < around->layers[i]->syscalls_deny.count; j++) {
            const struct string_item *item = &around->layers[i]->syscalls_deny.items[j];
            struct string_item *added;

            if (denies_call(request, item->text))
                continue;
            added = arena_append(request->arena, own->items, own->count);
            if (!added)
                return -ENOMEM;
            *added = *item;
            own->is_set = true;
        }
    return 0;
}

static int check_possible(const struct policy *request, struct error *err)
{
    for (size_t i = 0; i < request->layer_count; i++) {
        const struct document *document = request->layers[i];

        if (document->secrets.count)
            return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                             "secrets: a container inside has none; what the container around uses of them, it uses there");
        if (document->view_count)
            return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                             "filesystem.views: in a container inside everything has the name that it has around");
        if (document->contract != CONTRACT_CORDON)
            return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "a container inside takes cordon/1 documents: write it as one");
    }
    return 0;
}

int around_fit(struct policy *policy, size_t outer, size_t first, struct error *err)
{
    struct policy around = {policy->arena, policy->layers + outer, first - outer};
    struct policy request = {policy->arena, policy->layers + first, policy->layer_count - first};
    const char *witness = NULL;
    int status = check_possible(&request, err);

    if (status < 0)
        return status;
    for (size_t i = 0; i < request.layer_count; i++)
        see_rules(request.layers[i], false);
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++)
        inherit_number(&around, &request, numbers[i]);
    inherit_text(&around, &request, offsetof(struct document, identity_class));
    inherit_text(&around, &request, offsetof(struct document, identity_sponsor));
    if (inherit_variables(&around, &request) < 0 || inherit_calls(&around, &request) < 0)
        return error_memory(err);
    status = inherit_audiences(&around, &request, err);
    if (status < 0)
        return status;
    if (!policy_is_subset(&request, &around, &witness))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "not within the container around: %.380s", witness ? witness : "it allows more");
    return 0;
}
