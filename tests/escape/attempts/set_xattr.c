/* SPDX-License-Identifier: Apache-2.0 */
/* Set an extended attribute, and the inode flags. Argument: path. */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1);
    int fd = open(path, O_RDONLY), flags;

    if (fd >= 0 && ioctl(fd, FS_IOC_GETFLAGS, &flags) == 0) {
        flags |= FS_NODUMP_FL;
        if (ioctl(fd, FS_IOC_SETFLAGS, &flags) == 0)
            succeeded("inode flags");
    }
    decide(setxattr(path, "user.cordon-escape", "1", 1, 0), "setxattr");
}
