/* SPDX-License-Identifier: Apache-2.0 */
/* The starter's side of cordon-gateway: begin it, attach it to a container, hear what it decides, end it. */
#ifndef CORDON_SDK_GATEWAY_H
#define CORDON_SDK_GATEWAY_H

#include <sys/types.h>

#include "event/event.h"
#include "net/rules.h"

struct gateway {
    pid_t pid;
    int pidfd, channel; /* -1 = none */
    bool is_ready;      /* it listens, and holds no right any more */
};
#define GATEWAY_INIT ((struct gateway){.pidfd = -1, .channel = -1})

/* Execute `program` and hand it the rules; it prepares what it can while the container is being built. */
int gateway_begin(struct gateway *gateway, const char *program, const struct net_rules *rules, struct error *err) must_check;

/*
 * Have it enter `network` and wait until it is ready. -ETIMEDOUT after `deadline_ns` (monotonic, 0 = ten seconds from
 * now), -ECANCELED when `cancel_fd` (-1 = none) becomes readable.
 */
int gateway_attach(struct gateway *gateway, int network, uint64_t deadline_ns, int cancel_fd, struct error *err) must_check;

/* Record what it has said so far. Never blocks. A gateway that is gone is recorded as such, once. */
int gateway_step(struct gateway *gateway, struct event_log *log, struct error *err) must_check;

/* The container has ended: have it say the rest, and end it. */
int gateway_end(struct gateway *gateway, struct event_log *log, struct error *err) must_check;

/* At once, without a word. */
void gateway_kill(struct gateway *gateway);

#endif
