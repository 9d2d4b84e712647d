/* SPDX-License-Identifier: Apache-2.0 */
/* Write to a file through a shared mapping, upgraded with mprotect. Argument: path. */
#include <sys/mman.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1);
    int fd = open(path, O_RDWR);
    char *map;

    if (fd < 0)
        fd = open(path, O_RDONLY);
    if (fd < 0)
        refused("open");
    map = mmap(NULL, 1, PROT_READ, MAP_SHARED, fd, 0);
    if (map == MAP_FAILED)
        refused("mmap");
    if (mprotect(map, 1, PROT_READ | PROT_WRITE) < 0)
        refused("mprotect of a shared mapping");
    map[0] = '!';
    decide(msync(map, 1, MS_SYNC), "write through a shared mapping");
}
