/* SPDX-License-Identifier: Apache-2.0 */
/* What passed the gateway and what did not. A program decides how many of these there are, so they have a bound of their own. */
#include "event/log.h"

static void add_text(struct json *json, const char *member, const char *text)
{
    if (text && *text)
        json_add_string(json, member, text);
    else
        json_add_null(json, member);
}

int event_network(struct event_log *log, const struct event_network *network, struct error *err)
{
    struct record record;
    size_t before = log->stored;
    int status;

    if (log->network_bytes >= EVENT_NETWORK_BYTES_MAX || log->network_count >= EVENT_NETWORK_MAX) {
        log->network_lost++;
        return 0;
    }
    record_begin(&record, log, network->type);
    if (network->connection)
        json_add_uint(&record.json, "connection", network->connection);
    else
        json_add_null(&record.json, "connection");
    add_text(&record.json, "protocol", network->protocol);
    add_text(&record.json, "address", network->address);
    if (network->port)
        json_add_uint(&record.json, "port", network->port);
    else
        json_add_null(&record.json, "port");
    add_text(&record.json, "name", network->name);
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

int event_network_gone(struct event_log *log, const char *text, struct error *err)
{
    struct record record;

    record_begin(&record, log, "network.gone");
    json_add_string(&record.json, "text", text);
    return record_write(&record, log, err);
}
