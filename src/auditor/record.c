/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/record.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/compiler.h"

static const char *const paths[FIELD_COUNT_] = {
    [FIELD_CODE] = "metadata.event_code",
    [FIELD_ID] = "metadata.uid",
    [FIELD_RUN] = "metadata.correlation_uid",
    [FIELD_CLASS] = "class_uid",
    [FIELD_ACTIVITY] = "activity_id",
    [FIELD_ACTIVITY_NAME] = "activity_name",
    [FIELD_TYPE] = "type_uid",
    [FIELD_SEVERITY] = "severity_id",
    [FIELD_STATUS] = "status_id",
    [FIELD_DISPOSITION] = "disposition",
    [FIELD_TIME] = "time",
    [FIELD_MESSAGE] = "message",
    [FIELD_USER] = "actor.user.name",
    [FIELD_USER_ID] = "actor.user.uid",
    [FIELD_ACTOR] = "x_actor_type",
    [FIELD_INSTANCE] = "ai_agent.instance_uid",
    [FIELD_AGENT_NAME] = "ai_agent.name",
    [FIELD_COMMAND] = "process.cmd_line",
    [FIELD_OPERATION] = "x_operation",
    [FIELD_RULE] = "x_rule",
    [FIELD_REASON] = "x_reason",
    [FIELD_DETAIL] = "status_detail",
    [FIELD_PORT] = "dst_endpoint.port",
    [FIELD_PROTOCOL] = "connection_info.protocol_name",
    [FIELD_METHOD] = "http_request.http_method",
    [FIELD_ANSWER] = "x_approval.answer",
    [FIELD_PHASE] = "x_phase",
    [FIELD_EXIT] = "exit_code",
    [FIELD_COUNT_OF] = "x_count",
    [FIELD_PRODUCT] = "metadata.product.name",
    [FIELD_CGROUP] = "x_cgroup",
    [FIELD_FILE] = "file.path",
    [FIELD_FILE_RESULT] = "file_result.path",
    [FIELD_OUTSIDE] = "x_object.outside",
    [FIELD_NAMED] = "x_object.named",
    [FIELD_PROCESS_FILE] = "process.file.path",
    [FIELD_HOST] = "dst_endpoint.hostname",
    [FIELD_ADDRESS] = "dst_endpoint.ip",
    [FIELD_SOCKET] = "dst_endpoint.name",
    [FIELD_URL_HOST] = "http_request.url.hostname",
    [FIELD_URL_PATH] = "http_request.url.path",
    [FIELD_QUERY] = "query.hostname",
    [FIELD_KERNEL] = "kernel.name",
    [FIELD_ENTITY] = "entity.name",
    [FIELD_ENTITY_ID] = "entity.uid",
    [FIELD_TARGET] = "x_target",
    [FIELD_API] = "api.operation",
    [FIELD_FINDING] = "x_finding.path",
    [FIELD_WORKSPACE] = "x_workspace",
    [FIELD_SUBJECT] = "x_log.subject",
};

const char *field_path(enum field field)
{
    return paths[field];
}

static void take_member(void *context, const char *path, size_t path_size, uint64_t hash, struct scan_value value)
{
    struct record *record = context;

    for (size_t i = 0; i < FIELD_COUNT_; i++) {
        if (paths[i][0] != path[0] || strncmp(paths[i], path, path_size) != 0 || paths[i][path_size])
            continue;
        record->is_unclear |= record->fields[i].kind != SCAN_NONE && i >= FIELD_USER && i <= FIELD_INSTANCE;
        record->fields[i] = value;
    }
    record->is_unclear |= memchr(path, '\\', path_size) != NULL;
    /* the log's own records have their name there */
    if (path_size == 16 && memcmp(path, "unmapped.x_event", 16) == 0 && record->fields[FIELD_CODE].kind == SCAN_NONE)
        record->fields[FIELD_CODE] = value;
}

void record_read(const struct reader_entry *entry, struct record *ret_record)
{
    *ret_record = (struct record){.entry = entry};
    if (entry->is_stamped)
        ret_record->is_ocsf = scan_object(entry->body, entry->body_size, take_member, ret_record, NULL) == 0;
    if (!ret_record->is_ocsf)
        memset(ret_record->fields, 0, sizeof(ret_record->fields));
}

const char *record_text(const struct record *record, enum field field, char ret_text[FIELD_TEXT_MAX])
{
    if (!scan_text(record->fields[field], ret_text, FIELD_TEXT_MAX))
        ret_text[0] = '\0';
    return ret_text;
}

uint64_t record_number(const struct record *record, enum field field)
{
    uint64_t number = 0;

    return scan_uint(record->fields[field], &number) ? number : 0;
}

uint64_t record_time_us(const struct record *record)
{
    const struct stamp *stamp = &record->entry->stamp;
    const uint64_t said_ms = record_number(record, FIELD_TIME);

    return strncmp(stamp->label.writer, "store/", 6) == 0 && said_ms && said_ms <= stamp->time_us / 1000 ? said_ms * 1000 : stamp->time_us;
}

void record_time(uint64_t time_us, char ret_text[32])
{
    time_t seconds = (time_t)(time_us / 1000000);
    char whole[24];
    struct tm tm;

    if (!gmtime_r(&seconds, &tm))
        memset(&tm, 0, sizeof(tm));
    strftime(whole, sizeof(whole), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(ret_text, 32, "%s.%03uZ", whole, (unsigned)(time_us / 1000 % 1000));
}
