/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/daemon_show.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"

static const char *const states[] = {[PROTOCOL_CREATED] = "created", [PROTOCOL_IS_RUNNING] = "running", [PROTOCOL_FROZEN] = "frozen", [PROTOCOL_STOPPED] = "stopped",
                                     [PROTOCOL_RESTARTING] = "restarting"};

static const char *state_name(uint64_t state)
{
    return state < ARRAY_COUNT(states) && states[state] ? states[state] : "unknown";
}

/* What can be named in a filter, a template and JSON. */
enum field_kind { FIELD_TEXT, FIELD_NUMBER, FIELD_COUNT /* 0 is one, too */, FIELD_STATE, FIELD_AGE, FIELD_CLASS, FIELD_MEMORY, FIELD_CPU, FIELD_PROCESSES };
static const struct field {
    const char *name;
    uint16_t tag;
    uint8_t kind;
    bool is_for_people; /* not in JSON, which has what it is made of */
} fields[] = {
    {"id", TAG_ID, FIELD_TEXT, false},
    {"state", TAG_STATE, FIELD_STATE, false},
    {"name", TAG_NAME, FIELD_TEXT, false},
    {"pid", TAG_PID, FIELD_NUMBER, false},
    {"uid", TAG_UID, FIELD_COUNT, false},
    {"createdMs", TAG_CREATED_MS, FIELD_NUMBER, false},
    {"startedMs", TAG_STARTED_MS, FIELD_NUMBER, false},
    {"run", TAG_RUN, FIELD_TEXT, false},
    {"policy", TAG_POLICY, FIELD_TEXT, false},
    {"tier", TAG_TIER, FIELD_TEXT, false},
    {"command", TAG_COMMAND, FIELD_TEXT, false},
    {"parent", TAG_PARENT, FIELD_TEXT, false},
    {"identity", TAG_IDENTITY, FIELD_TEXT, false},
    {"denials", TAG_DENIALS, FIELD_COUNT, false},
    {"restart", TAG_RESTART, FIELD_TEXT, false},
    {"restarts", TAG_RESTARTS, FIELD_COUNT, false},
    {"exitStatus", TAG_EXIT, FIELD_COUNT, false},
    {"untilMs", TAG_UNTIL_MS, FIELD_NUMBER, false},
    {"networkUntilMs", TAG_NETWORK_UNTIL_MS, FIELD_NUMBER, false},
    {"policyDigest", TAG_DIGEST, FIELD_TEXT, false},
    {"proof", TAG_PROOF, FIELD_TEXT, false},
    {"memoryBytes", 0, FIELD_MEMORY, false},
    {"cpuUs", 0, FIELD_CPU, false},
    {"processes", 0, FIELD_PROCESSES, false},
    {"agent", TAG_IDENTITY, FIELD_CLASS, true},
    {"age", TAG_STARTED_MS, FIELD_AGE, true},
};

static const struct field *field_of(const char *name, size_t length)
{
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++)
        if (strlen(fields[i].name) == length && strncasecmp(fields[i].name, name, length) == 0)
            return &fields[i];
    return NULL;
}

/* false = nobody knows. */
static bool number_of(const struct daemon_entry *entry, const struct field *field, uint64_t *ret_number)
{
    uint64_t number;

    if (field->kind == FIELD_MEMORY || field->kind == FIELD_CPU || field->kind == FIELD_PROCESSES) {
        *ret_number = field->kind == FIELD_MEMORY ? entry->usage[2] : field->kind == FIELD_CPU ? entry->usage[0] + entry->usage[1] : entry->usage[3];
        return entry->has_usage;
    }
    number = protocol_number(&entry->told, field->tag, UINT64_MAX);
    *ret_number = number;
    return number != UINT64_MAX && (number || field->kind == FIELD_COUNT);
}

