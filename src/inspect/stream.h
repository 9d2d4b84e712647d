/* SPDX-License-Identifier: Apache-2.0 */
/* One end of a connection, with TLS or without: bytes in, bytes out, an end each way. Nothing here blocks. */
#ifndef CORDON_INSPECT_STREAM_H
#define CORDON_INSPECT_STREAM_H

#include <stdint.h>
#include <sys/types.h>

#include <openssl/types.h>

#include "inspect/buffer.h"
#include "worker/loop.h"

#define STREAM_OUT_MAX (64u << 10) /* more is not taken from the other side while so much waits to be written */

struct stream {
    struct loop_watch watch;
    SSL *tls;          /* NULL: plain */
    struct buffer out; /* to be written */
    bool can_read, can_write;
    bool is_ended;  /* nothing more will be read */
    bool is_cut;    /* it ended without saying so (TLS without close_notify) */
    bool wants_end; /* nothing more will be added to `out` */
    bool is_shut;   /* the other end has been told */
    bool has_failed;
};

#define STREAM_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* What epoll told. */
void stream_note(struct stream *stream, uint32_t events);

/* Bytes; 0 = the end; -EAGAIN; -errno: it is broken. */
ssize_t stream_read(struct stream *stream, void *bytes, size_t size) must_check;

/* Write what waits, and the end when it is wanted. 1 = something was written, 0 = nothing could be, -errno. */
int stream_flush(struct stream *stream) must_check;

static inline bool stream_has_room(const struct stream *stream)
{
    return stream->out.size < STREAM_OUT_MAX;
}

/* TLS is given back and the socket closed; `is_reset`: so that the other end sees that it broke. Not yet watched is fine. */
void stream_close(struct stream *stream, struct loop *loop, bool is_reset);

#endif
