/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A flow is one program's identifier towards one address: its own descriptor is the socket outside, whose identifier the
 * kernel chose. What is sent on are sequence number and data.
 *
 * System calls: recvmsg, recvfrom, sendto, and those of dial.c.
 */
#include "gateway/ping.h"

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

#define AT_ONCE   64
#define IDLE_MS   10000u
#define DATA_MAX  65536u
#define HEADER4   20u
#define ECHO_MIN  PACKET_QUOTED /* type, code, checksum, identifier, sequence number */
#define ECHO4     8
#define ECHO6     128

struct ping_flow {
    struct ping *ping;
    struct ping_flow *next, **before;
    struct loop_watch outside;
    struct loop_timer idle;
    struct net_address client, wanted;
    unsigned char identifier[2];
    uint32_t mark;
    struct net_question question; /* without names */
    struct budget_use use;
    bool is_answered;
    bool is_held; /* until it is recorded; what is sent before that is lost */
    const char *where;
    uint64_t number, began_ns;
    uint64_t bytes_up, bytes_down;
    char name[NET_NAME_SIZE];
};

struct ping_listener {
    struct ping *ping;
    struct loop_watch watch;
    bool is_six;
};

struct ping {
    struct gateway *gateway;
    struct ping_listener listeners[2];
    struct ping_flow *flows;
    unsigned count;
    unsigned char buffer[PACKET_HEADROOM + DATA_MAX];
};

/* What arrived: the ICMP message is in the buffer behind its room for headers. */
struct request {
    struct net_address client, wanted;
    uint32_t mark;
    unsigned char *echo;
    size_t size;
};

static int open_outside(int family)
{
    int fd = socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);

    return fd < 0 ? -errno : fd;
}

int ping_check(const struct ruleset *set, bool *ret_has_ping, struct error *err)
{
    int fd = set->has_ping ? open_outside(AF_INET) : -ENOENT;

    if (fd >= 0)
        close(fd);
    else if (set->names_ping)
        return error_set(err, ERROR_UNENFORCEABLE, -fd,
                         "a rule grants icmp, and the host lets this user send no echo requests; as root: sysctl -w "
                         "net.ipv4.ping_group_range='0 2147483647'");
    *ret_has_ping = fd >= 0;
    return 0;
}

/* ---- events ---- */

static void tell(struct ping_flow *flow, enum worker_event_kind kind, int number)
{
    struct gateway *gateway = flow->ping->gateway;
    struct worker_message message = events_about(kind, &flow->question, flow->name, flow->where);

    message.connection = flow->number;
    message.pid = NET_MARK_PID(flow->mark);
    message.program = NET_MARK_PROGRAM(flow->mark);
    message.errnum = number;
    message.bytes_up = flow->bytes_up;
    message.bytes_down = flow->bytes_down;
    message.duration_us = (loop_now_ns(gateway->loop) - flow->began_ns) / 1000;
    events_send_datagram(&gateway->events, &message, loop_now_ns(gateway->loop));
}

static void tell_denied(struct ping *ping, const struct request *request, const struct net_question *question,
                        const struct judgement *judgement)
{
    struct worker_message message = events_about(WORKER_DENIED, question, judgement->name, judgement->decision.where);

    gateway_tell_name(ping->gateway, &message);
    message.reason = judgement->decision.reason;
    message.connection = events_connection(&ping->gateway->events);
    message.pid = NET_MARK_PID(request->mark);
    message.program = NET_MARK_PROGRAM(request->mark);
    events_send_datagram(&ping->gateway->events, &message, loop_now_ns(ping->gateway->loop));
}

/* ---- to the program ---- */

static void send_inside(struct ping *ping, const struct net_address *client, const unsigned char *packet, size_t size)
{
    int fd = ping->gateway->sockets.raw[client->family == AF_INET6];
    struct sockaddr_storage to;
    socklen_t to_size = dial_address(client, 0, &to);

    (void)!sendto(fd, packet, size, MSG_DONTWAIT | MSG_NOSIGNAL, (struct sockaddr *)&to, to_size);
}

