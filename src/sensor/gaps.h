/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is missing, by the numbers of events: they follow each other, though processors may deliver them out of order. One that has
 * not come when a thousand later ones have, or a second later, is lost.
 */
#ifndef CORDON_SENSOR_GAPS_H
#define CORDON_SENSOR_GAPS_H

#include <stdbool.h>
#include <stdint.h>

#define GAPS_WINDOW 1024u

struct gaps {
    bool has_begun;
    uint64_t next;   /* behind the highest that was seen */
    uint64_t oldest; /* from here on they are awaited */
    uint64_t settled; /* what `next` was at the last gaps_settle() */
    uint64_t missing;
    uint64_t seen[GAPS_WINDOW / 64];
};

/* An event has come, or a further record of one. */
void gaps_see(struct gaps *gaps, uint64_t serial);

/* Whatever has not come and is older than the last time that this was called: how many, counted once. */
uint64_t gaps_settle(struct gaps *gaps);

#endif
