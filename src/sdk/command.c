/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Nothing of this process reaches the program but its environment and two pipes. Between clone() and exec() only system calls
 * (command_child()).
 */
#include "sdk/command.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "base/spawn.h"

#define LIMIT_NS (30 * NS_PER_S)

struct child {
    const struct command *command;
    int streams[3];
    const char *failure;
    int errnum;
};

static int failed(struct child *child, const char *what)
{
    child->errnum = errno;
    child->failure = what;
    return 1;
}

/* Blocked and ignored signals would stay so in what is executed. */
static int signals_restore(void)
{
    struct sigaction action = {.sa_handler = SIG_DFL};
    sigset_t none;

    for (int number = 1; number < NSIG; number++)
        if (number != SIGKILL && number != SIGSTOP)
            sigaction(number, &action, NULL); /* those of the C library itself are refused */
    sigemptyset(&none);
    return sigprocmask(SIG_SETMASK, &none, NULL);
}

static int command_child(void *argument)
{
    struct child *child = argument;
    char *const *argv = (char *const *)child->command->argv, *const *environment = (char *const *)child->command->environment;

    /* all of them are above 2 */
    for (int i = 0; i < 3; i++)
        if (dup2(child->streams[i], i) < 0)
            return failed(child, "connect streams");
    if (syscall(SYS_close_range, 3u, ~0u, 4 /* CLOSE_RANGE_CLOEXEC, 5.11 */) < 0)
        return failed(child, "close descriptors");
    if (setsid() < 0 || chdir("/") < 0)
        return failed(child, "begin a session");
    if (signals_restore() < 0)
        return failed(child, "unblock signals");
    execve(argv[0], argv, environment);
    return failed(child, "execute");
}

/* A number above those of the standard streams, which the child gives away. */
static int lift(int *fd, struct error *err)
{
    int lifted = *fd > 2 ? *fd : fcntl(*fd, F_DUPFD_CLOEXEC, 3);

    if (lifted < 0)
        return error_system(err, errno, "copy a descriptor");
    if (lifted != *fd)
        close(*fd);
    *fd = lifted;
    return 0;
}

/* The last bytes stay. */
static void said_add(char said[COMMAND_SAID_SIZE], const char *bytes, size_t length)
{
    size_t used = strlen(said), room = COMMAND_SAID_SIZE - 1;

    if (length > room) {
        bytes += length - room;
        length = room;
    }
    if (used + length > room) {
        memmove(said, said + (used + length - room), room - length);
        used = room - length;
    }
    for (size_t i = 0; i < length; i++)
        said[used + i] = bytes[i] ? bytes[i] : ' ';
    said[used + length] = '\0';
}

/* 1 = there is more, 0 = the end. */
static int take_output(int fd, struct locked *output, const char *program, struct error *err)
{
    char more;
    bool is_full = output->length == output->size;
    ssize_t got = is_full ? read(fd, &more, 1) : read(fd, output->bytes + output->length, output->size - output->length);

    if (got < 0 && errno != EINTR && errno != EAGAIN)
        return error_system(err, errno, "read what %s prints", program);
    if (got > 0 && is_full)
        return error_set(err, ERROR_LIMIT, E2BIG, "%s prints more than %zu bytes", program, output->size);
    output->length += got > 0 ? (size_t)got : 0;
    return got != 0;
}

static int take_said(int fd, char said[COMMAND_SAID_SIZE])
{
    char bytes[1024];
    ssize_t got = read(fd, bytes, sizeof(bytes));

    if (got > 0)
        said_add(said, bytes, (size_t)got);
    return got > 0 || (got < 0 && (errno == EINTR || errno == EAGAIN));
}

