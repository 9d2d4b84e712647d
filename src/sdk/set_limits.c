/* SPDX-License-Identifier: Apache-2.0 */
/* Less for a container that runs: its own control group says what "now" is, and no policy or ceiling is ever passed, because it never gets more. */
#include <errno.h>
#include <string.h>

#include "base/number.h"
#include "sdk/container.h"
#include "sdk/remote.h"

static int read_limit(const char *member, struct tier_limits *limits, struct error *err)
{
    uint64_t *slots[] = {&limits->memory, &limits->pids, &limits->cpu_milli};
    static const char *const names[] = {"resources.memory=", "resources.pids=", "resources.cpus="};

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        size_t length = strlen(names[i]);
        int status;

        if (strncmp(member, names[i], length) != 0)
            continue;
        status = i == 0   ? number_parse_size(member + length, slots[i], err)
                 : i == 1 ? number_parse(member + length, 1, INT32_MAX, slots[i], err)
                          : number_parse_milli(member + length, slots[i], err);
        if (status == 0 && !*slots[i])
            status = error_set(err, ERROR_INVALID, ERANGE, "0 is none");
        if (status < 0 && err)
            error_prepend(err, "%.*s", (int)length - 1, names[i]);
        return status;
    }
    return error_set(err, ERROR_INVALID, EINVAL, "'%.60s': only resources.memory, resources.pids and resources.cpus of a container that runs can be less", member);
}

int cordon_container_set_limits(struct cordon_container *container, const char *const *members, struct cordon_error *public)
{
    struct error *err = public_error(public);
    struct tier_limits limits = {0};
    int status = 0;

    for (size_t i = 0; status == 0 && members[i]; i++)
        status = read_limit(members[i], &limits, err);
    if (status < 0)
        return status;
    if (container->state != CONTAINER_RUNNING)
        return error_set(err, ERROR_INVALID, ESRCH, "the container has ended");
    if (container->remote)
        return remote_set_limits(container->remote, members, err);
    if (!container->run || container->inside || !container->assembly.ops->limit)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "nothing here has a control group of this container: start it with these limits");
    status = container->assembly.ops->limit(container->run, &limits, err);
    if (status < 0)
        return status;
    status = event_container_updated(container->log, limits.memory, limits.pids, limits.cpu_milli, err);
    if (status < 0)
        error_prepend(err, "it has less from here on, and that could not be recorded");
    return status;
}
