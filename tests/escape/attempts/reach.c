/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reach a server beyond the host. Arguments: way, address (as the way wants it), port, marker, and for some ways the
 * address of a server that may be reached. Stream ways ask by HTTP, datagram ways send the marker; an answer is success.
 */
#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <sys/socket.h>

#include "attempt.h"

struct target {
    struct sockaddr_storage address;
    socklen_t size;
};

static const char *port_text, *marker, *granted;

/* Any text that the C library takes for an address or a name: 0x5db8d823, 93.184.55331, localhost. */
static struct target target_of(const char *text)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *found = NULL;
    struct target target = {.size = 0};
    int status = getaddrinfo(text, port_text, &hints, &found);

    if (status) {
        errno = status == EAI_SYSTEM ? errno : EHOSTUNREACH;
        refused("getaddrinfo");
    }
    memcpy(&target.address, found->ai_addr, found->ai_addrlen);
    target.size = found->ai_addrlen;
    freeaddrinfo(found);
    return target;
}

static int open_socket(const struct target *target, int type, int protocol)
{
    int fd = socket(target->address.ss_family, type, protocol);

    if (fd < 0)
        refused("socket");
    return fd;
}

static void connect_to(int fd, const struct target *target)
{
    if (connect(fd, (const struct sockaddr *)&target->address, target->size) < 0)
        refused("connect");
}

__attribute__((noreturn)) static void await(int fd)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    char answer[64];

    if (poll(&waiting, 1, 1500) != 1) {
        errno = ETIMEDOUT;
        refused("answer");
    }
    if (recv(fd, answer, sizeof(answer), 0) <= 0)
        refused("answer");
    succeeded("the server answered");
}

__attribute__((noreturn)) static void converse(int fd)
{
    char request[200];
    int length = snprintf(request, sizeof(request), "GET /hello?%s HTTP/1.1\r\nHost: x\r\n\r\n", marker);

    if (send(fd, request, (size_t)length, MSG_NOSIGNAL) < 0)
        refused("send");
    await(fd);
}

static void reach_tcp(const char *text)
{
    struct target target = target_of(text);
    int fd = open_socket(&target, SOCK_STREAM, 0);

    connect_to(fd, &target);
    converse(fd);
}

static void reach_mptcp(const char *text)
{
    struct target target = target_of(text);
    int fd = open_socket(&target, SOCK_STREAM, IPPROTO_MPTCP);

    connect_to(fd, &target);
    converse(fd);
}

static void reach_fast_open(const char *text)
{
    struct target target = target_of(text);
    int fd = open_socket(&target, SOCK_STREAM, 0);
    char request[200];
    int length = snprintf(request, sizeof(request), "GET /hello?%s HTTP/1.1\r\nHost: x\r\n\r\n", marker);

    if (sendto(fd, request, (size_t)length, MSG_FASTOPEN, (struct sockaddr *)&target.address, target.size) < 0)
        refused("sendto");
    await(fd);
}

static void dissolve(int fd)
{
    struct sockaddr nothing = {.sa_family = AF_UNSPEC};

    if (connect(fd, &nothing, sizeof(nothing)) < 0)
        refused("dissolve");
}

/* A socket that was connected to where it may, then elsewhere. */
static void reach_again(const char *text)
{
    struct target first = target_of(granted), second = target_of(text);
    int fd = open_socket(&first, SOCK_STREAM, 0);

    connect_to(fd, &first);
    dissolve(fd);
    connect_to(fd, &second);
    converse(fd);
}

/* A socket that came out of accept(), used for a connection of its own. */
static void reach_accepted(const char *text)
{
    struct target target = target_of(text);
    struct sockaddr_in own = {.sin_family = AF_INET}; /* bound to no address, so that it may be given another */
    socklen_t size = sizeof(own);
    int listener = socket(AF_INET, SOCK_STREAM, 0), client = socket(AF_INET, SOCK_STREAM, 0), accepted;

    if (listener < 0 || bind(listener, (struct sockaddr *)&own, size) < 0 || listen(listener, 1) < 0 ||
        getsockname(listener, (struct sockaddr *)&own, &size) < 0 || connect(client, (struct sockaddr *)&own, size) < 0)
        refused("own loopback");
    accepted = accept(listener, NULL, NULL);
    if (accepted < 0)
        refused("accept");
    dissolve(accepted);
    connect_to(accepted, &target);
    converse(accepted);
}

