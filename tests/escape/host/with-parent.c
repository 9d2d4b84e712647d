/* SPDX-License-Identifier: Apache-2.0 */
/* Run a command below a parent that may be killed: its status comes back all the same. The effect
 * file says that the parent was killed. Arguments: effect file, -- command. */
#include "host.h"

int main(int argc, char **argv)
{
    char **command = command_after(argv);
    int status, last = 12, pids[2];
    pid_t parent, attempt = 0, done;

    (void)argc;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    if (pipe(pids) < 0)
        die("pipe");
    parent = fork();
    if (parent == 0) {
        pid_t child = fork();

        if (child == 0) {
            attempt = getpid();
            if (write(pids[1], &attempt, sizeof(attempt)) != sizeof(attempt))
                die("write");
            close(pids[0]);
            close(pids[1]);
            execvp(command[0], command);
            die(command[0]);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0)
            die("fork");
        _exit(status_of(status));
    }
    close(pids[1]);
    if (parent < 0 || read(pids[0], &attempt, sizeof(attempt)) != sizeof(attempt))
        die("fork");
    /* Others that the launcher leaves behind come to us as well and do not count. */
    while ((done = wait(&status)) > 0) {
        if (done == parent && WIFSIGNALED(status))
            write_whole(argv[1], "killed\n");
        else if (done == parent || done == attempt)
            last = status_of(status);
    }
    return last;
}
