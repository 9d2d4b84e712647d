/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams, and the table of questions that wait. A datagram's answer leaves from the address that was asked, which a
 * transparent socket learns from a control message.
 *
 * System calls: recvmsg, sendmsg, epoll_ctl, close.
 */
#include "gateway/dns_server.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "gateway/dns_tcp.h"

#define BATCH 32 /* datagrams of one round, so that nothing else waits long */

struct udp_socket {
    struct loop_watch watch;
    struct dns_server *server;
};

struct dns_server {
    struct dns_server_setup setup;
    struct dns_tcp *tcp;
    struct udp_socket udp[2];
    struct dns_exchange waiting[DNS_WAITING_MAX];
};

#define owner_of(member, type, field) ((type *)(void *)((char *)(member) - offsetof(type, field)))

/* ---- exchanges ---- */

struct dns_exchange *dns_server_begin(struct dns_server *server)
{
    for (size_t i = 0; i < DNS_WAITING_MAX; i++) {
        struct dns_exchange *exchange = &server->waiting[i];

        if (exchange->is_used)
            continue;
        *exchange = (struct dns_exchange){.is_used = true, .server = server, .fd = -1};
        return exchange;
    }
    return NULL;
}

void dns_server_drop(struct dns_exchange *exchange)
{
    dns_upstream_cancel(&exchange->ask);
    exchange->is_used = false;
}

void dns_server_asked(struct dns_exchange *exchange, int rcode)
{
    const struct dns_server_setup *setup = &exchange->server->setup;

    setup->asked(setup->context, exchange, rcode);
}

/* ---- datagrams ---- */

union control {
    struct cmsghdr align;
    unsigned char bytes[CMSG_SPACE(sizeof(struct sockaddr_in6)) + CMSG_SPACE(sizeof(struct in6_pktinfo))];
};

static void read_asked(struct msghdr *header, struct net_address *ret_asked)
{
    unsigned port;

    for (struct cmsghdr *at = CMSG_FIRSTHDR(header); at; at = CMSG_NXTHDR(header, at)) {
        bool is_asked = (at->cmsg_level == IPPROTO_IP && at->cmsg_type == IP_ORIGDSTADDR) ||
                        (at->cmsg_level == IPPROTO_IPV6 && at->cmsg_type == IPV6_ORIGDSTADDR);
        struct sockaddr_in6 address = {0};
        size_t size = at->cmsg_len - CMSG_LEN(0);

        if (!is_asked || size > sizeof(address))
            continue;
        memcpy(&address, CMSG_DATA(at), size);
        if (net_address_of((struct sockaddr *)&address, size, ret_asked, &port) < 0)
            ret_asked->family = 0;
    }
}

static void write_asked(struct msghdr *header, union control *control, const struct net_address *asked)
{
    struct in_pktinfo info4 = {0};
    struct in6_pktinfo info6 = {0};
    bool is4 = asked->family == AF_INET;
    size_t size = is4 ? sizeof(info4) : sizeof(info6);
    struct cmsghdr *at;

    if (!asked->family)
        return;
    header->msg_control = control;
    header->msg_controllen = CMSG_SPACE(size);
    at = CMSG_FIRSTHDR(header);
    at->cmsg_level = is4 ? IPPROTO_IP : IPPROTO_IPV6;
    at->cmsg_type = is4 ? IP_PKTINFO : IPV6_PKTINFO;
    at->cmsg_len = CMSG_LEN(size);
    memcpy(&info4.ipi_spec_dst, asked->bytes, sizeof(info4.ipi_spec_dst));
    memcpy(&info6.ipi6_addr, asked->bytes, sizeof(info6.ipi6_addr));
    memcpy(CMSG_DATA(at), is4 ? (void *)&info4 : (void *)&info6, size);
}

static void send_datagram(const struct dns_exchange *exchange, const struct dns_answer *answer)
{
    unsigned char message[DNS_ANSWER_MAX] not_initialised;
    union control control = {0};
    struct iovec part = {.iov_base = message};
    struct msghdr header = {.msg_name = (void *)&exchange->from,
                            .msg_namelen = exchange->from_size,
                            .msg_iov = &part,
                            .msg_iovlen = 1};

    part.iov_len = dns_answer_write(&exchange->question, answer, exchange->question.udp_size, message);
    write_asked(&header, &control, &exchange->asked);
    (void)!sendmsg(exchange->fd, &header, MSG_DONTWAIT | MSG_NOSIGNAL); /* lost as any datagram may be */
}

