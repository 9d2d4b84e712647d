/* SPDX-License-Identifier: Apache-2.0 */
/* request.json, written. */
#include <errno.h>
#include <string.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/redact.h"
#include "event/log.h"
#include "event/request.h"
#include "event/store.h"

bool asked_is_secret(const char *name, const char *value, bool *ret_is_secret)
{
    auto_text struct text given = {0};
    auto_text struct text shown = {0};

    if (name) {
        text_add(&given, name);
        text_add(&given, "=");
    }
    text_add(&given, value);
    if (given.is_broken)
        return false;
    redact_argument(&shown, given.data, false);
    if (shown.is_broken)
        return false;
    *ret_is_secret = strcmp(shown.data ? shown.data : "", given.data) != 0;
    return true;
}

static void write_documents(struct json *json, const struct asked *asked)
{
    size_t left = REQUEST_TEXTS_MAX;

    json_begin_array(json, "documents");
    for (size_t i = 0; i < asked->document_count; i++) {
        const struct asked_document *document = &asked->documents[i];
        const char *withheld = document->withheld;

        if (!withheld && document->size > left)
            withheld = "size";
        json_begin_object(json, NULL);
        json_add_string(json, "name", document->name);
        json_add_string(json, "file", document->file);
        json_add_string(json, "digest", document->digest);
        if (withheld) {
            json_add_null(json, "text");
        } else {
            json_add_string_n(json, "text", document->text, document->size);
            left -= document->size;
        }
        json_add_string(json, "withheld", withheld);
        json_end(json);
    }
    json_end(json);
}

static void write_members(struct json *json, const struct asked *asked)
{
    json_begin_array(json, "members");
    for (size_t i = 0; i < asked->member_count; i++) {
        json_begin_object(json, NULL);
        json_add_string(json, "name", asked->members[i].name);
        json_add_string(json, "assignment", asked->members[i].assignment);
        json_end(json);
    }
    json_end(json);
    json_begin_array(json, "ceilings");
    for (size_t i = 0; i < asked->ceiling_count; i++) {
        json_begin_object(json, NULL);
        json_add_string(json, "file", asked->ceilings[i].file);
        json_add_string(json, "digest", asked->ceilings[i].digest);
        json_end(json);
    }
    json_end(json);
}

static void write_command(struct record *record, const struct asked *asked)
{
    static const struct argument_bounds bounds = {EVENT_ARGS_MAX, EVENT_TEXT_MAX, SIZE_MAX};
    bool is_cut = false;

    if (asked->argv)
        is_cut = record_arguments(record, "command", asked->argv, &bounds);
    else
        json_add_null(&record->json, "command");
    json_add_bool(&record->json, "commandIsCut", is_cut);
}

static int write_file(struct event_log *log, const struct text *text, struct error *err)
{
    auto_close int fd = -1;
    int status;

    if (text->is_broken)
        return error_memory(err);
    status = store_make_file(log->runs_fd, log->run_id, STORE_REQUEST_NAME, &fd, err);
    if (status < 0)
        return status;
    status = file_write_all(fd, text->data, text->length);
    return status < 0 ? error_system(err, -status, "write what run %s was asked for", log->run_id) : 0;
}

int asked_write(struct event_log *log, const struct asked *asked, struct error *err)
{
    struct record record = {.json = JSON_INIT(&record.text, 0)};
    struct json *json = &record.json;
    int status;

    if (log->runs_fd < 0)
        return 0;
    json_begin_object(json, NULL);
    json_add_string(json, "schema", "cordon-request/1");
    json_add_string(json, "run", log->run_id);
    write_documents(json, asked);
    json_add_string(json, "profile", asked->profile);
    write_members(json, asked);
    json_add_string(json, "workspace", asked->workspace);
    json_add_string(json, "tier", asked->tier);
    json_add_string(json, "cwd", asked->cwd);
    json_add_string(json, "logicalCwd", asked->logical_cwd);
    json_add_string(json, "eventsFile", asked->events_file);
    write_command(&record, asked);
    json_add_string(json, "mechanism", asked->mechanism);
    json_add_string(json, "planDigest", asked->plan_digest);
    json_end(json);
    text_add(&record.text, "\n");
    status = write_file(log, &record.text, err);
    text_finish(&record.text);
    return status;
}
