/* SPDX-License-Identifier: Apache-2.0 */
/* Change pid 1 through /proc: its memory, its name, its rank for the out-of-memory killer. */
#include "attempt.h"

int main(void)
{
    int fd = open("/proc/1/mem", O_RDWR);

    if (fd >= 0)
        succeeded("memory of pid 1");
    fd = open("/proc/1/comm", O_WRONLY);
    if (fd >= 0 && write(fd, "escaped", 7) == 7)
        succeeded("name of pid 1");
    fd = open("/proc/1/oom_score_adj", O_WRONLY);
    if (fd < 0)
        refused("open for writing");
    decide(write(fd, "900", 3), "rank of pid 1 for the out-of-memory killer");
}
