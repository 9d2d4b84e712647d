/* SPDX-License-Identifier: Apache-2.0 */
/* Use any descriptor above 2 that was there at the start. Argument: how many the start may have
 * (none). */
#include "attempt.h"

int main(void)
{
    for (int fd = 3; fd < 4096; fd++)
        if (fcntl(fd, F_GETFD) >= 0)
            succeeded("a descriptor of the caller is open");
    refused("use of descriptors 3 to 4095");
}