/* Until both pipes and the program have ended: what it left behind in the background must not hold anybody up. */
static int follow(const struct command *command, int pidfd, int out, int complaints, struct locked *output,
                  char said[COMMAND_SAID_SIZE], struct error *err)
{
    struct pollfd fds[] = {{.fd = pidfd, .events = POLLIN},
                           {.fd = out, .events = POLLIN},
                           {.fd = complaints, .events = POLLIN},
                           {.fd = command->cancel_fd, .events = POLLIN}};
    const char *program = command->argv[0];
    uint64_t limit_ns = clock_monotonic_ns() + LIMIT_NS;
    int status = 1;

    if (command->deadline_ns && command->deadline_ns < limit_ns)
        limit_ns = command->deadline_ns;
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        uint64_t now = clock_monotonic_ns();
        bool has_ended = fds[0].fd < 0;
        int ready = now >= limit_ns ? 0
                                    : poll(fds, 4, has_ended ? 0 : (int)((limit_ns - now + NS_PER_MS - 1) / NS_PER_MS));

        if (ready < 0 && errno != EINTR)
            return error_system(err, errno, "wait for %s", program);
        if (ready == 0 && has_ended)
            return 0; /* it is over, and its pipe is empty: somebody else holds the other end */
        if (ready == 0 && clock_monotonic_ns() >= limit_ns)
            return error_set(err, ERROR_SYSTEM, ETIMEDOUT, "%s did not end in time", program);
        if (ready <= 0)
            continue;
        if (fds[3].revents)
            return error_set(err, ERROR_SYSTEM, ECANCELED, "set-up was given up by the caller");
        if (fds[1].revents)
            status = take_output(out, output, program, err);
        if (status < 0)
            return status;
        if (fds[1].revents && !status)
            fds[1].fd = -1;
        if (fds[2].revents && !take_said(complaints, said))
            fds[2].fd = -1;
        if (fds[0].revents)
            fds[0].fd = -1;
    }
    return 0;
}

/* With all that it left behind; while its own entry, that nobody has taken yet, still holds the number. */
static void session_end(pid_t pid, int pidfd)
{
    siginfo_t how;

    if (waitid(P_PIDFD, (id_t)pidfd, &how, WEXITED | __WALL | WNOHANG | WNOWAIT) == 0)
        kill(-pid, SIGKILL);
    syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
}

int command_run(const struct command *command, struct locked *output, char said[COMMAND_SAID_SIZE], int *ret_status,
                struct error *err)
{
    struct child child = {.command = command};
    auto_close int null = open("/dev/null", O_RDONLY | O_CLOEXEC), out = -1, out_end = -1, complaints = -1, end = -1, pidfd = -1;
    const char *step = NULL;
    siginfo_t how = {0};
    int pipes[2], status = null < 0 ? error_system(err, errno, "open /dev/null") : lift(&null, err);
    pid_t pid = -1;

    said[0] = '\0';
    if (status == 0 && pipe2(pipes, O_CLOEXEC) == 0) {
        out = pipes[0];
        out_end = pipes[1];
        if (pipe2(pipes, O_CLOEXEC) == 0) {
            complaints = pipes[0];
            end = pipes[1];
        }
    }
    if (status == 0 && end < 0)
        status = error_system(err, errno, "create a pipe");
    if (status == 0)
        status = lift(&out_end, err);
    if (status == 0)
        status = lift(&end, err);
    if (status < 0)
        return status;
    child.streams[0] = null;
    child.streams[1] = out_end;
    child.streams[2] = end;
    status = spawn_child(command_child, &child, 0, &pid, &pidfd, &step);
    if (status < 0)
        return error_system(err, -status, "%s: %s", command->argv[0], step ? step : "make a process");
    fd_close_at(&out_end);
    fd_close_at(&end);
    out_end = end = -1;
    if (child.failure)
        status = error_system(err, child.errnum, "%s: %s", command->argv[0], child.failure);
    else
        status = follow(command, pidfd, out, complaints, output, said, err);
    session_end(pid, pidfd);
    while (waitid(P_PIDFD, (id_t)pidfd, &how, WEXITED | __WALL) < 0)
        if (errno != EINTR) /* somebody else in this process has taken it */
            return status < 0 ? status : error_system(err, errno, "%s: how it ended was told to another", command->argv[0]);
    *ret_status = how.si_code == CLD_EXITED ? how.si_status << 8 : how.si_status;
    return status;
}
