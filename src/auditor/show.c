/* SPDX-License-Identifier: Apache-2.0 */
#include "auditor/show.h"

#include <inttypes.h>
#include <string.h>

#include "auditor/who.h"
#include "base/json.h"
#include "ocsf/veil.h"

/* "builder" of spiffe://.../agent/builder/01m..., "" where there is none. */
static void class_of(const char *identity, char ret_class[128])
{
    const char *at = strstr(identity, "/agent/");
    size_t size;

    ret_class[0] = '\0';
    if (!at)
        return;
    at += 7;
    size = strcspn(at, "/");
    if (size < 128)
        memcpy(ret_class, at, size), ret_class[size] = '\0';
}

void show_actor(const struct record *record, struct text *out)
{
    const struct stamp_label *label = &record->entry->stamp.label;
    char text[FIELD_TEXT_MAX];

    if (strcmp(label->actor, "agent") == 0) {
        class_of(label->identity, text);
        text_add(out, "agent ");
        text_add_safe(out, *text ? text : "without a name");
        text_add(out, " for ");
    } else if (strcmp(label->actor, "system") == 0) {
        text_add(out, "system ");
        record_text(record, FIELD_PRODUCT, text);
        text_add_safe(out, *text ? text : label->writer);
        return;
    } else {
        text_add_safe(out, label->actor);
        text_add(out, " ");
    }
    if (*who_name(record, text)) {
        text_add_safe(out, text);
        text_printf(out, " (uid %u)", label->uid);
    } else {
        text_printf(out, "uid %u", label->uid);
    }
}

/* A text that may be covered: what it was, where the key is at hand. */
static void add_covered(struct text *out, const struct record *record, const char *keys, enum field field, const char *text)
{
    char id[FIELD_TEXT_MAX], clear[VEIL_TEXT_MAX + 1];
    size_t size;
    enum veil_found found;

    if (!veil_is_token(text, strlen(text))) {
        text_add_safe(out, text);
        return;
    }
    record_text(record, FIELD_ID, id);
    found = keys ? veil_read(keys, id, strlen(id), field_path(field), text, strlen(text), clear, &size) : VEIL_NO_KEY;
    if (found == VEIL_READ) {
        text_add(out, "[sealed] ");
        text_add_safe_n(out, clear, size);
        return;
    }
    text_add(out, found == VEIL_ERASED ? "[erased]" : found == VEIL_HELD ? "[salted]" : found == VEIL_FORGED ? "[sealed, and not by its key]" : text[1] == 'a' ? "[salted]" : "[sealed]");
}

static void add_object(struct text *out, const struct record *record, const char *keys)
{
    char text[FIELD_TEXT_MAX];
    bool has_one = false;

    for (enum field field = FIELD_OBJECTS; field < FIELD_COUNT_ && !has_one; field++) {
        if (field == FIELD_OUTSIDE || field == FIELD_NAMED || field == FIELD_WORKSPACE || !*record_text(record, field, text))
            continue;
        has_one = true;
        text_add(out, ": ");
        add_covered(out, record, keys, field, text);
        if ((field == FIELD_HOST || field == FIELD_ADDRESS) && record_number(record, FIELD_PORT))
            text_printf(out, ":%" PRIu64, record_number(record, FIELD_PORT));
    }
    if (*record_text(record, FIELD_FILE_RESULT, text)) {
        text_add(out, " -> ");
        add_covered(out, record, keys, FIELD_FILE_RESULT, text);
    }
    if (*record_text(record, FIELD_COMMAND, text)) {
        text_add(out, ": ");
        add_covered(out, record, keys, FIELD_COMMAND, text);
    }
}

void show_deed(const struct record *record, const char *keys, struct text *out)
{
    char text[FIELD_TEXT_MAX];

    if (!record->is_ocsf) {
        text_add(out, "a record that cannot be read");
        return;
    }
    if (record->fields[FIELD_PHASE].kind != SCAN_NONE)
        text_add(out, "about to be done: ");
    if (!who_is_so(record))
        text_add(out, "(says of somebody else that he did it) ");
    record_text(record, FIELD_MESSAGE, text);
    text_add_safe(out, *text ? text : record_text(record, FIELD_CODE, text));
    add_object(out, record, keys);
    if (*record_text(record, FIELD_ANSWER, text)) {
        text_add(out, ", answered ");
        text_add_safe(out, text);
    }
    if (record->fields[FIELD_EXIT].kind == SCAN_NUMBER)
        text_printf(out, ", exit status %" PRIu64, record_number(record, FIELD_EXIT));
    if (record_number(record, FIELD_COUNT_OF) > 1)
        text_printf(out, ", %" PRIu64 " times", record_number(record, FIELD_COUNT_OF));
    if (*record_text(record, FIELD_RULE, text)) {
        text_add(out, " (");
        text_add_safe(out, text);
        text_add(out, ")");
    }
}

void show_line(const struct record *record, const char *keys, struct text *out)
{
    char when[32];

    if (!record->entry->is_stamped) {
        text_printf(out, "#%" PRIu64 " an entry without a stamp, of %zu bytes\n", record->entry->index, record->entry->size);
        return;
    }
    record_time(record_time_us(record), when);
    text_printf(out, "%s #%" PRIu64 " ", when, record->entry->index);
    show_actor(record, out);
    text_add(out, ": ");
    show_deed(record, keys, out);
    text_add(out, "\n");
}

void show_json(const struct record *record, struct text *out)
{
    const struct reader_entry *entry = record->entry;

    text_printf(out, "{\"leaf\":%" PRIu64 ",\"hash\":\"", entry->index);
    for (size_t i = 0; i < sizeof(entry->leaf.bytes); i++)
        text_printf(out, "%02x", entry->leaf.bytes[i]);
    text_add(out, "\",\"stamp\":");
    if (entry->is_stamped)
        text_add_n(out, (const char *)entry->bytes, (size_t)(entry->body - 1 - (const char *)entry->bytes));
    else
        text_add(out, "null");
    text_add(out, ",\"record\":");
    if (record->is_ocsf)
        text_add_n(out, entry->body, entry->body_size);
    else
        text_add(out, "null");
    text_add(out, "}\n");
}
