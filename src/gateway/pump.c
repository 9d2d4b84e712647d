/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Copying looks before it takes: the bytes are peeked at, sent, and only what was sent is taken out (MSG_TRUNC, which
 * does not copy again). So a slow reader needs no buffer, and the writer's window closes by itself.
 *
 * System calls: recvfrom, sendto, splice, pipe2, fcntl (F_SETPIPE_SZ), shutdown, close.
 */
#include "gateway/pump.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"

#define COPY_BYTES   16384        /* as much at once is bulk: from there on the pipe is cheaper */
#define PIPE_BYTES   (512u << 10)
#define IDLE_MAX     16u          /* pipes that wait for their next use */
#define ROUNDS       32u          /* of one way, before others have their turn */

/* ---- pipes ---- */

static void pipe_close(struct pipe *pipe)
{
    close(pipe->in);
    close(pipe->out);
    mem_free(pipe);
}

/* NULL where the kernel has none: then bytes are copied. */
static struct pipe *pipe_take(struct pipes *pipes)
{
    struct pipe *pipe = pipes->idle;
    int ends[2];

    if (pipe) {
        pipes->idle = pipe->next;
        pipes->idle_count--;
        return pipe;
    }
    pipe = mem_alloc(sizeof(*pipe));
    if (!pipe || pipe2(ends, O_NONBLOCK | O_CLOEXEC) < 0) {
        mem_free(pipe);
        return NULL;
    }
    pipe->out = ends[0];
    pipe->in = ends[1];
    (void)fcntl(pipe->in, F_SETPIPE_SZ, PIPE_BYTES); /* a user has so many pages for pipes; a small one will do */
    return pipe;
}

static void pipe_give(struct pipes *pipes, struct pipe *pipe)
{
    if (pipes->idle_count >= IDLE_MAX) {
        pipe_close(pipe);
        return;
    }
    pipe->next = pipes->idle;
    pipes->idle = pipe;
    pipes->idle_count++;
}

void pipes_close(struct pipes *pipes)
{
    while (pipes->idle) {
        struct pipe *pipe = pipes->idle;

        pipes->idle = pipe->next;
        pipe_close(pipe);
    }
    pipes->idle_count = 0;
}

/* ---- one way ---- */

enum moved { MOVED_SOME, MOVED_NONE, MOVED_BULK, MOVED_BROKEN };

/* There are no signal handlers, so nothing is interrupted. */
static bool is_no_room(int number)
{
    return number == EAGAIN;
}

/* A side that cannot be read now, unless its end is still to be met. */
static void drained(struct pump_side *side)
{
    if (!side->has_hung_up)
        side->can_read = false;
}

size_t pump_take(struct pump *pump, unsigned way, size_t want)
{
    return pump->meter ? (size_t)pump->meter->take(pump->meter, way, want) : want;
}

void pump_give(struct pump *pump, unsigned way, size_t amount)
{
    if (pump->meter && amount)
        pump->meter->give(pump->meter, way, amount);
}

/* Send of the `got` bytes in the buffer what may be sent and finds room, and take that out of where it came from. */
static enum moved pass_on(struct pump *pump, unsigned number, char *buffer, size_t got)
{
    struct pump_side *from = &pump->sides[number], *to = &pump->sides[!number];
    size_t may = pump_take(pump, number, got);
    ssize_t sent = may ? send(to->fd, buffer, may, MSG_DONTWAIT | MSG_NOSIGNAL) : 0;

    if (sent < 0 && !is_no_room(errno))
        return MOVED_BROKEN;
    if (sent < (ssize_t)may)
        to->can_write = false;
    pump_give(pump, number, may - (sent > 0 ? (size_t)sent : 0));
    if (sent <= 0)
        return MOVED_NONE;
    if (recv(from->fd, buffer, (size_t)sent, MSG_TRUNC | MSG_DONTWAIT) != sent)
        return MOVED_BROKEN;
    pump->ways[number].bytes += (uint64_t)sent;
    return MOVED_SOME;
}

/* With `is_bulk` also as much as would be worth a pipe. */
static enum moved copy(struct pump *pump, unsigned number, bool is_bulk)
{
    static char buffer[COPY_BYTES];
    struct pump_side *from = &pump->sides[number];
    uint64_t before = pump->ways[number].bytes;
    enum moved moved;
    ssize_t got;

    got = recv(from->fd, buffer, sizeof(buffer), MSG_PEEK | MSG_DONTWAIT);
    if (got < 0 && !is_no_room(errno))
        return MOVED_BROKEN;
    if (got < 0) {
        from->can_read = false;
        return MOVED_NONE;
    }
    if (got == 0) {
        pump->ways[number].is_ended = true;
        return MOVED_NONE;
    }
    if (got == sizeof(buffer) && !is_bulk)
        return MOVED_BULK;
    moved = pass_on(pump, number, buffer, (size_t)got);
    if (moved == MOVED_SOME && got < (ssize_t)sizeof(buffer) && pump->ways[number].bytes - before == (uint64_t)got)
        drained(from);
    return moved;
}

