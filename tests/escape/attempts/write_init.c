/* SPDX-License-Identifier: Apache-2.0 */
/* Change pid 1 through /proc: its memory, its name, its rank for the out-of-memory killer. */
#include "attempt.h"

/* What was written may have gone to another process' file of that name: it must be seen where it
 * was meant to go. */
static bool has_become(const char *path, const char *text)
{
    int fd = open(path, O_RDONLY);

    return fd >= 0 && descriptor_holds(fd, text);
}

static bool changes(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY);

    return fd >= 0 && write(fd, text, strlen(text)) > 0 && has_become(path, text);
}

static bool has_memory(void)
{
    char name[64], target[64] = "";
    int fd = open("/proc/1/mem", O_RDWR);

    snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
    return fd >= 0 && readlink(name, target, sizeof(target) - 1) > 0 &&
           strncmp(target, "/proc/1/", strlen("/proc/1/")) == 0;
}

int main(void)
{
    if (has_memory())
        succeeded("memory of pid 1");
    if (changes("/proc/1/comm", "escaped"))
        succeeded("name of pid 1");
    if (changes("/proc/1/oom_score_adj", "900"))
        succeeded("rank of pid 1 for the out-of-memory killer");
    refused_because("nothing of pid 1 changed");
}
