/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-nester: starts and supervises one container inside another, beside it (docs/decisions/0260).
 *
 * Theory of operation. Whoever started the outermost container executes it with the caller's rights, and gives it a program's socket,
 * the namespaces of the container around, and the policies of all containers around. It begins what needs the host: the record, the
 * ceilings, the first process, the gateway. Then it goes into the container around, gives up every capability and the calls by which
 * it could reach anything outside (enter.c), and only now reads what the program sent: a path is what that path is inside, and what
 * the container does not show is not there for the nester either. The file tree of the new container is made from a copy of that
 * tree's mounts, so what is read-only, covered or absent in the one is so in the other.
 *
 * It ends, and the container with it, when the program's socket, whoever started it or the container around ends.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/container.h"
#include "sdk/nest/around.h"
#include "sdk/nest/beside.h"
#include "sdk/nest/enter.h"
#include "sdk/nest/nester.h"
#include "sdk/nest/request.h"
#include "sdk/nest/wire.h"
#include "sdk/network.h"
#include "worker/start.h"

#define ASK_MS 10000 /* a program that asked for a nester says what for */

static int hello_receive(struct nester_of *n, struct error *err)
{
    struct nest_packet packet;
    int status = nest_receive(WORKER_CHANNEL, &packet, n->fds, &n->fd_count, 0);

    if (status <= 0 || packet.type != NEST_HELLO || n->fd_count < 4)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "the nester was not told what to do");
    n->wants = (uint32_t)packet.value;
    return worker_read_sealed(n->fds[FD_AROUND], NEST_BYTES_MAX, "what is around", &n->bytes, &n->size, err);
}

/* Words of a program, as many as there is room for: whoever shows them makes them safe. */
static void put_command(const struct nester_of *n, char *to, size_t size)
{
    const char *const *argv = (const char *const *)n->request->argv;
    size_t used = 0;

    for (size_t i = 0; argv && argv[i] && used + 2 < size; i++)
        used += (size_t)snprintf(to + used, size - used, "%s%s", i ? " " : "", argv[i]);
}

static int tell_runs(const struct nester_of *n)
{
    struct nest_packet packet = {.type = NEST_RUNS};

    snprintf(packet.runs.digest, sizeof(packet.runs.digest), "%s", n->container->assembly.plan->policy_digest);
    put_command(n, packet.runs.command, sizeof(packet.runs.command));
    return beside_tell(&packet, NULL, 0);
}

/* ---- inside ---- */

/* 1 = the program's socket says something, 0 = it said nothing in time, or somebody who must be there has gone. */
static int await_program(const struct nester_of *n, int timeout_ms)
{
    struct pollfd fds[] = {{.fd = n->fds[FD_PROGRAM], .events = POLLIN},
                           {.fd = WORKER_CHANNEL, .events = POLLIN},
                           {.fd = n->fd_count > FD_LIFELINE ? n->fds[FD_LIFELINE] : -1, .events = POLLIN}};
    int count;

    do
        count = poll(fds, ARRAY_COUNT(fds), timeout_ms);
    while (count < 0 && errno == EINTR);
    return count > 0 && fds[0].revents && !fds[1].revents && !fds[2].revents;
}

static int take_streams(struct nester_of *n, const struct nest_packet *packet, const int *fds, size_t count, struct error *err)
{
    struct cordon_request *request = n->request;
    size_t next = 1;

    for (int i = 0; i < 3; i++) {
        bool is_there = packet->streams & 1u << i;

        if (is_there && next == count)
            return error_set(err, ERROR_INVALID, EBADMSG, "standard streams are missing");
        request->stdio[i] = is_there ? fds[next++] : CORDON_STDIO_NULL;
    }
    if (next != count || packet->streams >> 3 || (request->is_tty && packet->streams))
        return error_set(err, ERROR_INVALID, EBADMSG, "descriptors came that belong to nothing");
    for (int i = 0; i < 3 && request->is_tty; i++)
        request->stdio[i] = CORDON_STDIO_INHERIT;
    return 0;
}

static int request_receive(struct nester_of *n, struct error *err)
{
    auto_free char *bytes = NULL;
    struct nest_packet packet;
    int fds[NEST_FDS_MAX], status;
    size_t count = 0, size = 0;

    if (!await_program(n, ASK_MS))
        return error_set(err, ERROR_SYSTEM, ETIMEDOUT, "nobody said what for");
    status = nest_receive(n->fds[FD_PROGRAM], &packet, fds, &count, MSG_DONTWAIT);
    if (status <= 0 || packet.type != NEST_ASK || !count) {
        nest_close_all(fds, status > 0 ? count : 0);
        return error_set(err, ERROR_INVALID, EBADMSG, "what was sent is no request for a container");
    }
    status = worker_read_sealed(fds[0], NEST_BYTES_MAX, "the request", &bytes, &size, err);
    if (status == 0)
        status = nest_request_read(bytes, size, &n->request, err);
    if (status == 0)
        n->request->recorder = nester_recorder(n);
    close(fds[0]);
    return status < 0 ? status : take_streams(n, &packet, fds, count, err);
}

