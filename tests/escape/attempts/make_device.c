/* SPDX-License-Identifier: Apache-2.0 */
/* Make a node of a harmless character device (full) where writing is allowed and open it. */
#include <sys/sysmacros.h>

#include "attempt.h"

int main(void)
{
    int fd;

    if (mknod("device", S_IFCHR | 0666, makedev(1, 7)) < 0)
        refused("mknod");
    fd = open("device", O_RDONLY);
    unlink("device");
    decide(fd, "open of a new device node");
}
