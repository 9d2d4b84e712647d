/* SPDX-License-Identifier: Apache-2.0 */
/* Talking to the launching process. Its death is an order to end. */
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/socket.h>
#include <linux/stat.h>

#include "tier/process/init/init.h"

#define MSG_DONTWAIT_FLAG 0x40
#define MSG_NOSIGNAL_FLAG 0x4000
#define MSG_CMSG_CLOEXEC_FLAG 0x40000000
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

struct control_fds {
    size_t length;
    int level, type;
    int fds[RECORD_FDS_MAX];
};

static long send_with(int socket, const struct message *message, int fd, int flags)
{
    struct io_vector vector = {message, sizeof(*message)};
    struct control_fd control = {sizeof(control) - sizeof(int), SOL_SOCKET_LEVEL, SCM_RIGHTS_TYPE, fd, 0};
    struct message_header header = {.vectors = &vector, .vector_count = 1};
    long sent;

    if (fd >= 0) {
        header.control = &control;
        header.control_length = sizeof(control);
    }
    do
        sent = sys_call3(sendmsg, socket, &header, MSG_NOSIGNAL_FLAG | flags);
    while (sent == -EINTR);
    return sent < 0 ? sent : 0; /* a packet goes whole or not at all */
}

long message_send(int socket, const struct message *message, int fd)
{
    return send_with(socket, message, fd, 0);
}

long message_offer(int socket, const struct message *message, int fd)
{
    return send_with(socket, message, fd, MSG_DONTWAIT_FLAG);
}

long packet_receive(int socket, void *bytes, size_t size, int *ret_fd)
{
    struct io_vector vector = {bytes, size};
    struct control_fd control = {0};
    struct message_header header = {.vectors = &vector, .vector_count = 1, .control = &control,
                                    .control_length = sizeof(control)};
    long got;

    do
        got = sys_call3(recvmsg, socket, &header, MSG_CMSG_CLOEXEC_FLAG | MSG_DONTWAIT_FLAG);
    while (got == -EINTR);
    *ret_fd = got > 0 && control.length == sizeof(control) - sizeof(int) && control.level == SOL_SOCKET_LEVEL &&
                      control.type == SCM_RIGHTS_TYPE
                  ? control.fd
                  : -1;
    return got == (long)size ? 0 : got < 0 ? got : -EBADMSG;
}

long order_receive(int socket, struct message *message, int fds[RECORD_EXEC_FDS_MAX], size_t *ret_count)
{
    struct {
        size_t length;
        int level, type;
        int fds[RECORD_EXEC_FDS_MAX];
    } control = {0};
    struct io_vector vector = {message, sizeof(*message)};
    struct message_header header = {.vectors = &vector, .vector_count = 1, .control = &control,
                                    .control_length = sizeof(control)};
    size_t count = 0;
    long got = sys_call3(recvmsg, socket, &header, MSG_CMSG_CLOEXEC_FLAG);

    if (got == -EINTR || got == -EAGAIN)
        return got;
    if (control.level == SOL_SOCKET_LEVEL && control.type == SCM_RIGHTS_TYPE && control.length > sizeof(size_t) + 2 * sizeof(int))
        count = (control.length - sizeof(size_t) - 2 * sizeof(int)) / sizeof(int);
    if (got != (long)sizeof(*message) || count > RECORD_EXEC_FDS_MAX)
        return -ECONNRESET;
    memcpy(fds, control.fds, count * sizeof(int));
    *ret_count = count;
    return 0;
}

struct control_grants {
    size_t length;
    int level, type;
    int fds[RECORD_GRANTS_MAX];
};

long packet_receive_fds(int socket, void *bytes, size_t size, int *ret_fds, size_t most)
{
    struct io_vector vector = {bytes, size};
    struct control_grants control = {0};
    struct message_header header = {.vectors = &vector, .vector_count = 1, .control = &control,
                                    .control_length = sizeof(control)};
    size_t count;
    long got;

    do
        got = sys_call3(recvmsg, socket, &header, MSG_CMSG_CLOEXEC_FLAG | MSG_DONTWAIT_FLAG);
    while (got == -EINTR);
    if (got != (long)size)
        return got < 0 ? got : -EBADMSG;
    count = control.length < sizeof(size_t) + 2 * sizeof(int) ? 0 : (control.length - sizeof(size_t) - 2 * sizeof(int)) / sizeof(int);
    if (count > most || control.level != SOL_SOCKET_LEVEL || control.type != SCM_RIGHTS_TYPE)
        return -EBADMSG;
    memcpy(ret_fds, control.fds, count * sizeof(int));
    return (long)count;
}

void init_send(struct init *init, const struct message *message, int fd)
{
    if (message_send(init->control, message, fd) < 0)
        sys_call1(exit_group, 125); /* nobody is left to tell */
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
    int fds[RECORD_EXEC_FDS_MAX];
    size_t fd_count = 0;
    long got;

    do
        got = order_receive(init->control, &message, fds, &fd_count);
    while (got == -EINTR || (got == 0 && message.type == MESSAGE_SERVE && served_write(&message, fds, fd_count)));
    if (got == 0 && message.type == MESSAGE_GO && !fd_count)
        return;
    in_place_leave(init);
    sys_call1(exit_group, 125);
}

size_t init_await_seal(struct init *init, int fds[RECORD_EXEC_FDS_MAX])
{
    struct message message = {.type = MESSAGE_UNSEALED};
    size_t count = 0;
    long got;

    init_send(init, &message, -1);
    do
        got = order_receive(init->control, &message, fds, &count);
    while (got == -EINTR || (got == 0 && message.type == MESSAGE_SERVE && served_write(&message, fds, count)));
    if (got < 0 || message.type != MESSAGE_SEAL || count > RECORD_STREAMS)
        sys_call1(exit_group, 125);
    return count;
}

