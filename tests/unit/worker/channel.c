/* SPDX-License-Identifier: Apache-2.0 */
/* Messages between workers: each with exactly the descriptors of its type. */
#include "worker/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"
#include "worker/start.h"

struct pair {
    int ends[2];
};

static void open_pair(struct pair *pair)
{
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair->ends), 0);
}

static void close_pair(struct pair *pair)
{
    close(pair->ends[0]);
    close(pair->ends[1]);
}

static int pass(enum worker_message_type type, size_t descriptors, int ret_fds[CHANNEL_DESCRIPTORS_MAX], struct error *err)
{
    struct worker_message message = {.type = type, .connection = 7}, got;
    int fds[CHANNEL_DESCRIPTORS_MAX], status;
    struct pair pair;

    open_pair(&pair);
    for (size_t i = 0; i < CHANNEL_DESCRIPTORS_MAX; i++)
        fds[i] = memfd_create("x", MFD_CLOEXEC);
    memset(message.name, 'x', sizeof(message.name));
    check_int(channel_send_with(pair.ends[0], &message, fds, descriptors, false), 0);
    status = channel_receive_all(pair.ends[1], &got, ret_fds, err);
    for (size_t i = 0; i < CHANNEL_DESCRIPTORS_MAX; i++)
        close(fds[i]);
    close_pair(&pair);
    if (status > 0) {
        check_int(got.type, type);
        check_int(got.connection, 7);
        check_int(strlen(got.name), sizeof(got.name) - 1);
    }
    return status;
}

TEST(a_connection_arrives_with_both_of_its_sockets)
{
    struct error err = ERROR_INIT;
    int fds[CHANNEL_DESCRIPTORS_MAX];

    check_int(pass(WORKER_FLOW, 2, fds, &err), 1);
    check(fds[0] >= 0 && fds[1] >= 0 && fds[0] != fds[1]);
    check_int(fcntl(fds[0], F_GETFD), FD_CLOEXEC);
    check_int(fcntl(fds[1], F_GETFD), FD_CLOEXEC);
    close(fds[0]);
    close(fds[1]);
}

TEST(a_message_with_other_descriptors_than_its_own_is_refused_and_they_are_closed)
{
    static const struct {
        enum worker_message_type type;
        size_t descriptors;
        const char *text;
    } rows[] = {
        {WORKER_FLOW, 1, "1 descriptors where 2 belong"}, {WORKER_FLOW, 0, "0 descriptors where 2 belong"},
        {WORKER_RULES, 2, "2 descriptors where 1 belong"}, {WORKER_RULES, 0, "0 descriptors where 1 belong"},
        {WORKER_BEGIN, 1, "1 descriptors where 0 belong"}, {WORKER_READY, 1, "a message of type 3"},
        {(enum worker_message_type)99, 0, "a message of type 99"}, {(enum worker_message_type)0, 0, "a message of type 0"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct error err = ERROR_INIT;
        int fds[CHANNEL_DESCRIPTORS_MAX] = {-7, -7};

        check_int(pass(rows[i].type, rows[i].descriptors, fds, &err), -EPROTO);
        check_contains(err.text, rows[i].text);
        check_int(fds[0], -7);
    }
}

static int hear(size_t size, size_t descriptors, int *ret_fd)
{
    struct worker_message message = {.type = WORKER_READY}, got;
    struct iovec part = {&message, size};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(2 * sizeof(int))] = {0};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    struct pair pair;
    int status;

    open_pair(&pair);
    if (descriptors) {
        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(descriptors * sizeof(int));
        *CMSG_FIRSTHDR(&header) =
            (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(descriptors * sizeof(int))};
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), pair.ends, descriptors * sizeof(int));
    }
    check_int(sendmsg(pair.ends[0], &header, MSG_NOSIGNAL), size);
    status = channel_hear(pair.ends[1], &got, ret_fd);
    if (status > 0)
        check_int(got.type, WORKER_READY);
    close_pair(&pair);
    return status;
}

/* Each closes what it does not take: the runner counts. */
TEST(the_starter_hears_whole_messages_with_at_most_the_descriptor_that_may_come)
{
    static const size_t whole = sizeof(struct worker_message);
    int fd = -7;

    check_int(hear(whole, 0, NULL), 1);
    check_int(hear(whole, 0, &fd), 1);
    check_int(fd, -1);
    check_int(hear(whole, 1, &fd), 1);
    check_int(fcntl(fd, F_GETFD), FD_CLOEXEC);
    close(fd);
    fd = -7;
    check_int(hear(whole, 1, NULL), -EBADMSG);
    check_int(hear(whole, 2, &fd), -EBADMSG);
    check_int(hear(whole - 1, 0, &fd), -EBADMSG);
    check_int(hear(whole - 1, 1, &fd), -EBADMSG);
    check_int(hear(0, 1, &fd), -EBADMSG);
    check_int(fd, -7);
}

TEST(a_starter_that_hears_nothing_knows_whether_there_is_anybody)
{
    struct worker_message got;
    struct pair pair;

    open_pair(&pair);
    check_int(channel_hear(pair.ends[1], &got, NULL), 0);
    close(pair.ends[0]);
    check_int(channel_hear(pair.ends[1], &got, NULL), -ECONNRESET);
    close(pair.ends[1]);
}

TEST(whoever_takes_no_connections_is_given_none)
{
    struct worker_message message = {.type = WORKER_FLOW}, got;
    struct error err = ERROR_INIT;
    struct pair pair;
    int fd = -7;

    open_pair(&pair);
    check_int(channel_send_with(pair.ends[0], &message, pair.ends, 2, false), 0);
    check_int(channel_receive(pair.ends[1], &got, &fd, &err), -EPROTO);
    check_int(fd, -7);
    message.type = WORKER_BEGIN;
    check_int(channel_send(pair.ends[0], &message, false), 0);
    check_int(channel_receive(pair.ends[1], &got, &fd, &err), 1);
    check_int(fd, -1);
    check_int(channel_receive(pair.ends[1], &got, &fd, &err), -EAGAIN);
    close_pair(&pair);
}

TEST(what_was_sealed_is_read_and_what_can_still_change_is_not)
{
    struct error err = ERROR_INIT;
    auto_close int fd = memfd_create("x", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    auto_free char *bytes = NULL;
    size_t size = 0;

    check_int(write(fd, "rules", 5), 5);
    check_int(worker_read_sealed(fd, 100, "the rules", &bytes, &size, &err), -EPERM);
    check_contains(err.text, "the rules: not in a memory file sealed");
    check_int(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE), 0);
    check_int(worker_read_sealed(fd, 4, "the rules", &bytes, &size, &err), -E2BIG);
    check_int(worker_read_sealed(fd, 5, "the rules", &bytes, &size, &err), 0);
    check_int(size, 5);
    check_string(bytes, "rules");
}
