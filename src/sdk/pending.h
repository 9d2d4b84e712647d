/* SPDX-License-Identifier: Apache-2.0 */
/*
 * audit.mode: required. What has a consequence is in the audit log, as pending, before it happens; what cannot be written there does not happen. Nothing
 * here does anything under another mode.
 */
#ifndef CORDON_SDK_PENDING_H
#define CORDON_SDK_PENDING_H

#include "sdk/container.h"

bool pending_is_required(const struct cordon_container *container);

/* Is there a log that could be waited for, and may all that is asked for wait for it? */
int pending_check(const struct plan *plan, const struct cordon_request *request, struct error *err) must_check;

/* Of a program that is about to be started, with its container or in one that stands. */
int pending_start(struct cordon_container *container, const char *const *argv, struct error *err) must_check;
int pending_exec(struct cordon_container *container, const struct event_exec *exec, struct error *err) must_check;

/* Of other rules for the network. */
int pending_network(struct cordon_container *container, const struct plan *plan, struct error *err) must_check;

/* Of a connection that the gateway holds: it is answered, yes or no, now or by pending_step(). 0. */
struct worker_message;
int pending_connection(struct cordon_container *container, const struct worker_message *message);
/* Those whose record is there by now, and those that have waited long enough. When that will be: 0 = none waits. */
void pending_step(struct cordon_container *container, uint64_t now_ns);
uint64_t pending_next_ns(const struct cordon_container *container);

#endif
