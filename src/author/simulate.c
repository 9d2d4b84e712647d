/* SPDX-License-Identifier: Apache-2.0 */
/* Counting what a candidate would decide otherwise, by the rule that decides. */
#include "author/simulate_inside.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "author/recorded.h"

const char *simulated_name(enum simulated simulated)
{
    static const char *const names[] = {
        [SIMULATED_SAME] = "unchanged",
        [SIMULATED_DENIED] = "newly denied",
        [SIMULATED_ALLOWED] = "newly allowed",
        [SIMULATED_UNDECIDED] = "undecided",
    };

    return (size_t)simulated < ARRAY_COUNT(names) ? names[simulated] : "unchanged";
}

int simulation_new(const struct plan_index *index, struct simulation **ret_simulation, struct error *err)
{
    struct simulation *simulation = mem_alloc(sizeof(*simulation));

    if (simulation) {
        simulation->index = index;
        simulation->arena = arena_new();
        simulation->groups = mem_alloc(SIMULATE_GROUPS * sizeof(*simulation->groups));
        simulation->objects = mem_alloc(SIMULATE_OBJECTS * sizeof(*simulation->objects));
        simulation->known = mem_alloc(SIMULATE_KNOWN * sizeof(*simulation->known));
        simulation->made = mem_alloc(SIMULATE_MADE * sizeof(*simulation->made));
    }
    if (!simulation || !simulation->arena || !simulation->groups || !simulation->objects || !simulation->known || !simulation->made) {
        simulation_free(simulation);
        return error_memory(err);
    }
    *ret_simulation = simulation;
    return 0;
}

void simulation_free(struct simulation *simulation)
{
    if (!simulation)
        return;
    arena_free(simulation->arena);
    mem_free(simulation->groups);
    mem_free(simulation->objects);
    mem_free(simulation->known);
    mem_free(simulation->made);
    simulation_end_runs(simulation);
    mem_free(simulation);
}

void simulation_free_at(struct simulation **simulation)
{
    simulation_free(*simulation);
}

struct simulation_sum simulation_sum(const struct simulation *simulation)
{
    return simulation->sum;
}

void simulation_add_damaged(struct simulation *simulation, uint64_t count)
{
    simulation->sum.damaged += count;
}

/* ---- what decides ---- */

static struct simulate_group *group_find(struct simulation *simulation, enum simulated simulated, const struct judged *judged)
{
    struct simulate_group *group;

    for (size_t i = 0; i < simulation->group_count; i++) {
        group = &simulation->groups[i];
        if (group->simulated == simulated && group->origin == judged->origin && group->reason == judged->reason)
            return group;
    }
    if (simulation->group_count == SIMULATE_GROUPS)
        return NULL;
    group = &simulation->groups[simulation->group_count++];
    *group = (struct simulate_group){.simulated = simulated, .origin = judged->origin, .reason = judged->reason, .layer = judged->first};
    return group;
}