static void take_datagram(struct dns_server *server, int fd, const void *message, size_t size, struct msghdr *header)
{
    struct dns_exchange *exchange = dns_server_begin(server), spare = {.server = server};
    struct dns_exchange *used = exchange ? exchange : &spare;
    int rcode = dns_question_read(message, size, &used->question);

    used->fd = fd;
    used->from_size = header->msg_namelen;
    memcpy(&used->from, header->msg_name, header->msg_namelen);
    read_asked(header, &used->asked);
    if (rcode < 0 && exchange)
        dns_server_drop(exchange);
    else if (rcode >= 0 && exchange)
        dns_server_asked(exchange, rcode);
    else if (rcode >= 0)
        send_datagram(&spare, &(struct dns_answer){.rcode = DNS_SERVFAIL,
                                                   .extended = DNS_EXTENDED_OTHER,
                                                   .text = "too many questions wait for an answer"});
}

static void udp_ready(struct loop_watch *watch, uint32_t events unused_arg)
{
    struct udp_socket *udp = owner_of(watch, struct udp_socket, watch);

    for (int i = 0; i < BATCH; i++) {
        unsigned char message[DNS_QUESTION_MAX + 1] not_initialised; /* one more: too long is seen */
        union control control = {0};
        struct sockaddr_in6 from = {0};
        struct iovec part = {.iov_base = message, .iov_len = sizeof(message)};
        struct msghdr header = {.msg_name = &from,
                                .msg_namelen = sizeof(from),
                                .msg_iov = &part,
                                .msg_iovlen = 1,
                                .msg_control = &control,
                                .msg_controllen = sizeof(control)};
        ssize_t size = recvmsg(watch->fd, &header, MSG_DONTWAIT);

        if (size < 0)
            return;
        if (header.msg_namelen <= sizeof(from))
            take_datagram(udp->server, watch->fd, message, (size_t)size, &header);
    }
}

/* ---- both ---- */

void dns_server_answer(struct dns_exchange *exchange, const struct dns_answer *answer)
{
    struct dns_connection *connection = exchange->connection;
    unsigned char message[DNS_ANSWER_MAX] not_initialised;
    size_t size;

    if (!connection) {
        send_datagram(exchange, answer);
        dns_server_drop(exchange);
        return;
    }
    size = dns_answer_write(&exchange->question, answer, DNS_ANSWER_MAX, message);
    dns_server_drop(exchange);
    dns_tcp_answer(connection, message, size);
}

int dns_server_open(const struct dns_server_setup *setup, struct dns_server **ret_server, struct error *err)
{
    struct dns_server *server = mem_alloc(sizeof(*server));
    int status;

    if (!server)
        return error_memory(err);
    server->setup = *setup;
    for (int i = 0; i < 2; i++)
        server->udp[i] = (struct udp_socket){.watch = {.fd = -1, .ready = udp_ready}, .server = server};
    status = dns_tcp_open(setup->loop, server, &server->tcp, err);
    if (status < 0) {
        mem_free(server);
        return status;
    }
    *ret_server = server;
    return 0;
}

void dns_server_close(struct dns_server *server)
{
    if (!server)
        return;
    dns_tcp_close(server->tcp);
    for (int i = 0; i < 2; i++) {
        loop_forget(server->setup.loop, &server->udp[i].watch);
        if (server->udp[i].watch.fd >= 0)
            close(server->udp[i].watch.fd);
    }
    for (size_t i = 0; i < DNS_WAITING_MAX; i++)
        dns_server_drop(&server->waiting[i]);
    mem_free(server);
}

int dns_server_listen(struct dns_server *server, const struct names_sockets *sockets, struct error *err)
{
    int first = 0;

    for (int i = 0; i < 2; i++) {
        int status;

        server->udp[i].watch.fd = sockets->udp[i];
        if (sockets->udp[i] < 0 || first < 0)
            continue;
        status = loop_watch(server->setup.loop, &server->udp[i].watch, EPOLLIN);
        if (status < 0)
            first = error_system(err, -status, "watch the resolver's socket");
    }
    for (int i = 0; i < 2; i++) {
        int status = dns_tcp_listen(server->tcp, i, sockets->tcp[i], first < 0 ? NULL : err);

        first = first < 0 ? first : status;
    }
    return first;
}
