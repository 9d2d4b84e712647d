/* SPDX-License-Identifier: Apache-2.0 */
/* The program's side of a question about itself: used inside a container. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "author/why.h"
#include "base/kernel/syscalls.h"
#include "base/memory.h"
#include "sdk/request.h"
#include "sdk/self.h"
#include "tier/tier.h"

#define WAIT_S 10
#define PAUSE_MS 10

static int text_take_into(char *to, size_t size, const char *from, const char *what, struct error *err)
{
    if (from && strlen(from) >= size)
        return error_set(err, ERROR_LIMIT, ENAMETOOLONG, "%s: longer than %zu bytes", what, size - 1);
    if (from)
        memcpy(to, from, strlen(from) + 1);
    return 0;
}

/* Relative names are those of this directory, as they are in here. */
static int path_take(char to[PATH_MAX], const char *path, struct error *err)
{
    char cwd[PATH_MAX];
    auto_arena struct arena *arena = arena_new();
    const char *plain;

    if (!path)
        return 0;
    if (!getcwd(cwd, sizeof(cwd)))
        return error_system(err, errno, "find the working directory");
    plain = arena ? why_plain_path(arena, cwd, path) : NULL;
    if (!plain)
        return error_memory(err);
    return text_take_into(to, PATH_MAX, plain, "path", err);
}

static int ask_fill(const struct cordon_question *question, enum cordon_format format, struct self_ask *ask, struct error *err)
{
    int status;

    *ask = (struct self_ask){.magic = SELF_MAGIC, .kind = question ? SELF_QUESTION : SELF_DENIALS, .is_json = format == CORDON_JSON};
    if (!question)
        return 0;
    ask->operation = question->operation ? (uint32_t)operation_parse(question->operation) : OPERATION_NONE;
    if (ask->operation == OPERATION_NONE)
        return error_set(err, ERROR_INVALID, EINVAL, "unknown operation '%s'", question->operation ? question->operation : "");
    ask->port = question->port;
    if (question->protocol)
        ask->protocol = strcmp(question->protocol, "udp") == 0 ? NET_UDP : strcmp(question->protocol, "icmp") == 0 ? NET_ICMP : NET_TCP;
    if (question->syscall) {
        ask->call = kernel_syscall_number(question->syscall);
        if (ask->call < 0)
            return error_set(err, ERROR_INVALID, EINVAL, "unknown system call '%s'", question->syscall);
    }
    status = path_take(ask->path, question->path, err);
    if (status == 0)
        status = path_take(ask->second, question->second, err);
    if (status == 0)
        status = text_take_into(ask->host, sizeof(ask->host), question->host, "host", err);
    return status < 0 ? status : text_take_into(ask->limit, sizeof(ask->limit), question->limit, "limit", err);
}

/* Process 1 waits for nobody: EAGAIN while the parent has not yet taken what others asked. */
static int name_connect(int fd)
{
    const struct sockaddr_un name = {.sun_family = AF_UNIX, .sun_path = TIER_SELF_NAME};

    for (int tries = WAIT_S * 1000 / PAUSE_MS; connect(fd, (const struct sockaddr *)&name, sizeof(name)) < 0; tries--)
        if (errno != EAGAIN || tries == 0 || poll(NULL, 0, PAUSE_MS) < 0)
            return -1;
    return 0;
}

int self_connect(const char *who, int *ret_fd, struct error *err)
{
    const struct timeval wait = {.tv_sec = WAIT_S};
    auto_close int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

    if (fd >= 0 && name_connect(fd) == 0) {
        if (setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)) < 0)
            return error_system(err, errno, "set a time to wait");
        *ret_fd = take_fd(fd);
        return 0;
    }
    return error_set(err, ERROR_NOT_FOUND, errno,
                     "%s: this is no container of Cordon that answers questions (one whose names or sockets process 1 keeps)", who);
}

static int self_ask(const struct self_ask *ask, char **ret_text, struct error *err)
{
    auto_close int fd = -1;
    auto_free char *bytes = mem_alloc(sizeof(int32_t) + SELF_ANSWER_MAX + 1);
    int32_t answer;
    ssize_t size;
    int status = bytes ? self_connect("--self", &fd, err) : error_memory(err);

    if (status < 0)
        return status;
    if (send(fd, ask, sizeof(*ask), MSG_NOSIGNAL) != sizeof(*ask))
        return error_system(err, errno, "--self: ask whom runs this container");
    size = recv(fd, bytes, sizeof(int32_t) + SELF_ANSWER_MAX, 0);
    if (size < (ssize_t)sizeof(answer))
        return error_set(err, ERROR_SYSTEM, size < 0 ? errno : ECONNRESET, "--self: no answer from whom runs this container");
    memcpy(&answer, bytes, sizeof(answer));
    if (answer < 0)
        return error_set(err, ERROR_INVALID, -answer, "--self: the question is not understood");
    size -= (ssize_t)sizeof(answer);
    memmove(bytes, bytes + sizeof(answer), (size_t)size);
    bytes[size] = '\0';
    *ret_text = take_ptr(bytes);
    return 0;
}

int cordon_why_self(const struct cordon_question *question, enum cordon_format format, char **ret_text, struct cordon_error *err)
{
    struct error failure = ERROR_INIT;
    struct self_ask ask;
    int status = ask_fill(question, format, &ask, &failure);

    if (status == 0)
        status = self_ask(&ask, ret_text, &failure);
    if (status < 0 && err)
        *public_error(err) = failure;
    return status;
}
