/* SPDX-License-Identifier: Apache-2.0 */
/* Connections and their messages. Whoever says what the table does not have, or does not read its answers, is let go. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "signer/signer.h"

static bool reply(struct signer_connection *connection, struct protocol_out *out)
{
    return protocol_send(connection->watch.fd, MSG_DONTWAIT, out, NULL, 0, NULL) == 0;
}

static bool reply_status(struct signer_connection *connection, uint32_t request, int status, const struct error *err)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, status < 0 ? PROTOCOL_FAILED : PROTOCOL_DONE, request);
    if (status < 0) {
        connection->signer->refused_count++;
        protocol_add_error(&out, err, NULL);
    }
    return reply(connection, &out);
}

/* cordond says whose keeper it is; a keeper has one of its own made for what serves one container of its own. */
static int check_within(const struct signer_connection *connection, const struct identity_name *within, struct error *err)
{
    if (!connection->is_control && (within->kind != IDENTITY_AGENT || !identity_is_within(within, &connection->within)))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "this is no container of whom this connection is for");
    if (within->kind < IDENTITY_USER || !identity_is_within(within, &connection->signer->issuer->host))
        return error_set(err, ERROR_INVALID, EINVAL, "a keeper's connection is for a user of this machine");
    return 0;
}

static bool take_serve(struct signer_connection *connection, struct protocol_received *received)
{
    const char *text = protocol_text(&received->message, TAG_SIGN_NAME);
    struct identity_name within;
    struct error err = ERROR_INIT;
    int status = identity_parse(text, strlen(text), &within, &err);

    if (status == 0)
        status = check_within(connection, &within, &err);
    if (status == 0 && connection->signer->is_single && connection->signer->has_served)
        status = error_set(&err, ERROR_FORBIDDEN, EPERM, "this signer is one container's, whose connection it has");
    if (status == 0)
        status = signer_connect(connection->signer, received->fds[0], &within, false, &err);
    if (status == 0) {
        received->fds[0] = -1; /* the connection's */
        connection->signer->has_served = true;
    }
    return reply_status(connection, received->message.request, status, &err);
}

/* Its own container of this name; nobody else's is told from none. */
static struct signer_container *own(struct signer_connection *connection, const struct protocol_message *message, struct error *err)
{
    struct signer_container *container = signer_find(connection->signer, protocol_text(message, TAG_SIGN_NAME));

    if (container && container->of == connection)
        return container;
    error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no container of this name");
    return NULL;
}

static bool take_ask(struct signer_connection *connection, const struct protocol_message *message)
{
    struct error err = ERROR_INIT;
    struct signer_container *container = own(connection, message, &err);
    auto_text struct text text = {0};
    auto_protocol struct protocol_out out;
    time_t until = 0;
    int status = container ? signer_answer(connection->signer, container, message, &text, &until, &err) : -ENOENT;

    protocol_begin(&out, PROTOCOL_SIGN_ANSWER, message->request);
    if (status < 0)
        return reply_status(connection, message->request, status, &err);
    connection->signer->signed_count++;
    protocol_add_bytes(&out, TAG_SIGN_RESULT, text.data, text.length);
    if (until)
        protocol_add_number(&out, TAG_SIGN_UNTIL, (uint64_t)until);
    return reply(connection, &out);
}

static bool take_close(struct signer_connection *connection, const struct protocol_message *message)
{
    struct error err = ERROR_INIT;
    struct signer_container *container = own(connection, message, &err);

    if (container)
        signer_remove(connection->signer, container);
    return reply_status(connection, message->request, container ? 0 : -ENOENT, &err);
}

static bool take_status(struct signer_connection *connection, const struct protocol_message *message)
{
    const struct signer *signer = connection->signer;
    char host[IDENTITY_TEXT_SIZE];
    auto_protocol struct protocol_out out;

    identity_print(&signer->issuer->host, host);
    protocol_begin(&out, PROTOCOL_SIGN_STATUS_IS, message->request);
    protocol_add_text(&out, TAG_SIGN_NAME, host);
    protocol_add_text(&out, TAG_SIGN_PROTECTION, signer->issuer->protection);
    protocol_add_number(&out, TAG_COUNT, signer->container_count);
    protocol_add_number(&out, TAG_NUMBER, signer->issuer->sequence);
    protocol_add_number(&out, TAG_PID, (uint64_t)getpid());
    return reply(connection, &out);
}

