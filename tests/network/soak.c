/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Many connections of every kind, good and bad: soak HOST DENIED COUNT WORKERS. Ports: 77 echoes, 19 resets, 81 is closed.
 * Ends with 0 when each came out as it must; the last line is `KIND COUNT` for each kind, and how many were wrong. With
 * COUNT 0 it goes on until the network is gone, and then says so.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum kind { ECHO, CLIENT_RESETS, HALF_CLOSED, SERVER_RESETS, DENIED, SLOW_READER, AT_ONCE, NOBODY, KINDS };
static const char *const names[KINDS] = {"echo",   "client-resets", "half-closed", "server-resets",
                                         "denied", "slow-reader",   "at-once",     "nobody"};
/* How often each, of sixteen. */
static const enum kind turns[16] = {ECHO, ECHO,          HALF_CLOSED,   DENIED,  ECHO, CLIENT_RESETS, ECHO,   AT_ONCE,
                                    ECHO, SERVER_RESETS, CLIENT_RESETS, AT_ONCE, ECHO, HALF_CLOSED,   NOBODY, SLOW_READER};

struct counts {
    unsigned long done[KINDS], wrong[KINDS];
};

static const char *host, *denied;
static char data[65536];

static int open_to(const char *address, unsigned port)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    struct timeval limit = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    inet_pton(AF_INET, address, &to.sin_addr);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0) {
        close(fd);
        return -1;
    }
    return fd;
}

static bool send_all(int fd, size_t size)
{
    for (size_t sent = 0; sent < size;) {
        ssize_t now = send(fd, data + sent, size - sent, MSG_NOSIGNAL);

        if (now <= 0)
            return false;
        sent += (size_t)now;
    }
    return true;
}

/* What comes back is what was sent, and `until_end` nothing behind it. */
static bool comes_back(int fd, size_t size, size_t piece, bool until_end)
{
    static char back[65536];
    size_t got = 0;

    while (got < size) {
        ssize_t now = recv(fd, back, piece, 0);

        if (now <= 0 || (size_t)now > size - got || memcmp(back, data + got, (size_t)now) != 0)
            return false;
        got += (size_t)now;
        if (piece < 8192)
            nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return !until_end || recv(fd, back, 1, 0) == 0;
}

static void reset(int fd)
{
    struct linger now = {.l_onoff = 1};

    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static bool converse(int fd, enum kind kind, size_t size)
{
    char byte;

    switch (kind) {
    case ECHO:
        return send_all(fd, size) && comes_back(fd, size, sizeof(data), false);
    case CLIENT_RESETS:
        reset(fd);
        return send_all(fd, size);
    case HALF_CLOSED:
        return send_all(fd, size) && shutdown(fd, SHUT_WR) == 0 && comes_back(fd, size, sizeof(data), true);
    case SERVER_RESETS:
        return send_all(fd, 1) && recv(fd, &byte, 1, 0) < 0 && errno == ECONNRESET;
    case SLOW_READER:
        return send_all(fd, sizeof(data)) && comes_back(fd, sizeof(data), 4096, false);
    case NOBODY: /* accepted on behalf of nobody: reset, or ended */
    case DENIED:
        return recv(fd, &byte, 1, 0) <= 0 && errno != EAGAIN;
    default:
        return true;
    }
}

static bool try_one(enum kind kind, size_t size)
{
    unsigned port = kind == SERVER_RESETS ? 19 : kind == NOBODY ? 81 : 77;
    int fd = open_to(kind == DENIED ? denied : host, port);
    bool is_right;

    errno = 0;
    if (fd < 0)
        return kind == DENIED || kind == NOBODY;
    is_right = converse(fd, kind, size);
    close(fd);
    return is_right;
}

static void work(struct counts *counts, unsigned long count, unsigned long worker)
{
    for (unsigned long i = 0; i < count; i++) {
        enum kind kind = turns[(i + worker * 3) % 16];

        counts->done[kind]++;
        if (!try_one(kind, 1 + (i * 977 + worker * 131) % 8192)) {
            counts->wrong[kind]++;
            if (counts->wrong[kind] < 4)
                fprintf(stderr, "soak: %s: connection %lu of worker %lu: %s\n", names[kind], i, worker, strerror(errno));
        }
    }
}

/* Until nothing goes any more, three times running. */
static void work_until_gone(unsigned long worker)
{
    for (unsigned long i = 0, failures = 0; failures < 3; i++) {
        if (try_one(ECHO, 1 + (i * 977 + worker) % 8192))
            failures = 0;
        else
            failures++;
    }
}

int main(int argc, char **argv)
{
    unsigned long count = argc == 5 ? strtoul(argv[3], NULL, 10) : 0, workers = argc == 5 ? strtoul(argv[4], NULL, 10) : 0;
    struct counts *counts, all = {0};
    unsigned long wrong = 0;

    if (workers < 1 || workers > 64)
        return 2;
    host = argv[1];
    denied = argv[2];
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i * 31 + i / 251 + 1);
    counts = mmap(NULL, sizeof(*counts) * workers, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counts == MAP_FAILED)
        return 2;
    for (unsigned long i = 0; i < workers; i++) {
        if (fork() == 0) {
            if (count)
                work(&counts[i], count / workers, i);
            else
                work_until_gone(i);
            _exit(0);
        }
    }
    while (wait(NULL) > 0)
        ;
    for (unsigned long i = 0; i < workers; i++)
        for (int kind = 0; kind < KINDS; kind++) {
            all.done[kind] += counts[i].done[kind];
            wrong += counts[i].wrong[kind];
        }
    for (int kind = 0; count && kind < KINDS; kind++)
        printf("%s %lu, ", names[kind], all.done[kind]);
    printf(count ? "wrong %lu\n" : "gone\n", wrong);
    return wrong != 0;
}
