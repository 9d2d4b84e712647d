/* SPDX-License-Identifier: Apache-2.0 */
/* Open the caller's controlling terminal, which none of our descriptors is, and write to it. */
#include "attempt.h"

int main(void)
{
    int fd = open("/dev/tty", O_RDWR);

    if (fd < 0)
        refused("open of /dev/tty");
    decide(write(fd, "escaped\n", 8), "write to /dev/tty");
}
