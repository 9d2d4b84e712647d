/* SPDX-License-Identifier: Apache-2.0 */
/* Find a mount of the host in our own list of mounts: a /sys, a control group, or a second mount of
 * the root directory. */
#include "attempt.h"

int main(void)
{
    FILE *file = fopen("/proc/self/mountinfo", "r");
    char line[4096], point[2048];
    int roots = 0;

    if (!file)
        refused("open of the list of mounts");
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%*d %*d %*s %*s %2047s", point) != 1)
            continue;
        roots += strcmp(point, "/") == 0;
        if (strncmp(point, "/sys", 4) == 0)
            succeeded("the host's /sys is mounted");
    }
    if (roots > 1)
        succeeded("the root directory is mounted more than once");
    refused_because("no mount but those of the plan");
}
