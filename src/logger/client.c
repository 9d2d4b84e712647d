/* SPDX-License-Identifier: Apache-2.0 */
#include "logger/client.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "logger/spool.h"
#include "protocol/socket.h"

#define SIZE_BYTES  4
#define INLINE_MAX  ((size_t)64 << 10)
#define BATCH_MAX   ((size_t)2 << 20)
#define BUFFER_MIN  ((size_t)64 << 10)
#define SPOOL_LEAST ((uint64_t)32 << 20) /* its file is written anew when so much of it is durable */

/* Who acts from record `first` on. */
struct span {
    uint64_t first;
    char *actor, *identity;
};

/* Records with their sizes in front, from the first that is not durable on. */
struct log_client {
    int fd;
    unsigned char *bytes;
    size_t room, bytes_max;
    size_t head, sent, end;           /* offsets: not durable, not sent, free */
    uint64_t head_number, sent_number; /* of the records there */
    uint64_t number, durable;          /* the last that was given, the last that is durable */
    uint64_t lost, lost_sent, lost_told; /* told: the log has written a record that was sent after that */
    uint64_t lost_before;                /* this one */
    struct span *spans; /* ascending; the first may begin before what is kept */
    size_t span_count, span_room;
    struct spool *spool; /* NULL = there is none */
    bool spool_is_short; /* it has not all that is kept: nothing is added before it is emptied */
    struct protocol_received received;
};

int log_client_new(size_t bytes_max, uint64_t number, struct log_client **ret_client, struct error *err)
{
    struct log_client *client = mem_alloc(sizeof(*client));

    if (!client)
        return error_memory(err);
    client->fd = -1;
    client->bytes_max = bytes_max;
    client->number = client->durable = number;
    client->head_number = client->sent_number = number + 1;
    *ret_client = client;
    return 0;
}

static void span_finish(struct span *span)
{
    mem_free(span->actor);
    mem_free(span->identity);
}

/* The first so many. */
static void drop_spans(struct log_client *client, size_t count)
{
    for (size_t i = 0; i < count; i++)
        span_finish(&client->spans[i]);
    if (count)
        memmove(client->spans, client->spans + count, (client->span_count - count) * sizeof(*client->spans));
    client->span_count -= count;
}

void log_client_free(struct log_client *client)
{
    if (!client)
        return;
    fd_close_at(&client->fd);
    drop_spans(client, client->span_count);
    spool_free(client->spool);
    mem_free(client->spans);
    mem_free(client->bytes);
    mem_free(client);
}

void log_client_free_at(struct log_client **client)
{
    log_client_free(*client);
}

static void disconnect(struct log_client *client)
{
    fd_close_at(&client->fd);
    client->fd = -1;
}

void log_client_connect(struct log_client *client, int fd)
{
    disconnect(client);
    client->fd = fd;
    client->sent = client->head;
    client->sent_number = client->head_number;
    client->lost_sent = client->lost_told; /* rather twice than never */
}

int log_client_fd(const struct log_client *client)
{
    return client->fd;
}

/* ---- who acts ---- */

static bool is_same(const struct span *span, const char *actor, const char *identity)
{
    return strcmp(span->actor, actor) == 0 && (span->identity ? identity && strcmp(span->identity, identity) == 0 : !identity);
}

static int grow_spans(struct log_client *client, struct error *err)
{
    size_t room = client->span_room ? 2 * client->span_room : 8;
    struct span *spans = client->span_count < client->span_room ? client->spans : mem_resize(client->spans, room * sizeof(*spans));

    if (!spans)
        return error_memory(err);
    if (client->span_count == client->span_room)
        client->span_room = room;
    client->spans = spans;
    return 0;
}

int log_client_name(struct log_client *client, const char *actor, const char *identity, struct error *err)
{
    struct span span = {.first = client->number + 1}, *last = client->span_count ? &client->spans[client->span_count - 1] : NULL;
    int status;

    if (last && is_same(last, actor, identity))
        return 0;
    status = grow_spans(client, err);
    if (status < 0)
        return status;
    span.actor = mem_string(actor);
    span.identity = identity ? mem_string(identity) : NULL;
    if (!span.actor || (identity && !span.identity)) {
        span_finish(&span);
        return error_memory(err);
    }
    last = client->span_count ? &client->spans[client->span_count - 1] : NULL;
    if (last && last->first == span.first) { /* nothing was added under that one */
        span_finish(last);
        client->span_count--;
    }
    client->spans[client->span_count++] = span;
    return 0;
}

/* Of this record; NULL = as the label says. *ret_until: the first record that may be of another. */
static const struct span *span_of(const struct log_client *client, uint64_t number, uint64_t *ret_until)
{
    const struct span *found = NULL;

    *ret_until = UINT64_MAX;
    for (size_t i = 0; i < client->span_count; i++) {
        if (client->spans[i].first > number) {
            *ret_until = client->spans[i].first;
            break;
        }
        found = &client->spans[i];
    }
    return found;
}

/* ---- keeping ---- */

