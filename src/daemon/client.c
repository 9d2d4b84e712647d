/* SPDX-License-Identifier: Apache-2.0 */
/* A client of the control socket: who it is by the kernel, what it may ask, what it has used up. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "daemon/services.h"

#define AT_ONCE 32 /* then the others have their turn */

static void accept_again(struct core *core)
{
    if (core->is_full && core->client_count < CLIENTS_MAX)
        core->is_full = loop_watch(core->loop, &core->control, EPOLLIN) < 0;
}

void client_close(struct client *client)
{
    struct core *core = client->core;

    loop_cancel(core->loop, &client->silence);
    loop_forget(core->loop, &client->watch);
    protocol_close(client->watch.fd);
    peer_close(&client->peer);
    client->account->connections--;
    *client->before = client->next;
    if (client->next)
        client->next->before = client->before;
    core->client_count--;
    mem_free(client);
    accept_again(core);
}

static void client_silent(struct loop_timer *timer)
{
    client_close(container_of(timer, struct client, silence));
}

static int refuse(const struct client *client, uint32_t request, const struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_FAILED, request);
    protocol_add_error(&out, err, NULL);
    return protocol_send(client->watch.fd, MSG_DONTWAIT, &out, NULL, 0, NULL);
}

static int hear_hello(struct client *client, const struct protocol_message *message, struct error *err)
{
    uint64_t least = protocol_number(message, TAG_VERSION_LEAST, 0), most = protocol_number(message, TAG_VERSION_MOST, 0);

    if (least > PROTOCOL_VERSION || most < PROTOCOL_VERSION)
        return error_set(err, ERROR_SCHEMA, EPROTONOSUPPORT, "the daemon speaks version %d, this client %llu to %llu: restart the daemon", PROTOCOL_VERSION,
                         (unsigned long long)least, (unsigned long long)most);
    client->state = PROTOCOL_GREETED;
    return 0;
}

/*
 * Whoever holds the other end will be served as the maker of the pair: that has to be who is connected, not somebody who once gave a socket away.
 */
static int check_maker(const struct client *client, int end, struct error *err)
{
    struct peer maker = PEER_INIT;
    int status = peer_open(end, &maker, err);

    if (status == 0 && !peer_is_of_pair(end))
        status = error_set(err, ERROR_FORBIDDEN, EPERM, "process %d brings a connection: a client makes a pair of sockets of its own", (int)client->peer.pid);
    if (status == 0 && (maker.uid != client->peer.uid || maker.pid != client->peer.pid))
        status = error_set(err, ERROR_FORBIDDEN, EPERM, "process %d of user %u brings a pair of sockets that process %d of user %u made: a client makes its own",
                           (int)client->peer.pid, client->peer.uid, (int)maker.pid, maker.uid);
    peer_close(&maker);
    return status;
}

static int hear_open(struct client *client, struct protocol_received *received, struct error *err)
{
    const struct protocol_message *message = &received->message;
    struct core *core = client->core;
    struct container *container;
    struct keeper *keeper;
    const char *name = protocol_text(message, TAG_NAME);
    uint64_t purpose = protocol_number(message, TAG_KIND, 0);
    size_t key_size;
    const unsigned char *key = protocol_bytes(message, TAG_KEY, &key_size);
    int status;

    if (purpose != PROTOCOL_PURPOSE_RUN && purpose != PROTOCOL_PURPOSE_KEEP && purpose != PROTOCOL_PURPOSE_STAND)
        return error_set(err, ERROR_INVALID, EPROTO, "a new container is run, kept, or stands");
    if (key_size != KEY_SIZE)
        return error_set(err, ERROR_INVALID, EPROTO, "a key of %zu bytes", key_size);
    status = check_maker(client, received->fds[0], err);
    if (status == 0)
        status = container_check_name(core, client->account, name, err);
    if (status == 0)
        status = keeper_choose(core, client->account, &(struct caller){client->peer.gid, key, received->fds[0], NULL}, &keeper, err);
    if (status < 0)
        return status;
    container = container_new(core, client->account, keeper, err);
    if (!container)
        return -ENOMEM;
    if (name)
        snprintf(container->name, sizeof(container->name), "%s", name);
    status = keeper_serve(keeper, container, purpose, NULL, &received->fds[0], err);
    if (status < 0)
        container_free(core, container);
    return status;
}

/* The caller's; for root, where it is about no rights of that user's and no container of its own, also another one's by its id. */
static int find_for(const struct client *client, const char *word, bool or_others, struct container **ret_container, struct error *err)
{
    int status = container_find(client->core, client->account, word, ret_container, err);
    struct container *other = NULL;

    if (status < 0 && or_others && client->peer.uid == 0 && !client->core->settings->is_user && container_find_any(client->core, word, &other, err) < 0)
        return -ENOTUNIQ;
    if (!other)
        return status;
    *ret_container = other;
    return 0;
}

