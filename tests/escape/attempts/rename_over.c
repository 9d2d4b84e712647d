/* SPDX-License-Identifier: Apache-2.0 */
/* Rename an object of our own onto a path. Arguments: path to replace, scratch path, kind (file or
 * directory). */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1), *own = argument(argc, argv, 2);

    if (strcmp(argument(argc, argv, 3), "directory") == 0) {
        if (mkdir(own, 0755) < 0)
            broken("mkdir of our own");
        if (syscall(SYS_renameat2, AT_FDCWD, own, AT_FDCWD, path, 2 /* RENAME_EXCHANGE */) < 0)
            refused("rename of a directory onto it");
        succeeded("rename of a directory onto it");
    }
    if (mknod(own, S_IFREG | 0755, 0) < 0)
        broken("creation of our own file");
    decide(rename(own, path), "rename onto it");
}
