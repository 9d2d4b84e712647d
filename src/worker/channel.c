/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Messages of wire.h. What the starter sends is trusted, and still read like anything else.
 *
 * System calls: recvmsg, sendto, close.
 */
#include "worker/channel.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"

/* Close all descriptors of a message but the first, which is returned, or -1. *ret_count: how many there were. */
static int take_descriptor(struct msghdr *header, size_t *ret_count)
{
    int first = -1;

    *ret_count = 0;
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++, (*ret_count)++) {
            int fd;

            memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
            if (first < 0)
                first = fd;
            else
                fd_close_at(&fd);
        }
    }
    return first;
}

int channel_receive(int channel, struct worker_message *ret_message, int *ret_fd, struct error *err)
{
    struct worker_message message;
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
    struct iovec part = {.iov_base = &message, .iov_len = sizeof(message)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    auto_close int fd = -1;
    size_t count;
    ssize_t size;

    do
        size = recvmsg(channel, &header, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0 && errno == EAGAIN)
        return -EAGAIN;
    if (size < 0 && errno != ECONNRESET)
        return error_system(err, errno, "receive from the starter");
    if (size <= 0)
        return 0;
    fd = take_descriptor(&header, &count);
    if (size != sizeof(message) || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)))
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent what is no whole message (%zd bytes)", size);
    if (message.type != WORKER_RULES && message.type != WORKER_ATTACH)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent a message of type %u", message.type);
    if (count != 1)
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent %zu descriptors where one belongs", count);
    *ret_message = message;
    *ret_fd = take_fd(fd);
    return 1;
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
