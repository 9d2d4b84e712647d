/* SPDX-License-Identifier: Apache-2.0 */
/* Keepers as the core sees them: started when one is wanted, found again after a restart, told to end when nothing is left for them. */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/services.h"

#define HEARD_AT_ONCE 256

static void keeper_ready(struct loop_watch *watch, uint32_t events);

/* What one that has ended could not tell the log, another one of the same user does. */
static void tell_left(const struct core *core, const struct account *account)
{
    auto_protocol struct protocol_out out = {0};
    const struct keeper *keeper = core->keepers;

    while (keeper && (!keeper->is_joined || keeper->is_retiring || keeper->account != account))
        keeper = keeper->next;
    if (!keeper)
        return; /* whoever is the next looks by itself */
    protocol_begin(&out, PROTOCOL_LEFT, 0);
    (void)!protocol_send(keeper->channel.fd, MSG_DONTWAIT, &out, NULL, 0, NULL);
}

/* What it kept is on disk, and may be another one's to take up. */
void keeper_look_for_kept(const struct core *core)
{
    auto_protocol struct protocol_out out = {0};

    if (core->starter.fd < 0)
        return;
    protocol_begin(&out, PROTOCOL_LOOK_FOR_KEPT, 0);
    (void)!protocol_send(core->starter.fd, MSG_DONTWAIT, &out, NULL, 0, NULL);
}

void keeper_close(struct keeper *keeper)
{
    struct core *core = keeper->core;
    const struct account *account = keeper->account;
    bool was_joined = keeper->is_joined;
    unsigned running = keeper->containers - keeper->pending;

    for (struct container *container = core->containers, *next; container; container = next) {
        next = container->next;
        if (container->keeper == keeper)
            container_free(core, container);
    }
    if (running)
        daemon_log("keeper %s (process %d of user %u) is gone, and its %u containers with it", keeper->id, (int)keeper->pid, keeper->account->uid, running);
    if (running)
        own_say(core, "daemon.stopped", "cordon-keeper", "keeper %s (process %d of user %u) is gone, and its %u containers with it", keeper->id, (int)keeper->pid,
                keeper->account->uid, running);
    if (keeper->is_joined)
        keeper_record_leave(core, keeper);
    if (keeper->is_joined && keeper->pid && !core->settings->is_user)
        keeper_look_for_kept(core);
    waiting_refuse(keeper, NULL);
    loop_cancel(core->loop, &keeper->idle);
    loop_forget(core->loop, &keeper->channel);
    fd_close_at(&keeper->channel.fd);
    keeper->account->keepers--;
    *keeper->before = keeper->next;
    if (keeper->next)
        keeper->next->before = keeper->before;
    core->keeper_count--;
    mem_free(keeper);
    if (was_joined)
        tell_left(core, account);
}

/* It ends when the last client that was handed to it has gone; from here on it gets no other. */
static void keeper_idle(struct loop_timer *timer)
{
    struct keeper *keeper = container_of(timer, struct keeper, idle);
    auto_protocol struct protocol_out out;

    if (keeper->containers)
        return;
    if (!keeper->is_joined) { /* it connected and said nothing */
        keeper_close(keeper);
        return;
    }
    protocol_begin(&out, PROTOCOL_RETIRE, 0);
    keeper->is_retiring = true;
    if (protocol_send(keeper->channel.fd, MSG_DONTWAIT, &out, NULL, 0, NULL) < 0)
        keeper_close(keeper);
}

