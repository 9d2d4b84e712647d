/* SPDX-License-Identifier: Apache-2.0 */
/* Messages and their descriptors on SOCK_SEQPACKET sockets, records in sealed memory files. */
#ifndef CORDON_PROTOCOL_SOCKET_H
#define CORDON_PROTOCOL_SOCKET_H

#include "protocol/codec.h"

struct protocol_received {
    struct protocol_message message; /* points into `bytes` */
    int fds[PROTOCOL_FDS_MAX];       /* -1 = none; the receiver's */
    size_t fd_count;
    _Alignas(8) unsigned char bytes[PROTOCOL_MESSAGE_MAX];
};

/*
 * The next message, which is whole and of the table; who may send it when is protocol_permit()'s. 1; 0 = the other end is gone;
 * -EAGAIN (no text) where the socket does not wait, or `flags` has MSG_DONTWAIT; else what protocol_parse() returns, -EPROTO for
 * one that was cut or brought too many descriptors: then none of them is left. Descriptors are close-on-exec.
 */
int protocol_receive(int socket, int flags, struct protocol_received *received, struct error *err) must_check;

/* Close those that nobody took: take_fd(received->fds[0]). */
void protocol_drop(struct protocol_received *received);

/* Finish it and send it. `flags`: MSG_DONTWAIT or 0. Descriptors stay the caller's. -EAGAIN, -EPIPE, ... */
int protocol_send(int socket, int flags, struct protocol_out *out, const int *fds, size_t fd_count, struct error *err) must_check;

/* Just FAILED; whoever is gone does not hear it. */
void protocol_send_error(int socket, uint32_t request, const struct error *err, const char *code);

/* Close it so that the other end can still read what was sent: a socket that ends with something unread takes that back. */
void protocol_close(int socket);

/* Finish it and put it into a memory file that can no longer change. */
int protocol_seal(struct protocol_out *out, const char *name, int *ret_fd, struct error *err) must_check;

/*
 * Read one of that type: *ret_bytes is the caller's to mem_free() and what *ret_message points into. ERROR_INVALID for what is no
 * sealed memory file.
 */
int protocol_unseal(int fd, uint16_t type, unsigned char **ret_bytes, struct protocol_message *ret_message, struct error *err) must_check;

#endif
