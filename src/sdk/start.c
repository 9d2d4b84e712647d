/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a container: open the record, assemble, open the streams, hand the plan to its tier.
 * Each step either holds or the launch is refused, undone and recorded as refused.
 */
#include <errno.h>

#include "policy/document.h"
#include "sdk/container.h"
#include "sdk/helpers.h"
#include "sdk/launch.h"
#include "sdk/kept.h"
#include "sdk/missing.h"
#include "sdk/network.h"
#include "sdk/pending.h"
#include "sdk/remote.h"
#include "sdk/review.h"

static void container_free_at(struct cordon_container **container)
{
    cordon_container_free(*container);
}

int launch_name_record(struct cordon_container *container, struct error *err)
{
    return event_log_name_anew(container->log, err);
}

static struct event_options record_options(const struct cordon_container *container, const struct cordon_request *request)
{
    const struct assembly *assembly = &container->assembly;

    return (struct event_options){
        .recorder = request->recorder,
        .runs_directory = assembly->places.runs,
        .fd = request->events_fd,
        .file = assembly->events_file ? assembly->events_file : request->events_file,
    };
}

int launch_begin_record(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    const struct event_options options = record_options(container, request);

    return event_log_begin(container->log, &options, err);
}

static int open_record(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    const struct event_options options = record_options(container, request);
    int status;

    if (container->is_recorded)
        return 0;
    if (!container->log) {
        status = event_log_open(&options, &container->log, err);
    } else {
        status = launch_name_record(container, err);
        if (status == 0)
            status = event_log_begin(container->log, &options, err);
    }
    container->is_recorded = status == 0;
    return status;
}

/* The record is opened whatever the steps before it say, so that their refusal is in it. */
static int begin(struct cordon_container *container, const struct cordon_request *request,
                 struct error *err)
{
    int status = streams_check(request, err);
    int begun = assembly_begin(&container->assembly, request, status < 0 ? NULL : err);
    int opened;

    if (status == 0)
        status = begun;
    opened = open_record(container, request, status < 0 ? NULL : err);
    if (status < 0 && opened < 0)
        error_prepend(err, "(not recorded)");
    return status < 0 ? status : opened;
}

static uint64_t smaller_limit(uint64_t a, uint64_t b)
{
    if (!a || !b)
        return a ? a : b;
    return a < b ? a : b;
}

static int find_output_limit(struct cordon_container *container,
                             const struct cordon_request *request, struct error *err)
{
    container->output_limit = smaller_limit(
        request->output_limit, plan_limit_value(container->assembly.plan, "resources.output"));
    if (container->output_limit && request->is_tty)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "resources.output: cannot be counted on a terminal: run without one or "
                         "without the limit");
    return 0;
}

/* The container's first process begins while the policy is compiled. What keeps it from that launch_tier() meets again. */
void container_prepare(struct cordon_container *container, const struct cordon_request *request)
{
    const struct assembly *assembly = &container->assembly;
    const struct tier_prepare given = {.init_path = assembly->places.init, .fds = request->fds,
                                       .fd_count = container->stands ? 0 : request->fd_count,
                                       .run_id = event_log_run_id(container->log),
                                       .spawner = launch_spawner(container)};
    struct error ignored = ERROR_INIT;

    if (assembly->ops->prepare && request->watch == CORDON_WATCH_REFUSED && /* what is watched more begins in another way, */
        !request->is_reviewed &&                                            /* and what is reviewed with another right */
        assembly->ops->prepare(&given, &container->prepared, &ignored) < 0)
        container->prepared = NULL;
}

/* The machine's sensor hears of one that a launcher made, as soon as that has: before the program begins, where it was prepared. */
static void announce(struct cordon_container *container, const struct cordon_request *request, const struct tier_run *run)
{
    const struct tier_ops *ops = container->assembly.ops;
    bool has_own_uid;
    const struct tier_spawned *spawned = run && ops->spawned ? ops->spawned(run, &has_own_uid) : NULL;

    if (request->sensor_fd >= 0 && spawned && !sensor_is_there(&container->sensor))
        (void)!sensor_announce(&container->sensor, request->sensor_fd, spawned, &container->sensor_why);
}

