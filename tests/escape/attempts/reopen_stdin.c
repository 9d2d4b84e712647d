/* SPDX-License-Identifier: Apache-2.0 */
/* Reopen a standard descriptor, given for one direction only, for the other one. Arguments: number,
 * kind (read or write), marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    bool is_write = strcmp(argument(argc, argv, 2), "write") == 0;
    char path[64];
    int fd;

    snprintf(path, sizeof(path), "/proc/self/fd/%ld", number_argument(argc, argv, 1));
    fd = open(path, (is_write ? O_WRONLY | O_APPEND : O_RDONLY) | O_NONBLOCK);
    if (fd < 0)
        refused("reopen through /proc");
    if (is_write)
        decide(write(fd, "escaped\n", 8), "write through the reopened descriptor");
    if (descriptor_holds(fd, argument(argc, argv, 3)))
        succeeded("read through the reopened descriptor");
    refused_because("another object");
}