static void send_prohibited(struct ping *ping, const struct request *request)
{
    unsigned char packet[PACKET_UNREACHABLE_MAX];

    send_inside(ping, &request->client, packet,
                packet_prohibited(&request->client, &request->wanted, request->echo, request->size, packet));
}

static void answer(struct ping *ping, const struct net_address *from, const struct net_address *to, unsigned char *echo,
                   size_t size)
{
    size_t packet_size;
    unsigned char *packet = packet_echo_reply(from, to, echo, size, &packet_size);

    if (packet)
        send_inside(ping, to, packet, packet_size);
}

/* ---- flows ---- */

static void flow_free(struct ping_flow *flow)
{
    struct gateway *gateway = flow->ping->gateway;

    if (flow->name[0])
        names_release(gateway->names, &flow->wanted, flow->name);
    loop_forget(gateway->loop, &flow->outside);
    loop_cancel(gateway->loop, &flow->idle);
    fd_close_at(&flow->outside.fd);
    *flow->before = flow->next;
    if (flow->next)
        flow->next->before = flow->before;
    flow->ping->count--;
    mem_free(flow);
}

/* What nobody answered was never connected. */
static void flow_end(struct ping_flow *flow, int number)
{
    if (flow->is_answered)
        tell(flow, WORKER_CLOSED, number);
    else
        tell(flow, WORKER_FAILED, number ? number : ETIMEDOUT);
    flow_free(flow);
}

static void idle_due(struct loop_timer *timer)
{
    flow_end(container_of(timer, struct ping_flow, idle), 0);
}

static void outside_ready(struct loop_watch *watch, uint32_t events)
{
    struct ping_flow *flow = container_of(watch, struct ping_flow, outside);
    struct ping *ping = flow->ping;
    unsigned char *echo = ping->buffer + PACKET_HEADROOM;

    (void)events;
    for (int i = 0; i < AT_ONCE; i++) {
        ssize_t size = recv(watch->fd, echo, DATA_MAX, MSG_DONTWAIT);

        if (size < 0 && errno == EAGAIN)
            return;
        if (size < 0) {
            flow_end(flow, errno);
            return;
        }
        if ((size_t)size < ECHO_MIN || !gateway_count_bytes(flow->ping->gateway, &flow->use, BUDGET_BYTES_DOWN, (size_t)size))
            continue;
        flow->bytes_down += (uint64_t)size;
        if (!flow->is_answered)
            tell(flow, WORKER_CONNECTED, 0);
        flow->is_answered = true;
        memcpy(echo + 4, flow->identifier, sizeof(flow->identifier));
        answer(ping, &flow->wanted, &flow->client, echo, (size_t)size);
    }
}

static struct ping_flow *flow_find(struct ping *ping, const struct request *request)
{
    struct ping_flow *flow = ping->flows;

    while (flow && !(flow->mark == request->mark && memcmp(flow->identifier, request->echo + 4, 2) == 0 &&
                     net_address_equals(&flow->client, &request->client) &&
                     net_address_equals(&flow->wanted, &request->wanted)))
        flow = flow->next;
    return flow;
}

static int dial_outside(struct ping_flow *flow, const struct net_address *to)
{
    auto_close int fd = flow->ping->count > PING_FLOWS_MAX ? -1 : open_outside(to->family);
    struct sockaddr_storage address;
    socklen_t size = dial_address(to, 0, &address);
    int status;

    if (fd < 0)
        return flow->ping->count > PING_FLOWS_MAX ? -EMFILE : fd;
    if (connect(fd, (struct sockaddr *)&address, size) < 0)
        return -errno;
    flow->outside.fd = fd;
    status = loop_watch(flow->ping->gateway->loop, &flow->outside, EPOLLIN);
    (void)take_fd(fd);
    return status;
}

