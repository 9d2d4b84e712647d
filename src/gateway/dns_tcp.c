/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A connection is read while it neither waits for an answer nor has one to take, so it holds one question and one answer
 * at most. Its other end may stop sending and still gets what it asked for.
 *
 * System calls: accept4, read, write, close, epoll_ctl.
 */
#include "gateway/dns_tcp.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#define LENGTH_SIZE 2
#define REST_MS     500

struct dns_connection {
    struct loop_watch watch; /* fd -1 = unused */
    struct loop_timer idle;
    struct dns_tcp *tcp;
    struct dns_exchange *exchange; /* that is waited for */
    bool is_at_end;                /* nothing more will be asked */
    bool is_advancing;             /* an answer that comes at once is met by who asked */
    size_t in_size, out_size, out_at;
    unsigned char in[LENGTH_SIZE + DNS_QUESTION_MAX];
    unsigned char out[LENGTH_SIZE + DNS_ANSWER_MAX];
};

struct listener {
    struct loop_watch watch;
    struct loop_timer rest; /* when the process had no descriptor left, the next is not taken at once */
    struct dns_tcp *tcp;
};

struct dns_tcp {
    struct loop *loop;
    struct dns_server *server;
    struct listener listeners[2];
    struct dns_connection connections[DNS_CONNECTIONS_MAX];
};

#define owner_of(member, type, field) ((type *)(void *)((char *)(member) - offsetof(type, field)))

static void watch_close(struct loop *loop, struct loop_watch *watch)
{
    if (watch->fd < 0)
        return;
    loop_forget(loop, watch);
    close(watch->fd);
    watch->fd = -1;
}

static void connection_close(struct dns_connection *connection)
{
    if (connection->watch.fd < 0)
        return;
    loop_cancel(connection->tcp->loop, &connection->idle);
    watch_close(connection->tcp->loop, &connection->watch);
    if (connection->exchange)
        dns_server_drop(connection->exchange);
    connection->exchange = NULL;
}

static void idle_due(struct loop_timer *timer)
{
    connection_close(owner_of(timer, struct dns_connection, idle));
}

/* The length that a whole question has in the buffer, 0 = it is not there yet. */
static size_t question_size(const struct dns_connection *connection)
{
    size_t size = (size_t)connection->in[0] << 8 | connection->in[1];

    return connection->in_size >= LENGTH_SIZE && connection->in_size - LENGTH_SIZE >= size ? LENGTH_SIZE + size : 0;
}

/* False: the connection is not to go on. */
static bool ask(struct dns_connection *connection, size_t size)
{
    struct dns_exchange *exchange = dns_server_begin(connection->tcp->server);
    int rcode;

    if (!exchange)
        return false;
    rcode = dns_question_read(connection->in + LENGTH_SIZE, size - LENGTH_SIZE, &exchange->question);
    connection->in_size -= size;
    memmove(connection->in, connection->in + size, connection->in_size);
    if (rcode < 0) {
        dns_server_drop(exchange);
        return false;
    }
    exchange->connection = connection;
    connection->exchange = exchange;
    dns_server_asked(exchange, rcode);
    return true;
}

static bool read_more(struct dns_connection *connection, bool *ret_is_stuck)
{
    ssize_t size = read(connection->watch.fd, connection->in + connection->in_size,
                        sizeof(connection->in) - connection->in_size);

    *ret_is_stuck = size < 0;
    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    connection->is_at_end = size == 0;
    connection->in_size += (size_t)size;
    /* a length that no question has; what follows would never be whole */
    return connection->in_size < LENGTH_SIZE ||
           ((size_t)connection->in[0] << 8 | connection->in[1]) <= DNS_QUESTION_MAX;
}

static bool write_more(struct dns_connection *connection, bool *ret_is_stuck)
{
    ssize_t size = send(connection->watch.fd, connection->out + connection->out_at,
                        connection->out_size - connection->out_at, MSG_NOSIGNAL);

    *ret_is_stuck = size < 0;
    if (size < 0)
        return errno == EAGAIN || errno == EINTR;
    connection->out_at += (size_t)size;
    if (connection->out_at == connection->out_size)
        connection->out_at = connection->out_size = 0;
    return true;
}

/* One step; false: the connection is over. */
static bool step(struct dns_connection *connection, bool *ret_is_stuck)
{
    size_t size;

    if (connection->out_size)
        return write_more(connection, ret_is_stuck);
    size = question_size(connection);
    if (size)
        return ask(connection, size);
    return !connection->is_at_end && read_more(connection, ret_is_stuck);
}

