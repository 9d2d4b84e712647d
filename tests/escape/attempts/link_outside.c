/* SPDX-License-Identifier: Apache-2.0 */
/* Make a hard link to a file outside of the workspace and write through it. Arguments: file, new
 * name. */
#include "attempt.h"

int main(int argc, char **argv)
{
    int fd;

    if (link(argument(argc, argv, 1), argument(argc, argv, 2)) < 0)
        refused("link");
    fd = open(argument(argc, argv, 2), O_WRONLY | O_APPEND);
    if (fd < 0)
        refused("open of the new name");
    decide(write(fd, "escaped\n", 8), "write through the new name");
}
