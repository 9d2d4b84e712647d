/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/pending.h"

#include <errno.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sdk/keeping.h"
#include "sdk/told.h"

#define PENDING_HELD_MAX 256   /* connections at once */
#define PENDING_WAIT_MS  10000 /* as long as a logger that ended takes to come back */

bool pending_is_required(const struct cordon_container *container)
{
    return container->assembly.plan && container->assembly.plan->audit_mode == AUDIT_REQUIRED;
}

int pending_check(const struct plan *plan, const struct cordon_request *request, struct error *err)
{
    if (plan->audit_mode != AUDIT_REQUIRED)
        return 0;
    if (!request->recorder || !request->recorder->settle)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "audit.mode: required needs the audit log that the daemon writes: run it through the daemon (cordon run --daemon required), or say "
                         "`recorded`");
    if (request->is_reviewed)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "audit.mode: required: a review is committed by a command of its own, which writes no audit log: run it without a review");
    return 0;
}

static int settle(struct cordon_container *container, int status, const char *what, struct error *err)
{
    status = event_settle(container->log, status, err);
    if (status < 0)
        error_prepend(err, "audit.mode: required: %s", what);
    return status;
}

int pending_start(struct cordon_container *container, const char *const *argv, struct error *err)
{
    if (!pending_is_required(container))
        return 0;
    event_pending(container->log);
    return settle(container, container_record_start(container, argv, err), "nothing was started", err);
}

int pending_exec(struct cordon_container *container, const struct event_exec *exec, struct error *err)
{
    if (!pending_is_required(container))
        return 0;
    event_pending(container->log);
    return settle(container, event_exec_started(container->log, exec, err), "the program was not started", err);
}

int pending_network(struct cordon_container *container, const struct plan *plan, struct error *err)
{
    if (!pending_is_required(container))
        return 0;
    event_pending(container->log);
    return settle(container, event_network_changed(container->log, plan->policy_digest, err), "the former network holds", err);
}

static void answer(struct cordon_container *container, uint64_t connection, bool is_recorded)
{
    workers_answer(&container->workers, connection, is_recorded, 0, 0);
}

/* true = it is answered when its record is there, or its time is over. */
static bool wait_for(struct cordon_container *container, uint64_t connection, uint64_t at)
{
    if (event_is_settled(container->log, at))
        return false;
    if (!container->held)
        container->held = mem_alloc(PENDING_HELD_MAX * sizeof(*container->held));
    if (!container->held || container->held_count == PENDING_HELD_MAX)
        return false;
    container->held[container->held_count++] = (struct pending_held){connection, at, clock_monotonic_ns() + PENDING_WAIT_MS * NS_PER_MS};
    return true;
}

/* What has no room left among the records of the network is not recorded, and so does not happen. */
int pending_connection(struct cordon_container *container, const struct worker_message *message)
{
    struct worker_message about = *message;
    struct error failure = ERROR_INIT;
    uint64_t at = 0;
    int status = -ENOSPC;

    about.type = WORKER_EVENT;
    about.kind = WORKER_CONNECTED;
    if (container->state == CONTAINER_RUNNING && event_network_has_room(container->log)) {
        event_pending(container->log);
        status = event_settle_later(container->log, told_record(&container->workers, &about, container->log, &failure), &at, &failure);
    }
    if (status == 0 && wait_for(container, message->connection, at))
        return 0;
    answer(container, message->connection, status == 0 && event_is_settled(container->log, at));
    return 0;
}

void pending_step(struct cordon_container *container, uint64_t now_ns)
{
    size_t kept = 0;

    for (size_t i = 0; i < container->held_count; i++) {
        const struct pending_held held = container->held[i];
        bool is_there = event_is_settled(container->log, held.at);

        if (is_there || now_ns >= held.until_ns)
            answer(container, held.connection, is_there);
        else
            container->held[kept++] = held;
    }
    container->held_count = kept;
}

uint64_t pending_next_ns(const struct cordon_container *container)
{
    return container->held_count ? container->held[0].until_ns : 0; /* the first is the oldest */
}

bool container_waits_for_log(const struct cordon_container *container)
{
    return container->held_count > 0;
}
