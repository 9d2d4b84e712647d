/* SPDX-License-Identifier: Apache-2.0 */
/* The sockets to whoever started a worker, and to other workers: messages, each with the descriptors of its type. */
#ifndef CORDON_WORKER_CHANNEL_H
#define CORDON_WORKER_CHANNEL_H

#include <stdbool.h>

#include "base/compiler.h"
#include "base/error.h"
#include "worker/wire.h"

#define CHANNEL_DESCRIPTORS_MAX 2

/*
 * The next message. Blocks where the channel does. 1; 0 = the other end is gone; -EAGAIN; -EPROTO for whatever is no
 * whole message with exactly the descriptors that its type has. `ret_fds` are the caller's; -1 where there is none. Texts
 * end. Which types belong here is for the caller to say.
 */
int channel_receive_all(int channel, struct worker_message *ret_message, int ret_fds[CHANNEL_DESCRIPTORS_MAX],
                        struct error *err) must_check;

/* The same where no connection is handed over. */
int channel_receive(int channel, struct worker_message *ret_message, int *ret_fd, struct error *err) must_check;

/*
 * The starter's side, which never waits: 1 = a message of whatever type, 0 = none now, -ECONNRESET = the other end is gone,
 * -EBADMSG for whatever is no whole message or has more descriptors than may come. *ret_fd (NULL = none may) is the caller's; -1 = none came.
 */
int channel_hear(int channel, struct worker_message *ret_message, int *ret_fd) must_check;

/* Whole, or -EAGAIN, -EPIPE, ...; `may_wait`: for room, where the channel does. */
int channel_send(int channel, const struct worker_message *message, bool may_wait) must_check;

/* The same with descriptors, which stay the caller's. -EINVAL for too many. */
int channel_send_with(int channel, const struct worker_message *message, const int *fds, size_t count, bool may_wait) must_check;

/* WORKER_ERROR; waits for room where the channel does. */
void channel_send_error(int channel, const struct error *err);

/* Read what is left, for ever: a socket that ends with something unread resets the other end, which then misses the error. */
void channel_end(int channel);

#endif
