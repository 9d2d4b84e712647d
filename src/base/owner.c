/* SPDX-License-Identifier: Apache-2.0 */
/* Owners. /proc/self/uid_map holds at most 340 lines (user_namespaces(7)): first id inside, first outside, count. */
#include "base/owner.h"

#include <stdio.h>

const char *owner_secret_fault(uid_t uid, mode_t mode, uid_t caller)
{
    if (uid != caller && uid != 0)
        return "belongs to another user, who could change it: have a file of your own";
    return mode & (uid == caller ? 077 : 027) ? "can be read or written by others: chmod 600 it" : NULL;
}

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
