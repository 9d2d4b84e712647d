/* SPDX-License-Identifier: Apache-2.0 */
/* The first and the last record of a run, and how an end is told to the caller. */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>

#include "base/clock.h"
#include "base/number.h"
#include "base/text.h"
#include "sdk/container.h"
#include "sdk/losses.h"
#include "sdk/programs.h"
#include "sdk/review.h"

const char *container_network_name(enum plan_network network)
{
    switch (network) {
    case PLAN_NET_NONE:
        return "none";
    case PLAN_NET_LOOPBACK:
        return "loopback";
    case PLAN_NET_HOST:
        return "host";
    case PLAN_NET_GATEWAY:
        return "gateway";
    }
    return "unknown";
}

/* By what means the run is watched, with what each of them cannot see. */
static size_t sources_of(const struct cordon_container *container, struct event_source sources[EVENT_SOURCES_MAX])
{
    const struct tier_ops *ops = container->assembly.ops;
    size_t count = 0;
    const struct tier_source *from = container->run && ops->sources ? ops->sources(container->run, &count) : NULL;

    if (count > EVENT_SOURCES_MAX - 1)
        count = EVENT_SOURCES_MAX - 1;
    for (size_t i = 0; i < count; i++)
        sources[i] = (struct event_source){.name = from[i].name, .sees = from[i].sees, .blind = from[i].blind};
    from = sensor_source(&container->sensor);
    if (sensor_is_there(&container->sensor))
        sources[count++] = (struct event_source){.name = from->name, .sees = from->sees, .blind = from->blind};
    else if (container->sensor_why)
        sources[count++] = (struct event_source){.name = from->name, .blind = container->sensor_why};
    return count;
}

/* How arguments or paths are to stand in an audit log, where not in clear. */
static const char *audit_word(enum audit_privacy privacy)
{
    return privacy == AUDIT_SEALED ? "sealed" : privacy == AUDIT_SALTED ? "salted" : NULL;
}

int container_record_start(struct cordon_container *container, const char *const *argv,
                           struct error *err)
{
    const struct plan *plan = container->assembly.plan;
    const char *warnings[EVENT_ITEMS_MAX];
    struct loss_summary summaries[EVENT_ITEMS_MAX];
    struct event_named losses[EVENT_ITEMS_MAX];
    struct event_source sources[EVENT_SOURCES_MAX];
    struct event_identity identity;
    struct event_started started = {
        .sources = sources,
        .policy = plan->name,
        .policy_digest = plan->policy_digest,
        .plan_digest = plan->plan_digest,
        .tier = plan->tier,
        .mechanism = plan_wall_name(plan->wall),
        .network = container_network_name(plan->network),
        .workspace = container->assembly.variables.workspace,
        .terminal = container->terminal,
        .argv = argv,
        .pid = container->run ? container->assembly.ops->pid(container->run) : 0, /* pending */
        .timeout_ms = container->deadlines.timeout_ms,
        .layers = plan->layers,
        .warnings = warnings,
        .warning_count = plan->warnings.count,
        .losses = losses,
        .is_review = container->review.directory != NULL,
        .audit_arguments = audit_word(plan->audit_arguments),
        .audit_paths = audit_word(plan->audit_paths),
        .identity = &identity,
        .parent = container->around ? container->around->levels[container->around->level_count - 1].run : NULL,
    };
    int status = losses_summarise(plan, summaries, EVENT_ITEMS_MAX, &started.loss_count, err);

    if (status < 0)
        return status;
    run_identity_tell(&container->identity, plan, container->assembly.ops, container->run, &identity);
    started.source_count = sources_of(container, sources);
    for (size_t i = 0; i < started.source_count; i++)
        container->sees |= sources[i].sees;
    while (plan->layers && plan->layers[started.layer_count])
        started.layer_count++;
    for (size_t i = 0; i < plan->warnings.count && i < EVENT_ITEMS_MAX; i++)
        warnings[i] = plan->warnings.items[i].text;
    for (size_t i = 0; i < started.loss_count && i < EVENT_ITEMS_MAX; i++)
        losses[i] = (struct event_named){summaries[i].name, summaries[i].text};
    return event_run_started(container->log, &started, err);
}

static void say_limit(struct cordon_status *status, const char *member, const char *value)
{
    snprintf(status->text, sizeof(status->text), "the program had started and was ended: %s: %s",
             member, value);
}

static void print_duration(uint64_t ms, char *ret_text, size_t size)
{
    auto_text struct text text = {0};

    number_print_duration(&text, ms);
    snprintf(ret_text, size, "%s", text.data ? text.data : "");
}

/* Cordon ended it, so its own status does not count. */
static void status_from_cause(struct cordon_container *container)
{
    struct cordon_status *status = &container->status;
    char value[64];

    status->end = CORDON_END_LIMIT;
    status->exit_status = 125;
    switch (container->cause) {
    case CAUSE_TIME:
        status->end = CORDON_END_TIMEOUT;
        status->exit_status = 124;
        print_duration(container->deadlines.timeout_ms, value, sizeof(value));
        snprintf(status->text, sizeof(status->text), "ended after %s: %s", value,
                 container->deadlines.timeout_member);
        break;
    case CAUSE_OUTPUT:
        snprintf(value, sizeof(value), "more than %" PRIu64 " bytes", container->output_limit);
        say_limit(status, "resources.output", value);
        break;
    case CAUSE_CPU:
        print_duration(container->deadlines.cpu_limit_us / 1000, value, sizeof(value));
        say_limit(status, "resources.cpuTime", value);
        break;
    case CAUSE_NETWORK:
        snprintf(status->text, sizeof(status->text), "the program had started and was ended: %.90s: %" PRIu64 " %.16s are used up",
                 container->workers.over.where, container->workers.over.count, container->workers.over.method);
        break;
    case CAUSE_NONE:
        break;
    }
}

