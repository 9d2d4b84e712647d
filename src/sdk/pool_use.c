/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/pool_use.h"

#include <string.h>

#include "base/clock.h"

static void seconds_pass(struct pool_use *use, uint64_t now_ns)
{
    uint64_t second = now_ns / NS_PER_S;

    if (second - use->second >= POOL_SECONDS)
        memset(use->taken, 0, sizeof(use->taken));
    for (; use->second < second && second - use->second < POOL_SECONDS; use->second++)
        use->taken[(use->second + 1) % POOL_SECONDS] = 0;
    use->second = second;
}

void pool_use_begin(struct pool_use *use, uint64_t now_ns)
{
    *use = (struct pool_use){.second = now_ns / NS_PER_S, .used_ns = now_ns};
}

void pool_use_take(struct pool_use *use, uint64_t now_ns)
{
    seconds_pass(use, now_ns);
    use->taken[use->second % POOL_SECONDS]++;
    use->used_ns = now_ns;
}

uint32_t pool_use_wanted(struct pool_use *use, uint64_t now_ns, uint32_t most)
{
    uint64_t taken = 0;

    seconds_pass(use, now_ns);
    for (size_t i = 0; i < POOL_SECONDS; i++)
        taken += use->taken[i];
    if (!taken && (!use->used_ns || now_ns - use->used_ns > POOL_SECONDS * NS_PER_S))
        return 0;
    return taken / POOL_TAKEN_FOR_ONE + 1 < most ? (uint32_t)(taken / POOL_TAKEN_FOR_ONE) + 1 : most;
}
