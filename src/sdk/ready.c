/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A container that is kept ready: made without a program and without a record, and one day taken for a run, if a start would make
 * the same. pool.c says how many.
 */
#include <errno.h>
#include <string.h>

#include "sdk/kept.h"
#include "sdk/launch.h"
#include "sdk/network.h"
#include "sdk/pending.h"

static void container_free_at(struct cordon_container **container)
{
    cordon_container_free(*container);
}

/*
 * Nothing is kept ready of what is read when a container is made and must be that of its start: secrets, and whom servers are
 * believed by.
 */
static int ready_is_possible(const struct assembly *assembly, struct error *err)
{
    const struct plan *plan = assembly->plan;

    if (plan->secret_count)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "secrets are read when a run starts, so nothing is kept ready for them");
    if (plan->network == PLAN_NET_GATEWAY && workers_need_inspector(plan->net_rules))
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "authorities are read when a run starts, so nothing is kept ready for them");
    if (plan->nested_number)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "containers inside are counted from a run's start, so nothing is kept ready for them");
    if (plan->wall != PLAN_WALL_NAMESPACES)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "without namespaces nothing can be kept ready");
    return 0;
}

/* As the one before, if another compilation would come to the same. */
static int copy_last(struct cordon_container *container, const struct cordon_request *request, struct shared_assembly *last, struct error *err)
{
    int status = shared_assembly_holds(last, request, err);

    if (status > 0)
        status = assembly_copy(&container->assembly, last, err) < 0 ? -ENOMEM : 1;
    if (status <= 0)
        return status;
    container->shared = shared_assembly_keep(last);
    container_prepare(container, request);
    network_prepare(container);
    return 1;
}

/* From the documents to the plan, and what was seen meanwhile. What proves nothing is nobody else's. */
static int compile_noted(struct cordon_container *container, const struct cordon_request *request, struct shared_assembly **last, struct error *err)
{
    struct looks *looks = looks_begin();
    const struct tier_ops *ops;
    int status = assembly_begin(&container->assembly, request, err);

    if (status == 0)
        status = launch_compile(container, request, err);
    looks = looks_end(looks);
    ops = container->assembly.ops;
    if (status == 0 && looks)
        container->shared = assembly_share(&container->assembly, looks);
    if (!container->shared) {
        looks_drop(looks);
        return status;
    }
    shared_assembly_retire(*last);
    *last = shared_assembly_keep(container->shared);
    container->assembly.ops = ops; /* whatever becomes of it, what began is given back */
    return assembly_copy(&container->assembly, container->shared, err);
}

int container_make_ready(const struct cordon_request *request, bool is_unsealed, struct shared_assembly **last,
                         struct cordon_container **ret_container, struct error *err)
{
    cleanup_with(container_free_at) struct cordon_container *container = NULL;
    int status = launch_container_new(request, &container, err);

    if (status == 0)
        status = event_log_name(&container->log, err);
    if (status < 0)
        return status;
    container->stands = container->is_kept_ready = true;
    container->is_unsealed = is_unsealed;
    status = *last ? copy_last(container, request, *last, err) : 0;
    if (status >= 0)
        status = status > 0 ? 0 : compile_noted(container, request, last, err);
    if (status == 0 && container->shared)
        status = shared_assembly_watch(*last, request, err);
    if (status == 0)
        event_log_prepare(container->log, container->assembly.places.runs);
    if (status == 0)
        status = ready_is_possible(&container->assembly, err);
    if (status == 0)
        status = network_begin(container, err);
    if (status == 0)
        status = launch_tier(container, request, NULL, err);
    if (status == 0)
        *ret_container = take_ptr(container);
    return status;
}

int container_settle(struct cordon_container *container, const struct cordon_request *request, bool waits, struct error *err)
{
    struct launch_given given;

    launch_fill(&given, container, request, NULL);
    return container->assembly.ops->settle(container->run, &given.start, waits, err);
}

/* What stands was made by another compilation: is it what this one would make? Then this one takes its place. */
static int suits(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    struct assembly fresh = {0};
    struct launch_given given;
    int status = assembly_begin(&fresh, request, err);

    if (status == 0)
        assembly_take_machine(&fresh, &container->assembly);
    if (status == 0)
        status = assembly_load(&fresh, request, err);
    if (status == 0)
        status = assembly_compile(&fresh, request, false, err);
    if (status == 0) {
        container->stood = container->assembly; /* workers and tier have texts of it */
        container->assembly = fresh;
        fresh = (struct assembly){0};
        status = ready_is_possible(&container->assembly, err);
    }
    if (status == 0)
        status = workers_have_rules(&container->workers, container->assembly.plan->net_rules, err);
    if (status > 0) {
        launch_fill(&given, container, request, NULL);
        status = container->assembly.ops->suits(container->run, &given.start, err);
    }
    assembly_finish(&fresh);
    return status;
}

