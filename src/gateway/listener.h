/* SPDX-License-Identifier: Apache-2.0 */
/* A listening TCP socket in the loop. When descriptors run out it rests for a moment instead of spinning. */
#ifndef CORDON_GATEWAY_LISTENER_H
#define CORDON_GATEWAY_LISTENER_H

#include "worker/loop.h"

struct listener {
    struct loop *loop;
    struct loop_watch watch;
    struct loop_timer rest;
    void (*accepted)(struct listener *listener, int fd); /* takes the connection; non-blocking */
    void *owner;
};

/* Takes `fd`, non-blocking; -1 = there is none, which is fine. */
int listener_open(struct listener *listener, struct loop *loop, int fd,
                  void (*accepted)(struct listener *listener, int fd), void *owner) must_check;
void listener_close(struct listener *listener);

#endif
