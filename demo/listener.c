/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The home that the agent phones: accepts connections on a free port of 127.0.0.1 until it is killed.
 *
 *   listener PORT_FILE LOG    writes the port to PORT_FILE, and what arrives to LOG
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_somewhere(const char *port_file)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
    };
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    FILE *file;

    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) < 0 || listen(fd, 16) < 0 ||
        getsockname(fd, (struct sockaddr *)&address, &size) < 0)
        return -1;
    file = fopen(port_file, "we");
    if (!file)
        return -1;
    fprintf(file, "%d\n", ntohs(address.sin_port));
    return fclose(file) == 0 ? fd : -1;
}

int main(int argc, char **argv)
{
    int fd, log;

    if (argc != 3)
        return 2;
    log = open(argv[2], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    fd = listen_somewhere(argv[1]);
    if (fd < 0 || log < 0) {
        perror("listener");
        return 1;
    }
    for (;;) {
        char buffer[4096];
        ssize_t got;
        int caller = accept4(fd, NULL, NULL, SOCK_CLOEXEC);

        if (caller < 0)
            continue;
        if (write(log, "a call\n", 7) < 0)
            return 1;
        while ((got = read(caller, buffer, sizeof(buffer))) > 0)
            if (write(log, buffer, (size_t)got) < 0)
                return 1;
        close(caller);
    }
}
