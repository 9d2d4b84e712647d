/* SPDX-License-Identifier: Apache-2.0 */
/* Read through an inherited descriptor. Arguments: number, marker. */
#include "attempt.h"

int main(int argc, char **argv)
{
    int fd = (int)number_argument(argc, argv, 1);

    if (fcntl(fd, F_GETFD) < 0)
        refused("read of an inherited descriptor");
    if (descriptor_holds(fd, argument(argc, argv, 2)))
        succeeded("read of an inherited descriptor");
    refused_because("another descriptor");
}
