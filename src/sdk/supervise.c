/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Keeping the promises that only a waiting process can keep: time, output, CPU time; and noticing
 * the end. One step at a time, so that a caller's own event loop can drive it.
 */
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>

#include "base/clock.h"
#include "sdk/pending.h"
#include "sdk/programs.h"
#include "sdk/remote.h"

/* How often CPU time is looked at: never more often than this, never later than needed. */
#define CPU_LOOK_MIN_NS (10 * NS_PER_MS)
#define CPU_LOOK_MAX_NS NS_PER_S
#define CPU_PROCESSORS  64 /* it may run on so many at once */

void container_set_deadlines(struct cordon_container *container, uint64_t asked_timeout_ms)
{
    struct deadlines *deadlines = &container->deadlines;
    const struct plan *plan = container->assembly.plan;

    deadlines->started_ns = clock_monotonic_ns();
    if (!deadlines->stamp_ns)
        deadlines->stamp_ns = clock_stamp_ns();
    deadlines->timeout_ms = container->stands ? 0 : plan->timeout_ms; /* that of a program is each program's */
    deadlines->timeout_member = plan->timeout_member ? plan->timeout_member : "process.timeout";
    if (asked_timeout_ms && (!deadlines->timeout_ms || asked_timeout_ms < deadlines->timeout_ms)) {
        deadlines->timeout_ms = asked_timeout_ms;
        deadlines->timeout_member = "request.timeout";
    }
    if (deadlines->timeout_ms)
        deadlines->timeout_ns = deadlines->started_ns + deadlines->timeout_ms * NS_PER_MS;
    deadlines->cpu_limit_us = plan_limit_value(plan, "resources.cpuTime") * 1000;
    if (deadlines->cpu_limit_us)
        deadlines->cpu_look_ns = deadlines->started_ns + CPU_LOOK_MIN_NS;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    if (!a || !b)
        return a ? a : b;
    return a < b ? a : b;
}

uint64_t container_next_ns(const struct cordon_container *container)
{
    const struct deadlines *deadlines = &container->deadlines;

    if (container->state == CONTAINER_DRAINING) {
        const struct relay *relays = container->streams.relays;
        uint64_t due_ns = relay_is_done(&relays[0]) && relay_is_done(&relays[1]) ? sensor_due_ns(&container->sensor, deadlines->ended_ns) : 0;

        return due_ns ? due_ns : deadlines->timeout_ns;
    }
    if (container->state != CONTAINER_RUNNING)
        return 1; /* at once, and again */
    return earlier(earlier(earlier(earlier(deadlines->timeout_ns, deadlines->kill_ns), earlier(deadlines->stop_ns, deadlines->cpu_look_ns)),
                           earlier(asks_next_ns(&container->asks), pending_next_ns(container))),
                   earlier(earlier(programs_next_ns(container), nests_next_ns(&container->nests, container)),
                           earlier(container->signing.next_ns, served_next_ns(&container->signing))));
}

static int container_end_at_limit(struct cordon_container *container, enum container_cause cause,
                                  const char *member, uint64_t limit, struct error *err)
{
    int status = container->assembly.ops->kill(container->run, err);

    if (container->cause != CAUSE_NONE)
        return status;
    container->cause = cause;
    container->deadlines.cpu_look_ns = 0;
    if (status == 0)
        status = event_limit_reached(container->log, member, limit, err);
    return status;
}

/* The record says of the budget already that it ends the run. */
static int container_keep_budgets(struct cordon_container *container, struct error *err)
{
    if (!container->workers.ends_run || container->cause != CAUSE_NONE)
        return 0;
    container->cause = CAUSE_NETWORK;
    container->deadlines.cpu_look_ns = 0;
    return container->assembly.ops->kill(container->run, err);
}

static int container_move_output(struct cordon_container *container, struct error *err)
{
    bool is_last = container->state == CONTAINER_DRAINING;
    bool is_over = false;

    for (int i = 0; i < 2; i++) {
        int status = relay_step(&container->streams.relays[i], container->output_limit,
                                &container->output_bytes, is_last, err);

        if (status < 0)
            return status;
        is_over |= status > 0;
    }
    if (!is_over)
        return 0;
    return container_end_at_limit(container, CAUSE_OUTPUT, "resources.output",
                                  container->output_limit, err);
}

