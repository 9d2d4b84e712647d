/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon has of the caller's containers, for people and for programs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "protocol/socket.h"
#include "sdk/daemon.h"

static const char *const states[] = {[PROTOCOL_CREATED] = "created", [PROTOCOL_IS_RUNNING] = "running", [PROTOCOL_FROZEN] = "frozen", [PROTOCOL_STOPPED] = "stopped",
                                     [PROTOCOL_RESTARTING] = "restarting"};

static const char *state_name(uint64_t state)
{
    return state < ARRAY_COUNT(states) && states[state] ? states[state] : "unknown";
}

#define ENTRY_ID_SIZE 65

/* They come in the order in which this cordond heard of them; people are shown them by age, and each with what is inside of it right below. */
struct entry {
    uint64_t ms;
    char *text;
    char id[ENTRY_ID_SIZE], parent[ENTRY_ID_SIZE]; /* "" = it is inside of none */
    bool is_printed;
};

#define ENTRIES_MAX 65536
#define LEVELS_MAX  16 /* more than containers can be inside each other */

struct list {
    struct entry *entries;
    size_t count, capacity, printed;
    bool has_inner; /* some are inside of others */
    struct text out;
    struct json json;
    enum cordon_format format;
    bool is_one; /* and all of it is told */
};

static void add_safe(struct text *out, const char *text, int width, int most)
{
    size_t before = out->length;

    text_add_safe_n(out, text, strnlen(text, (size_t)most));
    while (out->length - before < (size_t)width)
        text_add(out, " ");
}

static const char *or_dash(const char *text)
{
    return text && *text ? text : "-";
}

/* "3s", "12m", "5h", "9d" */
static void since(char *to, size_t size, uint64_t started_ms)
{
    uint64_t now = clock_real_ns() / NS_PER_MS, seconds = started_ms && now > started_ms ? (now - started_ms) / 1000 : 0;

    if (!started_ms)
        snprintf(to, size, "-");
    else if (seconds < 60)
        snprintf(to, size, "%" PRIu64 "s", seconds);
    else if (seconds < 3600)
        snprintf(to, size, "%" PRIu64 "m", seconds / 60);
    else if (seconds < 86400)
        snprintf(to, size, "%" PRIu64 "h", seconds / 3600);
    else
        snprintf(to, size, "%" PRIu64 "d", seconds / 86400);
}

static void add_line(struct list *list, const struct protocol_message *message)
{
    const char *policy = or_dash(protocol_text(message, TAG_POLICY)), *slash = strrchr(policy, '/');
    const char *parent = protocol_text(message, TAG_PARENT);
    size_t length = parent ? strlen(parent) : 0;
    char age[16], inside[32];

    since(age, sizeof(age), protocol_number(message, TAG_STARTED_MS, 0));
    text_printf(&list->out, "%-26s ", protocol_text(message, TAG_ID));
    snprintf(inside, sizeof(inside), "in ..%.8s", parent && length > 8 ? parent + length - 8 : or_dash(parent)); /* how ids end differs most */
    add_safe(&list->out, parent ? inside : or_dash(protocol_text(message, TAG_NAME)), 16, 63);
    text_printf(&list->out, " %-8s %7" PRIu64 " %4s ", state_name(protocol_number(message, TAG_STATE, 0)), protocol_number(message, TAG_PID, 0), age);
    add_safe(&list->out, slash && slash[1] ? slash + 1 : policy, 14, 40);
    text_add(&list->out, " ");
    add_safe(&list->out, or_dash(protocol_text(message, TAG_COMMAND)), 0, 60);
    text_add(&list->out, "\n");
}

static void add_object(struct json *json, const struct protocol_message *message)
{
    static const struct {
        const char *name;
        uint16_t tag;
        bool is_number, may_be_zero;
    } members[] = {
        {"name", TAG_NAME, false, false},       {"pid", TAG_PID, true, false},       {"uid", TAG_UID, true, true},           {"createdMs", TAG_CREATED_MS, true, false},
        {"startedMs", TAG_STARTED_MS, true, false}, {"run", TAG_RUN, false, false}, {"policy", TAG_POLICY, false, false}, {"tier", TAG_TIER, false, false},     {"command", TAG_COMMAND, false, false},
        {"parent", TAG_PARENT, false, false},   {"identity", TAG_IDENTITY, false, false}, {"denials", TAG_DENIALS, true, true},
        {"restart", TAG_RESTART, false, false},     {"restarts", TAG_RESTARTS, true, true}, {"exitStatus", TAG_EXIT, true, true},
        {"untilMs", TAG_UNTIL_MS, true, false},     {"networkUntilMs", TAG_NETWORK_UNTIL_MS, true, false},
    };

    json_begin_object(json, NULL);
    json_add_string(json, "id", protocol_text(message, TAG_ID));
    json_add_string(json, "state", state_name(protocol_number(message, TAG_STATE, 0)));
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        uint64_t number = protocol_number(message, members[i].tag, UINT64_MAX);

        if (!members[i].is_number)
            json_add_string(json, members[i].name, protocol_text(message, members[i].tag));
        else if (number != UINT64_MAX && (number || members[i].may_be_zero))
            json_add_uint(json, members[i].name, number);
        else
            json_add_null(json, members[i].name);
    }
    json_end(json);
}

