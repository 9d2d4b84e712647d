/* SPDX-License-Identifier: Apache-2.0 */
/* What the gateway tells of its decisions. Nothing waits for the reader: what finds no room is counted and told later. */
#ifndef CORDON_WORKER_EVENTS_H
#define CORDON_WORKER_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "worker/wire.h"
#include "net/rules.h"

struct events {
    int channel;
    uint64_t connections; /* the last number given */
    uint64_t lost;
    bool may_wait; /* the last ones: the starter reads them to the end */
    uint64_t second, of_second; /* denials of datagrams in the second that runs */
};

#define EVENTS_DATAGRAMS_PER_SECOND 100

/* A new number for GATEWAY events that belong together. */
uint64_t events_connection(struct events *events);

/* `name` and `where` may be NULL. */
struct worker_message events_about(enum worker_event_kind kind, const struct net_question *question, const char *name,
                                    const char *where);
void events_send(struct events *events, const struct worker_message *message);

/* From here on there is time: the starter reads to the end. */
void events_wait(struct events *events);

/* A refused datagram: a program can make any number of them, so more than so many in a second are only counted. */
void events_send_datagram(struct events *events, const struct worker_message *message, uint64_t now_ns);

#endif
