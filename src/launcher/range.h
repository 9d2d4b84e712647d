/* SPDX-License-Identifier: Apache-2.0 */
/* The uids and gids that containers are given: nobody else's, as far as this machine says who has which. */
#ifndef CORDON_LAUNCHER_RANGE_H
#define CORDON_LAUNCHER_RANGE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/error.h"

#define RANGE_BLOCK   256u /* uids that are given to one caller together */
#define RANGE_MAX     (1u << 20)
/* Behind what systemd and shadow ever give to anybody (systemd's UIDS-GIDS: 0x70000000 on is free). */
#define RANGE_FIRST   1879048192u
#define RANGE_COUNT   65536u

struct range {
    uint32_t first, count; /* count is a multiple of RANGE_BLOCK */
};

static inline bool range_has(const struct range *range, uint32_t id)
{
    return id >= range->first && id - range->first < range->count;
}

/* "1879048192-1879113727". */
int range_parse(const char *text, struct range *ret_range, struct error *err) must_check;

/* Refused where an account, a group, a subordinate range or systemd has one of them; `etc` is "/etc". */
int range_check(const struct range *range, const char *etc, struct error *err) must_check;

#endif
