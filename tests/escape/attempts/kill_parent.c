/* SPDX-License-Identifier: Apache-2.0 */
/* End the process that started us: the supervisor. */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    bool is_stop = argc > 1 && strcmp(argv[1], "stop") == 0;
    pid_t parent = getppid();

    if (parent <= 0)
        refused_because("the parent has no pid here");
    if (kill(parent, is_stop ? SIGSTOP : SIGKILL) < 0)
        refused("kill of the parent");
    if (is_stop) {
        pause_ms(100);
        kill(parent, SIGCONT);
        succeeded("the parent was stopped");
    }
    for (long long end = now_ms() + 300; now_ms() < end; pause_ms(5))
        if (getppid() != parent)
            succeeded("the parent is gone");
    refused_because("the parent ignores it");
}
