/* SPDX-License-Identifier: Apache-2.0 */
/* One recorded run. */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sdk/request.h"
#include "sdk/runs.h"

static void add_line(struct text *out, const char *name, const char *text)
{
    if (!text)
        return;
    text_printf(out, "%-10s ", name);
    text_add_safe(out, text);
    text_add(out, "\n");
}

static void add_sources(struct text *out, const struct event_started *started)
{
    if (!started->source_count)
        add_line(out, "watched", "no: what files and system calls refuse is not seen");
    for (size_t i = 0; i < started->source_count; i++) {
        const struct event_source *source = &started->sources[i];
        const char *separator = ": ";

        text_printf(out, "%-10s ", "watched");
        text_add(out, "by ");
        text_add_safe(out, source->name ? source->name : "?");
        for (int operation = OPERATION_NONE + 1; operation < OPERATION_COUNT_; operation++)
            if (source->sees & 1u << operation) {
                text_printf(out, "%s%s", separator, operation_name((enum operation)operation));
                separator = ", ";
            }
        if (source->blind && *source->blind) {
            text_add(out, "; it cannot see ");
            text_add_safe(out, source->blind);
        }
        text_add(out, "\n");
    }
}

static void add_identity(struct text *out, const struct event_identity *identity)
{
    const char *separator = "";

    add_line(out, "identity", identity->name);
    text_printf(out, "%-10s ", "for");
    text_add_safe(out, identity->sponsor_name ? identity->sponsor_name : "uid");
    text_printf(out, identity->sponsor_name ? " (uid %u)" : " %u", (unsigned)identity->sponsor_uid);
    if (identity->sponsor_declared) {
        text_add(out, ", on behalf of ");
        text_add_safe(out, identity->sponsor_declared);
    }
    text_add(out, "; known by ");
    for (size_t i = 0; i < identity->proof_count; i++, separator = ", ") {
        text_add(out, separator);
        text_add_safe(out, identity->proof[i]);
    }
    text_add(out, "\n");
}

static void add_started(struct text *out, const struct event_started *started)
{
    if (started->identity)
        add_identity(out, started->identity);
    if (started->parent)
        add_line(out, "inside", started->parent);
    add_line(out, "workspace", started->workspace);
    add_line(out, "policy", started->policy_digest);
    add_line(out, "plan", started->plan_digest);
    for (size_t i = 0; i < started->layer_count; i++)
        add_line(out, "layer", started->layers[i]);
    for (size_t i = 0; i < started->loss_count; i++) {
        text_printf(out, "%-10s ", "loss");
        text_add_safe(out, started->losses[i].name ? started->losses[i].name : "");
        text_add(out, ": ");
        text_add_safe(out, started->losses[i].text ? started->losses[i].text : "");
        text_add(out, "\n");
    }
    for (size_t i = 0; i < started->warning_count; i++)
        add_line(out, "warning", started->warnings[i]);
    add_sources(out, started);
}

static void add_head(struct text *out, const struct run_summary *summary)
{
    auto_text struct text end = {0};

    add_line(out, "run", summary->id);
    text_printf(out, "%-10s ", "begun");
    runs_say_time(out, summary->begun_ms);
    text_add(out, "\n");
    runs_say_end(&end, summary);
    out->is_broken |= end.is_broken;
    add_line(out, "end", end.data ? end.data : "");
    if (summary->state == RUN_FAILED)
        add_line(out, "why", summary->failure.text);
    add_line(out, "command", summary->program);
    text_printf(out, "%-10s %" PRIu64 " of files and system calls, %" PRIu64 " of the network\n", "refused", summary->denied,
                summary->network_denied);
    if (summary->lost)
        text_printf(out, "%-10s %" PRIu64 " are not in this record\n", "lost", summary->lost);
    if (summary->reading.damaged)
        text_printf(out, "%-10s %" PRIu64 " lines are no records\n", "damaged", summary->reading.damaged);
    if (summary->reading.is_torn && summary->state != RUN_RUNNING)
        text_printf(out, "%-10s the last line has no end: the supervisor was killed while it wrote\n", "torn");
}

static void add_record(struct text *out, const struct event_record *record, uint64_t *first_ns)
{
    uint64_t now = event_time_ns(record->time), since;

    if (!*first_ns)
        *first_ns = now;
    since = now > *first_ns ? now - *first_ns : 0;
    text_printf(out, "%9.3f  .%-5u ", (double)(since / NS_PER_MS) / 1000, record->sequence);
    runs_say_record(out, record);
    text_add(out, "\n");
}

static int show_text(struct text *out, const struct run_summary *summary, struct event_reader *reader, struct error *err)
{
    auto_text struct text records = {0};
    struct event_record record;
    uint64_t first_ns = 0;
    int status;

    add_head(out, summary);
    while ((status = event_reader_next(reader, &record, err)) > 0) {
        if (record.kind == RECORD_STARTED)
            add_started(out, &record.started);
        add_record(&records, &record, &first_ns);
    }
    if (status < 0)
        return status;
    out->is_broken |= records.is_broken;
    text_add(out, "\n");
    text_add_n(out, records.data ? records.data : "", records.length);
    return 0;
}

static int show_json(struct text *out, const struct run_summary *summary, struct event_reader *reader, struct error *err)
{
    struct json json = JSON_INIT(out, 2);
    struct event_record record;
    int status;

    json_begin_object(&json, NULL);
    json_begin_object(&json, "run");
    runs_summary_members(&json, summary);
    json_end(&json);
    json_begin_array(&json, "records");
    while ((status = event_reader_next(reader, &record, err)) > 0)
        json_add_raw(&json, NULL, record.line);
    json_end(&json);
    json_end(&json);
    text_add(out, "\n");
    return status;
}

int cordon_runs_show(const char *run, enum cordon_format format, char **ret_text, struct cordon_error *public_err)
{
    struct error *err = public_error(public_err);
    auto_run_store struct run_store *store = NULL;
    auto_run_summary struct run_summary summary = {0};
    auto_event_reader struct event_reader *reader = NULL;
    auto_text struct text out = {0};
    const char *id;
    int status;

    if (format != CORDON_TEXT && format != CORDON_JSON)
        return error_set(err, ERROR_INVALID, EINVAL, "unknown format %d", (int)format);
    status = runs_open(&store, err);
    if (status == 0)
        status = run_store_find(store, run, &id, err);
    if (status == 0)
        status = run_store_summarise(store, id, &summary, err);
    if (status == 0)
        status = run_store_read(store, id, &reader, err);
    if (status == 0)
        status = format == CORDON_JSON ? show_json(&out, &summary, reader, err) : show_text(&out, &summary, reader, err);
    return status < 0 ? status : text_take(&out, ret_text, err);
}
