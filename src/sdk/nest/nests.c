/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/nest/nests.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/spawn.h"
#include "sdk/container.h"
#include "sdk/helpers.h"
#include "sdk/nest/around.h"
#include "sdk/nest/nests_inside.h"

#define STEP_PACKETS 16 /* of one nester at once */
#define END_MS       5000 /* the kernel ends a first process that was killed; more than this it never took */

void nest_refuse(int fd, const struct error *why)
{
    struct nest_packet packet = {.type = NEST_FAILED};

    packet.error = *why;
    (void)!nest_send(fd, &packet, NULL, 0); /* who does not listen loses nothing */
    close(fd);
}

/* What would be seen of the container, or decided by a person, would be neither of those inside. */
static int check_possible(const struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    if (request->watch != CORDON_WATCH_REFUSED || request->is_learning)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "nested.containers: what containers inside do would not be watched: watch no more than refusals, or leave it out");
    return 0;
}

static int put_around(const struct nests *nests, const struct cordon_container *container, const struct assembly *assembly,
                      const struct cordon_request *request, struct text *out, struct error *err)
{
    if (nests->outer)
        text_add_n(out, nests->outer, nests->outer_size);
    else
        around_put_outermost(out, &container->assembly, container->launcher);
    around_put_level(out, assembly, request, event_log_run_id(container->log), container->identity.text);
    if (out->is_broken)
        return error_memory(err);
    if (out->length > NEST_BYTES_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "nested.containers: the policies have more than %zu bytes together", NEST_BYTES_MAX);
    return 0;
}

int nests_change(struct nests *nests, const struct cordon_container *container, const struct assembly *changed,
                 const struct cordon_request *request, struct error *err)
{
    auto_text struct text around = {0};
    int status = 0;

    if (nests->number && container->is_frozen) /* those inside would not end */
        return error_set(err, ERROR_INVALID, EBUSY, "a container that has others inside is frozen: thaw it before its network is changed");
    if (nests->number)
        status = put_around(nests, container, changed, request, &around, err);
    if (status < 0 || !nests->number)
        return status;
    text_finish(&nests->around);
    nests->around = around;
    around = (struct text){0};
    nests_end(nests, container);
    return 0;
}

int nests_begin(struct nests *nests, const struct cordon_container *container, const struct cordon_request *request,
                struct error *err)
{
    const struct assembly *assembly = &container->assembly;
    int status;

    if (!assembly->plan->nested_number)
        return 0;
    status = check_possible(container, request, err);
    if (status == 0)
        status = put_around(nests, container, assembly, request, &nests->around, err);
    if (status < 0)
        return status;
    nests->number = assembly->plan->nested_number;
    if (nests->forward)
        return 0;
    status = helpers_find_nester(assembly->policy->arena, &assembly->places, &nests->program, err);
    if (status < 0)
        return status;
    nests->records = mem_alloc(NESTS_RECORDS * sizeof(*nests->records));
    nests->ended = mem_alloc(NESTS_MAX * sizeof(*nests->ended));
    nests->items = mem_alloc(NESTS_MAX * sizeof(*nests->items));
    nests->recorder = request->recorder;
    nests->sensor = request->sensor_fd >= 0 && container->launcher ? fcntl(request->sensor_fd, F_DUPFD_CLOEXEC, 3) : -1;
    nests->has_sensor = nests->sensor >= 0;
    if (!nests->items || !nests->records || !nests->ended)
        return error_memory(err);
    for (size_t i = 0; i < NESTS_MAX; i++)
        nests->items[i] = (struct nester){.worker = WORKER_INIT("the nester"), .init = -1, .parent = -1};
    return 0;
}

void nests_take(struct nests *nests, int fd)
{
    struct error why = ERROR_INIT;

    if (nests->pending_count < NESTS_PENDING) {
        nests->pending[nests->pending_count++] = fd;
        return;
    }
    (void)!error_set(&why, ERROR_LIMIT, EAGAIN, "too many ask for a container inside at once: try again");
    nest_refuse(fd, &why);
}

/* ---- hearing ---- */

static void await_end(int pidfd)
{
    struct pollfd end = {.fd = pidfd, .events = POLLIN};

    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    while (poll(&end, 1, END_MS) < 0 && errno == EINTR)
        ;
}

/* It is dead: what it had recorded by then is heard, and what it wanted is nothing any more. */
static void hear_last(struct nests *nests, const struct cordon_container *container, struct nester *nester)
{
    struct nest_packet packet;
    int fds[NEST_FDS_MAX], status;
    size_t count = 0;

    while ((status = nest_receive(nester->worker.channel, &packet, fds, &count, MSG_DONTWAIT)) > 0) {
        if (packet.type == NEST_RECORD && nests_take_record(nests, container, (int)(nester - nests->items), &packet) < 0)
            break;
        if (packet.type == NEST_ENDED) {
            nester->status = packet.status;
            nester->has_status = true;
        }
        nest_close_all(fds, count);
    }
}

