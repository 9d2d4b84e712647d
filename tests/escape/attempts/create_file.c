/* SPDX-License-Identifier: Apache-2.0 */
/* Create a file that does not exist, its directories first. Argument: path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    char *path = strdup(argument(argc, argv, 1));
    int fd, errnum;

    for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        if (mkdir(path, 0755) < 0 && errno != EEXIST) {
            errnum = errno;
            if (access(path, F_OK) < 0) {
                errno = errnum;
                refused("mkdir");
            }
        }
        *slash = '/';
    }
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0)
        refused("create");
    decide(write(fd, "escaped\n", 8), "write");
}