static void add_until(struct list *list, const char *name, uint64_t ms)
{
    time_t at = (time_t)(ms / 1000);
    char text[32];
    struct tm tm;

    if (!ms || !localtime_r(&at, &tm))
        return;
    strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    text_printf(&list->out, "%-9s %s\n", name, text);
}

/* Everything of one: an object, or a line each. */
static void add_lines(struct list *list, const struct protocol_message *message)
{
    static const struct {
        const char *name;
        uint16_t tag;
    } lines[] = {{"id", TAG_ID}, {"name", TAG_NAME}, {"run", TAG_RUN}, {"policy", TAG_POLICY}, {"tier", TAG_TIER}, {"command", TAG_COMMAND}, {"parent", TAG_PARENT},
                 {"identity", TAG_IDENTITY}, {"restart", TAG_RESTART}};
    char age[16];

    if (list->format == CORDON_JSON) {
        add_object(&list->json, message);
        text_add(&list->out, "\n");
        return;
    }
    text_printf(&list->out, "%-9s %s\n", "state", state_name(protocol_number(message, TAG_STATE, 0)));
    for (size_t i = 0; i < ARRAY_COUNT(lines); i++) {
        text_printf(&list->out, "%-9s ", lines[i].name);
        add_safe(&list->out, or_dash(protocol_text(message, lines[i].tag)), 0, 1024);
        text_add(&list->out, "\n");
    }
    text_printf(&list->out, "%-9s %" PRIu64 "\n", "denials", protocol_number(message, TAG_DENIALS, 0));
    since(age, sizeof(age), protocol_number(message, TAG_STARTED_MS, 0));
    text_printf(&list->out, "%-9s %" PRIu64 "\n%-9s %s ago\n", "pid", protocol_number(message, TAG_PID, 0), "started", age);
    add_until(list, "until", protocol_number(message, TAG_UNTIL_MS, 0));
    add_until(list, "network", protocol_number(message, TAG_NETWORK_UNTIL_MS, 0));
    if (protocol_number(message, TAG_EXIT, UINT64_MAX) != UINT64_MAX)
        text_printf(&list->out, "%-9s %" PRIu64 "\n%-9s %" PRIu64 "\n", "exit", protocol_number(message, TAG_EXIT, 0), "restarts", protocol_number(message, TAG_RESTARTS, 0));
}

static int compare_entries(const void *one, const void *other)
{
    uint64_t a = ((const struct entry *)one)->ms, b = ((const struct entry *)other)->ms;

    return a < b ? -1 : a > b;
}

/* What was printed to `out` since it held `before` bytes. */
static int take_entry(struct list *list, const struct protocol_message *message, size_t before, struct error *err)
{
    uint64_t created = protocol_number(message, TAG_CREATED_MS, 0);
    struct entry *entry;

    if (list->count == ENTRIES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "the daemon tells of more containers than there may be");
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 64;
        struct entry *grown = mem_resize(list->entries, capacity * sizeof(*grown));

        if (!grown)
            return error_memory(err);
        list->entries = grown;
        list->capacity = capacity;
    }
    entry = &list->entries[list->count];
    *entry = (struct entry){.ms = created ? created : protocol_number(message, TAG_STARTED_MS, 0),
                            .text = list->out.is_broken ? NULL : mem_string(list->out.data + before)};
    if (!entry->text)
        return error_memory(err);
    snprintf(entry->id, sizeof(entry->id), "%s", protocol_text(message, TAG_ID));
    snprintf(entry->parent, sizeof(entry->parent), "%s", protocol_text(message, TAG_PARENT) ? protocol_text(message, TAG_PARENT) : "");
    list->count++;
    list->out.length = before;
    return 0;
}

static void add_entry(struct list *list, struct entry *entry, unsigned level)
{
    if (entry->is_printed)
        return;
    entry->is_printed = true;
    text_add(&list->out, list->printed++ && list->format == CORDON_JSON ? "," : "");
    text_add(&list->out, entry->text);
    for (size_t i = 0; level < LEVELS_MAX && list->has_inner && i < list->count; i++)
        if (strcmp(list->entries[i].parent, entry->id) == 0)
            add_entry(list, &list->entries[i], level + 1);
}

