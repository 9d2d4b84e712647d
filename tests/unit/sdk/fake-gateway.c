/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Workers that do what a script of letters says, and nothing of a network: the gateway what the rules' first layer is called, the
 * inspector what the second is, the holder what stands in place of the secrets.
 */
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
    /* with the descriptor that belongs to it, -1 = none does */
    struct worker_message message;
    struct iovec vector = {&message, sizeof(message)};
    char space[CMSG_SPACE(sizeof(int))];
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
    int fd;

    if (recvmsg(WORKER_CHANNEL, &header, 0) != (ssize_t)sizeof(message) || message.type != expected ||
        !CMSG_FIRSTHDR(&header) != (expected == WORKER_BEGIN))
        _exit(9);
    if (expected == WORKER_BEGIN)
        return -1;
    memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&header)), sizeof(fd));
    return fd;
}

static void say(struct worker_message message)
{
    if (send(WORKER_CHANNEL, &message, sizeof(message), MSG_NOSIGNAL) < 0)
        _exit(8);
}

static void say_with(struct worker_message message, int fd)
{
    struct iovec vector = {&message, sizeof(message)};
    _Alignas(struct cmsghdr) char space[CMSG_SPACE(sizeof(int))] = {0};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = space, .msg_controllen = sizeof(space)};
    struct cmsghdr *part = CMSG_FIRSTHDR(&header);

    part->cmsg_level = SOL_SOCKET;
    part->cmsg_type = SCM_RIGHTS;
    part->cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(part), &fd, sizeof(fd));
    if (sendmsg(WORKER_CHANNEL, &header, MSG_NOSIGNAL) < 0)
        _exit(8);
}

static void say_authority(const char *text)
{
    int fd = memfd_create("authority", MFD_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) < 0)
        _exit(7);
    say_with((struct worker_message){.type = WORKER_READY}, fd);
}

static int peer = -1; /* another worker */

/* What it says at a letter. */
static const struct {
    char letter;
    struct worker_message message;
} words[] = {
    {'R', {.type = WORKER_READY}},
    {'a', {.type = WORKER_APPLIED}},
    {'E', {.type = WORKER_ERROR, .kind = ERROR_UNENFORCEABLE, .errnum = ENOENT, .where = "no tproxy"}},
    {'e', {.type = WORKER_ERROR, .kind = ERROR_SYSTEM, .errnum = EIO, .where = "not these"}},
    {'d', {.type = WORKER_EVENT, .kind = WORKER_DENIED, .protocol = NET_TCP, .reason = NET_NO_RULE, .port = 443,
           .family = AF_INET, .address = {1, 2, 3, 4}, .name = "a\033.example", .connection = 7}},
    {'c', {.type = WORKER_EVENT, .kind = WORKER_CLOSED, .protocol = NET_UDP, .bytes_up = 1, .bytes_down = 2,
           .duration_us = 3, .connection = 8}},
    {'q', {.type = WORKER_EVENT, .kind = WORKER_REQUEST, .protocol = NET_TCP, .port = 443, .family = AF_INET,
           .address = {1, 2, 3, 4}, .name = "a.example", .connection = 9, .pid = 77, .program = 1, .method = "GET",
           .path = "/v1/\033x", .call = "tools/call", .tool = "\033]0;x\a\"", .count = 204}},
    {'Q', {.type = WORKER_EVENT, .kind = WORKER_REQUEST_DENIED, .reason = NET_REQUEST, .connection = 9, .method = "PUT",
           .path = "/", .where = "a rule"}},
    {'S', {.type = WORKER_EVENT, .kind = WORKER_SECRET_DENIED, .reason = NET_PLACEHOLDER, .connection = 9, .name = "a.example", .secret = "TOKEN"}},
    {'b', {.type = WORKER_EVENT, .kind = WORKER_BUDGET, .connection = 3, .where = "the budget", .count = 10,
           .method = "requests"}},
    {'B', {.type = WORKER_EVENT, .kind = WORKER_BUDGET, .connection = 3, .where = "the budget", .count = 10,
           .method = "requests", .ends_run = true}},
    {'o', {.type = WORKER_EVENT, .kind = WORKER_ENDED, .where = "a.yaml:3: a rule", .count = 1798133400000}},
    {'l', {.type = WORKER_EVENT, .kind = WORKER_LOST, .count = 5}},
    {'k', {.type = WORKER_EVENT, .kind = 77}},
    {'u', {.type = 99}},
};

static void step(char letter)
{
    char rest;

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (words[i].letter == letter)
            say(words[i].message);
    switch (letter) {
    case 'A':
        say_authority("-----BEGIN CERTIFICATE-----\nQUJD\n-----END CERTIFICATE-----\n");
        break;
    case '0':
        say_authority("");
        break;
    case 'p': /* one byte each way with the other worker */
        if (send(peer, "x", 1, MSG_NOSIGNAL) != 1 || recv(peer, &rest, 1, 0) != 1)
            _exit(4);
        break;
    case 'P': /* until the other worker has ended */
        while (recv(peer, &rest, 1, 0) > 0)
            ;
        break;
    case 'n': /* other rules */
        receive(WORKER_RULES);
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

/* All of a memory file. */
static const char *map(int record, size_t *ret_size)
{
    struct stat st;
    void *bytes;

    if (fstat(record, &st) < 0)
        _exit(7);
    bytes = mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_SHARED, record, 0);
    if (bytes == MAP_FAILED)
        _exit(7);
    *ret_size = (size_t)st.st_size;
    return bytes;
}

static const char *script_of(struct arena *arena, size_t layer)
{
    struct error err = ERROR_INIT;
    struct net_rules *rules;
    size_t size;
    const char *bytes = map(receive(WORKER_RULES), &size);

    if (!arena || net_rules_read(arena, bytes, size, &rules, &err) < 0 || rules->layer_count <= layer)
        _exit(6);
    if (layer == 0 && rules->layer_count > 1)
        peer = receive(WORKER_INSPECTOR);
    return rules->layers[layer].where;
}

int main(int argc, char **argv)
{
    auto_arena struct arena *arena = arena_new();
    const char *script;
    size_t size;

    if (argc && strcmp(argv[0], "cordon-holder") == 0) {
        script = map(receive(WORKER_SECRETS), &size);
        receive(WORKER_TRUST);
        peer = receive(WORKER_INSPECTOR);
        receive(WORKER_BEGIN);
    } else if (argc && strcmp(argv[0], "cordon-inspector") == 0) {
        script = script_of(arena, 1);
        if (*script == '+') /* there is a holder */
            receive(WORKER_SECRETS);
        receive(WORKER_TRUST);
        peer = receive(WORKER_GATEWAY);
        if (*script == '+')
            receive(WORKER_HOLDER);
        receive(WORKER_BEGIN);
    } else {
        script = script_of(arena, 0);
        if (*script != 'x')
            receive(WORKER_ATTACH);
    }
    for (; *script; script++)
        step(*script);
    return 5;
}
