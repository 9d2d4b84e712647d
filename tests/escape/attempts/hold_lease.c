/* SPDX-License-Identifier: Apache-2.0 */
/* Take a lease on a file that may be read: whoever opens it on the host then waits. Argument: path. */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    int fd = open(argument(argc, argv, 1), O_RDONLY);

    if (fd < 0)
        refused("open");
    signal(SIGIO, SIG_IGN);
    if (fcntl(fd, F_SETLEASE, F_WRLCK) == 0)
        succeeded("write lease");
    decide(fcntl(fd, F_SETLEASE, F_RDLCK), "read lease");
}