void container_status_from_tier(struct cordon_status *status, const struct tier_status *tier)
{
    status->code = tier->code;
    status->text[0] = '\0';
    switch (tier->end) {
    case TIER_EXITED:
        status->end = CORDON_END_EXITED;
        status->exit_status = tier->code;
        return;
    case TIER_SIGNALED:
        status->end = CORDON_END_SIGNALED;
        status->exit_status = 128 + tier->code;
        return;
    case TIER_LOST:
        break;
    }
    status->end = CORDON_END_LOST;
    status->exit_status = 125;
    snprintf(status->text, sizeof(status->text),
             "the program had started, and its container ended without a word");
}

static const char *end_name(uint32_t end)
{
    static const char *const names[] = {
        [CORDON_END_EXITED] = "exited",   [CORDON_END_SIGNALED] = "signaled",
        [CORDON_END_TIMEOUT] = "timeout", [CORDON_END_LIMIT] = "limit",
        [CORDON_END_LOST] = "lost",       [CORDON_END_STOPPED] = "stopped",
    };

    return names[end];
}

struct event_exited container_event_exited(const struct cordon_status *status, const struct tier_status *tier)
{
    return (struct event_exited){
        .end = end_name(status->end),
        .code = status->code,
        .exit_status = status->exit_status,
        .is_oom_killed = tier->is_oom_killed,
        .has_times = tier->has_times,
        .has_rss = tier->has_rss,
        .wall_us = status->wall_us,
        .user_us = status->user_us,
        .system_us = status->system_us,
        .max_rss_bytes = status->max_rss_bytes,
        .output_bytes = status->output_bytes,
    };
}

static int record_findings(struct cordon_container *container, struct error *err)
{
    int status = 0;

    if (container->review.directory)
        status = run_review_note(&container->review, &container->findings, err);
    if (status == 0 && container->review.directory)
        status = run_review_record(container->log, container->assembly.places.runs, err);
    for (size_t i = 0; i < container->findings.count && status == 0; i++) {
        status = event_run_finding(container->log, &container->findings.items[i], err);
        if (finding_is_told(&container->findings.items[i]))
            container->status.flags |= CORDON_STATUS_FINDINGS;
    }
    return status;
}

int container_record_abandoned(struct cordon_container *container, struct error *err)
{
    const struct event_exited abandoned = {
        .end = "abandoned",
        .code = SIGKILL,
        .exit_status = 128 + SIGKILL,
        .wall_us = (clock_monotonic_ns() - container->deadlines.started_ns) / 1000,
        .output_bytes = container->output_bytes,
    };

    size_t count;
    int status;

    container->assembly.ops->notes(container->run, &count);
    status = workers_end(&container->workers, container->log, err);
    if (status == 0)
        status = event_access_end(container->log, err);
    if (status == 0)
        status = findings_give_up(count, &container->findings, err);
    if (status == 0)
        status = record_findings(container, err);
    return status < 0 ? status : event_run_exited(container->log, &abandoned, err);
}

int container_record_end(struct cordon_container *container, struct error *err)
{
    struct cordon_status *status = &container->status;
    const struct tier_status *tier = &container->tier_status;
    const struct relay *relays = container->streams.relays;
    uint64_t memory = plan_limit_value(container->assembly.plan, "resources.memory");
    /* the container's first process goes with all others, also at the memory limit of a cgroup, and has nobody left
     * to tell */
    static const struct tier_status killed = {.end = TIER_SIGNALED, .code = SIGKILL};
    const struct tier_note *notes;
    struct event_exited exited;
    size_t note_count;
    int result;

    container_status_from_tier(status, tier);
    if (tier->end == TIER_LOST && (container->is_kill_asked || tier->is_oom_killed))
        container_status_from_tier(status, &killed);
    if (container->stands && container->is_stop_asked && tier->end == TIER_EXITED)
        status->end = CORDON_END_STOPPED;
    if (container->cause != CAUSE_NONE)
        status_from_cause(container);
    status->flags = (tier->is_oom_killed ? CORDON_STATUS_OOM_KILLED : 0) |
                    (relays[0].is_incomplete ? CORDON_STATUS_STDOUT_INCOMPLETE : 0) |
                    (relays[1].is_incomplete ? CORDON_STATUS_STDERR_INCOMPLETE : 0);
    status->wall_us = (container->deadlines.ended_ns - container->deadlines.started_ns) / 1000;
    status->user_us = tier->user_us;
    status->system_us = tier->system_us;
    status->max_rss_bytes = tier->max_rss_bytes;
    status->output_bytes = container->output_bytes;
    exited = container_event_exited(status, tier);
    notes = container->assembly.ops->notes(container->run, &note_count);
    result = findings_look(container->assembly.plan, notes, note_count, container->deadlines.stamp_ns,
                           &container->findings, err);
    if (result == 0)
        result = programs_end(container, err);
    if (result == 0)
        result = workers_end(&container->workers, container->log, err);
    if (result == 0)
        result = sensor_end(&container->sensor, &container->denials, container->assembly.plan, container->log, err);
    if (result == 0)
        result = event_access_end(container->log, err);
    if (result == 0)
        result = record_findings(container, err);
    if (result == 0 && tier->is_oom_killed)
        result = event_limit_reached(container->log, "resources.memory", memory, err);
    if (result == 0)
        result = event_run_exited(container->log, &exited, err);
    if (result < 0)
        error_prepend(err, "the program ended with status %d", status->exit_status);
    return result;
}
