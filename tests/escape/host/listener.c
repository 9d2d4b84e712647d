/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A service of the host: greets whoever reaches it, after it has noted the visit in a file.
 * Arguments: kind (tcp, tcp=PORT, udp, unix, abstract, datagram), address or name, effect file,
 * ready file (gets the port). Ends when its parent does, or by a signal.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stddef.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "host.h"

union address {
    struct sockaddr plain;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
    struct sockaddr_un local;
};

static int open_inet(const char *kind, const char *text, int *ret_port)
{
    union address address = {0};
    socklen_t length = sizeof(address.v4);
    const char *asked = strchr(kind, '=');
    uint16_t port = htons((uint16_t)(asked ? atoi(asked + 1) : 0));
    bool is_tcp = strncmp(kind, "tcp", 3) == 0, is_v6 = strchr(text, ':') != NULL;
    int fd = socket(is_v6 ? AF_INET6 : AF_INET, is_tcp ? SOCK_STREAM : SOCK_DGRAM, 0), one = 1;

    if (is_v6) {
        address.v6.sin6_family = AF_INET6;
        address.v6.sin6_port = port;
        inet_pton(AF_INET6, text, &address.v6.sin6_addr);
        length = sizeof(address.v6);
    } else {
        address.v4.sin_family = AF_INET;
        address.v4.sin_port = port;
        inet_pton(AF_INET, text, &address.v4.sin_addr);
    }
    if (fd < 0 || bind(fd, &address.plain, length) < 0)
        die("bind");
    /* So that an attempt with TCP fast open can succeed where the system permits it. */
    if (is_tcp && (setsockopt(fd, IPPROTO_TCP, 23 /* TCP_FASTOPEN */, &one, sizeof(one)) < 0 ||
                   listen(fd, 8) < 0))
        die("listen");
    length = sizeof(address);
    if (getsockname(fd, &address.plain, &length) < 0)
        die("getsockname");
    *ret_port = ntohs(is_v6 ? address.v6.sin6_port : address.v4.sin_port);
    return fd;
}

static int open_unix(const char *kind, const char *name)
{
    union address address = {.local = {.sun_family = AF_UNIX}};
    bool is_abstract = strcmp(kind, "abstract") == 0;
    bool is_datagram = strcmp(kind, "datagram") == 0;
    socklen_t length = sizeof(address.local);
    int fd = socket(AF_UNIX, is_datagram ? SOCK_DGRAM : SOCK_STREAM, 0);

    strncpy(address.local.sun_path + (is_abstract ? 1 : 0), name,
            sizeof(address.local.sun_path) - 2);
    if (is_abstract)
        length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name));
    if (fd < 0 || bind(fd, &address.plain, length) < 0 || (!is_datagram && listen(fd, 8) < 0))
        die("bind");
    if (!is_abstract && chmod(name, 0777) < 0)
        die("chmod");
    return fd;
}

int main(int argc, char **argv)
{
    bool is_inet, is_packet;
    char text[32], buffer[64];
    int fd, port = 0;

    if (argc != 5) {
        errno = EINVAL;
        die("usage");
    }
    is_inet = strncmp(argv[1], "tcp", 3) == 0 || strcmp(argv[1], "udp") == 0;
    is_packet = strcmp(argv[1], "udp") == 0 || strcmp(argv[1], "datagram") == 0;
    fd = is_inet ? open_inet(argv[1], argv[2], &port) : open_unix(argv[1], argv[2]);
    snprintf(text, sizeof(text), "%d\n", port);
    write_whole(argv[4], text);
    for (;;) {
        union address peer = {0};
        socklen_t length = sizeof(peer);
        int visitor = is_packet ? -1 : accept(fd, NULL, NULL);

        if (is_packet && recvfrom(fd, buffer, sizeof(buffer), 0, &peer.plain, &length) < 0)
            die("recvfrom");
        write_whole(argv[3], "visited\n");
        if (is_packet && length > offsetof(struct sockaddr_un, sun_path)) {
            if (sendto(fd, "hello", 5, 0, &peer.plain, length) < 0)
                perror("sendto");
        } else if (visitor >= 0) {
            if (send(visitor, "hello", 5, MSG_NOSIGNAL) < 0)
                perror("send");
            close(visitor);
        }
    }
}
