/* SPDX-License-Identifier: Apache-2.0 */
/* What every part of the daemon has of a service: sockets that it is given, words to who started it. */
#ifndef CORDON_PROTOCOL_SERVICE_H
#define CORDON_PROTOCOL_SERVICE_H

#include <sys/types.h>

#include "base/error.h"

/*
 * The listening or connected socket of this name (LISTEN_FDS, LISTEN_FDNAMES, LISTEN_PID as systemd sets them, or as cordond
 * does for its own children, which leaves LISTEN_PID out): close-on-exec, the caller's. -ENOENT (ERROR_NOT_FOUND): none.
 */
int service_socket(const char *name, int *ret_fd, struct error *err) must_check;

/* "READY=1", "STOPPING=1", "STATUS=..." to $NOTIFY_SOCKET, where there is one. */
void service_notify(const char *text);
/* For who makes no socket any more when it is ready: made before (-1 = nobody is told), used by sendmsg() alone. */
int service_notifier(void) must_check;
void service_notify_by(int notifier, const char *text);

/*
 * Make a listening SOCK_SEQPACKET socket at `path` with this mode, in a directory that is there. One that nobody listens on any more
 * is replaced; ERROR_FORBIDDEN (EADDRINUSE): somebody does.
 */
int service_listen(const char *path, mode_t mode, int *ret_fd, struct error *err) must_check;

/* Connect to one; -ENOENT, -ECONNREFUSED (nobody listens), ... */
int service_connect(const char *path, int *ret_fd, struct error *err) must_check;
/* The same without waiting: -EAGAIN where its queue is full. What is said on it afterwards may wait. */
int service_connect_now(const char *path, int *ret_fd, struct error *err) must_check;

#endif
