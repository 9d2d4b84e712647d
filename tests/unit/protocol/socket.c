/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and descriptors through a pair of sockets; records in memory files. */
#include "protocol/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

static struct protocol_received received; /* too large for a stack */

static void make_pair(int ret_ends[2])
{
    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_ends), 0);
}

static void close_pair(int ends[2])
{
    close(ends[0]);
    close(ends[1]);
}

/* Anything, with any number of descriptors. */
static void send_raw(int socket, const void *bytes, size_t size, size_t fd_count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(16 * sizeof(int))] = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = CMSG_SPACE(fd_count * sizeof(int))};

    CMSG_FIRSTHDR(&header)->cmsg_level = SOL_SOCKET;
    CMSG_FIRSTHDR(&header)->cmsg_type = SCM_RIGHTS;
    CMSG_FIRSTHDR(&header)->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
    memset(CMSG_DATA(CMSG_FIRSTHDR(&header)), 0, fd_count * sizeof(int)); /* stdin, so often */
    check_int(sendmsg(socket, &header, 0), (long long)size);
}

TEST(a_message_arrives_with_its_descriptors)
{
    auto_protocol struct protocol_out out;
    int ends[2];

    make_pair(ends);
    protocol_begin(&out, PROTOCOL_STREAM, 0);
    protocol_add_number(&out, TAG_NUMBER, 1);
    check_int(protocol_send(ends[0], 0, &out, (int[]){ends[0]}, 1, NULL), 0);
    check_int(protocol_receive(ends[1], 0, &received, NULL), 1);
    check_int(received.message.type, PROTOCOL_STREAM);
    check_int(received.fd_count, 1);
    check(received.fds[0] > 2 && (fcntl(received.fds[0], F_GETFD) & FD_CLOEXEC));
    protocol_drop(&received);
    close_pair(ends);
}

TEST(a_message_with_more_descriptors_than_any_has_is_refused_and_none_stays_open)
{
    auto_protocol struct protocol_out out;
    int ends[2];

    make_pair(ends);
    protocol_begin(&out, PROTOCOL_KILL, 0);
    check_int(protocol_finish(&out, NULL), 0);
    send_raw(ends[0], out.bytes.data, out.bytes.length, 3);
    check_int(protocol_receive(ends[1], 0, &received, NULL), -EPROTO);
    send_raw(ends[0], out.bytes.data, out.bytes.length, 16);
    check_int(protocol_receive(ends[1], 0, &received, NULL), -EPROTO);
    close_pair(ends);
}

TEST(descriptors_of_a_message_that_is_none_do_not_stay_open)
{
    int ends[2];

    make_pair(ends);
    send_raw(ends[0], "nonsense", 8, 2);
    check_int(protocol_receive(ends[1], 0, &received, NULL), -EPROTO);
    check_int(received.fds[0], -1);
    close_pair(ends);
}

TEST(who_sends_with_descriptors_that_do_not_belong_makes_a_mistake_of_its_own)
{
    auto_protocol struct protocol_out out;
    struct error err = ERROR_INIT;
    int ends[2];

    make_pair(ends);
    protocol_begin(&out, PROTOCOL_KILL, 0);
    check_int(protocol_send(ends[0], 0, &out, (int[]){0}, 1, &err), -EINVAL);
    check_int(err.kind, ERROR_INTERNAL);
    close_pair(ends);
}

TEST(the_end_of_the_other_is_told_and_nothing_is_waited_for)
{
    int ends[2];

    make_pair(ends);
    check_int(protocol_receive(ends[1], MSG_DONTWAIT, &received, NULL), -EAGAIN);
    close(ends[0]);
    check_int(protocol_receive(ends[1], MSG_DONTWAIT, &received, NULL), 0);
    close(ends[1]);
}

static void record(struct protocol_out *out)
{
    protocol_begin(out, PROTOCOL_RECORD_REQUEST, 0);
    protocol_add_text(out, TAG_ARG, "/bin/true");
}

TEST(a_sealed_record_is_read)
{
    auto_protocol struct protocol_out out;
    auto_free unsigned char *bytes = NULL;
    struct protocol_message message;
    auto_close int fd = -1;

    record(&out);
    check_int(protocol_seal(&out, "test", &fd, NULL), 0);
    check_int(protocol_unseal(fd, PROTOCOL_RECORD_REQUEST, &bytes, &message, NULL), 0);
    check_string(protocol_text(&message, TAG_ARG), "/bin/true");
}

TEST(a_record_that_can_still_change_is_refused)
{
    auto_protocol struct protocol_out out;
    auto_free unsigned char *bytes = NULL;
    struct protocol_message message;
    struct error err = ERROR_INIT;
    auto_close int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING), file = -1;

    record(&out);
    check_int(protocol_finish(&out, NULL), 0);
    check(write(fd, out.bytes.data, out.bytes.length) > 0);
    check_int(protocol_unseal(fd, PROTOCOL_RECORD_REQUEST, &bytes, &message, &err), -EPROTO);
    check_contains(err.text, "no sealed memory file");
    file = open("/dev/null", O_RDONLY | O_CLOEXEC);
    check_int(protocol_unseal(file, PROTOCOL_RECORD_REQUEST, &bytes, &message, &err), -EPROTO);
    check(!bytes);
}

TEST(a_record_of_another_type_and_a_message_as_a_record_are_refused)
{
    auto_protocol struct protocol_out out, kill;
    auto_free unsigned char *bytes = NULL;
    struct protocol_message message;
    auto_close int fd = -1, other = -1;

    record(&out);
    check_int(protocol_seal(&out, "test", &fd, NULL), 0);
    check_int(protocol_unseal(fd, PROTOCOL_RECORD_END, &bytes, &message, NULL), -EPROTO);
    protocol_begin(&kill, PROTOCOL_KILL, 0);
    check_int(protocol_seal(&kill, "test", &other, NULL), 0);
    check_int(protocol_unseal(other, PROTOCOL_KILL, &bytes, &message, NULL), -EPROTO);
    check(!bytes);
}
