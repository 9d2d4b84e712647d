/* SPDX-License-Identifier: Apache-2.0 */
/* Open a terminal of the host by its name below /dev/pts. Argument: path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    int fd = open(argument(argc, argv, 1), O_RDWR | O_NOCTTY);

    if (fd < 0)
        refused("open below /dev/pts");
    decide(write(fd, "escaped\n", 8), "write to the terminal");
}
