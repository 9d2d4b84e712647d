/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two queues of records. An owner may free the client while it is told of something: what runs then looks before it goes on.
 *
 * System calls: socketpair, sendmsg, recvfrom, sendto, close.
 */
#include "inspect/hold_client.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "inspect/queue.h"
#include "net/secrets.h"
#include "worker/channel.h"

#define WAITING_MAX ((size_t)64 << 10)
#define PIECE       ((size_t)16 << 10)
#define ROUNDS      8 /* before others have their turn */

enum state { STATE_OPENING, STATE_IDLE, STATE_ASKED, STATE_HEAD, STATE_BODY, STATE_OVER };

struct hold_client {
    struct loop *loop;
    struct loop_watch stream;
    struct loop_timer turn;
    uint32_t watched; /* 0 = not even its end, which nobody could react to */
    const struct hold_events *events;
    void *owner;
    enum state state;
    bool has_asked, is_in_body; /* of the request */
    bool is_paused, is_full, is_busy, is_freed;
    struct queue out, in;
    uint32_t lengths[NET_SECRETS_MAX][HOLD_ENCODINGS];
};

static void set_events(struct hold_client *client)
{
    uint32_t events = (queue_size(&client->out) ? EPOLLOUT : 0u) | (client->is_paused ? 0u : EPOLLIN);

    if (client->state == STATE_OVER || events == client->watched)
        return;
    if (!events)
        loop_forget(client->loop, &client->stream);
    else if ((client->watched ? loop_change : loop_watch)(client->loop, &client->stream, events) < 0)
        return; /* tried again at the next turn */
    client->watched = events;
}

static void release(struct hold_client *client)
{
    loop_forget(client->loop, &client->stream);
    loop_cancel(client->loop, &client->turn);
    fd_close_at(&client->stream.fd);
    queue_finish(&client->out);
    queue_finish(&client->in);
    mem_free(client);
}

void hold_client_free(struct hold_client *client)
{
    if (!client)
        return;
    client->is_freed = true;
    if (!client->is_busy)
        release(client);
}

/* ---- what comes ---- */

static void over(struct hold_client *client)
{
    client->state = STATE_OVER;
    loop_forget(client->loop, &client->stream);
    loop_cancel(client->loop, &client->turn);
}

static void fail(struct hold_client *client, enum hold_failure failure, const struct error *err)
{
    over(client);
    client->events->failed(client->owner, failure, err);
}

static void fail_lost(struct hold_client *client)
{
    struct error err = ERROR_INIT;

    error_set(&err, ERROR_SYSTEM, EPIPE, "the holder of secrets is gone");
    fail(client, HOLD_LOST, &err);
}

static bool take_lengths(struct hold_client *client, const struct hold_record *record, const char *payload)
{
    struct hold_lengths lengths;

    if (record->number >= NET_SECRETS_MAX)
        return false;
    memcpy(&lengths, payload, sizeof(lengths));
    memcpy(client->lengths[record->number], lengths.of, sizeof(lengths.of));
    return true;
}

/* Each record belongs to some states. False = this one does not. */
static bool take_record(struct hold_client *client, const struct hold_record *record, const char *payload)
{
    const struct hold_events *events = client->events;
    struct error err = ERROR_INIT;

    switch (record->type) {
    case HOLD_LENGTHS:
        return client->state == STATE_OPENING && take_lengths(client, record, payload);
    case HOLD_OPENED:
        if (client->state != STATE_OPENING)
            return false;
        client->state = client->has_asked ? STATE_ASKED : STATE_IDLE;
        events->opened(client->owner);
        return true;
    case HOLD_ANSWER:
        if (client->state != STATE_ASKED)
            return false;
        client->state = STATE_HEAD;
        events->answer(client->owner, record->number);
        return true;
    case HOLD_FIELD:
        if (client->state != STATE_HEAD)
            return false;
        events->field(client->owner, payload, record->number, payload + record->number, record->size - record->number);
        return true;
    case HOLD_BODY:
        if (client->state != STATE_HEAD)
            return false;
        client->state = STATE_BODY;
        events->body(client->owner, record->encoding, record->count);
        return true;
    case HOLD_BYTES:
        if (client->state != STATE_BODY)
            return false;
        events->bytes(client->owner, payload, record->size);
        return true;
    case HOLD_END:
        if (client->state != STATE_BODY)
            return false;
        client->state = STATE_IDLE;
        client->has_asked = client->is_in_body = false;
        events->end(client->owner, record->number == HOLD_GOES_ON);
        return true;
    default:
        error_set(&err, ERROR_SYSTEM, EIO, "%.*s", (int)record->size, payload);
        fail(client, record->number, &err);
        return true;
    }
}

