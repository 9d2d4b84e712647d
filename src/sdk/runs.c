/* SPDX-License-Identifier: Apache-2.0 */
/* The list of recorded runs. */
#include "sdk/runs.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/utf8.h"
#include "sdk/places.h"
#include "sdk/request.h"

#define POLICY_WIDTH  16
#define COMMAND_WIDTH 60

int runs_open(struct run_store **ret_store, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct places places = {0};
    int status;

    if (!arena)
        return error_memory(err);
    status = places_find_own(arena, (const char *const *)environ, &places, err);
    return status < 0 ? status : run_store_open(places.runs, ret_store, err);
}

static void time_of(uint64_t ms, const char *format, char *ret_text, size_t size)
{
    time_t seconds = (time_t)(ms / 1000);
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(ret_text, size, format, &tm);
}

void runs_say_time(struct text *out, uint64_t ms)
{
    char when[32];

    time_of(ms, "%Y-%m-%d %H:%M:%SZ", when, sizeof(when));
    text_add(out, when);
}

static void say_signal(struct text *out, int number)
{
    const char *name = sigabbrev_np(number);

    if (name)
        text_printf(out, "SIG%s", name);
    else
        text_printf(out, "signal %d", number);
}

void runs_say_end(struct text *out, const struct run_summary *summary)
{
    if (summary->state == RUN_FAILED) {
        text_printf(out, "%s: %s", summary->was_started ? "failed" : "refused", error_kind_name(summary->failure.kind));
    } else if (summary->state != RUN_ENDED) {
        text_add(out, run_state_name(summary->state));
    } else if (summary->end && strcmp(summary->end, "exited") == 0) {
        text_printf(out, "exited %d", summary->code);
    } else if (summary->end && strcmp(summary->end, "signaled") == 0) {
        say_signal(out, summary->code);
    } else {
        text_add_safe(out, summary->end ? summary->end : "ended");
    }
}

/* At most `width` characters of it, with a mark where more follow. */
static void add_short(struct text *out, const char *text, size_t width)
{
    auto_text struct text safe = {0};
    size_t at = 0, shown = 0, end = 0;

    text_add_safe(&safe, text);
    if (safe.is_broken)
        out->is_broken = true;
    if (!safe.data || safe.is_broken)
        return;
    while (safe.data[at] && shown < width) {
        if (++shown == width - 1)
            end = at + utf8_length(safe.data + at);
        at += utf8_length(safe.data + at);
    }
    text_add_n(out, safe.data, safe.data[at] ? end : at);
    if (safe.data[at])
        text_add(out, "\xe2\x80\xa6");
}

/* `width` columns, as far as a character is one. */
static void add_column(struct text *out, const char *text, size_t width)
{
    auto_text struct text shown = {0};
    size_t count = 0;

    add_short(&shown, text, width);
    out->is_broken |= shown.is_broken;
    text_add_n(out, shown.data ? shown.data : "", shown.length);
    for (size_t at = 0; at < shown.length; at += utf8_length(shown.data + at))
        count++;
    text_printf(out, "%*s", (int)(width - count) + 2, "");
}

static void add_run(struct text *out, const struct run_summary *summary)
{
    auto_text struct text end = {0};
    uint64_t denied = summary->denied + summary->network_denied;
    char count[24];

    runs_say_end(&end, summary);
    out->is_broken |= end.is_broken;
    snprintf(count, sizeof(count), "%" PRIu64, denied);
    text_printf(out, "%s  ", summary->id);
    runs_say_time(out, summary->begun_ms);
    text_add(out, "  ");
    add_column(out, end.data ? end.data : "", 22);
    text_printf(out, "%6s  ", denied ? count : "-");
    add_column(out, summary->policy ? summary->policy : "-", POLICY_WIDTH);
    add_short(out, summary->program ? summary->program : "-", COMMAND_WIDTH);
    text_add(out, "\n");
}

static void add_number_or_null(struct json *json, const char *member, bool is_known, int number)
{
    if (is_known)
        json_add_int(json, member, number);
    else
        json_add_null(json, member);
}

