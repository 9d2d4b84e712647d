/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Datagrams. All that programs send arrives at one listener a family, which tells where each was going; what comes back
 * is written as a whole packet to the raw socket, from that address. A flow's own descriptor is the socket outside.
 *
 * QUIC says its name where only its two ends can read it, so it counts as what could have said one and does not.
 *
 * System calls: recvmsg, recvfrom, sendto, and those of dial.c.
 */
#include "gateway/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "gateway/dial.h"
#include "gateway/logged.h"
#include "gateway/packet.h"
#include "net/inside.h"

#define BUCKETS       256u
#define AT_ONCE       64
#define IDLE_MS       60000u
#define IDLE_SHORT_MS 10000u /* a question and its answer */
#define DATA_MAX      65536u

#ifndef IPV6_ORIGDSTADDR
#define IPV6_ORIGDSTADDR 74
#endif

struct udp_flow {
    struct udp *udp;
    struct udp_flow *next, **before;
    struct loop_watch outside;
    struct loop_timer idle;
    struct packet_end client, wanted;
    uint32_t mark; /* of the program's socket (net/inside.h) */
    struct net_question question; /* without names */
    bool is_answered;
    bool is_quic; /* some datagram of it was */
    bool is_held; /* until it is recorded: then this one goes first, and what came behind it is lost */
    unsigned char *first;
    size_t first_size;
    const char *where; /* of the rule that decided, in gateway->set */
    struct budget_use use;
    uint64_t number, began_ns, used_ns;
    uint64_t bytes_up, bytes_down;
    char name[NET_NAME_SIZE];
};

struct udp_listener {
    struct udp *udp;
    struct loop_watch watch;
};

struct udp {
    struct gateway *gateway;
    struct udp_listener listeners[2];
    struct udp_flow *buckets[BUCKETS];
    unsigned count;
    unsigned char buffer[PACKET_HEADROOM + DATA_MAX];
};

bool udp_is_quic(const unsigned char *bytes, size_t size)
{
    return size >= 7 && (bytes[0] & 0xc0) == 0xc0 && (bytes[1] | bytes[2] | bytes[3] | bytes[4]);
}

/* ---- events ---- */

static void tell_denied(struct udp *udp, const struct net_question *question, uint32_t mark,
                        const struct net_decision *decision, const char *name)
{
    struct worker_message message = events_about(WORKER_DENIED, question, name, decision->where);

    gateway_tell_name(udp->gateway, &message);
    message.pid = NET_MARK_PID(mark);
    message.program = NET_MARK_PROGRAM(mark);
    message.reason = decision->reason;
    message.connection = events_connection(&udp->gateway->events);
    events_send_datagram(&udp->gateway->events, &message, loop_now_ns(udp->gateway->loop));
}

static void tell(struct udp_flow *flow, enum worker_event_kind kind, int number)
{
    struct gateway *gateway = flow->udp->gateway;
    struct worker_message message = events_about(kind, &flow->question, flow->name, flow->where);

    message.connection = flow->number;
    message.pid = NET_MARK_PID(flow->mark);
    message.program = NET_MARK_PROGRAM(flow->mark);
    message.errnum = number;
    message.bytes_up = flow->bytes_up;
    message.bytes_down = flow->bytes_down;
    message.duration_us = (loop_now_ns(gateway->loop) - flow->began_ns) / 1000;
    if (kind == WORKER_FAILED)
        events_send_datagram(&gateway->events, &message, loop_now_ns(gateway->loop));
    else
        events_send(&gateway->events, &message);
}

/* ---- to the program ---- */

static void send_inside(struct udp *udp, const struct packet_end *client, const unsigned char *packet, size_t size)
{
    int fd = udp->gateway->sockets.raw[client->address.family == AF_INET6];
    struct sockaddr_storage to;
    socklen_t to_size = dial_address(&client->address, 0, &to);

    /* what finds no room is lost, as datagrams are */
    (void)!sendto(fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, to_size);
}

static void send_unreachable(struct udp *udp, const struct packet_end *client, const struct packet_end *wanted, size_t size)
{
    unsigned char packet[PACKET_UNREACHABLE_MAX];

    send_inside(udp, client, packet, packet_unreachable(client, wanted, size, packet));
}

/* ---- flows ---- */

/* What arrived: whose, from where, where to. Sockets with different marks have flows of their own. */
struct arrival {
    struct packet_end client, wanted;
    uint32_t mark;
    size_t size;
};

static bool is_same_end(const struct packet_end *a, const struct packet_end *b)
{
    return a->port == b->port && net_address_equals(&a->address, &b->address);
}

