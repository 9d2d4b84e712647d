/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accepting.
 *
 * System calls: accept4, close.
 */
#include "gateway/listener.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#define AT_ONCE 64 /* connections, before others have their turn */
#define REST_MS 100

static void ready(struct loop_watch *watch, uint32_t events)
{
    struct listener *listener = container_of(watch, struct listener, watch);

    (void)events;
    for (int i = 0; i < AT_ONCE && watch->fd >= 0; i++) {
        int fd = accept4(watch->fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

        if (fd >= 0) {
            listener->accepted(listener, fd);
        } else if (errno == EAGAIN) {
            return;
        } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
            if (loop_change(listener->loop, watch, 0) == 0)
                loop_start(listener->loop, &listener->rest, REST_MS);
            return;
        }
        /* any other is about that one connection, which is gone already */
    }
}

static void rested(struct loop_timer *timer)
{
    struct listener *listener = container_of(timer, struct listener, rest);

    if (loop_change(listener->loop, &listener->watch, EPOLLIN) < 0)
        loop_start(listener->loop, timer, REST_MS);
}

int listener_open(struct listener *listener, struct loop *loop, int fd,
                  void (*accepted)(struct listener *listener, int fd), void *owner)
{
    *listener = (struct listener){
        .loop = loop, .watch = {.fd = fd, .ready = ready}, .rest = {.due = rested}, .accepted = accepted,
        .owner = owner};
    return fd < 0 ? 0 : loop_watch(loop, &listener->watch, EPOLLIN);
}

void listener_close(struct listener *listener)
{
    if (!listener->loop || listener->watch.fd < 0)
        return;
    loop_cancel(listener->loop, &listener->rest);
    loop_forget(listener->loop, &listener->watch);
    close(listener->watch.fd);
    listener->watch.fd = -1;
}
