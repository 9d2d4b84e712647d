/* SPDX-License-Identifier: Apache-2.0 */
/* Change the mode of a file, through its name and through a descriptor. Argument: path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1);
    int fd = open(path, O_RDONLY);

    if (fd >= 0 && fchmod(fd, 0777) == 0)
        succeeded("fchmod");
    decide(chmod(path, 0777), "chmod");
}