static struct udp_flow **bucket_of(struct udp *udp, const struct packet_end *client, const struct packet_end *wanted)
{
    uint32_t hash = client->port * 31u + wanted->port;

    for (size_t i = 0; i < 16; i++)
        hash = (hash ^ wanted->address.bytes[i] ^ client->address.bytes[i]) * 16777619u;
    return &udp->buckets[(hash ^ hash >> 16) % BUCKETS];
}

static struct udp_flow *flow_find(struct udp *udp, const struct arrival *arrival)
{
    struct udp_flow *flow = *bucket_of(udp, &arrival->client, &arrival->wanted);

    while (flow && !(flow->mark == arrival->mark && is_same_end(&flow->client, &arrival->client) &&
                     is_same_end(&flow->wanted, &arrival->wanted)))
        flow = flow->next;
    return flow;
}

static void flow_free(struct udp_flow *flow)
{
    struct udp *udp = flow->udp;

    if (flow->name[0])
        names_release(udp->gateway->names, &flow->wanted.address, flow->name);
    loop_forget(udp->gateway->loop, &flow->outside);
    loop_cancel(udp->gateway->loop, &flow->idle);
    if (flow->outside.fd >= 0)
        close(flow->outside.fd);
    mem_free(flow->first);
    *flow->before = flow->next;
    if (flow->next)
        flow->next->before = flow->before;
    udp->count--;
    mem_free(flow);
}

static uint64_t idle_ms(const struct udp_flow *flow)
{
    return flow->wanted.port == 53 ? IDLE_SHORT_MS : IDLE_MS;
}

/* What nobody answered was never connected; what was sent may have arrived all the same. */
static void flow_end(struct udp_flow *flow, int number)
{
    if (flow->is_answered)
        tell(flow, WORKER_CLOSED, number);
    else
        tell(flow, WORKER_FAILED, number ? number : ETIMEDOUT);
    flow_free(flow);
}

static void idle_due(struct loop_timer *timer)
{
    struct udp_flow *flow = container_of(timer, struct udp_flow, idle);
    struct loop *loop = flow->udp->gateway->loop;
    uint64_t unused_ms = (loop_now_ns(loop) - flow->used_ns) / NS_PER_MS;

    if (unused_ms < idle_ms(flow)) {
        loop_start(loop, timer, idle_ms(flow) - unused_ms);
        return;
    }
    flow_end(flow, 0);
}

static void flow_break(struct udp_flow *flow, int number)
{
    send_unreachable(flow->udp, &flow->client, &flow->wanted, 0);
    flow_end(flow, number);
}

static void outside_ready(struct loop_watch *watch, uint32_t events)
{
    struct udp_flow *flow = container_of(watch, struct udp_flow, outside);
    struct udp *udp = flow->udp;
    unsigned char *body = udp->buffer + PACKET_HEADROOM, *packet;
    size_t packet_size;

    (void)events;
    for (int i = 0; i < AT_ONCE; i++) {
        ssize_t size = recv(watch->fd, body, DATA_MAX, MSG_DONTWAIT);

        if (size < 0 && errno == EAGAIN)
            return;
        if (size < 0) {
            flow_break(flow, errno);
            return;
        }
        if (!gateway_count_bytes(flow->udp->gateway, &flow->use, BUDGET_BYTES_DOWN, (size_t)size))
            continue; /* a flow that has ended is ended in the next round */
        flow->bytes_down += (uint64_t)size;
        flow->used_ns = loop_now_ns(udp->gateway->loop);
        if (!flow->is_answered)
            tell(flow, WORKER_CONNECTED, 0);
        flow->is_answered = true;
        packet = packet_datagram(&flow->wanted, &flow->client, body, (size_t)size, &packet_size);
        if (packet)
            send_inside(udp, &flow->client, packet, packet_size);
    }
}

/* NULL, and the program told, where it cannot be. */
static struct udp_flow *flow_new(struct udp *udp, const struct arrival *arrival, const struct net_question *question,
                                 const struct net_address *to)
{
    struct udp_flow *flow = mem_alloc(sizeof(*flow)), **bucket = bucket_of(udp, &arrival->client, &arrival->wanted);
    int fd;

    if (!flow)
        return NULL;
    *flow = (struct udp_flow){.udp = udp, .next = *bucket, .before = bucket, .client = arrival->client,
                              .wanted = arrival->wanted, .mark = arrival->mark, .question = *question, .outside = {.fd = -1, .ready = outside_ready},
                              .idle = {.due = idle_due}};
    if (flow->next)
        flow->next->before = &flow->next;
    *bucket = flow;
    udp->count++;
    flow->number = events_connection(&udp->gateway->events);
    flow->began_ns = flow->used_ns = loop_now_ns(udp->gateway->loop);
    fd = udp->count > UDP_FLOWS_MAX ? -EMFILE : dial(SOCK_DGRAM, to, arrival->wanted.port);
    if (fd >= 0) {
        flow->outside.fd = fd;
        fd = loop_watch(udp->gateway->loop, &flow->outside, EPOLLIN);
    }
    if (fd < 0) {
        flow_break(flow, -fd);
        return NULL;
    }
    loop_start(udp->gateway->loop, &flow->idle, idle_ms(flow));
    return flow;
}

