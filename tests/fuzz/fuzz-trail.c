/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: bytes are the body of a record in an audit log, which any writer could have filled. What is shown of it is one
 * line that a terminal takes, what is handed on is one line of CEF and one request that a strict reader of JSON takes; and a query
 * that asks for what the record says finds it.
 */
#include <jansson.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auditor/export.h"
#include "auditor/query.h"
#include "auditor/show.h"
#include "base/utf8.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hold(bool condition)
{
    if (!condition)
        abort();
}

static void hold_line(const struct text *text)
{
    hold(!text->is_broken);
    if (!text->length)
        return;
    hold(text->data[text->length - 1] == '\n' && !memchr(text->data, '\n', text->length - 1));
}

static void check_shown(const struct record *record)
{
    auto_text struct text line = {0}, json = {0};

    show_line(record, NULL, &line);
    hold_line(&line);
    hold(line.length > 0);
    for (const char *at = line.data; *at != '\n';) {
        size_t step = utf8_printable(at);

        hold(step > 0);
        at += step;
    }
    show_json(record, &json);
    hold(!json.is_broken && json.length > 0);
}

static void check_exported(const struct record *record)
{
    auto_text struct text cef = {0}, otlp = {0};
    json_t *json;

    export_cef(record, &cef);
    hold_line(&cef);
    hold(!cef.length || strncmp(cef.data, "CEF:0|", 6) == 0);
    export_otlp_begin(&otlp);
    export_otlp(record, &otlp, true);
    export_otlp_end(&otlp);
    json = json_loadb(otlp.data, otlp.length, JSON_REJECT_DUPLICATES, NULL);
    hold(json != NULL);
    json_decref(json);
}

static void check_found(const struct record *record)
{
    struct query query = {0};
    char kind[FIELD_TEXT_MAX], run[FIELD_TEXT_MAX];

    hold(query_matches(&query, record));
    query.kind = record_text(record, FIELD_CODE, kind);
    query.run = record_text(record, FIELD_RUN, run);
    hold(query_matches(&query, record));
    query.agent = "spiffe://a/host/b/user/1";
    query.actor = "agent";
    hold(query_matches(&query, record));
    query.actor = "human";
    hold(!query_matches(&query, record));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader_entry entry = {.index = 7, .is_stamped = true, .body_size = size};
    struct record record;
    char *whole = malloc(size + 3); /* "{}\n" stands for the stamp */

    hold(whole != NULL);
    memcpy(whole, "{}\n", 3);
    memcpy(whole + 3, data, size);
    entry.bytes = (const unsigned char *)whole;
    entry.size = size + 3;
    entry.body = whole + 3;
    entry.stamp = (struct stamp){.time_us = 1795420800123456, .label = {.writer = "w", .uid = 1, .actor = "agent", .identity = "spiffe://a/host/b/user/1/agent/c/d"}};
    record_read(&entry, &record);
    check_shown(&record);
    if (stamp_body_check(entry.body, entry.body_size, NULL) == 0) /* the log takes no other */
        check_exported(&record);
    if (record.is_ocsf)
        check_found(&record);
    free(whole);
    return 0;
}
