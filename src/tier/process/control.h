/* SPDX-License-Identifier: Apache-2.0 */
/* The parent's end of the socket to init: one message at a time, and waiting for one no longer than the caller wants. */
#ifndef CORDON_TIER_PROCESS_CONTROL_H
#define CORDON_TIER_PROCESS_CONTROL_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "tier/process/record.h"

/* The next message, and the descriptor that came with it when *ret_fd is -1; `flags` as of recvmsg(). Negative errno:
 * -EAGAIN, -ECONNRESET for init's end, -EBADMSG. */
int control_receive(int control, struct message *ret_message, int *ret_fd, int flags) must_check;

int control_send(int control, uint32_t type, int32_t value) must_check;

#define CONTROL_FDS_MAX RECORD_EXEC_FDS_MAX

int control_send_about(int control, uint32_t type, uint32_t program, int32_t value) must_check;

/* With descriptors, which stay the caller's. Negative errno; -EPIPE when init has ended. */
int control_send_fds(int control, uint32_t type, uint32_t program, const int *fds, size_t count) must_check;

/* Of a packet of grants (grants.h): at most 64. Never waits: what finds no room is told. */
int control_send_grants(int socket, const int *fds, size_t count) must_check;

/* To who asked (asks.h): allowed with `fd`, which stays the caller's, or refused (-1). Never waits. */
int control_answer(int asks, uint64_t ask, int fd) must_check;

/*
 * Until there is a message, or init has ended. -ETIMEDOUT at `deadline_ns` of the monotonic clock (0 = never),
 * -ECANCELED when `cancel_fd` (-1 = none) is readable.
 */
int control_await(int control, uint64_t deadline_ns, int cancel_fd, struct error *err) must_check;

#endif
