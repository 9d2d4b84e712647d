/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-gateway: the one way between a container and any network.
 *
 * Theory of operation. It is started with one end of a socket pair, an empty environment and the rights of the caller,
 * and does what needs them before it knows the container: it reads the rules and the host's resolv.conf, asks for the
 * host's own addresses and listens where the host may reach into the container (open_outside()). ATTACH names the
 * container's network namespace. It enters the user namespace that owns it, which takes all rights over the host away
 * and gives all over that namespace; an empty mount namespace follows. One thread then enters the network namespace and
 * makes addresses, routes, filter and listeners (inside.c), after which both threads give up every capability, files,
 * new processes and all system calls but a few (confine.c). Only then is READY said, and only then may a program run.
 *
 * From there on it holds sockets on both sides, moves bytes between them where net_decide() permits, and nothing else.
 * It ends when the channel ends. When it ends, for whatever reason, the kernel finds nobody who listens.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "worker/channel.h"
#include "worker/confine.h"
#include "worker/start.h"
#include "gateway/asked.h"
#include "gateway/logged.h"
#include "gateway/change.h"
#include "gateway/doors.h"
#include "gateway/flow.h"
#include "gateway/gateway.h"
#include "gateway/inspector.h"
#include "gateway/listener.h"
#include "gateway/ping.h"
#include "gateway/udp.h"

#define STATUS_FAILED     125
#define DESCRIPTORS_SPARE 256 /* what is not a connection: listeners, questions, datagrams are counted apart */
#define DESCRIPTORS_EACH  6   /* two sockets, two pipes while bytes are under way */

struct start {
    struct gateway gateway;
    struct listener listeners[2];
    int (*inward)[2]; /* listeners on the host's loopback */
    int network;
};

/* ---- what others ask of the gateway ---- */

static bool is_own(void *context, const struct net_address *address)
{
    struct gateway *gateway = context;

    return own_has(gateway->own, address);
}

static void name_denied(void *context, const char *name, const struct net_decision *decision)
{
    struct gateway *gateway = context;
    struct worker_message message =
        events_about(WORKER_NAME_DENIED, &(struct net_question){.protocol = NET_ANY}, name, decision->where);

    message.reason = decision->reason;
    events_send_datagram(&gateway->events, &message, loop_now_ns(gateway->loop));
}

static void accepted(struct listener *listener, int fd)
{
    flow_begin(listener->owner, fd);
}

static void unpaid_due(struct loop_timer *timer)
{
    struct gateway *gateway = container_of(timer, struct gateway, unpaid);

    flow_end_unpaid(gateway);
    udp_end_unpaid(gateway->udp);
    ping_end_unpaid(gateway->ping);
}

/* ---- the starter ---- */

/* It reads what is left to be said. */
void gateway_end(struct gateway *gateway, const struct error *err)
{
    if (gateway->is_ended)
        return;
    gateway->is_ended = true;
    events_wait(&gateway->events);
    inspector_close(gateway);
    doors_close(gateway);
    flow_end_all(gateway);
    udp_close(gateway->udp);
    gateway->udp = NULL;
    ping_close(gateway->ping);
    gateway->ping = NULL;
    if (err)
        channel_send_error(WORKER_CHANNEL, err);
    shutdown(WORKER_CHANNEL, SHUT_WR); /* so the starter need not wait until this process is taken apart */
    loop_stop(gateway->loop, err ? -EPROTO : 0);
}

static void channel_ready(struct loop_watch *watch, uint32_t events)
{
    struct gateway *gateway = container_of(watch, struct gateway, channel);
    struct worker_message message;
    struct error err = ERROR_INIT;
    auto_close int fd = -1;
    int status = events & EPOLLIN || !change_is_pending(gateway) ? channel_receive(watch->fd, &message, &fd, &err) : 0;

    if (status == -EAGAIN)
        return;
    if (status == 0) {
        gateway_end(gateway, NULL);
        return;
    }
    if (status > 0 && message.type == WORKER_ANSWER) {
        if (!logged_answer(gateway, &message))
            asked_answer(gateway, &message);
        return;
    }
    if (status > 0 && message.type != WORKER_RULES)
        status = error_set(&err, ERROR_INTERNAL, EPROTO, "the starter sent message %u where only rules and answers belong", message.type);
    if (status > 0)
        change_rules(gateway, fd, message.kind);
    else
        channel_send_error(watch->fd, &err);
}

