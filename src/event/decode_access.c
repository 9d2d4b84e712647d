/* SPDX-License-Identifier: Apache-2.0 */
/* access.denied and access.used. */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "base/compiler.h"
#include "event/decode.h"

#define ERRNO_MAX 134 /* one above the last */

/* What programs are refused with, first. */
static int number_of_error(const char *name)
{
    static const int frequent[] = {EACCES, EPERM, ENOENT, EROFS, ENOSYS, ECONNREFUSED};

    for (size_t i = 0; i < ARRAY_COUNT(frequent); i++)
        if (strcmp(strerrorname_np(frequent[i]), name) == 0)
            return frequent[i];
    for (int number = 1; number < ERRNO_MAX; number++) {
        const char *known = strerrorname_np(number);

        if (known && strcmp(known, name) == 0)
            return number;
    }
    return 0;
}

static void decode_process(struct members members, struct event_process *process)
{
    uint64_t pid = member_number(members, "pid"), host_pid = member_number(members, "hostPid");

    if (pid > INT_MAX || host_pid > INT_MAX)
        *members.is_wrong = true;
    process->pid = (unsigned)pid;
    process->host_pid = (int64_t)host_pid;
    process->exe = member_text(members, "exe");
}

static void decode_command_line(struct members members, struct decoded *store, struct event_process *process)
{
    const json_t *line = json_object_get(members.object, "commandLine");

    if (!line || json_is_null(line))
        return;
    store->texts[member_texts(members, "commandLine", store->texts, EVENT_ARGS_MAX)] = NULL;
    process->argv = store->texts;
}

static void decode_parents(struct members members, struct event_access *access)
{
    const json_t *parents = json_object_get(members.object, "parents");
    const json_t *parent;
    size_t i;

    if (parents && !json_is_array(parents))
        *members.is_wrong = true;
    json_array_foreach(parents, i, parent)
    {
        const struct members one = {parent, members.is_wrong};

        if (i == EVENT_PARENTS_MAX)
            break;
        if (!json_is_object(parent))
            *members.is_wrong = true;
        decode_process(one, &access->parents[i]);
        access->parent_count = i + 1;
    }
}

void decode_access(struct members members, struct decoded *store, struct event_record *record)
{
    const char *operation = member_text(members, "operation"), *error = member_text(members, "errno");
    struct members object = member_object(members, "object"), process = member_object(members, "process");
    struct event_access *access = &record->access;

    record->kind = RECORD_ACCESS;
    access->type = record->type;
    access->operation = operation ? operation_parse(operation) : OPERATION_NONE;
    access->kind = member_text(object, "kind");
    access->named = member_text(object, "named");
    access->path = member_text(object, "path");
    access->second_named = member_text(object, "secondNamed");
    access->second = member_text(object, "second");
    access->outside = member_text(object, "outside");
    access->is_hidden = member_is_true(object, "hidden");
    record->is_cut = member_is_true(object, "isCut");
    access->call = member_text(members, "call");
    access->args = member_text(members, "args");
    access->errnum = error ? number_of_error(error) : 0;
    decode_process(process, &access->process);
    decode_command_line(process, store, &access->process);
    decode_parents(members, access);
    access->rule = member_text(members, "rule");
    access->layer = member_text(members, "layer");
    access->source = member_text(members, "source");
    access->reason = member_text(members, "reason");
    access->count = member_number(members, "count");
}
