/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gateway's sockets within the container's network namespace. Runs once, in the thread that is inside.
 *
 * They are bound to the gateway's own address and none of them lets others share it (no SO_REUSEADDR, no SO_REUSEPORT),
 * so no program takes a connection or a datagram from them: its socket on the same port, with that address or with none,
 * is refused (EADDRINUSE). The filter hands packets to exactly these, whatever else listens.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/icmp.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "gateway/inside.h"
#include "net/inside.h"

#define BACKLOG         4096
#define DATAGRAM_BUFFER (2 << 20)

#ifndef IPV6_RECVORIGDSTADDR
#define IPV6_RECVORIGDSTADDR 74
#endif
#ifndef IPV6_TRANSPARENT
#define IPV6_TRANSPARENT 75
#endif
#ifndef IPV6_HDRINCL
#define IPV6_HDRINCL 36
#endif

#ifndef SO_RCVMARK
#define SO_RCVMARK 75
#endif

enum use { USE_STREAM, USE_DATAGRAM };

static int set_on(int fd, int level, int option)
{
    int on = 1;

    return setsockopt(fd, level, option, &on, sizeof(on));
}

static socklen_t fill_address(struct sockaddr_storage *to, int family, const char *text, uint16_t port)
{
    memset(to, 0, sizeof(*to));
    if (family == AF_INET) {
        struct sockaddr_in *four = (void *)to;

        four->sin_family = AF_INET;
        four->sin_port = htons(port);
        inet_pton(AF_INET, text, &four->sin_addr);
        return sizeof(*four);
    }
    struct sockaddr_in6 *six = (void *)to;

    six->sin6_family = AF_INET6;
    six->sin6_port = htons(port);
    inet_pton(AF_INET6, text, &six->sin6_addr);
    return sizeof(*six);
}

static int make_transparent(int fd, int family, enum use use)
{
    bool is_six = family == AF_INET6;
    int level = is_six ? SOL_IPV6 : SOL_IP, size = DATAGRAM_BUFFER;

    if (set_on(fd, level, is_six ? IPV6_TRANSPARENT : IP_TRANSPARENT) < 0)
        return -1;
    if (use == USE_STREAM)
        return set_on(fd, SOL_TCP, TCP_NODELAY);
    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
    (void)set_on(fd, SOL_SOCKET, SO_RCVMARK); /* Linux 5.19; without it nobody knows whose a datagram is */
    return set_on(fd, level, is_six ? IPV6_RECVORIGDSTADDR : IP_RECVORIGDSTADDR);
}

struct listener {
    int family;
    enum use use;
    const char *address;
    uint16_t port;
    bool is_transparent;
};

static int open_listener(const struct listener *listener, int *ret_fd, struct error *err)
{
    int type = (listener->use == USE_STREAM ? SOCK_STREAM : SOCK_DGRAM) | SOCK_CLOEXEC | SOCK_NONBLOCK;
    auto_close int fd = socket(listener->family, type, 0);
    struct sockaddr_storage address;
    socklen_t size = fill_address(&address, listener->family, listener->address, listener->port);

    if (fd < 0)
        return error_system(err, errno, "open a socket in the container");
    if (listener->family == AF_INET6 && set_on(fd, SOL_IPV6, IPV6_V6ONLY) < 0)
        return error_system(err, errno, "keep a socket in the container to IPv6");
    if (listener->is_transparent && make_transparent(fd, listener->family, listener->use) < 0)
        return error_set(err, ERROR_UNENFORCEABLE, errno,
                         "take connections for other addresses in the container (IP_TRANSPARENT): %m");
    if (bind(fd, (struct sockaddr *)&address, size) < 0 || (listener->use == USE_STREAM && listen(fd, BACKLOG) < 0))
        return error_system(err, errno, "listen on %s port %u in the container", listener->address, listener->port);
    *ret_fd = take_fd(fd);
    return 0;
}

