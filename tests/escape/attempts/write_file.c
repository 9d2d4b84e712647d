/* SPDX-License-Identifier: Apache-2.0 */
/* Append to a file that exists. Argument: path. */
#include "attempt.h"

int main(int argc, char **argv)
{
    int fd = open(argument(argc, argv, 1), O_WRONLY | O_APPEND);

    if (fd < 0)
        refused("open for writing");
    decide(write(fd, "escaped\n", 8), "write");
}