/* ".../agent/CLASS/INSTANCE": CLASS */
static void add_class(struct text *out, const char *identity)
{
    const char *at = identity ? strstr(identity, "/agent/") : NULL;

    if (at)
        text_add_safe_n(out, at + 7, strcspn(at + 7, "/"));
}

/* "3s", "12m", "5h", "9d" */
static void add_since(struct text *out, uint64_t started_ms)
{
    uint64_t now = clock_real_ns() / NS_PER_MS, seconds = started_ms && now > started_ms ? (now - started_ms) / 1000 : 0;

    if (!started_ms)
        text_add(out, "-");
    else if (seconds < 60)
        text_printf(out, "%" PRIu64 "s", seconds);
    else if (seconds < 3600)
        text_printf(out, "%" PRIu64 "m", seconds / 60);
    else if (seconds < 86400)
        text_printf(out, "%" PRIu64 "h", seconds / 3600);
    else
        text_printf(out, "%" PRIu64 "d", seconds / 86400);
}

static void add_field(struct text *out, const struct daemon_entry *entry, const struct field *field)
{
    const char *words;
    uint64_t number;

    switch (field->kind) {
    case FIELD_STATE:
        text_add(out, state_name(protocol_number(&entry->told, TAG_STATE, 0)));
        break;
    case FIELD_TEXT:
        words = protocol_text(&entry->told, field->tag);
        text_add_safe(out, words ? words : "");
        break;
    case FIELD_CLASS:
        add_class(out, protocol_text(&entry->told, TAG_IDENTITY));
        break;
    case FIELD_AGE:
        add_since(out, protocol_number(&entry->told, TAG_STARTED_MS, 0));
        break;
    default:
        if (number_of(entry, field, &number))
            text_printf(out, "%" PRIu64, number);
        break;
    }
}

/* ---- which, and in which order ---- */

static int compare(const void *one, const void *other)
{
    uint64_t a = ((const struct daemon_entry *)one)->since_ms, b = ((const struct daemon_entry *)other)->since_ms;

    return a < b ? -1 : a > b;
}

static bool is_child_of(const struct daemon_entry *entry, const struct daemon_entry *parent)
{
    const char *named = protocol_text(&entry->told, TAG_PARENT), *id = protocol_text(&parent->told, TAG_ID);

    return named && id && strcmp(named, id) == 0;
}

/* What is inside of entries[at] follows it; the others keep their order. */
static size_t gather(struct daemon_entry *entries, size_t count, size_t at)
{
    size_t end = at + 1;

    for (size_t i = at + 1; i < count; i++) {
        struct daemon_entry child = entries[i];

        if (child.depth || !is_child_of(&child, &entries[at]))
            continue;
        child.depth = entries[at].depth + 1;
        memmove(&entries[end + 1], &entries[end], (i - end) * sizeof(child));
        entries[end] = child;
        end = gather(entries, count, end);
    }
    return end;
}

void daemon_entries_sort(struct daemon_entry *entries, size_t count)
{
    if (count)
        qsort(entries, count, sizeof(*entries), compare);
    for (size_t i = 0; i < count;) {
        const char *parent = protocol_text(&entries[i].told, TAG_PARENT);

        i = parent && *parent ? i + 1 : gather(entries, count, i);
    }
}

int daemon_entry_matches(const struct daemon_entry *entry, const char *filter, bool *ret_matches, struct error *err)
{
    size_t length = strcspn(filter, "=");
    bool is_status = length == 6 && strncmp(filter, "status", 6) == 0; /* as container engines call it */
    const struct field *field = is_status ? field_of("state", 5) : field_of(filter, length);
    auto_text struct text words = {0};

    if (!filter[length] || !field)
        return error_set(err, ERROR_INVALID, EINVAL, "filter '%.60s': NAME=VALUE, with a name as name, state, policy, tier, agent, parent or any other of --json", filter);
    add_field(&words, entry, field);
    if (words.is_broken)
        return error_memory(err);
    *ret_matches = strcmp(words.data ? words.data : "", filter + length + 1) == 0;
    return 0;
}

