/* SPDX-License-Identifier: Apache-2.0 */
/* A record as a line for people. Everything in it that a program chose goes through text_add_safe(). */
#include <inttypes.h>
#include <string.h>

#include "base/number.h"
#include "sdk/runs.h"

static void add_part(struct text *out, const char *before, const char *text)
{
    if (!text || !*text)
        return;
    text_add(out, before);
    text_add_safe(out, text);
}

static void say_access(struct text *out, const struct event_access *access)
{
    const char *object = access->path ? access->path : access->named;

    text_printf(out, " %s", operation_name(access->operation));
    add_part(out, " ", object ? object : access->call);
    add_part(out, " -> ", access->second ? access->second : access->second_named);
    if (access->errnum)
        text_printf(out, ": %s", strerrorname_np(access->errnum));
    add_part(out, ", ", access->reason);
    add_part(out, "; rule ", access->rule);
    add_part(out, "; by ", access->layer);
    add_part(out, "; ", access->process.exe);
    if (access->process.pid)
        text_printf(out, " (%u)", access->process.pid);
    if (access->count > 1)
        text_printf(out, "; %" PRIu64 " times", access->count);
}

static void say_network(struct text *out, const struct event_network *network)
{
    add_part(out, " ", network->method);
    add_part(out, " ", network->protocol);
    add_part(out, " ", network->name ? network->name : network->address);
    if (network->port)
        text_printf(out, ":%u", network->port);
    add_part(out, "", network->path);
    add_part(out, " secret ", network->secret);
    if (network->status)
        text_printf(out, ": answered %u", network->status);
    if (network->errnum)
        text_printf(out, ": %s", strerrorname_np(network->errnum) ? strerrorname_np(network->errnum) : "error");
    add_part(out, ", ", network->reason);
    add_part(out, "; rule ", network->rule);
    add_part(out, "; ", network->exe);
    if (network->pid)
        text_printf(out, " (%u)", network->pid);
}

static void say_started(struct text *out, const struct event_started *started)
{
    add_part(out, " by policy ", started->policy);
    add_part(out, ", tier ", started->tier);
    add_part(out, ", ", started->mechanism);
    add_part(out, ", network ", started->network);
    if (started->is_review)
        text_add(out, ", changes wait for review");
}

static void say_limit(struct text *out, const struct event_record *record)
{
    add_part(out, " ", record->limit.member);
    text_add(out, ": ");
    if (record->kind == RECORD_TIMEOUT || (record->limit.member && strcmp(record->limit.member, "resources.cpuTime") == 0))
        number_print_duration(out, record->limit.value);
    else
        number_print_size(out, record->limit.value);
}

static void say_exited(struct text *out, const struct event_exited *exited)
{
    add_part(out, " ", exited->end);
    text_printf(out, " %d, status %d, after %" PRIu64 ".%03" PRIu64 " s", exited->code, exited->exit_status,
                exited->wall_us / 1000000, exited->wall_us / 1000 % 1000);
    if (exited->is_oom_killed)
        text_add(out, ", killed at the memory limit");
}

static void say_exec(struct text *out, const struct event_exec *exec)
{
    text_printf(out, " %" PRIu64 ":", exec->number);
    for (const char *const *argument = exec->argv; argument && *argument; argument++)
        add_part(out, " ", *argument);
    add_part(out, ", in ", exec->directory);
    text_printf(out, " (%u)", exec->pid);
}

static void say_approval(struct text *out, const struct event_approval *approval)
{
    text_printf(out, " %" PRIu64 ": %s", approval->number, operation_name(approval->operation));
    add_part(out, " ", approval->path);
    if (approval->port) {
        add_part(out, " ", approval->name ? approval->name : approval->address);
        text_printf(out, " port %u", approval->port);
    }
    add_part(out, ": ", approval->answer);
    if (approval->has_uid)
        text_printf(out, " by uid %u", approval->uid);
    add_part(out, "; rule ", approval->rule);
    add_part(out, "; ", approval->exe);
    if (approval->pid)
        text_printf(out, " (%u)", approval->pid);
    if (approval->count > 1)
        text_printf(out, "; %" PRIu64 " waited", approval->count);
}

void runs_say_record(struct text *out, const struct event_record *record)
{
    text_add_safe(out, record->type);
    switch (record->kind) {
    case RECORD_STARTED:
        say_started(out, &record->started);
        break;
    case RECORD_FAILED:
        add_part(out, " ", error_kind_name(record->failed.kind));
        add_part(out, ": ", record->failed.text);
        break;
    case RECORD_FINDING:
        add_part(out, " ", record->finding.kind);
        add_part(out, " ", record->finding.path);
        add_part(out, " ", record->finding.key);
        add_part(out, " = ", record->finding.value);
        add_part(out, ": ", record->finding.text);
        break;
    case RECORD_EXITED:
        say_exited(out, &record->exited);
        break;
    case RECORD_TIMEOUT:
    case RECORD_LIMIT:
        say_limit(out, record);
        break;
    case RECORD_NETWORK:
        say_network(out, &record->network);
        break;
    case RECORD_ACCESS:
        say_access(out, &record->access);
        break;
    case RECORD_REPEATED:
        text_printf(out, " .%u: %" PRIu64 " times more", record->count.of_sequence, record->count.count);
        break;
    case RECORD_LOST:
        add_part(out, " ", record->count.source);
        text_printf(out, ": %" PRIu64 " are not in this record", record->count.count);
        break;
    case RECORD_EXEC:
        say_exec(out, &record->exec);
        break;
    case RECORD_EXEC_EXITED:
        text_printf(out, " %" PRIu64 ":", record->number);
        say_exited(out, &record->exited);
        break;
    case RECORD_EXEC_LOST:
    case RECORD_NETWORK_LOST:
        text_printf(out, ": %" PRIu64 " are not in this record", record->count.count);
        break;
    case RECORD_APPROVAL:
        say_approval(out, &record->approval);
        break;
    case RECORD_OTHER:
        break;
    }
}
