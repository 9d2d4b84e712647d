/* SPDX-License-Identifier: Apache-2.0 */
/* Reach a listener of the host. Arguments: way (tcp4, tcp6, mapped, udp4, fastopen), address, port.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "attempt.h"

union address {
    struct sockaddr plain;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static socklen_t make_address(union address *ret_address, const char *text, long port)
{
    memset(ret_address, 0, sizeof(*ret_address));
    if (strchr(text, ':')) {
        ret_address->v6.sin6_family = AF_INET6;
        ret_address->v6.sin6_port = htons((uint16_t)port);
        if (inet_pton(AF_INET6, text, &ret_address->v6.sin6_addr) != 1)
            broken("the address");
        return sizeof(ret_address->v6);
    }
    ret_address->v4.sin_family = AF_INET;
    ret_address->v4.sin_port = htons((uint16_t)port);
    if (inet_pton(AF_INET, text, &ret_address->v4.sin_addr) != 1)
        broken("the address");
    return sizeof(ret_address->v4);
}

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1);
    union address address;
    socklen_t length =
        make_address(&address, argument(argc, argv, 2), number_argument(argc, argv, 3));
    bool is_udp = strcmp(way, "udp4") == 0;
    int fd = socket(address.plain.sa_family, is_udp ? SOCK_DGRAM : SOCK_STREAM, 0);
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    char greeting[16];

    if (fd < 0)
        refused("socket");
    if (is_udp || strcmp(way, "fastopen") == 0) {
        if (sendto(fd, "x", 1, is_udp ? 0 : MSG_FASTOPEN, &address.plain, length) < 0)
            refused("sendto");
    } else if (connect(fd, &address.plain, length) < 0) {
        refused("connect");
    }
    /* A datagram that nobody takes is answered by an error or by nothing at all. */
    if (poll(&waiting, 1, is_udp ? 1000 : ATTEMPT_DEADLINE_MS) != 1) {
        errno = ETIMEDOUT;
        refused("answer");
    }
    if (read(fd, greeting, sizeof(greeting)) <= 0)
        refused("answer");
    succeeded("the host's listener answered");
}
