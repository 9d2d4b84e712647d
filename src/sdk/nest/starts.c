/* SPDX-License-Identifier: Apache-2.0 */
/* Nesters are counted and begun, by the one who started the outermost container. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/container.h"
#include "sdk/nest/nests_inside.h"

#define STEP_BEGINS 4 /* nesters that one step begins: the container wants attention as well */

/* ---- counting ---- */

bool nester_is_there(const struct nester *nester)
{
    return nester->worker.pidfd >= 0;
}

/* Is `place` inside the container of `around` (-1 = the outermost)? */
bool nests_is_inside(const struct nests *nests, int place, int around)
{
    for (int at = place; at >= 0; at = nests->items[at].parent)
        if (nests->items[at].parent == around)
            return true;
    return false;
}

/* Is there room for one more inside of `parent`, by the numbers of all containers around it? */
static int check_room(const struct nests *nests, int parent, struct error *err)
{
    for (int around = parent;; around = nests->items[around].parent) {
        unsigned most = around < 0 ? nests->number : nests->items[around].number, count = 0;

        for (int i = 0; i < NESTS_MAX; i++)
            count += nester_is_there(&nests->items[i]) && nests_is_inside(nests, i, around);
        if (count >= most)
            return error_set(err, ERROR_LIMIT, EAGAIN, "nested.number: %u containers are inside already", most);
        if (around < 0)
            return 0;
    }
}

static int find_place(const struct nests *nests, struct error *err)
{
    for (int i = 0; i < NESTS_MAX; i++)
        if (!nester_is_there(&nests->items[i]) && !nests->items[i].is_resting)
            return i;
    return error_set(err, ERROR_LIMIT, EAGAIN, "nested.number: too many containers inside end just now: try again");
}

/* ---- beginning ---- */

/* It counts for the container around, and so for all around that; the outermost one's group is joined first. */
static int join_groups(const struct nests *nests, const struct cordon_container *container, int parent, pid_t pid, struct error *err)
{
    const struct tier_ops *ops = container->assembly.ops;
    int status = parent < 0 ? ops->adopt(container->run, pid, err)
                            : join_groups(nests, container, nests->items[parent].parent, pid, err);

    if (status == 0 && parent >= 0 && nests->items[parent].group)
        status = ops->group_join(nests->items[parent].group, pid, err);
    return status;
}

static int service_bit(const struct cordon_container *container)
{
    static const int bits[] = {[SERVICE_NONE] = 0, [SERVICE_OF_USER] = NEST_OF_USER, [SERVICE_OF_SYSTEM] = NEST_OF_SYSTEM};

    return bits[container->assembly.service];
}

/* What it uses counts for the container that asked, and it waits for the first word before it uses anything. */
static int begin_worker(const struct nests *nests, const struct cordon_container *container, int parent, struct worker *worker, struct error *err)
{
    int status;

    if (container->launcher)
        return nests_launch_nester(nests, container, parent, worker, err);
    status = worker_begin(worker, nests->program, "cordon-nester", err);
    return status < 0 ? status : join_groups(nests, container, parent, worker->pid, err);
}

bool nests_has_signer(const struct cordon_container *container)
{
    return container->signing.given;
}

/* The descriptors of NEST_HELLO are the caller's. */
int nests_begin_one(struct nests *nests, const struct cordon_container *container, int parent, const int *fds, size_t count,
                 struct error *err)
{
    const struct event_recorder *recorder = nests->recorder;
    const struct nest_packet hello = {.type = NEST_HELLO,
                                      .value = (recorder ? NEST_WANTS_RECORDS : 0) | (recorder && recorder->settle ? NEST_WANTS_SETTLED : 0) |
                                               (nests_has_signer(container) ? NEST_HAS_SIGNER : 0) | service_bit(container) |
                                               (container->launcher ? NEST_HAS_LAUNCHER : 0)};
    struct nester *nester;
    int status = check_room(nests, parent, err), place;

    place = status < 0 ? status : find_place(nests, err);
    if (place < 0)
        return place;
    nester = &nests->items[place];
    status = begin_worker(nests, container, parent, &nester->worker, err);
    if (status == 0) {
        status = nest_send(nester->worker.channel, &hello, fds, count);
        if (status < 0)
            (void)!error_system(err, -status, "begin a container inside");
    }
    nester->parent = parent;
    nester->number = 0;
    nester->id[0] = '\0';
    if (status < 0)
        worker_kill(&nester->worker, NULL);
    return status;
}

static int open_namespace(const struct cordon_container *container, const char *name, struct error *err)
{
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/%d/ns/%s", (int)container->assembly.ops->pid(container->run), name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    return fd < 0 ? error_system(err, errno, "open %s", path) : fd;
}

/* What failed outside is no business of a program's, but for a limit that it met. */
void nests_refuse_plainly(int socket, const struct error *why)
{
    struct error plain = ERROR_INIT;

    (void)!error_set(&plain, why->kind, why->errnum, "a container inside cannot be begun: whoever runs the outermost one can see why with "
                                                     "`cordon doctor`");
    nest_refuse(socket, why->kind == ERROR_LIMIT ? why : &plain);
}

/* Of the outermost container, whose first process is this one's child: its number cannot be another's yet. */
static int begin_outermost(struct nests *nests, const struct cordon_container *container, int socket, struct error *err)
{
    auto_close int around = -1, user = -1, mounts = -1;
    int status = check_room(nests, -1, err);

    if (status == 0)
        status = worker_seal("what is around a container inside", nests->around.data, nests->around.length, &around, err);
    if (status < 0)
        return status;
    user = open_namespace(container, "user", err);
    mounts = user < 0 ? -1 : open_namespace(container, "mnt", err);
    if (mounts < 0)
        return -EIO;
    return nests_begin_one(nests, container, -1, (const int[]){around, user, mounts, socket}, 4, err);
}

void nests_begin_pending(struct nests *nests, const struct cordon_container *container)
{
    size_t done = 0;

    for (; done < nests->pending_count && (nests->forward || done < STEP_BEGINS); done++) {
        struct error why = ERROR_INIT;
        int socket = nests->pending[done];

        if (nests->forward)
            nests->forward(nests->context, socket);
        else if (begin_outermost(nests, container, socket, &why) < 0)
            nests_refuse_plainly(socket, &why);
        else
            close(socket);
    }
    nests->pending_count -= done;
    memmove(nests->pending, nests->pending + done, nests->pending_count * sizeof(*nests->pending));
}
