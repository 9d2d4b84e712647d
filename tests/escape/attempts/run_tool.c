/* SPDX-License-Identifier: Apache-2.0 */
/* Ask the daemon of our user by its own tool. Arguments: the daemon's socket, marker, program, its arguments. It succeeds when the tool
 * does and, unless the marker is "-", says it. */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *control = argument(argc, argv, 1), *marker = argument(argc, argv, 2);
    char *program = argv[3];
    int status, said[2];
    bool is_said;
    pid_t child;

    argument(argc, argv, 3);
    if (access(program, X_OK) < 0)
        broken("the tool is not here");
    if (pipe(said) < 0 || (child = fork()) < 0)
        broken("fork");
    if (child == 0) {
        setenv("CORDON_CONTROL", control, 1);
        setenv("CORDON_DAEMON", "required", 1);
        setenv("HOME", "/tmp", 0);
        dup2(said[1], STDOUT_FILENO);
        close(said[0]);
        execv(program, argv + 3);
        _exit(126);
    }
    close(said[1]);
    is_said = descriptor_holds(said[0], marker);
    if (waitpid(child, &status, 0) < 0)
        broken("wait");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0 && (is_said || strcmp(marker, "-") == 0))
        succeeded("the daemon did it");
    refused_because("the daemon did not do it");
}
