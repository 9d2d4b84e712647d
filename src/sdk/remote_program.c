/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A program in a container of the daemon's. It has a connection of its own to the container's keeper, whose end is the program's; the container's
 * brings it there, so that cordond has no part in it.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/programs.h"
#include "sdk/remote_inside.h"

int remote_watch(struct remote *remote, int fd, struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (remote->watch < 0)
        remote->watch = epoll_create1(EPOLL_CLOEXEC);
    if (remote->watch < 0 || epoll_ctl(remote->watch, EPOLL_CTL_ADD, fd, &event) < 0)
        return error_system(err, errno, "watch the container");
    return 0;
}

/* As at a start, but that the keeper is known. */
static int open_door(const struct remote *container, struct remote *program, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    auto_close int theirs = -1;
    int ends[2], status;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a pair of sockets");
    program->socket = ends[0];
    theirs = ends[1];
    protocol_begin(&out, PROTOCOL_PROGRAM, 0);
    status = protocol_send(container->socket, 0, &out, &theirs, 1, err);
    if (status == -EPIPE || status == -ECONNRESET)
        return error_set(err, ERROR_INVALID, EINVAL, "the container has ended, or is ending");
    return status;
}

int remote_program_begin(struct cordon_program *program, const struct cordon_request *request, struct error *err)
{
    struct remote *container = program->container->remote, *remote;
    int status = container_new(request, &program->proxy, err);

    if (status < 0)
        return status;
    remote = remote_new();
    program->proxy->remote = remote; /* freed with it */
    if (!remote)
        return error_memory(err);
    status = open_door(container, remote, err);
    if (status == 0)
        status = remote_ask_for(remote, program->proxy, request, err);
    if (status == 0)
        status = remote_watch(container, remote->socket, err);
    if (status < 0)
        return status;
    program->tier.number = (uint32_t)remote->number;
    program->tier.pid = remote->pid;
    program->tier.tty = take_fd(remote->tty);
    program->streams = program->proxy->streams;
    program->proxy->streams = STREAMS_INIT;
    return 0;
}

void remote_program_step(struct cordon_program *program)
{
    struct error failure = ERROR_INIT;
    int status = program->proxy ? cordon_container_try_wait(program->proxy, &program->status, (struct cordon_error *)&failure) : 0;

    if (status == 0)
        return;
    if (status < 0) {
        program->status = (struct cordon_status){.end = CORDON_END_LOST, .exit_status = 125};
        snprintf(program->status.text, sizeof(program->status.text), "%.190s", failure.text);
    }
    program->is_ended = program->is_recorded = true;
    cordon_container_free(take_ptr(program->proxy));
}
