/* SPDX-License-Identifier: Apache-2.0 */
/* Make a read-only mount writable again, then write. Arguments: mount point, file below it. */
#include <linux/mount.h>
#include <sys/mount.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *point = argument(argc, argv, 1);
    struct mount_attr attributes = {.attr_clr = MOUNT_ATTR_RDONLY};
    int fd;

    if (mount(NULL, point, NULL, MS_REMOUNT | MS_BIND, NULL) < 0 &&
        syscall(SYS_mount_setattr, AT_FDCWD, point, 0, &attributes, sizeof(attributes)) < 0)
        refused("remount");
    fd = open(argument(argc, argv, 2), O_WRONLY | O_APPEND);
    if (fd < 0)
        refused("open after the remount");
    decide(write(fd, "escaped\n", 8), "write after the remount");
}