static int check_network(const struct nester_of *n, struct error *err)
{
    const struct plan *plan = n->container->assembly.plan;

    if (plan->network != PLAN_NET_GATEWAY)
        return 0;
    if (n->container->workers.gateway.channel < 0 || workers_need_inspector(plan->net_rules))
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP,
                         "network: rules about requests or TLS, of the container around or this one, cannot be kept for a container "
                         "inside: leave the network out of its policy");
    return 0;
}

static int compile(struct nester_of *n, struct error *err)
{
    struct assembly *assembly = &n->container->assembly;
    int status;

    n->first = assembly->policy->layer_count;
    assembly->variables.workspace = NULL;
    if (chdir(n->request->cwd) < 0) /* as the program sees it: names that are not absolute are from there */
        return error_system(err, errno, "enter %s", n->request->cwd);
    status = assembly_load_inside(assembly, n->request, err);
    if (status == 0)
        status = around_fit(assembly->policy, n->outer, n->first, err);
    if (status == 0)
        status = assembly_compile(assembly, n->request, false, err);
    return status < 0 ? status : check_network(n, err);
}

/* A program of this container asks in its turn: for whoever starts nesters. */
static void forward(void *context, int socket)
{
    struct nester_of *n = context;
    const struct text *around = &n->container->nests.around;
    auto_close int own = socket, told = -1;
    struct error why = ERROR_INIT;

    if (worker_seal("what is around a container inside", around->data, around->length, &told, &why) == 0 &&
        nester_tell_starter(n, NEST_FORWARD, 0, (const int[]){told, n->user, n->mounts, own, n->life[0]}, 5) == 0)
        return;
    if (why.kind == ERROR_NONE)
        (void)!error_set(&why, ERROR_LIMIT, EAGAIN, "too many ask for a container inside at once: try again");
    nest_refuse(take_fd(own), &why);
}

static int start_inside(struct nester_of *n, struct error *err)
{
    struct assembly *assembly = &n->container->assembly;
    int status = nest_enter(n->fds[FD_USER], n->fds[FD_MOUNTS], assembly->policy->arena, &n->container->sources, &assembly->mounts, err);

    n->is_inside = status == 0;
    if (status == 0)
        status = nest_confine(err);
    if (status == 0)
        status = request_receive(n, err);
    if (status == 0)
        status = compile(n, err);
    if (status < 0)
        return status;
    n->container->nests.forward = forward;
    n->container->nests.context = n;
    n->container->nests.outer = n->bytes;
    n->container->nests.outer_size = n->size;
    if (nester_tell_starter(n, NEST_LIMITS, assembly->plan->nested_number, NULL, 0) < 0)
        return error_set(err, ERROR_SYSTEM, EPIPE, "who started the container around is gone");
    status = container_launch(n->container, n->request, err);
    fd_close_at(&n->container->sources); /* the new container holds what it has of it */
    n->container->sources = -1;
    for (int i = 0; i < 3; i++) /* so that pipes can end */
        if (n->request->stdio[i] >= 0)
            close(n->request->stdio[i]);
    return status;
}

/* ---- while it runs ---- */

static int tell_started(const struct nester_of *n)
{
    struct nest_packet packet = {.type = NEST_STARTED};
    int tty = n->request->is_tty ? cordon_container_tty_fd(n->container) : -1;

    snprintf(packet.id, sizeof(packet.id), "%s", cordon_container_id(n->container));
    return nest_send(n->fds[FD_PROGRAM], &packet, &tty, tty >= 0);
}

/* What it orders; false: it has gone, or says what is no order. */
static bool obey(const struct nester_of *n)
{
    struct nest_packet packet;
    int fds[NEST_FDS_MAX];
    size_t count = 0;
    int status = nest_receive(n->fds[FD_PROGRAM], &packet, fds, &count, MSG_DONTWAIT);

    if (status > 0)
        nest_close_all(fds, count);
    if (status == -EAGAIN)
        return true;
    if (status <= 0)
        return false;
    switch (packet.type) {
    case NEST_SIGNAL:
        (void)!cordon_container_signal(n->container, packet.value, NULL); /* one that does not exist does nothing */
        return true;
    case NEST_KILL:
        return cordon_container_kill(n->container, NULL) == 0;
    case NEST_RESIZE:
        (void)!cordon_container_resize(n->container, packet.rows, packet.columns, NULL);
        return true;
    default:
        return false;
    }
}

