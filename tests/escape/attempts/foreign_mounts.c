/* SPDX-License-Identifier: Apache-2.0 */
/* Find a mount of the host in our own list of mounts: a control group, a /sys, a writable /proc, or a
 * second mount of the root directory. */
#include "attempt.h"

int main(void)
{
    FILE *file = fopen("/proc/self/mountinfo", "r");
    char line[4096], point[2048], options[256];
    int roots = 0;

    if (!file)
        refused("open of the list of mounts");
    while (fgets(line, sizeof(line), file)) {
        if (sscanf(line, "%*d %*d %*s %*s %2047s %255s", point, options) != 2)
            continue;
        roots += strcmp(point, "/") == 0;
        if (strncmp(point, "/sys", 4) == 0)
            succeeded("the host's /sys is mounted");
        if (strcmp(point, "/proc") == 0 && strncmp(options, "rw", 2) == 0)
            succeeded("/proc is mounted writable");
    }
    if (roots > 1)
        succeeded("the root directory is mounted more than once");
    refused_because("no mount but those of the plan");
}
