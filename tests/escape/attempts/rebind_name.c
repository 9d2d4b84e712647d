/* SPDX-License-Identifier: Apache-2.0 */
/* Follow a name until it leads to an address. Arguments: name, address, port, marker. Asks anew each time. */
#include <arpa/inet.h>

#include "bytes.h"

static bool leads_to(const char *name, const char *wanted)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    char text[INET_ADDRSTRLEN] = "";

    if (getaddrinfo(name, NULL, &hints, &found) != 0)
        return false;
    if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof(text), NULL, 0, NI_NUMERICHOST) != 0)
        text[0] = '\0';
    freeaddrinfo(found);
    return strcmp(text, wanted) == 0;
}

int main(int argc, char **argv)
{
    const char *name = argument(argc, argv, 1), *address = argument(argc, argv, 2);
    char request[300], answer[300];
    int fd, length;

    for (int i = 0; i < 5 && !leads_to(name, address); i++)
        pause_ms(50);
    fd = bytes_connect(address, argument(argc, argv, 3)); /* what an answer that was kept back would have led to */
    length = snprintf(request, sizeof(request), "GET /hello?%s HTTP/1.1\r\nHost: %s\r\n\r\n", argument(argc, argv, 4), name);
    bytes_send(fd, request, (size_t)length);
    if (!bytes_receive(fd, answer, sizeof(answer)))
        refused("answer");
    succeeded("the internal server answered");
}
