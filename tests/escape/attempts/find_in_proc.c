/* SPDX-License-Identifier: Apache-2.0 */
/* Search a file of every process that /proc shows, other than our own, for a marker.
 * Arguments: file (environ, cmdline, ...), marker. */
#include <dirent.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *file = argument(argc, argv, 1), *marker = argument(argc, argv, 2);
    DIR *dir = opendir("/proc");
    struct dirent *entry;
    int last_errno = 0;

    if (!dir)
        refused("opendir of /proc");
    while ((entry = readdir(dir))) {
        char path[300];
        int fd;

        if (strspn(entry->d_name, "0123456789") != strlen(entry->d_name) ||
            strtol(entry->d_name, NULL, 10) == getpid())
            continue;
        snprintf(path, sizeof(path), "/proc/%.20s/%s", entry->d_name, file);
        fd = open(path, O_RDONLY);
        if (fd < 0) {
            last_errno = errno;
            continue;
        }
        if (descriptor_holds(fd, marker))
            succeeded("the marker was found in another process");
        close(fd);
    }
    if (last_errno) {
        errno = last_errno;
        refused("open of other processes' files");
    }
    refused_because("no process shows it");
}
