/* SPDX-License-Identifier: Apache-2.0 */
/* What the log itself has to say: records of OCSF's class Event Log Activity (1008), by a writer of its own. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "audit/log_state.h"
#include "base/json.h"

#define OCSF_VERSION  "1.9.0"
#define CLASS         1008
#define SEVERITY_INFO 1
#define SEVERITY_HIGH 4

int log_say(struct log *log, int activity, const char *event, const char *message, const char *fields, struct error *err)
{
    uint64_t time_ms = log->machine->time_us(log->machine->context) / 1000;
    int severity = activity == LOG_ACTIVITY_OTHER || (activity == LOG_ACTIVITY_START && log->findings.length) ? SEVERITY_HIGH : SEVERITY_INFO;
    auto_text struct text body = {0};
    struct json json = JSON_INIT(&body, 0);

    json_begin_object(&json, NULL);
    json_add_uint(&json, "class_uid", CLASS);
    json_add_uint(&json, "category_uid", CLASS / 1000);
    json_add_int(&json, "activity_id", activity);
    json_add_int(&json, "type_uid", CLASS * 100 + activity);
    json_add_int(&json, "severity_id", severity);
    json_add_uint(&json, "time", time_ms);
    json_add_string(&json, "message", message);
    json_begin_object(&json, "metadata");
    json_add_string(&json, "version", OCSF_VERSION);
    json_add_string(&json, "event_code", event);
    json_begin_object(&json, "product");
    json_add_string(&json, "name", "cordon-logger");
    json_add_string(&json, "vendor_name", "Cordon");
    json_add_string(&json, "version", CORDON_VERSION_TEXT);
    json_end(&json);
    json_end(&json);
    json_add_string(&json, "log_name", log->origin);
    json_begin_object(&json, "unmapped");
    json_add_string(&json, "x_event", event);
    if (activity == LOG_ACTIVITY_START && log->findings.length)
        json_add_string(&json, "x_findings", log->findings.data);
    text_add(&body, fields);
    json_end(&json);
    json_end(&json);
    if (body.is_broken)
        return error_memory(err);
    return log_append_own(log, body.data, body.length, err);
}

int log_say_clock(struct log *log, struct error *err)
{
    uint64_t now = log->machine->time_us(log->machine->context), mono = log->machine->mono_us(log->machine->context);
    int64_t offset = (int64_t)(now - mono), moved = offset - log->offset_us;
    char fields[64];

    if (log->last_us > now + LOG_CLOCK_US) { /* since a record that another run of the log wrote */
        moved = (int64_t)(now - log->last_us);
        log->last_us = 0;
    }
    log->offset_us = offset;
    if (moved <= LOG_CLOCK_US && moved >= -LOG_CLOCK_US)
        return 0;
    log_retain_later(log);
    snprintf(fields, sizeof(fields), ",\"x_moved_us\":%" PRId64, moved);
    return log_say(log, LOG_ACTIVITY_OTHER, "log.clock_moved", moved < 0 ? "the clock was moved backwards" : "the clock was moved forwards", fields, err);
}

static int say_loss(struct log *log, const char *name, uint64_t lost, uint64_t lost_in_all, struct error *err)
{
    char fields[STAMP_WRITER_MAX + 128];

    snprintf(fields, sizeof(fields), ",\"x_writer\":\"%s\",\"x_lost\":%" PRIu64 ",\"x_lost_in_all\":%" PRIu64, name, lost, lost_in_all);
    return lost ? log_say(log, LOG_ACTIVITY_OTHER, "log.lost", "records were lost before they reached the log", fields, err)
                : log_say(log, LOG_ACTIVITY_OTHER, "log.slowed", "a writer met its share of a second and waited", fields, err);
}

int log_say_losses(struct log *log, struct error *err)
{
    for (size_t i = 0; i < writers_count(log->writers); i++) {
        struct writer writer = *writers_at(log->writers, i), *still;
        int status;

        if (writer.lost == writer.told && !writer.was_slowed)
            continue;
        status = say_loss(log, writer.name, writer.lost - writer.told, writer.lost, err);
        if (status < 0)
            return status;
        still = writers_find(log->writers, writer.name); /* the table may have moved */
        if (still) {
            still->told = writer.lost;
            still->was_slowed = false;
        }
    }
    return 0;
}
