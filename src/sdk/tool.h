/* SPDX-License-Identifier: Apache-2.0 */
/* A program of this installation beside the library, executed as the caller, whose output is handed on as it comes. */
#ifndef CORDON_SDK_TOOL_H
#define CORDON_SDK_TOOL_H

#include <stddef.h>

#include "base/error.h"

/* A result that is not 0 ends the program and the call. About once a second while nothing comes: with a size of 0. */
typedef int (*tool_take_fn)(void *context, const char *text, size_t size);

struct tool {
    const char *const *argv; /* absolute program, NULL-terminated */
    tool_take_fn take;       /* of its standard output */
    void *context;
    int given; /* a descriptor that the program has as TOOL_GIVEN; 0 = none */
};
#define TOOL_GIVEN 3

/*
 * *ret_status: its exit status, -1 where take() ended it. What it says on standard error is a struct error, or text, of which
 * *ret_said (ERROR_NONE: nothing) has the end.
 */
int tool_run(const struct tool *tool, int *ret_status, struct error *ret_said, struct error *err) must_check;

#endif