/* ---- shown ---- */

static void add_padded(struct text *out, const char *words, int width, int most)
{
    size_t before = out->length;

    text_add_safe_n(out, words, strnlen(words, (size_t)most));
    while (out->length - before < (size_t)width)
        text_add(out, " ");
}

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

void daemon_show_titles(struct text *out)
{
    text_printf(out, "%-26s %-16s %-10s %7s %4s %7s %6s %6s %-8s %-12s %-14s %s\n", "ID", "NAME", "STATE", "PID", "AGE", "MEM", "CPU", "DENIED", "TIER", "AGENT", "POLICY", "COMMAND");
}

/* "812K", "35M", "2.1G" */
static void print_bytes(char *to, size_t size, uint64_t bytes)
{
    if (bytes < (uint64_t)1 << 20)
        snprintf(to, size, "%" PRIu64 "K", bytes >> 10);
    else if (bytes < (uint64_t)1 << 30)
        snprintf(to, size, "%" PRIu64 "M", bytes >> 20);
    else
        snprintf(to, size, "%" PRIu64 ".%" PRIu64 "G", bytes >> 30, (bytes >> 20 & 1023) * 10 / 1024);
}

static void add_usage(struct text *out, const struct daemon_entry *entry)
{
    char memory[24] = "-", cpu[32] = "-";
    uint64_t ms = (entry->usage[0] + entry->usage[1]) / 1000;

    if (entry->has_usage) {
        print_bytes(memory, sizeof(memory), entry->usage[2]);
        snprintf(cpu, sizeof(cpu), ms < 100000 ? "%" PRIu64 ".%" PRIu64 "s" : "%" PRIu64 "s", ms / 1000, ms % 1000 / 100);
    }
    text_printf(out, "%7s %6s ", memory, cpu);
}

/* One inside another has no name, but a place. How ids end differs most. */
static void add_name(struct text *out, const struct daemon_entry *entry)
{
    const char *parent = protocol_text(&entry->told, TAG_PARENT), *name = protocol_text(&entry->told, TAG_NAME);
    size_t length = parent ? strlen(parent) : 0;

    for (unsigned i = 1; i < entry->depth && i < 4; i++)
        text_add(out, " ");
    text_add(out, entry->depth ? "\\_ " : "");
    if (length && !(name && *name))
        text_printf(out, "in ..%s", length > 8 ? parent + length - 8 : parent);
    else
        text_add(out, or_dash(name));
}

void daemon_show_line(struct text *out, const struct daemon_entry *entry)
{
    const struct protocol_message *told = &entry->told;
    const char *policy = or_dash(protocol_text(told, TAG_POLICY)), *slash = strrchr(policy, '/');
    auto_text struct text name = {0}, age = {0}, class = {0};

    add_name(&name, entry);
    add_since(&age, protocol_number(told, TAG_STARTED_MS, 0));
    add_class(&class, protocol_text(told, TAG_IDENTITY));
    text_printf(out, "%-26s ", protocol_text(told, TAG_ID));
    add_padded(out, or_dash(name.data), 16, 63);
    text_printf(out, " %-10s %7" PRIu64 " %4s ", state_name(protocol_number(told, TAG_STATE, 0)), protocol_number(told, TAG_PID, 0), age.data ? age.data : "-");
    add_usage(out, entry);
    text_printf(out, "%6" PRIu64 " ", protocol_number(told, TAG_DENIALS, 0));
    add_padded(out, or_dash(protocol_text(told, TAG_TIER)), 8, 16);
    text_add(out, " ");
    add_padded(out, or_dash(class.data), 12, 40);
    text_add(out, " ");
    add_padded(out, slash && slash[1] ? slash + 1 : policy, 14, 40);
    text_add(out, " ");
    add_padded(out, or_dash(protocol_text(told, TAG_COMMAND)), 0, 60);
    text_add(out, "\n");
}

