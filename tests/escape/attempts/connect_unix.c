/* SPDX-License-Identifier: Apache-2.0 */
/* Connect to a Unix socket of the host and hear its greeting. Arguments: kind (path, abstract,
 * datagram, pair: one end of a pair of datagram sockets, or message: a datagram without connecting, raw-message and
 * pair-message: the same from such sockets), name. */
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

/* By sendmsg() and sendmmsg(), too. What arrives at the other end of the pair went nowhere else. */
static void send_message(int fd, int other, struct sockaddr_un *address, socklen_t length)
{
    char word[] = "escaped", heard[16];
    struct iovec part = {word, 7};
    struct mmsghdr message = {.msg_hdr = {.msg_name = address, .msg_namelen = length, .msg_iov = &part, .msg_iovlen = 1}};
    bool is_sent = sendto(fd, word, 7, 0, (struct sockaddr *)address, length) == 7;

    is_sent |= sendmsg(fd, &message.msg_hdr, 0) == 7;
    is_sent |= sendmmsg(fd, &message, 1, 0) == 1;
    if (is_sent && other >= 0 && recv(other, heard, sizeof(heard), MSG_DONTWAIT) > 0) {
        errno = EISCONN;
        refused("sendto");
    }
    decide(is_sent ? 0 : -1, "sendto");
}

int main(int argc, char **argv)
{
    const char *kind = argument(argc, argv, 1), *name = argument(argc, argv, 2);
    bool is_pair = strcmp(kind, "pair") == 0 || strcmp(kind, "pair-message") == 0;
    bool is_message = strstr(kind, "message") != NULL;
    bool is_datagram = is_pair || is_message || strcmp(kind, "datagram") == 0, is_abstract = strcmp(kind, "abstract") == 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(address);
    int ends[2] = {-1, -1};
    int type = strcmp(kind, "raw-message") == 0 ? SOCK_RAW : is_datagram ? SOCK_DGRAM : SOCK_STREAM;
    int fd = is_pair ? socketpair(AF_UNIX, type, 0, ends) : socket(AF_UNIX, type, 0);
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    char greeting[16];

    if (fd < 0)
        refused(is_pair ? "socketpair" : "socket");
    if (is_pair)
        fd = ends[0];
    if (strlen(name) + 1 >= sizeof(address.sun_path)) {
        errno = ENAMETOOLONG;
        broken("the name of the socket");
    }
    strcpy(address.sun_path + (is_abstract ? 1 : 0), name);
    if (is_abstract)
        length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    if (is_message)
        send_message(fd, ends[1], &address, length);
    if (connect(fd, (struct sockaddr *)&address, length) < 0)
        refused("connect");
    if (is_datagram)
        decide(send(fd, "escaped", 7, 0), "send");
    if (poll(&waiting, 1, ATTEMPT_DEADLINE_MS) != 1 || read(fd, greeting, sizeof(greeting)) <= 0)
        refused("greeting");
    succeeded("connect");
}
