/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tier that runs nothing: what it says and how it ends is a script. Linked by unit tests in place
 * of the real table, under the name of the process tier; no product contains it.
 */
#ifndef CORDON_TIER_FAKE_FAKE_H
#define CORDON_TIER_FAKE_FAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tier/tier.h"

struct fake_script {
    struct error start_failure; /* kind != 0: start() fails with this */
    unsigned start_failures;    /* this many times, 0 = always */
    unsigned runs_ms;           /* it ends by itself after this; 0 = at once */
    bool runs_forever;          /* only a signal or kill ends it */
    bool ignores_signals;       /* only kill ends it */
    struct tier_status status;  /* how it ends by itself */
    const char *says[2];        /* written to stdout and stderr at start */
    uint64_t cpu_us;            /* what cpu_time() says */
    struct tier_note notes[4];  /* what notes() says; the descriptors stay the script's */
    size_t note_count;
    const struct tier_access *accesses; /* what the watcher hears, before it ends */
    size_t access_count;
    uint64_t lost;              /* and how many it does not */
    const struct tier_access *asks; /* the same, of who waits for an answer, as soon as somebody listens */
    size_t ask_count;
    int open_failure;           /* negative errno: open_exact() fails */
    int status_failure;         /* negative errno: read_status() fails */
    struct facts facts;         /* what probe() says */
};

struct fake_counts {
    unsigned allowed, denied; /* by answer() */
    unsigned starts, kills, finishes;
    unsigned probed; /* what the last probe() was to look at */
    unsigned signals[65];
    char argv0[256];     /* of the last start */
    int stdio[3];        /* as given to the last start */
    uint64_t deadline_ns; /* as given to the last start */
    int cancel_fd;        /* -1 = none */
    char stdin_data[64]; /* what stdin held when it ended, NUL-terminated */
};

extern struct fake_script fake_script;
extern struct fake_counts fake_counts;

extern const struct tier_ops tier_fake;

#endif
