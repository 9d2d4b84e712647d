/* SPDX-License-Identifier: Apache-2.0 */
/* Open a file for reading and reopen it for writing through the names that /proc gives it.
 * Argument: path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    static const char *const patterns[] = {"/proc/self/fd/%d", "/dev/fd/%d",
                                           "/proc/thread-self/fd/%d"};
    int reading = open(argument(argc, argv, 1), O_RDONLY);
    int path_only = open(argument(argc, argv, 1), O_PATH);

    if (reading < 0)
        refused("open");
    for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
        for (int which = 0; which < 2; which++) {
            char name[64];
            int fd;

            snprintf(name, sizeof(name), patterns[i], which ? path_only : reading);
            fd = open(name, O_WRONLY | O_APPEND);
            if (fd >= 0)
                decide(write(fd, "escaped\n", 8), "write to the reopened descriptor");
        }
    }
    refused("reopen for writing");
}
