/* SPDX-License-Identifier: Apache-2.0 */
/* Write into a file with every call that does not need a write(): fallocate, copy_file_range,
 * FICLONE, sendfile, ftruncate, on a descriptor that is open for reading only. Arguments: path,
 * other file. */
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/sendfile.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1);
    int other = open(argument(argc, argv, 2), O_RDONLY), fd = open(path, O_RDWR);

    if (other < 0)
        broken("open of the other file");
    if (fd >= 0) {
        if (copy_file_range(other, NULL, fd, NULL, 4, 0) > 0)
            succeeded("copy_file_range");
        decide(fallocate(fd, 0, 0, 4096), "fallocate");
    }
    fd = open(path, O_RDONLY);
    if (fd < 0)
        refused("open");
    if (copy_file_range(other, NULL, fd, NULL, 4, 0) > 0 || fallocate(fd, 0, 0, 4096) == 0 ||
        ioctl(fd, FICLONE, other) == 0 || sendfile(fd, other, NULL, 4) > 0)
        succeeded("a call that writes took a descriptor open for reading");
    decide(ftruncate(fd, 0), "copy_file_range, fallocate, FICLONE, sendfile, ftruncate");
}
