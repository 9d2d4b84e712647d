/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Four steps, taken as long as one of them moves something: records from the inspector become a request, the request goes to
 * the server, its answer becomes records, these go to the inspector. Each stops where what is behind it is full.
 *
 * System calls: read, write, recvfrom, sendto, close, and those of OpenSSL.
 */
#include "inspect/holder_flow.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "inspect/holder_flow_inside.h"
#include "net/name.h"

#define PIECE  ((size_t)16 << 10)
#define ROUNDS 16 /* before others have their turn */

static void watch_server(struct holder_flow *flow, uint32_t events)
{
    struct loop *loop = flow->holder->loop;

    if (events == flow->server_events)
        return;
    if (!events)
        loop_forget(loop, &flow->server);
    else if ((flow->server_events ? loop_change : loop_watch)(loop, &flow->server, events) < 0)
        return; /* tried again at the next turn */
    flow->server_events = events;
}

void holder_flow_close_server(struct holder_flow *flow)
{
    watch_server(flow, 0);
    if (flow->tls && flow->is_open && !flow->has_met_end && SSL_shutdown(flow->tls) < 0)
        ERR_clear_error();
    SSL_free(flow->tls);
    flow->tls = NULL;
    fd_close_at(&flow->server.fd);
    flow->server.fd = -1;
}

static void flow_free(struct holder_flow *flow)
{
    struct holder *holder = flow->holder;

    loop_forget(holder->loop, &flow->stream);
    loop_cancel(holder->loop, &flow->deadline);
    loop_cancel(holder->loop, &flow->turn);
    holder_flow_close_server(flow);
    fd_close_at(&flow->stream.fd);
    queue_finish(&flow->in);
    queue_finish(&flow->up);
    queue_finish(&flow->down);
    queue_finish(&flow->bytes);
    ask_finish(&flow->ask);
    answer_finish(&flow->answer);
    scrub_free(flow->scrub);
    if (flow->before) {
        *flow->before = flow->next;
        if (flow->next)
            flow->next->before = flow->before;
        holder->flow_count--;
    }
    mem_free(flow);
}

/* ---- TLS ---- */

/* After a call of TLS that did not go through. True = it waits for the socket. */
static bool waits(struct holder_flow *flow, int result)
{
    int reason = SSL_get_error(flow->tls, result);

    flow->wants_read |= reason == SSL_ERROR_WANT_READ;
    flow->wants_write |= reason == SSL_ERROR_WANT_WRITE;
    return reason == SSL_ERROR_WANT_READ || reason == SSL_ERROR_WANT_WRITE;
}

static enum moved shake_hands(struct holder_flow *flow)
{
    struct error err = ERROR_INIT;
    int result;

    ERR_clear_error();
    result = SSL_do_handshake(flow->tls);
    if (result == 1) {
        flow->is_open = true;
        loop_cancel(flow->holder->loop, &flow->deadline);
        if (holder_flow_tell_opened(flow) < 0)
            holder_flow_fail_memory(flow);
        return MOVED_SOME;
    }
    if (waits(flow, result)) {
        believed_read(&flow->holder->believed); /* while the server's answer is on its way */
    } else {
        enum hold_failure failure = holder_tls_explain(flow->tls, flow->name, &err);

        holder_flow_fail(flow, failure, &err);
    }
    return MOVED_NONE;
}

static enum moved write_server(struct holder_flow *flow)
{
    size_t size = queue_size(&flow->up);
    int result;

    if (size == 0)
        return MOVED_NONE;
    ERR_clear_error();
    result = SSL_write(flow->tls, queue_head(&flow->up), (int)(size < PIECE ? size : PIECE));
    if (result > 0) {
        explicit_bzero(queue_head(&flow->up), (size_t)result);
        queue_take(&flow->up, (size_t)result);
        return MOVED_SOME;
    }
    /* what the server had said before it ended is still read */
    if (!waits(flow, result))
        queue_finish(&flow->up);
    return MOVED_NONE;
}

static enum moved read_server(struct holder_flow *flow)
{
    unsigned char *room;
    int result, reason;

    if (flow->has_met_end || queue_size(&flow->down) >= WAITING_MAX || queue_size(&flow->bytes) >= WAITING_MAX)
        return MOVED_NONE;
    room = queue_room(&flow->bytes, PIECE);
    if (!room) {
        holder_flow_fail_memory(flow);
        return MOVED_SOME;
    }
    ERR_clear_error();
    result = SSL_read(flow->tls, room, (int)PIECE);
    if (result > 0) {
        queue_grow(&flow->bytes, (size_t)result);
        return MOVED_SOME;
    }
    if (waits(flow, result))
        return MOVED_NONE;
    reason = SSL_get_error(flow->tls, result);
    holder_flow_meet_end(flow, reason == SSL_ERROR_ZERO_RETURN);
    return MOVED_SOME;
}

