/* SPDX-License-Identifier: Apache-2.0 */
/* Stand in a directory that the host moves out of the workspace, then climb. Arguments: directory
 * to stand in, file that appears when it was moved, marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *directory = argument(argc, argv, 1), *moved = argument(argc, argv, 2);
    char ready[4096];
    int fd;

    snprintf(ready, sizeof(ready), "%s/ready", directory);
    if (chdir(directory) < 0 || mknod("ready", S_IFREG | 0644, 0) < 0)
        broken("chdir");
    if (!wait_for_path(moved, ATTEMPT_DEADLINE_MS)) {
        errno = ETIMEDOUT;
        broken("the host did not move the directory");
    }
    fd = open("../secret", O_RDONLY);
    if (fd < 0)
        refused("open of ../secret");
    if (descriptor_holds(fd, argument(argc, argv, 3)))
        succeeded("climbed out of the moved directory");
    refused_because("open of ../secret: another object");
}
