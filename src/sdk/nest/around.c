/* SPDX-License-Identifier: Apache-2.0 */
/* Writing and reading what is around. What it means is in fit.c. */
#include "sdk/nest/around.h"

#include <errno.h>
#include <string.h>

#include "base/memory.h"

static void put_place(struct text *out, enum nest_place place, const char *path)
{
    auto_text struct text field = {0};
    unsigned char number = (unsigned char)place;

    text_add_n(&field, (const char *)&number, 1);
    text_add(&field, path);
    out->is_broken |= field.is_broken;
    if (!field.is_broken)
        nest_put(out, NEST_PLACE, field.data, field.length);
}

/* Only what a control group keeps: it is one for all that is inside. */
static void put_shared(struct text *out, const struct plan *plan, enum nest_shared which, const char *member)
{
    for (size_t i = 0; i < plan->limit_count; i++) {
        const uint64_t field[2] = {which, plan->limits[i].value};

        if (plan->limits[i].by == BY_CGROUP && strcmp(plan->limits[i].member, member) == 0)
            nest_put(out, NEST_SHARED, field, sizeof(field));
    }
}

static void put_groups(struct text *out, const struct facts *facts, bool is_launched)
{
    if (is_launched) {
        nest_put_number(out, NEST_GROUPS, 0);
        nest_put_text(out, NEST_GROUPS_WHY, "the machine's service keeps limits of the outermost container alone, and those hold for all inside of it: leave them out "
                                            "here, or run the outermost one without it (cordon run --daemon never)");
        return;
    }
    nest_put_number(out, NEST_GROUPS, (facts->cgroup_memory ? GROUP_MEMORY : 0) | (facts->cgroup_pids ? GROUP_PIDS : 0) |
                                          (facts->cgroup_cpu ? GROUP_CPU : 0) | (facts->cgroup_cpuacct ? GROUP_CPUACCT : 0));
    nest_put_text(out, NEST_GROUPS_WHY, facts->cgroup_why[0] ? facts->cgroup_why : NULL);
}

void around_put_outermost(struct text *out, const struct assembly *assembly, bool is_launched)
{
    const struct places *places = &assembly->places;

    put_place(out, PLACE_LIBRARY, places->library);
    put_place(out, PLACE_HELPERS, places->helpers);
    put_place(out, PLACE_INIT, places->init);
    put_place(out, PLACE_RUNS, places->runs);
    put_place(out, PLACE_STATE, places->state);
    put_place(out, PLACE_CONFIG, places->config);
    put_place(out, PLACE_CACHE, places->cache);
    put_shared(out, assembly->plan, SHARED_MEMORY, "resources.memory");
    put_shared(out, assembly->plan, SHARED_CPUS, "resources.cpus");
    put_shared(out, assembly->plan, SHARED_PIDS, "resources.pids");
    put_shared(out, assembly->plan, SHARED_CPU_TIME, "resources.cpuTime");
    put_groups(out, &assembly->facts, is_launched);
}

void around_put_level(struct text *out, const struct assembly *assembly, const struct cordon_request *request, const char *run,
                      const char *identity)
{
    const struct variables *variables = &assembly->variables;

    nest_put(out, NEST_LEVEL, NULL, 0);
    nest_put_text(out, NEST_RUN, run);
    nest_put_text(out, NEST_IDENTITY, identity);
    nest_put_text(out, NEST_WORKSPACE_OF, variables->workspace);
    nest_put_text(out, NEST_HOME, variables->home);
    nest_put_text(out, NEST_USER, variables->user);
    for (size_t i = 0; i < assembly->document_count; i++) {
        nest_put_text(out, NEST_POLICY_NAME, assembly->documents[i].source->name);
        nest_put(out, NEST_POLICY_TEXT, assembly->documents[i].text, assembly->documents[i].size);
    }
    if (!assembly->document_count)
        nest_put_text(out, NEST_PROFILE, request->profile ? request->profile : ASSEMBLY_DEFAULT_PROFILE);
    for (size_t i = 0; i < request->member_count; i++)
        nest_put_text(out, NEST_MEMBER, request->members[i]);
}

/* ---- reading ---- */

static int wrong(struct error *err)
{
    return error_set(err, ERROR_INTERNAL, EBADMSG, "what is around a container cannot be read");
}

static int take_place(struct arena *arena, struct places *places, const struct nest_value *value)
{
    const char **const slots[PLACE_END] = {
        [PLACE_LIBRARY] = &places->library, [PLACE_HELPERS] = &places->helpers, [PLACE_INIT] = &places->init,
        [PLACE_RUNS] = &places->runs,       [PLACE_STATE] = &places->state,     [PLACE_CONFIG] = &places->config,
        [PLACE_CACHE] = &places->cache,
    };
    unsigned char place = value->size > 1 ? (unsigned char)value->bytes[0] : 0;

    if (!place || place >= PLACE_END)
        return -EBADMSG;
    *slots[place] = arena_string_n(arena, value->bytes + 1, value->size - 1);
    return *slots[place] ? 0 : -ENOMEM;
}

