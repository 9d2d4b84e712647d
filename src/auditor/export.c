/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/export.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "auditor/who.h"
#include "base/json.h"
#include "ocsf/ocsf.h"

/*
 * In place of a record that says of somebody else that he wrote it: a base event of who did. Whoever collects records believes
 * what is in them.
 */
static void export_claim(const struct record *record, struct text *out)
{
    const struct reader_entry *entry = record->entry;
    const struct stamp_label *label = &entry->stamp.label;
    struct json json = JSON_INIT(out, 0);
    char uid[16];

    snprintf(uid, sizeof(uid), "%u", label->uid);
    json_begin_object(&json, NULL);
    json_add_uint(&json, "class_uid", 0);
    json_add_string(&json, "class_name", "Base Event");
    json_add_uint(&json, "category_uid", 0);
    json_add_uint(&json, "activity_id", 99);
    json_add_string(&json, "activity_name", "Claim");
    json_add_uint(&json, "type_uid", 99);
    json_add_uint(&json, "severity_id", 4);
    json_add_string(&json, "message", "a record that says of somebody else that he wrote it");
    json_add_uint(&json, "time", record_time_us(record) / 1000);
    json_begin_object(&json, "metadata");
    json_add_string(&json, "version", OCSF_VERSION);
    json_begin_object(&json, "product");
    json_add_string(&json, "name", "cordon");
    json_add_string(&json, "vendor_name", "Cordon");
    json_add_string(&json, "version", CORDON_VERSION_TEXT);
    json_end(&json);
    json_add_string(&json, "event_code", "log.claimed");
    json_add_string(&json, "log_name", "cordon");
    json_end(&json);
    json_begin_object(&json, "unmapped");
    json_add_uint(&json, "leaf", entry->index);
    json_add_string(&json, "writer", label->writer);
    json_add_string(&json, "user", uid);
    json_add_string(&json, "actor_type", label->actor);
    json_add_string(&json, "identity", *label->identity ? label->identity : NULL);
    json_add_string_n(&json, "record", entry->body, entry->body_size);
    json_end(&json);
    json_end(&json);
    text_add(out, "\n");
}

void export_ocsf(const struct record *record, struct text *out)
{
    if (!record->is_ocsf)
        return;
    if (!who_is_so(record)) {
        export_claim(record, out);
        return;
    }
    text_add_n(out, record->entry->body, record->entry->body_size);
    text_add(out, "\n");
}

/* ---- CEF ---- */

/* In its header '|' and '\' are escaped, in its extension '=' and '\'; line ends as \n and \r. Other control characters have no escape. */
static void add_cef(struct text *out, const char *text, char special)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == special)
            text_add_n(out, "\\", 1);
        if (*text == '\n' || *text == '\r')
            text_add(out, *text == '\n' ? "\\n" : "\\r");
        else
            text_add_n(out, (unsigned char)*text < 0x20 || *text == 0x7f ? " " : text, 1);
    }
}

static void add_pair(struct text *out, const char *key, const char *value)
{
    if (!*value)
        return;
    text_add(out, " ");
    text_add(out, key);
    text_add(out, "=");
    add_cef(out, value, '=');
}

static unsigned cef_severity(uint64_t severity_id)
{
    static const unsigned severities[] = {0, 1, 3, 6, 8, 10, 10};

    return severity_id < ARRAY_COUNT(severities) ? severities[severity_id] : 0;
}

/* Members that CEF has a key for. */
static const struct {
    const char *key;
    enum field field;
} cef_keys[] = {
    {"act", FIELD_DISPOSITION}, {"filePath", FIELD_FILE},        {"oldFilePath", FIELD_FILE_RESULT}, {"dhost", FIELD_HOST},
    {"dst", FIELD_ADDRESS},     {"proto", FIELD_PROTOCOL}, {"requestMethod", FIELD_METHOD}, {"request", FIELD_URL_PATH},          {"reason", FIELD_REASON},
    {"msg", FIELD_DETAIL},
};

/* Those that it has none for: its six custom strings. */
static void add_custom(struct text *out, const struct record *record)
{
    const struct stamp_label *label = &record->entry->stamp.label;
    char text[FIELD_TEXT_MAX], hash[65];

    for (size_t i = 0; i < 32; i++)
        snprintf(hash + 2 * i, 3, "%02x", record->entry->leaf.bytes[i]);
    add_pair(out, "cs1Label", "agent");
    add_pair(out, "cs1", *label->identity ? label->identity : "-");
    add_pair(out, "cs2Label", "actorType");
    add_pair(out, "cs2", label->actor);
    add_pair(out, "cs3Label", "leafHash");
    add_pair(out, "cs3", hash);
    if (*record_text(record, FIELD_RULE, text)) {
        add_pair(out, "cs4Label", "rule");
        add_pair(out, "cs4", text);
    }
    if (*record_text(record, FIELD_RUN, text)) {
        add_pair(out, "cs5Label", "run");
        add_pair(out, "cs5", text);
    }
    if (*record_text(record, FIELD_COMMAND, text)) {
        add_pair(out, "cs6Label", "commandLine");
        add_pair(out, "cs6", text);
    }
}

