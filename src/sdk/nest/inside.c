/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/nest/inside.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/container.h"
#include "sdk/nest/request.h"
#include "sdk/worker.h"

#define WAIT_S   10
#define PAUSE_MS 10
#define LAST_WORD_MS 500

/* There is no such file: where process 1 of the container knows the name, it answers. It waits for nobody, and says EAGAIN then. */
static int reach(void)
{
    const struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = TIER_NEST_NAME};
    auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    for (int tries = WAIT_S * 1000 / PAUSE_MS; fd >= 0 && connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0; tries--)
        if (errno != EAGAIN || tries == 0 || poll(NULL, 0, PAUSE_MS) < 0)
            return -1;
    return fd < 0 ? -1 : take_fd(fd);
}

static int ask(const struct cordon_container *container, const struct cordon_request *request, struct error *err)
{
    const struct streams *streams = &container->streams;
    struct nest_packet packet = {.type = NEST_ASK};
    auto_text struct text bytes = {0};
    auto_close int sealed = -1;
    int fds[4], status = nest_request_write(request, &bytes, err);
    size_t count = 1;

    if (status == 0)
        status = worker_seal("the request", bytes.data, bytes.length, &sealed, err);
    if (status < 0)
        return status;
    fds[0] = sealed;
    for (int i = 0; i < 3 && !request->is_tty; i++)
        if (streams->inside[i] >= 0) {
            packet.streams |= 1u << i;
            fds[count++] = streams->inside[i];
        }
    status = nest_send(container->inside->socket, &packet, fds, count);
    return status < 0 && status != -EPIPE ? error_system(err, -status, "ask for a container inside") : 0;
}

static int poll_again(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    int ready;

    do
        ready = poll(fds, count, timeout_ms);
    while (ready < 0 && errno == EINTR);
    return ready;
}

/* Whoever gives up may do so when the program runs already, and only the word of it is on its way: then it goes on. */
static int await_answer(const struct cordon_container *container, struct error *err)
{
    struct pollfd fds[] = {{.fd = container->cancel_fd, .events = POLLIN}, {.fd = container->inside->socket, .events = POLLIN}};

    if (poll_again(fds, 2, -1) < 0)
        return error_system(err, errno, "wait for a container inside");
    if (!fds[1].revents && poll_again(&fds[1], 1, LAST_WORD_MS) <= 0)
        return error_set(err, ERROR_SYSTEM, ECANCELED, "the launch was given up, as the caller asked");
    return 0;
}

static int take_answer(struct inside *inside, bool is_tty, struct error *err)
{
    struct nest_packet packet;
    int fds[NEST_FDS_MAX];
    size_t count = 0;
    int status = nest_receive(inside->socket, &packet, fds, &count, 0);

    if (status <= 0)
        return error_set(err, ERROR_SYSTEM, ECONNRESET, "a container inside: whoever makes it ended without a word");
    if (packet.type == NEST_STARTED && count == (is_tty ? 1u : 0)) {
        inside->tty = count ? fds[0] : -1;
        memcpy(inside->id, packet.id, sizeof(inside->id));
        return 0;
    }
    nest_close_all(fds, count);
    if (packet.type != NEST_FAILED || packet.error.kind == ERROR_NONE)
        return error_set(err, ERROR_INTERNAL, EBADMSG, "a container inside: whoever makes it said something unknown");
    if (err)
        *err = packet.error;
    return packet.error.errnum > 0 ? -packet.error.errnum : -EIO;
}

static void container_free_at(struct cordon_container **container)
{
    cordon_container_free(*container);
}

int inside_start(const struct cordon_request *request, struct cordon_container **ret_container, struct error *err)
{
    auto_close int socket = reach();
    cleanup_with(container_free_at) struct cordon_container *container = NULL;
    int status;

    if (socket < 0)
        return 1;
    status = container_new(request, &container, err);
    if (status < 0)
        return status;
    container->inside = mem_alloc(sizeof(*container->inside));
    if (!container->inside)
        return error_memory(err);
    *container->inside = (struct inside){.socket = take_fd(socket), .tty = -1};
    if (!request->is_tty)
        status = streams_open(&container->streams, request, false, false, err);
    if (status == 0)
        status = ask(container, request, err);
    if (status == 0)
        status = await_answer(container, err);
    if (status == 0)
        status = take_answer(container->inside, request->is_tty, err);
    if (status < 0)
        return status;
    streams_close_inside(&container->streams);
    *ret_container = take_ptr(container);
    return 0;
}

/* Gone without a word: the container has ended with it. */
static void lost(struct inside *inside)
{
    inside->status = (struct cordon_status){.end = CORDON_END_LOST, .exit_status = 125};
    snprintf(inside->status.text, sizeof(inside->status.text), "the program had started, and its container ended without a word");
}

int inside_hear(struct inside *inside, struct error *err)
{
    struct nest_packet packet;
    int fds[NEST_FDS_MAX];
    size_t count = 0;
    int status = inside->has_ended ? -EAGAIN : nest_receive(inside->socket, &packet, fds, &count, MSG_DONTWAIT);

    if (status == -EAGAIN)
        return inside->has_ended;
    if (status > 0)
        nest_close_all(fds, count);
    if (status > 0 && packet.type == NEST_FAILED) {
        if (err)
            *err = packet.error;
        return packet.error.errnum > 0 ? -packet.error.errnum : -EIO;
    }
    inside->has_ended = true;
    if (status > 0 && packet.type == NEST_ENDED)
        inside->status = packet.status;
    else
        lost(inside);
    return 1;
}

void inside_order(const struct inside *inside, enum nest_type type, int value, unsigned short rows, unsigned short columns)
{
    const struct nest_packet packet = {.type = type, .value = value, .rows = rows, .columns = columns};

    (void)!nest_send(inside->socket, &packet, NULL, 0);
}

void inside_free(struct inside *inside)
{
    if (!inside)
        return;
    fd_close_at(&inside->socket);
    fd_close_at(&inside->tty);
    mem_free(inside);
}
