/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: accept4, recvmsg, getsockopt, setsockopt, epoll_ctl, close, and those of protocol/peer.c. */
#include "sensor/ask.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "base/memory.h"
#include "protocol/peer.h"
#include "sensor/processes.h"

#define ACCEPT_MAX  64 /* in one round */
#define SEND_BYTES  (256 << 10)
#define GIVEN_MAX   4  /* that are looked at, to be closed */

/* Each question: of whom it is heard, in which state, with how many descriptors. */
static const struct row {
    enum sensor_ask_type type;
    unsigned states; /* 1 << enum listener_kind */
    int descriptors;
    bool is_for_root, is_for_daemon, is_for_users; /* in LISTENER_KEEPER: for whom cordond gave it to */
} rows[] = {
    {SENSOR_MINE, 1u << LISTENER_NEW | 1u << LISTENER_MINE, 0, true, false, true},
    {SENSOR_ALL, 1u << LISTENER_NEW, 0, true, false, false},
    {SENSOR_CONTAINER, 1u << LISTENER_NEW | 1u << LISTENER_CONTROL | 1u << LISTENER_KEEPER, 1, true, true, false},
    {SENSOR_KEEPER, 1u << LISTENER_NEW | 1u << LISTENER_CONTROL, 1, true, true, false},
};

static int watch(const struct ask *ask, int fd, uint32_t number, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.u64 = number};

    return epoll_ctl(ask->epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? -errno : 0;
}

static void end(struct ask *ask, uint32_t number)
{
    struct listener *listener = listeners_at(ask->listeners, number);

    if (listener && !listener->is_gone)
        listeners_mark_gone(ask->listeners, number);
}

/* Messages wait for a reader who is busy, within bounds. */
static void make_room(int fd)
{
    int bytes = SEND_BYTES;

    (void)!setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &bytes, sizeof(bytes));
}

int ask_accept(struct ask *ask)
{
    for (int i = 0; i < ACCEPT_MAX; i++) {
        auto_close int fd = accept4(ask->listen, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
        struct ucred who;
        socklen_t size = sizeof(who);
        uint32_t number;

        if (fd < 0)
            return errno == EAGAIN || errno == ECONNABORTED || errno == EINTR || errno == EMFILE || errno == ENFILE || errno == ENOMEM ? 0 : -errno;
        if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 || listeners_add(ask->listeners, fd, who.uid, &number) < 0)
            continue;
        make_room(fd);
        if (watch(ask, fd, number, EPOLLIN | EPOLLRDHUP) < 0) {
            listeners_at(ask->listeners, number)->fd = -1;
            end(ask, number);
            continue;
        }
        (void)take_fd(fd);
    }
    return 0;
}

/* One question, whole, with just its descriptors; none is left open otherwise. 0 = gone, or none of that. */
static ssize_t receive(int fd, struct sensor_ask *ret_question, int *ret_fd, int *ret_count)
{
    union {
        struct cmsghdr align;
        char bytes[CMSG_SPACE(GIVEN_MAX * sizeof(int))];
    } control;
    struct iovec part = {ret_question, sizeof(*ret_question)};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

    *ret_fd = -1;
    *ret_count = 0;
    if (size < 0)
        return errno == EAGAIN || errno == EINTR ? -EAGAIN : 0;
    for (struct cmsghdr *head = CMSG_FIRSTHDR(&message); head; head = CMSG_NXTHDR(&message, head)) {
        size_t count = head->cmsg_level == SOL_SOCKET && head->cmsg_type == SCM_RIGHTS ? (head->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

        for (size_t i = 0; i < count; i++) {
            fd_close_at(ret_fd);
            memcpy(ret_fd, CMSG_DATA(head) + i * sizeof(int), sizeof(int));
            ++*ret_count;
        }
    }
    if (size != sizeof(*ret_question) || message.msg_flags & (MSG_TRUNC | MSG_CTRUNC))
        fd_close_at(ret_fd);
    return size == sizeof(*ret_question) && !(message.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) ? size : 0;
}

static bool is_pair(int fd)
{
    int type = 0, domain = 0;
    socklen_t size = sizeof(int);

    return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &size) == 0 &&
           type == SOCK_SEQPACKET && domain == AF_UNIX;
}

static int announce(struct ask *ask, const struct sensor_ask *question, int *fd)
{
    const struct sensor_told ready = {.type = SENSOR_READY};
    uint32_t number;
    int status;

    if (!is_pair(*fd))
        return -ENOTSOCK;
    make_room(*fd);
    status = listeners_announce(ask->listeners, *fd, question, &number);
    if (status < 0)
        return status;
    *fd = -1;
    status = watch(ask, listeners_at(ask->listeners, number)->fd, number, EPOLLRDHUP);
    if (status < 0)
        end(ask, number);
    else
        listeners_say(ask->listeners, number, &ready);
    return status;
}

