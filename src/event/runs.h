/* SPDX-License-Identifier: Apache-2.0 */
/* Inside this part: an open store. */
#ifndef CORDON_EVENT_RUNS_H
#define CORDON_EVENT_RUNS_H

#include "event/event.h"

struct run_store {
    int fd;                   /* -1 = there is no store */
    char (*ids)[RUN_ID_SIZE]; /* oldest first */
    long count;
};

#endif
