/* SPDX-License-Identifier: Apache-2.0 */
/* Each record of what went well is the question that it was; the rule that decides it was used. */
#include "sdk/uses.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "author/recorded.h"
#include "event/read.h"
#include "policy/question.h"

struct reading {
    const struct assembly *assembly;
    const struct plan_index *index;
    struct uses *uses;
    char workspace[PATH_MAX]; /* of the run that is read; "" = not known */
    bool is_other;            /* the run had another policy, and only this one's are wanted */
    bool is_of_store;
};

static int add_use(struct reading *reading, const struct origin *origin, bool is_write, struct error *err)
{
    struct uses *uses = reading->uses;
    struct lint_use *use;

    for (size_t i = 0; i < uses->count; i++)
        if (uses->items[i].origin == origin && uses->items[i].is_write == is_write)
            return 0;
    use = arena_append(reading->assembly->policy->arena, uses->items, uses->count);
    if (!use)
        return error_memory(err);
    *use = (struct lint_use){origin, is_write};
    return 0;
}

static int take_record(struct reading *reading, const struct event_record *record, struct recorded *recorded, struct error *err)
{
    const struct assembly *assembly = reading->assembly;
    const char *from = reading->workspace[0] ? reading->workspace : NULL;
    struct judged judged;

    if (record->kind == RECORD_STARTED) {
        const char *digest = record->started.policy_digest, *workspace = record->started.workspace;

        reading->is_other = reading->is_of_store && (!digest || strcmp(digest, assembly->plan->policy_digest) != 0);
        snprintf(reading->workspace, sizeof(reading->workspace), "%s", workspace ? workspace : "");
        reading->uses->has_runs = reading->uses->has_runs || !reading->is_other;
        return 0;
    }
    if (reading->is_other || (record->kind != RECORD_ACCESS && record->kind != RECORD_NETWORK))
        return 0;
    recorded_read(record, from, from ? assembly->variables.workspace : NULL, recorded);
    if (recorded->verdict != RECORDED_ALLOWED)
        return 0;
    reading->uses->has_runs = true;
    reading->uses->has_files = reading->uses->has_files || record->kind == RECORD_ACCESS;
    plan_judge(reading->index, &recorded->question, &judged);
    if (!judged.origin || judged.judgement == JUDGED_REFUSED)
        return 0;
    return add_use(reading, judged.origin, record->kind == RECORD_ACCESS && !operation_only_reads(recorded->question.operation), err);
}

static int take_records(struct reading *reading, struct event_reader *reader, struct error *err)
{
    auto_free struct recorded *recorded = mem_alloc(sizeof(*recorded));
    struct event_record record;
    int status = recorded ? 1 : error_memory(err);

    while (status > 0) {
        status = event_reader_next(reader, &record, err);
        if (status > 0 && take_record(reading, &record, recorded, err) < 0)
            return -ENOMEM;
        if (status > 0 && record.kind == RECORD_STARTED && reading->is_other)
            return 0; /* the store has one run in a file */
    }
    return status;
}

static int take_file(struct reading *reading, const char *path, struct error *err)
{
    auto_event_reader struct event_reader *reader = NULL;
    int fd, status = event_file_open(path, &fd, err);

    if (status < 0)
        return status;
    reading->workspace[0] = '\0';
    reading->is_of_store = reading->is_other = false;
    status = event_reader_new(fd, NULL, &reader, err);
    if (status == 0) {
        event_reader_refuse_damaged(reader); /* a use that is not seen makes a rule look unused */
        status = take_records(reading, reader, err);
    }
    return status < 0 ? error_prepend(err, "%s", path) : 0;
}

static int take_store(struct reading *reading, struct error *err)
{
    auto_run_store struct run_store *store = NULL;
    int status = run_store_open(reading->assembly->places.runs, &store, err);

    reading->is_of_store = true;
    for (size_t i = 0; status == 0 && i < run_store_count(store); i++) {
        auto_event_reader struct event_reader *reader = NULL;

        reading->workspace[0] = '\0';
        reading->is_other = true; /* until it says whose it is */
        status = run_store_read(store, run_store_id(store, i), &reader, err);
        if (status == 0)
            status = take_records(reading, reader, err);
        if (status == -ENOENT) /* dropped meanwhile */
            status = 0;
    }
    return status;
}

int uses_read(const struct assembly *assembly, const char *const *files, bool of_store, struct uses *ret_uses, struct error *err)
{
    auto_plan_index struct plan_index *index = NULL;
    struct uses uses = {0};
    struct reading reading = {.assembly = assembly, .uses = &uses};
    int status = plan_index_new(assembly->plan, &index, err);

    reading.index = index;
    for (size_t i = 0; status == 0 && files && files[i]; i++)
        status = take_file(&reading, files[i], err);
    if (status == 0 && of_store)
        status = take_store(&reading, err);
    if (status == 0)
        *ret_uses = uses;
    return status;
}
