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
#include "gateway/asked.h"
#include "gateway/dial.h"
#include "gateway/doors.h"
#include "gateway/flow_tell.h"
#include "gateway/inspector.h"
#include "gateway/logged.h"
#include "net/inside.h"

/* ---- beginning and end ---- */

void flow_reset(int fd)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    if (fd < 0)
        return;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(fd);
}

void flow_free(struct flow *flow, bool is_reset)
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
    if (flow->is_given)
        inspector_forget(gateway, flow);
    if (flow->asked)
        asked_free(flow);
    pump_finish(&flow->pump, &gateway->pipes);
    if (flow->has_hold)
        names_release(gateway->names, &flow->question.address, flow->name);
    *flow->before = flow->next;
    if (flow->next)
        flow->next->before = flow->before;
    gateway->flow_count--;
    mem_free(flow);
}

void flow_end_denied(struct flow *flow, const struct net_decision *decision)
{
    flow_tell_denied(flow, decision);
    flow_free(flow, true);
}

void flow_end_failed(struct flow *flow, int number)
{
    flow_tell_failed(flow, number);
    flow_free(flow, true);
}

void flow_ask(struct flow *flow, const struct net_question *question, struct judgement *ret)
{
    if (flow->asked)
        asked_judge(flow, question, ret);
    else
        gateway_judge(flow->gateway, question, ret);
}

struct net_decision flow_judge(struct flow *flow)
{
    struct judgement judgement;

    flow_ask(flow, &flow->question, &judgement);
    flow->to = judgement.to;
    flow->is_own = judgement.is_own;
    flow->has_given_name = judgement.has_given_name;
    flow->where = judgement.decision.where;
    memcpy(flow->name, judgement.name, sizeof(flow->name));
    return judgement.decision;
}

bool flow_permit(struct flow *flow, const struct net_decision *decision)
{
    if (!flow_count(flow, decision))
        return false;
    if (flow->has_hold || !flow->name[0])
        return true;
    names_hold(flow->gateway->names, &flow->question.address, flow->name);
    flow->has_hold = true;
    return true;
}

bool flow_dial(struct flow *flow)
{
    struct gateway *gateway = flow->gateway;
    struct loop_watch *watch = &flow->watches[1];
    int status;

    if (watch->fd >= 0)
        return true;
    if (gateway->set->is_logged && !flow->is_logged && !flow->is_inward)
        return logged_hold(flow);
    if (flow->door)
        status = gateway->flow_count > gateway->flow_max ? -EMFILE : door_dial(gateway, flow->is_inward, &flow->question.address, flow->door->to_port);
    else
        status = dial(SOCK_STREAM, &flow->to, flow->question.port);
    if (status >= 0) {
        watch->fd = flow->pump.sides[1].fd = status;
        status = loop_watch(gateway->loop, watch, PUMP_EVENTS);
    }
    if (status >= 0)
        return true;
    flow_end_failed(flow, -status);
    return false;
}

/* ---- its life ---- */

/* It was told of as connected already. */
void flow_end_second(struct flow *flow, int status)
{
    static const struct net_decision other = {.verdict = NET_REFUSE, .reason = NET_OTHER_NAME};

    if (status == -EACCES)
        flow_tell_denied(flow, &other);
    flow_tell_closed(flow, -status);
    flow_free(flow, true);
}

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
        flow_end_failed(flow, number);
        return false;
    }
    loop_forget(flow->gateway->loop, watch);
    close(watch->fd);
    watch->fd = flow->pump.sides[1].fd = server;
    flow->pump.sides[1].can_write = flow->pump.sides[1].can_read = false;
    flow->pump.sides[1].has_failed = flow->pump.sides[1].has_hung_up = false;
    flow->question.address = six;
    if (loop_watch(flow->gateway->loop, watch, PUMP_EVENTS) < 0) {
        flow_end_failed(flow, number);
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
        flow_end_failed(flow, number);
        return false;
    }
    flow->is_connected = true;
    return true;
}

