/* SPDX-License-Identifier: Apache-2.0 */
/* What the daemon has of the caller's containers, for people and for programs. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/memory.h"
#include "protocol/socket.h"
#include "sdk/daemon.h"

static const char *const states[] = {[PROTOCOL_CREATED] = "created", [PROTOCOL_IS_RUNNING] = "running", [PROTOCOL_FROZEN] = "frozen", [PROTOCOL_STOPPED] = "stopped"};

static const char *state_name(uint64_t state)
{
    return state < ARRAY_COUNT(states) && states[state] ? states[state] : "unknown";
}

struct list {
    struct text out;
    struct json json;
    enum cordon_format format;
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
    char age[16];

    since(age, sizeof(age), protocol_number(message, TAG_STARTED_MS, 0));
    text_printf(&list->out, "%-26s ", protocol_text(message, TAG_ID));
    add_safe(&list->out, or_dash(protocol_text(message, TAG_NAME)), 16, 63);
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
        bool is_number;
    } members[] = {
        {"name", TAG_NAME, false},       {"pid", TAG_PID, true},       {"uid", TAG_UID, true},           {"createdMs", TAG_CREATED_MS, true},
        {"startedMs", TAG_STARTED_MS, true}, {"policy", TAG_POLICY, false}, {"tier", TAG_TIER, false},     {"command", TAG_COMMAND, false},
        {"parent", TAG_PARENT, false},   {"identity", TAG_IDENTITY, false}, {"denials", TAG_DENIALS, true},
    };

    json_begin_object(json, NULL);
    json_add_string(json, "id", protocol_text(message, TAG_ID));
    json_add_string(json, "state", state_name(protocol_number(message, TAG_STATE, 0)));
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        uint64_t number = protocol_number(message, members[i].tag, 0);

        if (!members[i].is_number)
            json_add_string(json, members[i].name, protocol_text(message, members[i].tag));
        else if (number || members[i].tag == TAG_UID || members[i].tag == TAG_DENIALS)
            json_add_uint(json, members[i].name, number);
        else
            json_add_null(json, members[i].name);
    }
    json_end(json);
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
            return -EINVAL;
        }
        if (message->type != PROTOCOL_LISTED)
            return error_set(err, ERROR_INTERNAL, EPROTO, "the daemon says %s", message->row->name);
        if (list->format == CORDON_JSON)
            add_object(&list->json, message);
        else
            add_line(list, message);
    }
}

static int ask_list(struct list *list, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    auto_close int control = -1;
    int status = daemon_connect(&control, err);

    if (status == 0)
        status = daemon_greet(control, err);
    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_LIST, 1);
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
    status = ask_list(&list, &failure);
    if (format == CORDON_JSON) {
        json_end(&list.json);
        json_end(&list.json);
        text_add(&list.out, "\n");
    }
    if (status == 0)
        status = text_take(&list.out, ret_text, &failure);
    if (status < 0 && err)
        *err = failure;
    text_finish(&list.out);
    return status;
}
