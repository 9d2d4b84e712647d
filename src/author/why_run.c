/* SPDX-License-Identifier: Apache-2.0 */
/* Reads a run's record into groups and ranks them. */
#include "author/why_run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "author/recorded.h"
#include "author/why.h"
#include "base/kernel/syscalls.h"
#include "base/path.h"

#define BUCKETS 1024
#define LAST    3 /* records before the end that may be why a run failed */

/* Which record went into which group, for how often it came again. */
struct taken {
    unsigned sequence;
    struct why_group *group;
};

struct grouping {
    struct arena *arena;
    struct why_run *run;
    struct why_group *buckets[BUCKETS];
    struct taken *taken;
    size_t taken_count;
    bool has_failed;
    struct error *err;
};

static const char *copy(struct grouping *grouping, const char *text)
{
    return text ? arena_string(grouping->arena, text) : NULL;
}

static uint64_t hash_of(const char *text)
{
    uint64_t hash = 0xcbf29ce484222325u;

    for (; *text; text++)
        hash = (hash ^ (unsigned char)*text) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

/* Of two probes of hidden files none matters more than a write that failed. */
static double weight_of(const struct question *question, bool is_hidden)
{
    switch (question->operation) {
    case OPERATION_LIMIT:
        return 9;
    case OPERATION_CONNECT:
    case OPERATION_BIND:
    case OPERATION_EXECUTE:
        return 6;
    case OPERATION_WRITE:
    case OPERATION_CREATE:
    case OPERATION_DELETE:
    case OPERATION_RENAME:
    case OPERATION_LINK:
        return 5;
    case OPERATION_METADATA:
    case OPERATION_SIGNAL:
    case OPERATION_PTRACE:
    case OPERATION_MOUNT:
        return 3;
    case OPERATION_SYSCALL:
        return 2;
    case OPERATION_LOOK:
        return is_hidden ? 0.5 : 1;
    default:
        return is_hidden ? 2 : 3;
    }
}

static void key_of(const struct question *question, const char *rule, char *key, size_t size)
{
    const char *path = question->path ? question->path : "", *call = "";
    char address[NET_ADDRESS_TEXT_SIZE] = "";
    size_t directory = strlen(path);

    while (directory > 1 && path[directory - 1] != '/')
        directory--;
    if (question->operation == OPERATION_SYSCALL)
        call = kernel_syscall_name(question->call);
    if (!question->host && question->address.family)
        net_address_print(&question->address, address);
    snprintf(key, size, "%d|%s|%.*s|%s:%u|%s", (int)question->operation, rule ? rule : "", (int)directory, path,
             question->host ? question->host : address, question->port, call ? call : "");
}

static int question_copy(struct grouping *grouping, const struct question *from, struct question *to)
{
    *to = *from;
    to->request = NULL;
    to->path = copy(grouping, from->path);
    to->second = copy(grouping, from->second);
    to->exe = copy(grouping, from->exe);
    to->host = copy(grouping, from->host);
    return (from->path && !to->path) || (from->second && !to->second) || (from->exe && !to->exe) || (from->host && !to->host)
               ? error_memory(grouping->err)
               : 0;
}

struct facts_of_record {
    const char *exe, *reason, *rule, *source;
    int errnum;
    bool is_hidden;
};

static int group_new(struct grouping *grouping, const struct event_record *record, const struct recorded *recorded,
                     const struct facts_of_record *facts, struct why_group *group)
{
    struct why_group **slot = arena_append(grouping->arena, grouping->run->groups, grouping->run->group_count);
    auto_text struct text object = {0};
    int status;

    if (!slot)
        return error_memory(grouping->err);
    *slot = group;
    why_print_question(&object, &recorded->question);
    status = question_copy(grouping, &recorded->question, &group->question);
    if (status < 0)
        return status;
    group->id = copy(grouping, record->id);
    group->exe = copy(grouping, facts->exe);
    group->reason = copy(grouping, facts->reason);
    group->rule = copy(grouping, facts->rule);
    group->source = copy(grouping, facts->source);
    group->errno_name = facts->errnum ? strerrorname_np(facts->errnum) : NULL;
    group->object = object.is_broken ? NULL : copy(grouping, object.data);
    group->score = weight_of(&recorded->question, facts->is_hidden);
    return group->object && group->id ? 0 : error_memory(grouping->err);
}

static int find_group(struct grouping *grouping, const struct event_record *record, const struct recorded *recorded,
                      const struct facts_of_record *facts, struct why_group **ret_group)
{
    struct keyed {
        struct why_group group;
        char key[];
    } *made;
    char key[PATH_MAX + 1200];
    uint64_t at;
    int status;

    key_of(&recorded->question, facts->rule, key, sizeof(key));
    at = hash_of(key) % BUCKETS;
    for (struct why_group *group = grouping->buckets[at]; group; group = group->next)
        if (strcmp(container_of(group, struct keyed, group)->key, key) == 0) {
            *ret_group = group;
            return 0;
        }
    made = arena_alloc(grouping->arena, sizeof(*made) + strlen(key) + 1);
    if (!made)
        return error_memory(grouping->err);
    memcpy(made->key, key, strlen(key) + 1);
    status = group_new(grouping, record, recorded, facts, &made->group);
    if (status < 0)
        return status;
    made->group.next = grouping->buckets[at];
    grouping->buckets[at] = &made->group;
    *ret_group = &made->group;
    return 0;
}

static struct facts_of_record facts_of(const struct event_record *record)
{
    if (record->kind == RECORD_ACCESS)
        return (struct facts_of_record){record->access.process.exe, record->access.reason, record->access.rule,
                                        record->access.source, record->access.errnum, record->access.is_hidden};
    return (struct facts_of_record){record->network.exe, record->network.reason, record->network.rule, "gateway",
                                    record->network.errnum, false};
}

static bool is_denial(const struct event_record *record)
{
    if (record->kind == RECORD_ACCESS)
        return strcmp(record->type, "access.denied") == 0;
    return record->kind == RECORD_NETWORK && strstr(record->type, "denied") != NULL;
}

static int take_denial(struct grouping *grouping, const struct event_record *record)
{
    static _Thread_local struct recorded recorded;
    struct facts_of_record facts = facts_of(record);
    struct why_group *group = NULL;
    struct taken *taken;
    uint64_t count;
    int status;

    recorded_read(record, NULL, NULL, &recorded);
    count = recorded.count ? recorded.count : 1;
    status = find_group(grouping, record, &recorded, &facts, &group);
    if (status < 0)
        return status;
    group->count += count;
    group->objects++;
    group->last = record->sequence;
    grouping->run->count += count;
    taken = arena_append(grouping->arena, grouping->taken, grouping->taken_count);
    if (!taken)
        return error_memory(grouping->err);
    *taken = (struct taken){record->sequence, group};
    return 0;
}

/* Records come in order, so the last that was taken before is found by halves. */
static void take_repeated(struct grouping *grouping, const struct event_record *record)
{
    size_t low = 0, high = grouping->taken_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (grouping->taken[middle].sequence < record->count.of_sequence)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == grouping->taken_count || grouping->taken[low].sequence != record->count.of_sequence)
        return;
    grouping->taken[low].group->count += record->count.count;
    grouping->run->count += record->count.count;
}

