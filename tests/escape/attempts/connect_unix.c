/* SPDX-License-Identifier: Apache-2.0 */
/* Connect to a Unix socket of the host and hear its greeting. Arguments: kind (path, abstract,
 * datagram, pair: one end of a pair of datagram sockets, or message: a datagram without connecting), name. */
#include <poll.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *kind = argument(argc, argv, 1), *name = argument(argc, argv, 2);
    bool is_pair = strcmp(kind, "pair") == 0, is_message = strcmp(kind, "message") == 0;
    bool is_datagram = is_pair || is_message || strcmp(kind, "datagram") == 0, is_abstract = strcmp(kind, "abstract") == 0;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    socklen_t length = sizeof(address);
    int ends[2] = {-1, -1};
    int fd = is_pair ? socketpair(AF_UNIX, SOCK_DGRAM, 0, ends) : socket(AF_UNIX, is_datagram ? SOCK_DGRAM : SOCK_STREAM, 0);
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
        decide(sendto(fd, "escaped", 7, 0, (struct sockaddr *)&address, length), "sendto");
    if (connect(fd, (struct sockaddr *)&address, length) < 0)
        refused("connect");
    if (is_datagram)
        decide(send(fd, "escaped", 7, 0), "send");
    if (poll(&waiting, 1, ATTEMPT_DEADLINE_MS) != 1 || read(fd, greeting, sizeof(greeting)) <= 0)
        refused("greeting");
    succeeded("connect");
}