void runs_summary_members(struct json *json, const struct run_summary *summary)
{
    bool has_ended = summary->state == RUN_ENDED;
    char begun[40], whole[24];

    time_of(summary->begun_ms, "%Y-%m-%dT%H:%M:%S", whole, sizeof(whole));
    snprintf(begun, sizeof(begun), "%s.%03uZ", whole, (unsigned)(summary->begun_ms % 1000));
    json_add_string(json, "id", summary->id);
    json_add_string(json, "begun", begun);
    json_add_string(json, "state", run_state_name(summary->state));
    json_add_bool(json, "started", summary->was_started);
    json_add_string(json, "policy", summary->policy);
    json_add_string(json, "command", summary->program);
    json_add_string(json, "end", summary->end);
    add_number_or_null(json, "code", has_ended, summary->code);
    add_number_or_null(json, "exitStatus", has_ended, summary->exit_status);
    if (has_ended)
        json_add_uint(json, "wallUs", summary->wall_us);
    else
        json_add_null(json, "wallUs");
    if (summary->state == RUN_FAILED) {
        json_begin_object(json, "failure");
        json_add_string(json, "kind", error_kind_name(summary->failure.kind));
        json_add_string(json, "text", summary->failure.text);
        json_end(json);
    } else {
        json_add_null(json, "failure");
    }
    json_add_uint(json, "denied", summary->denied);
    json_add_uint(json, "networkDenied", summary->network_denied);
    json_add_uint(json, "findings", summary->findings);
    json_add_uint(json, "lost", summary->lost);
    json_add_uint(json, "damaged", summary->reading.damaged);
    json_add_bool(json, "isTorn", summary->reading.is_torn && summary->state != RUN_RUNNING);
}

/* A run that cannot be read is a line as well: the others are still of interest. One that went meanwhile is none. */
static int add_one(struct text *out, struct json *json, const struct run_store *store, const char *id, struct error *err)
{
    auto_run_summary struct run_summary summary = {0};
    struct error failure = ERROR_INIT;
    int status = run_store_summarise(store, id, &summary, &failure);

    if (status == -ENOMEM)
        return error_memory(err);
    if (status == -ENOENT)
        return 0;
    if (json)
        json_begin_object(json, NULL);
    if (status < 0 && json) {
        json_add_string(json, "id", id);
        json_add_string(json, "unreadable", failure.text);
    } else if (status < 0) {
        text_printf(out, "%s  cannot be read: ", id);
        text_add_safe(out, failure.text);
        text_add(out, "\n");
    } else if (json) {
        runs_summary_members(json, &summary);
    } else {
        add_run(out, &summary);
    }
    if (json)
        json_end(json);
    return 0;
}

static void add_heading(struct text *out)
{
    text_printf(out, "%-26s  %-20s  %-22s  %6s  %-*s  %s\n", "RUN", "BEGUN", "END", "DENIED", POLICY_WIDTH, "POLICY", "COMMAND");
}

int cordon_runs_list(size_t count_max, enum cordon_format format, char **ret_text, struct cordon_error *public_err)
{
    struct error *err = public_error(public_err);
    auto_run_store struct run_store *store = NULL;
    auto_text struct text out = {0};
    struct json json = JSON_INIT(&out, 2);
    size_t count;
    int status = 0;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(err, ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    status = runs_open(&store, err);
    if (status < 0)
        return status;
    count = run_store_count(store);
    if (count > count_max)
        count = count_max;
    if (format == CORDON_JSON) {
        json_begin_object(&json, NULL);
        json_begin_array(&json, "runs");
    } else if (count) {
        add_heading(&out);
    }
    for (size_t i = 0; i < count && status == 0; i++)
        status = add_one(&out, format == CORDON_JSON ? &json : NULL, store, run_store_id(store, i), err);
    if (status < 0)
        return status;
    if (format == CORDON_JSON) {
        json_end(&json);
        json_add_uint(&json, "older", run_store_count(store) - count);
        json_end(&json);
        text_add(&out, "\n");
    } else if (!run_store_count(store)) {
        text_add(&out, "no run is recorded yet\n");
    } else if (run_store_count(store) > count) {
        text_printf(&out, "%zu older: cordon runs -n NUMBER\n", run_store_count(store) - count);
    }
    return text_take(&out, ret_text, err);
}