void launch_announce(struct cordon_container *container, const struct cordon_request *request)
{
    const struct tier_ops *ops = container->assembly.ops;
    size_t count = 0;
    const struct tier_source *from = ops->sources ? ops->sources(container->run, &count) : NULL;

    announce(container, request, container->run);
    for (size_t i = 0; i < count; i++)
        container->sensor.others |= from[i].sees;
}

/* Where Landlock refuses first, what it refused is asked of the kernel. */
static void begin_sensor(struct cordon_container *container)
{
    const struct assembly *assembly = &container->assembly;
    const char *program = NULL;

    if (sensor_is_there(&container->sensor))
        return;
    if (assembly->plan->wall == PLAN_WALL_LANDLOCK &&
        helpers_find_sensor(assembly->policy->arena, &assembly->places, &program, NULL) < 0)
        program = NULL;
    if (assembly->plan->wall == PLAN_WALL_LANDLOCK)
        sensor_begin(&container->sensor, program, &container->sensor_why);
}

int launch_tier(struct cordon_container *container, const struct cordon_request *request, const char *const *argv,
                struct error *err)
{
    static const char *const nothing[] = {NULL};
    const struct assembly *assembly = &container->assembly;
    struct tier_run *prepared = take_ptr(container->prepared);
    struct launch_given given;
    int status = 0;

    if (!container->is_kept_ready)
        served_prepare(container);
    launch_fill(&given, container, request, argv);
    container->workers.where = origin_text(assembly->plan->arena, assembly->plan->network_origin);
    if (!container->workers.where)
        status = error_memory(err);
    /* the plan of a container inside cannot be made again: its names are those of another's tree; and until somebody takes what is
     * kept ready it has no record */
    if (status == 0 && !container->around && !container->is_kept_ready)
        status = kept_write(container->log, assembly, request, argv ? argv : nothing, err);
    if (status < 0) {
        assembly->ops->finish(prepared);
        return status;
    }
    container->denials.judge_call = assembly->ops->judge_call;
    announce(container, request, prepared);
    begin_sensor(container);
    status = assembly->ops->start(&given.start, prepared, &container->run, err);
    if (status == 0 && !container->is_kept_ready)
        served_begin(container, true);
    if (status == 0)
        launch_announce(container, request);
    if (status == 0 && assembly->ops->domain_maker)
        sensor_set_program(&container->sensor, assembly->ops->domain_maker(container->run));
    return status;
}

/*
 * With a plan for namespaces first; where the machine has none, the policy is compiled for what it has. Workers that have none
 * of their own say the same before the tier can, with less to say of why.
 */
static int start_plan(struct cordon_container *container, const struct cordon_request *request, const char *const *argv,
                      struct error *err)
{
    struct error refused = ERROR_INIT;
    int status = network_begin(container, &refused), again;
    bool has_network = status == 0;

    if (has_network)
        status = launch_tier(container, request, argv, &refused);
    if (status == 0)
        return 0;
    if (container->around) {
        if (err)
            *err = refused;
        return status;
    }
    if (refused.kind == ERROR_UNENFORCEABLE || (has_network && refused.kind == ERROR_SYSTEM)) {
        again = assembly_compile_again(&container->assembly, request, err);
        if (again < 0)
            return again;
        if (again > 0)
            return launch_tier(container, request, argv, err);
    }
    if (err)
        *err = refused;
    return status;
}

int launch_compile(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    struct assembly *assembly = &container->assembly;
    int status = assembly_find(assembly, err);

    if (status == 0 && !container->prepared)
        container_prepare(container, request);
    if (status == 0) /* before process 1 is through exec and mounts */
        status = policy_read_mounts(assembly->policy->arena, NULL, &assembly->mounts, err);
    if (status == 0)
        status = assembly_load(assembly, request, err);
    if (status == 0)
        network_prepare(container);
    if (status == 0)
        status = assembly_compile(assembly, request, false, err);
    return status < 0 ? status : pending_check(assembly->plan, request, err);
}

int launch_find_command(const struct cordon_container *container, const struct cordon_request *request, const char *by_shell[4],
                        const char *const **ret_argv, struct error *err)
{
    const struct plan *plan = container->assembly.plan;

    if (!request->argv && !plan->command_line)
        return error_set(err, ERROR_INVALID, EINVAL,
                         "no command: neither the caller nor a document (process.commandLine) "
                         "names one; see cordon run --help");
    by_shell[0] = "/bin/sh";
    by_shell[1] = "-c";
    by_shell[2] = plan->command_line;
    by_shell[3] = NULL;
    *ret_argv = request->argv ? (const char *const *)request->argv : by_shell;
    return 0;
}

