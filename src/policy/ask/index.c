/* SPDX-License-Identifier: Apache-2.0 */
/* A plan made ready for questions, and names of the host against names inside. */
#include "policy/ask/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/kernel/syscalls.h"
#include "base/path.h"

static bool shows_host(const struct plan_mount *mount)
{
    return mount->kind == PLAN_BIND || mount->kind == PLAN_PIN;
}

static int index_mounts(struct plan_index *index, struct error *err)
{
    const struct plan *plan = index->plan;
    int r = ask_table_init(index->arena, &index->mounts, plan->mount_count, err);

    if (r == 0)
        r = ask_table_init(index->arena, &index->sources, plan->mount_count, err);
    for (size_t i = 0; i < plan->mount_count && r == 0; i++) {
        const struct plan_mount *mount = &plan->mounts[i];
        struct ask_source *source;
        size_t length;

        ask_table_put(&index->mounts, mount->target, strlen(mount->target), mount);
        if (!shows_host(mount))
            continue;
        source = arena_alloc(index->arena, sizeof(*source));
        if (!source)
            return error_memory(err);
        length = strlen(mount->source);
        source->mount = mount;
        source->next = ask_table_find(&index->sources, mount->source, length, ask_hash(mount->source, length));
        ask_table_put(&index->sources, mount->source, length, source);
        if (mount->kind == PLAN_BIND && mount->is_writable && strcmp(mount->source, mount->target) != 0) {
            const struct plan_mount **view = arena_append(index->arena, index->views, index->view_count);

            if (!view)
                return error_memory(err);
            *view = mount;
        }
    }
    return r;
}

/* What a rule denies and no mount shows has its rule in a statement. */
static int index_denied(struct plan_index *index, struct error *err)
{
    const struct plan *plan = index->plan;
    int r = ask_table_init(index->arena, &index->denied, plan->statement_count, err);

    for (size_t i = 0; i < plan->statement_count && r == 0; i++) {
        const struct plan_statement *statement = &plan->statements[i];

        if (statement->first == BY_ABSENCE && statement->subject[0] == '/' && statement->origin)
            ask_table_put(&index->denied, statement->subject, strlen(statement->subject), statement->origin);
    }
    return r;
}

static int index_network(struct plan_index *index, struct error *err)
{
    const struct plan *plan = index->plan;
    size_t programs = plan->net_rules ? plan->net_rules->program_count : 0;
    int r = ask_table_init(index->arena, &index->ways, plan->way_count, err);

    if (r == 0)
        r = ask_table_init(index->arena, &index->programs, programs, err);
    for (size_t i = 0; i < plan->way_count && r == 0; i++)
        if (plan->ways[i].rule && plan->ways[i].origin)
            ask_table_put(&index->ways, plan->ways[i].rule->where, strlen(plan->ways[i].rule->where), plan->ways[i].origin);
    for (size_t i = 0; i < programs && r == 0; i++) {
        const struct net_program *program = &plan->net_rules->programs[i];

        ask_table_put(&index->programs, program->path, strlen(program->path), program);
    }
    return r;
}

int plan_index_new(const struct plan *plan, struct plan_index **ret_index, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct plan_index *index = arena ? arena_alloc(arena, sizeof(*index)) : NULL;
    int r;

    if (!index)
        return error_memory(err);
    index->plan = plan;
    index->arena = arena;
    r = index_mounts(index, err);
    if (r == 0)
        r = index_denied(index, err);
    if (r == 0)
        r = index_network(index, err);
    if (r == 0 && plan->filter.keeps_names && plan->name_count)
        r = ask_names_new(arena, plan, &index->names, err);
    if (r < 0)
        return r;
    take_ptr(arena);
    *ret_index = index;
    return 0;
}

void plan_index_free(struct plan_index *index)
{
    if (index)
        arena_free(index->arena);
}

void plan_index_free_at(struct plan_index **index)
{
    plan_index_free(*index);
    *index = NULL;
}

int plan_index_set_calls(struct plan_index *index,
                         void (*judge)(const struct plan_filter *filter, int number, struct plan_call *ret_call),
                         struct error *err)
{
    size_t count = (size_t)kernel_syscall_end();
    struct plan_call *calls = arena_alloc(index->arena, count * sizeof(*calls));

    if (!calls)
        return error_memory(err);
    for (size_t i = 0; i < count; i++)
        judge(&index->plan->filter, (int)i, &calls[i]);
    index->calls = calls;
    index->call_count = count;
    return 0;
}

bool ask_rebase(const char *path, const char *from, const char *to, char *ret_path)
{
    const char *rest = path + (from[1] ? strlen(from) : 0);
    int length;

    if (strcmp(rest, "/") == 0)
        rest = "";
    length = snprintf(ret_path, PATH_MAX, "%s%s", to[1] ? to : *rest ? "" : "/", rest);
    return length > 0 && length < PATH_MAX;
}

/* The mount of a tree of the host that `inside` lies in, what only covers it left out. */
static const struct plan_mount *tree_of(const struct plan_index *index, const char *inside)
{
    size_t length = strlen(inside);

    for (;;) {
        const struct ask_entry *entry = ask_table_deepest(&index->mounts, inside, length);
        const struct plan_mount *mount = entry ? entry->value : NULL;

        if (!mount || shows_host(mount))
            return mount;
        if (mount->kind != PLAN_MASK && !(mount->kind == PLAN_DIRECTORY && mount->is_sealed))
            return NULL;
        for (length = strlen(mount->target); length > 1 && mount->target[length - 1] != '/'; length--)
            ;
        length -= length > 1;
    }
}

bool plan_path_outside(const struct plan_index *index, const char *inside, char *ret_path)
{
    const struct plan_mount *mount;

    if (index->plan->wall == PLAN_WALL_LANDLOCK)
        return snprintf(ret_path, PATH_MAX, "%s", inside) < PATH_MAX;
    mount = tree_of(index, inside);
    return mount && ask_rebase(inside, mount->target, mount->source, ret_path);
}

bool plan_path_inside(const struct plan_index *index, const char *outside, char *ret_path)
{
    char back[PATH_MAX] not_initialised;
    size_t length = strlen(outside);

    if (index->plan->wall == PLAN_WALL_LANDLOCK)
        return snprintf(ret_path, PATH_MAX, "%s", outside) < PATH_MAX;
    if (plan_path_outside(index, outside, back) && strcmp(back, outside) == 0)
        return snprintf(ret_path, PATH_MAX, "%s", outside) < PATH_MAX;
    for (;;) {
        const struct ask_entry *entry = ask_table_deepest(&index->sources, outside, length);
        const struct ask_source *source = entry ? entry->value : NULL;
        char found[PATH_MAX] not_initialised;

        for (; source; source = source->next)
            if (ask_rebase(outside, source->mount->source, source->mount->target, found) &&
                plan_path_outside(index, found, back) && strcmp(back, outside) == 0)
                return snprintf(ret_path, PATH_MAX, "%s", found) < PATH_MAX;
        if (!entry || entry->length == 1)
            return false;
        for (length = entry->length; length > 1 && outside[length - 1] != '/'; length--)
            ;
        length -= length > 1;
    }
}