/* To send only (IPPROTO_RAW receives nothing): answers to datagrams come from the address that was asked. */
static int open_raw(int family, int *ret_fd, struct error *err)
{
    auto_close int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_RAW);

    if (fd < 0 || (family == AF_INET6 && set_on(fd, SOL_IPV6, IPV6_HDRINCL) < 0))
        return error_system(err, errno, "open a raw socket in the container");
    *ret_fd = take_fd(fd);
    return 0;
}

/* Every echo request that arrives, whoever it is for; nothing else of ICMP. */
static int open_ping(int family, int *ret_fd, struct error *err)
{
    bool is_six = family == AF_INET6;
    auto_close int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, is_six ? IPPROTO_ICMPV6 : IPPROTO_ICMP);
    uint32_t but_echo4 = ~(1u << ICMP_ECHO);
    struct icmp6_filter but_echo6;
    int status;

    if (fd < 0)
        return error_system(err, errno, "open a raw socket in the container");
    ICMP6_FILTER_SETBLOCKALL(&but_echo6);
    ICMP6_FILTER_SETPASS(ICMP6_ECHO_REQUEST, &but_echo6);
    if (is_six)
        status = setsockopt(fd, SOL_ICMPV6, ICMP6_FILTER, &but_echo6, sizeof(but_echo6));
    else
        status = setsockopt(fd, SOL_RAW, ICMP_FILTER, &but_echo4, sizeof(but_echo4));
    if (status < 0 || (is_six && set_on(fd, SOL_IPV6, IPV6_RECVPKTINFO) < 0))
        return error_system(err, errno, "take echo requests in the container");
    (void)set_on(fd, SOL_SOCKET, SO_RCVMARK);
    *ret_fd = take_fd(fd);
    return 0;
}

static int open_family(int family, struct inside_sockets *sockets, struct error *err)
{
    unsigned at = family == AF_INET6;
    const char *address = family == AF_INET ? NET_INSIDE_GATEWAY4 : NET_INSIDE_GATEWAY6;
    const struct {
        enum use use;
        uint16_t port;
        int *fd;
    } rows[] = {
        {USE_STREAM, NET_INSIDE_PORT, &sockets->tcp[at]},
        {USE_DATAGRAM, NET_INSIDE_PORT, &sockets->udp[at]},
        {USE_STREAM, NET_INSIDE_DNS_PORT, &sockets->names.tcp[at]},
        {USE_DATAGRAM, NET_INSIDE_DNS_PORT, &sockets->names.udp[at]},
    };
    int status = 0;

    for (size_t i = 0; i < ARRAY_COUNT(rows) && status == 0; i++) {
        struct listener listener = {family, rows[i].use, address, rows[i].port, true};

        status = open_listener(&listener, rows[i].fd, err);
    }
    return status < 0 ? status : open_raw(family, &sockets->raw[at], err);
}

static int open_outward(const struct net_rules *rules, bool has_ipv6, struct inside_sockets *sockets, struct error *err)
{
    int status = 0;

    for (size_t i = 0; i < rules->outward_count && status == 0; i++) {
        struct listener listener = {AF_INET, USE_STREAM, "127.0.0.1", rules->outward[i].port, false};

        status = open_listener(&listener, &sockets->outward[i][0], err);
        listener.family = AF_INET6;
        listener.address = "::1";
        if (status == 0 && has_ipv6)
            status = open_listener(&listener, &sockets->outward[i][1], err);
    }
    return status;
}

int inside_make_sockets(const struct inside_want *want, bool has_ipv6, struct inside_sockets *sockets, struct error *err)
{
    int status = open_family(AF_INET, sockets, err);

    if (status == 0 && has_ipv6)
        status = open_family(AF_INET6, sockets, err);
    if (status == 0 && want->has_ping)
        status = open_ping(AF_INET, &sockets->ping[0], err);
    if (status == 0 && want->has_ping && has_ipv6)
        status = open_ping(AF_INET6, &sockets->ping[1], err);
    if (status == 0)
        status = open_outward(want->set->rules, has_ipv6, sockets, err);
    return status;
}
