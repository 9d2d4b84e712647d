/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/pending.h"

#include <errno.h>

#include "sdk/told.h"

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

/* What has no room left among the records of the network is not recorded, and so does not happen. */
int pending_connection(struct cordon_container *container, const struct worker_message *message)
{
    struct worker_message about = *message;
    struct error failure = ERROR_INIT;
    int status = -ENOSPC;

    about.type = WORKER_EVENT;
    about.kind = WORKER_CONNECTED;
    if (container->state == CONTAINER_RUNNING && event_network_has_room(container->log)) {
        event_pending(container->log);
        status = event_settle(container->log, told_record(&container->workers, &about, container->log, &failure), &failure);
    }
    workers_answer(&container->workers, message->connection, status == 0, 0);
    return 0;
}
