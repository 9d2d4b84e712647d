/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System calls: recvfrom, sendto, shutdown, setsockopt, close; OpenSSL: read, write.
 */
#include "inspect/stream.h"

#include <errno.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <openssl/err.h>
#include <openssl/ssl.h>

#include "base/memory.h"

#define WRITE_MOST ((size_t)64 << 10) /* at once, plain */

void stream_note(struct stream *stream, uint32_t events)
{
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR))
        stream->can_read = true;
    if (events & (EPOLLOUT | EPOLLHUP | EPOLLERR))
        stream->can_write = true;
    if (events & EPOLLERR)
        stream->has_failed = true;
}

static ssize_t read_tls(struct stream *stream, void *bytes, size_t size)
{
    int got;

    ERR_clear_error();
    got = SSL_read(stream->tls, bytes, (int)size);
    if (got > 0)
        return got;
    switch (SSL_get_error(stream->tls, got)) {
    case SSL_ERROR_WANT_READ:
        stream->can_read = false;
        return -EAGAIN;
    case SSL_ERROR_WANT_WRITE:
        stream->can_write = false;
        return -EAGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return 0;
    case SSL_ERROR_SSL:
        stream->is_cut = true;
        if (ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
            return 0;
        return -EPROTO;
    default:
        stream->is_cut = true;
        return errno && errno != EAGAIN ? -errno : 0;
    }
}

ssize_t stream_read(struct stream *stream, void *bytes, size_t size)
{
    ssize_t got;

    if (stream->is_ended)
        return 0;
    if (!stream->can_read)
        return -EAGAIN;
    if (stream->tls) {
        got = read_tls(stream, bytes, size);
    } else {
        got = recv(stream->watch.fd, bytes, size, MSG_DONTWAIT);
        if (got < 0)
            got = -errno;
        if (got == -EAGAIN)
            stream->can_read = false;
    }
    if (got < 0 && got != -EAGAIN && stream->has_failed) {
        stream->is_cut = true; /* what had come before it broke has been read */
        got = 0;
    }
    if (got == 0)
        stream->is_ended = true;
    return got;
}

static ssize_t write_tls(struct stream *stream)
{
    int sent;

    ERR_clear_error();
    sent = SSL_write(stream->tls, buffer_bytes(&stream->out), (int)stream->out.size);
    if (sent > 0)
        return sent;
    switch (SSL_get_error(stream->tls, sent)) {
    case SSL_ERROR_WANT_WRITE:
    case SSL_ERROR_WANT_READ:
        stream->can_write = false;
        return -EAGAIN;
    case SSL_ERROR_SYSCALL:
        return errno ? -errno : -EPIPE;
    default:
        return -EPROTO;
    }
}

static ssize_t write_some(struct stream *stream)
{
    size_t size = stream->out.size < WRITE_MOST ? stream->out.size : WRITE_MOST;
    ssize_t sent;

    if (stream->tls)
        return write_tls(stream);
    sent = send(stream->watch.fd, buffer_bytes(&stream->out), size, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent >= 0)
        return sent;
    if (errno == EAGAIN)
        stream->can_write = false;
    return -errno;
}

/* Nobody hears what waits. */
static int drop(struct stream *stream)
{
    buffer_finish(&stream->out);
    if (!stream->wants_end || stream->is_shut)
        return 0;
    stream->is_shut = true;
    return 1;
}

int stream_flush(struct stream *stream)
{
    int progress = 0;

    if (stream->has_failed)
        return drop(stream);
    while (stream->out.size && stream->can_write) {
        ssize_t sent = write_some(stream);

        if (sent == -EAGAIN)
            break;
        if (sent < 0)
            return (int)sent;
        buffer_take(&stream->out, (size_t)sent);
        progress = 1;
    }
    if (stream->wants_end && !stream->out.size && !stream->is_shut) {
        stream->is_shut = true;
        if (stream->tls)
            SSL_shutdown(stream->tls);
        if (shutdown(stream->watch.fd, SHUT_WR) < 0 && errno != ENOTCONN) /* it is closed by both already */
            return -errno;
        progress = 1;
    }
    return progress;
}

void stream_close(struct stream *stream, struct loop *loop, bool is_reset)
{
    static const struct linger at_once = {.l_onoff = 1, .l_linger = 0};

    buffer_finish(&stream->out);
    if (stream->watch.fd >= 0)
        loop_forget(loop, &stream->watch);
    if (stream->tls) {
        if (!is_reset && !stream->is_shut && !stream->has_failed)
            SSL_shutdown(stream->tls);
        SSL_free(stream->tls);
        stream->tls = NULL;
        ERR_clear_error();
    }
    if (stream->watch.fd >= 0) {
        if (is_reset)
            setsockopt(stream->watch.fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
        fd_close_at(&stream->watch.fd);
        stream->watch.fd = -1;
    }
}
