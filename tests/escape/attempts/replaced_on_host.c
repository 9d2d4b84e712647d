/* SPDX-License-Identifier: Apache-2.0 */
/* Wait until the host has replaced an object by a rename, as editors do, then read or write the new
 * one. Arguments: path, file to create when ready, file that appears when it was replaced, kind
 * (read or write), marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1);
    bool is_write = strcmp(argument(argc, argv, 4), "write") == 0;
    int fd;

    if (mknod(argument(argc, argv, 2), S_IFREG | 0644, 0) < 0)
        broken("ready file");
    if (!wait_for_path(argument(argc, argv, 3), ATTEMPT_DEADLINE_MS)) {
        errno = ETIMEDOUT;
        broken("the host did not replace the file");
    }
    fd = open(path, is_write ? O_WRONLY | O_APPEND : O_RDONLY);
    if (fd < 0)
        refused("open");
    if (is_write)
        decide(write(fd, "escaped\n", 8), "write");
    if (descriptor_holds(fd, argument(argc, argv, 5)))
        succeeded("the new content was read");
    refused_because("open: not the new object");
}
