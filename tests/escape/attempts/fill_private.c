/* SPDX-License-Identifier: Apache-2.0 */
/* Write 64 MiB to the private file system, limited to less. Argument: directory. */
#include "attempt.h"

int main(int argc, char **argv)
{
    static char block[1 << 20];
    char path[4096];
    int fd;

    snprintf(path, sizeof(path), "%s/cordon-escape-fill.%ld", argument(argc, argv, 1),
             (long)getpid());
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        broken("create");
    unlink(path);
    memset(block, 1, sizeof(block));
    for (int i = 0; i < 64; i++)
        if (write(fd, block, sizeof(block)) != (ssize_t)sizeof(block))
            refused("write");
    succeeded("64 MiB were written");
}