/* False = nothing whole is there, or nobody is left. */
static bool take_next(struct hold_client *client)
{
    struct hold_record record;
    const char *payload;
    int length = hold_read(HOLD_HOLDER, queue_head(&client->in), queue_size(&client->in), &record, &payload);

    if (length == 0)
        return false;
    if (length < 0 || !take_record(client, &record, payload)) {
        struct error err = ERROR_INIT;

        error_set(&err, ERROR_INTERNAL, EPROTO, "the holder of secrets says what does not follow");
        fail(client, HOLD_BAD_RECORD, &err);
        return false;
    }
    queue_take(&client->in, (size_t)length);
    return !client->is_freed && client->state != STATE_OVER;
}

/* False = the stream has nothing, or has ended. */
static bool read_stream(struct hold_client *client)
{
    unsigned char *room = queue_room(&client->in, PIECE);
    struct error err = ERROR_INIT;
    ssize_t got;

    if (!room) {
        error_memory(&err);
        fail(client, HOLD_EXHAUSTED, &err);
        return false;
    }
    got = recv(client->stream.fd, room, PIECE, MSG_DONTWAIT);
    if (got > 0) {
        queue_grow(&client->in, (size_t)got);
        return true;
    }
    if (got < 0 && errno == EAGAIN)
        return false;
    if (got == 0 && client->state == STATE_IDLE && queue_size(&client->in) == 0) {
        over(client);
        client->events->gone(client->owner);
        return false;
    }
    fail_lost(client);
    return false;
}

/* ---- what goes ---- */

/* What the holder no longer takes it has a reason for, which is then there to be read. */
static void write_stream(struct hold_client *client)
{
    ssize_t sent;

    if (queue_size(&client->out) == 0)
        return;
    sent = send(client->stream.fd, queue_head(&client->out), queue_size(&client->out), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent > 0)
        queue_take(&client->out, (size_t)sent);
    else if (errno != EAGAIN)
        queue_take(&client->out, queue_size(&client->out));
    if (client->is_full && queue_size(&client->out) < WAITING_MAX / 2) {
        client->is_full = false;
        client->events->room(client->owner);
    }
}

/* The client may be gone afterwards. */
static void work(struct hold_client *client)
{
    bool goes_on = true;

    client->is_busy = true;
    write_stream(client);
    for (int i = 0; i < ROUNDS && goes_on && !client->is_freed && client->state != STATE_OVER && !client->is_paused; i++) {
        while (!client->is_paused && take_next(client))
            ;
        goes_on = !client->is_freed && client->state != STATE_OVER && !client->is_paused && read_stream(client);
    }
    client->is_busy = false;
    if (client->is_freed) {
        release(client);
        return;
    }
    if (client->state == STATE_OVER)
        return;
    set_events(client);
    if (goes_on && !client->is_paused)
        loop_start(client->loop, &client->turn, 0);
}

static void stream_ready(struct loop_watch *watch, uint32_t events)
{
    (void)events;
    work(container_of(watch, struct hold_client, stream));
}

static void turn_due(struct loop_timer *timer)
{
    work(container_of(timer, struct hold_client, turn));
}

static int say(struct hold_client *client, enum hold_type type, unsigned encoding, unsigned number, uint64_t count,
               const char *payload, size_t size)
{
    struct hold_record record = {.type = (uint8_t)type,
                                 .encoding = (uint8_t)encoding,
                                 .number = (uint16_t)number,
                                 .size = (uint32_t)size,
                                 .count = count};
    unsigned char *room;

    if (client->state == STATE_OVER)
        return 0; /* its end has been told */
    room = queue_room(&client->out, sizeof(record) + size);
    if (!room)
        return -ENOMEM;
    memcpy(room, &record, sizeof(record));
    if (size)
        memcpy(room + sizeof(record), payload, size);
    queue_grow(&client->out, sizeof(record) + size);
    /* everything that is said in this round goes out together */
    if (!client->is_busy && !client->turn.before)
        loop_start(client->loop, &client->turn, 0);
    return 0;
}

