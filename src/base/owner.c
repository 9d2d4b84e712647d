/* SPDX-License-Identifier: Apache-2.0 */
/* Owners. /proc/self/uid_map holds at most 340 lines (user_namespaces(7)): first id inside, first outside, count. */
#include "base/owner.h"

#include <stdio.h>

bool owner_is_mapped(uid_t uid)
{
    FILE *map = fopen("/proc/self/uid_map", "re");
    unsigned first, outside, count;
    bool is_mapped = !map;

    while (map && !is_mapped && fscanf(map, "%u %u %u", &first, &outside, &count) == 3)
        is_mapped = uid >= first && uid - first < count;
    if (map)
        fclose(map);
    return is_mapped;
}
