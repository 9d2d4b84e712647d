/* SPDX-License-Identifier: Apache-2.0 */
/* The public face of containers that stand: made, stopped, frozen. Their programs are in programs.c. */
#include <errno.h>
#include <signal.h>

#include "base/clock.h"
#include "sdk/container.h"
#include "sdk/remote.h"

#define GRACE_MAX_MS ((uint64_t)366 * 24 * 3600 * 1000)

int cordon_create(const struct cordon_request *request, struct cordon_container **ret_container, struct cordon_error *err)
{
    return container_create(request, ret_container, public_error(err));
}

/* Of one that somebody else runs only its end is known here. */
static int check_own(const struct cordon_container *container, struct error *err)
{
    if (container->run)
        return 0;
    return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "the container is another process's to stop and to freeze: ask that one");
}

int cordon_container_stop(struct cordon_container *container, uint64_t grace_ms, struct cordon_error *err)
{
    const struct tier_ops *ops = container->assembly.ops;
    uint64_t at;
    int status = 0;

    if (grace_ms > GRACE_MAX_MS)
        return error_set(public_error(err), ERROR_LIMIT, ERANGE, "a container is given at most 366 days to stop");
    if (container->state != CONTAINER_RUNNING)
        return 0;
    if (container->remote)
        return remote_stop(container->remote, grace_ms, public_error(err));
    status = check_own(container, public_error(err));
    if (status < 0)
        return status;
    if (ops->freeze && container->is_frozen)
        status = cordon_container_thaw(container, err);
    if (status == 0 && grace_ms)
        status = ops->signal(container->run, SIGTERM, public_error(err));
    if (status < 0)
        return status;
    at = clock_monotonic_ns() + grace_ms * NS_PER_MS;
    container->is_stop_asked = true;
    if (!container->deadlines.stop_ns || at < container->deadlines.stop_ns)
        container->deadlines.stop_ns = at;
    return container->watch.epoll >= 0 ? watch_update(container, public_error(err)) : 0;
}

static int freeze(struct cordon_container *container, bool is_frozen, struct error *err)
{
    const struct tier_ops *ops = container->assembly.ops;
    int status;

    if (container->state != CONTAINER_RUNNING)
        return error_set(err, ERROR_INVALID, ESRCH, "the container has ended");
    if (container->remote)
        return remote_freeze(container->remote, is_frozen, err);
    status = check_own(container, err);
    if (status < 0)
        return status;
    if (!ops->freeze)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "this tier freezes nothing");
    status = ops->freeze(container->run, is_frozen, err);
    if (status == 0)
        container->is_frozen = is_frozen;
    return status;
}

int cordon_container_freeze(struct cordon_container *container, struct cordon_error *err)
{
    return freeze(container, true, public_error(err));
}

int cordon_container_thaw(struct cordon_container *container, struct cordon_error *err)
{
    return container->is_frozen || container->remote ? freeze(container, false, public_error(err)) : 0;
}
