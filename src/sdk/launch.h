/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of a launch (start.c), for who takes them in another order (ready.c). */
#ifndef CORDON_SDK_LAUNCH_H
#define CORDON_SDK_LAUNCH_H

#include "sdk/container.h"

/* What the tier is given, with what it points to. */
struct launch_given {
    struct tier_attach gateway;
    struct tier_watcher watcher;
    struct tier_programs programs;
    struct tier_start start;
};
void launch_fill(struct launch_given *given, struct cordon_container *container, const struct cordon_request *request,
                 const char *const *argv);

/* Who makes its first process, where this process does not; NULL = it does. */
const struct tier_spawner *launch_spawner(const struct cordon_container *container);

/* A new one with its launcher, where the request has one. */
int launch_container_new(const struct cordon_request *request, struct cordon_container **ret_container, struct error *err) must_check;

/* The run's own name, of one that was made ready under another. */
int launch_name_record(struct cordon_container *container, struct error *err) must_check;
/* Of an assembly that could not begin, what it knows: a store that was not found is no place to write to. */
int launch_begin_record(struct cordon_container *container, const struct cordon_request *request, struct error *err) must_check;

/* From the documents to the plan; process 1 and the gateway begin meanwhile. */
int launch_compile(struct cordon_container *container, const struct cordon_request *request, struct error *err) must_check;

/* The caller's command, else the document's by a shell, which `by_shell` has room for. */
int launch_find_command(const struct cordon_container *container, const struct cordon_request *request, const char *by_shell[4],
                        const char *const **ret_argv, struct error *err) must_check;

/* Who it is, what it may write, and its streams. */
int launch_find_streams(struct cordon_container *container, const struct cordon_request *request, struct error *err) must_check;

/* Have the machine's sensor hear of it, if it has not, where its request has a connection to that and a launcher made it. */
void launch_announce(struct cordon_container *container, const struct cordon_request *request);

int launch_tier(struct cordon_container *container, const struct cordon_request *request, const char *const *argv,
                struct error *err) must_check;

/* The program runs, or does not (`status`, *err). */
int launch_started(struct cordon_container *container, const struct cordon_request *request, const char *const *argv, int status,
                   struct error *err) must_check;

#endif
