/* SPDX-License-Identifier: Apache-2.0 */
/* Send credentials that are not ours with a message. Argument: what is forged (pid, uid). */
#include <sys/socket.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    bool is_pid = strcmp(argument(argc, argv, 1), "pid") == 0;
    struct ucred forged = {
        .pid = is_pid ? 1 : getpid(), .uid = is_pid ? getuid() : 4242, .gid = getgid()};
    char text[] = "x", control[CMSG_SPACE(sizeof(forged))] = {0};
    struct iovec part = {.iov_base = text, .iov_len = 1};
    struct msghdr message = {.msg_iov = &part,
                             .msg_iovlen = 1,
                             .msg_control = control,
                             .msg_controllen = sizeof(control)};
    struct cmsghdr *header = CMSG_FIRSTHDR(&message);
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET, 0, ends) < 0)
        broken("socketpair");
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_CREDENTIALS;
    header->cmsg_len = CMSG_LEN(sizeof(forged));
    memcpy(CMSG_DATA(header), &forged, sizeof(forged));
    decide(sendmsg(ends[0], &message, 0), "SCM_CREDENTIALS");
}
