/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of wire.h. What the starter sends is trusted, and still read like anything else.
 *
 * System calls: recvmsg, sendmsg, sendto, close.
 */
#include "worker/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"

/* How many descriptors come with a message; -1 = nobody sends it to a worker. */
static int descriptors_of(uint32_t type)
{
    static const signed char counts[] = {
        [WORKER_RULES] = 1,   [WORKER_ATTACH] = 1,  [WORKER_READY] = -1,  [WORKER_APPLIED] = 0, [WORKER_ERROR] = 0,
        [WORKER_EVENT] = 0,   [WORKER_FLOW] = 2,    [WORKER_INSPECTOR] = 1, [WORKER_GATEWAY] = 1, [WORKER_HOLDER] = 1,
        [WORKER_SECRETS] = 1, [WORKER_TRUST] = 1,   [WORKER_BEGIN] = 0,    [WORKER_COUNTERS] = 1, [WORKER_CAPTURE] = 1,
        [WORKER_HELD] = -1,   [WORKER_UNHELD] = -1, [WORKER_ANSWER] = 0,
    };

    return type && type < ARRAY_COUNT(counts) ? counts[type] : -1;
}

/* The first ones of a message, the rest is closed; what is not there stays -1. How many there were. */
static size_t take_descriptors(struct msghdr *header, int fds[CHANNEL_DESCRIPTORS_MAX])
{
    size_t taken = 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++, taken++) {
            int fd;

            memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
            if (taken < CHANNEL_DESCRIPTORS_MAX)
                fds[taken] = fd;
            else
                fd_close_at(&fd);
        }
    }
    return taken;
}

struct received {
    struct worker_message message; /* texts end */
    bool is_whole;
    ssize_t size;
    int fds[CHANNEL_DESCRIPTORS_MAX];
    size_t count; /* of descriptors that came with it */
};

/* Whatever comes next: 1; 0 = the other end is gone; -errno. */
static int receive(int channel, int flags, struct received *ret)
{
    struct worker_message *message = &ret->message;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
    struct iovec part = {.iov_base = message, .iov_len = sizeof(*message)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};

    for (size_t i = 0; i < CHANNEL_DESCRIPTORS_MAX; i++)
        ret->fds[i] = -1;
    do
        ret->size = recvmsg(channel, &header, flags | MSG_CMSG_CLOEXEC);
    while (ret->size < 0 && errno == EINTR);
    if (ret->size < 0)
        return errno == ECONNRESET ? 0 : -errno;
    ret->count = take_descriptors(&header, ret->fds);
    ret->is_whole = ret->size == sizeof(*message) && !(header.msg_flags & (MSG_TRUNC | MSG_CTRUNC));
    if (ret->is_whole) {
        message->name[sizeof(message->name) - 1] = message->where[sizeof(message->where) - 1] = '\0';
        message->method[sizeof(message->method) - 1] = message->path[sizeof(message->path) - 1] = '\0';
        message->call[sizeof(message->call) - 1] = message->tool[sizeof(message->tool) - 1] = '\0';
        message->secret[sizeof(message->secret) - 1] = '\0';
    }
    return ret->size || ret->count ? 1 : 0;
}

static void drop(struct received *received)
{
    for (size_t i = 0; i < CHANNEL_DESCRIPTORS_MAX; i++)
        fd_close_at(&received->fds[i]);
}

static int check_received(const struct received *received, struct error *err)
{
    uint32_t type = received->message.type;
    int wanted;

    if (!received->is_whole)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent what is no whole message (%zd bytes)", received->size);
    wanted = descriptors_of(type);
    if (wanted < 0)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent a message of type %u", type);
    if (received->count != (size_t)wanted)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent %zu descriptors where %d belong", received->count, wanted);
    return 0;
}

int channel_receive_all(int channel, struct worker_message *ret_message, int ret_fds[CHANNEL_DESCRIPTORS_MAX],
                        struct error *err)
{
    struct received received;
    int status = receive(channel, 0, &received);

    if (status < 0 && status != -EAGAIN)
        return error_system(err, -status, "receive from the starter");
    if (status <= 0)
        return status;
    status = check_received(&received, err);
    if (status < 0) {
        drop(&received);
        return status;
    }
    *ret_message = received.message;
    memcpy(ret_fds, received.fds, sizeof(received.fds));
    return 1;
}

int channel_hear(int channel, struct worker_message *ret_message, int *ret_fd)
{
    struct received received;
    int status = receive(channel, MSG_DONTWAIT, &received);

    if (status <= 0)
        return status == -EAGAIN ? 0 : status == 0 ? -ECONNRESET : status;
    if (!received.is_whole || received.count > (ret_fd ? 1u : 0u)) {
        drop(&received);
        return -EBADMSG;
    }
    *ret_message = received.message;
    if (ret_fd)
        *ret_fd = received.fds[0];
    return 1;
}

int channel_receive(int channel, struct worker_message *ret_message, int *ret_fd, struct error *err)
{
    int fds[CHANNEL_DESCRIPTORS_MAX], status = channel_receive_all(channel, ret_message, fds, err);

    if (status <= 0)
        return status;
    if (fds[1] >= 0) {
        fd_close_at(&fds[0]);
        fd_close_at(&fds[1]);
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent a connection where none belongs");
    }
    *ret_fd = fds[0];
    return 1;
}

int channel_send_with(int channel, const struct worker_message *message, const int *fds, size_t count, bool may_wait)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(CHANNEL_DESCRIPTORS_MAX * sizeof(int))] = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)message, .iov_len = sizeof(*message)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t size;

    if (count > CHANNEL_DESCRIPTORS_MAX)
        return -EINVAL;
    if (count) {
        struct cmsghdr *first;

        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        first = CMSG_FIRSTHDR(&header);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(first), fds, count * sizeof(int));
    }
    do
        size = sendmsg(channel, &header, (may_wait ? 0 : MSG_DONTWAIT) | MSG_NOSIGNAL);
    while (size < 0 && errno == EINTR);
    return size < 0 ? -errno : 0;
}

int channel_send(int channel, const struct worker_message *message, bool may_wait)
{
    ssize_t size;

    do
        size = send(channel, message, sizeof(*message), (may_wait ? 0 : MSG_DONTWAIT) | MSG_NOSIGNAL);
    while (size < 0 && errno == EINTR);
    return size < 0 ? -errno : 0;
}

void channel_send_error(int channel, const struct error *err)
{
    struct worker_message message = {
        .type = WORKER_ERROR, .kind = (uint32_t)err->kind, .errnum = err->errnum};
    ssize_t size;

    for (size_t i = 0; i + 1 < sizeof(message.where) && err->text[i]; i++)
        message.where[i] = err->text[i];
    do
        size = send(channel, &message, sizeof(message), MSG_NOSIGNAL);
    while (size < 0 && errno == EINTR);
}

void channel_end(int channel)
{
    struct worker_message unread;

    shutdown(channel, SHUT_RD);
    while (recv(channel, &unread, sizeof(unread), MSG_DONTWAIT) > 0)
        ;
}
