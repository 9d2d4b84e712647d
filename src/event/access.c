/* SPDX-License-Identifier: Apache-2.0 */
/* What the program tried and did not get, or got where everything is watched. It decides how many of these there are. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "event/fold.h"
#include "event/log.h"

#define PATH_BYTES_MAX (PATH_MAX - 1)

/* Enough to see what it was: a program can have two megabytes of them. */
static const struct argument_bounds command_line_bounds = {32, 256, EVENT_TEXT_MAX};

static void add_number(struct json *json, const char *member, int64_t number)
{
    if (number > 0)
        json_add_int(json, member, number);
    else
        json_add_null(json, member);
}

static void add_object(struct json *json, const struct event_access *access)
{
    bool is_cut;

    json_begin_object(json, "object");
    json_add_string(json, "kind", access->kind);
    is_cut = record_cut(json, "named", access->named, PATH_BYTES_MAX);
    is_cut |= record_cut(json, "path", access->path, PATH_BYTES_MAX);
    is_cut |= record_cut(json, "secondNamed", access->second_named, PATH_BYTES_MAX);
    is_cut |= record_cut(json, "second", access->second, PATH_BYTES_MAX);
    is_cut |= record_cut(json, "outside", access->outside, PATH_BYTES_MAX);
    json_add_bool(json, "hidden", access->is_hidden);
    json_add_bool(json, "isCut", is_cut);
    json_end(json);
}

static void add_process(struct record *record, const struct event_process *process)
{
    struct json *json = &record->json;
    bool is_cut = false;

    json_begin_object(json, "process");
    add_number(json, "pid", process->pid);
    add_number(json, "hostPid", process->host_pid);
    record_cut(json, "exe", process->exe, EVENT_TEXT_MAX);
    if (process->argv)
        is_cut = record_arguments(record, "commandLine", process->argv, &command_line_bounds);
    else
        json_add_null(json, "commandLine");
    json_add_bool(json, "commandLineIsCut", is_cut);
    json_end(json);
}

static void add_parents(struct json *json, const struct event_access *access)
{
    json_begin_array(json, "parents");
    for (size_t i = 0; i < access->parent_count && i < EVENT_PARENTS_MAX; i++) {
        json_begin_object(json, NULL);
        add_number(json, "pid", access->parents[i].pid);
        add_number(json, "hostPid", access->parents[i].host_pid);
        record_cut(json, "exe", access->parents[i].exe, EVENT_TEXT_MAX);
        json_end(json);
    }
    json_end(json);
}

static int write_access(struct event_log *log, const struct event_access *access, uint64_t count, size_t *ret_bytes,
                        struct error *err)
{
    struct record record;
    struct json *json = &record.json;

    record_begin(&record, log, access->type);
    json_add_string(json, "operation", operation_name(access->operation));
    add_object(json, access);
    record_cut(json, "call", access->call, EVENT_TEXT_MAX);
    record_cut(json, "args", access->args, EVENT_TEXT_MAX);
    json_add_string(json, "errno", access->errnum ? strerrorname_np(access->errnum) : NULL);
    add_process(&record, &access->process);
    add_parents(json, access);
    record_cut(json, "rule", access->rule, PATH_BYTES_MAX + EVENT_TEXT_MAX);
    record_cut(json, "layer", access->layer, EVENT_TEXT_MAX);
    record_cut(json, "source", access->source, EVENT_TEXT_MAX);
    record_cut(json, "reason", access->reason, EVENT_TEXT_MAX);
    json_add_uint(json, "count", count);
    *ret_bytes = record.text.length;
    return record_write(&record, log, err);
}

int event_access(struct event_log *log, const struct event_access *access, struct error *err)
{
    uint64_t hash, count = access->count ? access->count : 1;
    struct fold_part *room;
    struct folded *equal;
    size_t bytes;
    int status = fold_find(&log->fold, access, &equal, &hash, err);

    if (status < 0)
        return status;
    if (equal) {
        fold_count(equal, count);
        return 0;
    }
    room = fold_room(&log->fold, access);
    if (!room) {
        fold_lose(&log->fold, access->source ? access->source : "", count);
        return 0;
    }
    status = fold_reserve(&log->fold, err);
    if (status == 0)
        status = write_access(log, access, count, &bytes, err);
    if (status == 0)
        fold_add(&log->fold, room, hash, log->sequence, bytes);
    return status;
}

void event_access_lost(struct event_log *log, const char *source, uint64_t count)
{
    if (count)
        fold_lose(&log->fold, source, count);
}

static int write_repeated(struct event_log *log, struct folded *folded, struct error *err)
{
    struct record record;
    char id[RUN_ID_SIZE + 12];

    snprintf(id, sizeof(id), "%s.%u", log->run_id, folded->sequence);
    record_begin(&record, log, "access.repeated");
    json_add_string(&record.json, "of", id);
    json_add_uint(&record.json, "count", folded->more);
    folded->more = 0;
    return record_write(&record, log, err);
}

static int write_lost(struct event_log *log, struct lost *lost, struct error *err)
{
    struct record record;

    record_begin(&record, log, "access.lost");
    json_add_string(&record.json, "source", lost->source);
    json_add_uint(&record.json, "count", lost->count);
    lost->count = 0;
    return record_write(&record, log, err);
}

int event_access_end(struct event_log *log, struct error *err)
{
    struct fold *fold = &log->fold;
    int status = 0;

    for (size_t i = 0; i < fold->count && status == 0; i++)
        if (fold->items[i].more)
            status = write_repeated(log, &fold->items[i], err);
    for (size_t i = 0; i < fold->lost_count && status == 0; i++)
        if (fold->lost[i].count)
            status = write_lost(log, &fold->lost[i], err);
    return status;
}
