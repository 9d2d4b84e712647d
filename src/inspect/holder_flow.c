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
#include "inspect/holder_answer.h"
#include "inspect/holder_ask.h"
#include "inspect/queue.h"
#include "inspect/scrub.h"
#include "inspect/spelling.h"
#include "net/name.h"

#define WAITING_MAX ((size_t)64 << 10) /* what waits for a side before no more is read for it */
#define PIECE       ((size_t)16 << 10)
#define ROUNDS      16 /* before others have their turn */

enum moved { MOVED_NONE = 0, MOVED_SOME };

struct holder_flow {
    struct holder *holder;
    struct holder_flow *next, **before;
    struct loop_watch stream, server;
    struct loop_timer deadline, turn; /* to be open; for others to have had theirs */
    uint32_t stream_events, server_events; /* that are watched; 0 = none of the server's, not even its end */
    SSL *tls;
    bool is_open, is_ending; /* ending: what waits for the inspector goes out, then it is over */
    bool has_met_end;        /* of the server */
    bool wants_read, wants_write; /* of TLS */
    bool has_head;           /* of the answer under way */
    char name[NET_NAME_SIZE];
    unsigned port;
    uint64_t usable;
    struct queue in, up, down, bytes; /* records from the inspector; to the server; records to the inspector; from the server */
    struct ask ask;
    struct answer answer;
    struct scrub *scrub;
};

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

static void close_server(struct holder_flow *flow)
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
    close_server(flow);
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

/* ---- records to the inspector ---- */

/* Whole or not at all. */
static int tell(struct holder_flow *flow, const struct hold_record *head, const void *payload)
{
    unsigned char *room = queue_room(&flow->down, sizeof(*head) + head->size);

    if (!room)
        return -ENOMEM;
    memcpy(room, head, sizeof(*head));
    if (head->size)
        memcpy(room + sizeof(*head), payload, head->size);
    queue_grow(&flow->down, sizeof(*head) + head->size);
    return 0;
}

/* The server is let go at once; the inspector hears why. A flow that cannot even say so ends without a word. */
static void fail(struct holder_flow *flow, enum hold_failure failure, const struct error *err)
{
    struct hold_record record = {
        .type = HOLD_FAILED, .number = (uint16_t)failure, .size = (uint32_t)strnlen(err->text, sizeof(err->text))};

    if (flow->is_ending)
        return;
    flow->is_ending = true;
    close_server(flow);
    queue_finish(&flow->up);
    if (tell(flow, &record, err->text) < 0)
        queue_finish(&flow->down);
}

static void fail_memory(struct holder_flow *flow)
{
    struct error err = ERROR_INIT;

    (void)error_memory(&err);
    fail(flow, HOLD_EXHAUSTED, &err);
}

static int tell_opened(struct holder_flow *flow)
{
    static const struct hold_record opened = {.type = HOLD_OPENED};
    const struct net_secrets *secrets = flow->holder->secrets;
    int status = 0;

    for (unsigned i = 0; i < secrets->count && status == 0; i++) {
        struct hold_record record = {.type = HOLD_LENGTHS, .number = (uint16_t)i, .size = sizeof(struct hold_lengths)};
        struct hold_lengths lengths;

        if (!(flow->usable >> i & 1))
            continue;
        for (unsigned j = 0; j < HOLD_ENCODINGS; j++)
            lengths.of[j] = (uint32_t)spelling_write(j, secrets->items[i].value, secrets->items[i].value_length, NULL);
        status = tell(flow, &record, &lengths);
    }
    return status == 0 ? tell(flow, &opened, NULL) : status;
}

/* What the scrubber lets go, as BYTES. */
static int tell_scrubbed(struct holder_flow *flow)
{
    size_t ready;

    while ((ready = scrub_ready(flow->scrub)) > 0) {
        struct hold_record record = {.type = HOLD_BYTES};

        record.size = (uint32_t)(ready < HOLD_PAYLOAD_MAX ? ready : HOLD_PAYLOAD_MAX);
        if (tell(flow, &record, scrub_head(flow->scrub)) < 0)
            return -ENOMEM;
        scrub_take(flow->scrub, record.size);
    }
    return 0;
}

