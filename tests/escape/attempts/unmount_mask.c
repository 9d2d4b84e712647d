/* SPDX-License-Identifier: Apache-2.0 */
/* Unmount what covers a denied object and read it. Arguments: path, marker. */
#include <sys/mount.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1);
    int fd;

    if (umount2(path, MNT_DETACH) < 0)
        refused("umount2");
    fd = open(path, O_RDONLY);
    if (fd >= 0 && descriptor_holds(fd, argument(argc, argv, 2)))
        succeeded("umount2 uncovered it");
    refused("open after umount2");
}
