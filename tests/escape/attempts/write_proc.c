/* SPDX-License-Identifier: Apache-2.0 */
/* Open anything of /proc for writing that is not about a process. Nothing is written. */
#include <ftw.h>

#include "attempt.h"

static int try_file(const char *path, const struct stat *st, int type, struct FTW *where)
{
    (void)st;
    (void)where;
    if (type == FTW_F && open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) >= 0)
        succeeded("a file was opened for writing");
    return 0;
}

int main(void)
{
    static const char *const trees[] = {
        "sys",           "irq",      "fs",       "bus",        "acpi",          "driver",
        "tty",           "scsi",     "pressure", "sysvipc",    "mtrr",          "kcore",
        "kmsg",          "slabinfo", "profile",  "timer_list", "sysrq-trigger", "latency_stats",
        "dynamic_debug", "keys",     "kallsyms", "swaps",      "mdstat"};
    char path[64];

    for (size_t i = 0; i < sizeof(trees) / sizeof(*trees); i++) {
        snprintf(path, sizeof(path), "/proc/%s", trees[i]);
        nftw(path, try_file, 16, FTW_PHYS);
    }
    refused_because("nothing there opens for writing");
}