static size_t size_at(const struct log_client *client, size_t at)
{
    uint32_t size;

    memcpy(&size, client->bytes + at, SIZE_BYTES);
    return SIZE_BYTES + size;
}

/* Room for so many bytes behind `end`. false = there is none. */
static bool make_room(struct log_client *client, size_t size)
{
    size_t room = client->room ? client->room : BUFFER_MIN;
    unsigned char *bytes;

    if (client->room - client->end >= size)
        return true;
    if (client->head > 0) {
        memmove(client->bytes, client->bytes + client->head, client->end - client->head);
        client->end -= client->head;
        client->sent -= client->head;
        client->head = 0;
    }
    while (room - client->end < size)
        room *= 2;
    if (client->end + size > client->bytes_max)
        return false;
    if (room == client->room)
        return true;
    bytes = mem_resize(client->bytes, room);
    if (!bytes)
        return false;
    client->bytes = bytes;
    client->room = room;
    return true;
}

/* ---- in a file, too ---- */

static int spool_record(struct log_client *client, uint64_t number, size_t at, struct error *err)
{
    uint64_t until;
    const struct span *span = span_of(client, number, &until);
    const struct spooled record = {
        .number = number,
        .actor = span ? span->actor : NULL,
        .identity = span ? span->identity : NULL,
        .body = (const char *)client->bytes + at + SIZE_BYTES,
        .size = size_at(client, at) - SIZE_BYTES,
    };

    return spool_add(client->spool, &record, err);
}

static int spool_all(struct log_client *client, struct error *err)
{
    uint64_t number = client->head_number;
    int status = 0;

    for (size_t at = client->head; at < client->end && status == 0; at += size_at(client, at))
        status = spool_record(client, number++, at, err);
    return status;
}

/* What is durable leaves it. What cannot leave is sent twice one day, and kept once. */
static void spool_forget(struct log_client *client)
{
    int status;

    if (!client->spool)
        return;
    if (client->head == client->end) {
        client->spool_is_short &= spool_clear(client->spool, NULL) < 0;
        return;
    }
    if (spool_size(client->spool) < SPOOL_LEAST + 2 * (client->end - client->head) || spool_renew_begin(client->spool, NULL) < 0)
        return;
    status = spool_renew_end(client->spool, spool_all(client, NULL), NULL);
    client->spool_is_short &= status < 0;
}

int log_client_keep(struct log_client *client, struct spool *spool, struct error *err)
{
    int status;

    spool_free(client->spool);
    client->spool = spool;
    status = spool_clear(spool, err);
    if (status == 0)
        status = spool_all(client, err);
    client->spool_is_short = status < 0;
    return status;
}

void log_client_keep_no_more(struct log_client *client)
{
    spool_remove(take_ptr(client->spool));
}

/* What is lost has no number: it is told by its count. */
int log_client_add(struct log_client *client, const char *body, size_t size, uint64_t *ret_number, struct error *err)
{
    uint32_t length = (uint32_t)size;

    if (size > UINT32_MAX / 2 || !make_room(client, SIZE_BYTES + size)) {
        client->lost++;
        return error_set(err, ERROR_LIMIT, ENOBUFS, "the log takes no records, and %zu bytes of them are kept: this one is lost", client->end - client->head);
    }
    memcpy(client->bytes + client->end, &length, SIZE_BYTES);
    memcpy(client->bytes + client->end + SIZE_BYTES, body, size);
    client->number++;
    if (client->spool && !client->spool_is_short)
        client->spool_is_short = spool_record(client, client->number, client->end, NULL) < 0;
    client->end += SIZE_BYTES + size;
    if (ret_number)
        *ret_number = client->number;
    return 0;
}

void log_client_lose(struct log_client *client, uint64_t count)
{
    client->lost += count;
}

static void forget(struct log_client *client, uint64_t durable)
{
    if (durable > client->number)
        return; /* of no record that it was given */
    if (client->lost_sent > client->lost_told && durable >= client->lost_before)
        client->lost_told = client->lost_sent;
    while (client->head_number <= durable) {
        client->head += size_at(client, client->head);
        client->head_number++;
    }
    if (client->sent_number < client->head_number) {
        client->sent = client->head;
        client->sent_number = client->head_number;
    }
    if (durable > client->durable)
        client->durable = durable;
    while (client->span_count > 1 && client->spans[1].first <= client->head_number)
        drop_spans(client, 1);
    spool_forget(client);
}

/* ---- sending ---- */

static int send_lost(struct log_client *client, struct error *err)
{
    auto_protocol struct protocol_out out = {.type = 0};
    int status;

    if (client->lost == client->lost_sent)
        return 0;
    protocol_begin(&out, PROTOCOL_LOG_LOST, 0);
    protocol_add_number(&out, TAG_COUNT, client->lost - client->lost_sent);
    status = protocol_send(client->fd, MSG_DONTWAIT, &out, NULL, 0, err);
    if (status < 0)
        return status;
    client->lost_sent = client->lost;
    client->lost_before = client->sent_number;
    return 0;
}