/* Nothing is moved here any more, and the flow stays until the inspector tells of its end. */
static void give(struct flow *flow)
{
    struct gateway *gateway = flow->gateway;
    int status = inspector_give(gateway, flow);

    if (status == -EAGAIN && loop_now_ns(gateway->loop) < flow->give_until_ns) {
        loop_start(gateway->loop, &flow->again_timer, 1);
        return;
    }
    if (status < 0) {
        flow_end_failed(flow, -status);
        return;
    }
    flow->is_given = true;
    loop_cancel(gateway->loop, &flow->again_timer);
    for (unsigned i = 0; i < 2; i++) {
        loop_forget(gateway->loop, &flow->watches[i]);
        fd_close_at(&flow->watches[i].fd);
        flow->watches[i].fd = flow->pump.sides[i].fd = -1;
    }
}

static void move(struct flow *flow)
{
    switch (pump_run(&flow->pump, &flow->gateway->pipes)) {
    case PUMP_WAIT:
        (void)flow_pay(flow, false);
        break;
    case PUMP_AGAIN:
        if (flow_pay(flow, true))
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

/* Who says no more before an answer is taken for one who waits no more. */
static void run_asked(struct flow *flow)
{
    if (flow->pump.sides[0].has_failed || flow->pump.sides[0].has_hung_up)
        flow_end_failed(flow, ECONNRESET);
}

static void run(struct flow *flow)
{
    bool was_open = flow->is_connected && !flow->is_waiting;
    int status;

    if (flow->is_held || asked_waits(flow)) {
        run_asked(flow);
        return;
    }
    if (!flow->is_connected && !check_connected(flow))
        return;
    if (flow->is_waiting && flow->pump.sides[0].can_read && !flow_listen(flow))
        return;
    if (!flow->is_connected && flow->pump.sides[0].has_failed) {
        flow_end_failed(flow, ECONNRESET);
        return;
    }
    if (!flow->is_connected)
        return;
    if (flow->is_requested) {
        give(flow);
        return;
    }
    if (!was_open && !flow->is_waiting)
        flow_tell_connected(flow);
    status = flow->retry ? retry_run(flow) : 0;
    if (status < 0)
        flow_end_second(flow, status);
    else
        move(flow);
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
    flow->hello_timer.due = flow_hello_due;
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
    flow_end_failed(flow, -status);
    return false;
}

/* Where nothing marks sockets it is 0: nobody's. */
static void read_mark(struct flow *flow)
{
    uint32_t mark = 0;
    socklen_t size = sizeof(mark);

    if (getsockopt(flow->watches[0].fd, SOL_SOCKET, SO_MARK, &mark, &size) < 0)
        return;
    flow->pid = NET_MARK_PID(mark);
    flow->program = flow->question.program = NET_MARK_PROGRAM(mark);
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
        flow_end_failed(flow, EMFILE);
        return;
    }
    read_mark(flow);
    decision = flow_judge(flow);
    if (decision.verdict == NET_REFUSE && !asked_prepare(flow, &decision)) {
        flow_end_denied(flow, &decision);
        return;
    }
    if (!watch_client(flow))
        return;
    if (flow->asked)
        asked_begin(flow);
    else if (decision.verdict == NET_PERMIT)
        (void)(flow_permit(flow, &decision) && flow_dial(flow));
    else
        flow_wait_for_name(flow);
}

void flow_begin_door(struct gateway *gateway, const struct net_door *door, bool is_inward, int client)
{
    static const struct net_address four = {.family = AF_INET, .bytes = {127, 0, 0, 1}};
    static const struct net_decision nothing = {.verdict = NET_PERMIT};
    struct flow *flow = flow_new(gateway, client);

    if (!flow) {
        flow_reset(client);
        return;
    }
    flow->door = door;
    flow->is_inward = is_inward;
    flow->where = door->where;
    flow->question = (struct net_question){.protocol = NET_TCP, .address = four, .port = door->to_port};
    if (!is_inward && !flow_count(flow, &nothing))
        return;
    if (watch_client(flow))
        (void)flow_dial(flow);
}

void flow_end_all(struct gateway *gateway)
{
    while (gateway->flows) {
        if (gateway->flows->is_connected && !gateway->flows->is_waiting && !gateway->flows->is_requested)
            flow_tell_closed(gateway->flows, 0);
        flow_free(gateway->flows, true);
    }
}
