/* SPDX-License-Identifier: Apache-2.0 */
/* Fixed records with descriptors beside them. */
#ifndef CORDON_LAUNCHER_FDS_H
#define CORDON_LAUNCHER_FDS_H

#include <stddef.h>

#include "base/compiler.h"

#define FDS_MAX 96

/* 0; -EAGAIN, -EPIPE, ... Descriptors stay the caller's. `flags` as of sendmsg(). */
int fds_send(int socket, const void *record, size_t size, const int *fds, size_t count, int flags) must_check;

/*
 * A record of exactly this size, with at most `most` descriptors, which are the caller's. 1; 0 = the other end is gone; -EAGAIN;
 * -EBADMSG: anything else, and nothing of it is kept open.
 */
int fds_receive(int socket, void *record, size_t size, int *ret_fds, size_t most, size_t *ret_count, int flags) must_check;

void fds_close(int *fds, size_t count);

#endif