static int container_keep_time(struct cordon_container *container, uint64_t now, struct error *err)
{
    struct deadlines *deadlines = &container->deadlines;
    int status = 0;

    if (deadlines->timeout_ns && now >= deadlines->timeout_ns) {
        deadlines->timeout_ns = 0;
        deadlines->kill_ns = now + CORDON_GRACE_MS * NS_PER_MS;
        if (container->cause == CAUSE_NONE)
            container->cause = CAUSE_TIME;
        status = container->assembly.ops->signal(container->run, SIGTERM, err);
        if (status == 0)
            status = event_run_timeout(container->log, deadlines->timeout_member,
                                       deadlines->timeout_ms, err);
    }
    if (status == 0 && deadlines->kill_ns && now >= deadlines->kill_ns) {
        deadlines->kill_ns = 0;
        status = container->assembly.ops->kill(container->run, err);
    }
    return status;
}

/* What is to stop is ended when its time is up, or when nothing runs in it that was told. */
static int container_keep_stopping(struct cordon_container *container, uint64_t now, struct error *err)
{
    struct deadlines *deadlines = &container->deadlines;

    if (!deadlines->stop_ns || (now < deadlines->stop_ns && (!container->stands || programs_run(container))))
        return 0;
    deadlines->stop_ns = 0;
    container->is_kill_asked |= !container->stands; /* by whoever asked it to stop: no riddle what ended it */
    return container->stands ? container->assembly.ops->end(container->run, err) : container->assembly.ops->kill(container->run, err);
}

/* CPU time passes at most CPU_PROCESSORS times as fast as time: no need to look before it can be
 * used up. */
static int container_keep_cpu_time(struct cordon_container *container, uint64_t now,
                                   struct error *err)
{
    struct deadlines *deadlines = &container->deadlines;
    uint64_t used_us, wait_ns;
    int status;

    if (!deadlines->cpu_look_ns || now < deadlines->cpu_look_ns)
        return 0;
    status = container->assembly.ops->cpu_time(container->run, &used_us);
    if (status < 0)
        return error_system(err, -status, "resources.cpuTime: read the CPU time of the container");
    if (used_us >= deadlines->cpu_limit_us)
        return container_end_at_limit(container, CAUSE_CPU, "resources.cpuTime",
                                      deadlines->cpu_limit_us / 1000, err);
    wait_ns = (deadlines->cpu_limit_us - used_us) * 1000 / CPU_PROCESSORS;
    if (wait_ns < CPU_LOOK_MIN_NS)
        wait_ns = CPU_LOOK_MIN_NS;
    if (wait_ns > CPU_LOOK_MAX_NS)
        wait_ns = CPU_LOOK_MAX_NS;
    deadlines->cpu_look_ns = now + wait_ns;
    return 0;
}

/* What the machine's sensor has still to tell is waited for without standing still: 1 = nothing, or no longer. */
static int container_drain_sensor(struct cordon_container *container, struct error *err)
{
    int status = sensor_step(&container->sensor, &container->denials, container->assembly.plan, container->log, err);

    return status < 0 ? status : sensor_due_ns(&container->sensor, container->deadlines.ended_ns) <= clock_monotonic_ns();
}

/* Everything in it is gone: what is in the pipes is all that will ever come. A reader that stands
 * still is waited for no longer than the time limit, and not at all after Cordon ended the run. */
static int container_drain(struct cordon_container *container, struct error *err)
{
    uint64_t limit_ns = container->deadlines.timeout_ns;
    struct relay *relays = container->streams.relays;
    int status = container_move_output(container, err);

    if (status < 0)
        return status;
    if (container->cause != CAUSE_NONE || (limit_ns && clock_monotonic_ns() >= limit_ns))
        for (int i = 0; i < 2; i++)
            relay_abandon(&relays[i]);
    if (!relay_is_done(&relays[0]) || !relay_is_done(&relays[1]))
        return 0;
    status = container->inside ? 1 : container_drain_sensor(container, err);
    if (status <= 0)
        return status;
    if (container->inside)
        container->status = container->inside->status; /* recorded where it was made */
    else
        status = container_record_end(container, err);
    if (status < 0)
        return status;
    container->state = CONTAINER_ENDED;
    return 1;
}

