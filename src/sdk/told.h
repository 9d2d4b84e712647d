/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker told of, as an event. */
#ifndef CORDON_SDK_TOLD_H
#define CORDON_SDK_TOLD_H

#include <limits.h>

#include "sdk/workers.h"
#include "tier/tier.h"

/* Nothing is remembered of connections any more. */
void told_forget(struct workers *workers);

/* `message` is of type WORKER_EVENT. -EBADMSG for a kind that nobody knows. */
int told_record(struct workers *workers, const struct worker_message *message, struct event_log *log,
                struct error *err) must_check;

/* told_refused.c: record what the kernel refused inside. */
int told_refused(struct workers *workers, const struct tier_refusal *refusal, struct event_log *log, struct error *err) must_check;

/* For the two of them. */
void told_remember_denial(struct workers *workers, const struct event_network *network); /* for cordon_container_denials() */
const char *told_exe(const struct workers *workers, unsigned pid, char text[PATH_MAX]); /* NULL = nobody knows */
const char *told_protocol(unsigned protocol);                                           /* enum net_protocol */
const char *told_program(const struct workers *workers, unsigned program);

#endif
