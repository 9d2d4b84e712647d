/* SPDX-License-Identifier: Apache-2.0 */
/* A program of the caller's, outside of every container, whose output is wanted. */
#ifndef CORDON_SDK_COMMAND_H
#define CORDON_SDK_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "sdk/locked.h"

#define COMMAND_SAID_SIZE 256

struct command {
    const char *const *argv; /* absolute program, NULL-terminated */
    const char *const *environment;
    uint64_t deadline_ns; /* monotonic */
    int cancel_fd;        /* readable: give up; -1 = none */
};

/*
 * In "/", without input and without a terminal, in a session of its own that is ended as a whole. What it prints goes to `output`,
 * as much as there is room for: -E2BIG when there is more. `said` (NUL-terminated, may be "") is the end of what it says on
 * stderr. *ret_status is that of wait(). -ETIMEDOUT, -ECANCELED.
 */
int command_run(const struct command *command, struct locked *output, char said[COMMAND_SAID_SIZE], int *ret_status,
                struct error *err) must_check;

#endif
