/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection is judged when it is accepted. Where its name decides, it is dialled when the name is known: of what is
 * refused nothing leaves, not even a handshake. Some clients wait for the server to speak; one that is silent for a moment
 * is dialled where it would be permitted without a name, and what the server says is passed down, but nothing goes up
 * before it has spoken and is permitted.
 *
 * System calls: socket, connect, setsockopt, getsockopt, getsockname, recvfrom, close.
 */
#include "gateway/flow.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "gateway/dial.h"
#include "gateway/doors.h"
#include "gateway/flow_tell.h"
#include "gateway/hello.h"

#define SILENCE_MS 100 /* after which a client may be one that waits for the server */

/* ---- beginning and end ---- */

void flow_reset(int fd)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

static void flow_free(struct flow *flow, bool is_reset)
{
    struct gateway *gateway = flow->gateway;

    loop_cancel(gateway->loop, &flow->hello_timer);
    loop_cancel(gateway->loop, &flow->again_timer);
    for (unsigned i = 0; i < 2; i++) {
        loop_forget(gateway->loop, &flow->watches[i]);
        if (is_reset)
            flow_reset(flow->watches[i].fd);
        else
            fd_close_at(&flow->watches[i].fd);
    }
    pump_finish(&flow->pump, &gateway->pipes);
    if (flow->has_hold)
        names_release(gateway->names, &flow->question.address, flow->name);
    *flow->before = flow->next;
    if (flow->next)
        flow->next->before = flow->before;
    gateway->flow_count--;
    mem_free(flow);
}

static void end_denied(struct flow *flow, const struct net_decision *decision)
{
    flow_tell_denied(flow, decision);
    flow_free(flow, true);
}

static void end_failed(struct flow *flow, int number)
{
    flow_tell_failed(flow, number);
    flow_free(flow, true);
}

/* ---- the name ---- */

static struct net_decision judge(struct flow *flow)
{
    struct net_decision decision;

    gateway_judge(flow->gateway, &flow->question, &flow->to, &decision, flow->name);
    flow->where = decision.where;
    return decision;
}

static void hold(struct flow *flow, bool is_held)
{
    flow->is_waiting = is_held;
    flow->pump.ways[PUMP_UP].is_held = is_held;
    if (!is_held)
        loop_cancel(flow->gateway->loop, &flow->hello_timer);
}

/* From here on the address stays given for the name. */
static void permitted(struct flow *flow)
{
    if (flow->has_hold || !flow->name[0])
        return;
    names_hold(flow->gateway->names, &flow->question.address, flow->name);
    flow->has_hold = true;
}

/* false = it could not be, and the flow is gone. */
static bool dial_out(struct flow *flow)
{
    struct loop_watch *watch = &flow->watches[1];
    int status;

    if (watch->fd >= 0)
        return true;
    status = dial(SOCK_STREAM, &flow->to, flow->question.port);
    if (status >= 0) {
        watch->fd = flow->pump.sides[1].fd = status;
        status = loop_watch(flow->gateway->loop, watch, PUMP_EVENTS);
    }
    if (status >= 0)
        return true;
    end_failed(flow, -status);
    return false;
}

/* What it says is known now. false = it was refused and is gone. */
static bool said(struct flow *flow, enum net_said what)
{
    struct net_decision decision;

    flow->question.said = what;
    flow->question.name = what == NET_SAID_NAME ? flow->said : NULL;
    decision = judge(flow);
    if (decision.verdict != NET_PERMIT) {
        end_denied(flow, &decision);
        return false;
    }
    hold(flow, false);
    permitted(flow);
    return dial_out(flow);
}

static bool refuse_unsaid(struct flow *flow)
{
    static const struct net_decision unsaid = {.verdict = NET_REFUSE, .reason = NET_NOT_SAID};

    end_denied(flow, &unsaid);
    return false;
}

/* Look at what the client has sent. false = the flow is gone. */
static bool listen_to(struct flow *flow)
{
    struct gateway *gateway = flow->gateway;
    ssize_t size = recv(flow->watches[0].fd, gateway->peeked, sizeof(gateway->peeked), MSG_PEEK | MSG_DONTWAIT);
    size_t hello;

    if (size < 0 && errno == EAGAIN)
        return true;
    if (size < 0) {
        end_failed(flow, errno);
        return false;
    }
    if (size == 0)
        return said(flow, NET_SAID_NOTHING); /* it will only listen */
    switch (hello_read(gateway->peeked, (size_t)size, flow->said)) {
    case HELLO_MORE:
        if (flow->pump.sides[0].has_hung_up)
            return refuse_unsaid(flow);
        if (!flow->has_spoken)
            loop_start(gateway->loop, &flow->hello_timer, FLOW_HELLO_MS);
        flow->has_spoken = true;
        return true;
    case HELLO_NAME:
        hello = hello_size(gateway->peeked, (size_t)size);
        if (!said(flow, NET_SAID_NAME))
            return false;
        retry_begin(flow, hello);
        return true;
    case HELLO_NOTHING:
        return said(flow, NET_SAID_NOTHING);
    case HELLO_NO_NAME:
        return said(flow, NET_SAID_NO_NAME);
    case HELLO_WRONG:
        break;
    }
    return refuse_unsaid(flow);
}