/* ---- from the program ---- */

static void send_outside(struct udp_flow *flow, const unsigned char *body, size_t size)
{
    if (send(flow->outside.fd, body, size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        flow->bytes_up += size;
    else if (errno != EAGAIN && errno != ENOBUFS && errno != EMSGSIZE)
        flow_break(flow, errno);
}

static void hold(struct udp_flow *flow)
{
    struct worker_message message = events_about(0, &flow->question, flow->name, flow->where);

    message.connection = flow->number;
    message.pid = NET_MARK_PID(flow->mark);
    message.program = NET_MARK_PROGRAM(flow->mark);
    flow->is_held = true;
    (void)logged_ask(flow->udp->gateway, &message); /* else it is held until it is idle: nothing of it leaves */
}

static void keep_first(struct udp_flow *flow, const unsigned char *body, size_t size)
{
    if (flow->first || !(flow->first = mem_alloc(size + 1)))
        return;
    memcpy(flow->first, body, size);
    flow->first_size = size;
}

bool udp_logged(struct udp *udp, uint64_t number, bool is_recorded)
{
    struct udp_flow *flow = NULL;

    for (size_t i = 0; i < BUCKETS && !flow; i++)
        for (flow = udp->buckets[i]; flow && !(flow->number == number && flow->is_held); flow = flow->next)
            ;
    if (!flow)
        return false;
    flow->is_held = false;
    if (!is_recorded) {
        static const struct net_decision not_logged = {.verdict = NET_REFUSE, .reason = NET_NOT_LOGGED};

        tell_denied(udp, &flow->question, flow->mark, &not_logged, flow->name);
        flow_break(flow, EACCES);
    } else if (flow->first) {
        send_outside(flow, flow->first, flow->first_size);
    }
    return true;
}

static struct udp_flow *judge_first(struct udp *udp, const struct arrival *arrival, bool is_quic)
{
    struct net_question question = {.protocol = NET_UDP,
                                    .address = arrival->wanted.address,
                                    .port = arrival->wanted.port,
                                    .program = NET_MARK_PROGRAM(arrival->mark)};
    struct judgement judgement;
    struct udp_flow *flow;

    question.said = is_quic ? NET_SAID_NO_NAME : NET_SAID_NOTHING;
    gateway_judge(udp->gateway, &question, &judgement);
    if (judgement.decision.verdict == NET_PERMIT)
        (void)gateway_count(udp->gateway, &judgement.decision); /* what has no budget left is refused as what no rule grants */
    if (judgement.decision.verdict != NET_PERMIT) {
        tell_denied(udp, &question, arrival->mark, &judgement.decision, judgement.name);
        send_unreachable(udp, &arrival->client, &arrival->wanted, arrival->size);
        return NULL;
    }
    flow = flow_new(udp, arrival, &question, &judgement.to);
    if (flow) {
        flow->is_quic = is_quic;
        flow->where = judgement.decision.where;
        flow->use = budget_use_of(&judgement.decision);
        memcpy(flow->name, judgement.name, sizeof(flow->name));
        if (flow->name[0])
            names_hold(udp->gateway->names, &flow->wanted.address, flow->name);
        if (udp->gateway->set->is_logged)
            hold(flow);
    }
    return flow;
}

/* A flow that begins with something else is no way to QUIC. */
static bool stays_permitted(struct udp_flow *flow, size_t size)
{
    struct net_question question = flow->question;
    const char *name = flow->name;
    struct judgement judgement;

    question.said = flow->is_quic ? NET_SAID_NO_NAME : NET_SAID_NOTHING;
    if (flow->name[0]) {
        question.names = &name;
        question.name_count = 1;
    }
    gateway_judge(flow->udp->gateway, &question, &judgement);
    flow->where = judgement.decision.where;
    flow->use = budget_use_of(&judgement.decision);
    if (judgement.decision.verdict == NET_PERMIT)
        return true;
    tell_denied(flow->udp, &flow->question, flow->mark, &judgement.decision, flow->name);
    send_unreachable(flow->udp, &flow->client, &flow->wanted, size);
    flow_end(flow, EACCES);
    return false;
}

static void take_datagram(struct udp *udp, const struct arrival *arrival)
{
    const unsigned char *body = udp->buffer + PACKET_HEADROOM;
    struct udp_flow *flow = flow_find(udp, arrival);
    size_t size = arrival->size;
    bool is_quic = udp_is_quic(body, size);

    if (!flow)
        flow = judge_first(udp, arrival, is_quic);
    if (flow && is_quic && !flow->is_quic) {
        flow->is_quic = true;
        if (!stays_permitted(flow, size))
            return;
    }
    if (!flow)
        return;
    flow->used_ns = loop_now_ns(udp->gateway->loop);
    if (!gateway_count_bytes(flow->udp->gateway, &flow->use, BUDGET_BYTES_UP, size))
        return;
    if (flow->is_held)
        keep_first(flow, body, size);
    else
        send_outside(flow, body, size);
}

/* Where it was going, and its mark: false = the kernel did not say where. */
static bool read_wanted(struct msghdr *header, struct arrival *arrival)
{
    bool is_known = false;
    unsigned port;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        bool is_it = (part->cmsg_level == SOL_IP && part->cmsg_type == IP_ORIGDSTADDR) ||
                     (part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_ORIGDSTADDR);

        if (is_it && net_address_of((struct sockaddr *)CMSG_DATA(part), part->cmsg_len - CMSG_LEN(0),
                                    &arrival->wanted.address, &port) == 0) {
            arrival->wanted.port = (uint16_t)port;
            is_known = true;
        }
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_MARK)
            memcpy(&arrival->mark, CMSG_DATA(part), sizeof(arrival->mark));
    }
    return is_known;
}

