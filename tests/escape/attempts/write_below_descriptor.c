/* SPDX-License-Identifier: Apache-2.0 */
/* Write to a file below an inherited directory descriptor. Arguments: number, name in it. */
#include "attempt.h"

int main(int argc, char **argv)
{
    int fd =
        openat((int)number_argument(argc, argv, 1), argument(argc, argv, 2), O_WRONLY | O_APPEND);

    if (fd < 0)
        refused("openat below the descriptor");
    decide(write(fd, "escaped\n", 8), "write");
}
