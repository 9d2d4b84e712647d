/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Programs in a container that stands: begun, looked after by the container's own steps, recorded. A program that its caller
 * has freed stays in the container's list until its end is recorded; one whose container is freed has ended with it.
 */
#include "sdk/programs.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/clock.h"
#include "sdk/git_identity.h"
#include "sdk/missing.h"
#include "sdk/pending.h"
#include "sdk/remote.h"

static void program_destroy(struct cordon_program *program)
{
    if (!program)
        return;
    cordon_container_free(program->proxy);
    fd_close_at(&program->tier.tty);
    streams_close(&program->streams);
    mem_free(program);
}

static void program_destroy_at(struct cordon_program **program)
{
    program_destroy(*program);
}
#define auto_program cleanup_with(program_destroy_at)

static void unlink_program(struct cordon_program *program)
{
    struct cordon_program **at = &program->container->programs;

    while (*at && *at != program)
        at = &(*at)->next;
    if (*at)
        *at = program->next;
    program->container = NULL;
}

/* ---- the container's side ---- */

void programs_ended(void *context, uint32_t number, const struct tier_status *status)
{
    struct cordon_container *container = context;

    for (struct cordon_program *program = container->programs; program; program = program->next)
        if (program->tier.number == number && !program->is_ended) {
            program->is_ended = true;
            program->ended_ns = clock_monotonic_ns();
            program->told = *status;
        }
}

static int record(struct cordon_program *program, struct error *err)
{
    struct cordon_status *status = &program->status;
    struct event_exited exited;

    container_status_from_tier(status, &program->told);
    status->wall_us = (program->ended_ns - program->started_ns) / 1000;
    if (program->is_timed_out) {
        status->end = CORDON_END_TIMEOUT;
        status->exit_status = 124;
        snprintf(status->text, sizeof(status->text), "ended at its time limit: %s", program->timeout_member);
    }
    program->is_recorded = true;
    exited = container_event_exited(status, &program->told);
    return event_exec_exited(program->container->log, program->tier.number, &exited, err);
}

static int keep_time(struct cordon_program *program, uint64_t now, struct error *err)
{
    struct cordon_container *container = program->container;
    const struct tier_ops *ops = container->assembly.ops;
    int status = 0;

    if (program->timeout_ns && now >= program->timeout_ns) {
        program->timeout_ns = 0;
        program->kill_ns = now + CORDON_GRACE_MS * NS_PER_MS;
        program->is_timed_out = true;
        status = ops->signal_program(container->run, program->tier.number, SIGTERM, err);
        if (status == 0)
            status = event_run_timeout(container->log, program->timeout_member, program->timeout_ms, err);
    }
    if (status == 0 && program->kill_ns && now >= program->kill_ns) {
        program->kill_ns = 0;
        status = ops->signal_program(container->run, program->tier.number, SIGKILL, err);
    }
    return status;
}

int programs_step(struct cordon_container *container, struct error *err)
{
    uint64_t now = container->programs ? clock_monotonic_ns() : 0;
    int status = 0;

    for (struct cordon_program *program = container->programs, *next; program && status == 0; program = next) {
        next = program->next;
        if (program->is_remote)
            remote_program_step(program);
        else if (!program->is_ended)
            status = keep_time(program, now, err);
        else if (!program->is_recorded)
            status = record(program, err);
        if (program->is_recorded && program->is_freed) {
            unlink_program(program);
            program_destroy(program);
        }
    }
    return status;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
    if (!a || !b)
        return a ? a : b;
    return a < b ? a : b;
}

uint64_t programs_next_ns(const struct cordon_container *container)
{
    uint64_t next = 0;

    for (const struct cordon_program *program = container->programs; program; program = program->next) {
        if (program->is_remote)
            continue;
        if (!program->is_ended)
            next = earlier(next, earlier(program->timeout_ns, program->kill_ns));
        else if (!program->is_recorded)
            return 1; /* exec() was told of its end */
    }
    return next;
}

bool programs_run(const struct cordon_container *container)
{
    for (const struct cordon_program *program = container->programs; program; program = program->next)
        if (!program->is_ended)
            return true;
    return false;
}

int programs_end(struct cordon_container *container, struct error *err)
{
    static const struct tier_status killed = {.end = TIER_SIGNALED, .code = SIGKILL};
    int status = 0;

    for (struct cordon_program *program = container->programs; program; program = program->next)
        if (!program->is_ended)
            programs_ended(container, program->tier.number, &killed);
    status = programs_step(container, err);
    return status < 0 ? status : event_exec_end(container->log, err);
}

void programs_leave(struct cordon_container *container)
{
    while (container->programs) {
        struct cordon_program *program = container->programs;

        unlink_program(program);
        if (program->is_freed)
            program_destroy(program);
    }
}

/* ---- beginning ---- */

