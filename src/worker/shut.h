/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a program of the daemon gives up what it does not need: files but its own, TCP, signals, and the system calls that it does not
 * name. What this kernel's Landlock does not know yet is held by the user's own permissions and the list; nothing here is left out when it fails.
 */
#ifndef CORDON_WORKER_SHUT_H
#define CORDON_WORKER_SHUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/compiler.h"
#include "base/error.h"

enum {
    SHUT_FILES = 1u << 0,   /* files: read */
    SHUT_LIST = 1u << 1,    /* directories: listed */
    SHUT_WRITE = 1u << 2,   /* files: written, cut, made and removed */
    SHUT_ARRANGE = 1u << 3, /* directories: made and removed */
    SHUT_MOVE = 1u << 4,    /* files from one directory to another */
    SHUT_READ = SHUT_FILES | SHUT_LIST,
    SHUT_OWN = SHUT_READ | SHUT_WRITE,
};

/* What stays. */
struct shut_place {
    const char *path; /* NULL = `fd` */
    int fd;
    unsigned access;
    bool is_optional; /* where it is not there, nothing stays */
};

enum {
    SHUT_MAY_CONNECT = 1u << 0, /* by TCP */
    SHUT_MAY_LISTEN = 1u << 1,
};

/* The calling thread and what it starts, for good: no file but in these places, and never more rights than now. */
int shut_files(const struct shut_place *places, size_t count, unsigned flags, struct error *err) must_check;

struct shut_calls {
    const int *allowed; /* beside filter_common(), and memory, fcntl() as there */
    size_t allowed_count;
    const int *refused; /* of libraries: they do without */
    size_t refused_count;
    bool has_pairs;      /* socketpair(), of Unix sockets */
    bool is_all_threads; /* of those that have begun, too */
    bool has_internet;   /* socket() of IPv4 and IPv6 */
    bool has_threads;    /* it begins some; no process */
    bool is_refused;     /* what is on no list fails with ENOSYS instead of ending the program: for libraries whose calls nobody can count */
};

/* The list, for shut_calls() and for tests of it. *ret_count of at most FILTER_MAX instructions. */
struct sock_filter;
void shut_filter(const struct shut_calls *calls, struct sock_filter *ret_program, unsigned *ret_count);

/* No new process, no look into the memory, no call but these, for good. After shut_files(). */
int shut_calls(const struct shut_calls *calls, struct error *err) must_check;

#endif
