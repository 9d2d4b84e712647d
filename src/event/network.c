/* SPDX-License-Identifier: Apache-2.0 */
/* What passed the gateway and what did not. A program decides how many of these there are, so they have a bound of their own. */
#include "base/date.h"
#include "event/log.h"

static void add_text(struct json *json, const char *member, const char *text)
{
    if (text && *text)
        json_add_string(json, member, text);
    else
        json_add_null(json, member);
}

static void add_number(struct json *json, const char *member, uint64_t number)
{
    if (number)
        json_add_uint(json, member, number);
    else
        json_add_null(json, member);
}

bool event_network_has_room(const struct event_log *log)
{
    return log->network_bytes < EVENT_NETWORK_BYTES_MAX && log->network_count < EVENT_NETWORK_MAX;
}

int event_network(struct event_log *log, const struct event_network *network, struct error *err)
{
    struct record record;
    size_t before = log->stored;
    int status;

    if (!event_network_has_room(log)) {
        log->network_lost++;
        return 0;
    }
    record_begin(&record, log, network->type);
    add_number(&record.json, "connection", network->connection);
    add_text(&record.json, "protocol", network->protocol);
    add_text(&record.json, "address", network->address);
    add_number(&record.json, "port", network->port);
    add_text(&record.json, "name", network->name);
    add_number(&record.json, "pid", network->pid);
    add_text(&record.json, "exe", network->exe);
    add_text(&record.json, "program", network->program);
    if (network->has_request) {
        add_text(&record.json, "method", network->method);
        add_text(&record.json, "path", network->path);
        add_text(&record.json, "call", network->call);
        add_text(&record.json, "tool", network->tool);
        add_number(&record.json, "status", network->status);
    }
    if (network->secret)
        add_text(&record.json, "secret", network->secret);
    add_text(&record.json, "rule", network->rule);
    add_text(&record.json, "reason", network->reason);
    json_add_int(&record.json, "errno", network->errnum);
    json_add_uint(&record.json, "bytesUp", network->bytes_up);
    json_add_uint(&record.json, "bytesDown", network->bytes_down);
    json_add_uint(&record.json, "durationUs", network->duration_us);
    status = record_write(&record, log, err);
    log->network_bytes += log->stored - before;
    log->network_count++;
    return status;
}

int event_network_budget(struct event_log *log, const struct event_budget *budget, struct error *err)
{
    struct record record;

    record_begin(&record, log, "network.budget");
    add_number(&record.json, "connection", budget->connection);
    add_text(&record.json, "rule", budget->rule);
    add_text(&record.json, "kind", budget->kind);
    json_add_uint(&record.json, "limit", budget->limit);
    json_add_bool(&record.json, "endsRun", budget->ends_run);
    return record_write(&record, log, err);
}

int event_grant_ended(struct event_log *log, const char *rule, uint64_t until_ms, struct error *err)
{
    char until[DATE_TEXT_SIZE];
    struct record record;

    date_print(until_ms, until);
    record_begin(&record, log, "grant.ended");
    add_text(&record.json, "rule", rule);
    json_add_string(&record.json, "until", until);
    return record_write(&record, log, err);
}

void event_network_lost(struct event_log *log, uint64_t count)
{
    log->network_lost += count;
}

int event_network_end(struct event_log *log, struct error *err)
{
    struct record record;

    if (!log->network_lost)
        return 0;
    record_begin(&record, log, "network.lost");
    json_add_uint(&record.json, "count", log->network_lost);
    log->network_lost = 0;
    return record_write(&record, log, err);
}

int event_network_changed(struct event_log *log, const char *policy_digest, struct error *err)
{
    struct record record;

    record_begin(&record, log, "network.changed");
    json_add_string(&record.json, "policyDigest", policy_digest);
    return record_write(&record, log, err);
}

int event_network_gone(struct event_log *log, const char *text, struct error *err)
{
    struct record record;

    record_begin(&record, log, "network.gone");
    json_add_string(&record.json, "text", text);
    return record_write(&record, log, err);
}