static int hear_reach(struct client *client, struct protocol_received *received, struct error *err)
{
    const struct protocol_message *message = &received->message;
    uint64_t purpose = protocol_number(message, TAG_KIND, 0);
    struct container *container;
    int status;

    if (purpose != PROTOCOL_PURPOSE_VISIT && purpose != PROTOCOL_PURPOSE_EXEC)
        return error_set(err, ERROR_INVALID, EPROTO, "a container that is there is visited, or a program executed in it");
    status = check_maker(client, received->fds[0], err);
    if (status == 0)
        status = find_for(client, protocol_text(message, TAG_ID), purpose == PROTOCOL_PURPOSE_VISIT, &container, err);
    if (status < 0)
        return status;
    return keeper_serve(container->keeper, container, purpose, container->id, &received->fds[0], err);
}

/* One of them, where one is named. */
static int find_wanted(struct client *client, const struct protocol_message *message, struct error *err)
{
    const char *name = protocol_text(message, TAG_ID);
    struct container *container;
    int status = name ? find_for(client, name, true, &container, err) : 0;
    bool is_all = protocol_number(message, TAG_IS_ALL, 0);

    if (is_all && client->peer.uid != 0)
        return error_set(err, ERROR_FORBIDDEN, EPERM, "the containers of all users are root's to see, and you are user %u: ps without --all-users, or as root", client->peer.uid);

    if (status == 0) {
        client->is_all = is_all;
        client->wanted = name ? container->number : 0;
    }
    return status;
}

/* As much of the list as the client takes; the rest when it has room. */
static int list_on(struct client *client, struct error *err)
{
    auto_protocol struct protocol_out done;
    int status;

    for (struct container *container = client->core->containers; container; container = container->next) {
        auto_protocol struct protocol_out out = {0};

        if (container->number <= client->listed || container->is_pending)
            continue;
        if (client->wanted ? container->number != client->wanted : container->account != client->account && !client->is_all)
            continue;
        container_tell(&out, container, client->request);
        status = protocol_send(client->watch.fd, MSG_DONTWAIT, &out, NULL, 0, err);
        if (status == -EAGAIN) {
            client->is_listing = true;
            return loop_change(client->core->loop, &client->watch, EPOLLOUT);
        }
        if (status < 0)
            return status;
        client->listed = container->number;
    }
    protocol_begin(&done, PROTOCOL_DONE, client->request);
    status = protocol_send(client->watch.fd, MSG_DONTWAIT, &done, NULL, 0, err);
    if (status == -EAGAIN) {
        client->is_listing = true;
        return loop_change(client->core->loop, &client->watch, EPOLLOUT);
    }
    client->is_listing = false;
    return status < 0 ? status : loop_change(client->core->loop, &client->watch, EPOLLIN);
}

static int hear_status(struct client *client, const struct protocol_message *message, struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_STATUS_IS, message->request);
    protocol_add_number(&out, TAG_COUNT, client->account->containers);
    protocol_add_number(&out, TAG_PID, (uint64_t)getpid());
    protocol_add_number(&out, TAG_VERSION_MOST, PROTOCOL_VERSION);
    protocol_add_number(&out, TAG_KIND, client->core->settings->is_user);
    protocol_add_number(&out, TAG_NUMBER, client->account->keepers);
    services_tell(client->core, &out);
    return protocol_send(client->watch.fd, MSG_DONTWAIT, &out, NULL, 0, err);
}

/* What it did by itself, and nobody else told the log. */
static int hear_tell_log(struct client *client, const struct protocol_message *message, struct error *err)
{
    auto_protocol struct protocol_out out;
    auto_close int fd = -1;
    int status = services_tell_log(client->core, client->peer.uid, client->peer.gid, &fd, err);

    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_LOG_IS, message->request);
    protocol_add_number(&out, TAG_KIND, client->core->settings->is_user);
    return protocol_send(client->watch.fd, MSG_DONTWAIT, &out, &fd, 1, err);
}

static int hear(struct client *client, struct protocol_received *received, struct error *err)
{
    const struct protocol_message *message = &received->message;
    int status;

    switch (message->type) {
    case PROTOCOL_HELLO:
        return hear_hello(client, message, err);
    case PROTOCOL_OPEN:
        return hear_open(client, received, err);
    case PROTOCOL_REACH:
        return hear_reach(client, received, err);
    case PROTOCOL_LIST:
        status = find_wanted(client, message, err);
        if (status < 0)
            return status;
        client->listed = 0;
        client->request = message->request;
        return list_on(client, err);
    case PROTOCOL_STATUS:
        return hear_status(client, message, err);
    case PROTOCOL_TELL_LOG:
        return hear_tell_log(client, message, err);
    default:
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "this daemon does not do %s", message->row->name);
    }
}

