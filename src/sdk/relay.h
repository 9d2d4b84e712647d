/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moves what the program writes to where the caller wants it, counting; only where something is to
 * be counted or captured, else the program has the caller's descriptor itself. Nothing here blocks.
 */
#ifndef CORDON_SDK_RELAY_H
#define CORDON_SDK_RELAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* What is kept of a stream, at most `max` bytes. */
struct capture {
    char *data; /* NUL-terminated once anything was kept */
    size_t size, capacity, max;
};

struct relay {
    int from;                /* our end of the program's pipe, non-blocking; -1 = at its end */
    int to;                  /* our own duplicate; -1 = captured, or nobody reads any more */
    struct capture *capture; /* NULL = to `to` */
    char *buffer;
    size_t held, at;    /* bytes read and not yet written, and where they begin */
    size_t write_max;   /* what may be written at once without blocking */
    bool is_incomplete; /* something was dropped */
};

/* An unused relay. */
#define RELAY_INIT ((struct relay){.from = -1, .to = -1})

/* Takes both descriptors, also on failure. `to` is -1 with a capture. */
int relay_open(struct relay *relay, int from, int to, struct capture *capture,
               struct error *err) must_check;
void relay_close(struct relay *relay);

/* Is everything that came where it belongs? */
bool relay_is_done(const struct relay *relay);

/*
 * Move what can be moved now. *counted grows by what was read; what goes beyond `limit` (0 = none)
 * is dropped and the call returns 1: the caller ends the container. `is_last`: nobody writes any
 * more, so an empty pipe is a finished one. 0, 1 or -errno.
 */
int relay_step(struct relay *relay, uint64_t limit, uint64_t *counted, bool is_last,
               struct error *err) must_check;

/* Give up on a reader that does not read: drop what is held. */
void relay_abandon(struct relay *relay);

#endif