int launch_find_streams(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    const struct assembly *assembly = &container->assembly;
    int status = run_identity_find(&container->identity, assembly, event_log_run_id(container->log), container->parent_name, err);

    if (status == 0)
        status = nests_begin(&container->nests, container, request, err);
    if (status == 0)
        status = find_output_limit(container, request, err);
    container->terminal = streams_terminal(&container->streams, request);
    if (status == 0 && !request->is_tty)
        status = streams_open(&container->streams, request, container->output_limit != 0,
                              assembly->plan->filter.allows_namespaces, err);
    return status;
}

int launch_started(struct cordon_container *container, const struct cordon_request *request, const char *const *argv, int status,
                   struct error *err)
{
    const struct assembly *assembly = &container->assembly;

    if (status < 0 && err->kind == ERROR_NOT_FOUND && assembly->plan->wall == PLAN_WALL_NAMESPACES)
        missing_command_explain(assembly->plan, argv[0], environment_get(assembly->environment, "PATH"), assembly->cwd, err);
    if (status == -ETIMEDOUT && container->deadlines.timeout_ns)
        error_prepend(err, "%s", container->deadlines.timeout_member);
    if (status < 0)
        return status;
    container->workers.first = assembly->ops->pid(container->run);
    container_set_deadlines(container, request->timeout_ms);
    streams_close_inside(&container->streams);
    status = container_record_start(container, argv, err);
    if (status < 0)
        error_prepend(err, "the program had started and was ended");
    return status;
}

int container_launch(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    struct assembly *assembly = &container->assembly;
    const char *by_shell[4];
    const char *const *argv = NULL;
    int status = launch_find_command(container, request, by_shell, &argv, err);

    if (status == 0)
        status = launch_find_streams(container, request, err);
    if (status == 0 && request->is_reviewed)
        status = run_review_begin(&container->review, assembly, request, event_log_run_id(container->log), argv, err);
    if (status < 0)
        return status;
    assembly->plan->review = container->review.directory;
    /* set-up may take as long as the program, which then has its whole time: */
    container_set_deadlines(container, request->timeout_ms);
    status = pending_start(container, argv, err);
    if (status < 0)
        return status;
    status = start_plan(container, request, argv, err);
    return launch_started(container, request, argv, status, err);
}

/* The same without a program. */
static int stand(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    static const char *const nothing[] = {NULL};
    int status = request->is_reviewed ? error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                                                  "a reviewed run is of one command: run it, or leave the review out") : 0;

    if (status == 0)
        status = launch_compile(container, request, err);
    if (status == 0)
        status = run_identity_find(&container->identity, &container->assembly, event_log_run_id(container->log), NULL, err);
    if (status == 0)
        status = nests_begin(&container->nests, container, request, err);
    if (status == 0)
        status = find_output_limit(container, request, err);
    if (status == 0 && container->output_limit)
        status = error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                           "resources.output: is counted of one program alone, not where several can be executed: run the program, or leave the "
                           "limit out");
    if (status < 0)
        return status;
    container->terminal = "none";
    container_set_deadlines(container, request->timeout_ms);
    status = pending_start(container, nothing, err);
    if (status == 0)
        status = start_plan(container, request, NULL, err);
    if (status < 0)
        return status;
    container->workers.first = container->assembly.ops->pid(container->run);
    container_set_deadlines(container, request->timeout_ms);
    return container_record_start(container, nothing, err);
}

/* Open the record, compile, start: `container` is new, but may have a first process and a name. */
static int start(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    int status = begin(container, request, err);

    if (status == 0 && container->stands)
        return stand(container, request, err);
    if (status == 0)
        status = launch_compile(container, request, err);
    return status < 0 ? status : container_launch(container, request, err);
}

/*
 * A file that is replaced (/etc/passwd when somebody adds a user) between the look at it and the mount of it is refused: what
 * the plan means is looked at anew, a few times. The launcher has taken an attempt, so there it is the caller who tries again.
 */
#define STARTS_MAX 5

