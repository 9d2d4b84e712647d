/* SPDX-License-Identifier: Apache-2.0 */
/* Have the terminal itself type the answer to the question about us: it is asked to, all the time. Arguments: file, its marker. */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    const char *path = argument(argc, argv, 1), *marker = argument(argc, argv, 2);
    pid_t child = fork();
    int fd, errnum;

    if (child < 0)
        broken("fork");
    while (child == 0) {
        (void)!write(STDOUT_FILENO, "\005\033[6n", 5);
        pause_ms(50);
    }
    fd = open(path, O_RDONLY);
    errnum = errno;
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    errno = errnum;
    printf("\n");
    fflush(stdout);
    if (fd < 0)
        refused("open");
    if (descriptor_holds(fd, marker))
        succeeded("it was opened");
    refused_because("another object");
}