/* ---- start ---- */

static unsigned most_connections(void)
{
    struct rlimit files;
    rlim_t fit;

    if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur <= DESCRIPTORS_SPARE + DESCRIPTORS_EACH)
        return 1;
    fit = (files.rlim_cur - DESCRIPTORS_SPARE) / DESCRIPTORS_EACH;
    return fit < CONNECTIONS_MAX ? (unsigned)fit : CONNECTIONS_MAX;
}

static int open_names(struct gateway *gateway, struct error *err)
{
    const struct names_setup setup = {
        .loop = gateway->loop,
        .denied = name_denied,
        .is_own = is_own,
        .context = gateway,
    };

    return names_open(&setup, &gateway->names, err);
}

/* An inspector may come before the network. Then what they both count is counted in memory that both have. */
static int receive_network(struct start *start, struct error *err)
{
    struct gateway *gateway = &start->gateway;
    struct worker_message message;
    int fd, status = worker_receive(1u << WORKER_ATTACH | 1u << WORKER_INSPECTOR, &message, &fd, err);

    if (status == 0 && message.type == WORKER_INSPECTOR) {
        status = inspector_open(gateway, fd, err);
        if (status == 0)
            status = worker_receive(1u << WORKER_ATTACH, &message, &fd, err);
    }
    if (status < 0)
        return status;
    start->network = fd;
    if (gateway->inspector)
        return 0; /* it has told it of the counters of these rules */
    if (gateway->set->rules->budget_count)
        status = budgets_create(&gateway->budgets, NULL, err);
    return status < 0 ? status : budgets_set_rules(&gateway->budgets, gateway->set->rules, true, err);
}

/* Another gateway serves this container already, and has no right to do this itself any more. Answers, and ends. */
static no_return void capture_again(int network)
{
    static const struct worker_message ready = {.type = WORKER_READY};
    struct ruleset *set = NULL;
    struct error err = ERROR_INIT;
    struct worker_message message;
    int rules = -1, status = worker_receive(1u << WORKER_RULES, &message, &rules, &err);

    if (status == 0)
        status = ruleset_read(rules, message.kind & WORKER_RULES_ASKED, &set, &err);
    if (status == 0)
        status = confine_limits(CONFINE_MAIN, &err);
    if (status == 0)
        status = inside_enter_owner(network, &err);
    if (status == 0)
        status = inside_capture_again(network, set, &err);
    if (status < 0)
        channel_send_error(WORKER_CHANNEL, &err);
    else
        status = channel_send(WORKER_CHANNEL, &ready, true);
    channel_end(WORKER_CHANNEL);
    _exit(status < 0 ? STATUS_FAILED : EXIT_SUCCESS);
}

/* What is the same for all rules: done while the starter still compiles them. */
static int open_early(struct gateway *gateway, struct error *err)
{
    int status = loop_open(&gateway->loop, err);

    if (status == 0)
        status = own_open(&gateway->own, err);
    if (status == 0)
        status = own_watch(gateway->own, gateway->loop, err);
    return status < 0 ? status : open_names(gateway, err);
}

