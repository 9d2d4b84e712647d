/* SPDX-License-Identifier: Apache-2.0 */
/* The table of tiers: one row each. */
#include "tier/tier.h"

#include <string.h>

#include "tier/process/process.h"

static const struct tier_ops *const tiers[] = {
    &tier_process,
    NULL,
};

const struct tier_ops *tier_find(const char *name)
{
    for (size_t i = 0; tiers[i]; i++)
        if (strcmp(tiers[i]->name, name) == 0)
            return tiers[i];
    return NULL;
}

void tiers_leave(void)
{
    for (size_t i = 0; tiers[i]; i++)
        tiers[i]->leave();
}
