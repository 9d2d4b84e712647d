/* SPDX-License-Identifier: Apache-2.0 */
/* Leave the session and make the caller's terminal our controlling one. */
#include <sys/ioctl.h>

#include "attempt.h"

int main(void)
{
    pid_t child = fork();
    int status;

    if (child < 0)
        broken("fork");
    if (child == 0) {
        setsid();
        /* 1 = take it even from another session, which root may. */
        _exit(ioctl(STDIN_FILENO, TIOCSCTTY, 1) == 0 ? 0 : errno);
    }
    if (waitpid(child, &status, 0) < 0 || !WIFEXITED(status))
        broken("waitpid");
    errno = WEXITSTATUS(status);
    decide(errno ? -1 : 0, "TIOCSCTTY");
}