/* What whoever started the outermost container orders, on behalf of its user, or gives. False: it has gone. */
static bool hear_starter(struct nester_of *n)
{
    struct nest_packet packet;
    int fd, status = beside_hear(&packet, &fd);

    if (status <= 0)
        return status == 0;
    switch (packet.type) {
    case NEST_SIGNER:
        signing_take(&n->container->signing, fd);
        return true;
    case NEST_SIGNAL:
        (void)!cordon_container_signal(n->container, packet.value, NULL);
        return true;
    case NEST_STOP:
        return cordon_container_stop(n->container, (uint64_t)packet.value, NULL) == 0;
    default:
        return cordon_container_kill(n->container, NULL) == 0;
    }
}

static int run(struct nester_of *n, struct cordon_status *ret_status, struct error *err)
{
    int attention = cordon_container_poll_fd(n->container, (struct cordon_error *)err), status;
    struct pollfd fds[] = {{.fd = attention, .events = POLLIN},
                           {.fd = n->fds[FD_PROGRAM], .events = POLLIN},
                           {.fd = WORKER_CHANNEL, .events = POLLIN},
                           {.fd = n->fd_count > FD_LIFELINE ? n->fds[FD_LIFELINE] : -1, .events = POLLIN}};

    if (attention < 0)
        return attention;
    /* what was told while it was started says nothing any more: it is looked at before the first wait */
    while ((status = cordon_container_try_wait(n->container, ret_status, (struct cordon_error *)err)) == 0) {
        if (poll(fds, ARRAY_COUNT(fds), beside_has_order() ? 0 : -1) < 0 && errno != EINTR)
            return error_system(err, errno, "wait for the container");
        if (((fds[2].revents || beside_has_order()) && !hear_starter(n)) || fds[3].revents)
            return error_set(err, ERROR_SYSTEM, ECANCELED, "the container around has ended");
        if (fds[1].revents && !obey(n))
            return error_set(err, ERROR_SYSTEM, ECANCELED, "who asked for the container has gone");
    }
    return status;
}

static int serve(struct nester_of *n, struct error *err)
{
    struct nest_packet ended = {.type = NEST_ENDED};
    int status = tell_runs(n); /* first: the record of it is there before anybody can see that it runs */

    if (status < 0)
        return error_set(err, ERROR_SYSTEM, EPIPE, "who started the container around is gone");
    status = tell_started(n);
    if (status < 0)
        return error_set(err, ERROR_SYSTEM, EPIPE, "who asked for the container has gone");
    status = run(n, &ended.status, err);
    if (status > 0 && beside_tell(&ended, NULL, 0) < 0)
        return error_set(err, ERROR_SYSTEM, EPIPE, "who started the container around is gone");
    if (status > 0)
        status = nest_send(n->fds[FD_PROGRAM], &ended, NULL, 0);
    return status;
}

/* What failed while it saw the host is in the record; the program hears of it no more than that. */
static void tell_failure(const struct nester_of *n, const struct error *failure)
{
    struct error plain = *failure;

    if (!n->is_inside)
        (void)!error_set(&plain, failure->kind, failure->errnum,
                         "a container inside cannot be begun; the reason is in the record of the run, outside");
    nest_refuse(n->fds[FD_PROGRAM], &plain);
}

int main(void)
{
    struct nester_of n = {.user = -1, .mounts = -1, .life = {-1, -1}};
    struct error failure = ERROR_INIT;
    bool is_started = false;
    int status = worker_close_others(&failure);

    if (status == 0)
        status = hello_receive(&n, &failure);
    if (status < 0)
        return 125; /* nobody to tell */
    status = cordon_request_new(&n.blank, (struct cordon_error *)&failure);
    if (status == 0)
        status = container_new(n.blank, &n.container, &failure);
    if (status == 0)
        status = nester_begin_outside(&n, &failure);
    if (status == 0)
        status = start_inside(&n, &failure);
    is_started = status == 0;
    if (status < 0 && n.container)
        (void)!container_refused(n.container, status, &failure, NULL);
    if (status == 0)
        status = serve(&n, &failure);
    cordon_container_free(n.container); /* ends what still runs */
    if (status < 0)
        tell_failure(&n, &failure);
    return is_started ? 0 : 125;
}
