/* SPDX-License-Identifier: Apache-2.0 */
/* A gateway that does what the rules' first layer is called: a script of letters. Nothing of it is a network. */
#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/memory.h"
#include "worker/wire.h"
#include "net/rules.h"

static int receive(uint32_t expected)
{
    struct worker_message message;
    struct iovec vector = {&message, sizeof(message)};
    char space[CMSG_SPACE(sizeof(int))];
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
    int fd;

    if (recvmsg(WORKER_CHANNEL, &header, 0) != (ssize_t)sizeof(message) || message.type != expected ||
        !CMSG_FIRSTHDR(&header))
        _exit(9);
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
    return fd;
}

static void say(struct worker_message message)
{
    if (send(WORKER_CHANNEL, &message, sizeof(message), MSG_NOSIGNAL) < 0)
        _exit(8);
}

static void step(char letter)
{
    char rest;

    switch (letter) {
    case 'R':
        say((struct worker_message){.type = WORKER_READY});
        break;
    case 'E':
        say((struct worker_message){.type = WORKER_ERROR, .kind = ERROR_UNENFORCEABLE, .errnum = ENOENT, .where = "no tproxy"});
        break;
    case 'd':
        say((struct worker_message){.type = WORKER_EVENT, .kind = WORKER_DENIED, .protocol = NET_TCP, .reason = NET_NO_RULE,
                                     .port = 443, .family = AF_INET, .address = {1, 2, 3, 4}, .name = "a\033.example", .connection = 7});
        break;
    case 'c':
        say((struct worker_message){.type = WORKER_EVENT, .kind = WORKER_CLOSED, .protocol = NET_UDP, .bytes_up = 1,
                                     .bytes_down = 2, .duration_us = 3, .connection = 8});
        break;
    case 'l':
        say((struct worker_message){.type = WORKER_EVENT, .kind = WORKER_LOST, .count = 5});
        break;
    case 'u':
        say((struct worker_message){.type = 99});
        break;
    case 'k':
        say((struct worker_message){.type = WORKER_EVENT, .kind = 77});
        break;
    case 's':
        if (send(WORKER_CHANNEL, "short", 5, MSG_NOSIGNAL) < 0)
            _exit(8);
        break;
    case 'w': /* until the other side has ended */
        while (recv(WORKER_CHANNEL, &rest, 1, 0) > 0)
            ;
        break;
    case 'h': /* for ever */
        for (;;)
            pause();
    }
}

int main(void)
{
    auto_arena struct arena *arena = arena_new();
    struct error err = ERROR_INIT;
    struct net_rules *rules;
    int record = receive(WORKER_RULES);
    struct stat st;
    void *bytes;

    if (fstat(record, &st) < 0)
        return 7;
    bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, record, 0);
    if (bytes == MAP_FAILED || !arena || net_rules_read(arena, bytes, (size_t)st.st_size, &rules, &err) < 0 || !rules->layer_count)
        return 6;
    if (rules->layers[0].where[0] != 'x')
        receive(WORKER_ATTACH);
    for (const char *letter = rules->layers[0].where; *letter; letter++)
        step(*letter);
    return 5;
}
