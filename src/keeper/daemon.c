/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordond, as its keeper sees it: it hands over clients and is told of containers. Without one nothing stops; the next is looked for at the place that
 * the first named, and hears what there is.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/memory.h"
#include "keeper/kept.h"
#include "sdk/keeping.h"
#include "protocol/service.h"

#define AGAIN_MS 200
#define ROOM_WAIT_MS 10000
#define SOON_MS  1000 /* who is let go so soon was not believed */
#define REFUSED_FEW  5
#define REFUSED_MOST 10 /* 6.4 s */
#define IDLE_MS  10000 /* without cordond and without a container */

static struct keeper *of_daemon(struct loop_watch *watch)
{
    return container_of(watch, struct keeper, daemon);
}

static bool was_believed(const struct keeper *keeper)
{
    return clock_monotonic_ns() - keeper->joined_ns > SOON_MS * NS_PER_MS;
}

static void gone(struct keeper *keeper)
{
    loop_forget(keeper->loop, &keeper->daemon);
    fd_close_at(&keeper->daemon.fd);
    keeper->daemon.fd = -1;
    if (was_believed(keeper))
        keeper->refused = 0;
    else if (keeper->refused < REFUSED_MOST)
        keeper->refused++;
    loop_start(keeper->loop, &keeper->again, AGAIN_MS << (keeper->refused > REFUSED_FEW ? keeper->refused - REFUSED_FEW : 0));
    keeper_look_for_end(keeper);
}

/* All containers are told of at once, and its queue is short; it never waits for this process. */
static int wait_for_room(const struct keeper *keeper)
{
    struct pollfd room = {.fd = keeper->daemon.fd, .events = POLLOUT};

    return poll(&room, 1, ROOM_WAIT_MS) == 1 ? 0 : -EAGAIN;
}

/* To a cordond that takes nothing it is as to none: the next one hears everything anew. */
static void tell(struct keeper *keeper, struct protocol_out *out)
{
    int status = keeper->daemon.fd >= 0 ? -EAGAIN : 0;

    while (status == -EAGAIN) {
        status = protocol_send(keeper->daemon.fd, MSG_DONTWAIT, out, NULL, 0, NULL);
        if (status == -EAGAIN && wait_for_room(keeper) < 0)
            break;
    }
    if (status < 0)
        shutdown(keeper->daemon.fd, SHUT_RDWR);
}

static void add_facts(struct protocol_out *out, const struct cordon_container *container)
{
    struct container_facts facts;

    container_tell_facts(container, &facts);
    protocol_add_text(out, TAG_TIER, facts.tier);
    protocol_add_text(out, TAG_IDENTITY, facts.identity);
    protocol_add_number(out, TAG_DENIALS, facts.denials);
    if (*facts.digest)
        protocol_add_text(out, TAG_DIGEST, facts.digest);
    if (*facts.proof)
        protocol_add_text(out, TAG_PROOF, facts.proof);
}

static uint64_t state_of(const struct session *session)
{
    if (!session->container)
        return session->lifecycle;
    return session->is_frozen ? PROTOCOL_FROZEN : PROTOCOL_IS_RUNNING;
}

void daemon_tell_running(struct keeper *keeper, const struct session *session)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_HOLDS, 0);
    protocol_add_number(&out, TAG_TICKET, session->ticket);
    protocol_add_text(&out, TAG_ID, session->id);
    protocol_add_number(&out, TAG_STATE, state_of(session));
    protocol_add_number(&out, TAG_PID, session->container ? (uint64_t)cordon_container_pid(session->container) : 0);
    protocol_add_text(&out, TAG_RUN, session->container ? cordon_container_id(session->container) : "");
    if (session->container)
        add_facts(&out, session->container);
    if (session->created_ms)
        protocol_add_number(&out, TAG_CREATED_MS, session->created_ms);
    protocol_add_number(&out, TAG_STARTED_MS, session->started_ms);
    protocol_add_number(&out, TAG_RESTARTS, session->again.count);
    if (session->again.has_end)
        protocol_add_number(&out, TAG_EXIT, (uint64_t)session->again.end.exit_status);
    if (ending_is_set(&session->ends.when))
        protocol_add_number(&out, TAG_UNTIL_MS, ending_ms(&session->ends.when));
    if (ending_is_set(&session->network.ends))
        protocol_add_number(&out, TAG_NETWORK_UNTIL_MS, ending_ms(&session->network.ends));
    if (*session->again.text)
        protocol_add_text(&out, TAG_RESTART, session->again.text);
    if (*session->name)
        protocol_add_text(&out, TAG_NAME, session->name);
    protocol_add_text(&out, TAG_POLICY, session->policy);
    protocol_add_text(&out, TAG_COMMAND, session->command);
    tell(keeper, &out);
}