/* ---- the stream ---- */

static enum moved take_record(struct holder_flow *flow)
{
    struct error err = ERROR_INIT;
    enum hold_failure failure = HOLD_BAD_RECORD;
    struct hold_record record;
    const char *payload;
    int length;

    if (queue_size(&flow->up) >= WAITING_MAX || flow->ask.state == ASK_WHOLE || !queue_size(&flow->in))
        return MOVED_NONE;
    length = hold_read(HOLD_INSPECTOR, queue_head(&flow->in), queue_size(&flow->in), &record, &payload);
    if (length == 0)
        return MOVED_NONE;
    if (length < 0) {
        error_set(&err, ERROR_INTERNAL, EPROTO, "the inspector's records: one that is none");
        holder_flow_fail(flow, failure, &err);
        return MOVED_SOME;
    }
    if (ask_take(&flow->ask, &record, payload, &failure, &err) < 0)
        holder_flow_fail(flow, failure, &err);
    else if (record.type == HOLD_REQUEST)
        answer_begin(&flow->answer, flow->ask.is_head);
    queue_take(&flow->in, (size_t)length);
    return MOVED_SOME;
}

/* MOVED_NONE with *ret_is_gone: the inspector has let go. */
static enum moved read_stream(struct holder_flow *flow, bool *ret_is_gone)
{
    unsigned char *room;
    ssize_t got;

    if (queue_size(&flow->in) >= HOLD_RECORD_MAX)
        return MOVED_NONE;
    room = queue_room(&flow->in, PIECE);
    if (!room) {
        holder_flow_fail_memory(flow);
        return MOVED_SOME;
    }
    got = recv(flow->stream.fd, room, PIECE, MSG_DONTWAIT);
    if (got > 0) {
        queue_grow(&flow->in, (size_t)got);
        return MOVED_SOME;
    }
    *ret_is_gone = got == 0 || errno != EAGAIN;
    return MOVED_NONE;
}

static enum moved write_stream(struct holder_flow *flow, bool *ret_is_gone)
{
    size_t size = queue_size(&flow->down);
    ssize_t sent;

    if (size == 0)
        return MOVED_NONE;
    sent = send(flow->stream.fd, queue_head(&flow->down), size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0) {
        queue_take(&flow->down, (size_t)sent);
        return MOVED_SOME;
    }
    *ret_is_gone = errno != EAGAIN;
    return MOVED_NONE;
}

/* ---- all of it ---- */

static enum moved step(struct holder_flow *flow, bool *ret_is_gone)
{
    enum moved moved = MOVED_NONE;

    flow->wants_read = flow->wants_write = false;
    if (!flow->is_ending && !flow->is_open)
        moved |= shake_hands(flow);
    if (!flow->is_ending)
        moved |= read_stream(flow, ret_is_gone);
    if (!flow->is_ending && flow->is_open)
        moved |= take_record(flow);
    if (!flow->is_ending && flow->is_open)
        moved |= write_server(flow);
    if (!flow->is_ending && flow->is_open)
        moved |= holder_flow_read_answer(flow);
    if (!flow->is_ending && flow->is_open)
        moved |= read_server(flow);
    moved |= write_stream(flow, ret_is_gone);
    return moved;
}

static void set_events(struct holder_flow *flow)
{
    struct loop *loop = flow->holder->loop;
    uint32_t stream = 0, server = 0;

    if (queue_size(&flow->down))
        stream |= EPOLLOUT;
    if (!flow->is_ending && queue_size(&flow->in) < HOLD_RECORD_MAX)
        stream |= EPOLLIN;
    if (flow->wants_read && !flow->has_met_end)
        server |= EPOLLIN;
    if (flow->wants_write)
        server |= EPOLLOUT;
    if (stream != flow->stream_events && loop_change(loop, &flow->stream, stream) == 0)
        flow->stream_events = stream;
    watch_server(flow, flow->is_ending ? 0 : server);
}

/* A connection that is kept for its next request needs no room for one, and no trace of the last. */
static void rest(struct holder_flow *flow)
{
    struct queue *queues[] = {&flow->in, &flow->up, &flow->down, &flow->bytes};

    for (size_t i = 0; i < ARRAY_COUNT(queues) && flow->ask.state == ASK_IDLE; i++)
        if (!queue_size(queues[i]))
            queue_finish(queues[i]);
}

