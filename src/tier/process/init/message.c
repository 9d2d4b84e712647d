/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to the launching process. Its death is an order to end. */
#include <linux/errno.h>
#include <linux/socket.h>

#include "tier/process/init/init.h"

#define MSG_NOSIGNAL_FLAG 0x4000
#define SCM_RIGHTS_TYPE 1
#define SOL_SOCKET_LEVEL 1

/* As the kernel reads them on 64-bit machines; <sys/socket.h> belongs to a C library. */
struct io_vector {
    const void *base;
    size_t length;
};

struct message_header {
    void *name;
    int name_length;
    struct io_vector *vectors;
    size_t vector_count;
    void *control;
    size_t control_length;
    int flags;
};

struct control_fd {
    size_t length;
    int level, type;
    int fd;
    int padding;
};

void message_send(int socket, const struct message *message, int fd)
{
    struct io_vector vector = {message, sizeof(*message)};
    struct control_fd control = {sizeof(control) - sizeof(int), SOL_SOCKET_LEVEL, SCM_RIGHTS_TYPE, fd, 0};
    struct message_header header = {.vectors = &vector, .vector_count = 1};

    if (fd >= 0) {
        header.control = &control;
        header.control_length = sizeof(control);
    }
    if (sys_call3(sendmsg, socket, &header, MSG_NOSIGNAL_FLAG) != (long)sizeof(*message))
        sys_call1(exit_group, 125); /* nobody is left to tell */
}

void init_send(struct init *init, const struct message *message, int fd)
{
    message_send(init->control, message, fd);
}

void init_fail(struct init *init, const char *action, const char *object, long errnum)
{
    struct message message = {.type = MESSAGE_ERROR, .kind = init->error_kind, .value = (int32_t)errnum};

    if (init->on_fail)
        init->on_fail(init, action, object, errnum);
    in_place_leave(init); /* before the word, which ends this process where nobody hears it */
    string_append(message.action, message.action + sizeof(message.action), action);
    string_append(message.object, message.object + sizeof(message.object), object);
    init_send(init, &message, -1);
    sys_call1(exit_group, 125);
    __builtin_unreachable();
}

void init_await_go(struct init *init)
{
    struct message message;
    long got;

    do
        got = sys_call6(recvfrom, init->control, &message, sizeof(message), 0, 0, 0);
    while (got == -EINTR);
    if (got == (long)sizeof(message) && message.type == MESSAGE_GO)
        return;
    in_place_leave(init);
    sys_call1(exit_group, 125);
}
