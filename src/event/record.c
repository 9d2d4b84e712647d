/* SPDX-License-Identifier: Apache-2.0 */
/* The records of cordon-event/1, one function each. docs/events.md is their description. */
#include <string.h>

#include "event/log.h"

static size_t shown_length(const char *text)
{
    return strnlen(text, EVENT_TEXT_MAX);
}

static void record_argv(struct record *record, const char *const *argv)
{
    const struct argument_bounds bounds = RECORD_ARGV_BOUNDS;
    bool is_cut = record_arguments(record, "argv", argv, &bounds);

    json_add_bool(&record->json, "argvIsCut", is_cut);
}

static void record_list(struct record *record, const char *key, const char *const *items,
                        size_t count)
{
    json_begin_array(&record->json, key);
    for (size_t i = 0; i < count && i < EVENT_ITEMS_MAX; i++)
        json_add_string_n(&record->json, NULL, items[i], shown_length(items[i]));
    json_end(&record->json);
}

static void record_losses(struct record *record, const struct event_started *started)
{
    json_begin_array(&record->json, "losses");
    for (size_t i = 0; i < started->loss_count && i < EVENT_ITEMS_MAX; i++) {
        const struct event_named *loss = &started->losses[i];

        json_begin_object(&record->json, NULL);
        json_add_string_n(&record->json, "name", loss->name, shown_length(loss->name));
        json_add_string_n(&record->json, "text", loss->text, shown_length(loss->text));
        json_end(&record->json);
    }
    json_end(&record->json);
    json_add_uint(&record->json, "lossCount", started->loss_count);
}

static void record_sources(struct record *record, const struct event_started *started)
{
    json_begin_array(&record->json, "watch");
    for (size_t i = 0; i < started->source_count && i < EVENT_SOURCES_MAX; i++) {
        const struct event_source *source = &started->sources[i];
        const char *blind = source->blind ? source->blind : "";

        json_begin_object(&record->json, NULL);
        json_add_string_n(&record->json, "source", source->name, shown_length(source->name));
        json_begin_array(&record->json, "sees");
        for (int operation = OPERATION_NONE + 1; operation < OPERATION_COUNT_; operation++)
            if (source->sees & 1u << operation)
                json_add_string(&record->json, NULL, operation_name((enum operation)operation));
        json_end(&record->json);
        json_add_string_n(&record->json, "blind", blind, shown_length(blind));
        json_end(&record->json);
    }
    json_end(&record->json);
}

/* -1 = none. */
static void record_number(struct json *json, const char *member, int64_t value)
{
    if (value >= 0)
        json_add_int(json, member, value);
    else
        json_add_null(json, member);
}

static void record_identity(struct record *record, const struct event_identity *identity)
{
    struct json *json = &record->json;

    json_begin_object(json, "identity");
    json_add_string(json, "name", identity->name);
    json_add_string(json, "class", identity->class_name);
    json_add_string(json, "instance", identity->instance);
    json_add_string(json, "hostFrom", identity->host_from);
    json_add_string(json, "actor", identity->actor);
    json_begin_object(json, "sponsor");
    json_add_uint(json, "uid", identity->sponsor_uid);
    json_add_string(json, "name", identity->sponsor_name);
    json_add_string(json, "declared", identity->sponsor_declared);
    json_end(json);
    json_begin_array(json, "proof");
    for (size_t i = 0; i < identity->proof_count && i < EVENT_PROOFS_MAX; i++)
        json_add_string(json, NULL, identity->proof[i]);
    json_end(json);
    json_add_string(json, "service", identity->service);
    json_begin_array(json, "unproved");
    for (size_t i = 0; i < identity->unproved_count && i < EVENT_PROOFS_MAX; i++)
        json_add_string(json, NULL, identity->unproved[i]);
    json_end(json);
    if (identity->has_kernel) {
        json_begin_object(json, "kernel");
        record_number(json, "uid", identity->uid);
        record_number(json, "loginUid", identity->login_uid);
        record_number(json, "session", identity->session);
        json_add_string(json, "cgroup", identity->cgroup);
        if (identity->as_caller)
            json_add_string(json, "asCaller", identity->as_caller);
        json_end(json);
    }
    json_end(json);
}

