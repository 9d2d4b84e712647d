/* SPDX-License-Identifier: Apache-2.0 */
/* Listen on a port of all addresses and wait for the host to connect. Arguments: port, file to
 * create when ready, file that appears when the host has tried. */
#include <netinet/in.h>
#include <sys/socket.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((uint16_t)number_argument(argc, argv, 1))};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0), one = 1;

    if (fd < 0)
        refused("socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
    if (bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0)
        refused("bind");
    if (listen(fd, 4) < 0)
        refused("listen");
    if (mknod(argument(argc, argv, 2), S_IFREG | 0644, 0) < 0)
        broken("ready file");
    if (!wait_for_path(argument(argc, argv, 3), ATTEMPT_DEADLINE_MS)) {
        errno = ETIMEDOUT;
        broken("the host did not try");
    }
    decide(accept(fd, NULL, NULL), "accept");
}
