/* SPDX-License-Identifier: Apache-2.0 */
/* Remove a file and put another one under its name. Argument: path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1);
    int fd;

    if (unlink(path) < 0)
        refused("unlink");
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0755);
    if (fd < 0)
        succeeded("unlink");
    decide(write(fd, "escaped\n", 8), "unlink and create");
}
