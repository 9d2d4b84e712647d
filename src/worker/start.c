/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The beginning of a worker, before it is confined.
 *
 * System calls: openat, dup2, close_range, fcntl, recvmsg, pread64, exit_group.
 */
#include "worker/start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "worker/channel.h"

#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE)
#define STEP_BYTES ((size_t)64 << 10)

int worker_close_others(struct error *err)
{
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    if (null < 0)
        return error_system(err, errno, "open /dev/null");
    for (int fd = 0; fd < WORKER_CHANNEL; fd++)
        if (fd != null && dup2(null, fd) < 0)
            return error_system(err, errno, "close what was inherited");
    if (close_range(WORKER_CHANNEL + 1, ~0u, 0) < 0)
        return error_system(err, errno, "close what was inherited");
    if (fcntl(WORKER_CHANNEL, F_SETFD, FD_CLOEXEC) < 0)
        return error_system(err, errno, "keep the channel (descriptor %d)", WORKER_CHANNEL);
    return 0;
}

int worker_receive(uint32_t types, struct worker_message *ret_message, int *ret_fd, struct error *err)
{
    struct worker_message message;
    auto_close int fd = -1;
    int status = channel_receive(WORKER_CHANNEL, &message, &fd, err);

    if (status < 0)
        return status;
    if (status == 0)
        _exit(EXIT_SUCCESS);
    if (message.type >= 32 || !(types >> message.type & 1))
        return error_set(err, ERROR_INTERNAL, EPROTO, "the starter sent message %u where it does not belong", message.type);
    *ret_message = message;
    *ret_fd = take_fd(fd);
    return 0;
}

int worker_read_sealed(int fd, size_t most, const char *what, char **ret_bytes, size_t *ret_size, struct error *err)
{
    int seals = fcntl(fd, F_GET_SEALS);
    auto_free char *bytes = NULL;
    size_t size = 0, room = 0;

    if (seals < 0 || (seals & SEALS) != SEALS)
        return error_set(err, ERROR_INTERNAL, EPERM, "%s: not in a memory file sealed against change", what);
    for (;;) {
        ssize_t got;

        if (room - size < 2) {
            char *more = mem_resize(bytes, room + STEP_BYTES);

            if (!more)
                return error_memory(err);
            bytes = more;
            room += STEP_BYTES;
        }
        got = pread(fd, bytes + size, room - size - 1, (off_t)size);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return error_system(err, errno, "read %s", what);
        if (got == 0)
            break;
        size += (size_t)got;
        if (size > most)
            return error_set(err, ERROR_LIMIT, E2BIG, "%s: more than %zu bytes", what, most);
    }
    bytes[size] = '\0';
    *ret_bytes = take_ptr(bytes);
    *ret_size = size;
    return 0;
}
