/* SPDX-License-Identifier: Apache-2.0 */
/* Messages to and from init. */
#include "tier/process/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "tier/process/asks.h"

int control_receive(int control, struct message *ret_message, int *ret_fd, int flags)
{
    struct iovec vector = {ret_message, sizeof(*ret_message)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } ancillary;
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = &ancillary,
                            .msg_controllen = sizeof(ancillary)};
    struct cmsghdr *first;
    ssize_t got;

    /* An init that ends with a signal of ours unread leaves ECONNRESET, told once, in front of what it had said. */
    do
        got = recvmsg(control, &header, MSG_CMSG_CLOEXEC | flags);
    while (got < 0 && (errno == EINTR || errno == ECONNRESET));
    if (got < 0)
        return -errno;
    first = got ? CMSG_FIRSTHDR(&header) : NULL;
    if (first && first->cmsg_type == SCM_RIGHTS && first->cmsg_len == CMSG_LEN(sizeof(int))) {
        int fd;

        memcpy(&fd, CMSG_DATA(first), sizeof(fd));
        if (ret_fd && *ret_fd < 0)
            *ret_fd = fd;
        else
            close(fd);
    }
    if (got == 0)
        return -ECONNRESET;
    return got == (ssize_t)sizeof(*ret_message) ? 0 : -EBADMSG;
}

int control_send(int control, uint32_t type, int32_t value)
{
    return control_send_about(control, type, 0, value);
}

int control_send_about(int control, uint32_t type, uint32_t program, int32_t value)
{
    struct message message = {.type = type, .program = program, .value = value};
    ssize_t sent;

    do
        sent = send(control, &message, sizeof(message), MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof(message) ? 0 : sent < 0 ? -errno : -EIO;
}

int control_send_fds(int control, uint32_t type, uint32_t program, const int *fds, size_t count)
{
    struct message message = {.type = type, .program = program};
    struct iovec vector = {&message, sizeof(message)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(CONTROL_FDS_MAX * sizeof(int))];
    } ancillary = {0};
    struct msghdr header = {.msg_iov = &vector,
                            .msg_iovlen = 1,
                            .msg_control = &ancillary,
                            .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    ssize_t sent;

    if (count > CONTROL_FDS_MAX)
        return -E2BIG;
    ancillary.header.cmsg_level = SOL_SOCKET;
    ancillary.header.cmsg_type = SCM_RIGHTS;
    ancillary.header.cmsg_len = CMSG_LEN(count * sizeof(int));
    memcpy(CMSG_DATA(&ancillary.header), fds, count * sizeof(int));
    do
        sent = sendmsg(control, &header, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof(message) ? 0 : sent < 0 ? -errno : -EIO;
}

int control_send_grants(int socket, const int *fds, size_t count)
{
    uint32_t number = (uint32_t)count;
    struct iovec vector = {&number, sizeof(number)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(RECORD_GRANTS_MAX * sizeof(int))];
    } ancillary = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))}};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &ancillary,
                            .msg_controllen = CMSG_SPACE(count * sizeof(int))};

    if (count > RECORD_GRANTS_MAX)
        return -E2BIG;
    memcpy(CMSG_DATA(&ancillary.header), fds, count * sizeof(int));
    return sendmsg(socket, &header, MSG_NOSIGNAL | MSG_DONTWAIT) == sizeof(number) ? 0 : -errno;
}

int control_answer(int asks, uint64_t ask, int fd)
{
    struct ask_answer answer = {.ask = ask, .verdict = fd >= 0 ? ASK_ALLOW : ASK_DENY};
    struct iovec vector = {&answer, sizeof(answer)};
    union {
        struct cmsghdr header;
        char space[CMSG_SPACE(sizeof(int))];
    } ancillary = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))}};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1};
    ssize_t sent;

    if (fd >= 0) {
        memcpy(CMSG_DATA(&ancillary.header), &fd, sizeof(fd));
        header.msg_control = &ancillary;
        header.msg_controllen = sizeof(ancillary);
    }
    do
        sent = sendmsg(asks, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)sizeof(answer) ? 0 : sent < 0 ? -errno : -EIO;
}

#define LAST_WORD_NS (500 * NS_PER_MS)

static int milliseconds_until(uint64_t deadline_ns)
{
    uint64_t now = clock_monotonic_ns(), ms;

    if (!deadline_ns)
        return -1;
    ms = deadline_ns > now ? (deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS : 0;
    return ms > INT_MAX ? INT_MAX : (int)ms;
}

/* The caller wants to give up. Perhaps the program runs already and only the word of it is on its way: then it goes on. */
static int await_last_word(int control, struct error *err)
{
    struct pollfd last = {.fd = control, .events = POLLIN};
    uint64_t until = clock_monotonic_ns() + LAST_WORD_NS;
    int count;

    do
        count = poll(&last, 1, milliseconds_until(until));
    while (count < 0 && errno == EINTR);
    if (count > 0)
        return 0;
    return error_set(err, ERROR_SYSTEM, ECANCELED, "the launch was given up, as the caller asked");
}

int control_await(int control, uint64_t deadline_ns, int cancel_fd, struct error *err)
{
    struct pollfd fds[] = {{.fd = cancel_fd, .events = POLLIN}, {.fd = control, .events = POLLIN}};

    if (!deadline_ns && cancel_fd < 0)
        return 0; /* receiving waits as long */
    for (;;) {
        int count = poll(fds, 2, milliseconds_until(deadline_ns));

        if (count < 0 && errno != EINTR)
            return error_system(err, errno, "wait for init, perhaps after the program had started");
        if (count > 0)
            return fds[1].revents ? 0 : await_last_word(control, err);
        if (count == 0 && milliseconds_until(deadline_ns) == 0)
            return error_set(err, ERROR_LIMIT, ETIMEDOUT,
                             "set-up: the time limit was reached before the program had started");
    }
}