/* One inside of the session's container, or inside of one that is. */
void daemon_tell_child(struct keeper *keeper, const struct session *session, const struct container_child *child)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_HOLDS, 0);
    protocol_add_text(&out, TAG_ID, child->id);
    protocol_add_number(&out, TAG_STATE, state_of(session));
    protocol_add_number(&out, TAG_PID, (uint64_t)child->pid);
    protocol_add_number(&out, TAG_STARTED_MS, child->started_ms);
    protocol_add_text(&out, TAG_TIER, "process");
    protocol_add_text(&out, TAG_COMMAND, child->command);
    protocol_add_text(&out, TAG_PARENT, *child->parent ? child->parent : session->id);
    protocol_add_text(&out, TAG_IDENTITY, child->identity);
    protocol_add_text(&out, TAG_RUN, child->id);
    tell(keeper, &out);
}

void daemon_tell_lost(struct keeper *keeper, const char *id)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_LOST, 0);
    protocol_add_text(&out, TAG_ID, id);
    tell(keeper, &out);
}

void daemon_tell_gone(struct keeper *keeper, const char *service)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_SERVICE_GONE, 0);
    protocol_add_text(&out, TAG_NAME, service);
    tell(keeper, &out);
}

void daemon_ask_writer(struct keeper *keeper, const char *id)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_WRITE_FOR, 0);
    protocol_add_text(&out, TAG_ID, id);
    tell(keeper, &out);
}

void daemon_tell_not_served(struct keeper *keeper, const struct session *session)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_NOT_SERVED, 0);
    protocol_add_number(&out, TAG_TICKET, session->ticket);
    tell(keeper, &out);
}

/* A word, for which nothing waits. */
void daemon_tell_said(struct keeper *keeper, const char *text)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_SAYS, 0);
    protocol_add_text(&out, TAG_TEXT, text);
    if (keeper->daemon.fd >= 0)
        (void)!protocol_send(keeper->daemon.fd, MSG_DONTWAIT, &out, NULL, 0, NULL);
}

void daemon_tell_leaving(struct keeper *keeper)
{
    auto_protocol struct protocol_out out;

    keeper->is_retiring = true;
    protocol_begin(&out, PROTOCOL_LEAVING, 0);
    tell(keeper, &out);
}

void keeper_look_for_end(struct keeper *keeper)
{
    if (keeper->session_count)
        return;
    if (keeper->is_retiring)
        loop_stop(keeper->loop, 0);
    else if (keeper->daemon.fd < 0 && !keeper->idle.before)
        loop_start(keeper->loop, &keeper->idle, IDLE_MS);
}

static int take_text(char *to, size_t size, const char *text, struct error *err)
{
    if (strlen(text) >= size)
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "%s: too long", text);
    snprintf(to, size, "%s", text);
    return 0;
}

static int hear_who(struct keeper *keeper, const struct protocol_message *message, struct error *err)
{
    size_t key_size, token_size;
    const void *key = protocol_bytes(message, TAG_KEY, &key_size), *token = protocol_bytes(message, TAG_TOKEN, &token_size);
    int status = take_text(keeper->rejoin_at, sizeof(keeper->rejoin_at), protocol_text(message, TAG_PATH), err);

    if (key_size != sizeof(keeper->key) || token_size != sizeof(keeper->token))
        return error_set(err, ERROR_INVALID, EPROTO, "cordond names a key or a token that is none");
    memcpy(keeper->key, key, key_size);
    memcpy(keeper->token, token, token_size);
    return status < 0 ? status : take_text(keeper->id, sizeof(keeper->id), protocol_text(message, TAG_ID), err);
}

