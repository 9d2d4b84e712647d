/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How process 1 is answered about a call that it holds: the question went as a record of struct told_memory with a number, the
 * answer comes by a pair of sockets that the keeper made. Shared by the library and the freestanding init.
 */
#ifndef CORDON_TIER_PROCESS_ASKS_H
#define CORDON_TIER_PROCESS_ASKS_H

#include <stdint.h>

#define ASKS_MAX 64 /* calls that are held at a time; the next one is refused at once */

enum ask_verdict {
    ASK_DENY = 1,
    ASK_ALLOW = 2, /* with what was opened as SCM_RIGHTS */
};

/* One packet. The number is the kernel's own for this one call, so no answer reaches another. */
struct ask_answer {
    uint64_t ask;
    uint32_t verdict;
    uint32_t unused;
};

#endif