static int take_started(struct grouping *grouping, const struct event_started *started)
{
    struct why_run *run = grouping->run;

    run->policy = copy(grouping, started->policy);
    run->program = started->argv ? copy(grouping, started->argv[0]) : NULL;
    for (size_t i = 0; i < started->source_count && i < EVENT_SOURCES_MAX; i++) {
        run->seen |= started->sources[i].sees;
        if (!started->sources[i].blind || !*started->sources[i].blind)
            continue;
        run->blind[run->blind_count++] = (struct event_named){copy(grouping, started->sources[i].name), copy(grouping, started->sources[i].blind)};
        if (!run->blind[run->blind_count - 1].name || !run->blind[run->blind_count - 1].text)
            return error_memory(grouping->err);
    }
    return 0;
}

static int take_exited(struct grouping *grouping, const struct event_exited *exited)
{
    char text[64];

    grouping->has_failed = exited->exit_status != 0;
    snprintf(text, sizeof(text), "%s %d", exited->end ? exited->end : "ended", exited->code);
    grouping->run->end = copy(grouping, text);
    return grouping->run->end ? 0 : error_memory(grouping->err);
}

static int take_lost(struct grouping *grouping, const struct event_record *record)
{
    struct why_run *run = grouping->run;

    if (run->lost_count == WHY_LOST_MAX)
        return 0;
    run->lost[run->lost_count].source = record->count.source ? copy(grouping, record->count.source) : "gateway";
    run->lost[run->lost_count].count = record->count.count;
    return run->lost[run->lost_count++].source ? 0 : error_memory(grouping->err);
}

