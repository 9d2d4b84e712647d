/* SPDX-License-Identifier: Apache-2.0 */
/* Runs of the fixture's request, and what came of the last one. */
#ifndef CORDON_TESTS_SDK_RUNS_H
#define CORDON_TESTS_SDK_RUNS_H

#include <stdbool.h>

#include "fixture.h"

extern struct cordon_status status;
extern struct cordon_error err;

/* Run the fixture's request, given a chance to change it first. */
int run_with(int (*change)(struct cordon_request *), struct cordon_output *output);

/* A change: 20 ms. */
int set_short_timeout(struct cordon_request *request);

/* Spawn the fixture's request with these standard streams. */
struct cordon_container *spawn(int in, int out, int error);

bool is_readable(int fd, int ms);

/* The record of the one run in the store holds `part`. */
void check_events(const char *part);

#endif