/* Takes `channel`, also on failure. */
static int keeper_add(struct core *core, struct account *account, int channel, struct keeper **ret_keeper, struct error *err)
{
    auto_close int held = channel;
    struct keeper *keeper;
    int status;

    if (core->keeper_count >= KEEPERS_OF_ALL_MAX)
        return error_set(err, ERROR_LIMIT, EDQUOT, "there are as many kinds of containers at once as there may be (%d)", KEEPERS_OF_ALL_MAX);
    status = account_may_keep(&core->accounts, account, err);
    if (status < 0)
        return status;
    keeper = mem_alloc(sizeof(*keeper));
    if (!keeper)
        return error_memory(err);
    *keeper = (struct keeper){.core = core, .account = account, .number = core_number(core), .next = core->keepers, .before = &core->keepers,
                              .channel = {.fd = held, .ready = keeper_ready}, .idle.due = keeper_idle};
    status = loop_watch(core->loop, &keeper->channel, EPOLLIN);
    if (status < 0) {
        mem_free(keeper);
        return error_system(err, -status, "watch a keeper");
    }
    held = -1;
    if (keeper->next)
        keeper->next->before = &keeper->next;
    core->keepers = keeper;
    core->keeper_count++;
    account->keepers++;
    loop_start(core->loop, &keeper->idle, KEEPER_IDLE_MS);
    *ret_keeper = keeper;
    return 0;
}