static struct ping_flow *flow_new(struct ping *ping, const struct request *request, const struct net_question *question,
                                  const struct judgement *judgement)
{
    struct ping_flow *flow = mem_alloc(sizeof(*flow));
    int status;

    if (!flow)
        return NULL;
    *flow = (struct ping_flow){.ping = ping, .next = ping->flows, .before = &ping->flows, .client = request->client,
                               .wanted = request->wanted, .mark = request->mark, .question = *question,
                               .use = budget_use_of(&judgement->decision), .where = judgement->decision.where,
                               .outside = {.fd = -1, .ready = outside_ready}, .idle = {.due = idle_due}};
    memcpy(flow->identifier, request->echo + 4, sizeof(flow->identifier));
    memcpy(flow->name, judgement->name, sizeof(flow->name));
    if (flow->next)
        flow->next->before = &flow->next;
    ping->flows = flow;
    ping->count++;
    flow->number = events_connection(&ping->gateway->events);
    flow->began_ns = loop_now_ns(ping->gateway->loop);
    if (flow->name[0])
        names_hold(ping->gateway->names, &flow->wanted, flow->name);
    status = dial_outside(flow, &judgement->to);
    if (status == 0)
        return flow;
    flow_end(flow, -status);
    return NULL;
}

/* ---- from the program ---- */

static struct ping_flow *hold(struct ping_flow *flow)
{
    struct worker_message message = events_about(0, &flow->question, flow->name, flow->where);

    message.connection = flow->number;
    message.pid = NET_MARK_PID(flow->mark);
    message.program = NET_MARK_PROGRAM(flow->mark);
    flow->is_held = true;
    (void)logged_ask(flow->ping->gateway, &message); /* else it is held until it is idle */
    return flow;
}

bool ping_logged(struct ping *ping, uint64_t number, bool is_recorded)
{
    struct ping_flow *flow = ping->flows;

    while (flow && !(flow->number == number && flow->is_held))
        flow = flow->next;
    if (!flow)
        return false;
    flow->is_held = false;
    if (!is_recorded)
        flow_end(flow, EACCES);
    return true;
}

static struct ping_flow *judge_first(struct ping *ping, const struct request *request)
{
    struct gateway *gateway = ping->gateway;
    struct net_question question = {.protocol = NET_ICMP, .address = request->wanted, .said = NET_SAID_NOTHING,
                                    .program = NET_MARK_PROGRAM(request->mark)};
    struct judgement judgement;

    gateway_judge(gateway, &question, &judgement);
    if (judgement.decision.verdict == NET_PERMIT && gateway_count(gateway, &judgement.decision)) {
        struct ping_flow *flow = flow_new(ping, request, &question, &judgement);

        return flow && gateway->set->is_logged ? hold(flow) : flow;
    }
    tell_denied(ping, request, &question, &judgement);
    send_prohibited(ping, request);
    return NULL;
}

static void take_request(struct ping *ping, const struct request *request)
{
    struct ping_flow *flow;

    if (gateway_is_inside(&request->wanted) || net_address_class(&request->wanted) == NET_LOOPBACK) {
        answer(ping, &request->wanted, &request->client, request->echo, request->size);
        return;
    }
    flow = flow_find(ping, request);
    if (!flow)
        flow = judge_first(ping, request);
    if (!flow || !gateway_count_bytes(flow->ping->gateway, &flow->use, BUDGET_BYTES_UP, request->size))
        return;
    loop_start(ping->gateway->loop, &flow->idle, IDLE_MS);
    if (flow->is_held)
        return;
    if (send(flow->outside.fd, request->echo, request->size, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0)
        flow->bytes_up += request->size;
    else if (errno != EAGAIN && errno != ENOBUFS && errno != EMSGSIZE)
        flow_end(flow, errno);
}

static void read_control(struct msghdr *header, struct request *request)
{
    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SO_MARK)
            memcpy(&request->mark, CMSG_DATA(part), sizeof(request->mark));
        if (part->cmsg_level == SOL_IPV6 && part->cmsg_type == IPV6_PKTINFO) {
            struct in6_pktinfo info;

            memcpy(&info, CMSG_DATA(part), sizeof(info));
            request->wanted.family = AF_INET6;
            memcpy(request->wanted.bytes, &info.ipi6_addr, 16);
        }
    }
}