/* The parent is gone, or says what nobody can understand: nothing has been made that outlives this process. */
static void parent_lost(void) __attribute__((noreturn));
static void parent_lost(void)
{
    sys_call1(exit_group, 125);
    __builtin_unreachable();
}

void begin_receive(struct init *init)
{
    struct begin *begin = &init->begin;
    long got;

    do
        got = sys_call6(recvfrom, init->control, begin, sizeof(*begin), 0, 0, 0);
    while (got == -EINTR);
    if (got != (long)sizeof(*begin) || begin->magic != RECORD_MAGIC ||
        begin->fd_count > sizeof(begin->fds) / sizeof(begin->fds[0]))
        parent_lost();
}

static const struct record *record_map(struct init *init, int fd)
{
    struct statx info;
    long address;

    init_need(init, sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_SIZE, &info), "stat", "record");
    if (info.stx_size < sizeof(struct record) || info.stx_size > RECORD_SIZE_MAX)
        init_fail(init, "read", "record", EBADMSG);
    address = init_need(init,
                        sys_call6(mmap, 0, info.stx_size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0),
                        "map", "record");
    if (((struct record *)address)->magic != RECORD_MAGIC ||
        ((struct record *)address)->size != info.stx_size)
        init_fail(init, "read", "record", EBADMSG);
    return (const struct record *)address;
}

/*
 * The caller's were looked at by their numbers after this process had got them; a thread of the caller may have put others
 * there in between.
 */
static void kept_check(struct init *init)
{
    for (uint32_t i = 0; i < init->begin.fd_count; i++) {
        int fd = init->begin.fds[i];
        long flags = init_need(init, sys_call3(fcntl, fd, F_GETFL, 0), "examine", "kept descriptor");
        struct statx info;
        uint32_t type;

        init_need(init, sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_TYPE, &info), "examine", "kept descriptor");
        type = info.stx_mode & S_IFMT;
        if (flags & O_PATH || (type != S_IFREG && type != S_IFIFO && type != S_IFCHR && type != S_IFSOCK))
            init_fail(init, "keep (it was exchanged meanwhile)", "descriptor", EISDIR);
        if (init->record->flags & RECORD_NESTED && type == S_IFREG && (flags & O_ACCMODE) == O_WRONLY)
            init_fail(init, "keep (it was exchanged meanwhile)", "descriptor", EACCES);
    }
}

static int first_descriptor(const struct message_header *header)
{
    const struct control_fds *control = header->control;

    return control->length >= sizeof(size_t) + 3 * sizeof(int) && control->type == SCM_RIGHTS_TYPE ? control->fds[0] : -1;
}

/* Before the record there may be word that a network of its own will most likely be wanted. */
static void first_receive(struct init *init, struct message *message, struct message_header *header)
{
    size_t room = header->control_length;
    long got;

    for (;;) {
        header->control_length = room;
        got = sys_call3(recvmsg, init->control, header, MSG_CMSG_CLOEXEC_FLAG);
        if (got == -EINTR)
            continue;
        if (got != (long)sizeof(*message))
            parent_lost();
        if (message->type == MESSAGE_RECORD)
            return;
        if (message->type == MESSAGE_GRANTS && init->grants < 0) {
            init->grants = first_descriptor(header);
            continue;
        }
        if (message->type != MESSAGE_NETWORK || init_is_in_place(init))
            parent_lost();
        second_start(init);
    }
}

static void *memory_map(struct init *init, int fd, size_t size)
{
    if (fd < 0)
        init_fail(init, "receive", "memory", EBADMSG);
    return (void *)init_need(init, sys_call6(mmap, 0, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0), "map", "memory");
}

void record_receive(struct init *init)
{
    struct message message;
    struct io_vector vector = {&message, sizeof(message)};
    struct control_fds control = {0};
    struct message_header header = {.vectors = &vector, .vector_count = 1, .control = &control,
                                    .control_length = sizeof(control)};
    size_t count, next = 1;

    first_receive(init, &message, &header);
    count = control.length < sizeof(size_t) + 2 * sizeof(int)
                ? 0
                : (control.length - sizeof(size_t) - 2 * sizeof(int)) / sizeof(int);
    if (!count || control.type != SCM_RIGHTS_TYPE)
        init_fail(init, "receive", "record", EBADMSG); /* it could not be handed over: no descriptor is free */
    init->record = record_map(init, control.fds[0]);
    if (init->record->flags & RECORD_MARKS)
        init->who = memory_map(init, next < count ? control.fds[next++] : -1, RECORD_WHO_COUNT * sizeof(struct record_who));
    if (init->record->flags & RECORD_TOLD)
        init->told = memory_map(init, next < count ? control.fds[next++] : -1, sizeof(struct told_memory));
    if (init->record->flags & RECORD_SOURCES)
        init->sources = (int)init_need(init, next < count ? sys_call3(fcntl, control.fds[next++], F_DUPFD_CLOEXEC, 3) : -EBADMSG,
                                       "receive", "file tree");
    for (int fd = 0; fd < RECORD_STREAMS; fd++)
        if (!(init->record->null_streams & (1u << fd))) {
            if (next == count)
                init_fail(init, "receive", "standard streams", EBADMSG);
            init_need(init, sys_call3(dup3, control.fds[next], fd, 0), "connect", "standard stream");
            next++;
        }
    if (next != count)
        init_fail(init, "receive", "standard streams", EBADMSG);
    for (size_t i = 0; i < count; i++)
        sys_call1(close, control.fds[i]);
    kept_check(init);
}
