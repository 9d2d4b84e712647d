/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers inside of containers, which one keeper has: each has a login uid and a control group of its own, the group below that of the one around, and the uid of
 * the outermost one, because what it is shown are mounts that were mapped for that (docs/decisions/0265).
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "launcher/server.h"

static const struct container *outermost(const struct container *container)
{
    while (container->around)
        container = container->around;
    return container;
}

uint32_t container_uid(const struct container *container)
{
    const struct container *outer = outermost(container);

    return outer->has_own_uid ? outer->uid : outer->group->peer.uid;
}

uint32_t container_gid(const struct container *container)
{
    const struct container *outer = outermost(container);

    return outer->has_own_uid ? outer->uid : outer->group->peer.gid;
}

bool container_is_within(const struct container *container, const struct container *around)
{
    for (const struct container *at = container->around; at; at = at->around)
        if (at == around)
            return true;
    return false;
}

const char *container_place(const struct container *container, char ret_text[LAUNCH_CGROUP_SIZE])
{
    const struct container *levels[LAUNCH_LEVELS_MAX];
    size_t count = 0, used = 0;

    for (const struct container *at = container; at && count < LAUNCH_LEVELS_MAX; at = at->around)
        levels[count++] = at;
    ret_text[0] = '\0';
    for (; count && used < LAUNCH_CGROUP_SIZE; count--) /* container_put_inside() lets in what has room */
        used += (size_t)snprintf(ret_text + used, LAUNCH_CGROUP_SIZE - used, "%s%s", used ? "/" : "", levels[count - 1]->id);
    return ret_text;
}

int container_put_inside(const struct server *server, struct container *container, struct container *around, struct error *err)
{
    char place[LAUNCH_CGROUP_SIZE];
    size_t levels = 1, length;

    if (around == container || container_is_within(around, container))
        return error_set(err, ERROR_INVALID, ELOOP, "a container is not inside of itself");
    for (const struct container *at = around; at; at = at->around)
        levels++;
    length = strlen(server->cgroups.path) + strlen(around->group->name) + strlen(container_place(around, place)) + strlen(container->id) + 4;
    if (levels > LAUNCH_LEVELS_MAX || length > LAUNCH_CGROUP_SIZE)
        return error_set(err, ERROR_LIMIT, E2BIG, "at most %d containers are inside of each other, with control groups of at most %d bytes", LAUNCH_LEVELS_MAX,
                         LAUNCH_CGROUP_SIZE - 1);
    container->around = around;
    around->inside++;
    return 0;
}

void container_take_out(struct container *container)
{
    if (container->around)
        container->around->inside--;
    container->around = NULL;
}
