/* SPDX-License-Identifier: Apache-2.0 */
/* Start 200 processes at once, where the policy allows fewer. */
#include <signal.h>

#include "attempt.h"

int main(void)
{
    pid_t children[200];
    int count = 0, fork_errno = 0;

    while (count < 200) {
        pid_t child = fork();

        if (child == 0) {
            pause();
            _exit(0);
        }
        if (child < 0) {
            fork_errno = errno;
            break;
        }
        children[count++] = child;
    }
    for (int i = 0; i < count; i++) {
        kill(children[i], SIGKILL);
        waitpid(children[i], NULL, 0);
    }
    if (count == 200)
        succeeded("200 processes");
    errno = fork_errno;
    refused("fork");
}