/* All that needs the host's files or the caller's rights. */
static int open_outside(struct start *start, struct error *err)
{
    struct gateway *gateway = &start->gateway;
    struct worker_message message;
    auto_close int rules = -1;
    int status = open_early(gateway, err);

    if (status == 0)
        status = worker_receive(1u << WORKER_RULES | 1u << WORKER_CAPTURE, &message, &rules, err);
    if (status == 0 && message.type == WORKER_CAPTURE)
        capture_again(rules);
    if (status == 0)
        status = ruleset_read(rules, message.kind & WORKER_RULES_ASKED, &gateway->set, err);
    if (status == 0)
        gateway->set->is_logged = message.kind & WORKER_RULES_LOGGED;
    gateway->captured = gateway->set;
    if (status == 0)
        status = names_set_rules(gateway->names, gateway->set->rules, err);
    if (status == 0)
        status = doors_listen(gateway->set->rules, &start->inward, err);
    if (status == 0)
        status = receive_network(start, err);
    return status;
}

static int open_inside(struct start *start, struct error *err)
{
    struct gateway *gateway = &start->gateway;
    bool has_ping = false;
    auto_close int settings = open("/proc/sys", O_PATH | O_DIRECTORY | O_CLOEXEC);
    struct inside_want want = {.set = gateway->set, .settings = settings};
    struct net_block synthetic[2];
    int status = ping_check(gateway->set, &has_ping, err);

    want.has_ping = has_ping;
    if (status == 0)
        status = inside_enter_owner(start->network, err);

    inside_want_synthetic(&want, synthetic);
    if (status == 0)
        status = confine_files(err);
    if (status == 0)
        status = inside_open(start->network, &want, &gateway->inside, &gateway->sockets, err);
    fd_close_at(&start->network);
    start->network = -1;
    return status;
}

static int watch_all(struct start *start, struct error *err)
{
    struct gateway *gateway = &start->gateway;
    int status = names_listen(gateway->names, &gateway->sockets.names, err);

    for (unsigned i = 0; i < 2 && status == 0; i++) {
        status = listener_open(&start->listeners[i], gateway->loop, gateway->sockets.tcp[i], accepted, gateway);
        if (status < 0)
            return error_system(err, -status, "watch for connections");
    }
    if (status == 0)
        status = udp_open(gateway, &gateway->udp, err);
    if (status == 0)
        status = ping_open(gateway, &gateway->ping, err);
    if (status == 0)
        status = doors_open(gateway, start->inward, gateway->sockets.outward, err);
    if (status == 0)
        status = inspector_watch(gateway, err);
    if (status < 0)
        return status;
    gateway->unpaid.due = unpaid_due;
    change_watch_ends(gateway);
    gateway->channel = (struct loop_watch){.fd = WORKER_CHANNEL, .ready = channel_ready};
    if (fcntl(WORKER_CHANNEL, F_SETFL, O_NONBLOCK) < 0)
        return error_system(err, errno, "prepare the channel");
    status = loop_watch(gateway->loop, &gateway->channel, EPOLLIN | EPOLLRDHUP);
    return status < 0 ? error_system(err, -status, "watch the channel") : 0;
}

static int begin(struct start *start, struct error *err)
{
    int status = worker_close_others(err);

    if (status == 0 && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        status = error_system(err, errno, "hide this process's memory");
    if (status == 0)
        status = open_outside(start, err);
    if (status == 0)
        status = confine_limits(CONFINE_MAIN, err);
    start->gateway.flow_max = most_connections();
    if (status == 0)
        status = open_inside(start, err);
    if (status == 0)
        status = watch_all(start, err);
    if (status == 0)
        status = confine_thread(CONFINE_MAIN, err);
    return status;
}

int main(void)
{
    static struct start start = {.network = -1, .gateway.events.channel = WORKER_CHANNEL};
    static const struct worker_message ready = {.type = WORKER_READY};
    struct error err = ERROR_INIT;

    signal(SIGPIPE, SIG_IGN);
    if (begin(&start, &err) < 0) {
        channel_send_error(WORKER_CHANNEL, &err);
        channel_end(WORKER_CHANNEL);
        return STATUS_FAILED;
    }
    if (channel_send(WORKER_CHANNEL, &ready, false) < 0)
        return STATUS_FAILED;
    return loop_run(start.gateway.loop) < 0 ? STATUS_FAILED : EXIT_SUCCESS;
}