static bool take(struct signer_connection *connection, struct protocol_received *received)
{
    const struct protocol_message *message = &received->message;
    struct error err = ERROR_INIT;
    int status;

    switch (message->type) {
    case PROTOCOL_SIGN_SERVE:
        return take_serve(connection, received);
    case PROTOCOL_SIGN_OPEN:
        status = signer_add(connection, message, &err);
        return reply_status(connection, message->request, status, &err);
    case PROTOCOL_SIGN_CLOSE:
        return take_close(connection, message);
    case PROTOCOL_SIGN_ASK:
        return take_ask(connection, message);
    case PROTOCOL_SIGN_STATUS:
        return take_status(connection, message);
    case PROTOCOL_SIGN_HEAR:
        if (!reply_status(connection, message->request, 0, NULL))
            return false;
        signer_hear(connection->signer, connection);
        return true;
    default:
        return false;
    }
}

bool signer_step(struct signer_connection *connection)
{
    struct protocol_received *received = &connection->signer->received;
    enum protocol_role role = connection->is_control ? PROTOCOL_DAEMON : PROTOCOL_KEEPER;
    int status = protocol_receive(connection->watch.fd, MSG_DONTWAIT, received, NULL);
    bool goes_on;

    if (status == -EAGAIN)
        return true;
    if (status <= 0)
        return false;
    goes_on = protocol_permit(&received->message, role, PROTOCOL_SIGNER, PROTOCOL_JOINED, received->fd_count, NULL) == 0 && take(connection, received);
    protocol_drop(received);
    return goes_on;
}

void signer_close(struct signer_connection *connection)
{
    struct signer *signer = connection->signer;
    struct signer_connection **at = &signer->connections;

    while (*at != connection)
        at = &(*at)->next;
    *at = connection->next;
    signer->connection_count--;
    signer_remove_all(signer, connection);
    signer_hear_no_more(signer, connection);
    if (signer->loop)
        loop_forget(signer->loop, &connection->watch);
    close(connection->watch.fd);
    if (connection->is_control && signer->loop && signer->listener.fd < 0)
        loop_stop(signer->loop, 0);
    mem_free(connection);
}

static void ready(struct loop_watch *watch, uint32_t events)
{
    struct signer_connection *connection = container_of(watch, struct signer_connection, watch);

    if (events & EPOLLOUT)
        signer_told_flush(connection->signer);
    if ((events & ~(uint32_t)EPOLLOUT) && !signer_step(connection))
        signer_close(connection);
}

/* One user's keepers leave room for others'. */
static bool is_room(const struct signer *signer, const struct identity_name *within)
{
    size_t own = 0;

    for (const struct signer_connection *at = signer->connections; at && within; at = at->next)
        own += !at->is_control && at->within.uid == within->uid;
    return own < SIGNER_CONNECTIONS_USER && signer->connection_count < SIGNER_CONNECTIONS_MAX;
}

int signer_connect(struct signer *signer, int fd, const struct identity_name *within, bool is_control, struct error *err)
{
    struct signer_connection *connection;
    int status;

    if (!is_room(signer, within))
        return error_set(err, ERROR_LIMIT, EMFILE, "more than %d connections, or %d of one user", SIGNER_CONNECTIONS_MAX, SIGNER_CONNECTIONS_USER);
    connection = mem_alloc(sizeof(*connection));
    if (!connection)
        return error_memory(err);
    *connection = (struct signer_connection){.signer = signer, .watch = {.fd = fd, .ready = ready}, .is_control = is_control};
    if (within)
        connection->within = *within;
    status = signer->loop ? loop_watch(signer->loop, &connection->watch, EPOLLIN) : 0;
    if (status < 0) {
        mem_free(connection);
        return error_system(err, -status, "watch a connection");
    }
    connection->next = signer->connections;
    signer->connections = connection;
    signer->connection_count++;
    return 0;
}

/* Somebody else's is closed without a word: only cordond can come to the socket's directory at all. */
static void accept_control(struct loop_watch *watch, uint32_t unused_arg events)
{
    struct signer *signer = container_of(watch, struct signer, listener);
    auto_close int fd = accept4(watch->fd, NULL, NULL, SOCK_CLOEXEC);
    struct ucred peer;
    socklen_t size = sizeof(peer);

    if (fd < 0 || getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0 || peer.uid != signer->control_uid)
        return;
    if (signer_connect(signer, fd, NULL, true, NULL) == 0)
        fd = -1; /* the connection's */
}

int signer_listen(struct signer *signer, int fd, uid_t control_uid, struct error *err)
{
    int status;

    signer->listener = (struct loop_watch){.fd = fd, .ready = accept_control};
    signer->control_uid = control_uid;
    status = loop_watch(signer->loop, &signer->listener, EPOLLIN);
    return status < 0 ? error_system(err, -status, "watch the socket") : 0;
}
