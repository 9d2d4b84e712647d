/* SPDX-License-Identifier: Apache-2.0 */
/* Run a command below a parent that may be killed: its status comes back all the same. The effect
 * file says that the parent was killed. Arguments: effect file, -- command. */
#include "host.h"

int main(int argc, char **argv)
{
    char **command = command_after(argv);
    int status, last = 12;
    pid_t parent, done;

    (void)argc;
    prctl(PR_SET_CHILD_SUBREAPER, 1);
    parent = fork();
    if (parent == 0) {
        pid_t child = fork();

        if (child == 0) {
            execvp(command[0], command);
            die(command[0]);
        }
        if (child < 0 || waitpid(child, &status, 0) < 0)
            die("fork");
        _exit(status_of(status));
    }
    while ((done = wait(&status)) > 0) {
        if (done == parent && WIFSIGNALED(status))
            write_whole(argv[1], "killed\n");
        else
            last = status_of(status);
    }
    return last;
}