static int take_shared(struct resources *shared, const struct nest_value *value)
{
    struct setting *const slots[SHARED_END] = {[SHARED_MEMORY] = &shared->memory,
                                               [SHARED_CPUS] = &shared->cpus,
                                               [SHARED_PIDS] = &shared->pids,
                                               [SHARED_CPU_TIME] = &shared->cpu_time};
    uint64_t field[2];

    if (value->size != sizeof(field))
        return -EBADMSG;
    memcpy(field, value->bytes, sizeof(field));
    if (!field[0] || field[0] >= SHARED_END)
        return -EBADMSG;
    *slots[field[0]] = (struct setting){.is_set = true, .value = field[1], .origin = {.layer = "parent"}};
    return 0;
}

static int take_policy(struct around_level *level, uint32_t field, char *text, size_t size)
{
    struct request_policy *policy;

    if (field == NEST_POLICY_NAME) {
        if (level->policy_count == CORDON_POLICIES_MAX)
            return -EBADMSG;
        level->policies[level->policy_count++].name = text;
        return 0;
    }
    policy = level->policy_count ? &level->policies[level->policy_count - 1] : NULL;
    if (!policy || policy->text)
        return -EBADMSG;
    policy->text = text;
    policy->size = size;
    return 0;
}

static int take_level(struct around_level *level, uint32_t field, char *text, size_t size)
{
    switch (field) {
    case NEST_RUN:
        level->run = text;
        return 0;
    case NEST_IDENTITY:
        level->identity = text;
        return 0;
    case NEST_WORKSPACE_OF:
        level->variables.workspace = text;
        return 0;
    case NEST_HOME:
        level->variables.home = text;
        return 0;
    case NEST_USER:
        level->variables.user = text;
        return 0;
    case NEST_POLICY_NAME:
    case NEST_POLICY_TEXT:
        return take_policy(level, field, text, size);
    case NEST_PROFILE:
        level->profile = text;
        return 0;
    case NEST_MEMBER:
        if (level->member_count == CORDON_MEMBERS_MAX)
            return -EBADMSG;
        level->members[level->member_count++] = text;
        return 0;
    default:
        return -EBADMSG;
    }
}

static int take(struct arena *arena, struct around *around, const struct nest_value *value)
{
    struct around_level *level = around->level_count ? &around->levels[around->level_count - 1] : NULL;
    char *text;

    if (value->field == NEST_PLACE && !level)
        return take_place(arena, &around->places, value);
    if (value->field == NEST_SHARED && !level)
        return take_shared(&around->shared, value);
    if (value->field == NEST_GROUPS && !level)
        return nest_number(value, &around->groups);
    if (value->field == NEST_LEVEL) {
        if (around->level_count == AROUND_LEVELS_MAX)
            return -EBADMSG;
        around->levels[around->level_count++].variables.tmp = "/tmp";
        return 0;
    }
    if (!level && value->field != NEST_GROUPS_WHY)
        return -EBADMSG;
    text = arena_string_n(arena, value->bytes, value->size);
    if (!text)
        return -ENOMEM;
    if (!level) {
        around->groups_why = text;
        return 0;
    }
    return take_level(level, value->field, text, value->size);
}

/* Nothing that is needed may be missing. */
static bool is_whole(const struct around *around)
{
    const struct places *places = &around->places;

    if (!around->level_count || !places->library || !places->helpers || !places->init || !places->runs || !places->state ||
        !places->config || !places->cache)
        return false;
    for (size_t i = 0; i < around->level_count; i++) {
        const struct around_level *level = &around->levels[i];

        if (!level->run || !level->identity || !level->variables.home || !level->variables.user ||
            (!level->policy_count && !level->profile))
            return false;
        for (size_t j = 0; j < level->policy_count; j++)
            if (!level->policies[j].text)
                return false;
    }
    return true;
}

int around_read(struct arena *arena, const void *bytes, size_t size, struct around *ret_around, struct error *err)
{
    struct nest_bytes left = {bytes, size};
    struct around *around = arena_alloc(arena, sizeof(*around));
    struct nest_value value;
    int status = around ? 0 : -ENOMEM, more = 1;

    while (status == 0 && (more = nest_next(&left, &value)) > 0)
        status = take(arena, around, &value);
    if (status == -ENOMEM)
        return error_memory(err);
    if (status < 0 || more < 0 || !is_whole(around))
        return wrong(err);
    around->places.home = around->levels[0].variables.home;
    around->places.user = around->levels[0].variables.user;
    *ret_around = *around;
    return 0;
}
