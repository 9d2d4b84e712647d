/* SPDX-License-Identifier: Apache-2.0 */
/* Leave descriptors open across the launch, as a careless caller does. Arguments: NUMBER:KIND:PATH
 * (r read, w write, d directory, p O_PATH), -- command. */
#include "host.h"

int main(int argc, char **argv)
{
    char **command = command_after(argv);

    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        char kind, path[4096];
        int number, fd;

        if (sscanf(argv[i], "%d:%c:%4095s", &number, &kind, path) != 3) {
            errno = EINVAL;
            die(argv[i]);
        }
        fd = open(path, kind == 'w'   ? O_WRONLY | O_APPEND
                        : kind == 'd' ? O_RDONLY | O_DIRECTORY
                        : kind == 'p' ? O_PATH
                                      : O_RDONLY);
        if (fd < 0 || dup2(fd, number) < 0)
            die(path);
        if (fd != number)
            close(fd);
    }
    execvp(command[0], command);
    die(command[0]);
}