int event_run_started(struct event_log *log, const struct event_started *started, struct error *err)
{
    struct record record;

    record_begin(&record, log, "run.started");
    json_add_string(&record.json, "policy", started->policy);
    json_add_string(&record.json, "policyDigest", started->policy_digest);
    json_add_string(&record.json, "planDigest", started->plan_digest);
    json_add_string(&record.json, "tier", started->tier);
    json_add_string(&record.json, "mechanism", started->mechanism);
    json_add_string(&record.json, "network", started->network);
    json_add_string(&record.json, "workspace", started->workspace);
    json_add_string(&record.json, "terminal", started->terminal);
    record_argv(&record, started->argv);
    json_add_int(&record.json, "pid", started->pid);
    if (started->timeout_ms)
        json_add_uint(&record.json, "timeoutMs", started->timeout_ms);
    else
        json_add_null(&record.json, "timeoutMs");
    record_list(&record, "layers", started->layers, started->layer_count);
    record_list(&record, "warnings", started->warnings, started->warning_count);
    record_losses(&record, started);
    record_sources(&record, started);
    json_add_bool(&record.json, "review", started->is_review);
    if (started->parent)
        json_add_string(&record.json, "parent", started->parent);
    if (started->audit_arguments || started->audit_paths) {
        json_begin_object(&record.json, "audit");
        json_add_string(&record.json, "arguments", started->audit_arguments ? started->audit_arguments : "clear");
        json_add_string(&record.json, "paths", started->audit_paths ? started->audit_paths : "clear");
        json_end(&record.json);
    }
    if (started->identity)
        record_identity(&record, started->identity);
    return record_write(&record, log, err);
}

int event_run_failed(struct event_log *log, const struct error *failure, struct error *err)
{
    struct record record;

    record_begin(&record, log, "run.failed");
    json_add_string(&record.json, "kind", error_kind_name(failure->kind));
    json_add_int(&record.json, "errno", failure->errnum);
    json_add_string(&record.json, "text", failure->text);
    return record_write(&record, log, err);
}

int event_limit_reached(struct event_log *log, const char *member, uint64_t limit,
                        struct error *err)
{
    struct record record;

    record_begin(&record, log, "limit.reached");
    json_add_string(&record.json, "member", member);
    json_add_uint(&record.json, "limit", limit);
    return record_write(&record, log, err);
}

int event_run_timeout(struct event_log *log, const char *member, uint64_t timeout_ms,
                      struct error *err)
{
    struct record record;

    record_begin(&record, log, "run.timeout");
    json_add_string(&record.json, "member", member);
    json_add_uint(&record.json, "timeoutMs", timeout_ms);
    return record_write(&record, log, err);
}

static void finding_text(struct json *json, const char *member, const char *text, size_t length_max)
{
    if (text)
        json_add_string_n(json, member, text, strnlen(text, length_max));
    else
        json_add_null(json, member);
}

void event_finding_members(struct json *json, const struct event_finding *finding)
{
    json_add_string(json, "kind", finding->kind);
    json_add_string(json, "path", finding->path);
    finding_text(json, "key", finding->key, EVENT_VALUE_MAX);
    finding_text(json, "value", finding->value, EVENT_VALUE_MAX);
    json_add_bool(json, "valueIsCut", (finding->key && strlen(finding->key) > EVENT_VALUE_MAX) ||
                                          (finding->value && strlen(finding->value) > EVENT_VALUE_MAX));
    finding_text(json, "text", finding->text, EVENT_TEXT_MAX);
    finding_text(json, "remedy", finding->remedy, EVENT_TEXT_MAX);
}

int event_run_finding(struct event_log *log, const struct event_finding *finding, struct error *err)
{
    struct record record;

    record_begin(&record, log, "run.finding");
    event_finding_members(&record.json, finding);
    return record_write(&record, log, err);
}

static void record_usage(struct record *record, const char *member, bool is_known, uint64_t value)
{
    if (is_known)
        json_add_uint(&record->json, member, value);
    else
        json_add_null(&record->json, member);
}

void record_end_members(struct record *record, const struct event_exited *exited)
{
    json_add_string(&record->json, "end", exited->end);
    json_add_int(&record->json, "code", exited->code);
    json_add_int(&record->json, "exitStatus", exited->exit_status);
    json_add_bool(&record->json, "oomKilled", exited->is_oom_killed);
    json_begin_object(&record->json, "usage");
    json_add_uint(&record->json, "wallUs", exited->wall_us);
    record_usage(record, "userUs", exited->has_times, exited->user_us);
    record_usage(record, "systemUs", exited->has_times, exited->system_us);
    record_usage(record, "maxRssBytes", exited->has_rss, exited->max_rss_bytes);
    json_add_uint(&record->json, "outputBytes", exited->output_bytes);
    json_end(&record->json);
}

int event_run_exited(struct event_log *log, const struct event_exited *exited, struct error *err)
{
    struct record record;

    record_begin(&record, log, "run.exited");
    record_end_members(&record, exited);
    return record_write(&record, log, err);
}
