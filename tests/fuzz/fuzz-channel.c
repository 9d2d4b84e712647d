/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libFuzzer target: a worker that somebody took over says any bytes. Both readers of the channel (the starter's and the
 * workers' own) take whole messages only, agree about which those are, keep text within its room and no descriptor that does
 * not belong there; and whatever a message tells of becomes one line of JSON, or nothing. Input: messages, each behind
 * a byte that says how: 0xff = as many bytes as the next two say, with a descriptor; 0xfe = so many bytes; else one whole
 * message whose bytes are the input's as far as they go, of type EVENT and of the kind that the byte says.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/told.h"
#include "worker/channel.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define MESSAGES_MAX 64
#define WITH_FD      0xff
#define ANY_SIZE     0xfe
#define SAID_MAX    (2 * sizeof(struct worker_message))

static void hold(bool condition, const char *why)
{
    if (!condition) {
        fprintf(stderr, "%s\n", why);
        abort();
    }
}

static void say(int socket, const void *bytes, size_t size, int fd)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};

    if (fd >= 0) {
        header.msg_control = control;
        header.msg_controllen = sizeof(control);
        *CMSG_FIRSTHDR(&header) =
            (struct cmsghdr){.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&header)), &fd, sizeof(fd));
    }
    hold(sendmsg(socket, &header, MSG_NOSIGNAL) == (ssize_t)size, "no room for a message");
}

static size_t least(size_t one, size_t other)
{
    return one < other ? one : other;
}

/* The next message of the input, into both sockets. false = there is none. */
static bool say_next(const int sockets[2], const uint8_t **data, size_t *size)
{
    unsigned char bytes[SAID_MAX] = {0};
    struct worker_message *message = (void *)bytes;
    size_t length = sizeof(*message), given;
    int fd = -1;
    uint8_t how;

    if (!*size)
        return false;
    how = *(*data)++;
    --*size;
    if (how >= ANY_SIZE && *size >= 2) {
        length = 1 + (size_t)((*data)[0] | (*data)[1] << 8) % (SAID_MAX - 1);
        *data += 2;
        *size -= 2;
        fd = how == WITH_FD ? STDIN_FILENO : -1;
    }
    given = least(length, *size);
    memcpy(bytes, *data, given);
    *data += given;
    *size -= given;
    if (how < ANY_SIZE) {
        message->type = WORKER_EVENT;
        message->kind = how % 16;
    }
    for (int i = 0; i < 2; i++)
        say(sockets[i], bytes, length, fd);
    return true;
}

static void check_text(const struct worker_message *message)
{
    hold(memchr(message->name, 0, sizeof(message->name)) && memchr(message->where, 0, sizeof(message->where)) &&
             memchr(message->method, 0, sizeof(message->method)) && memchr(message->path, 0, sizeof(message->path)) &&
             memchr(message->call, 0, sizeof(message->call)) && memchr(message->tool, 0, sizeof(message->tool)) &&
             memchr(message->secret, 0, sizeof(message->secret)),
         "text without an end");
}

static void check_both(struct workers *workers, int own, struct event_log *log)
{
    struct worker_message heard, received;
    struct error err = ERROR_INIT;
    auto_close int fd = -1;
    int by_starter = worker_hear(&workers->gateway, &heard, NULL), by_worker = channel_receive(own, &received, &fd, &err);

    hold(by_starter != 0 && by_worker != -EAGAIN, "a message that nobody heard");
    hold(by_worker != 0, "a channel that is no more");
    if (by_starter > 0)
        check_text(&heard);
    if (by_worker > 0)
        check_text(&received);
    else
        hold(err.kind != ERROR_NONE && fd < 0, "refused without a word, or with a descriptor");
    if (by_worker > 0)
        hold((by_starter > 0) == (fd < 0), "a message that is one to a worker alone, or a descriptor that the starter let in");
    if (by_starter > 0 && by_worker > 0)
        hold(memcmp(&heard, &received, sizeof(heard)) == 0, "two readers of one message");
    if (by_starter <= 0 || heard.type != WORKER_EVENT)
        return;
    err = (struct error)ERROR_INIT;
    if (told_record(workers, &heard, log, &err) < 0)
        hold(err.kind != ERROR_NONE, "not recorded without a word");
}

/* Every line is an object with a type that belongs to the network: what happened there, or that a rule of it has ended. */
static void check_lines(int fd)
{
    off_t size = lseek(fd, 0, SEEK_END);
    FILE *file;
    char *line = NULL;
    size_t room = 0;
    ssize_t length;

    lseek(fd, 0, SEEK_SET);
    file = fdopen(dup(fd), "r");
    hold(file && size >= 0, "no record");
    while ((length = getline(&line, &room, file)) > 0) {
        json_t *object = json_loadb(line, (size_t)length - 1, JSON_REJECT_DUPLICATES, NULL);
        const char *type = json_string_value(json_object_get(object, "type"));

        hold(line[length - 1] == '\n' && type && (strncmp(type, "network.", 8) == 0 || strcmp(type, "grant.ended") == 0), line);
        json_decref(object);
    }
    free(line);
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct workers workers = WORKERS_INIT;
    struct event_options options = {.fd = memfd_create("events", MFD_CLOEXEC)};
    struct event_log *log = NULL;
    struct error err = ERROR_INIT;
    int starter[2], worker[2], room = 1 << 20;

    hold(options.fd >= 0 && event_log_open(&options, &log, &err) == 0, "no record");
    hold(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, starter) == 0 &&
             socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, worker) == 0,
         "no sockets");
    for (int i = 0; i < 2; i++)
        setsockopt(i ? worker[0] : starter[0], SOL_SOCKET, SO_SNDBUF, &room, sizeof(room));
    workers.gateway.channel = starter[1];
    for (int i = 0; i < MESSAGES_MAX && say_next((const int[]){starter[0], worker[0]}, &data, &size); i++)
        check_both(&workers, worker[1], log);
    event_log_free(log);
    check_lines(options.fd);
    close(options.fd);
    for (int i = 0; i < 2; i++) {
        close(starter[i]);
        close(worker[i]);
    }
    return 0;
}
