/* SPDX-License-Identifier: Apache-2.0 */
/* Ask a host to redirect, and go where it says. Arguments: host, URL (http://HOST/PATH). */
#include "bytes.h"

static bool ask(const char *host, const char *path, char *answer, size_t size)
{
    char request[600];
    int fd = bytes_connect(host, "80");
    int length = snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", path, host);
    size_t used = 0, got;

    bytes_send(fd, request, (size_t)length);
    while (used < size - 1 && (got = bytes_receive(fd, answer + used, size - 1 - used)))
        used += got;
    answer[used] = '\0';
    close(fd);
    return used > 0;
}

int main(int argc, char **argv)
{
    static char answer[8192], host[256], path[300], first[400];
    const char *location;

    snprintf(first, sizeof(first), "/redirect?to=%s", argument(argc, argv, 2));
    for (char *at = strchr(first, '=') + 1; *at; at++)
        if (*at == '&')
            *at = ';';
    if (!ask(argument(argc, argv, 1), first, answer, sizeof(answer))) {
        errno = ENODATA;
        broken("the granted host does not answer");
    }
    location = strstr(answer, "Location: http://");
    if (!location || sscanf(location, "Location: http://%255[^/]%299[^\r]", host, path) != 2) {
        errno = EPROTO;
        broken("no redirection");
    }
    if (!ask(host, path, answer, sizeof(answer)))
        refused("answer");
    succeeded("the other host answered");
}