static void advance(struct dns_connection *connection)
{
    bool is_stuck = false, goes_on = true;
    uint32_t events;

    if (connection->is_advancing)
        return;
    connection->is_advancing = true;
    while (goes_on && !is_stuck && !connection->exchange && connection->watch.fd >= 0)
        goes_on = step(connection, &is_stuck);
    connection->is_advancing = false;
    if (connection->watch.fd < 0)
        return;
    events = connection->exchange ? 0u : connection->out_size ? EPOLLOUT : EPOLLIN;
    if (!goes_on || loop_change(connection->tcp->loop, &connection->watch, events) < 0) {
        connection_close(connection);
        return;
    }
    loop_start(connection->tcp->loop, &connection->idle, DNS_IDLE_MS);
}

void dns_tcp_answer(struct dns_connection *connection, const void *message, size_t size)
{
    connection->exchange = NULL;
    connection->out[0] = (unsigned char)(size >> 8);
    connection->out[1] = (unsigned char)size;
    memcpy(connection->out + LENGTH_SIZE, message, size);
    connection->out_size = LENGTH_SIZE + size;
    connection->out_at = 0;
    advance(connection);
}

static void connection_ready(struct loop_watch *watch, uint32_t events)
{
    struct dns_connection *connection = owner_of(watch, struct dns_connection, watch);

    /* reset, or closed both ways, while an answer is waited for: nobody is there to take it */
    if (connection->exchange || events & EPOLLERR)
        connection_close(connection);
    else
        advance(connection);
}

static void connection_open(struct dns_tcp *tcp, int fd)
{
    for (size_t i = 0; i < DNS_CONNECTIONS_MAX; i++) {
        struct dns_connection *connection = &tcp->connections[i];

        if (connection->watch.fd >= 0)
            continue;
        connection->watch = (struct loop_watch){.fd = fd, .ready = connection_ready};
        connection->is_at_end = false;
        connection->in_size = connection->out_size = connection->out_at = 0;
        loop_start(tcp->loop, &connection->idle, DNS_IDLE_MS);
        if (loop_watch(tcp->loop, &connection->watch, EPOLLIN) < 0)
            connection_close(connection);
        return;
    }
    close(fd);
}

static void listener_ready(struct loop_watch *watch, uint32_t events unused_arg)
{
    struct listener *listener = owner_of(watch, struct listener, watch);
    struct dns_tcp *tcp = listener->tcp;
    int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        connection_open(tcp, fd);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
        if (loop_change(tcp->loop, watch, 0) == 0)
            loop_start(tcp->loop, &listener->rest, REST_MS);
    }
}

static void rest_due(struct loop_timer *timer)
{
    struct listener *listener = owner_of(timer, struct listener, rest);

    if (loop_change(listener->tcp->loop, &listener->watch, EPOLLIN) < 0)
        loop_start(listener->tcp->loop, timer, REST_MS);
}

int dns_tcp_open(struct loop *loop, struct dns_server *server, struct dns_tcp **ret_tcp, struct error *err)
{
    struct dns_tcp *tcp = mem_alloc(sizeof(*tcp));

    if (!tcp)
        return error_memory(err);
    tcp->loop = loop;
    tcp->server = server;
    for (int i = 0; i < 2; i++)
        tcp->listeners[i] = (struct listener){
            .watch = {.fd = -1, .ready = listener_ready}, .rest = {.due = rest_due}, .tcp = tcp};
    for (size_t i = 0; i < DNS_CONNECTIONS_MAX; i++) {
        tcp->connections[i].tcp = tcp;
        tcp->connections[i].watch.fd = -1;
        tcp->connections[i].idle.due = idle_due;
    }
    *ret_tcp = tcp;
    return 0;
}

void dns_tcp_close(struct dns_tcp *tcp)
{
    if (!tcp)
        return;
    for (size_t i = 0; i < DNS_CONNECTIONS_MAX; i++)
        connection_close(&tcp->connections[i]);
    for (int i = 0; i < 2; i++) {
        loop_cancel(tcp->loop, &tcp->listeners[i].rest);
        watch_close(tcp->loop, &tcp->listeners[i].watch);
    }
    mem_free(tcp);
}

int dns_tcp_listen(struct dns_tcp *tcp, int family, int fd, struct error *err)
{
    int status;

    tcp->listeners[family].watch.fd = fd;
    if (fd < 0)
        return 0;
    status = loop_watch(tcp->loop, &tcp->listeners[family].watch, EPOLLIN);
    return status < 0 ? error_system(err, -status, "watch the resolver's listener") : 0;
}
