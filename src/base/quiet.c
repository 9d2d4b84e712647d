/* SPDX-License-Identifier: Apache-2.0 */
/* Writing without SIGPIPE and without standing still. */
#include "base/quiet.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <time.h>
#include <unistd.h>

/*
 * A pipe has no MSG_NOSIGNAL: SIGPIPE is blocked for this thread, and taken away again when it was
 * this write that raised it (one that was pending before stays).
 */
ssize_t quiet_write(int fd, const void *data, size_t size)
{
    static const struct timespec at_once = {0};
    sigset_t pipe_only, before, pending;
    bool was_pending;
    ssize_t wrote;
    int saved;

    sigemptyset(&pipe_only);
    sigaddset(&pipe_only, SIGPIPE);
    sigpending(&pending);
    was_pending = sigismember(&pending, SIGPIPE) == 1;
    saved = pthread_sigmask(SIG_BLOCK, &pipe_only, &before);
    if (saved)
        return -saved;
    wrote = write(fd, data, size);
    saved = errno;
    if (wrote < 0 && saved == EPIPE && !was_pending)
        while (sigtimedwait(&pipe_only, NULL, &at_once) < 0 && errno == EINTR)
            ;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return wrote < 0 ? -saved : wrote;
}

int quiet_write_all(int fd, const void *data, size_t size, int stall_ms)
{
    const char *at = data;

    while (size) {
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        int ready = poll(&room, 1, stall_ms);
        ssize_t wrote;

        if (ready < 0 && errno == EINTR)
            continue;
        if (ready <= 0)
            return ready < 0 ? -errno : -ETIMEDOUT;
        wrote = quiet_write(fd, at, size < PIPE_BUF ? size : PIPE_BUF);
        if (wrote == -EINTR || wrote == -EAGAIN)
            continue;
        if (wrote <= 0)
            return wrote < 0 ? (int)wrote : -EIO;
        at += wrote;
        size -= (size_t)wrote;
    }
    return 0;
}
