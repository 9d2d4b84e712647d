/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ask a name server. Arguments: server (an address, or '-' for the first of /etc/resolv.conf), port, way (udp, tcp), type,
 * labels (with escapes)... An answer, or that there is no such name, is success: the question got through.
 */
#include <arpa/inet.h>
#include <netinet/in.h>

#include "bytes.h"

static void read_server(char *ret_server, size_t size)
{
    char line[256];
    FILE *file = fopen("/etc/resolv.conf", "r");

    while (file && fgets(line, sizeof(line), file)) {
        if (sscanf(line, "nameserver %255s", line) == 1) {
            snprintf(ret_server, size, "%s", line);
            fclose(file);
            return;
        }
    }
    errno = ENOENT;
    refused("no name server");
}

static size_t write_question(unsigned char *message, int type, int label_count, char **labels)
{
    static const unsigned char head[12] = {0x12, 0x34, 1, 0, 0, 1};
    size_t used = sizeof(head);

    memcpy(message, head, sizeof(head));
    for (int i = 0; i < label_count; i++) {
        size_t size = bytes_of(labels[i]);

        message[used++] = (unsigned char)size;
        memcpy(message + used, labels[i], size);
        used += size;
    }
    message[used++] = 0;
    message[used++] = (unsigned char)(type >> 8);
    message[used++] = (unsigned char)type;
    message[used++] = 0;
    message[used++] = 1;
    return used;
}

int main(int argc, char **argv)
{
    const char *way = argument(argc, argv, 3), *server = argument(argc, argv, 1);
    unsigned char message[2048], answer[2048];
    char found[256];
    size_t size = write_question(message + 2, (int)number_argument(argc, argv, 4), argc - 5, argv + 5), got;
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *address = NULL;
    bool is_stream = strcmp(way, "tcp") == 0;
    int fd;

    if (strcmp(server, "-") == 0) {
        read_server(found, sizeof(found));
        server = found;
    }
    hints.ai_socktype = is_stream ? SOCK_STREAM : SOCK_DGRAM;
    if (getaddrinfo(server, argument(argc, argv, 2), &hints, &address) != 0)
        broken("the server's address");
    fd = socket(address->ai_family, address->ai_socktype, 0);
    if (fd < 0 || (is_stream && connect(fd, address->ai_addr, address->ai_addrlen) < 0))
        refused("connect");
    message[0] = (unsigned char)(size >> 8);
    message[1] = (unsigned char)size;
    /* A group's answer comes from one of it, so the socket is not connected. */
    if (is_stream)
        bytes_send(fd, message, size + 2);
    else if (sendto(fd, message + 2, size, 0, address->ai_addr, address->ai_addrlen) < 0)
        refused("sendto");
    got = bytes_receive(fd, answer, sizeof(answer));
    if (is_stream && got == 2)
        got += bytes_receive(fd, answer + 2, sizeof(answer) - 2);
    if (got < 12u + (is_stream ? 2 : 0))
        refused("answer");
    switch (answer[3 + (is_stream ? 2 : 0)] & 15) {
    case 0:
    case 3:
        succeeded("the name server answered");
    default:
        refused_because("the name server refuses");
    }
}