static int check_request(const struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    if (!container->stands && !container->remote)
        return error_set(err, ERROR_INVALID, EINVAL, "the container was started for one program; make one that stands with cordon_create()");
    if (container->state != CONTAINER_RUNNING || container->is_stop_asked || container->is_kill_asked)
        return error_set(err, ERROR_INVALID, EINVAL, "the container has ended, or is ending");
    if (request->captures[0] || request->captures[1])
        return error_set(err, ERROR_INVALID, EINVAL, "capture goes with cordon_run(); ask for pipes instead");
    if (!request->argv && !container->remote && !container->assembly.plan->command_line)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "no command: neither the caller nor a document (process.commandLine) names one; see cordon_request_set_command()");
    return streams_check(request, err);
}

static void limit(struct cordon_program *program, const struct plan *plan, uint64_t asked_ms)
{
    program->started_ns = clock_monotonic_ns();
    program->timeout_ms = plan->timeout_ms;
    program->timeout_member = plan->timeout_member ? plan->timeout_member : "process.timeout";
    if (asked_ms && (!plan->timeout_ms || asked_ms < plan->timeout_ms)) {
        program->timeout_ms = asked_ms;
        program->timeout_member = "request.timeout";
    }
    program->timeout_ns = program->timeout_ms ? program->started_ns + program->timeout_ms * NS_PER_MS : 0;
}

static int environment_of(const struct cordon_container *container, const struct cordon_request *request, struct arena *arena,
                          const char *const **ret_env, struct error *err)
{
    const struct assembly *assembly = &container->assembly;
    const char *const *caller = request->environment ? (const char *const *)request->environment : (const char *const *)environ;
    int status = git_identity_add(arena, assembly->policy, &assembly->places, assembly->variables.workspace, caller, &caller, err);

    return status < 0 ? status : plan_environment(assembly->plan, arena, caller, ret_env, err);
}

/* As it is recorded: number and pid are those of a program that runs. */
static struct event_exec event_of(const struct cordon_program *program, const struct cordon_request *request, const char *const *argv)
{
    return (struct event_exec){
        .number = program->tier.number,
        .argv = argv,
        .directory = request->cwd ? request->cwd : program->container->assembly.plan->cwd,
        .terminal = streams_terminal(&program->streams, request),
        .pid = (unsigned)program->tier.pid,
        .timeout_ms = program->timeout_ms,
    };
}

static int begin(struct cordon_program *program, const struct cordon_request *request, const char *const *argv, struct error *err)
{
    struct cordon_container *container = program->container;
    const struct assembly *assembly = &container->assembly;
    const struct streams *streams = &program->streams;
    auto_arena struct arena *arena = arena_new();
    struct tier_exec exec = {
        .argv = argv,
        .cwd = request->cwd ? request->cwd : assembly->plan->cwd,
        .stdio = {streams->inside[0], streams->inside[1], streams->inside[2]},
        .fds = request->fds,
        .fd_count = request->fd_count,
        .is_tty = request->is_tty,
        .rows = request->rows,
        .columns = request->columns,
        .cancel_fd = request->cancel_fd >= 0 ? &request->cancel_fd : NULL,
        .deadline_ns = program->timeout_ns,
    };
    const struct event_exec event = event_of(program, request, argv);
    int status = arena ? environment_of(container, request, arena, &exec.env, err) : error_memory(err);

    if (status == 0)
        status = pending_exec(container, &event, err);
    if (status == 0)
        status = assembly->ops->exec(container->run, &exec, &program->tier, err);
    if (status < 0 && err && err->kind == ERROR_NOT_FOUND)
        missing_command_explain(assembly->plan, argv[0], environment_get(exec.env, "PATH"), exec.cwd, err);
    return status;
}

/* It runs: what cannot be recorded must not go on, as with a run. */
static int record_start(struct cordon_program *program, const struct cordon_request *request, const char *const *argv, struct error *err)
{
    struct cordon_container *container = program->container;
    const struct event_exec exec = event_of(program, request, argv);
    int status = event_exec_started(container->log, &exec, err);

    if (status < 0) {
        container->assembly.ops->kill(container->run, NULL);
        error_prepend(err, "the program had started and was ended");
    }
    return status;
}

static void link_program(struct cordon_program *program)
{
    program->next = program->container->programs;
    program->container->programs = program;
}

static int exec_here(struct cordon_program *program, const struct cordon_request *request, struct error *err)
{
    const struct plan *plan = program->container->assembly.plan;
    const char *const by_shell[] = {"/bin/sh", "-c", plan->command_line, NULL};
    const char *const *argv = request->argv ? (const char *const *)request->argv : by_shell;
    int status = 0;

    streams_look(&program->streams);
    if (!request->is_tty)
        status = streams_open(&program->streams, request, false, false, err);
    if (status < 0)
        return status;
    limit(program, plan, request->timeout_ms);
    status = begin(program, request, argv, err);
    if (status == 0)
        status = record_start(program, request, argv, err);
    streams_close_inside(&program->streams);
    limit(program, plan, request->timeout_ms); /* its start has had as long */
    return status;
}

