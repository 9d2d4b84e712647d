/* SPDX-License-Identifier: Apache-2.0 */
#include "sensor/gaps.h"

#include <string.h>

static uint64_t *word_of(struct gaps *gaps, uint64_t serial)
{
    return &gaps->seen[serial % GAPS_WINDOW / 64];
}

static uint64_t bit_of(uint64_t serial)
{
    return 1ull << serial % 64;
}

/* They are awaited no longer. */
static void give_up(struct gaps *gaps, uint64_t until)
{
    for (; gaps->oldest < until; gaps->oldest++) {
        uint64_t *word = word_of(gaps, gaps->oldest);

        gaps->missing += !(*word & bit_of(gaps->oldest));
        *word &= ~bit_of(gaps->oldest);
    }
}

void gaps_see(struct gaps *gaps, uint64_t serial)
{
    if (gaps->has_begun && serial < gaps->oldest && gaps->oldest - serial > UINT32_MAX / 2)
        gaps->has_begun = false; /* the kernel's numbers have 32 bits */
    if (!gaps->has_begun) {
        gaps->has_begun = true;
        gaps->next = gaps->oldest = gaps->settled = serial;
        memset(gaps->seen, 0, sizeof(gaps->seen));
    }
    if (serial < gaps->oldest)
        return; /* before this program listened, or counted as lost */
    if (serial - gaps->oldest >= 2 * (uint64_t)GAPS_WINDOW) { /* a leap: all that was awaited, and what lies between */
        give_up(gaps, gaps->next);
        gaps->missing += serial - gaps->next;
        gaps->oldest = serial;
    } else if (serial - gaps->oldest >= GAPS_WINDOW) {
        give_up(gaps, serial - GAPS_WINDOW + 1);
    }
    *word_of(gaps, serial) |= bit_of(serial);
    if (serial >= gaps->next)
        gaps->next = serial + 1;
}

uint64_t gaps_settle(struct gaps *gaps)
{
    uint64_t missing;

    if (gaps->settled > gaps->oldest)
        give_up(gaps, gaps->settled);
    gaps->settled = gaps->next;
    missing = gaps->missing;
    gaps->missing = 0;
    return missing;
}
