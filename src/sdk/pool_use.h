/* SPDX-License-Identifier: Apache-2.0 */
/* How many are kept ready: what was taken in the last minute says it, and the clock that the caller reads. */
#ifndef CORDON_SDK_POOL_USE_H
#define CORDON_SDK_POOL_USE_H

#include <stdint.h>

#define POOL_SECONDS       60 /* of use that count */
#define POOL_TAKEN_FOR_ONE 8  /* in these, for one more than one */

struct pool_use {
    uint32_t taken[POOL_SECONDS];
    uint64_t second;  /* of the last one in `taken`, of the monotonic clock */
    uint64_t used_ns; /* the last time that somebody took one, or the pool was made; 0 = not yet */
};

void pool_use_begin(struct pool_use *use, uint64_t now_ns);
void pool_use_take(struct pool_use *use, uint64_t now_ns);

/* At most `most`; 0 after a minute in which nobody took one. */
uint32_t pool_use_wanted(struct pool_use *use, uint64_t now_ns, uint32_t most);

#endif
