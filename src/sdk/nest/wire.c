/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/nest/wire.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

union ancillary {
    struct cmsghdr header;
    char space[CMSG_SPACE(NEST_FDS_MAX * sizeof(int))];
};

void nest_close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++)
        close(fds[i]);
}

int nest_send(int socket, const struct nest_packet *packet, const int *fds, size_t count)
{
    struct nest_packet copy = *packet;
    struct iovec vector = {&copy, sizeof(copy)};
    union ancillary ancillary = {0};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    ssize_t sent;

    copy.magic = NEST_MAGIC;
    if (count > NEST_FDS_MAX)
        return -E2BIG;
    if (count) {
        ancillary.header = (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))};
        memcpy(CMSG_DATA(&ancillary.header), fds, count * sizeof(int));
        header.msg_control = &ancillary;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
    }
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof(copy) ? 0 : sent < 0 ? -errno : -EIO;
}

static size_t take_fds(struct msghdr *header, int ret_fds[NEST_FDS_MAX])
{
    size_t count = 0;

    for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
        size_t here = at->cmsg_len > CMSG_LEN(0) ? (at->cmsg_len - CMSG_LEN(0)) / sizeof(int) : 0;

        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < here && count < NEST_FDS_MAX; i++)
            memcpy(&ret_fds[count++], CMSG_DATA(at) + i * sizeof(int), sizeof(int));
    }
    return count;
}

int nest_receive(int socket, struct nest_packet *ret_packet, int ret_fds[NEST_FDS_MAX], size_t *ret_count, int flags)
{
    struct nest_packet packet = {0};
    struct iovec vector = {&packet, sizeof(packet)};
    union ancillary ancillary;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof(ancillary)};
    size_t count;
    ssize_t got;

    /* An end that left something unread is told once, in front of what it had said. */
    do
        got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | flags);
    while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    if (got < 0)
        return -errno;
    count = take_fds(&header, ret_fds);
    if (got == 0) {
        nest_close_all(ret_fds, count);
        return 0;
    }
    if (got != (ssize_t)sizeof(packet) || packet.magic != NEST_MAGIC || header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) {
        nest_close_all(ret_fds, count);
        return -EBADMSG;
    }
    packet.id[NEST_ID_SIZE - 1] = '\0';
    if (packet.type == NEST_FAILED)
        packet.error.text[sizeof(packet.error.text) - 1] = '\0';
    if (packet.type == NEST_RUNS)
        packet.runs.digest[sizeof(packet.runs.digest) - 1] = packet.runs.command[sizeof(packet.runs.command) - 1] = '\0';
    if (packet.type == NEST_SPAWNED)
        packet.spawned.cgroup[sizeof(packet.spawned.cgroup) - 1] = '\0';
    if (packet.type == NEST_ENDED)
        packet.status.text[sizeof(packet.status.text) - 1] = '\0';
    *ret_packet = packet;
    *ret_count = count;
    return 1;
}