static bool was_exchanged(const struct cordon_request *request, const struct error *err)
{
    return err->kind == ERROR_SYSTEM && err->errnum == ESTALE && request->launcher_fd < 0;
}

/* `ret_log` (NULL = it is the last time): the record, with nothing of it refused in it, where it is worth another attempt. */
static int give_up(struct cordon_container *container, const struct cordon_request *request, int status, struct error *failure,
                   struct event_log **ret_log, struct error *err)
{
    if (!ret_log || !container->is_recorded || !was_exchanged(request, failure))
        return container_refused(container, status, failure, err);
    *ret_log = take_ptr(container->log);
    if (err)
        *err = *failure;
    return status;
}

static int start_once(const struct cordon_request *request, bool stands, struct event_log *log, struct event_log **ret_log,
                      struct cordon_container **ret_container, struct error *err)
{
    struct error failure = ERROR_INIT;
    cleanup_with(container_free_at) struct cordon_container *container = NULL;
    int status = launch_container_new(request, &container, err);

    if (status < 0) {
        event_log_free(log);
        return status;
    }
    container->log = log;
    container->is_recorded = log != NULL;
    container->stands = stands;
    status = !log && !container->launcher && (stands || streams_check(request, NULL) == 0) ? remote_start(container, request, &failure) : 0;
    if (status == 0)
        status = start(container, request, &failure);
    if (status < 0)
        return give_up(container, request, status, &failure, ret_log, err);
    *ret_container = take_ptr(container);
    return 0;
}

/* All attempts are one run, with one record: `log` is that of an attempt before, NULL = there was none. */
static int start_here(const struct cordon_request *request, bool stands, struct event_log *log, struct cordon_container **ret_container,
                      struct error *err)
{
    struct error failure = ERROR_INIT;
    int status = -ESTALE;

    for (unsigned left = log ? STARTS_MAX - 1 : STARTS_MAX; left > 0; left--) {
        struct event_log *before = take_ptr(log);

        failure = (struct error)ERROR_INIT;
        status = start_once(request, stands, before, left > 1 ? &log : NULL, ret_container, &failure);
        if (!log)
            break;
    }
    if (status < 0 && err)
        *err = failure;
    return status;
}

/* Without a compilation: 1, 0 = it has to be compiled, negative = it cannot be. */
static int start_shared(struct cordon_container *container, const struct cordon_request *request, const struct shared_assembly *shared,
                        struct error *err)
{
    const struct tier_ops *ops = container->assembly.ops;
    int status = streams_check(request, NULL) == 0 ? assembly_copy(&container->assembly, shared, err) : -EINVAL;

    if (status < 0)
        return 0; /* start() says why */
    status = assembly_take_request(&container->assembly, shared, request, err);
    if (status <= 0) {
        assembly_finish(&container->assembly);
        container->assembly.ops = ops;
        return 0;
    }
    container->shared = shared_assembly_keep(shared);
    network_prepare(container);
    status = open_record(container, request, err);
    if (status == 0)
        status = container_launch(container, request, err);
    return status < 0 ? status : 1;
}

int container_start_prepared(const struct cordon_request *request, const struct tier_ops *ops, struct prepared *prepared,
                             const struct shared_assembly *shared, struct cordon_container **ret_container, struct error *err)
{
    struct error failure = ERROR_INIT;
    struct event_log *log = NULL;
    cleanup_with(container_free_at) struct cordon_container *container = NULL;
    int status = launch_container_new(request, &container, err);

    if (status < 0)
        return status;
    container->log = take_ptr(prepared->log);
    container->assembly.ops = ops; /* for who gives it back */
    container->prepared = take_ptr(prepared->run);
    status = shared ? start_shared(container, request, shared, &failure) : 0;
    if (status == 0)
        status = start(container, request, &failure);
    if (status < 0) {
        status = give_up(container, request, status, &failure, &log, err);
        return log ? start_here(request, false, log, ret_container, err) : status;
    }
    *ret_container = take_ptr(container);
    return 0;
}

int container_start(const struct cordon_request *request, struct cordon_container **ret_container, struct error *err)
{
    int status = inside_start(request, ret_container, err);

    return status > 0 ? start_here(request, false, NULL, ret_container, err) : status;
}

int container_create(const struct cordon_request *request, struct cordon_container **ret_container, struct error *err)
{
    return start_here(request, true, NULL, ret_container, err);
}
