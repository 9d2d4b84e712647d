/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Writes to descriptors that others read, from inside a library: no SIGPIPE reaches the caller's
 * process and a reader that stands still is waited for only so long.
 */
#ifndef CORDON_BASE_QUIET_H
#define CORDON_BASE_QUIET_H

#include <stddef.h>
#include <sys/types.h>

#include "base/compiler.h"

/* write(2) without SIGPIPE. Bytes written or -errno. */
ssize_t quiet_write(int fd, const void *data, size_t size) must_check;

/*
 * All of it, at most PIPE_BUF bytes at a time and only when poll() says that there is room, so that
 * it never blocks on a pipe or socket of the caller's. -ETIMEDOUT when nothing moves for
 * `stall_ms`.
 */
int quiet_write_all(int fd, const void *data, size_t size, int stall_ms) must_check;

#endif
