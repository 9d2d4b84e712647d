/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's own answer: connecting a datagram socket looks for a route and does nothing else.
 *
 * System calls: socket, connect, close.
 */
#include "gateway/dns_route.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#define PORT 53 /* any but 0 */

bool dns_route_exists(const struct net_address *address)
{
    struct sockaddr_in to4 = {.sin_family = AF_INET, .sin_port = htons(PORT)};
    struct sockaddr_in6 to6 = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    bool is4 = address->family == AF_INET;
    int fd auto_close = socket(address->family, SOCK_DGRAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return errno != EAFNOSUPPORT; /* for want of descriptors nothing is known: let it be tried */
    memcpy(&to4.sin_addr, address->bytes, sizeof(to4.sin_addr));
    memcpy(&to6.sin6_addr, address->bytes, sizeof(to6.sin6_addr));
    if (connect(fd, is4 ? (struct sockaddr *)&to4 : (struct sockaddr *)&to6, is4 ? sizeof(to4) : sizeof(to6)) == 0)
        return true;
    return errno != ENETUNREACH && errno != EHOSTUNREACH && errno != EADDRNOTAVAIL;
}
