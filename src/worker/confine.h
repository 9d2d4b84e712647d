/* SPDX-License-Identifier: Apache-2.0 */
/* How a worker gives up its rights: what it parses comes from programs and networks that it is there to hold back. */
#ifndef CORDON_WORKER_CONFINE_H
#define CORDON_WORKER_CONFINE_H

#include "base/compiler.h"
#include "base/error.h"

enum confine_role {
    CONFINE_MAIN,   /* the event loop: sockets of IPv4 and IPv6, and what is open */
    CONFINE_INSIDE, /* the thread within the container: opens TCP sockets */
    CONFINE_PARSER, /* the inspector: only sockets that it is given, and pairs of its own */
    CONFINE_HOLDER, /* the holder of secrets: only sockets that it is given */
    CONFINE_SENSOR, /* the reader of a machine's audit records: connections of one socket, and it reads below /proc */
};

struct sock_filter;

/* Limits of the process, among them its memory. Before any thread. */
int confine_limits(enum confine_role role, struct error *err) must_check;

/*
 * Namespaces of its own: a user namespace in which it stays who it is (whoever has the rights needs none), an empty network,
 * an empty root. As the only thread. All of them or ERROR_UNENFORCEABLE, and then nothing of the caller may go on.
 */
int confine_apart(struct error *err) must_check;

/* An own mount namespace with an empty, read-only root and nothing else. As the only thread, with CAP_SYS_ADMIN. */
int confine_files(struct error *err) must_check;

/* The calling thread, for good: no capability, no way to any, Landlock, its list of system calls. */
int confine_thread(enum confine_role role, struct error *err) must_check;

/* The list, for confine_thread() and for tests of it. *ret_count of at most FILTER_MAX instructions. */
void confine_filter(enum confine_role role, struct sock_filter *ret_program, unsigned *ret_count);

#endif
