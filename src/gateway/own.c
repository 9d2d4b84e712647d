/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One route socket tells of every change. A new address counts at once; after one has gone, or when the socket could not
 * keep up, all are asked for again, and the former ones count until the answer is complete. Where there are more than
 * ADDRESSES_MAX, every address counts as an own one.
 *
 * System calls: socket, bind, getsockname (before confinement); sendto, recvmsg; socket, connect, getsockname, close.
 */
#include "gateway/own.h"

#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "gateway/dial.h"

#define ADDRESSES_MAX  1024
#define ANY_PORT       1 /* but 0 */
#define MESSAGES_BYTES 32768

struct list {
    bool is_full;
    size_t count;
    struct net_address items[ADDRESSES_MAX];
};

struct own {
    struct mnl_socket *socket;
    struct loop *loop;
    struct loop_watch watch;
    bool is_complete; /* the answer to the last question has ended */
    bool is_stale;    /* it has to be asked once more */
    struct list held, fresh; /* fresh: the answer that comes in */
    _Alignas(struct nlmsghdr) char messages[MESSAGES_BYTES];
};

static int ask(struct own *own)
{
    _Alignas(struct nlmsghdr) char buffer[64] = "";
    struct nlmsghdr *header = mnl_nlmsg_put_header(buffer);

    header->nlmsg_type = RTM_GETADDR;
    header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
    mnl_nlmsg_put_extra_header(header, sizeof(struct ifaddrmsg));
    own->is_complete = own->is_stale = own->fresh.is_full = false;
    own->fresh.count = 0;
    return mnl_socket_sendto(own->socket, header, header->nlmsg_len) < 0 ? -errno : 0;
}

static bool list_has(const struct list *list, const struct net_address *address)
{
    for (size_t i = 0; i < list->count; i++)
        if (net_address_equals(&list->items[i], address))
            return true;
    return list->is_full;
}

static void list_add(struct list *list, const struct net_address *address)
{
    if (list_has(list, address))
        return;
    if (list->count == ADDRESSES_MAX)
        list->is_full = true;
    else
        list->items[list->count++] = *address;
}

struct about {
    struct net_address address;
    bool is_local; /* IFA_LOCAL, which goes before IFA_ADDRESS: that is the other end's on a point-to-point link */
};

static int see_attribute(const struct nlattr *attribute, void *data)
{
    struct about *about = data;
    size_t size = about->address.family == AF_INET ? 4 : 16;
    unsigned type = mnl_attr_get_type(attribute);

    if (mnl_attr_get_payload_len(attribute) != size)
        return MNL_CB_OK;
    if (type == IFA_LOCAL || (type == IFA_ADDRESS && !about->is_local)) {
        memcpy(about->address.bytes, mnl_attr_get_payload(attribute), size);
        about->is_local |= type == IFA_LOCAL;
    }
    return MNL_CB_OK;
}

static void add(struct own *own, const struct net_address *address)
{
    list_add(&own->held, address);
    list_add(&own->fresh, address);
}

/* The address of all routers of a network (RFC 4291, 2.6.1): its prefix alone. A host that forwards answers to it. */
static void add_routers(struct own *own, struct net_address address, unsigned prefix)
{
    for (unsigned bit = prefix; bit < 128; bit++)
        address.bytes[bit / 8] &= (unsigned char)~(0x80u >> bit % 8);
    add(own, &address);
}

static int see_message(const struct nlmsghdr *header, void *data)
{
    struct own *own = data;
    const struct ifaddrmsg *message = mnl_nlmsg_get_payload(header);
    struct about about = {.address.family = 0};

    if (header->nlmsg_type != RTM_NEWADDR && header->nlmsg_type != RTM_DELADDR)
        return MNL_CB_OK;
    if (mnl_nlmsg_get_payload_len(header) < sizeof(*message) ||
        (message->ifa_family != AF_INET && message->ifa_family != AF_INET6))
        return MNL_CB_OK;
    about.address.family = message->ifa_family;
    mnl_attr_parse(header, sizeof(*message), see_attribute, &about);
    if (header->nlmsg_type == RTM_DELADDR) {
        own->is_stale = true; /* the same may still be on another interface */
    } else {
        add(own, &about.address);
        if (message->ifa_family == AF_INET6 && message->ifa_prefixlen && message->ifa_prefixlen < 127)
            add_routers(own, about.address, message->ifa_prefixlen);
    }
    return MNL_CB_OK;
}