static bool is_full(struct hold_client *client)
{
    client->is_full |= client->is_in_body && queue_size(&client->out) >= WAITING_MAX;
    return client->is_full;
}

int hold_client_request(struct hold_client *client, const char *method)
{
    if (client->state == STATE_IDLE)
        client->state = STATE_ASKED;
    client->has_asked = true;
    client->is_in_body = false;
    return say(client, HOLD_REQUEST, 0, 0, 0, method, strlen(method));
}

int hold_client_field(struct hold_client *client, const char *name, size_t size, bool is_basic)
{
    return say(client, HOLD_FIELD, is_basic ? HOLD_BASIC : 0, 0, 0, name, size);
}

int hold_client_body(struct hold_client *client, enum hold_body kind, uint64_t length)
{
    client->is_in_body = true;
    return say(client, HOLD_BODY, kind, 0, kind == HOLD_LENGTH ? length : 0, NULL, 0);
}

int hold_client_bytes(struct hold_client *client, const char *bytes, size_t size)
{
    int status = is_full(client) ? -EAGAIN : 0;

    for (size_t at = 0; at < size && status == 0; at += HOLD_PAYLOAD_MAX)
        status = say(client, HOLD_BYTES, 0, 0, 0, bytes + at, size - at < HOLD_PAYLOAD_MAX ? size - at : HOLD_PAYLOAD_MAX);
    return status;
}

int hold_client_secret(struct hold_client *client, unsigned secret, enum hold_encoding encoding)
{
    return is_full(client) ? -EAGAIN : say(client, HOLD_SECRET, encoding, secret, 0, NULL, 0);
}

int hold_client_end(struct hold_client *client)
{
    return say(client, HOLD_END, 0, 0, 0, NULL, 0);
}

size_t hold_client_length(const struct hold_client *client, unsigned secret, enum hold_encoding encoding)
{
    return secret < NET_SECRETS_MAX && (unsigned)encoding < HOLD_ENCODINGS ? client->lengths[secret][encoding] : 0;
}

void hold_client_pause(struct hold_client *client, bool is_paused)
{
    if (client->is_paused == is_paused)
        return;
    client->is_paused = is_paused;
    if (!is_paused && !client->is_busy && client->state != STATE_OVER)
        loop_start(client->loop, &client->turn, 0); /* what was read before waits */
    if (!client->is_busy)
        set_events(client);
}

/* ---- the beginning ---- */

static int hand_over(int holder, int stream, int server, const char *name, unsigned port, struct error *err)
{
    struct worker_message message = {.type = WORKER_FLOW, .port = (uint16_t)port};
    int fds[2] = {stream, server}, status;

    if (strlen(name) >= sizeof(message.name))
        return error_set(err, ERROR_INTERNAL, EINVAL, "the name of a host is too long");
    memcpy(message.name, name, strlen(name) + 1);
    status = channel_send_with(holder, &message, fds, 2, false);
    return status < 0 ? error_system(err, -status, "hand a connection to the holder of secrets") : 0;
}

static int open_stream(struct hold_client *client, int holder, int server, const char *name, unsigned port, struct error *err)
{
    int pair[2], status;

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pair) < 0)
        return error_system(err, errno, "make a stream to the holder of secrets");
    status = hand_over(holder, pair[1], server, name, port, err);
    close(pair[1]);
    client->stream.fd = pair[0];
    if (status == 0) {
        status = loop_watch(client->loop, &client->stream, EPOLLIN);
        status = status < 0 ? error_system(err, -status, "watch a stream to the holder of secrets") : 0;
    }
    if (status < 0)
        close(pair[0]);
    return status;
}

int hold_client_open(struct loop *loop, int holder, int server, const char *name, unsigned port,
                     const struct hold_events *events, void *owner, struct hold_client **ret_client, struct error *err)
{
    struct hold_client *client = mem_alloc(sizeof(*client));
    int status = client ? 0 : error_memory(err);

    if (status == 0) {
        *client = (struct hold_client){.loop = loop, .events = events, .owner = owner, .watched = EPOLLIN};
        client->stream.ready = stream_ready;
        client->turn.due = turn_due;
        status = open_stream(client, holder, server, name, port, err);
    }
    close(server);
    if (status < 0) {
        mem_free(client);
        return status;
    }
    *ret_client = client;
    return 0;
}