/* At the ports of HTTP and TLS it is the client that speaks first. */
static bool is_for_requests(unsigned port)
{
    static const uint16_t ports[] = {80, 443, 8080, 8443};

    for (size_t i = 0; i < ARRAY_COUNT(ports); i++)
        if (port == ports[i])
            return true;
    return false;
}

/* Would it be permitted if it said nothing? Then it is no loss to let the server speak first. */
static bool may_be_silent(struct flow *flow)
{
    struct net_question question = flow->question;
    struct net_decision decision;
    char name[NET_NAME_SIZE];

    question.said = NET_SAID_NOTHING;
    gateway_judge(flow->gateway, &question, &flow->to, &decision, name);
    return decision.verdict == NET_PERMIT && !is_for_requests(question.port);
}

/* It was told of as connected already. */
static void end_second(struct flow *flow, int status)
{
    static const struct net_decision other = {.verdict = NET_REFUSE, .reason = NET_OTHER_NAME};

    if (status == -EACCES)
        flow_tell_denied(flow, &other);
    flow_tell_closed(flow, -status);
    flow_free(flow, true);
}

static void hello_due(struct loop_timer *timer)
{
    struct flow *flow = container_of(timer, struct flow, hello_timer);

    if (flow->retry)
        end_second(flow, -EACCES);
    else if (flow->has_spoken)
        refuse_unsaid(flow);
    else if (may_be_silent(flow))
        (void)dial_out(flow);
    else {
        flow->has_spoken = true; /* it has to */
        loop_start(flow->gateway->loop, timer, FLOW_HELLO_MS);
    }
}

/* ---- its life ---- */

static int connect_error(int fd)
{
    int number = 0;
    socklen_t size = sizeof(number);

    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &number, &size) < 0 ? errno : number;
}

/* Some servers listen on ::1 alone. false = the flow is gone. */
static bool try_other_family(struct flow *flow, int number)
{
    static const struct net_address six = {.family = AF_INET6, .bytes = {[15] = 1}};
    struct loop_watch *watch = &flow->watches[1];
    int server = door_dial(flow->gateway, flow->is_inward, &six, flow->door->to_port);

    if (server < 0) {
        end_failed(flow, number);
        return false;
    }
    loop_forget(flow->gateway->loop, watch);
    close(watch->fd);
    watch->fd = flow->pump.sides[1].fd = server;
    flow->pump.sides[1].can_write = flow->pump.sides[1].can_read = false;
    flow->pump.sides[1].has_failed = flow->pump.sides[1].has_hung_up = false;
    flow->question.address = six;
    if (loop_watch(flow->gateway->loop, watch, PUMP_EVENTS) < 0) {
        end_failed(flow, number);
        return false;
    }
    return true;
}

static bool check_connected(struct flow *flow)
{
    int number;

    if (!flow->pump.sides[1].can_write)
        return true; /* not yet */
    number = connect_error(flow->watches[1].fd);
    if (number && flow->door && flow->question.address.family == AF_INET)
        return try_other_family(flow, number);
    if (number) {
        end_failed(flow, number);
        return false;
    }
    flow->is_connected = true;
    return true;
}

static void run(struct flow *flow)
{
    bool was_open = flow->is_connected && !flow->is_waiting;
    int status;

    if (!flow->is_connected && !check_connected(flow))
        return;
    if (flow->is_waiting && flow->pump.sides[0].can_read && !listen_to(flow))
        return;
    if (!flow->is_connected && flow->pump.sides[0].has_failed) {
        end_failed(flow, ECONNRESET);
        return;
    }
    if (!flow->is_connected)
        return;
    if (!was_open && !flow->is_waiting)
        flow_tell_connected(flow);
    status = flow->retry ? retry_run(flow) : 0;
    if (status < 0) {
        end_second(flow, status);
        return;
    }
    switch (pump_run(&flow->pump, &flow->gateway->pipes)) {
    case PUMP_WAIT:
        break;
    case PUMP_AGAIN:
        loop_start(flow->gateway->loop, &flow->again_timer, 0);
        break;
    case PUMP_DONE:
        flow_tell_closed(flow, 0);
        flow_free(flow, false);
        break;
    case PUMP_BROKEN:
        flow_tell_closed(flow, ECONNRESET);
        flow_free(flow, true);
        break;
    }
}

static void client_ready(struct loop_watch *watch, uint32_t events)
{
    struct flow *flow = container_of(watch, struct flow, watches[0]);

    pump_note(&flow->pump.sides[0], events);
    run(flow);
}

static void server_ready(struct loop_watch *watch, uint32_t events)
{
    struct flow *flow = container_of(watch, struct flow, watches[1]);

    pump_note(&flow->pump.sides[1], events);
    run(flow);
}

static void again_due(struct loop_timer *timer)
{
    run(container_of(timer, struct flow, again_timer));
}