/* And its container, whose first process ends by itself when the nester does, and at once by this. */
static void end_one(struct nests *nests, const struct cordon_container *container, struct nester *nester)
{
    await_end(nester->worker.pidfd);
    hear_last(nests, container, nester);
    worker_kill(&nester->worker, NULL);
    if (nester->init >= 0)
        await_end(nester->init);
    fd_close_at(&nester->init);
    nester->init = -1;
    nests_launched_end(container, nester);
    if (nester->group)
        container->assembly.ops->group_free(take_ptr(nester->group));
    nests_told_end(nests, nester);
    nests_record_ended(nests, container, nester);
    nests_end_record(nests, nester);
    nester->number = 0;
    nester->due_ns = 0;
    nester->has_status = false;
    nester->is_resting = true;
}

/* What was inside of it ends by its own lifeline; its place must not be another's before. */
static void gone(struct nests *nests, const struct cordon_container *container, int place)
{
    for (int i = 0; i < NESTS_MAX; i++)
        if (nester_is_there(&nests->items[i]) && nests_is_inside(nests, i, place))
            end_one(nests, container, &nests->items[i]);
    end_one(nests, container, &nests->items[place]);
}

static void forwarded(struct nests *nests, const struct cordon_container *container, int place, const int *fds)
{
    struct error why = ERROR_INIT;
    int socket = fcntl(fds[3], F_DUPFD_CLOEXEC, 3);

    if (nests_begin_one(nests, container, place, fds, 5, &why) < 0 && socket >= 0)
        nests_refuse_plainly(socket, &why);
    else if (socket >= 0)
        close(socket);
}

/* The limits that only a group keeps: below those of the containers around, so that theirs hold as well. */
static int make_group(struct nests *nests, const struct cordon_container *container, int place, const struct nest_limits *limits,
                      struct tier_counting *ret_counting, struct error *err)
{
    struct nester *nester = &nests->items[place];
    const struct tier_group *around = NULL;
    const struct tier_inner inner = {.id = nester->id,
                                     .pid = spawn_pid_of(nester->init),
                                     .limits = {limits->memory, limits->pids, limits->cpu_milli, limits->counts_cpu},
                                     .has_inner = nester->number};

    for (int at = nester->parent; at >= 0 && !around; at = nests->items[at].parent)
        around = nests->items[at].group;
    if (inner.pid <= 0)
        return error_set(err, ERROR_SYSTEM, ESRCH, "the first process of a container inside is gone");
    return container->assembly.ops->group_make(container->run, around, &inner, &nester->group, ret_counting, err);
}

static int grouped(struct nests *nests, const struct cordon_container *container, int place, const struct nest_packet *packet)
{
    struct nest_packet answer = {.type = NEST_GROUPED};
    struct tier_counting counting;
    int fds[NEST_FDS_MAX], status;
    size_t count = 0;

    if (make_group(nests, container, place, &packet->limits, &counting, &answer.error) < 0) {
        answer.type = NEST_FAILED;
        return nest_send(nests->items[place].worker.channel, &answer, NULL, 0);
    }
    answer.value = counting.is_v2;
    for (int i = 0; i < TIER_COUNT_FILES; i++)
        if (counting.files[i] >= 0) {
            answer.streams |= 1u << i;
            fds[count++] = counting.files[i];
        }
    status = nest_send(nests->items[place].worker.channel, &answer, fds, count);
    tier_counting_close(&counting);
    return status;
}

/* A connection for its container, and no other. What fails comes right, or not, when it asks again. */
static int signer_wanted(struct nests *nests, const struct cordon_container *container, int place)
{
    const struct nest_packet packet = {.type = NEST_SIGNER};
    auto_text struct text identity = {0};
    auto_close int fd = -1;

    nests_put_identity(nests, container, place, &identity);
    if (identity.is_broken || signer_link_serve(container->signing.given, identity.data, &fd, NULL) < 0)
        return 1;
    return nest_send(nests->items[place].worker.channel, &packet, &fd, 1) == 0 ? 1 : -EPIPE;
}