static void add_records(struct protocol_out *out, const struct log_client *client, uint64_t count, size_t size)
{
    uint64_t until;
    const struct span *span = span_of(client, client->sent_number, &until);

    protocol_add_number(out, TAG_LOG_FIRST, client->sent_number);
    protocol_add_number(out, TAG_COUNT, count);
    protocol_add_bytes(out, TAG_LOG_BODIES, client->bytes + client->sent, size);
    if (span)
        protocol_add_text(out, TAG_LOG_ACTOR, span->actor);
    if (span)
        protocol_add_text(out, TAG_IDENTITY, span->identity);
}

static int send_batch(struct log_client *client, uint64_t count, size_t size, struct error *err)
{
    auto_protocol struct protocol_out out = {.type = 0}, file = {.type = 0};
    auto_close int fd = -1;
    int status;

    if (size <= INLINE_MAX) {
        protocol_begin(&out, PROTOCOL_LOG_RECORDS, 0);
        add_records(&out, client, count, size);
        return protocol_send(client->fd, MSG_DONTWAIT, &out, NULL, 0, err);
    }
    protocol_begin(&file, PROTOCOL_RECORD_BODIES, 0);
    add_records(&file, client, count, size);
    status = protocol_seal(&file, "cordon-records", &fd, err);
    if (status < 0)
        return status;
    protocol_begin(&out, PROTOCOL_LOG_BATCH, 0);
    return protocol_send(client->fd, MSG_DONTWAIT, &out, &fd, 1, err);
}

int log_client_flush(struct log_client *client, struct error *err)
{
    int status = client->fd < 0 ? error_set(err, ERROR_SYSTEM, ENOTCONN, "no connection to the log") : send_lost(client, err);

    while (status == 0 && client->sent < client->end) {
        size_t at = client->sent;
        uint64_t count = 0, until;

        span_of(client, client->sent_number, &until);
        while (at < client->end && client->sent_number + count < until && (count == 0 || at + size_at(client, at) - client->sent <= BATCH_MAX)) {
            at += size_at(client, at);
            count++;
        }
        status = send_batch(client, count, at - client->sent, err);
        if (status < 0)
            break;
        client->sent = at;
        client->sent_number += count;
    }
    if (status == -EPIPE || status == -ECONNRESET)
        disconnect(client);
    return status;
}

/* ---- what comes back ---- */

int log_client_receive(struct log_client *client, struct error *err)
{
    int status = client->fd < 0 ? error_set(err, ERROR_SYSTEM, EPIPE, "no connection to the log") : 1;

    while (status > 0) {
        status = protocol_receive(client->fd, MSG_DONTWAIT, &client->received, err);
        if (status == -EAGAIN)
            return 0;
        if (status == 0)
            status = error_set(err, ERROR_SYSTEM, EPIPE, "the log has closed the connection");
        if (status > 0)
            status = protocol_permit(&client->received.message, PROTOCOL_LOGGER, PROTOCOL_KEEPER, PROTOCOL_JOINED, client->received.fd_count, err) < 0 ? -EPROTO : 1;
        if (status > 0 && client->received.message.type == PROTOCOL_LOG_DURABLE)
            forget(client, protocol_number(&client->received.message, TAG_LOG_FIRST, 0));
        else if (status > 0 && client->received.message.type == PROTOCOL_FAILED) {
            protocol_read_error(&client->received.message, err);
            status = -EPIPE;
        }
        protocol_drop(&client->received);
    }
    disconnect(client);
    return status == 0 ? -EPIPE : status;
}

int log_client_wait(struct log_client *client, uint64_t number, int timeout_ms, struct error *err)
{
    uint64_t end_ns = clock_monotonic_ns() + (uint64_t)timeout_ms * NS_PER_MS;

    for (;;) {
        struct pollfd ready = {.events = POLLIN};
        uint64_t now = clock_monotonic_ns();
        int status = client->durable >= number ? 1 : log_client_flush(client, err);

        if (status == 1)
            return 0;
        if (status < 0 && status != -EAGAIN)
            return status;
        if (now >= end_ns)
            return error_set(err, ERROR_SYSTEM, ETIMEDOUT, "the log has not taken record %llu within %d ms", (unsigned long long)number, timeout_ms);
        ready.fd = client->fd;
        if (status == -EAGAIN)
            ready.events |= POLLOUT;
        if (poll(&ready, 1, (int)((end_ns - now) / NS_PER_MS) + 1) < 0 && errno != EINTR)
            return error_system(err, errno, "wait for the log");
        status = log_client_receive(client, err);
        if (status < 0)
            return status;
    }
}

uint64_t log_client_durable(const struct log_client *client)
{
    return client->durable;
}

uint64_t log_client_number(const struct log_client *client)
{
    return client->number;
}

bool log_client_is_done(const struct log_client *client)
{
    return client->durable == client->number && client->lost_sent == client->lost;
}

uint64_t log_client_lost(const struct log_client *client)
{
    return client->lost;
}