void daemon_show_object(struct text *out, const struct daemon_entry *entry)
{
    struct json json = JSON_INIT(out, 0);

    json_begin_object(&json, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(fields); i++) {
        const struct field *field = &fields[i];
        uint64_t number;

        if (field->is_for_people)
            continue;
        if (field->kind == FIELD_STATE)
            json_add_string(&json, field->name, state_name(protocol_number(&entry->told, TAG_STATE, 0)));
        else if (field->kind == FIELD_TEXT)
            json_add_string(&json, field->name, protocol_text(&entry->told, field->tag));
        else if (number_of(entry, field, &number))
            json_add_uint(&json, field->name, number);
        else
            json_add_null(&json, field->name);
    }
    json_end(&json);
}

static void add_time(struct text *out, const char *name, uint64_t ms)
{
    time_t at = (time_t)(ms / 1000);
    char words[32];
    struct tm tm;

    if (!ms || !localtime_r(&at, &tm))
        return;
    strftime(words, sizeof(words), "%Y-%m-%dT%H:%M:%S", &tm);
    text_printf(out, "%-9s %s\n", name, words);
}

void daemon_show_all(struct text *out, const struct daemon_entry *entry)
{
    static const struct {
        const char *name;
        uint16_t tag;
    } lines[] = {{"id", TAG_ID}, {"name", TAG_NAME}, {"run", TAG_RUN}, {"policy", TAG_POLICY}, {"digest", TAG_DIGEST}, {"tier", TAG_TIER}, {"command", TAG_COMMAND},
                 {"parent", TAG_PARENT}, {"identity", TAG_IDENTITY}, {"proof", TAG_PROOF}, {"restart", TAG_RESTART}};
    const struct protocol_message *told = &entry->told;

    text_printf(out, "%-9s %s\n", "state", state_name(protocol_number(told, TAG_STATE, 0)));
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        text_printf(out, "%-9s ", lines[i].name);
        add_padded(out, or_dash(protocol_text(told, lines[i].tag)), 0, 1024);
        text_add(out, "\n");
    }
    text_printf(out, "%-9s %" PRIu64 "\n", "denials", protocol_number(told, TAG_DENIALS, 0));
    text_printf(out, "%-9s %" PRIu64 "\n%-9s ", "pid", protocol_number(told, TAG_PID, 0), "started");
    add_since(out, protocol_number(told, TAG_STARTED_MS, 0));
    text_add(out, " ago\n");
    add_time(out, "until", protocol_number(told, TAG_UNTIL_MS, 0));
    add_time(out, "network", protocol_number(told, TAG_NETWORK_UNTIL_MS, 0));
    if (protocol_number(told, TAG_EXIT, UINT64_MAX) != UINT64_MAX)
        text_printf(out, "%-9s %" PRIu64 "\n%-9s %" PRIu64 "\n", "exit", protocol_number(told, TAG_EXIT, 0), "restarts", protocol_number(told, TAG_RESTARTS, 0));
}

int daemon_show_template(struct text *out, const struct daemon_entry *entry, const char *template, struct error *err)
{
    while (*template) {
        const char *end = strncmp(template, "{{.", 3) == 0 ? strstr(template, "}}") : NULL;
        const struct field *field;

        if (!end) {
            bool is_tab = template[0] == '\\' && template[1] == 't';

            text_add_n(out, is_tab ? "\t" : template, 1);
            template += is_tab ? 2 : 1;
            continue;
        }
        field = field_of(template + 3, (size_t)(end - template - 3));
        if (!field)
            return error_set(err, ERROR_INVALID, EINVAL, "format: there is no field '%.*s'; --json has them all", (int)(end - template - 3), template + 3);
        add_field(out, entry, field);
        template = end + 2;
    }
    text_add(out, "\n");
    return 0;
}