/* false = nothing more. */
static bool receive_one(struct udp *udp, int fd)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct sockaddr_in6)) * 2 + CMSG_SPACE(sizeof(uint32_t))];
    struct sockaddr_storage from;
    struct iovec part = {.iov_base = udp->buffer + PACKET_HEADROOM, .iov_len = DATA_MAX};
    struct msghdr header = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1,
                            .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(fd, &header, MSG_DONTWAIT);
    struct arrival arrival = {.size = size < 0 ? 0 : (size_t)size};
    unsigned port;

    if (size < 0)
        return errno != EAGAIN;
    if (!read_wanted(&header, &arrival) ||
        net_address_of((struct sockaddr *)&from, header.msg_namelen, &arrival.client.address, &port) < 0)
        return true;
    arrival.client.port = (uint16_t)port;
    take_datagram(udp, &arrival);
    return true;
}

static void listener_ready(struct loop_watch *watch, uint32_t events)
{
    struct udp_listener *listener = container_of(watch, struct udp_listener, watch);

    (void)events;
    for (int i = 0; i < AT_ONCE && receive_one(listener->udp, watch->fd); i++)
        ;
}

int udp_open(struct gateway *gateway, struct udp **ret_udp, struct error *err)
{
    struct udp *udp = mem_alloc(sizeof(*udp));
    int status = 0;

    if (!udp)
        return error_memory(err);
    udp->gateway = gateway;
    for (unsigned i = 0; i < 2; i++) {
        struct udp_listener *listener = &udp->listeners[i];

        *listener = (struct udp_listener){udp, {.fd = gateway->sockets.udp[i], .ready = listener_ready}};
        if (listener->watch.fd >= 0 && status == 0)
            status = loop_watch(gateway->loop, &listener->watch, EPOLLIN);
    }
    if (status < 0) {
        mem_free(udp);
        return error_system(err, -status, "watch for datagrams");
    }
    *ret_udp = udp;
    return 0;
}

static void each_flow(struct udp *udp, bool is_end)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct udp_flow *flow = udp->buckets[i], *next; flow; flow = next) {
            next = flow->next;
            if (is_end)
                flow_end(flow, 0);
            else
                (void)stays_permitted(flow, 0);
        }
    }
}

void udp_judge_all(struct udp *udp)
{
    each_flow(udp, false);
}

void udp_end_unpaid(struct udp *udp)
{
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct udp_flow *flow = udp->buckets[i], *next; flow; flow = next) {
            next = flow->next;
            if (budgets_ended(&udp->gateway->budgets, &flow->use))
                flow_break(flow, EDQUOT);
        }
    }
}

void udp_close(struct udp *udp)
{
    if (!udp)
        return;
    each_flow(udp, true);
    for (unsigned i = 0; i < 2; i++)
        loop_forget(udp->gateway->loop, &udp->listeners[i].watch);
    mem_free(udp);
}
