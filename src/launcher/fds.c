/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: sendmsg, recvmsg, close. */
#include "launcher/fds.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

union ancillary {
    struct cmsghdr header;
    char space[CMSG_SPACE(FDS_MAX * sizeof(int))]; /* so that the kernel hands over no more */
};

int fds_send(int socket, const void *record, size_t size, const int *fds, size_t count, int flags)
{
    struct iovec vector = {(void *)(size_t)record, size};
    union ancillary ancillary = {0};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    ssize_t sent;

    if (count > FDS_MAX)
        return -E2BIG;
    if (count) {
        header.msg_control = &ancillary;
        header.msg_controllen = CMSG_SPACE(count * sizeof(int));
        ancillary.header.cmsg_level = SOL_SOCKET;
        ancillary.header.cmsg_type = SCM_RIGHTS;
        ancillary.header.cmsg_len = CMSG_LEN(count * sizeof(int));
        memcpy(CMSG_DATA(&ancillary.header), fds, count * sizeof(int));
    }
    do
        sent = sendmsg(socket, &header, MSG_NOSIGNAL | flags);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size ? 0 : sent < 0 ? -errno : -EIO;
}

void fds_close(int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (fds[i] >= 0)
            close(fds[i]);
        fds[i] = -1;
    }
}

/* All that came, whatever it says that it is; -1 where something else than descriptors came, too. */
static int take(struct msghdr *header, int *ret_fds, size_t *ret_count)
{
    int status = 0;

    for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
        size_t count = (at->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (at->cmsg_level != SOL_SOCKET || at->cmsg_type != SCM_RIGHTS || *ret_count + count > FDS_MAX) {
            status = -1;
            continue;
        }
        memcpy(ret_fds + *ret_count, CMSG_DATA(at), count * sizeof(int));
        *ret_count += count;
    }
    return status;
}

int fds_receive(int socket, void *record, size_t size, int *ret_fds, size_t most, size_t *ret_count, int flags)
{
    struct iovec vector = {record, size};
    union ancillary ancillary;
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = sizeof(ancillary)};
    int fds[FDS_MAX], status;
    size_t count = 0;
    ssize_t got;

    do
        got = recvmsg(socket, &header, MSG_CMSG_CLOEXEC | MSG_TRUNC | flags);
    while (got < 0 && errno == EINTR);
    if (got < 0)
        return errno == ECONNRESET ? 0 : -errno;
    status = take(&header, fds, &count);
    if (got == 0 && count == 0)
        return 0;
    if (status < 0 || got != (ssize_t)size || header.msg_flags & (MSG_CTRUNC | MSG_TRUNC) || count > most) {
        fds_close(fds, count);
        return -EBADMSG;
    }
    memcpy(ret_fds, fds, count * sizeof(int));
    *ret_count = count;
    return 1;
}