/* One whose container around is not in the list comes last. */
static void add_entries(struct list *list)
{
    if (list->count)
        qsort(list->entries, list->count, sizeof(*list->entries), compare_entries);
    for (size_t i = 0; i < list->count; i++)
        list->has_inner |= *list->entries[i].parent;
    for (size_t i = 0; i < list->count; i++)
        if (!*list->entries[i].parent)
            add_entry(list, &list->entries[i], 0);
    for (size_t i = 0; i < list->count; i++)
        add_entry(list, &list->entries[i], 0);
}

static void list_finish(struct list *list)
{
    for (size_t i = 0; i < list->count; i++)
        mem_free(list->entries[i].text);
    mem_free(list->entries);
    text_finish(&list->out);
}

static int hear_one(struct list *list, const struct protocol_message *message, struct error *err)
{
    struct json object = JSON_INIT(&list->out, 0);
    size_t before = list->out.length;

    if (list->is_one) {
        add_lines(list, message);
        return 0;
    }
    if (list->format == CORDON_JSON)
        add_object(&object, message);
    else
        add_line(list, message);
    return take_entry(list, message, before, err);
}

static int hear_list(struct list *list, int control, struct error *err)
{
    auto_free struct protocol_received *received = mem_alloc(sizeof(*received));

    if (!received)
        return error_memory(err);
    for (;;) {
        const struct protocol_message *message = &received->message;
        int status = protocol_receive(control, 0, received, err);

        if (status == 0)
            return error_set(err, ERROR_SYSTEM, EPIPE, "the daemon ended while it told what it has");
        if (status > 0)
            status = protocol_permit(message, PROTOCOL_DAEMON, PROTOCOL_CLIENT, PROTOCOL_GREETED, received->fd_count, err);
        protocol_drop(received);
        if (status < 0)
            return status;
        if (message->type == PROTOCOL_DONE)
            return 0;
        if (message->type == PROTOCOL_FAILED) {
            protocol_read_error(message, err);
            return err->errnum ? -err->errnum : -EINVAL;
        }
        if (message->type != PROTOCOL_LISTED)
            return error_set(err, ERROR_INTERNAL, EPROTO, "the daemon says %s", message->row->name);
        status = hear_one(list, message, err);
        if (status < 0)
            return status;
    }
}

static int ask_list(struct list *list, const char *name, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    auto_close int control = -1;
    int status = daemon_connect(&control, err);

    if (status == 0)
        status = daemon_greet(control, err);
    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_LIST, 1);
    protocol_add_text(&out, TAG_ID, name);
    status = protocol_send(control, 0, &out, NULL, 0, err);
    return status < 0 ? status : hear_list(list, control, err);
}

int cordon_daemon_list(enum cordon_format format, char **ret_text, struct cordon_error *public)
{
    struct error *err = public_error(public), failure = ERROR_INIT;
    struct list list = {.format = format};
    int status;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(err, ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    list.json = JSON_INIT(&list.out, 0);
    if (format == CORDON_JSON) {
        json_begin_object(&list.json, NULL);
        json_begin_array(&list.json, "containers");
    } else {
        text_printf(&list.out, "%-26s %-16s %-8s %7s %4s %-14s %s\n", "ID", "NAME", "STATE", "PID", "AGE", "POLICY", "COMMAND");
    }
    status = ask_list(&list, NULL, &failure);
    add_entries(&list);
    if (format == CORDON_JSON) {
        json_end(&list.json);
        json_end(&list.json);
        text_add(&list.out, "\n");
    }
    if (status == 0)
        status = text_take(&list.out, ret_text, &failure);
    if (status < 0 && err)
        *err = failure;
    list_finish(&list);
    return status;
}

int cordon_daemon_inspect(const char *name, enum cordon_format format, char **ret_text, struct cordon_error *public)
{
    struct error *err = public_error(public), failure = ERROR_INIT;
    struct list list = {.format = format, .is_one = true};
    int status;

    if (!name || !*name || (format != CORDON_TEXT && format != CORDON_JSON))
        return error_set(err, ERROR_INVALID, EINVAL, "inspect: which container, as text or as JSON?");
    list.json = JSON_INIT(&list.out, 0);
    status = ask_list(&list, name, &failure);
    if (status == 0)
        status = text_take(&list.out, ret_text, &failure);
    if (status < 0 && err)
        *err = failure;
    list_finish(&list);
    return status;
}
