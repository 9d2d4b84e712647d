/* SPDX-License-Identifier: Apache-2.0 */
/* A container as an object of the caller's: made, found at the daemon by its name, refused, and freed with all that is left of it. start.c starts it. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "launcher/client.h"
#include "sdk/container.h"
#include "sdk/launch.h"
#include "sdk/pending.h"
#include "sdk/programs.h"
#include "sdk/remote.h"
#include "sdk/review.h"

static void container_free_at(struct cordon_container **container)
{
    cordon_container_free(*container);
}

static int held(void *context, const struct worker_message *message, struct error *err)
{
    if (message && message->type == WORKER_HELD && message->kind == WORKER_HELD_RECORD)
        return pending_connection(context, message);
    return asks_held(context, message, err);
}

static bool executed(void *context, unsigned pid, char *ret_path, size_t size)
{
    const struct cordon_container *container = context;
    const struct tier_ops *ops = container->assembly.ops;

    return container->run && ops->executed && ops->executed(container->run, pid, ret_path, size);
}

/* Before anything else is opened: it looks which streams the caller has. */
int container_new(const struct cordon_request *request, struct cordon_container **ret_container, struct error *err)
{
    struct cordon_container *container = mem_alloc(sizeof(*container));

    if (!container)
        return error_memory(err);
    container->streams = STREAMS_INIT;
    streams_look(&container->streams);
    container->watch = WATCH_INIT;
    container->workers = WORKERS_INIT;
    container->sensor = SENSOR_INIT;
    container->review.lock = -1;
    container->self = SELF_INIT;
    container->self.identify = self_identify;
    container->self.identify_context = container;
    container->signing = SIGNING_INIT;
    container->nests = NESTS_INIT;
    container->sources = -1;
    container->workers.executed = executed;
    container->workers.executed_context = container;
    container->workers.held = held;
    container->workers.held_context = container;
    container->cancel_fd = request ? request->cancel_fd : -1;
    container->asks.timeout_ms = request ? request->ask_ms : 0;
    *ret_container = container;
    return 0;
}

int container_refused(struct cordon_container *container, int status, struct error *failure, struct error *err)
{
    /* the refusal is what the caller hears of, also when it cannot be recorded as well */
    container->failure = *failure;
    container->state = CONTAINER_FAILED;
    if (container->log && event_run_failed(container->log, failure, NULL) < 0)
        error_prepend(failure, "(not recorded)");
    if (err)
        *err = *failure;
    return status;
}

int launch_container_new(const struct cordon_request *request, struct cordon_container **ret_container, struct error *err)
{
    cleanup_with(container_free_at) struct cordon_container *container = NULL;
    int status = container_new(request, &container, err);

    if (status < 0)
        return status;
    if (request->launcher_fd >= 0 && !(container->launcher = launcher_new(request->launcher_fd)))
        return error_memory(err);
    container->signing.given = request->signer;
    *ret_container = take_ptr(container);
    return 0;
}

int cordon_attach(const char *name, struct cordon_container **ret_container, struct cordon_error *err)
{
    cleanup_with(container_free_at) struct cordon_container *container = NULL;
    int status = container_new(NULL, &container, public_error(err));

    if (status < 0)
        return status;
    if (!name || !*name)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "attach: which container?");
    status = remote_attach(container, name, public_error(err));
    if (status == 0)
        *ret_container = take_ptr(container);
    return status;
}

int cordon_exec(const char *name, const struct cordon_request *request, struct cordon_container **ret_container, struct cordon_error *err)
{
    cleanup_with(container_free_at) struct cordon_container *container = NULL;
    int status;

    if (!name || !*name)
        return error_set(public_error(err), ERROR_INVALID, EINVAL, "execute: in which container?");
    status = container_new(request, &container, public_error(err));
    if (status == 0)
        status = streams_check(request, public_error(err));
    if (status == 0)
        status = remote_exec(container, name, request, public_error(err));
    if (status == 0)
        *ret_container = take_ptr(container);
    return status;
}

void cordon_container_free(struct cordon_container *container)
{
    if (!container)
        return;
    watch_close(&container->watch);
    remote_free(take_ptr(container->remote));
    if (container->prepared)
        container->assembly.ops->finish(container->prepared);
    if (container->run) {
        if (container->is_frozen && container->nests.number) { /* none of them ends before it is thawed */
            nests_kill(&container->nests);
            (void)!container->assembly.ops->kill(container->run, NULL);
        }
        nests_end(&container->nests, container);
        container_give_up(container);
        /* kills what still runs */
        container->assembly.ops->finish(container->run);
    }
    programs_leave(container);
    workers_kill(&container->workers);
    sensor_kill(&container->sensor);
    run_review_end(&container->review, container->assembly.places.runs, container->log ? event_log_run_id(container->log) : "",
                   container->run != NULL);
    self_close(&container->self);
    signing_close(&container->signing);
    nests_close(&container->nests, container);
    inside_free(container->inside);
    fd_close_at(&container->sources);
    asks_close(&container->asks);
    mem_free(container->held);
    streams_close(&container->streams);
    findings_finish(&container->findings);
    denials_finish(&container->denials);
    event_log_free(container->log);
    assembly_finish(&container->changed);
    assembly_finish(&container->stood);
    assembly_finish(&container->assembly);
    shared_assembly_drop(container->shared);
    text_finish(&container->authorities);
    text_finish(&container->java_store);
    launcher_free(container->launcher);
    mem_free(container);
}
