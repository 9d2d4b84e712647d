/* SPDX-License-Identifier: Apache-2.0 */
/* Enter, list, or look through a denied directory, by absolute and by relative names. Arguments:
 * directory, name in it. */
#include <dirent.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *directory = argument(argc, argv, 1), *name = argument(argc, argv, 2);
    int fd = open(directory, O_PATH | O_DIRECTORY), inner;
    char path[4096];
    struct stat st;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    if (stat(path, &st) == 0)
        succeeded("stat of what is in it");
    if (fd >= 0) {
        inner = openat(fd, name, O_RDONLY);
        if (inner >= 0)
            succeeded("openat below a path descriptor");
        if (fchdir(fd) == 0 && stat(name, &st) == 0)
            succeeded("fchdir and a relative name");
    }
    if (chdir(directory) == 0 && stat(name, &st) == 0)
        succeeded("chdir and a relative name");
    decide(open(directory, O_RDONLY | O_DIRECTORY), "open of the directory");
}