/* What a keeper says of a container of its own is looked at; whose it is it does not say. */
static int announce_own(struct ask *ask, const struct listener *keeper, struct sensor_ask *question, int *fd)
{
    size_t size = strlen(keeper->cgroup), length = strnlen(question->cgroup, sizeof(question->cgroup));

    if (!processes_is_within(question->pid, keeper->cgroup, question->login_uid))
        return -EPERM;
    if (length && (strncmp(question->cgroup, keeper->cgroup, size) != 0 || question->cgroup[size] != '/'))
        return -EPERM;
    if (listeners_of_owner(ask->listeners, keeper->uid) >= LISTENERS_OWNER_MAX)
        return -EDQUOT;
    question->owner = keeper->uid;
    return announce(ask, question, fd);
}

static int take_keeper(struct ask *ask, const struct sensor_ask *question, int *fd)
{
    const struct sensor_told ready = {.type = SENSOR_READY};
    char group[SENSOR_CGROUP_SIZE];
    uint32_t number;
    int status;

    if (!is_pair(*fd))
        return -ENOTSOCK;
    if (!processes_keeper_group(question->pid, group))
        return -ESRCH;
    make_room(*fd);
    status = listeners_add_keeper(ask->listeners, *fd, question->owner, group, &number);
    if (status < 0)
        return status;
    *fd = -1;
    status = watch(ask, listeners_at(ask->listeners, number)->fd, number, EPOLLIN | EPOLLRDHUP);
    if (status < 0)
        end(ask, number);
    else
        listeners_say(ask->listeners, number, &ready);
    return status;
}

/* Whoever has given up rights may be a contained program, which is to learn nothing of others of its user. */
static int check_free(int fd)
{
    struct peer peer = PEER_INIT;
    int status = peer_open(fd, &peer, NULL);

    if (status == 0)
        status = peer_check_free(&peer, false, NULL);
    peer_close(&peer);
    return status;
}

static bool is_permitted(const struct ask *ask, const struct row *row, const struct listener *listener)
{
    return row->is_for_users || listener->kind == LISTENER_KEEPER || (row->is_for_root && listener->uid == 0) || (row->is_for_daemon && listener->uid == ask->daemon_uid);
}

static int answer(struct ask *ask, struct listener *listener, struct sensor_ask *question, int *fd, int descriptors)
{
    const struct row *row = rows;
    int status = 0;

    while (row < rows + ARRAY_COUNT(rows) && row->type != question->type)
        row++;
    if (row == rows + ARRAY_COUNT(rows) || !(row->states >> listener->kind & 1) || descriptors != row->descriptors)
        return -EPROTO;
    if (!is_permitted(ask, row, listener))
        return -EPERM;
    if (listener->kind == LISTENER_KEEPER)
        return announce_own(ask, listener, question, fd);
    if (row->type == SENSOR_CONTAINER || row->type == SENSOR_KEEPER) {
        listener->kind = LISTENER_CONTROL;
        return row->type == SENSOR_KEEPER ? take_keeper(ask, question, fd) : announce(ask, question, fd);
    }
    if (row->type == SENSOR_MINE && !ask->tells_domains)
        return -ENODATA;
    if (row->type == SENSOR_MINE && listener->kind == LISTENER_NEW && listener->uid != 0)
        status = check_free(listener->fd);
    if (status < 0)
        return status;
    listener->kind = row->type == SENSOR_ALL ? LISTENER_ALL : LISTENER_MINE;
    listener->pid = row->type == SENSOR_ALL ? 0 : question->pid;
    listeners_changed(ask->listeners);
    return 0;
}

void ask_hear(struct ask *ask, uint32_t number)
{
    struct listener *listener = listeners_at(ask->listeners, number);
    struct sensor_told told = {.type = SENSOR_READY};
    struct sensor_ask question;
    auto_close int fd = -1;
    int count, status;
    ssize_t size;

    if (!listener || listener->is_gone)
        return;
    if (listener->kind == LISTENER_CONTAINER) { /* which has nothing to say */
        end(ask, number);
        return;
    }
    size = receive(listener->fd, &question, &fd, &count);
    if (size == -EAGAIN)
        return;
    status = size ? answer(ask, listener, &question, &fd, count) : -EPROTO;
    if (status < 0)
        told = (struct sensor_told){.type = SENSOR_FAILED, .errnum = -status};
    if (size)
        listeners_say(ask->listeners, number, &told);
    if (status < 0 && listener->kind != LISTENER_CONTROL && listener->kind != LISTENER_KEEPER) /* one container that cannot be is no reason to end the others' */
        end(ask, number);
    else if (!size)
        end(ask, number);
}
