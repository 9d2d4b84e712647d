/* SPDX-License-Identifier: Apache-2.0 */
/* The socket to whoever started the gateway: messages, each with at most one descriptor. */
#ifndef CORDON_WORKER_CHANNEL_H
#define CORDON_WORKER_CHANNEL_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "worker/wire.h"

/*
 * The next message. Blocks where the channel does. 1; 0 = the other end is gone; -EAGAIN; -EPROTO for whatever is no
 * whole message with exactly the descriptor that its type has. *ret_fd is the caller's.
 */
int channel_receive(int channel, struct worker_message *ret_message, int *ret_fd, struct error *err) must_check;

/* Whole, or -EAGAIN, -EPIPE, ...; `may_wait`: for room, where the channel does. */
int channel_send(int channel, const struct worker_message *message, bool may_wait) must_check;

/* WORKER_ERROR; waits for room where the channel does. */
void channel_send_error(int channel, const struct error *err);

/* Read what is left, for ever: a socket that ends with something unread resets the other end, which then misses the error. */
void channel_end(int channel);

#endif
