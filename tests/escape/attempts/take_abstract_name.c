/* SPDX-License-Identifier: Apache-2.0 */
/* Take a name among the host's abstract sockets with one end of a pair, so that no service can have it. Arguments:
 * name, file to create when it is taken, file that appears when the host has looked. */
#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const char *name = argument(argc, argv, 1);
    size_t length = strlen(name);
    int pair[2];

    if (length >= sizeof(address.sun_path))
        broken("name");
    memcpy(address.sun_path + 1, name, length);
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) < 0)
        refused("socketpair");
    if (bind(pair[0], (struct sockaddr *)&address, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + length)) < 0)
        refused("bind");
    if (mknod(argument(argc, argv, 2), S_IFREG | 0644, 0) < 0)
        broken("ready file");
    if (!wait_for_path(argument(argc, argv, 3), ATTEMPT_DEADLINE_MS)) {
        errno = ETIMEDOUT;
        broken("the host did not look");
    }
    succeeded("bound");
}
