/* SPDX-License-Identifier: Apache-2.0 */
/* Execute a program that would give more rights (set-user-id, file capabilities, root's exec) and
 * see whether it did. With no argument it is that program: it prints its effective uid and
 * capabilities. Arguments: program, own uid. */
#include "attempt.h"

static unsigned long long effective_set(void)
{
    FILE *file = fopen("/proc/self/status", "r");
    unsigned long long set = 0;
    char line[256];

    while (file && fgets(line, sizeof(line), file))
        if (sscanf(line, "CapEff:\t%llx", &set) == 1)
            break;
    return set;
}

int main(int argc, char **argv)
{
    char text[64] = "";
    unsigned long long set;
    int pipe_fds[2], uid;
    pid_t child;

    if (argc == 1)
        return printf("%d %llx\n", (int)geteuid(), effective_set()) < 0;
    if (pipe(pipe_fds) < 0)
        broken("pipe");
    child = fork();
    if (child == 0) {
        dup2(pipe_fds[1], STDOUT_FILENO);
        execl(argv[1], argv[1], (char *)NULL);
        _exit(errno == EPERM ? 1 : 127);
    }
    close(pipe_fds[1]);
    if (read(pipe_fds[0], text, sizeof(text) - 1) <= 0)
        refused_because("the program was not executed");
    if (sscanf(text, "%d %llx", &uid, &set) != 2)
        broken("what the program says");
    if (uid != (int)getuid())
        succeeded("another effective user");
    if (set != 0)
        succeeded("capabilities after exec");
    refused_because("no gain: the same user, no capability");
}