static enum moved splice_in(struct pump *pump, unsigned number)
{
    struct pump_side *from = &pump->sides[number];
    struct pump_way *way = &pump->ways[number];
    size_t may = 1;
    ssize_t got = 1;
    char first;

    /* who is asked for more has something to move, not an end */
    if (pump->meter)
        got = recv(from->fd, &first, 1, MSG_PEEK | MSG_DONTWAIT);
    if (got > 0)
        may = pump_take(pump, number, PIPE_BYTES);
    if (!may)
        return MOVED_NONE;
    if (got > 0) {
        got = splice(from->fd, NULL, way->pipe->in, NULL, may, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        pump_give(pump, number, may - (got > 0 ? (size_t)got : 0));
    }
    if (got < 0 && !is_no_room(errno))
        return MOVED_BROKEN;
    if (got < 0)
        from->can_read = false;
    if (got == 0)
        way->is_ended = true;
    if (got <= 0)
        return MOVED_NONE;
    way->in_pipe += (size_t)got;
    return MOVED_SOME;
}

static enum moved splice_out(struct pump_side *to, struct pump_way *way)
{
    ssize_t sent = splice(way->pipe->out, NULL, to->fd, NULL, way->in_pipe, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);

    if (sent < 0 && !is_no_room(errno))
        return MOVED_BROKEN;
    if (sent <= 0) {
        to->can_write = false;
        return MOVED_NONE;
    }
    way->in_pipe -= (size_t)sent;
    way->bytes += (uint64_t)sent;
    return MOVED_SOME;
}

/* One step; MOVED_NONE = nothing more can be done now. */
static enum moved move_on(struct pump *pump, unsigned number, struct pipes *pipes)
{
    struct pump_way *way = &pump->ways[number];
    struct pump_side *from = &pump->sides[number], *to = &pump->sides[!number];
    enum moved moved;

    if (way->in_pipe)
        return to->can_write ? splice_out(to, way) : MOVED_NONE;
    if (way->is_ended || !from->can_read || !to->can_write)
        return MOVED_NONE;
    if (way->pipe) {
        moved = splice_in(pump, number);
        if (moved != MOVED_NONE)
            return moved;
        pipe_give(pipes, take_ptr(way->pipe));
        return way->is_ended ? MOVED_NONE : moved;
    }
    moved = copy(pump, number, false);
    if (moved != MOVED_BULK)
        return moved;
    way->pipe = pipe_take(pipes);
    return way->pipe ? splice_in(pump, number) : copy(pump, number, true);
}

static enum pump_result run_way(struct pump *pump, unsigned number, struct pipes *pipes)
{
    struct pump_way *way = &pump->ways[number];
    struct pump_side *to = &pump->sides[!number];
    enum moved moved = MOVED_NONE;
    unsigned rounds = 0;

    if (way->is_shut)
        return PUMP_DONE;
    if (way->is_held)
        return PUMP_WAIT;
    while (rounds++ < ROUNDS && (moved = move_on(pump, number, pipes)) == MOVED_SOME)
        ;
    if (moved == MOVED_BROKEN)
        return PUMP_BROKEN;
    if (way->is_ended && !way->in_pipe) {
        if (way->pipe)
            pipe_give(pipes, take_ptr(way->pipe));
        if (shutdown(to->fd, SHUT_WR) < 0)
            return PUMP_BROKEN;
        way->is_shut = true;
        return PUMP_DONE;
    }
    return moved == MOVED_SOME ? PUMP_AGAIN : PUMP_WAIT;
}

void pump_note(struct pump_side *side, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        side->can_read = true;
    if (events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        side->has_hung_up = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        side->can_write = true;
    if (events & EPOLLERR)
        side->has_failed = true;
}

enum pump_result pump_run(struct pump *pump, struct pipes *pipes)
{
    enum pump_result up, down;

    if (pump->sides[0].has_failed || pump->sides[1].has_failed)
        return PUMP_BROKEN;
    up = run_way(pump, PUMP_UP, pipes);
    down = up == PUMP_BROKEN ? PUMP_BROKEN : run_way(pump, PUMP_DOWN, pipes);
    if (up == PUMP_BROKEN || down == PUMP_BROKEN)
        return PUMP_BROKEN;
    if (up == PUMP_DONE && down == PUMP_DONE)
        return PUMP_DONE;
    return up == PUMP_AGAIN || down == PUMP_AGAIN ? PUMP_AGAIN : PUMP_WAIT;
}

void pump_finish(struct pump *pump, struct pipes *pipes)
{
    for (unsigned i = 0; i < 2; i++) {
        struct pump_way *way = &pump->ways[i];

        if (!way->pipe)
            continue;
        /* what is still in it must not reach the next connection */
        if (way->in_pipe)
            pipe_close(way->pipe);
        else
            pipe_give(pipes, way->pipe);
        way->pipe = NULL;
    }
}
