/* SPDX-License-Identifier: Apache-2.0 */
/* Open, climb from and write below an inherited directory descriptor. Arguments: number, name in
 * it, marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    int directory = (int)number_argument(argc, argv, 1), fd;
    const char *name = argument(argc, argv, 2);
    char path[4096];

    fd = openat(directory, name, O_RDONLY);
    if (fd < 0) {
        snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", directory, name);
        fd = open(path, O_RDONLY);
    }
    if (fd < 0 && fchdir(directory) == 0)
        fd = open(name, O_RDONLY);
    if (fd < 0)
        refused("openat below the descriptor");
    if (descriptor_holds(fd, argument(argc, argv, 3)))
        succeeded("openat below the descriptor");
    refused_because("openat: another object");
}
