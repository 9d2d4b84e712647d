/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes by the channels is read like anything else; what does not belong there ends the inspector, and with it every
 * connection that it has.
 *
 * System calls: recvmsg, sendto, pread64, fcntl.
 */
#include "inspect/control.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "base/memory.h"
#include "inspect/flow.h"
#include "worker/channel.h"
#include "worker/start.h"

#define STATUS_FAILED 125
#define AT_ONCE       64

int control_read_rules(struct inspector *inspector, int fd, struct error *err)
{
    struct arena *arena auto_arena = arena_new();
    auto_free char *record = NULL;
    struct net_rules *rules;
    size_t size;
    int status;

    if (!arena)
        return error_memory(err);
    status = worker_read_sealed(fd, NET_RECORD_MAX, "the rules", &record, &size, err);
    if (status == 0)
        status = net_rules_read(arena, record, size, &rules, err);
    if (status == 0 && inspector->is_ready && !inspector->authority && net_rules_open_tls(rules))
        status = error_set(err, ERROR_UNENFORCEABLE, EOPNOTSUPP,
                           "the new rules open TLS, and the container was started without an authority for it; start it anew");
    if (status == 0 && inspector->budgets.memory) /* else COUNTERS comes before the first connection */
        status = budgets_set_rules(&inspector->budgets, rules, false, err);
    if (status < 0)
        return status;
    arena_free(inspector->arena);
    inspector->arena = take_ptr(arena);
    inspector->rules = rules;
    net_rules_end(rules, net_rules_now_ms(rules), NULL, NULL);
    if (inspector->is_ready)
        ends_watch(&inspector->ends, rules);
    return 0;
}

/* Whose rules have ended the gateway tells. */
static void over(struct ends *ends)
{
    struct inspector *inspector = container_of(ends, struct inspector, ends);

    net_rules_end(inspector->rules, net_rules_now_ms(inspector->rules), NULL, NULL);
    flow_judge_all(inspector);
}

static int send_applied(struct inspector *inspector)
{
    static const struct worker_message applied = {.type = WORKER_APPLIED};

    return channel_send(inspector->gateway.fd, &applied, false);
}

static int take_message(struct inspector *inspector, const struct worker_message *message, int fds[CHANNEL_DESCRIPTORS_MAX],
                        struct error *err)
{
    int status;

    switch (message->type) {
    case WORKER_FLOW:
        if (inspector->rules->budget_count && !inspector->budgets.memory)
            return -EPROTO;
        flow_begin(inspector, message, fds[0], fds[1]);
        fds[0] = fds[1] = -1;
        return 0;
    case WORKER_RULES:
        status = control_read_rules(inspector, fds[0], err);
        if (status < 0) {
            channel_send_error(inspector->gateway.fd, err);
            return 0; /* the former ones hold */
        }
        flow_judge_all(inspector);
        return send_applied(inspector);
    case WORKER_COUNTERS:
        status = budgets_open(&inspector->budgets, fds[0], err);
        return status < 0 ? status : budgets_set_rules(&inspector->budgets, inspector->rules, false, err);
    default:
        return -EPROTO;
    }
}

static void gateway_ready(struct loop_watch *watch, uint32_t events)
{
    struct inspector *inspector = container_of(watch, struct inspector, gateway);

    (void)events;
    for (unsigned i = 0; i < AT_ONCE; i++) {
        int fds[CHANNEL_DESCRIPTORS_MAX] = {-1, -1};
        struct worker_message message;
        struct error err = ERROR_INIT;
        int status = channel_receive_all(watch->fd, &message, fds, &err);

        if (status == -EAGAIN)
            return;
        if (status > 0)
            status = take_message(inspector, &message, fds, &err);
        else if (status == 0)
            status = -ECONNRESET;
        for (size_t j = 0; j < CHANNEL_DESCRIPTORS_MAX; j++)
            fd_close_at(&fds[j]);
        if (status < 0) {
            flow_end_all(inspector);
            loop_stop(inspector->loop, status == -ECONNRESET ? EXIT_SUCCESS : STATUS_FAILED);
            return;
        }
    }
}

/* The starter has nothing more to say: whatever comes is its end. */
static void starter_ready(struct loop_watch *watch, uint32_t events)
{
    struct inspector *inspector = container_of(watch, struct inspector, starter);

    (void)events;
    flow_end_all(inspector);
    loop_stop(inspector->loop, EXIT_SUCCESS);
}

int control_open(struct inspector *inspector, int gateway, struct error *err)
{
    int status;

    inspector->gateway = (struct loop_watch){.fd = gateway, .ready = gateway_ready};
    inspector->starter = (struct loop_watch){.fd = WORKER_CHANNEL, .ready = starter_ready};
    inspector->events.channel = gateway;
    inspector->is_ready = true;
    inspector->ends.loop = inspector->loop;
    inspector->ends.over = over;
    ends_watch(&inspector->ends, inspector->rules);
    if (fcntl(gateway, F_SETFL, O_NONBLOCK) < 0 || fcntl(WORKER_CHANNEL, F_SETFL, O_NONBLOCK) < 0)
        return error_system(err, errno, "prepare the channels");
    status = loop_watch(inspector->loop, &inspector->gateway, EPOLLIN | EPOLLRDHUP);
    if (status == 0)
        status = loop_watch(inspector->loop, &inspector->starter, EPOLLIN | EPOLLRDHUP);
    return status < 0 ? error_system(err, -status, "watch the channels") : 0;
}