static void take_approval(struct why_run *run, const struct event_approval *approval)
{
    const char *answer = approval->answer;

    if (!answer)
        run->asked++;
    else if (strcmp(answer, "once") == 0 || strcmp(answer, "run") == 0 || strcmp(answer, "rule") == 0)
        run->allowed++;
    else if (strcmp(answer, "changed") == 0 && run->allowed) /* it was said to be, before */
        run->allowed--;
}

static int take(struct grouping *grouping, const struct event_record *record)
{
    if (record->run && !*grouping->run->run)
        snprintf(grouping->run->run, sizeof(grouping->run->run), "%s", record->run);
    if (is_denial(record))
        return take_denial(grouping, record);
    switch (record->kind) {
    case RECORD_STARTED:
        return take_started(grouping, &record->started);
    case RECORD_EXITED:
        return take_exited(grouping, &record->exited);
    case RECORD_APPROVAL:
        take_approval(grouping->run, &record->approval);
        return 0;
    case RECORD_REPEATED:
        take_repeated(grouping, record);
        return 0;
    case RECORD_LOST:
    case RECORD_NETWORK_LOST:
        return take_lost(grouping, record);
    default:
        return 0;
    }
}

static int compare(const void *a, const void *b)
{
    const struct why_group *one = *(struct why_group *const *)a, *two = *(struct why_group *const *)b;

    if (one->score != two->score)
        return one->score < two->score ? 1 : -1;
    return one->last < two->last ? 1 : one->last > two->last ? -1 : 0;
}

/* What came last before a run failed, and what came often, is most likely why. */
static void rank(struct grouping *grouping)
{
    struct why_run *run = grouping->run;

    for (size_t i = 0; i < run->group_count; i++) {
        double often = 0;

        for (uint64_t count = run->groups[i]->count; count > 1 && often < 4; count /= 2)
            often++;
        run->groups[i]->score += often;
    }
    for (size_t i = 0; i < LAST && i < grouping->taken_count && grouping->has_failed; i++)
        grouping->taken[grouping->taken_count - 1 - i].group->score += 6 - 2 * (double)i;
    if (run->group_count)
        qsort(run->groups, run->group_count, sizeof(run->groups[0]), compare);
}

int why_run_read(struct arena *arena, struct event_reader *reader, struct why_run *ret_run, struct error *err)
{
    struct why_run run = {0};
    struct grouping *grouping = arena_alloc(arena, sizeof(*grouping));
    struct event_record record;
    int status;

    if (!grouping)
        return error_memory(err);
    grouping->arena = arena;
    grouping->run = &run;
    grouping->err = err;
    while ((status = event_reader_next(reader, &record, err)) > 0) {
        status = take(grouping, &record);
        if (status < 0)
            return status;
    }
    if (status < 0)
        return status;
    run.damaged = event_reader_state(reader).damaged;
    rank(grouping);
    *ret_run = run;
    return 0;
}