static int see_end(const struct nlmsghdr *header, void *data)
{
    struct own *own = data;

    (void)header;
    own->is_complete = true;
    own->held = own->fresh;
    return MNL_CB_OK;
}

/* What one receive gives. -errno; -EAGAIN = nothing more; -EINTR = addresses changed while they were told. */
static int receive(struct own *own)
{
    mnl_cb_t ends[] = {[NLMSG_DONE] = see_end};
    ssize_t size = mnl_socket_recvfrom(own->socket, own->messages, sizeof(own->messages));

    if (size < 0)
        return -errno;
    return mnl_cb_run2(own->messages, (size_t)size, 0, 0, see_message, own, ends, ARRAY_COUNT(ends)) < 0 ? -errno : 0;
}

int own_open(struct own **ret_own, struct error *err)
{
    struct own *own = mem_alloc(sizeof(*own));
    int status;

    if (!own)
        return error_memory(err);
    own->watch.fd = -1;
    own->socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
    status = own->socket ? 0 : -errno;
    if (status == 0 && mnl_socket_bind(own->socket, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR, MNL_SOCKET_AUTOPID) < 0)
        status = -errno;
    if (status == 0)
        status = ask(own);
    while (status == 0 && !own->is_complete) {
        status = receive(own);
        own->is_stale |= status == -EINTR;
        status = status == -EINTR ? 0 : status;
    }
    if (status < 0) {
        own_close(own);
        return error_system(err, -status, "ask for the host's own addresses");
    }
    *ret_own = own;
    return 0;
}

void own_close(struct own *own)
{
    if (!own)
        return;
    if (own->loop)
        loop_forget(own->loop, &own->watch);
    if (own->socket)
        mnl_socket_close(own->socket);
    mem_free(own);
}

static void ready(struct loop_watch *watch, uint32_t events)
{
    struct own *own = container_of(watch, struct own, watch);
    int status = 0;

    (void)events;
    while (status == 0 || status == -EINTR || status == -ENOBUFS) {
        status = receive(own);
        own->is_stale |= status < 0 && status != -EAGAIN;
        if (own->is_complete && own->is_stale && ask(own) < 0)
            own->held.is_full = true; /* nothing is known */
    }
}

int own_watch(struct own *own, struct loop *loop, struct error *err)
{
    int status;

    own->watch = (struct loop_watch){.fd = mnl_socket_get_fd(own->socket), .ready = ready};
    own->loop = loop;
    if (fcntl(own->watch.fd, F_SETFL, O_NONBLOCK) < 0)
        return error_system(err, errno, "prepare the route socket");
    status = loop_watch(loop, &own->watch, EPOLLIN);
    return status < 0 ? error_system(err, -status, "watch the host's own addresses") : 0;
}

/*
 * Own by a route of type local and no interface's, as load balancers and some clouds make them: the kernel answers from the
 * address itself. With IPv4 only; nothing is sent.
 */
static bool answers_itself(const struct net_address *address)
{
    auto_close int fd = -1;
    struct sockaddr_storage from;
    socklen_t size = sizeof(from);
    struct net_address source;
    unsigned port;

    if (address->family != AF_INET)
        return false;
    fd = dial(SOCK_DGRAM, address, ANY_PORT);
    if (fd < 0)
        return fd != -ENETUNREACH && fd != -EHOSTUNREACH && fd != -EACCES; /* nothing is known, or it leads nowhere */
    return getsockname(fd, (struct sockaddr *)&from, &size) < 0 ||
           net_address_of((struct sockaddr *)&from, size, &source, &port) < 0 || net_address_equals(&source, address);
}

bool own_has(const struct own *own, const struct net_address *address)
{
    return list_has(&own->held, address) || list_has(&own->fresh, address) || answers_itself(address);
}
