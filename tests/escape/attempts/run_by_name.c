/* SPDX-License-Identifier: Apache-2.0 */
/* Execute a program by its name, looked up in PATH, as a careless supervisor would. Argument: name.
 */
#include "attempt.h"

int main(int argc, char **argv)
{
    const char *name = argument(argc, argv, 1);
    pid_t child = fork();
    int status;

    if (child == 0) {
        execlp(name, name, (char *)NULL);
        _exit(errno == ENOENT ? 2 : 1);
    }
    if (child < 0 || waitpid(child, &status, 0) < 0)
        broken("fork");
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        succeeded("the planted program ran");
    refused_because("the planted program could not do it");
}
