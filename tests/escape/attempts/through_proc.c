/* SPDX-License-Identifier: Apache-2.0 */
/* Read a hidden file through /proc/self/root, /proc/self/cwd, /proc/thread-self and a climb of
 * `..`. Arguments: path, marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    static const char *const prefixes[] = {"/proc/self/root", "/proc/thread-self/root",
                                           "/proc/self/cwd/../../../../../../../../..",
                                           "/proc/self/root/../..", "/../../.."};
    const char *path = argument(argc, argv, 1), *marker = argument(argc, argv, 2);

    for (size_t i = 0; i < sizeof(prefixes) / sizeof(*prefixes); i++) {
        char name[8192];
        int fd;

        snprintf(name, sizeof(name), "%s%s", prefixes[i], path);
        fd = open(name, O_RDONLY);
        if (fd >= 0 && descriptor_holds(fd, marker))
            succeeded(prefixes[i]);
    }
    refused("open through /proc and ..");
}
