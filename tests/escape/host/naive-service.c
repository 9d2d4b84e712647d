/* SPDX-License-Identifier: Apache-2.0 */
/* A service as it is easily written: one connection at a time, a message is believed. Argument: path of its socket. */
#include <sys/socket.h>
#include <sys/un.h>

#include "host.h"

int main(int argc, char **argv)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0), fd;
    static char message[1 << 18];
    ssize_t size;

    if (argc != 2 || strlen(argv[1]) >= sizeof(address.sun_path)) {
        errno = EINVAL;
        die("usage");
    }
    strcpy(address.sun_path, argv[1]);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) < 0 || listen(listener, 400) < 0)
        die("listen");
    for (;;) {
        fd = accept(listener, NULL, NULL);
        size = fd >= 0 ? recv(fd, message, sizeof(message), 0) : -1;
        if (size >= 4 && memcmp(message, "SlId", 4) != 0)
            abort(); /* "cannot happen" */
        if (size > 0)
            (void)!write(fd, "answer", 6);
        close(fd);
    }
}
