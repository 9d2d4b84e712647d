/* SPDX-License-Identifier: Apache-2.0 */
/* What an earlier one left where everybody may write. Arguments: leave or find, marker. */
#include <sys/shm.h>

#include "attempt.h"

static const char *const places[] = {"/tmp", "/dev/shm", "/var/tmp", "/run/lock", NULL};

int main(int argc, char **argv)
{
    bool leaves = strcmp(argument(argc, argv, 1), "leave") == 0;
    const char *marker = argument(argc, argv, 2), *home = getenv("HOME");
    int left = 0;

    for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
        char path[4096];
        int fd;

        snprintf(path, sizeof(path), "%s/cordon-escape-%s", places[i] ? places[i] : home ? home : "/root", marker);
        fd = open(path, leaves ? O_WRONLY | O_CREAT | O_EXCL : O_RDONLY, 0644);
        if (fd < 0)
            continue;
        left++;
        if (leaves && write(fd, marker, strlen(marker)) < 0)
            broken("write");
        if (!leaves)
            succeeded("what another one left was found");
        close(fd);
    }
    if (!leaves)
        refused_because("nothing of another one is there");
    if (!left)
        broken("nothing could be left");
    succeeded("left");
}