static int tell_who(struct keeper *keeper, struct error *err)
{
    auto_protocol struct protocol_out out;
    char path[108];

    if ((size_t)snprintf(path, sizeof(path), "%s/%s", keeper->core->settings->runtime,
                         keeper->core->settings->is_user ? "private/keepers.sock" : "keepers.sock") >= sizeof(path))
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "%s: too long for a socket", keeper->core->settings->runtime);
    protocol_begin(&out, PROTOCOL_REJOIN_AT, 0);
    protocol_add_text(&out, TAG_PATH, path);
    protocol_add_bytes(&out, TAG_TOKEN, keeper->token, sizeof(keeper->token));
    protocol_add_bytes(&out, TAG_KEY, keeper->key, sizeof(keeper->key));
    protocol_add_text(&out, TAG_ID, keeper->id);
    return protocol_send(keeper->channel.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

/* With its end of the channel; for the system, as whoever made `client`, or by the launcher's record. */
static int order_keeper(const struct keeper *keeper, int inner, int client, struct error *err)
{
    const struct core *core = keeper->core;
    auto_protocol struct protocol_out out;
    int fds[2] = {inner, client};

    protocol_begin(&out, *keeper->record ? PROTOCOL_START_KEEPER_AGAIN : core->settings->is_user ? PROTOCOL_START_KEEPER : PROTOCOL_START_KEEPER_AS, (uint32_t)keeper->number);
    protocol_add_number(&out, TAG_TICKET, keeper->number);
    protocol_add_text(&out, TAG_ID, keeper->id);
    if (*keeper->record)
        protocol_add_text(&out, TAG_NAME, keeper->record);
    return protocol_send(core->starter.fd, MSG_DONTWAIT, &out, fds, core->settings->is_user || client < 0 ? 1 : 2, err);
}

/* What it is told and given waits in its channel until it looks. */
static int keeper_start(struct core *core, struct account *account, const struct caller *caller, struct keeper **ret_keeper, struct error *err)
{
    struct keeper *keeper;
    auto_close int inner = -1;
    int ends[2], status;

    if (core->starter.fd < 0)
        return error_set(err, ERROR_SYSTEM, EPIPE, "what starts keepers is gone: the daemon ends");
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a channel for a keeper");
    inner = ends[1];
    fcntl(ends[0], F_SETFL, O_NONBLOCK);
    status = keeper_add(core, account, ends[0], &keeper, err);
    if (status < 0)
        return status;
    memcpy(keeper->key, caller->key, KEY_SIZE);
    keeper->gid = caller->gid;
    snprintf(keeper->record, sizeof(keeper->record), "%s", caller->record ? caller->record : "");
    if (getrandom(keeper->token, sizeof(keeper->token), 0) != sizeof(keeper->token))
        status = error_system(err, errno, "take random bytes");
    snprintf(keeper->id, sizeof(keeper->id), "%016" PRIx64, keeper->number);
    keeper->is_joined = true;
    if (status == 0)
        status = tell_who(keeper, err);
    if (status == 0)
        status = keeper_record_write(core, keeper, err);
    if (status == 0)
        services_serve(core, keeper);
    if (status == 0)
        status = order_keeper(keeper, inner, caller->client, err);
    if (status < 0) {
        keeper_close(keeper);
        return status;
    }
    *ret_keeper = keeper;
    return 0;
}

int keeper_choose(struct core *core, struct account *account, const struct caller *caller, struct keeper **ret_keeper, struct error *err)
{
    struct keeper *best = NULL;
    unsigned count = 0;

    for (struct keeper *keeper = core->keepers; keeper; keeper = keeper->next) {
        if (!keeper->is_joined || keeper->is_retiring || keeper->has_hung_up || keeper->account != account || memcmp(keeper->key, caller->key, KEY_SIZE) != 0)
            continue;
        count++;
        if (!best || keeper->pending < best->pending)
            best = keeper;
    }
    if (best && (best->pending < KEEPER_PENDING_FEW || count >= KEEPERS_OF_KEY_MAX)) {
        *ret_keeper = best;
        return 0;
    }
    return keeper_start(core, account, caller, ret_keeper, err);
}

/* The system's service orders it from the launcher, which has not answered yet. */
static bool is_awaited(const struct keeper *keeper)
{
    return !keeper->pid && !keeper->core->settings->is_user;
}

int keeper_serve(struct keeper *keeper, const struct container *container, uint64_t kind, const char *id, int *client, struct error *err)
{
    auto_protocol struct protocol_out out = {0};
    int status;

    if (is_awaited(keeper))
        return waiting_add(keeper, container, kind, client, err);

    protocol_begin(&out, PROTOCOL_SERVE, 0);
    protocol_add_number(&out, TAG_TICKET, container->number);
    protocol_add_number(&out, TAG_KIND, kind);
    protocol_add_text(&out, TAG_ID, id);
    if (*container->name)
        protocol_add_text(&out, TAG_NAME, container->name);
    status = protocol_send(keeper->channel.fd, MSG_DONTWAIT, &out, client, 1, err);
    if (status == -EPIPE || status == -ECONNRESET) {
        *err = (struct error)ERROR_INIT; /* its end is heard next: to the client it is as if it had ended with the message */
        status = 0;
    }
    return status;
}

/* ---- what they say ---- */

/* One inside of one of its containers. A program can ask for as many as its policy permits: what is over is not listed, and nobody's fault. */
static int hear_child(struct keeper *keeper, const struct protocol_message *message, struct error *err)
{
    struct container *parent = container_of_id(keeper, protocol_text(message, TAG_PARENT));
    struct container *container;

    if (!parent || keeper->account->children >= CHILDREN_MAX)
        return 0;
    container = container_new_child(keeper->core, parent, err);
    if (!container)
        return -ENOMEM;
    container_hear(container, message);
    return 0;
}

static int hear_holds(struct keeper *keeper, const struct protocol_message *message, struct error *err)
{
    struct core *core = keeper->core;
    struct container *container = container_of_ticket(core, protocol_number(message, TAG_TICKET, 0));

    if (!container_is_id(protocol_text(message, TAG_ID))) /* or it would be found where somebody else names his own */
        return error_set(err, ERROR_INVALID, EINVAL, "keeper %s holds what has no id of a container", keeper->id);
    if (!container || container->keeper != keeper)
        container = container_of_id(keeper, protocol_text(message, TAG_ID));
    if (!container && protocol_text(message, TAG_PARENT))
        return hear_child(keeper, message, err);
    if (!container && keeper->account->containers >= CONTAINERS_MAX)
        return error_set(err, ERROR_LIMIT, EDQUOT, "keeper %s holds more than there may be", keeper->id);
    if (!container)
        container = container_new(core, keeper->account, keeper, err);
    if (!container)
        return -ENOMEM;
    container_hear(container, message);
    if (container->state != PROTOCOL_IS_RUNNING && container->state != PROTOCOL_FROZEN)
        container_free_children(core, container);
    return 0;
}

static int hear_end(struct keeper *keeper, struct container *container)
{
    if (!container || container->keeper != keeper)
        return 0;
    container_free_children(keeper->core, container);
    container_free(keeper->core, container);
    return 0;
}

/* It was started by a former core: that wrote down by what it is to be known. */
static int hear_join(struct keeper *keeper, const struct protocol_message *message, struct error *err)
{
    size_t key_size, token_size;
    const void *key = protocol_bytes(message, TAG_KEY, &key_size), *token = protocol_bytes(message, TAG_TOKEN, &token_size);
    const char *id = protocol_text(message, TAG_ID);
    int status;

    if (protocol_number(message, TAG_VERSION_MOST, 0) < PROTOCOL_VERSION || key_size != KEY_SIZE || token_size != TOKEN_SIZE || strlen(id) >= ID_SIZE)
        return error_set(err, ERROR_INVALID, EPROTO, "a keeper that is none of these");
    for (const struct keeper *other = keeper->core->keepers; other; other = other->next)
        if (other->is_joined && strcmp(other->id, id) == 0)
            return error_set(err, ERROR_FORBIDDEN, EEXIST, "a keeper says that it is %s, who is there", id);
    memcpy(keeper->key, key, KEY_SIZE);
    memcpy(keeper->token, token, TOKEN_SIZE);
    snprintf(keeper->id, sizeof(keeper->id), "%s", id);
    status = keeper_record_check(keeper->core, keeper, keeper->account->uid, err);
    if (status < 0)
        return status;
    keeper->is_joined = keeper->is_found = true;
    services_serve(keeper->core, keeper);
    return 0;
}

static int hear(struct keeper *keeper, const struct protocol_received *received, struct error *err)
{
    const struct protocol_message *message = &received->message;
    int status = protocol_permit(message, PROTOCOL_KEEPER, PROTOCOL_DAEMON, keeper->is_joined ? PROTOCOL_JOINED : PROTOCOL_NEW, received->fd_count, err);

    if (status < 0)
        return status;
    switch (message->type) {
    case PROTOCOL_JOIN:
        return hear_join(keeper, message, err);
    case PROTOCOL_HOLDS:
        return hear_holds(keeper, message, err);
    case PROTOCOL_LOST:
        return hear_end(keeper, container_of_id(keeper, protocol_text(message, TAG_ID)));
    case PROTOCOL_NOT_SERVED:
        return hear_end(keeper, container_of_ticket(keeper->core, protocol_number(message, TAG_TICKET, 0)));
    case PROTOCOL_SERVICE_GONE:
        services_serve_again(keeper->core, keeper, protocol_text(message, TAG_NAME));
        return 0;
    case PROTOCOL_LEAVING:
        keeper->is_retiring = true;
        keeper_look_for_kept(keeper->core);
        return 0;
    case PROTOCOL_WRITE_FOR:
        return services_write_for(keeper->core, keeper, protocol_text(message, TAG_ID), err);
    case PROTOCOL_SAYS:
        said_hear(keeper, protocol_text(message, TAG_TEXT));
        return 0;
    case PROTOCOL_JOINED_ALL:
        daemon_log("keeper %s (process %d of user %u) is back, with %u containers", keeper->id, (int)keeper->pid, keeper->account->uid, keeper->containers);
        return 0;
    default:
        return error_set(err, ERROR_INVALID, EPROTO, "a keeper says %s", message->row->name);
    }
}

/* 1 = there may be more, 0 = none now, or the keeper is no more. */
static int keeper_hear(struct keeper *keeper)
{
    struct core *core = keeper->core;
    struct error err = ERROR_INIT;
    int status = protocol_receive(keeper->channel.fd, MSG_DONTWAIT, &core->said, &err);

    if (status == -EAGAIN)
        return 0;
    if (status > 0)
        status = hear(keeper, &core->said, &err) < 0 ? -EPROTO : 1;
    protocol_drop(&core->said);
    if (status < 0)
        daemon_log("keeper %s: %s: it is let go", keeper->is_joined ? keeper->id : "(unknown)", err.text);
    if (status == 0 && is_awaited(keeper)) { /* whoever was to start it will say why it did not begin */
        loop_forget(core->loop, &keeper->channel);
        keeper->has_hung_up = true;
        return 0;
    }
    if (status <= 0)
        keeper_close(keeper);
    return status > 0;
}

static void keeper_ready(struct loop_watch *watch, uint32_t events)
{
    (void)keeper_hear(container_of(watch, struct keeper, channel));
}

void keepers_hear(struct core *core, const struct account *account)
{
    for (struct keeper *keeper = core->keepers, *next; keeper; keeper = next) {
        next = keeper->next;
        for (int i = 0; i < HEARD_AT_ONCE && keeper->account == account && !keeper->has_hung_up && keeper_hear(keeper); i++)
            ;
    }
}

void keepers_ready(struct loop_watch *watch, uint32_t events)
{
    struct core *core = container_of(watch, struct core, keepers_socket);
    struct peer peer = PEER_INIT;
    struct account *account = NULL;
    struct keeper *keeper = NULL;
    struct error err = ERROR_INIT;
    auto_close int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

    if (fd < 0 || peer_open(fd, &peer, &err) < 0)
        return;
    if (!core->settings->is_user || peer.uid == geteuid())
        account = account_of(&core->accounts, peer.uid);
    if (account && keeper_add(core, account, take_fd(fd), &keeper, &err) == 0)
        keeper->pid = peer.pid, keeper->gid = peer.gid;
    peer_close(&peer);
}

static void hear_started(struct core *core, const struct protocol_message *message)
{
    struct keeper *keeper = core->keepers;
    struct error err = ERROR_INIT;

    while (keeper && keeper->number != protocol_number(message, TAG_TICKET, 0))
        keeper = keeper->next;
    if (!keeper)
        return;
    keeper->pid = (pid_t)protocol_number(message, TAG_PID, 0);
    if (keeper_record_write(core, keeper, &err) < 0)
        daemon_log("keeper %s would not be found again: %s", keeper->id, err.text);
    services_serve(core, keeper);
    waiting_serve(keeper);
    if (keeper->has_hung_up)
        keeper_close(keeper);
}

static void hear_not_started(struct core *core, const struct protocol_message *message)
{
    struct keeper *keeper = core->keepers;
    struct error err = ERROR_INIT;

    protocol_read_error(message, &err);
    daemon_log("a keeper was not started: %s", err.text);
    while (keeper && ((uint32_t)keeper->number != message->request || keeper->pid))
        keeper = keeper->next;
    if (!keeper)
        return;
    waiting_refuse(keeper, &err);
    keeper_close(keeper);
}

/* In the user's service the containers are this user's own; in the system's the launcher has a record of whose they are. */
static void hear_kept(struct core *core, const struct protocol_message *message)
{
    bool is_user = core->settings->is_user;
    struct account *account = account_of(&core->accounts, is_user ? geteuid() : (uid_t)protocol_number(message, TAG_UID, UINT32_MAX));
    struct error err = ERROR_INIT;
    struct keeper *keeper;
    size_t size;
    const unsigned char *key = protocol_bytes(message, TAG_KEY, &size);
    const struct caller caller = {.gid = is_user ? getegid() : (gid_t)protocol_number(message, TAG_GID, UINT32_MAX), .key = key, .client = -1, .record = protocol_text(message, TAG_NAME)};

    if (size != KEY_SIZE || !account || is_user == (caller.record != NULL))
        return;
    if (keeper_start(core, account, &caller, &keeper, &err) < 0)
        daemon_log("containers that are kept cannot be taken up: %s", err.text);
}

void starter_ready(struct loop_watch *watch, uint32_t events)
{
    struct core *core = container_of(watch, struct core, starter);
    const struct protocol_message *message = &core->received.message;
    struct error err = ERROR_INIT;
    int status = protocol_receive(watch->fd, MSG_DONTWAIT, &core->received, &err);

    if (status == -EAGAIN)
        return;
    if (status > 0)
        status = protocol_permit(message, PROTOCOL_LAUNCHER, PROTOCOL_DAEMON, PROTOCOL_JOINED, core->received.fd_count, &err) < 0 ? -1 : 1;
    if (status <= 0) {
        protocol_drop(&core->received);
        loop_stop(core->loop, status < 0); /* nobody starts anything any more: another core will be started by another starter */
        return;
    }
    if (message->type == PROTOCOL_KEEPER_IS)
        hear_started(core, message);
    else if (message->type == PROTOCOL_FAILED)
        hear_not_started(core, message);
    else if (message->type == PROTOCOL_KEPT)
        hear_kept(core, message);
    else
        services_heard(core, &core->received);
    protocol_drop(&core->received);
}