void export_cef(const struct record *record, struct text *out)
{
    char text[FIELD_TEXT_MAX], number[32];

    if (!record->is_ocsf)
        return;
    text_printf(out, "CEF:0|Cordon|cordon|%s|%" PRIu64 "|", CORDON_VERSION_TEXT, record_number(record, FIELD_TYPE));
    add_cef(out, record_text(record, FIELD_MESSAGE, text), '|');
    text_printf(out, "|%u|", cef_severity(record_number(record, FIELD_SEVERITY)));
    text_printf(out, "rt=%" PRIu64 " externalId=%" PRIu64 " suid=%u", record_time_us(record) / 1000, record->entry->index,
                record->entry->stamp.label.uid);
    add_pair(out, "cat", record_text(record, FIELD_CODE, text));
    add_pair(out, "suser", who_name(record, text));
    for (size_t i = 0; i < ARRAY_COUNT(cef_keys); i++)
        add_pair(out, cef_keys[i].key, record_text(record, cef_keys[i].field, text));
    if (record_number(record, FIELD_PORT)) {
        snprintf(number, sizeof(number), "%" PRIu64, record_number(record, FIELD_PORT));
        add_pair(out, "dpt", number);
    }
    add_custom(out, record);
    text_add(out, "\n");
}

/* ---- OTLP ---- */

static void add_attribute(struct json *json, const char *key, const char *value)
{
    if (!*value)
        return;
    json_begin_object(json, NULL);
    json_add_string(json, "key", key);
    json_begin_object(json, "value");
    json_add_string(json, "stringValue", value);
    json_end(json);
    json_end(json);
}

/* 64-bit integers are strings in protobuf's JSON. */
static void add_number(struct json *json, const char *key, uint64_t value)
{
    char number[32];

    snprintf(number, sizeof(number), "%" PRIu64, value);
    json_begin_object(json, NULL);
    json_add_string(json, "key", key);
    json_begin_object(json, "value");
    json_add_string(json, "intValue", number);
    json_end(json);
    json_end(json);
}

void export_otlp_begin(struct text *out)
{
    text_add(out, "{\"resourceLogs\":[{\"resource\":{\"attributes\":[{\"key\":\"service.name\",\"value\":{\"stringValue\":\"cordon\"}}]},"
                  "\"scopeLogs\":[{\"scope\":{\"name\":\"cordon.audit\",\"version\":\"" CORDON_VERSION_TEXT "\"},\"logRecords\":[");
}

void export_otlp_end(struct text *out)
{
    text_add(out, "]}]}]}");
}

static void add_attributes(struct json *json, const struct record *record)
{
    const struct stamp_label *label = &record->entry->stamp.label;
    char text[FIELD_TEXT_MAX];

    json_begin_array(json, "attributes");
    add_number(json, "cordon.log.index", record->entry->index);
    add_attribute(json, "cordon.actor.type", label->actor);
    add_attribute(json, "cordon.run.id", record_text(record, FIELD_RUN, text));
    add_attribute(json, "gen_ai.agent.id", label->identity);
    add_attribute(json, "gen_ai.agent.name", record_text(record, FIELD_AGENT_NAME, text));
    add_number(json, "enduser.id", label->uid);
    add_number(json, "ocsf.type_uid", record_number(record, FIELD_TYPE));
    add_attribute(json, "ocsf.version", OCSF_VERSION);
    add_attribute(json, "file.path", record_text(record, FIELD_FILE, text));
    add_attribute(json, "server.address", record_text(record, FIELD_HOST, text));
    add_attribute(json, "cordon.rule", record_text(record, FIELD_RULE, text));
    json_end(json);
}

void export_otlp(const struct record *record, struct text *out, bool is_first)
{
    static const struct {
        unsigned number;
        const char *text;
    } severities[] = {{0, ""}, {9, "INFO"}, {10, "INFO2"}, {13, "WARN"}, {17, "ERROR"}, {21, "FATAL"}, {24, "FATAL4"}};
    const uint64_t severity = record_number(record, FIELD_SEVERITY);
    const size_t row = severity < ARRAY_COUNT(severities) ? severity : 0;
    struct json json = JSON_INIT(out, 0);
    char number[32], text[FIELD_TEXT_MAX];

    if (!record->is_ocsf)
        return;
    if (!is_first)
        text_add(out, ",");
    snprintf(number, sizeof(number), "%" PRIu64 "000", record_time_us(record));
    json_begin_object(&json, NULL);
    json_add_string(&json, "timeUnixNano", number);
    snprintf(number, sizeof(number), "%" PRIu64 "000", record->entry->stamp.time_us);
    json_add_string(&json, "observedTimeUnixNano", number);
    json_add_uint(&json, "severityNumber", severities[row].number);
    json_add_string(&json, "severityText", severities[row].text);
    json_add_string(&json, "eventName", record_text(record, FIELD_CODE, text));
    json_begin_object(&json, "body");
    json_add_string_n(&json, "stringValue", record->entry->body, record->entry->body_size);
    json_end(&json);
    add_attributes(&json, record);
    json_end(&json);
}
