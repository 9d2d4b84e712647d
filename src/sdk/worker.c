/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A worker is a child of whoever started the container, and lives as long as its end of the channel has another. What it says
 * is bounded by its socket; what does not fit it counts, so nobody has to read in time.
 */
#include "sdk/worker.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/retire.h"
#include "base/spawn.h"
#include "worker/channel.h"

#define READY_NS    (10 * NS_PER_S) /* set-up that takes longer has failed */
#define SEND_BUFFER (256 << 10)     /* bytes of messages under way */

static int buffer_make(int socket, struct error *err)
{
    int size = SEND_BUFFER;

    if (setsockopt(socket, SOL_SOCKET, SO_SNDBUF, &size, sizeof(size)) < 0)
        return error_system(err, errno, "make room for messages of a worker");
    return 0;
}

int worker_pair(int ret_ends[2], struct error *err)
{
    auto_close int first = -1, second = -1;
    int ends[2], status;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "create a socket pair");
    first = ends[0];
    second = ends[1];
    status = buffer_make(first, err);
    if (status == 0)
        status = buffer_make(second, err);
    if (status < 0)
        return status;
    ret_ends[0] = take_fd(first);
    ret_ends[1] = take_fd(second);
    return 0;
}

int worker_seal(const char *what, const void *bytes, size_t size, int *ret_fd, struct error *err)
{
    auto_close int fd = memfd_create("cordon", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    int status;

    if (fd < 0)
        return error_system(err, errno, "make room for %s", what);
    status = file_write_all(fd, bytes, size);
    if (status < 0)
        return error_system(err, -status, "write %s", what);
    if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) < 0)
        return error_system(err, errno, "seal %s", what);
    *ret_fd = take_fd(fd);
    return 0;
}

int worker_begin(struct worker *worker, const char *program, const char *file, struct error *err)
{
    struct spawn spawn = {.name = file, .channel_number = WORKER_CHANNEL};
    auto_close int binary = -1, null = -1, inner = -1;
    const char *step = NULL;
    int ends[2], status = spawn_open(program, &binary, err);

    if (status == 0)
        status = worker_pair(ends, err);
    if (status < 0)
        return status;
    worker->channel = ends[0];
    inner = ends[1];
    null = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (null < 0)
        return error_system(err, errno, "open /dev/null");
    spawn.program = binary;
    spawn.channel = inner;
    spawn.null = null;
    status = spawn_program(&spawn, &worker->pid, &worker->pidfd, &step);
    if (status < 0)
        return error_system(err, -status, "start %s: %s", file, step ? step : "make a process");
    return 0;
}

int worker_tell(const struct worker *worker, uint32_t type, int fd, struct error *err)
{
    return worker_tell_kind(worker, type, 0, fd, err);
}

int worker_tell_kind(const struct worker *worker, uint32_t type, uint32_t kind, int fd, struct error *err)
{
    const struct worker_message message = {.type = type, .kind = kind};
    int status = channel_send_with(worker->channel, &message, &fd, fd >= 0, true);

    if (status == 0 || status == -EPIPE || status == -ECONNRESET)
        return 0;
    return error_system(err, -status, "tell %s what to do", worker->name);
}

int worker_hear(const struct worker *worker, struct worker_message *ret_message, int *ret_fd)
{
    return channel_hear(worker->channel, ret_message, ret_fd);
}

int worker_wait(const struct worker *worker, uint64_t deadline_ns, int cancel_fd, struct error *err)
{
    struct pollfd fds[] = {{.fd = worker->channel, .events = POLLIN}, {.fd = cancel_fd, .events = POLLIN}};
    uint64_t now = clock_monotonic_ns();
    int ready;

    if (now >= deadline_ns)
        return error_set(err, ERROR_SYSTEM, ETIMEDOUT, "set-up did not end in time: %s is not ready", worker->name);
    ready = poll(fds, 2, (int)((deadline_ns - now + NS_PER_MS - 1) / NS_PER_MS));
    if (ready < 0 && errno != EINTR)
        return error_system(err, errno, "wait for %s", worker->name);
    if (ready > 0 && fds[1].revents)
        return error_set(err, ERROR_SYSTEM, ECANCELED, "set-up was given up by the caller");
    return 0;
}

int worker_refusal(const struct worker_message *message, struct error *err)
{
    int errnum = message->errnum > 0 ? message->errnum : EIO;
    enum error_kind kind = message->kind == ERROR_UNENFORCEABLE ? ERROR_UNENFORCEABLE : ERROR_SYSTEM;

    return error_set(err, kind, errnum, "network: %s", message->where); /* which names the errno where that says more */
}

int worker_await_ready(struct worker *worker, uint64_t deadline_ns, int cancel_fd, int *ret_fd, struct error *err)
{
    uint64_t own_ns = clock_monotonic_ns() + READY_NS;
    int status = 0;

    if (!deadline_ns || own_ns < deadline_ns)
        deadline_ns = own_ns;
    while (status == 0 && !worker->is_ready) {
        struct worker_message message;
        auto_close int fd = -1;

        status = worker_hear(worker, &message, ret_fd ? &fd : NULL);
        if (status < 0)
            return error_set(err, ERROR_SYSTEM, -status, "%s ended without a word during set-up", worker->name);
        if (status > 0 && message.type == WORKER_ERROR)
            return worker_refusal(&message, err);
        if (status > 0 && (message.type != WORKER_READY))
            return error_set(err, ERROR_INTERNAL, EBADMSG, "%s said something unknown (%u)", worker->name, message.type);
        if (status > 0 && ret_fd)
            *ret_fd = take_fd(fd);
        worker->is_ready = status > 0;
        status = status > 0 ? 0 : worker_wait(worker, deadline_ns, cancel_fd, err);
    }
    return status;
}

bool worker_has_ended(const struct worker *worker)
{
    siginfo_t how = {0};

    return worker->pidfd >= 0 && waitid(P_PIDFD, (id_t)worker->pidfd, &how, WEXITED | __WALL | WNOHANG | WNOWAIT) == 0 &&
           how.si_pid;
}

void worker_leave(struct worker *worker)
{
    if (worker->pidfd >= 0) {
        syscall(SYS_pidfd_send_signal, worker->pidfd, SIGKILL, NULL, 0);
        retire(worker->pid, worker->pidfd);
    }
    fd_close_at(&worker->pidfd);
    fd_close_at(&worker->channel);
    worker->pidfd = worker->channel = -1;
}

void worker_kill(struct worker *worker, siginfo_t *ret_how)
{
    siginfo_t how = {0};

    if (worker->pidfd >= 0) {
        /* a nester that has another uid by now than what it began: that ends with its channel */
        if (syscall(SYS_pidfd_send_signal, worker->pidfd, SIGKILL, NULL, 0) < 0 && errno == EPERM && worker->channel >= 0)
            shutdown(worker->channel, SHUT_RDWR);
        while (waitid(P_PIDFD, (id_t)worker->pidfd, &how, WEXITED | __WALL) < 0 && errno == EINTR)
            ;
    }
    fd_close_at(&worker->pidfd);
    fd_close_at(&worker->channel);
    worker->pidfd = worker->channel = -1;
    if (ret_how)
        *ret_how = how;
}
