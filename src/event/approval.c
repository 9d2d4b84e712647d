/* SPDX-License-Identifier: Apache-2.0 */
/* What somebody was asked while the program waited, and the answer. */
#include <limits.h>

#include "base/date.h"
#include "event/log.h"

#define PATH_BYTES_MAX (PATH_MAX - 1)

static void add_number(struct json *json, const char *member, int64_t number)
{
    if (number > 0)
        json_add_int(json, member, number);
    else
        json_add_null(json, member);
}

/* Of a file its name, of a connection where it would go. */
static void add_object(struct json *json, const struct event_approval *approval)
{
    record_cut(json, "path", approval->path, PATH_BYTES_MAX);
    if (!approval->port)
        return;
    record_cut(json, "name", approval->name, EVENT_TEXT_MAX);
    record_cut(json, "address", approval->address, EVENT_TEXT_MAX);
    json_add_uint(json, "port", approval->port);
    json_add_string(json, "protocol", "tcp");
}

int event_approval_asked(struct event_log *log, const struct event_approval *approval, struct error *err)
{
    struct record record;
    struct json *json = &record.json;

    record_begin(&record, log, "approval.asked");
    json_add_uint(json, "number", approval->number);
    json_add_string(json, "digest", approval->digest);
    json_add_string(json, "operation", operation_name(approval->operation));
    add_object(json, approval);
    record_cut(json, "named", approval->named, PATH_BYTES_MAX);
    add_number(json, "pid", approval->pid);
    record_cut(json, "exe", approval->exe, EVENT_TEXT_MAX);
    record_cut(json, "rule", approval->rule, PATH_BYTES_MAX);
    json_add_uint(json, "timeoutMs", approval->timeout_ms);
    return record_write(&record, log, err);
}

int event_approval_answered(struct event_log *log, const struct event_approval *approval, struct error *err)
{
    struct record record;
    struct json *json = &record.json;
    char until[DATE_TEXT_SIZE];

    record_begin(&record, log, "approval.answered");
    json_add_uint(json, "number", approval->number);
    json_add_string(json, "digest", approval->digest);
    json_add_string(json, "operation", operation_name(approval->operation));
    add_object(json, approval);
    json_add_string(json, "answer", approval->answer);
    if (approval->until_ms)
        date_print(approval->until_ms, until);
    json_add_string(json, "until", approval->until_ms ? until : NULL);
    if (approval->has_uid)
        json_add_uint(json, "uid", approval->uid);
    else
        json_add_null(json, "uid");
    record_cut(json, "rule", approval->rule, PATH_BYTES_MAX);
    json_add_uint(json, "count", approval->count);
    return record_write(&record, log, err);
}