static struct flow *flow_new(struct gateway *gateway, int client)
{
    struct flow *flow = mem_alloc(sizeof(*flow));

    if (!flow)
        return NULL;
    flow->gateway = gateway;
    flow->watches[0] = (struct loop_watch){.fd = client, .ready = client_ready};
    flow->watches[1] = (struct loop_watch){.fd = -1, .ready = server_ready};
    flow->pump.sides[0].fd = client;
    flow->pump.sides[1].fd = -1;
    flow->hello_timer.due = hello_due;
    flow->again_timer.due = again_due;
    flow->number = events_connection(&gateway->events);
    flow->began_ns = loop_now_ns(gateway->loop);
    flow->next = gateway->flows;
    flow->before = &gateway->flows;
    if (flow->next)
        flow->next->before = &flow->next;
    gateway->flows = flow;
    gateway->flow_count++;
    return flow;
}

/* Watch the client. false = it could not be, and the flow is gone. */
static bool watch_client(struct flow *flow)
{
    int status = loop_watch(flow->gateway->loop, &flow->watches[0], PUMP_EVENTS);

    if (status == 0)
        return true;
    end_failed(flow, -status);
    return false;
}

void flow_begin(struct gateway *gateway, int client)
{
    struct flow *flow = flow_new(gateway, client);
    struct sockaddr_storage wanted;
    socklen_t size = sizeof(wanted);
    struct net_decision decision;
    unsigned port;

    if (!flow) {
        flow_reset(client);
        return;
    }
    flow->question.protocol = NET_TCP;
    if (getsockname(client, (struct sockaddr *)&wanted, &size) < 0 ||
        net_address_of((struct sockaddr *)&wanted, size, &flow->question.address, &port) < 0) {
        flow_free(flow, true);
        return;
    }
    flow->question.port = (uint16_t)port;
    if (gateway->flow_count > gateway->flow_max) {
        end_failed(flow, EMFILE);
        return;
    }
    decision = judge(flow);
    if (decision.verdict == NET_REFUSE) {
        end_denied(flow, &decision);
        return;
    }
    if (!watch_client(flow))
        return;
    if (decision.verdict == NET_ASK_NAME) {
        hold(flow, true);
        loop_start(gateway->loop, &flow->hello_timer, SILENCE_MS);
        return;
    }
    permitted(flow);
    (void)dial_out(flow);
}

void flow_begin_door(struct gateway *gateway, const struct net_door *door, bool is_inward, int client)
{
    static const struct net_address four = {.family = AF_INET, .bytes = {127, 0, 0, 1}};
    struct flow *flow = flow_new(gateway, client);
    int server;

    if (!flow) {
        flow_reset(client);
        return;
    }
    flow->door = door;
    flow->is_inward = is_inward;
    flow->where = door->where;
    flow->question = (struct net_question){.protocol = NET_TCP, .address = four, .port = door->to_port};
    server = gateway->flow_count > gateway->flow_max ? -EMFILE : door_dial(gateway, is_inward, &four, door->to_port);
    if (server < 0) {
        end_failed(flow, -server);
        return;
    }
    flow->watches[1].fd = flow->pump.sides[1].fd = server;
    if (!watch_client(flow))
        return;
    server = loop_watch(gateway->loop, &flow->watches[1], PUMP_EVENTS);
    if (server < 0)
        end_failed(flow, -server);
}

/* ---- new rules ---- */

static void judge_again(struct flow *flow)
{
    char before[NET_NAME_SIZE];
    const char *name = before;
    struct net_decision decision;

    if (flow->door) {
        flow->door = door_find(flow->gateway->set->rules, flow->is_inward, flow->door);
        flow->where = flow->door ? flow->door->where : NULL;
        if (!flow->door) {
            flow_tell_closed(flow, EACCES);
            flow_free(flow, true);
        }
        return;
    }
    /* what already goes by has not been asked for its name, or has none */
    if (!flow->is_waiting && flow->question.said == NET_SAID_NOT_YET)
        flow->question.said = NET_SAID_NOTHING;
    memcpy(before, flow->name, sizeof(before));
    if (before[0]) {
        flow->question.names = &name;
        flow->question.name_count = 1;
    }
    decision = judge(flow);
    flow->question.names = NULL;
    flow->question.name_count = 0;
    memcpy(flow->name, before, sizeof(before)); /* what is held is released by this name */
    if (decision.verdict == NET_REFUSE || (decision.verdict == NET_ASK_NAME && !flow->is_waiting))
        end_denied(flow, &decision);
}

void flow_judge_all(struct gateway *gateway)
{
    for (struct flow *flow = gateway->flows, *next; flow; flow = next) {
        next = flow->next;
        judge_again(flow);
    }
}

void flow_end_all(struct gateway *gateway)
{
    while (gateway->flows) {
        if (gateway->flows->is_connected && !gateway->flows->is_waiting)
            flow_tell_closed(gateway->flows, 0);
        flow_free(gateway->flows, true);
    }
}
