/* SPDX-License-Identifier: Apache-2.0 */
/* Families, types and protocols of which a socket can be had, and the options that those sockets
 * know. */
#include <sys/socket.h>

#include "reach.h"

#define FAMILIES_MAX 50
#define OPTIONS_MAX  120

static void try_options(const char *name, int fd)
{
    static const int levels[] = {SOL_SOCKET, 0,   6,   17,  41,  58,  132, 136, 255,
                                 263,        269, 270, 271, 276, 277, 278, 279, 280,
                                 281,        282, 283, 284, 285, 286, 287, 288};
    char text[96];

    for (size_t i = 0; i < sizeof(levels) / sizeof(*levels); i++)
        for (int option = 0; option < OPTIONS_MAX; option++) {
            /* A pointer that is none: who looks at it knows the option. */
            bool is_known =
                setsockopt(fd, levels[i], option, (void *)-1, 4) == 0 || errno == EFAULT;

            snprintf(text, sizeof(text), "%s.%d.%d", name, levels[i], option);
            reach_note("socket-option", text, is_known);
        }
}

static void try_socket(int family, int type, int protocol)
{
    char name[64];
    int fd = socket(family, type, protocol);

    snprintf(name, sizeof(name), "%d.%d.%d", family, type, protocol);
    reach_note("socket", name, fd >= 0);
    if (fd < 0)
        return;
    if (protocol == 0)
        try_options(name, fd);
    close(fd);
}

void reach_sockets(void)
{
    static const int types[] = {SOCK_STREAM,    SOCK_DGRAM, SOCK_RAW,   SOCK_RDM,
                                SOCK_SEQPACKET, SOCK_DCCP,  SOCK_PACKET};
    static const int protocols[] = {0, 1, 2, 6, 17, 58, 132, 136, 255, 262};

    for (int family = 0; family < FAMILIES_MAX; family++)
        for (size_t type = 0; type < sizeof(types) / sizeof(*types); type++) {
            if (family == AF_NETLINK) {
                for (int protocol = 0; protocol < 24; protocol++)
                    try_socket(family, types[type], protocol);
                continue;
            }
            for (size_t i = 0; i < sizeof(protocols) / sizeof(*protocols); i++)
                try_socket(family, types[type], protocols[i]);
        }
}
