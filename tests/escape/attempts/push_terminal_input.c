/* SPDX-License-Identifier: Apache-2.0 */
/* Type into the caller's terminal with TIOCSTI, through stdin and /dev/tty. Argument: bits to set
 * above the 32 that the kernel looks at. */
#include <sys/ioctl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    unsigned long request = TIOCSTI | (unsigned long)number_argument(argc, argv, 1) << 32;
    const char *text = "echo escaped\n";
    int tty = open("/dev/tty", O_RDWR);
    int fds[] = {STDIN_FILENO, tty};

    for (size_t i = 0; i < 2; i++) {
        const char *at = text;

        while (fds[i] >= 0 && *at && syscall(SYS_ioctl, fds[i], request, at) == 0)
            at++;
        if (!*at)
            succeeded("TIOCSTI");
    }
    refused("TIOCSTI");
}