/* Of a packet without descriptors. */
static int heard(struct nests *nests, const struct cordon_container *container, int place, const struct nest_packet *packet)
{
    struct nester *nester = &nests->items[place];

    switch (packet->type) {
    case NEST_RECORD:
        return nests_take_record(nests, container, place, packet);
    case NEST_SETTLE:
        return nests_settle(nests, nester);
    case NEST_LIMITS:
        nester->number = packet->number < NESTS_MAX ? packet->number : NESTS_MAX;
        return 1;
    case NEST_RUNS:
        if (nester->init < 0 || nester->runs)
            return -EBADMSG;
        nests_told_runs(nester, &packet->runs);
        nests_record_started(nests, container, place);
        return 1;
    case NEST_GROUP:
        return nester->init < 0 || nester->group || container->launcher || grouped(nests, container, place, packet) < 0 ? -EBADMSG : 1;
    case NEST_SIGNER:
        return nester->init < 0 || !nests_has_signer(container) ? -EBADMSG : signer_wanted(nests, container, place);
    case NEST_ENDED:
        nester->status = packet->status;
        nester->has_status = true;
        return 1;
    default:
        return -EBADMSG;
    }
}

/* 1 = go on, 0 = nothing now, negative = it is gone, or says what it should not. */
static int hear(struct nests *nests, const struct cordon_container *container, int place)
{
    struct nester *nester = &nests->items[place];
    struct nest_packet packet;
    int fds[NEST_FDS_MAX];
    size_t count = 0;
    int status = nest_receive(nester->worker.channel, &packet, fds, &count, MSG_DONTWAIT);

    if (status <= 0)
        return status == -EAGAIN ? 0 : -ECONNRESET;
    if (packet.type == NEST_BEGUN && count == 1 && nester->init < 0 && !container->launcher) {
        nester->init = fds[0];
        memcpy(nester->id, packet.id, sizeof(nester->id));
        nests_keep_record(nests, container, packet.id);
        return 1;
    }
    if (packet.type == NEST_FORWARD && count == 5)
        forwarded(nests, container, place, fds);
    else if (packet.type == NEST_SPAWN && count == 1)
        status = nests_spawn(nests, container, place, &packet, fds[0]);
    else
        status = count ? -EBADMSG : heard(nests, container, place, &packet);
    nest_close_all(fds, count);
    return status;
}

/* It was told to end and did not. What is frozen does nothing, and could not be awaited. */
static bool is_due(const struct nester *nester, const struct cordon_container *container)
{
    return nester_is_there(nester) && nester->due_ns && !container->is_frozen && clock_monotonic_ns() >= nester->due_ns;
}

uint64_t nests_next_ns(const struct nests *nests, const struct cordon_container *container)
{
    uint64_t next_ns = nests->pending_count ? 1 : 0; /* more was asked for than one step begins */

    for (int i = 0; nests->items && !container->is_frozen && i < NESTS_MAX; i++) {
        uint64_t due_ns = nests->items[i].due_ns;

        if (due_ns && (!next_ns || due_ns < next_ns))
            next_ns = due_ns;
    }
    return next_ns;
}

void nests_step(struct nests *nests, const struct cordon_container *container)
{
    for (int i = 0; nests->items && i < NESTS_MAX; i++) {
        int status = nester_is_there(&nests->items[i]);

        nests->items[i].is_resting = false;
        for (int n = 0; n < STEP_PACKETS && status > 0; n++)
            status = hear(nests, container, i);
        if (status < 0 || (status >= 0 && is_due(&nests->items[i], container)))
            gone(nests, container, i);
    }
    nests_begin_pending(nests, container);
}

void nests_watched(const struct nests *nests, int *ret_fds)
{
    for (size_t i = 0; i < NESTS_MAX; i++)
        ret_fds[i] = nests->items ? nests->items[i].worker.channel : -1;
}

void nests_kill(const struct nests *nests)
{
    for (int i = 0; nests->items && i < NESTS_MAX; i++) {
        if (nests->items[i].init >= 0)
            syscall(SYS_pidfd_send_signal, nests->items[i].init, SIGKILL, NULL, 0);
        if (nester_is_there(&nests->items[i]))
            syscall(SYS_pidfd_send_signal, nests->items[i].worker.pidfd, SIGKILL, NULL, 0);
    }
}

void nests_end(struct nests *nests, const struct cordon_container *container)
{
    for (int i = 0; nests->items && i < NESTS_MAX; i++)
        if (nester_is_there(&nests->items[i]))
            end_one(nests, container, &nests->items[i]);
    for (size_t i = 0; i < nests->pending_count; i++)
        close(nests->pending[i]);
    nests->pending_count = 0;
}

void nests_close(struct nests *nests, const struct cordon_container *container)
{
    nests_end(nests, container);
    if (nests->has_sensor)
        close(nests->sensor);
    mem_free(nests->items);
    mem_free(nests->records);
    mem_free(nests->ended);
    text_finish(&nests->around);
    *nests = NESTS_INIT;
}
