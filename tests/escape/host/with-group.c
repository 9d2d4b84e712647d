/* SPDX-License-Identifier: Apache-2.0 */
/* Run a command in a process group that has another program of the caller in it. The effect file
 * says that the other one was signalled. Arguments: effect file, -- command. */
#include "host.h"

/* Of two waiting signals the kernel gives the one with the lower number first: SIGTERM before
 * SIGURG. */
static int wait_for_signal(const sigset_t *set)
{
    int number;

    return sigwait(set, &number) == 0 && number == SIGTERM;
}

int main(int argc, char **argv)
{
    char **command = command_after(argv);
    pid_t neighbour, child;
    int status, neighbour_status;
    sigset_t set, old;

    (void)argc;
    setsid();
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGURG);
    sigprocmask(SIG_BLOCK, &set, &old);
    neighbour = fork();
    if (neighbour == 0)
        _exit(wait_for_signal(&set));
    child = fork();
    if (child == 0) {
        sigprocmask(SIG_SETMASK, &old, NULL);
        execvp(command[0], command);
        die(command[0]);
    }
    if (neighbour < 0 || child < 0 || waitpid(child, &status, 0) < 0)
        die("fork");
    kill(neighbour, SIGURG);
    if (waitpid(neighbour, &neighbour_status, 0) == neighbour && WEXITSTATUS(neighbour_status) == 1)
        write_whole(argv[1], "signalled\n");
    return status_of(status);
}
