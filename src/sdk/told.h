/* SPDX-License-Identifier: Apache-2.0 */
/* What a worker told of, as an event. */
#ifndef CORDON_SDK_TOLD_H
#define CORDON_SDK_TOLD_H

#include "sdk/workers.h"

/* Nothing is remembered of connections any more. */
void told_forget(struct workers *workers);

/* `message` is of type WORKER_EVENT. -EBADMSG for a kind that nobody knows. */
int told_record(struct workers *workers, const struct worker_message *message, struct event_log *log,
                struct error *err) must_check;

#endif