/* The flow may be gone afterwards. */
static void work(struct holder_flow *flow)
{
    bool is_gone = false;
    enum moved moved = MOVED_SOME;

    for (int i = 0; i < ROUNDS && moved && !is_gone; i++)
        moved = step(flow, &is_gone);
    if (is_gone || (flow->is_ending && !queue_size(&flow->down))) {
        flow_free(flow);
        return;
    }
    set_events(flow);
    if (moved)
        loop_start(flow->holder->loop, &flow->turn, 0);
    else
        rest(flow);
}

static void stream_ready(struct loop_watch *watch, uint32_t events)
{
    struct holder_flow *flow = container_of(watch, struct holder_flow, stream);

    /* nobody reads what would still be said */
    if (events & (EPOLLERR | EPOLLHUP))
        flow_free(flow);
    else
        work(flow);
}

static void server_ready(struct loop_watch *watch, uint32_t events)
{
    (void)events;
    work(container_of(watch, struct holder_flow, server));
}

static void deadline_due(struct loop_timer *timer)
{
    struct holder_flow *flow = container_of(timer, struct holder_flow, deadline);
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_SYSTEM, ETIMEDOUT, "no TLS with %s within %u s", flow->name, HOLD_OPEN_MS / 1000);
    holder_flow_fail(flow, HOLD_SLOW, &err);
    work(flow);
}

static void turn_due(struct loop_timer *timer)
{
    work(container_of(timer, struct holder_flow, turn));
}

/* ---- the beginning ---- */

static uint64_t usable_for(const struct net_secrets *secrets, const char *name)
{
    uint64_t usable = 0;

    for (unsigned i = 0; i < secrets->count; i++)
        for (size_t j = 0; j < secrets->items[i].host_count; j++)
            if (strcmp(secrets->items[i].hosts[j], name) == 0)
                usable |= 1ull << i;
    return usable;
}

/* What has to hold before the server is spoken to. False = a failure was told. */
static bool prepare(struct holder_flow *flow, const char *name)
{
    struct holder *holder = flow->holder;
    struct error err = ERROR_INIT;
    char canonical[NET_NAME_SIZE];

    if (holder->flow_count > holder->flow_max) {
        error_set(&err, ERROR_LIMIT, EMFILE, "more than %u connections with secrets at a time", holder->flow_max);
        holder_flow_fail(flow, HOLD_EXHAUSTED, &err);
        return false;
    }
    if (net_name_canonical(name, strlen(name), canonical, &err) < 0 || strcmp(name, canonical) != 0 || flow->port == 0) {
        error_set(&err, ERROR_INTERNAL, EPROTO, "the inspector's flow: no name of a host, or no port");
        holder_flow_fail(flow, HOLD_BAD_RECORD, &err);
        return false;
    }
    memcpy(flow->name, canonical, sizeof(flow->name));
    flow->usable = usable_for(holder->secrets, flow->name);
    if (!flow->usable) {
        error_set(&err, ERROR_FORBIDDEN, EACCES, "no secret is for %s; the 'hosts' of a secret say for whom it is", flow->name);
        holder_flow_fail(flow, HOLD_NOT_FOR_HOST, &err);
        return false;
    }
    flow->tls = holder_tls_connect(holder->tls, flow->server.fd, flow->name);
    if (!flow->tls || scrub_new(&holder->values, &flow->scrub, &err) < 0) {
        holder_flow_fail_memory(flow);
        return false;
    }
    scrub_conceal(flow->scrub); /* what the server says may be what the program chose */
    ask_init(&flow->ask, holder->secrets, flow->usable, flow->name, flow->port, &flow->up);
    return true;
}

void holder_flow_begin(struct holder *holder, int stream, int server, const char *name, unsigned port)
{
    struct holder_flow *flow = mem_alloc(sizeof(*flow));

    if (!flow || fcntl(stream, F_SETFL, O_NONBLOCK) < 0 || fcntl(server, F_SETFL, O_NONBLOCK) < 0) {
        close(stream);
        close(server);
        mem_free(flow);
        return;
    }
    *flow = (struct holder_flow){.holder = holder, .port = port};
    flow->stream = (struct loop_watch){.fd = stream, .ready = stream_ready};
    flow->server = (struct loop_watch){.fd = server, .ready = server_ready};
    flow->deadline.due = deadline_due;
    flow->turn.due = turn_due;
    flow->next = holder->flows;
    flow->before = &holder->flows;
    if (flow->next)
        flow->next->before = &flow->next;
    holder->flows = flow;
    holder->flow_count++;
    if (loop_watch(holder->loop, &flow->stream, EPOLLIN) < 0) {
        flow_free(flow);
        return;
    }
    flow->stream_events = EPOLLIN;
    setsockopt(server, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int)); /* head and body go in one piece each */
    if (prepare(flow, name))
        loop_start(holder->loop, &flow->deadline, HOLD_OPEN_MS);
    work(flow);
}
