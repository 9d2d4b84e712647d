/* SPDX-License-Identifier: Apache-2.0 */
/* Open what may be opened, so that it is open to us, then another one. Arguments: the first, the other, the other's marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    char byte;
    int fd = open(argument(argc, argv, 1), O_RDONLY);

    if (fd < 0 || read(fd, &byte, 1) != 1)
        broken("the first, which is allowed");
    fd = open(argument(argc, argv, 2), O_RDONLY);
    if (fd < 0)
        refused("open");
    if (descriptor_holds(fd, argument(argc, argv, 3)))
        succeeded("the other was opened, too");
    refused_because("another object");
}
