/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Containers inside of one that a launcher made: that one starts their nesters, each in the group of the container that asked, and their first
 * processes, each with a login uid and a group of its own (docs/decisions/0265). Whoever started the outermost container is all that the launcher hears.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "launcher/client.h"
#include "sdk/nest/nests_inside.h"

/* By which the launcher knows the container at `place`. */
static const char *id_of(const struct nests *nests, const struct cordon_container *container, int place)
{
    const struct tier_ops *ops = container->assembly.ops;
    const struct tier_spawned *spawned;
    bool has_own_uid;

    if (place >= 0)
        return nests->items[place].id;
    spawned = ops->spawned ? ops->spawned(container->run, &has_own_uid) : NULL;
    return spawned ? spawned->id : "";
}

int nests_launch_nester(const struct nests *nests, const struct cordon_container *container, int parent, struct worker *worker, struct error *err)
{
    auto_close int inner = -1;
    int ends[2], status = worker_pair(ends, err);

    if (status < 0)
        return status;
    worker->channel = ends[0];
    inner = ends[1];
    return launcher_nester(container->launcher, id_of(nests, container, parent), inner, &worker->pid, &worker->pidfd, err);
}

/* A nester that has read nothing yet says for which container; that it is inside of the one whose program asked is known here. */
static int make(struct nests *nests, const struct cordon_container *container, int place, const struct nest_packet *packet, int channel,
                struct tier_spawned *ret_spawned, struct error *err)
{
    const struct tier_spawner *spawner = launcher_spawner(container->launcher);
    struct nester *nester = &nests->items[place];
    const struct tier_spawn spawn = {.id = packet->id, .around = id_of(nests, container, nester->parent), .channel = channel,
                                     .capabilities = packet->spawned.capabilities};
    int status = spawner->spawn(spawner->context, &spawn, ret_spawned, err);

    if (status < 0)
        return status;
    nester->init = ret_spawned->pidfd;
    nester->is_launched = true;
    memcpy(nester->id, packet->id, sizeof(nester->id));
    nests_keep_record(nests, container, packet->id);
    return 0;
}

int nests_spawn(struct nests *nests, const struct cordon_container *container, int place, const struct nest_packet *packet, int channel)
{
    struct nester *nester = &nests->items[place];
    struct nest_packet answer = {.type = NEST_SPAWNED};
    struct sensor sensor = SENSOR_INIT;
    struct tier_spawned made;
    const char *why;
    int status;

    if (!container->launcher || nester->init >= 0 || *nester->id)
        return -EBADMSG;
    if (make(nests, container, place, packet, channel, &made, &answer.error) < 0) {
        answer.type = NEST_FAILED;
        return nest_send(nester->worker.channel, &answer, NULL, 0) < 0 ? -EPIPE : 1;
    }
    answer.spawned = (struct nest_spawned){.pid = (uint32_t)made.pid, .uid = made.uid, .gid = made.gid, .login_uid = made.login_uid,
                                           .session = made.session, .cgroup_id = made.cgroup_id};
    memcpy(answer.spawned.cgroup, made.cgroup, sizeof(made.cgroup));
    /* before its program runs; what it is refused is not those around's then */
    if (nests->has_sensor)
        (void)!sensor_announce(&sensor, nests->sensor, &made, &why);
    status = nest_send(nester->worker.channel, &answer, (const int[]){made.pidfd, sensor.worker.channel}, sensor.worker.channel >= 0 ? 2 : 1);
    fd_close_at(&sensor.worker.channel);
    return status < 0 ? -EPIPE : 1;
}

void nests_launched_end(const struct cordon_container *container, struct nester *nester)
{
    const struct tier_spawner *spawner = container->launcher ? launcher_spawner(container->launcher) : NULL;

    if (nester->is_launched && spawner)
        spawner->end(spawner->context, nester->id);
    nester->is_launched = false;
}
