/* SPDX-License-Identifier: Apache-2.0 */
/* Leave descriptors open across the launch, as a careless caller does. Arguments: NUMBER:KIND:PATH
 * (r read, w write, d directory, p O_PATH, e epoll, u io_uring; the last two have no use of PATH),
 * -- command. */
#include <sys/epoll.h>
#include <sys/syscall.h>

#include "host.h"

static int open_kind(char kind, const char *path)
{
    char parameters[120] = {0};

    switch (kind) {
    case 'e':
        return epoll_create1(0);
    case 'u':
        return (int)syscall(SYS_io_uring_setup, 4, parameters);
    case 'w':
        return open(path, O_WRONLY | O_APPEND);
    case 'd':
        return open(path, O_RDONLY | O_DIRECTORY);
    case 'p':
        return open(path, O_PATH);
    default:
        return open(path, O_RDONLY);
    }
}

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
        fd = open_kind(kind, path);
        if (fd < 0 || dup2(fd, number) < 0)
            die(path);
        if (fd != number)
            close(fd); /* dup2 has left the new one open across the launch */
    }
    execvp(command[0], command);
    die(command[0]);
}
