/* SPDX-License-Identifier: Apache-2.0 */
/* Who is connected: cordond, by a socket that was inherited or by the private one; writers, whom cordond hands on. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "logger/logger.h"
#include "protocol/peer.h"

static int check_user(const struct logger *logger, uid_t uid, struct error *err)
{
    unsigned count = 0;

    for (unsigned i = 0; i < logger->highest; i++)
        count += logger->connections[i].fd >= 0 && !logger->connections[i].is_control && logger->connections[i].label.uid == uid;
    return count < LOGGER_USER_MAX ? 0 : error_set(err, ERROR_LIMIT, EUSERS, "uid %u has %d writers already", uid, LOGGER_USER_MAX);
}

/* The same writer's former connection, or NULL: a number is taken from one of them alone. */
static struct logger_connection *find_writer(struct logger *logger, const char *writer)
{
    for (unsigned i = 0; i < logger->highest; i++)
        if (logger->connections[i].fd >= 0 && !logger->connections[i].is_control && strcmp(logger->connections[i].label.writer, writer) == 0)
            return &logger->connections[i];
    return NULL;
}

static struct logger_connection *find_free(struct logger *logger)
{
    for (unsigned i = 0; i < logger->highest; i++)
        if (logger->connections[i].fd < 0)
            return &logger->connections[i];
    return logger->highest < LOGGER_CONNECTIONS_MAX ? &logger->connections[logger->highest++] : NULL;
}

int logger_add(struct logger *logger, int fd, bool is_control, const struct stamp_label *label, bool names, struct error *err)
{
    struct logger_connection *connection, *former = is_control ? NULL : find_writer(logger, label->writer);
    struct epoll_event event = {.events = EPOLLIN};
    int type = 0, status = is_control ? 0 : check_user(logger, label->uid, err);
    socklen_t size = sizeof(type);

    if (status < 0)
        return status;
    if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) < 0 || type != SOCK_SEQPACKET)
        return error_set(err, ERROR_INVALID, ENOTSOCK, "what was handed over is no SOCK_SEQPACKET socket");
    if (former)
        logger_remove(logger, former);
    connection = find_free(logger);
    if (!connection)
        return error_set(err, ERROR_LIMIT, EMFILE, "%d connections are there already", LOGGER_CONNECTIONS_MAX);
    event.data.ptr = connection;
    if (fcntl(fd, F_SETFL, O_NONBLOCK | O_RDWR) < 0 || epoll_ctl(logger->epoll, EPOLL_CTL_ADD, fd, &event) < 0)
        return error_system(err, errno, "listen to a connection");
    *connection = (struct logger_connection){.fd = fd, .is_control = is_control, .state = is_control ? PROTOCOL_NEW : PROTOCOL_JOINED, .names = names};
    if (label)
        connection->label = *label;
    logger->count++;
    return 0;
}

void logger_remove(struct logger *logger, struct logger_connection *connection)
{
    if (connection->fd < 0)
        return;
    epoll_ctl(logger->epoll, EPOLL_CTL_DEL, connection->fd, NULL);
    fd_close_at(&connection->fd);
    mem_free(connection->batch.bytes);
    *connection = (struct logger_connection){.fd = -1};
    logger->count--;
}

/* On the private socket: whoever may be cordond. Others are told nothing. */
void logger_accept(struct logger *logger)
{
    struct error err = ERROR_INIT;
    struct peer peer = PEER_INIT;
    int fd = accept4(logger->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0)
        return;
    if (peer_open(fd, &peer, &err) < 0 || (peer.uid != geteuid() && peer.uid != 0 && peer.uid != logger->control_uid) ||
        logger_add(logger, fd, true, NULL, false, &err) < 0)
        close(fd);
    peer_close(&peer);
}

/* Who waits is not watched at all: that its writer has gone would be told, and what comes after what waits would be taken in its place. */
void logger_listen_to(struct logger *logger, struct logger_connection *connection, bool is_heard)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    if (connection->is_waiting == is_heard && epoll_ctl(logger->epoll, is_heard ? EPOLL_CTL_ADD : EPOLL_CTL_DEL, connection->fd, &event) < 0)
        logger->is_broken = true;
    connection->is_waiting = !is_heard;
}
