/* SPDX-License-Identifier: Apache-2.0 */
/* Programs in a container that stands, containers inside of one. How many there are is a caller's to say, so they have a bound of their own. */
#include "event/log.h"

static int write_counted(struct event_log *log, struct record *record, struct error *err)
{
    size_t before = log->stored;
    int status = record_write(record, log, err);

    log->exec_bytes += log->stored - before;
    log->exec_count++;
    return status;
}

static bool has_room(struct event_log *log)
{
    if (log->exec_bytes < EVENT_EXEC_BYTES_MAX && log->exec_count < EVENT_EXEC_MAX)
        return true;
    log->exec_lost++;
    return false;
}

int event_exec_started(struct event_log *log, const struct event_exec *exec, struct error *err)
{
    const struct argument_bounds bounds = RECORD_ARGV_BOUNDS;
    struct record record;
    bool is_cut;

    if (!has_room(log))
        return 0;
    record_begin(&record, log, "exec.started");
    json_add_uint(&record.json, "number", exec->number);
    is_cut = record_arguments(&record, "argv", exec->argv, &bounds);
    json_add_bool(&record.json, "argvIsCut", is_cut);
    record_cut(&record.json, "directory", exec->directory, EVENT_TEXT_MAX);
    json_add_string(&record.json, "terminal", exec->terminal);
    json_add_uint(&record.json, "pid", exec->pid);
    if (exec->timeout_ms)
        json_add_uint(&record.json, "timeoutMs", exec->timeout_ms);
    else
        json_add_null(&record.json, "timeoutMs");
    return write_counted(log, &record, err);
}

int event_exec_exited(struct event_log *log, uint64_t number, const struct event_exited *exited, struct error *err)
{
    struct record record;

    if (!has_room(log))
        return 0;
    record_begin(&record, log, "exec.exited");
    json_add_uint(&record.json, "number", number);
    record_end_members(&record, exited);
    return write_counted(log, &record, err);
}

int event_nested_started(struct event_log *log, const struct event_nested *nested, struct error *err)
{
    struct record record;

    if (!has_room(log))
        return 0;
    record_begin(&record, log, "nested.started");
    json_add_string(&record.json, "child", nested->child);
    json_add_string(&record.json, "parent", nested->parent);
    json_add_string(&record.json, "childIdentity", nested->identity);
    json_add_string(&record.json, "policyDigest", nested->policy_digest);
    return write_counted(log, &record, err);
}

int event_nested_ended(struct event_log *log, const struct event_nested *nested, struct error *err)
{
    struct record record;

    if (!has_room(log))
        return 0;
    record_begin(&record, log, "nested.ended");
    json_add_string(&record.json, "child", nested->child);
    json_add_string(&record.json, "parent", nested->parent);
    return write_counted(log, &record, err);
}

int event_exec_end(struct event_log *log, struct error *err)
{
    struct record record;

    if (!log->exec_lost)
        return 0;
    record_begin(&record, log, "exec.lost");
    json_add_uint(&record.json, "count", log->exec_lost);
    log->exec_lost = 0;
    return record_write(&record, log, err);
}

int event_container_updated(struct event_log *log, uint64_t memory, uint64_t pids, uint64_t cpu_milli, struct error *err)
{
    struct record record;

    if (!has_room(log))
        return 0;
    record_begin(&record, log, "container.updated");
    if (memory)
        json_add_uint(&record.json, "memory", memory);
    if (pids)
        json_add_uint(&record.json, "pids", pids);
    if (cpu_milli)
        json_add_uint(&record.json, "cpuMilli", cpu_milli);
    return write_counted(log, &record, err);
}
