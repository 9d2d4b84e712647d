/* SPDX-License-Identifier: Apache-2.0 */
/* TIOCLINUX, which can paste into a virtual console. The subcode used only asks for the shift
 * state. Argument: bits above the 32 that the kernel looks at. */
#include <sys/ioctl.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    unsigned long request = TIOCLINUX | (unsigned long)number_argument(argc, argv, 1) << 32;
    char subcode = 6; /* TIOCL_GETSHIFTSTATE */

    if (!isatty(STDIN_FILENO))
        broken("stdin is not the console");
    if (syscall(SYS_ioctl, STDIN_FILENO, request, &subcode) < 0)
        refused("TIOCLINUX");
    succeeded("TIOCLINUX");
}
