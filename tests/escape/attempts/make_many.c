/* SPDX-License-Identifier: Apache-2.0 */
/* Make many empty files: each takes memory of the kernel, and none takes room. Arguments: directory, how many. */
#include "attempt.h"

static void name_file(char *path, size_t size, const char *directory, long number)
{
    snprintf(path, size, "%s/%ld", directory, number);
}

int main(int argc, char **argv)
{
    char directory[200], path[256];
    long count = number_argument(argc, argv, 2), made = 0;
    int error = 0;

    snprintf(directory, sizeof(directory), "%s/cordon-escape-many.%ld", argument(argc, argv, 1), (long)getpid());
    if (mkdir(directory, 0700) < 0)
        broken("mkdir");
    for (; made < count && !error; made++) {
        name_file(path, sizeof(path), directory, made);
        error = mknod(path, S_IFREG | 0600, 0) < 0 ? errno : 0;
    }
    for (long i = 0; i < made; i++) {
        name_file(path, sizeof(path), directory, i);
        unlink(path);
    }
    rmdir(directory);
    errno = error;
    decide(error ? -1 : 0, "mknod");
}
