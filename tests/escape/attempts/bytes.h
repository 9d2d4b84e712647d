/* SPDX-License-Identifier: Apache-2.0 */
/* For attempts that send what no library would: bytes written with escapes, and a connection by name. */
#ifndef CORDON_ESCAPE_BYTES_H
#define CORDON_ESCAPE_BYTES_H

#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>

#include "attempt.h"

/* \r \n \t \\ and \xNN; returns the number of bytes. In place: never longer than the text. */
__attribute__((unused)) static size_t bytes_of(char *text)
{
    size_t used = 0;

    for (char *at = text; *at; at++) {
        if (*at != '\\') {
            text[used++] = *at;
            continue;
        }
        at++;
        if (*at == 'x') {
            char digits[3] = {at[1], at[2], 0};

            text[used++] = (char)strtol(digits, NULL, 16);
            at += 2;
        } else {
            text[used++] = *at == 'r' ? '\r' : *at == 'n' ? '\n' : *at == 't' ? '\t' : *at;
        }
    }
    return used;
}

/* A stream to a name or address; IPv4 first, as most test names have both. */
__attribute__((unused)) static int bytes_connect(const char *host, const char *port)
{
    struct addrinfo hints = {.ai_family = AF_INET, .ai_socktype = SOCK_STREAM}, *found = NULL;
    int status = getaddrinfo(host, port, &hints, &found), fd;

    if (status) {
        errno = status == EAI_SYSTEM ? errno : EHOSTUNREACH;
        refused("getaddrinfo");
    }
    fd = socket(found->ai_family, SOCK_STREAM, 0);
    if (fd < 0)
        refused("socket");
    if (connect(fd, found->ai_addr, found->ai_addrlen) < 0)
        refused("connect");
    freeaddrinfo(found);
    return fd;
}

__attribute__((unused)) static void bytes_send(int fd, const void *data, size_t size)
{
    const char *at = data;

    while (size) {
        ssize_t sent = send(fd, at, size, MSG_NOSIGNAL);

        if (sent < 0)
            refused("send");
        at += sent;
        size -= (size_t)sent;
    }
}

/* At most 1.5 s for more; 0 at the end or when nothing comes. */
__attribute__((unused)) static size_t bytes_receive(int fd, void *data, size_t size)
{
    struct pollfd waiting = {.fd = fd, .events = POLLIN};
    ssize_t got;

    if (poll(&waiting, 1, 1500) != 1) {
        errno = ETIMEDOUT;
        return 0;
    }
    got = recv(fd, data, size, 0);
    if (got == 0)
        errno = ECONNRESET;
    return got > 0 ? (size_t)got : 0;
}

#endif
