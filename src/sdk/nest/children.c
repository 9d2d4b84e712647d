/* SPDX-License-Identifier: Apache-2.0 */
/* The containers inside of one, for whoever started it and tells others of them: which there are, and what may be asked of each. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/spawn.h"
#include "sdk/keeping.h"
#include "sdk/nest/nests_inside.h"

#define OBEY_MS 5000 /* a nester that was told to end its container has done so, or is ended */

void nests_told_runs(struct nester *nester, const struct nest_runs *runs)
{
    nester->told = *runs;
    nester->started_ms = clock_real_ns() / NS_PER_MS;
}

void nests_told_end(struct nests *nests, struct nester *nester)
{
    struct nest_ended *ended;

    if (!nester->is_told)
        return;
    nester->is_told = false;
    if (nests->ended_count == NESTS_MAX)
        return; /* nobody asks */
    ended = &nests->ended[nests->ended_count++];
    memcpy(ended->id, nester->id, sizeof(ended->id));
    ended->status = nester->status;
    if (nester->has_status)
        return;
    ended->status = (struct cordon_status){.end = CORDON_END_LOST, .exit_status = 125};
    snprintf(ended->status.text, sizeof(ended->status.text), "the container was ended with who asked for it, or with the one around");
}

static void tell(const struct cordon_container *container, int place, struct container_child *ret_child)
{
    const struct nests *nests = &container->nests;
    const struct nester *nester = &nests->items[place];
    auto_text struct text identity = {0};

    *ret_child = (struct container_child){.started_ms = nester->started_ms, .pid = spawn_pid_of(nester->init)};
    nests_put_identity(nests, container, place, &identity);
    memcpy(ret_child->id, nester->id, sizeof(ret_child->id));
    if (nester->parent >= 0)
        memcpy(ret_child->parent, nests->items[nester->parent].id, sizeof(ret_child->parent));
    snprintf(ret_child->identity, sizeof(ret_child->identity), "%s", identity.is_broken ? "" : identity.data);
    snprintf(ret_child->command, sizeof(ret_child->command), "%s", nester->told.command);
}

int container_child_news(struct cordon_container *container, struct container_child *ret_child)
{
    struct nests *nests = &container->nests;

    if (nests->ended_count) {
        const struct nest_ended *ended = &nests->ended[--nests->ended_count];

        *ret_child = (struct container_child){.has_ended = true, .status = ended->status};
        memcpy(ret_child->id, ended->id, sizeof(ret_child->id));
        return 1;
    }
    for (int i = 0; nests->items && i < NESTS_MAX; i++) {
        struct nester *nester = &nests->items[i];

        if (!nester->runs || nester->is_told)
            continue;
        nester->is_told = true;
        tell(container, i, ret_child);
        return 1;
    }
    return 0;
}

int container_child_next(const struct cordon_container *container, size_t *at, struct container_child *ret_child)
{
    const struct nests *nests = &container->nests;

    for (; nests->items && *at < NESTS_MAX; ++*at)
        if (nests->items[*at].runs) {
            tell(container, (int)(*at)++, ret_child);
            return 1;
        }
    return 0;
}

static struct nester *find(struct nests *nests, const char *id)
{
    for (int i = 0; nests->items && i < NESTS_MAX; i++)
        if (nests->items[i].runs && strcmp(nests->items[i].id, id) == 0)
            return &nests->items[i];
    return NULL;
}

int container_child_order(struct cordon_container *container, const char *id, enum container_order order, uint64_t value, struct error *err)
{
    static const uint32_t types[] = {[CONTAINER_SIGNAL] = NEST_SIGNAL, [CONTAINER_STOP] = NEST_STOP, [CONTAINER_KILL] = NEST_KILL};
    struct nester *nester = find(&container->nests, id);
    struct nest_packet packet = {.type = types[order], .value = value < INT32_MAX ? (int32_t)value : INT32_MAX};
    uint64_t due_ns = clock_monotonic_ns() + ((order == CONTAINER_STOP ? (uint64_t)packet.value : 0) + OBEY_MS) * NS_PER_MS;

    if (!nester)
        return error_set(err, ERROR_NOT_FOUND, ESTALE, "stale_id: container %s has ended", id);
    if (container->is_frozen)
        return error_set(err, ERROR_INVALID, EBUSY, "container %s is inside one that is frozen: thaw that, or end it", id);
    if (nest_send(nester->worker.channel, &packet, NULL, 0) < 0 && order == CONTAINER_SIGNAL)
        return error_set(err, ERROR_SYSTEM, EAGAIN, "container %s takes no order at the moment", id);
    if (order != CONTAINER_SIGNAL && (!nester->due_ns || due_ns < nester->due_ns))
        nester->due_ns = due_ns;
    return 0;
}
