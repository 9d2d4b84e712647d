/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: recvmsg, sendmsg, memfd_create, write, fcntl, fstat, pread, close. */
#include "protocol/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#define SEALS (F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)

/* All that came: the first ones are kept, the others closed. How many there were. */
static size_t take_descriptors(struct msghdr *header, int fds[PROTOCOL_FDS_MAX])
{
    size_t taken = 0;

    for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
        size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

        if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
            continue;
        for (size_t i = 0; i < count; i++, taken++) {
            int fd;

            memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(fd));
            if (taken < PROTOCOL_FDS_MAX)
                fds[taken] = fd;
            else
                fd_close_at(&fd);
        }
    }
    return taken;
}

void protocol_drop(struct protocol_received *received)
{
    for (size_t i = 0; i < PROTOCOL_FDS_MAX; i++) {
        fd_close_at(&received->fds[i]);
        received->fds[i] = -1;
    }
    received->fd_count = 0;
}

int protocol_receive(int socket, int flags, struct protocol_received *received, struct error *err)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE((PROTOCOL_FDS_MAX + 1) * sizeof(int))];
    struct iovec part = {.iov_base = received->bytes, .iov_len = sizeof(received->bytes)};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control)};
    ssize_t size;
    int status;

    for (size_t i = 0; i < PROTOCOL_FDS_MAX; i++)
        received->fds[i] = -1;
    received->fd_count = 0;
    do
        size = recvmsg(socket, &header, flags | MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    if (size < 0 && (errno == EAGAIN || errno == EWOULDBLOCK))
        return -EAGAIN;
    if (size < 0 && (errno == ECONNRESET || errno == EPIPE))
        return 0;
    if (size < 0)
        return error_system(err, errno, "receive a message");
    received->fd_count = take_descriptors(&header, received->fds);
    if (!size && !received->fd_count)
        return 0;
    if (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) || received->fd_count > PROTOCOL_FDS_MAX)
        status = error_set(err, ERROR_LIMIT, EPROTO, "a message with more bytes or descriptors than any has");
    else
        status = protocol_parse(received->bytes, (size_t)size, &received->message, err);
    if (status < 0) {
        protocol_drop(received);
        return status;
    }
    return 1;
}

static int send_bytes(int socket, int flags, const void *bytes, size_t size, const int *fds, size_t fd_count)
{
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(PROTOCOL_FDS_MAX * sizeof(int))] = {0};
    struct iovec part = {.iov_base = (void *)(uintptr_t)bytes, .iov_len = size};
    struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
    ssize_t sent;

    if (fd_count) {
        struct cmsghdr *first;

        header.msg_control = control;
        header.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
        first = CMSG_FIRSTHDR(&header);
        first->cmsg_level = SOL_SOCKET;
        first->cmsg_type = SCM_RIGHTS;
        first->cmsg_len = CMSG_LEN(fd_count * sizeof(int));
        memcpy(CMSG_DATA(first), fds, fd_count * sizeof(int));
    }
    do
        sent = sendmsg(socket, &header, flags | MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

int protocol_send(int socket, int flags, struct protocol_out *out, const int *fds, size_t fd_count, struct error *err)
{
    int status = protocol_finish(out, err);

    if (status < 0)
        return status;
    if (fd_count != protocol_row(out->type)->fds)
        return error_set(err, ERROR_INTERNAL, EINVAL, "message %s is sent with %zu descriptors", protocol_row(out->type)->name, fd_count);
    status = send_bytes(socket, flags, out->bytes.data, out->bytes.length, fds, fd_count);
    if (status < 0)
        return error_system(err, -status, "send %s", protocol_row(out->type)->name);
    return 0;
}

void protocol_send_error(int socket, uint32_t request, const struct error *err, const char *code)
{
    auto_protocol struct protocol_out out;

    protocol_begin(&out, PROTOCOL_FAILED, request);
    protocol_add_error(&out, err, code);
    (void)!protocol_send(socket, MSG_DONTWAIT, &out, NULL, 0, NULL);
}

void protocol_close(int socket)
{
    char unread;

    if (socket < 0)
        return;
    shutdown(socket, SHUT_RD);
    while (recv(socket, &unread, sizeof(unread), MSG_DONTWAIT) > 0)
        ;
    close(socket);
}

int protocol_seal(struct protocol_out *out, const char *name, int *ret_fd, struct error *err)
{
    auto_close int fd = -1;
    int status = protocol_finish(out, err);

    if (status < 0)
        return status;
    fd = memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (fd < 0)
        return error_system(err, errno, "make a memory file");
    status = file_write_all(fd, out->bytes.data, out->bytes.length);
    if (status < 0)
        return error_system(err, -status, "fill a memory file");
    if (fcntl(fd, F_ADD_SEALS, SEALS) < 0)
        return error_system(err, errno, "seal a memory file");
    *ret_fd = take_fd(fd);
    return 0;
}

static int read_whole(int fd, unsigned char *bytes, size_t size, struct error *err)
{
    size_t used = 0;

    while (used < size) {
        ssize_t got = pread(fd, bytes + used, size - used, (off_t)used);

        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return error_system(err, got < 0 ? errno : EIO, "read a memory file");
        used += (size_t)got;
    }
    return 0;
}

int protocol_unseal(int fd, uint16_t type, unsigned char **ret_bytes, struct protocol_message *ret_message, struct error *err)
{
    auto_free unsigned char *bytes = NULL;
    int seals = fcntl(fd, F_GET_SEALS), status;
    struct protocol_message message;
    struct stat st;

    if (seals < 0 || (seals & SEALS) != SEALS)
        return error_set(err, ERROR_INVALID, EPROTO, "a record that is in no sealed memory file");
    if (fstat(fd, &st) < 0)
        return error_system(err, errno, "look at a memory file");
    if (st.st_size < (off_t)sizeof(struct protocol_header) || st.st_size > (off_t)PROTOCOL_RECORD_MAX)
        return error_set(err, ERROR_LIMIT, EMSGSIZE, "a record of %lld bytes", (long long)st.st_size);
    bytes = mem_alloc((size_t)st.st_size);
    if (!bytes)
        return error_memory(err);
    status = read_whole(fd, bytes, (size_t)st.st_size, err);
    if (status == 0)
        status = protocol_parse(bytes, (size_t)st.st_size, &message, err);
    if (status < 0)
        return status;
    if (message.type != type || message.row->from != PROTOCOL_FILE)
        return error_set(err, ERROR_INVALID, EPROTO, "a record of type %s where another belongs", message.row->name);
    *ret_bytes = take_ptr(bytes);
    *ret_message = message;
    return 0;
}