static void reach_sendto(const char *text)
{
    struct target target = target_of(text);
    int fd = open_socket(&target, SOCK_DGRAM, 0);

    if (sendto(fd, marker, strlen(marker), 0, (struct sockaddr *)&target.address, target.size) < 0)
        refused("sendto");
    await(fd);
}

static void reach_sendmsg(const char *text)
{
    struct target target = target_of(text);
    struct iovec data = {.iov_base = (void *)marker, .iov_len = strlen(marker)};
    struct msghdr message = {.msg_name = &target.address, .msg_namelen = target.size, .msg_iov = &data, .msg_iovlen = 1};
    int fd = open_socket(&target, SOCK_DGRAM, 0);

    if (sendmsg(fd, &message, 0) < 0)
        refused("sendmsg");
    await(fd);
}

/* One datagram to where it may go, and in the same call one elsewhere. */
static void reach_sendmmsg(const char *text)
{
    struct target first = target_of(granted), second = target_of(text);
    struct iovec none = {.iov_base = (void *)"x", .iov_len = 1}, data = {(void *)marker, strlen(marker)};
    struct mmsghdr messages[2] = {
        {.msg_hdr = {.msg_name = &first.address, .msg_namelen = first.size, .msg_iov = &none, .msg_iovlen = 1}},
        {.msg_hdr = {.msg_name = &second.address, .msg_namelen = second.size, .msg_iov = &data, .msg_iovlen = 1}},
    };
    struct pollfd waiting = {.events = POLLIN};
    char answer[200];

    waiting.fd = open_socket(&first, SOCK_DGRAM, 0);
    if (sendmmsg(waiting.fd, messages, 2, 0) != 2)
        refused("sendmmsg");
    while (poll(&waiting, 1, 1500) == 1) {
        ssize_t got = recv(waiting.fd, answer, sizeof(answer), 0);

        if (got < 0)
            refused("answer");
        if ((size_t)got == strlen(marker))
            succeeded("the server answered");
    }
    errno = ETIMEDOUT;
    refused("answer");
}

/* A datagram socket that is connected to where it may, and sends elsewhere. */
static void reach_beside(const char *text)
{
    struct target first = target_of(granted), second = target_of(text);
    int fd = open_socket(&first, SOCK_DGRAM, 0);

    connect_to(fd, &first);
    dissolve(fd);
    if (sendto(fd, marker, strlen(marker), 0, (struct sockaddr *)&second.address, second.size) < 0)
        refused("sendto");
    await(fd);
}

static void reach_echo(const char *text)
{
    struct target target = target_of(text);
    struct icmphdr request = {.type = ICMP_ECHO};
    int fd = open_socket(&target, SOCK_DGRAM, IPPROTO_ICMP);

    if (sendto(fd, &request, sizeof(request), 0, (struct sockaddr *)&target.address, target.size) < 0)
        refused("sendto");
    await(fd);
}

static const struct {
    const char *name;
    void (*reach)(const char *text);
} ways[] = {
    {"tcp", reach_tcp},           {"mptcp", reach_mptcp},       {"fastopen", reach_fast_open},
    {"again", reach_again},       {"accepted", reach_accepted}, {"sendto", reach_sendto},
    {"sendmsg", reach_sendmsg},   {"sendmmsg", reach_sendmmsg}, {"beside", reach_beside},
    {"icmp", reach_echo},
};

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 1);

    port_text = argument(argc, argv, 3);
    marker = argument(argc, argv, 4);
    granted = argc > 5 ? argv[5] : NULL;
    for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
        if (strcmp(ways[i].name, way) == 0)
            ways[i].reach(argument(argc, argv, 2));
    errno = EINVAL;
    broken("no such way");
}
