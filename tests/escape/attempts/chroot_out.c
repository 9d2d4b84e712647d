/* SPDX-License-Identifier: Apache-2.0 */
/* The classic: keep a descriptor of the root, chroot below it, step out through the descriptor.
 * Arguments: path outside, marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    int root = open("/", O_RDONLY | O_DIRECTORY), fd;

    if (root < 0)
        refused("open of the root directory");
    if (mkdir("jail", 0755) < 0 && errno != EEXIST)
        broken("the jail directory");
    if (chroot("jail") < 0)
        refused("chroot");
    if (fchdir(root) < 0)
        refused("fchdir");
    for (int i = 0; i < 64; i++)
        if (chdir("..") < 0)
            break;
    if (chroot(".") < 0)
        refused("second chroot");
    fd = open(argument(argc, argv, 1), O_RDONLY);
    if (fd >= 0 && descriptor_holds(fd, argument(argc, argv, 2)))
        succeeded("stepped out of the chroot");
    refused("open after stepping out");
}
