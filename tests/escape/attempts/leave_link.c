/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Change the mode of a file, or have it changed by whoever removes the private directories at the end: a link to it lies
 * in directories of which nothing can be removed. Argument: path.
 */
#include "attempt.h"

static void plant(const char *directory, const char *target)
{
    char name[4200];

    snprintf(name, sizeof(name), "%s/link", directory);
    if (symlink(target, name) == 0)
        chmod(directory, 0500);
}

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1), *private = getenv("TMPDIR");
    char below[4100], above[4100];
    int result = chmod(path, 0700), reason = errno;

    if (result == 0)
        succeeded("chmod");
    snprintf(below, sizeof(below), "%s/below", private ? private : "/tmp");
    snprintf(above, sizeof(above), "%s/..", private ? private : "/tmp");
    if (mkdir(below, 0700) != 0)
        broken("mkdir");
    plant(below, path);
    plant(above, path);
    errno = reason;
    refused("chmod");
}