/* A name with a value of a secret in it is no name that anybody needs. 1 = may be told. */
static int scrub_name(struct holder_flow *flow, const struct answer_field *field)
{
    int status;

    scrub_reset(flow->scrub);
    status = scrub_push(flow->scrub, field->name, field->name_size);
    if (status < 0)
        return status;
    scrub_end(flow->scrub);
    return scrub_found(flow->scrub) == 0;
}

static int tell_field(struct holder_flow *flow, const struct answer_field *field)
{
    struct hold_record record = {.type = HOLD_FIELD, .number = (uint16_t)field->name_size};
    char payload[HOLD_PAYLOAD_MAX] not_initialised;
    int status = scrub_name(flow, field);

    if (status <= 0)
        return status;
    if (field->name_size + field->value_size > HOLD_PAYLOAD_MAX)
        return -E2BIG;
    scrub_reset(flow->scrub);
    status = scrub_push(flow->scrub, field->value, field->value_size);
    if (status < 0)
        return status;
    scrub_end(flow->scrub);
    record.size = (uint32_t)(field->name_size + field->value_size);
    memcpy(payload, field->name, field->name_size);
    if (field->value_size)
        memcpy(payload + field->name_size, scrub_head(flow->scrub), field->value_size);
    scrub_reset(flow->scrub);
    return tell(flow, &record, payload);
}

static int tell_head(struct holder_flow *flow)
{
    struct hold_record status_record = {.type = HOLD_ANSWER, .number = (uint16_t)flow->answer.status};
    struct hold_record body = {.type = HOLD_BODY, .encoding = (uint8_t)flow->answer.body};
    struct answer_field field;
    size_t at = 0;
    int status = tell(flow, &status_record, NULL);

    while (status == 0 && answer_next_field(&flow->answer, &at, &field))
        status = tell_field(flow, &field);
    if (flow->answer.body == HOLD_LENGTH)
        body.count = flow->answer.length;
    return status == 0 ? tell(flow, &body, NULL) : status;
}

/* ---- the answer ---- */

/* The request may not be whole yet: then nothing more of this connection can be used. */
static int end_answer(struct holder_flow *flow)
{
    bool goes_on = answer_goes_on(&flow->answer) && flow->ask.state == ASK_WHOLE && !flow->has_met_end;
    struct hold_record record = {.type = HOLD_END, .number = goes_on ? HOLD_GOES_ON : 0};
    int status;

    scrub_end(flow->scrub);
    status = tell_scrubbed(flow);
    if (status == 0)
        status = tell(flow, &record, NULL);
    flow->has_head = false;
    ask_next(&flow->ask);
    answer_begin(&flow->answer, false);
    flow->is_ending = !goes_on;
    return status;
}

static int take_event(struct holder_flow *flow, int event, const unsigned char *data, size_t size)
{
    int status = 0;

    switch (event) {
    case ANSWER_HEAD:
        flow->has_head = true;
        status = tell_head(flow);
        scrub_reset(flow->scrub);
        return status;
    case ANSWER_DATA:
        status = scrub_push(flow->scrub, data, size);
        return status == 0 ? tell_scrubbed(flow) : status;
    case ANSWER_END:
        return end_answer(flow);
    default:
        return 0;
    }
}

static void fail_by(struct holder_flow *flow, int status)
{
    struct error err = ERROR_INIT;

    if (status != -E2BIG) {
        fail_memory(flow);
        return;
    }
    error_set(&err, ERROR_SYSTEM, E2BIG, "the server's answer: a field of it is too long");
    fail(flow, HOLD_BAD_ANSWER, &err);
}

/* What the server has sent so far, as records. */
static enum moved read_answer(struct holder_flow *flow)
{
    enum moved moved = MOVED_NONE;