/* With IPv4 the header comes as well. false = it is no echo request that can be answered. */
static bool read_request(struct ping_listener *listener, unsigned char *bytes, size_t size, struct request *request)
{
    size_t header = listener->is_six ? 0 : size >= HEADER4 ? (bytes[0] & 15u) * 4u : size;

    if (size < header + ECHO_MIN || bytes[header] != (listener->is_six ? ECHO6 : ECHO4))
        return false;
    if (!listener->is_six) {
        request->wanted.family = AF_INET;
        memcpy(request->wanted.bytes, bytes + 16, 4);
    }
    request->echo = bytes + header;
    request->size = size - header;
    return request->wanted.family == request->client.family;
}

/* false = nothing more. */
static bool receive_one(struct ping_listener *listener)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct in6_pktinfo)) + CMSG_SPACE(sizeof(uint32_t))];
    unsigned char *bytes = listener->ping->buffer + PACKET_HEADROOM;
    struct sockaddr_storage from;
    struct iovec part = {.iov_base = bytes, .iov_len = DATA_MAX};
    struct msghdr header = {.msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &part, .msg_iovlen = 1,
                            .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t size = recvmsg(listener->watch.fd, &header, MSG_DONTWAIT);
    struct request request = {.size = 0};
    unsigned port;

    if (size < 0)
        return errno != EAGAIN;
    read_control(&header, &request);
    if (net_address_of((struct sockaddr *)&from, header.msg_namelen, &request.client, &port) == 0 &&
        read_request(listener, bytes, (size_t)size, &request))
        take_request(listener->ping, &request);
    return true;
}

static void listener_ready(struct loop_watch *watch, uint32_t events)
{
    struct ping_listener *listener = container_of(watch, struct ping_listener, watch);

    (void)events;
    for (int i = 0; i < AT_ONCE && receive_one(listener); i++)
        ;
}

/* ---- beginning, rules, end ---- */

int ping_open(struct gateway *gateway, struct ping **ret_ping, struct error *err)
{
    struct ping *ping;
    int status = 0;

    if (gateway->sockets.ping[0] < 0)
        return 0;
    ping = mem_alloc(sizeof(*ping));
    if (!ping)
        return error_memory(err);
    ping->gateway = gateway;
    for (unsigned i = 0; i < 2; i++) {
        struct ping_listener *listener = &ping->listeners[i];

        *listener = (struct ping_listener){ping, {.fd = gateway->sockets.ping[i], .ready = listener_ready}, i};
        if (listener->watch.fd >= 0 && status == 0)
            status = loop_watch(gateway->loop, &listener->watch, EPOLLIN);
    }
    if (status < 0) {
        mem_free(ping);
        return error_system(err, -status, "watch for echo requests");
    }
    *ret_ping = ping;
    return 0;
}

static void judge_again(struct ping_flow *flow)
{
    struct net_question question = flow->question;
    const char *name = flow->name;
    struct judgement judgement;

    if (flow->name[0]) {
        question.names = &name;
        question.name_count = 1;
    }
    gateway_judge(flow->ping->gateway, &question, &judgement);
    flow->where = judgement.decision.where;
    flow->use = budget_use_of(&judgement.decision);
    if (judgement.decision.verdict != NET_PERMIT)
        flow_end(flow, EACCES);
}

void ping_judge_all(struct ping *ping)
{
    for (struct ping_flow *flow = ping ? ping->flows : NULL, *next; flow; flow = next) {
        next = flow->next;
        judge_again(flow);
    }
}

void ping_end_unpaid(struct ping *ping)
{
    for (struct ping_flow *flow = ping ? ping->flows : NULL, *next; flow; flow = next) {
        next = flow->next;
        if (budgets_ended(&ping->gateway->budgets, &flow->use))
            flow_end(flow, EDQUOT);
    }
}

void ping_close(struct ping *ping)
{
    if (!ping)
        return;
    while (ping->flows)
        flow_end(ping->flows, 0);
    for (unsigned i = 0; i < 2; i++)
        loop_forget(ping->gateway->loop, &ping->listeners[i].watch);
    mem_free(ping);
}