/*
 * Where everything that the compilation saw is as it was, and the limits of this kernel and caller too, another one would come to the same: then it is
 * spared. What has moved is not refused for that: it is compiled and compared.
 */
static int proves(struct cordon_container *container, const struct cordon_request *kept_for, const struct cordon_request *request, struct error *err)
{
    if (!container->shared || !request_is_same_container(kept_for, request))
        return 0;
    return assembly_take_request(&container->assembly, container->shared, request, err);
}

/* One that is taken: for a program that is begun. */
struct taking {
    struct cordon_container *container;
    const struct cordon_request *request;
    const char *const *argv; /* NULL = it has no command */
    bool is_recorded;
};

/* Its record, and in it what it was asked for. */
static int record(void *context, struct error *err)
{
    struct taking *taking = context;
    struct cordon_container *container = taking->container;
    int status = launch_begin_record(container, taking->request, err);

    taking->is_recorded = true;
    return status < 0 || !taking->argv ? status : kept_write(container->log, &container->assembly, taking->request, taking->argv, err);
}

/*
 * The record is made while the program begins (a disk takes long), unless somebody else has to have it first or says where it goes. Where it cannot be
 * made the program is ended, as where its start cannot be recorded.
 */
static bool is_recorded_first(const struct cordon_container *container, const struct cordon_request *request)
{
    return pending_is_required(container) || request->events_fd >= 0 || request->events_file;
}

static int take_program(struct taking *taking, struct error *err)
{
    struct cordon_container *container = taking->container;
    const struct cordon_request *request = taking->request;
    const struct assembly *assembly = &container->assembly;
    const struct streams *streams = &container->streams;
    bool is_unsealed = container->is_unsealed;
    struct launch_given given;
    struct tier_program program;
    struct tier_exec exec;

    container->stands = container->is_kept_ready = false;
    container->deadlines.stamp_ns = 0;
    container_set_deadlines(container, request->timeout_ms);
    launch_fill(&given, container, request, NULL);
    exec = (struct tier_exec){
        .argv = taking->argv,
        .env = (const char *const *)assembly->plan->env,
        .cwd = assembly->plan->cwd,
        .stdio = {streams->inside[0], streams->inside[1], streams->inside[2]},
        .is_main = true,
        .seals = is_unsealed ? &given.start : NULL,
        .deadline_ns = container->deadlines.timeout_ns,
        .cancel_fd = request->cancel_fd >= 0 ? &request->cancel_fd : NULL,
        .meanwhile = taking->is_recorded ? NULL : record,
        .context = taking,
    };
    container->is_unsealed = false;
    launch_announce(container, request);
    served_begin(container, false);
    served_prepare(container);
    return assembly->ops->exec(container->run, &exec, &program, err);
}

/* From here on it is a run like any other; what fails is recorded in it. */
static int take(struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    struct taking taking = {.container = container, .request = request};
    const char *by_shell[4];
    bool has_begun = false;
    int status = launch_name_record(container, err);

    if (status < 0)
        return status;
    status = launch_find_command(container, request, by_shell, &taking.argv, err);
    if (status == 0)
        status = launch_find_streams(container, request, err);
    if (status == 0 && is_recorded_first(container, request))
        status = record(&taking, err);
    if (status == 0)
        status = pending_start(container, taking.argv, err);
    has_begun = status == 0;
    if (has_begun)
        status = take_program(&taking, err);
    if (status < 0 && !taking.is_recorded)
        (void)!record(&taking, NULL); /* that it was refused */
    return has_begun ? launch_started(container, request, taking.argv, status, err) : status;
}

int container_take_ready(struct cordon_container *container, const struct cordon_request *kept_for, const struct cordon_request *request,
                         bool *ret_is_proved, struct error *err)
{
    struct error failure = ERROR_INIT;
    int status;

    container->cancel_fd = request->cancel_fd;
    container->signing.given = request->signer;
    streams_look(&container->streams);
    status = proves(container, kept_for, request, &failure);
    *ret_is_proved = status > 0;
    if (status <= 0 && suits(container, request, &failure) <= 0)
        return 0; /* whatever refuses this refuses a start from nothing, too, and in its record */
    status = take(container, request, &failure);
    return status < 0 ? container_refused(container, status, &failure, err) : 1;
}
