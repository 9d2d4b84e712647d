/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Doors. An inward one is listened for on the host's 127.0.0.1 and ::1 and leads into the container; an outward one is
 * listened for inside and leads to the host's loopback. Where both addresses can be meant, IPv4 is tried first.
 *
 * System calls: before confinement socket, bind, listen; then those of listener.c and dial.c.
 */
#include "gateway/doors.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "gateway/dial.h"
#include "gateway/flow.h"
#include "gateway/listener.h"

struct door {
    struct gateway *gateway;
    const struct net_door *door; /* NULL = shut */
    bool is_inward;
    struct listener listeners[2];
};

static const struct net_address loopbacks[2] = {
    {.family = AF_INET, .bytes = {127, 0, 0, 1}},
    {.family = AF_INET6, .bytes = {[15] = 1}},
};

static int listen_on(const struct net_address *address, unsigned port, int *ret_fd, struct error *err)
{
    auto_close int fd = socket(address->family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    struct sockaddr_storage at;
    socklen_t size = dial_address(address, port, &at);
    char text[NET_ADDRESS_TEXT_SIZE];
    int on = 1;

    net_address_print(address, text);
    if (fd < 0 && errno == EAFNOSUPPORT && address->family == AF_INET6)
        return 0;
    if (fd < 0)
        return error_system(err, errno, "open a socket for port %u of the host", port);
    if (address->family == AF_INET6)
        setsockopt(fd, SOL_IPV6, IPV6_V6ONLY, &on, sizeof(on));
    /* so that the port can be used again at once after a container has ended; two listeners still exclude each other */
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    if (bind(fd, (struct sockaddr *)&at, size) < 0 || listen(fd, SOMAXCONN) < 0) {
        if (errno == EADDRNOTAVAIL && address->family == AF_INET6)
            return 0;
        if (errno == EADDRINUSE)
            return error_set(err, ERROR_SYSTEM, EADDRINUSE,
                             "listen on the host's %s port %u: somebody does already; end that, or map another hostPort", text, port);
        return error_system(err, errno, "listen on the host's %s port %u", text, port);
    }
    *ret_fd = take_fd(fd);
    return 0;
}

int doors_listen(const struct net_rules *rules, int (**ret_fds)[2], struct error *err)
{
    int (*fds)[2] = mem_alloc((rules->inward_count + 1) * sizeof(*fds));
    int status = 0;

    if (!fds)
        return error_memory(err);
    memset(fds, 0xff, (rules->inward_count + 1) * sizeof(*fds));
    for (size_t i = 0; i < rules->inward_count && status == 0; i++) {
        status = listen_on(&loopbacks[0], rules->inward[i].port, &fds[i][0], err);
        if (status == 0)
            status = listen_on(&loopbacks[1], rules->inward[i].port, &fds[i][1], err);
        if (status < 0)
            (void)error_prepend(err, "%s", rules->inward[i].where);
    }
    if (status < 0) {
        for (size_t i = 0; i < rules->inward_count; i++) {
            fd_close_at(&fds[i][0]);
            fd_close_at(&fds[i][1]);
        }
        mem_free(fds);
        return status;
    }
    *ret_fds = fds;
    return 0;
}

static void accepted(struct listener *listener, int fd)
{
    struct door *door = listener->owner;

    flow_begin_door(door->gateway, door->door, door->is_inward, fd);
}

static int door_open(struct gateway *gateway, const struct net_door *door, bool is_inward, const int fds[2],
                     struct error *err)
{
    struct door *made = &gateway->doors[gateway->door_count++];
    int status;

    *made = (struct door){.gateway = gateway, .door = door, .is_inward = is_inward};
    status = listener_open(&made->listeners[0], gateway->loop, fds[0], accepted, made);
    if (status == 0)
        status = listener_open(&made->listeners[1], gateway->loop, fds[1], accepted, made);
    return status < 0 ? error_system(err, -status, "watch port %u", door->port) : 0;
}

int doors_open(struct gateway *gateway, int (*inward)[2], int (*outward)[2], struct error *err)
{
    const struct net_rules *rules = gateway->set->rules;
    int status = 0;

    gateway->doors = mem_alloc((rules->inward_count + rules->outward_count + 1) * sizeof(*gateway->doors));
    if (!gateway->doors)
        return error_memory(err);
    for (size_t i = 0; i < rules->inward_count && status == 0; i++)
        status = door_open(gateway, &rules->inward[i], true, inward[i], err);
    for (size_t i = 0; i < rules->outward_count && status == 0; i++)
        status = door_open(gateway, &rules->outward[i], false, outward[i], err);
    return status;
}

const struct net_door *door_find(const struct net_rules *rules, bool is_inward, const struct net_door *door)
{
    const struct net_door *doors = is_inward ? rules->inward : rules->outward;
    size_t count = is_inward ? rules->inward_count : rules->outward_count;

    for (size_t i = 0; i < count; i++)
        if (doors[i].port == door->port && doors[i].to_port == door->to_port)
            return &doors[i];
    return NULL;
}

void doors_judge_all(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->door_count; i++) {
        struct door *door = &gateway->doors[i];

        if (door->door)
            door->door = door_find(gateway->set->rules, door->is_inward, door->door);
        if (door->door)
            continue;
        listener_close(&door->listeners[0]);
        listener_close(&door->listeners[1]);
    }
}

void doors_close(struct gateway *gateway)
{
    for (size_t i = 0; i < gateway->door_count; i++) {
        listener_close(&gateway->doors[i].listeners[0]);
        listener_close(&gateway->doors[i].listeners[1]);
    }
    mem_free(gateway->doors);
    gateway->doors = NULL;
    gateway->door_count = 0;
}

int door_dial(struct gateway *gateway, bool is_inward, const struct net_address *address, unsigned port)
{
    int fd;

    if (!is_inward)
        return dial(SOCK_STREAM, address, port);
    fd = inside_socket(gateway->inside, address->family);
    return fd < 0 ? fd : dial_with(fd, address, port);
}