/*
 * What a client may not say ends its connection (-1): there is nothing that an honest one would go on with. What could not be done is
 * answered, and it may ask again.
 */
static int answer(struct client *client, struct protocol_received *received)
{
    const struct protocol_message *message = &received->message;
    size_t size = sizeof(struct protocol_header) + message->size;
    struct error err = ERROR_INIT;
    int status = protocol_permit(message, PROTOCOL_CLIENT, PROTOCOL_DAEMON, client->state, received->fd_count, &err);

    if (status < 0) {
        (void)!refuse(client, message->request, &err);
        return -1;
    }
    status = account_charge(client->account, message, size, loop_now_ns(client->core->loop), &err);
    if (status == 0 && message->type != PROTOCOL_HELLO)
        keepers_hear(client->core, client->account);
    if (status == 0)
        status = hear(client, received, &err);
    if (status < 0 && (err.kind == ERROR_LIMIT || err.kind == ERROR_FORBIDDEN))
        own_say_refused(client->core, client->account, &client->peer, message->row->name, &err);
    return status < 0 ? refuse(client, message->request, &err) : 0;
}

static void client_ready(struct loop_watch *watch, uint32_t events)
{
    struct client *client = container_of(watch, struct client, watch);
    struct core *core = client->core;
    struct error err = ERROR_INIT;
    int status;

    if (client->is_listing) {
        if ((events & (EPOLLHUP | EPOLLERR)) || list_on(client, &err) < 0)
            client_close(client);
        return;
    }
    status = protocol_receive(watch->fd, MSG_DONTWAIT, &core->received, &err);
    if (status == -EAGAIN)
        return;
    if (status < 0)
        (void)!refuse(client, 0, &err);
    if (status > 0)
        status = answer(client, &core->received) < 0 ? 0 : 1;
    protocol_drop(&core->received);
    if (status <= 0)
        client_close(client);
    else
        loop_start(core->loop, &client->silence, SILENCE_MS);
}

/* In the user's service nobody but that user; whoever else connects has no business here. */
static int admit(struct core *core, int fd, struct peer *peer, struct account **ret_account, struct error *err)
{
    struct account *account;
    int status = peer_open(fd, peer, err);

    if (status < 0)
        return status;
    if (core->settings->is_user && peer->uid != geteuid())
        return error_set(err, ERROR_FORBIDDEN, EPERM, "this is the daemon of user %u alone, and you are user %u", geteuid(), peer->uid);
    account = account_of(&core->accounts, peer->uid);
    if (!account)
        return error_set(err, ERROR_LIMIT, EUSERS, "the daemon serves as many users as it can");
    status = account_may_connect(&core->accounts, account, err);
    if (status == 0)
        *ret_account = account;
    return status;
}

static int take_in(struct core *core, int fd, const struct peer *peer, struct account *account, struct error *err)
{
    struct client *client = mem_alloc(sizeof(*client));
    int status;

    if (!client)
        return error_memory(err);
    *client = (struct client){.core = core, .peer = *peer, .account = account, .state = PROTOCOL_NEW, .next = core->clients, .before = &core->clients,
                              .watch = {.fd = fd, .ready = client_ready}, .silence.due = client_silent};
    status = loop_watch(core->loop, &client->watch, EPOLLIN);
    if (status < 0) {
        mem_free(client);
        return error_system(err, -status, "watch a client");
    }
    if (client->next)
        client->next->before = &client->next;
    core->clients = client;
    core->client_count++;
    account->connections++;
    loop_start(core->loop, &client->silence, SILENCE_MS);
    return 0;
}

/* false = nobody is at the door. */
static bool let_in(struct core *core)
{
    struct peer peer = PEER_INIT;
    struct account *account = NULL;
    struct error err = ERROR_INIT;
    int fd = accept4(core->control.fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK), status;

    if (fd < 0)
        return false;
    status = admit(core, fd, &peer, &account, &err);
    if (status == 0)
        status = take_in(core, fd, &peer, account, &err);
    if (status < 0) {
        if (peer.pid > 0)
            own_say_refused(core, account_of(&core->accounts, peer.uid), &peer, "connect", &err);
        protocol_send_error(fd, 0, &err, NULL);
        peer_close(&peer);
        protocol_close(fd);
    }
    return true;
}

void clients_ready(struct loop_watch *watch, uint32_t events)
{
    struct core *core = container_of(watch, struct core, control);

    for (int i = 0; i < AT_ONCE && core->client_count < CLIENTS_MAX && let_in(core); i++)
        ;
    if (core->client_count >= CLIENTS_MAX) {
        loop_forget(core->loop, &core->control);
        core->is_full = true;
    }
}
