/* SPDX-License-Identifier: Apache-2.0 */
/* Read addresses of the kernel from /proc/kallsyms. */
#include "attempt.h"

int main(void)
{
    FILE *file = fopen("/proc/kallsyms", "r");
    unsigned long long address;
    char line[256];

    if (!file)
        refused("open of /proc/kallsyms");
    for (int i = 0; i < 1000 && fgets(line, sizeof(line), file); i++)
        if (sscanf(line, "%llx", &address) == 1 && address >= 0xffff000000000000ULL)
            succeeded("an address of the kernel");
    refused_because("all addresses read as zero");
}