int cordon_container_exec(struct cordon_container *container, const struct cordon_request *request, struct cordon_program **ret_program,
                          struct cordon_error *err)
{
    auto_program struct cordon_program *program = NULL;
    struct error failure = ERROR_INIT;
    int status = check_request(container, request, public_error(err));

    if (status < 0)
        return status;
    program = mem_alloc(sizeof(*program));
    if (!program)
        return error_memory(public_error(err));
    program->tier.tty = -1;
    program->streams = STREAMS_INIT;
    program->container = container;
    program->is_remote = container->remote != NULL;
    status = program->is_remote ? remote_program_begin(program, request, &failure) : exec_here(program, request, &failure);
    if (status < 0) {
        if (err)
            *public_error(err) = failure;
        return status;
    }
    link_program(program);
    *ret_program = take_ptr(program);
    return container->watch.epoll >= 0 ? watch_update(container, public_error(err)) : 0;
}

/* ---- the caller's side ---- */

uint64_t cordon_program_number(const struct cordon_program *program)
{
    return program->tier.number;
}

pid_t cordon_program_pid(const struct cordon_program *program)
{
    return program->tier.pid;
}

int cordon_program_stdin_fd(const struct cordon_program *program)
{
    return program->streams.outside[0];
}

int cordon_program_stdout_fd(const struct cordon_program *program)
{
    return program->streams.outside[1];
}

int cordon_program_stderr_fd(const struct cordon_program *program)
{
    return program->streams.outside[2];
}

int cordon_program_tty_fd(const struct cordon_program *program)
{
    return program->tier.tty;
}

void cordon_program_close_stdin(struct cordon_program *program)
{
    fd_close_at(&program->streams.outside[0]);
    program->streams.outside[0] = -1;
}

int cordon_program_resize(struct cordon_program *program, unsigned short rows, unsigned short columns, struct cordon_error *err)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};

    if (program->tier.tty < 0)
        return error_set(public_error(err), ERROR_INVALID, ENOTTY, "the program has no terminal");
    if (ioctl(program->tier.tty, TIOCSWINSZ, &size) < 0)
        return error_system(public_error(err), errno, "resize the terminal");
    return 0;
}

static int freed(struct error *err)
{
    return error_set(err, ERROR_INVALID, EINVAL, "the container of this program was freed");
}

int cordon_program_poll_fd(struct cordon_program *program, struct cordon_error *err)
{
    return program->container ? cordon_container_poll_fd(program->container, err) : freed(public_error(err));
}

int cordon_program_try_wait(struct cordon_program *program, struct cordon_status *ret_status, struct cordon_error *err)
{
    int status = 0;

    if (!program->is_recorded && !program->container)
        return freed(public_error(err));
    if (!program->is_recorded)
        status = container_step(program->container, public_error(err));
    if (status < 0)
        return status;
    if (program->is_recorded)
        *ret_status = program->status;
    return program->is_recorded;
}

int cordon_program_wait(struct cordon_program *program, int64_t timeout_ms, struct cordon_status *ret_status, struct cordon_error *err)
{
    uint64_t mine = container_until_ns(timeout_ms);

    for (;;) {
        int status = cordon_program_try_wait(program, ret_status, err);

        if (status != 0)
            return status;
        if (mine && clock_monotonic_ns() >= mine)
            return 0;
        if (program->is_remote) /* its end comes on its own connection */
            status = container_sleep(program->proxy, mine, public_error(err));
        else
            status = container_sleep(program->container, earlier(container_next_ns(program->container), mine), public_error(err));
        if (status < 0)
            return status;
    }
}

int cordon_program_signal(struct cordon_program *program, int signal_number, struct cordon_error *err)
{
    struct cordon_container *container = program->container;

    if (signal_number < 1 || signal_number > 64)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "signal %d does not exist", signal_number);
    if (!container || program->is_ended || container->state != CONTAINER_RUNNING)
        return 0;
    if (program->is_remote)
        return cordon_container_signal(program->proxy, signal_number, err);
    return container->assembly.ops->signal_program(container->run, program->tier.number, signal_number, public_error(err));
}

void cordon_program_free(struct cordon_program *program)
{
    struct cordon_container *container = program ? program->container : NULL;

    if (!program)
        return;
    program->is_freed = true;
    if (container && program->is_remote) { /* the end of its connection is its own */
        unlink_program(program);
        program_destroy(program);
        return;
    }
    if (container && !program->is_ended && container->state == CONTAINER_RUNNING &&
        container->assembly.ops->signal_program(container->run, program->tier.number, SIGKILL, NULL) < 0)
        program->kill_ns = 1; /* again with the next step */
    if (container && !program->is_recorded && (container->state == CONTAINER_RUNNING || container->state == CONTAINER_DRAINING)) {
        streams_close(&program->streams);
        return;
    }
    if (container)
        unlink_program(program);
    program_destroy(program);
}
