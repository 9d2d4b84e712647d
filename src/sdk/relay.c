/* SPDX-License-Identifier: Apache-2.0 */
/* Relay of one stream. */
#include "sdk/relay.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/quiet.h"

#define RELAY_BUFFER ((size_t)64 * 1024)
#define RELAY_TURNS  16 /* buffers moved before others get their turn */

/* poll() promises room for PIPE_BUF bytes and no more; a regular file and our own non-blocking pipe
 * take any amount. */
static size_t write_max_of(int fd)
{
    struct stat st;
    int flags = fcntl(fd, F_GETFL);

    if ((flags >= 0 && (flags & O_NONBLOCK)) || (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)))
        return RELAY_BUFFER;
    return PIPE_BUF;
}

int relay_open(struct relay *relay, int from, int to, struct capture *capture, struct error *err)
{
    auto_close int from_held = from;
    auto_close int to_held = to;
    char *buffer;

    if (fcntl(from, F_SETFL, O_NONBLOCK) < 0)
        return error_system(err, errno, "prepare the relay of output");
    buffer = mem_alloc(RELAY_BUFFER);
    if (!buffer)
        return error_memory(err);
    *relay = (struct relay){.capture = capture, .buffer = buffer};
    relay->write_max = to >= 0 ? write_max_of(to) : 0;
    relay->from = take_fd(from_held);
    relay->to = take_fd(to_held);
    return 0;
}

void relay_close(struct relay *relay)
{
    fd_close_at(&relay->from);
    fd_close_at(&relay->to);
    mem_free(relay->buffer);
    *relay = RELAY_INIT;
}

bool relay_is_done(const struct relay *relay)
{
    return relay->from < 0 && !relay->held;
}

static void close_taken(int fd)
{
    if (fd >= 0)
        close(fd);
}

static void relay_end_input(struct relay *relay)
{
    close_taken(take_fd(relay->from));
}

void relay_abandon(struct relay *relay)
{
    if (relay_is_done(relay))
        return;
    relay->is_incomplete = true;
    relay->held = 0;
    relay_end_input(relay);
    close_taken(take_fd(relay->to));
}

static int capture_add(struct capture *capture, const char *bytes, size_t size, bool *ret_is_cut,
                       struct error *err)
{
    size_t room = capture->max - capture->size;
    size_t capacity = capture->capacity ? capture->capacity : 4096;

    if (size > room) {
        *ret_is_cut = true;
        size = room;
    }
    while (capacity < capture->size + size + 1)
        capacity *= 2;
    if (capacity != capture->capacity) {
        char *grown = mem_resize(capture->data, capacity);

        if (!grown)
            return error_memory(err);
        capture->data = grown;
        capture->capacity = capacity;
    }
    memcpy(capture->data + capture->size, bytes, size);
    capture->size += size;
    capture->data[capture->size] = '\0';
    return 0;
}

/* 1 = everything held is out, 0 = the reader has no room, or -errno. */
static int relay_flush(struct relay *relay, struct error *err)
{
    while (relay->held) {
        struct pollfd room = {.fd = relay->to, .events = POLLOUT};
        size_t size = relay->held < relay->write_max ? relay->held : relay->write_max;
        ssize_t wrote;

        if (relay->capture) {
            int status = capture_add(relay->capture, relay->buffer + relay->at, relay->held,
                                     &relay->is_incomplete, err);

            relay->held = 0;
            return status < 0 ? status : 1;
        }
        if (poll(&room, 1, 0) == 0)
            return 0;
        wrote = quiet_write(relay->to, relay->buffer + relay->at, size);
        if (wrote == -EINTR)
            continue;
        if (wrote == -EAGAIN)
            return 0;
        if (wrote == -EPIPE) { /* the program shall see what it would have seen without us */
            relay_abandon(relay);
            return 1;
        }
        if (wrote < 0)
            return error_system(err, (int)-wrote, "pass on the program's output");
        relay->at += (size_t)wrote;
        relay->held -= (size_t)wrote;
    }
    return 1;
}

static int relay_move(struct relay *relay, uint64_t limit, uint64_t *counted, bool is_last,
                      struct error *err)
{
    int status;

    for (int turn = 0; turn < RELAY_TURNS; turn++) {
        ssize_t got;

        status = relay_flush(relay, err);
        if (status <= 0 || relay->from < 0)
            return status < 0 ? status : 0;
        got = read(relay->from, relay->buffer, RELAY_BUFFER);
        if (got < 0 && errno == EINTR)
            continue;
        if (got == 0 || (got < 0 && errno == EAGAIN && is_last))
            relay_end_input(relay);
        if (got < 0 && errno != EAGAIN)
            return error_system(err, errno, "read the program's output");
        if (got <= 0)
            return 0;
        relay->at = 0;
        relay->held = (size_t)got;
        *counted += (uint64_t)got;
        if (limit && *counted > limit) {
            uint64_t over = *counted - limit;

            relay->held -= over < relay->held ? (size_t)over : relay->held;
            relay->is_incomplete = true;
            relay_end_input(relay);
            status = relay_flush(relay, err);
            return status < 0 ? status : 1;
        }
    }
    /* A file cannot be waited for as a pipe can (epoll refuses it), but takes everything at once. */
    status = relay_flush(relay, err);
    return status < 0 ? status : 0;
}

int relay_step(struct relay *relay, uint64_t limit, uint64_t *counted, bool is_last,
               struct error *err)
{
    int status = relay_move(relay, limit, counted, is_last, err);

    /* the reader sees the end when there is one, not when the container is forgotten */
    if (relay_is_done(relay))
        close_taken(take_fd(relay->to));
    return status;
}
