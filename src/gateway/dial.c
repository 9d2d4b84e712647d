/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Connections to be.
 *
 * System calls: socket, setsockopt, connect, close.
 */
#include "gateway/dial.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>

#include "base/memory.h"

socklen_t dial_address(const struct net_address *address, unsigned port, struct sockaddr_storage *ret_to)
{
    struct sockaddr_in *four = (void *)ret_to;
    struct sockaddr_in6 *six = (void *)ret_to;

    memset(ret_to, 0, sizeof(*ret_to));
    if (address->family == AF_INET) {
        four->sin_family = AF_INET;
        four->sin_port = htons((uint16_t)port);
        memcpy(&four->sin_addr, address->bytes, 4);
        return sizeof(*four);
    }
    six->sin6_family = AF_INET6;
    six->sin6_port = htons((uint16_t)port);
    memcpy(&six->sin6_addr, address->bytes, 16);
    return sizeof(*six);
}

static int connect_to(int taken, const struct net_address *address, unsigned port)
{
    auto_close int fd = taken;
    struct sockaddr_storage to;
    socklen_t size = dial_address(address, port, &to);

    if (connect(fd, (struct sockaddr *)&to, size) < 0 && errno != EINPROGRESS)
        return -errno;
    return take_fd(fd);
}

int dial_with(int fd, const struct net_address *address, unsigned port)
{
    int on = 1;

    setsockopt(fd, SOL_TCP, TCP_NODELAY, &on, sizeof(on));
    return connect_to(fd, address, port);
}

int dial(int type, const struct net_address *address, unsigned port)
{
    int fd = socket(address->family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -errno;
    return type == SOCK_STREAM ? dial_with(fd, address, port) : connect_to(fd, address, port);
}