static uint64_t mix(uint64_t hash, const char *text)
{
    for (; text && *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3ull; /* FNV-1a */
    return (hash ^ 0xff) * 0x100000001b3ull;
}

/* As it is shown: a path, a host and port, the name of a system call. */
static void object_print(const struct event_record *record, const struct recorded *recorded, char *ret, size_t size)
{
    const struct question *question = &recorded->question;

    if (record->kind == RECORD_NETWORK) {
        const struct event_network *network = &record->network;
        const char *name = network->name && *network->name ? network->name : network->address ? network->address : "";

        if (network->has_request)
            snprintf(ret, size, "%s %s:%u%s", network->method ? network->method : "", name, network->port,
                     network->path ? network->path : "");
        else
            snprintf(ret, size, "%s:%u", name, network->port);
    } else if (record->access.operation == OPERATION_SYSCALL) {
        snprintf(ret, size, "%s()", record->access.call ? record->access.call : "?");
    } else {
        snprintf(ret, size, "%s", question->path ? question->path : record->access.path ? record->access.path : "");
    }
}

static int example_add(struct simulation *simulation, struct simulate_group *group, const struct event_record *record,
                       const struct recorded *recorded, const char *object, struct error *err)
{
    const char *exe = recorded->question.exe;
    struct simulate_example *example = &group->examples[group->example_count];

    *example = (struct simulate_example){
        .id = arena_string(simulation->arena, record->id ? record->id : ""),
        .exe = exe ? arena_string(simulation->arena, exe) : NULL,
        .object = arena_string(simulation->arena, object),
        .second = recorded->question.second ? arena_string(simulation->arena, recorded->question.second) : NULL,
        .operation = recorded->question.operation,
    };
    if (!example->id || !example->object || (exe && !example->exe))
        return error_memory(err);
    group->example_count++;
    return 0;
}

/* The object's place among those of its group; 0 in *ret_example = it is not shown. */
static int object_take(struct simulation *simulation, struct simulate_group *group, const struct event_record *record,
                       const struct recorded *recorded, uint32_t *ret_example, struct error *err)
{
    uint32_t number = (uint32_t)(group - simulation->groups);
    char text[PATH_MAX + 512] not_initialised;
    uint64_t hash = 0xcbf29ce484222325ull + number * 64 + (uint64_t)recorded->question.operation;
    struct simulate_object *object;
    int status = 0;

    object_print(record, recorded, text, sizeof(text));
    hash = mix(mix(hash, text), recorded->question.second) | 1;
    for (size_t i = 0; i < SIMULATE_OBJECTS; i++) {
        object = &simulation->objects[(hash + i) % SIMULATE_OBJECTS];
        if (!object->hash || (object->hash == hash && object->group == number))
            break;
        object = NULL;
    }
    *ret_example = 0;
    if (!object)
        return 0;
    if (!object->hash && simulation->object_count < SIMULATE_OBJECTS * 3 / 4) {
        group->objects++;
        simulation->object_count++;
        *object = (struct simulate_object){.hash = hash, .group = number};
        if (group->example_count < SIMULATE_EXAMPLES) {
            status = example_add(simulation, group, record, recorded, text, err);
            object->example = (uint32_t)group->example_count;
        }
    }
    *ret_example = object->hash ? object->example : 0;
    return status;
}

/* ---- records ---- */

/* A program's own file in a directory that is private to the run: the host has none, and it will make it again. */
static bool is_its_own(const struct event_record *record, const struct judged *judged)
{
    return record->kind == RECORD_ACCESS && record->access.rule && !record->access.outside && judged->judgement == JUDGED_HIDDEN &&
           judged->mount && judged->mount->kind == PLAN_PRIVATE;
}

static enum simulated compare(const struct event_record *record, enum recorded_verdict recorded, const struct judged *judged)
{
    bool was_allowed = recorded == RECORDED_ALLOWED;

    if (was_allowed && is_its_own(record, judged))
        return SIMULATED_SAME;
    if (judged->judgement == JUDGED_DEPENDS && judged->mount && judged->mount->kind == PLAN_PROC)
        return SIMULATED_SAME; /* the kernel decides, under each policy alike */
    switch (judged->judgement) {
    case JUDGED_ALLOWED:
    case JUDGED_MISSING: /* nothing of the policy is in its way */
        return was_allowed ? SIMULATED_SAME : SIMULATED_ALLOWED;
    case JUDGED_REFUSED:
    case JUDGED_HIDDEN:
        return was_allowed ? SIMULATED_DENIED : SIMULATED_SAME;
    default:
        return SIMULATED_UNDECIDED;
    }
}

/* Numbers in a file may be any, and a sum that wraps would be none. */
static void add(uint64_t *sum, uint64_t count)
{
    if (__builtin_add_overflow(*sum, count, sum))
        *sum = UINT64_MAX;
}

static void count_add(struct simulation *simulation, const struct simulate_seen *seen, uint64_t count)
{
    struct simulation_sum *sum = &simulation->sum;

    add(&sum->events, count);
    add(&sum->counts[seen->simulated], count);
    if (seen->simulated == SIMULATED_SAME)
        add(seen->was_allowed ? &sum->same_allowed : &sum->same_denied, count);
    if (seen->group) {
        add(&simulation->groups[seen->group - 1].events, count);
        if (seen->example)
            add(&simulation->groups[seen->group - 1].examples[seen->example - 1].count, count);
    } else if (seen->simulated != SIMULATED_SAME) {
        add(&simulation->more_groups, count);
    }
}

static void repeated_take(struct simulation *simulation, const struct simulate_run *run, const struct event_record *record)
{
    const struct simulate_seen *seen = simulate_seen_find(run, record->count.of_sequence);

    if (seen)
        count_add(simulation, seen, record->count.count);
    else
        simulation->sum.others++;
}

static int started_take(struct simulate_run *run, const struct event_started *started, struct error *err)
{
    char *workspace = started->workspace ? mem_string(started->workspace) : NULL;

    if (started->workspace && !workspace)
        return error_memory(err);
    mem_free(run->workspace);
    run->workspace = workspace;
    return 0;
}

static int decision_take(struct simulation *simulation, struct simulate_run *run, const struct event_record *record,
                         const struct recorded *recorded, struct error *err)
{
    struct simulate_seen seen = {.sequence = record->sequence, .was_allowed = recorded->verdict == RECORDED_ALLOWED};
    struct simulate_group *group;
    struct judged judged;
    int status = 0;

    if (!simulate_judge_known(simulation, &recorded->question, &judged)) {
        plan_judge(simulation->index, &recorded->question, &judged);
        simulate_judge_keep(simulation, &recorded->question, &judged);
    }
    simulate_around(simulation, run, record, recorded, &judged);
    seen.simulated = compare(record, recorded->verdict, &judged);
    group = seen.simulated == SIMULATED_SAME ? NULL : group_find(simulation, seen.simulated, &judged);
    if (group) {
        seen.group = (uint32_t)(group - simulation->groups) + 1;
        status = object_take(simulation, group, record, recorded, &seen.example, err);
    }
    if (status == 0 && record->kind == RECORD_ACCESS)
        status = simulate_seen_add(run, &seen, err);
    if (status == 0)
        count_add(simulation, &seen, recorded->count);
    return status;
}

int simulation_take(struct simulation *simulation, const struct event_record *record, const char *to, struct error *err)
{
    struct simulate_run *run = simulate_run_of(simulation, record->run ? record->run : "");
    struct recorded recorded not_initialised; /* recorded_read() sets what is said to be there */
    int status = 0;

    if (!run)
        return error_memory(err);
    if (record->kind == RECORD_REPEATED) {
        repeated_take(simulation, run, record);
        return 0;
    }
    if (record->kind == RECORD_STARTED)
        status = started_take(run, &record->started, err);
    recorded_read(record, to ? run->workspace : NULL, run->workspace ? to : NULL, &recorded);
    if (recorded.verdict == RECORDED_NOTHING)
        simulation->sum.others++;
    else if (status == 0)
        status = decision_take(simulation, run, record, &recorded, err);
    return status;
}