static int hear(struct keeper *keeper, struct protocol_received *received, struct error *err)
{
    const struct protocol_message *message = &received->message;
    int status = protocol_permit(message, PROTOCOL_DAEMON, PROTOCOL_KEEPER, PROTOCOL_JOINED, received->fd_count, err), client;

    if (status < 0)
        return status;
    switch (message->type) {
    case PROTOCOL_REJOIN_AT:
        status = hear_who(keeper, message, err);
        if (status == 0 && !keeper->has_looked) {
            keeper->has_looked = true;
            kept_find(keeper);
        }
        return status;
    case PROTOCOL_SERVE:
        status = numbers_lift(take_fd(received->fds[0]), &client, err);
        if (status == 0)
            session_open(keeper, client, protocol_number(message, TAG_TICKET, 0), (enum protocol_purpose)protocol_number(message, TAG_KIND, 0), protocol_text(message, TAG_ID), protocol_text(message, TAG_NAME));
        return status;
    case PROTOCOL_SERVICE:
        return services_take(keeper, protocol_text(message, TAG_NAME), take_fd(received->fds[0]), err);
    case PROTOCOL_WRITER:
        status = numbers_lift(take_fd(received->fds[0]), &client, err);
        if (status == 0)
            left_connect(keeper, protocol_text(message, TAG_ID), client);
        return status;
    case PROTOCOL_LEFT:
        left_look(keeper);
        return 0;
    case PROTOCOL_RETIRE:
        keeper->is_retiring = true;
        pools_end(keeper);
        return 0;
    default:
        return error_set(err, ERROR_INVALID, EPROTO, "cordond says %s", message->row->name);
    }
}

static void daemon_ready(struct loop_watch *watch, uint32_t events)
{
    struct keeper *keeper = of_daemon(watch);
    struct error err = ERROR_INIT;
    int status = protocol_receive(watch->fd, MSG_DONTWAIT, &keeper->received, &err);

    if (status == -EAGAIN)
        return;
    if (status > 0)
        status = hear(keeper, &keeper->received, &err) < 0 ? -EPROTO : 1;
    protocol_drop(&keeper->received);
    if (status <= 0)
        gone(keeper);
    else
        keeper_look_for_end(keeper);
}

static int watch_daemon(struct keeper *keeper, int channel, struct error *err)
{
    int status;

    keeper->daemon = (struct loop_watch){.fd = channel, .ready = daemon_ready};
    status = loop_watch(keeper->loop, &keeper->daemon, EPOLLIN);
    if (status == 0)
        return 0;
    keeper->daemon.fd = -1;
    return error_system(err, -status, "watch cordond");
}

static int join(struct keeper *keeper, struct error *err)
{
    auto_protocol struct protocol_out out, all;
    auto_close int channel = -1;
    int lifted, status = service_connect_now(keeper->rejoin_at, &channel, err);

    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_JOIN, 0);
    protocol_add_number(&out, TAG_VERSION_MOST, PROTOCOL_VERSION);
    protocol_add_bytes(&out, TAG_KEY, keeper->key, sizeof(keeper->key));
    protocol_add_text(&out, TAG_ID, keeper->id);
    protocol_add_bytes(&out, TAG_TOKEN, keeper->token, sizeof(keeper->token));
    status = protocol_send(channel, 0, &out, NULL, 0, err);
    if (status == 0)
        status = numbers_lift(take_fd(channel), &lifted, err);
    if (status == 0)
        status = watch_daemon(keeper, lifted, err);
    if (status < 0)
        return status;
    keeper->joined_ns = clock_monotonic_ns();
    if (keeper->is_replaced) /* this core has not heard of it, and would give it whoever comes */
        daemon_tell_leaving(keeper);
    for (const struct session *session = keeper->sessions; session; session = session->next)
        if (session_is_listed(session)) {
            daemon_tell_running(keeper, session);
            children_tell_all(session);
        }
    protocol_begin(&all, PROTOCOL_JOINED_ALL, 0);
    tell(keeper, &all);
    return 0;
}

static void look_again(struct loop_timer *timer)
{
    struct keeper *keeper = container_of(timer, struct keeper, again);

    if (keeper->daemon.fd < 0 && (!*keeper->rejoin_at || join(keeper, NULL) < 0))
        loop_start(keeper->loop, &keeper->again, AGAIN_MS);
}

static void idle(struct loop_timer *timer)
{
    struct keeper *keeper = container_of(timer, struct keeper, idle);

    if (keeper->session_count)
        return;
    if (keeper->daemon.fd < 0)
        loop_stop(keeper->loop, 0);
    else if (!was_believed(keeper))
        loop_start(keeper->loop, &keeper->idle, SOON_MS);
}

int daemon_begin(struct keeper *keeper, int channel, struct error *err)
{
    keeper->again.due = look_again;
    keeper->idle.due = idle;
    return watch_daemon(keeper, channel, err);
}