/* 1 = it has ended, 0 = it runs, or -errno. */
static int container_look_for_end(struct cordon_container *container, struct error *err)
{
    int status = container->assembly.ops->read_status(container->run, &container->tier_status, err), ended = 0;

    if (status > 0) {
        container->deadlines.ended_ns = clock_monotonic_ns();
        container->state = CONTAINER_DRAINING;
        nests_end(&container->nests, container);
        ended = asks_end(container, err);
    }
    return ended < 0 ? ended : status;
}

void container_watched(const struct cordon_container *container, int fds[CONTAINER_WATCHED])
{
    for (size_t i = workers_watched(&container->workers, fds); i < WORKERS_MAX; i++)
        fds[i] = -1;
    fds[WORKERS_MAX] = sensor_is_there(&container->sensor) ? container->sensor.worker.channel : -1;
    memcpy(fds + WORKERS_MAX + 1, container->self.fds, sizeof(container->self.fds));
    nests_watched(&container->nests, fds + WORKERS_MAX + 1 + SELF_SOCKETS);
    fds[CONTAINER_WATCHED - 1] = signing_fd(&container->signing);
}

static int container_advance_inside(struct cordon_container *container, struct error *err)
{
    int status = container->state == CONTAINER_RUNNING ? container_move_output(container, err) : 1;

    if (status == 0)
        status = inside_hear(container->inside, err);
    if (status <= 0)
        return status;
    container->state = CONTAINER_DRAINING;
    return container_drain(container, err);
}

static int container_advance(struct cordon_container *container, struct error *err)
{
    if (container->inside)
        return container_advance_inside(container, err);
    if (container->state == CONTAINER_RUNNING) {
        int status = container_move_output(container, err);

        if (status == 0)
            status = workers_step(&container->workers, container->log, err);
        if (status == 0)
            status = sensor_step(&container->sensor, &container->denials, container->assembly.plan, container->log, err);
        if (status == 0)
            status = container_keep_budgets(container, err);
        self_look(&container->self);
        if (status == 0)
            status = container_look_for_end(container, err);
        if (status == 0)
            status = programs_step(container, err);
        if (status < 0)
            return status;
        if (status == 0)
            nests_step(&container->nests, container);
        self_step(&container->self, &container->denials, container->assembly.plan);
        signing_step(container);
        served_step(container, clock_monotonic_ns());
        if (status == 0) {
            uint64_t now = clock_monotonic_ns();

            status = container_keep_time(container, now, err);
            if (status == 0)
                status = container_keep_stopping(container, now, err);
            pending_step(container, now);
            if (status == 0)
                status = asks_step(container, now, err);
            return status < 0 ? status : container_keep_cpu_time(container, now, err);
        }
    }
    return container_drain(container, err);
}

void container_give_up(struct cordon_container *container)
{
    int status = 0;

    if (container->state == CONTAINER_RUNNING && container_look_for_end(container, NULL) <= 0)
        status = container_record_abandoned(container, NULL);
    if (container->state == CONTAINER_DRAINING) {
        if (container_move_output(container, NULL) < 0)
            status = -EIO;
        for (int i = 0; i < 2; i++)
            relay_abandon(&container->streams.relays[i]);
        if (container_record_end(container, NULL) < 0)
            status = -EIO;
    }
    if (status < 0) /* and nobody is left to tell */
        container->state = CONTAINER_FAILED;
}

int container_step(struct cordon_container *container, struct error *err)
{
    struct error failure = ERROR_INIT;
    int status;

    if (container->remote)
        return remote_step(container, err);
    if (container->state == CONTAINER_ENDED)
        return 1;
    if (container->state != CONTAINER_FAILED) {
        status = container_advance(container, &failure);
        if (status >= 0 && container->watch.epoll >= 0 && watch_update(container, &failure) < 0)
            status = -EIO;
        if (status >= 0)
            return status;
        /* what cannot be watched over must not go on */
        if (container->inside)
            inside_order(container->inside, NEST_KILL, 0, 0, 0);
        else
            container->assembly.ops->kill(container->run, NULL);
        error_prepend(&failure, "the program had started and was ended");
        if (container->log && event_run_failed(container->log, &failure, NULL) < 0)
            error_prepend(&failure, "(not recorded)");
        container->failure = failure;
        container->state = CONTAINER_FAILED;
    }
    if (err)
        *err = container->failure;
    return container->failure.errnum > 0 ? -container->failure.errnum : -EIO;
}
