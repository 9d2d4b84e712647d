/* SPDX-License-Identifier: Apache-2.0 */
/* From this process to a helper program, in new namespaces or in these: all that happens between clone() and exec(). */
#ifndef CORDON_BASE_SPAWN_H
#define CORDON_BASE_SPAWN_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"

struct spawn {
    unsigned long namespaces; /* CLONE_NEW*; 0 = none: no capability beyond the caller's is kept */
    const unsigned *capabilities; /* of the new user namespace, which the program keeps */
    size_t capability_count;
    int program;      /* as spawn_open() gives it */
    const char *name; /* argv[0] */
    int channel;        /* the program's end of a socket pair, */
    int channel_number; /* under this number, or, where it is 0, under one above all others; argv[1] says it */
    const int *fds; /* kept under their own numbers, ascending, above 2 */
    size_t fd_count;
    int null;    /* /dev/null, as 0, 1 and 2 */
};

/* A helper runs with the caller's trust: refused where anybody else than root and the caller could have written it. */
int spawn_open(const char *path, int *ret_fd, struct error *err) must_check;

/*
 * Execute it with an empty environment. *ret_pidfd is close-on-exec. The child shares nothing with this process once this
 * returns; descriptors that are not close-on-exec are the program's to close. *ret_step, on failure, says what could not be
 * done in the child; NULL: clone() itself failed.
 */
int spawn_program(const struct spawn *spawn, pid_t *ret_pid, int *ret_pidfd, const char **ret_step) must_check;

/*
 * From now on a program begins with this soft limit of open files, where this process has opened more on behalf of others than
 * they may; 0 = with this process's. For a process with one thread.
 */
void spawn_limit_files(uint64_t soft);

/*
 * The same for another program: run `child` in a process that shares this one's memory until it executes something, with all
 * signals blocked. It makes system calls only, and returns when it could not: then *ret_pidfd is that of a process that ends.
 */
int spawn_child(int (*child)(void *argument), void *argument, unsigned long namespaces, pid_t *ret_pid, int *ret_pidfd,
                const char **ret_step) must_check;

/* The number of the process that this descriptor holds, in this process's namespace: 0 = it is gone, or has none here. */
pid_t spawn_pid_of(int pidfd);

#endif