    while (!flow->is_ending && queue_size(&flow->down) < WAITING_MAX) {
        struct error err = ERROR_INIT;
        enum hold_failure failure = HOLD_EXHAUSTED;
        const unsigned char *data = NULL;
        size_t used = 0, size = 0;
        int event;

        if (flow->ask.state == ASK_IDLE && queue_size(&flow->bytes)) {
            error_set(&err, ERROR_SYSTEM, EPROTO, "the server's answer: nothing was asked");
            fail(flow, HOLD_BAD_ANSWER, &err);
            return MOVED_SOME;
        }
        if (!queue_size(&flow->bytes) && !flow->has_head)
            return moved;
        event = answer_read(&flow->answer, queue_size(&flow->bytes) ? queue_head(&flow->bytes) : (const unsigned char *)"",
                            queue_size(&flow->bytes), &used, &data, &size, &failure, &err);
        if (event < 0) {
            fail(flow, failure, &err);
            return MOVED_SOME;
        }
        if (event == ANSWER_MORE && used == 0)
            return moved;
        event = take_event(flow, event, data, size);
        queue_take(&flow->bytes, used);
        if (event < 0)
            fail_by(flow, event);
        moved = MOVED_SOME;
    }
    return moved;
}

/* The server has ended: the end of an answer, of a connection that nobody uses, or a loss. */
static void meet_end(struct holder_flow *flow, bool is_clean)
{
    struct error err = ERROR_INIT;
    enum hold_failure failure = HOLD_LOST;
    int event;

    flow->has_met_end = true;
    if (flow->ask.state == ASK_IDLE && answer_is_fresh(&flow->answer)) {
        flow->is_ending = true;
        return;
    }
    if (!is_clean) {
        error_set(&err, ERROR_SYSTEM, EPIPE, "the server's connection ended without an end of TLS: its answer may be cut");
        fail(flow, HOLD_LOST, &err);
        return;
    }
    event = answer_close(&flow->answer, &failure, &err);
    if (event < 0)
        fail(flow, failure, &err);
    else if (take_event(flow, event, NULL, 0) < 0)
        fail_memory(flow);
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
        if (tell_opened(flow) < 0)
            fail_memory(flow);
        return MOVED_SOME;
    }
    if (!waits(flow, result)) {
        enum hold_failure failure = holder_tls_explain(flow->tls, flow->name, &err);

        fail(flow, failure, &err);
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
        fail_memory(flow);
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
    meet_end(flow, reason == SSL_ERROR_ZERO_RETURN);
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
        fail(flow, failure, &err);
        return MOVED_SOME;
    }
    if (ask_take(&flow->ask, &record, payload, &failure, &err) < 0)
        fail(flow, failure, &err);
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
        fail_memory(flow);
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
        moved |= read_answer(flow);
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
    fail(flow, HOLD_SLOW, &err);
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
        fail(flow, HOLD_EXHAUSTED, &err);
        return false;
    }
    if (net_name_canonical(name, strlen(name), canonical, &err) < 0 || strcmp(name, canonical) != 0 || flow->port == 0) {
        error_set(&err, ERROR_INTERNAL, EPROTO, "the inspector's flow: no name of a host, or no port");
        fail(flow, HOLD_BAD_RECORD, &err);
        return false;
    }
    memcpy(flow->name, canonical, sizeof(flow->name));
    flow->usable = usable_for(holder->secrets, flow->name);
    if (!flow->usable) {
        error_set(&err, ERROR_FORBIDDEN, EACCES, "no secret is for %s; the 'hosts' of a secret say for whom it is", flow->name);
        fail(flow, HOLD_NOT_FOR_HOST, &err);
        return false;
    }
    flow->tls = holder_tls_connect(holder->tls, flow->server.fd, flow->name);
    if (!flow->tls || scrub_new(&holder->values, &flow->scrub, &err) < 0) {
        fail_memory(flow);
        return false;
    }
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

void holder_flow_end_all(struct holder *holder)
{
    while (holder->flows)
        flow_free(holder->flows);
}
