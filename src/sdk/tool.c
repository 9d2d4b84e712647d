/* SPDX-License-Identifier: Apache-2.0 */
#include "sdk/tool.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/spawn.h"

#define CHUNK   65536
#define BEAT_MS 1000

struct child {
    const char *const *argv;
    pid_t parent;
    int out, said, given;
};

/* Between clone() and exec(): system calls only. The caller's standard input, directory and environment are the program's too. */
static int run_child(void *argument)
{
    const struct child *child = argument;
    sigset_t none;

    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != child->parent)
        return 1;
    if (dup2(child->out, STDOUT_FILENO) < 0 || dup2(child->said, STDERR_FILENO) < 0)
        return 1;
    if (syscall(SYS_close_range, 3u, ~0u, 4 /* CLOSE_RANGE_CLOEXEC, 5.11 */) < 0)
        return 1;
    if (child->given && (child->given == TOOL_GIVEN ? fcntl(TOOL_GIVEN, F_SETFD, 0) : dup2(child->given, TOOL_GIVEN)) < 0)
        return 1;
    sigemptyset(&none);
    if (sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        return 1;
    execve(child->argv[0], (char *const *)child->argv, environ);
    return 1;
}

/* Above the standard streams, which the child gives away. */
static int open_pipe(int *ret_read, int *ret_write, struct error *err)
{
    int ends[2], lifted;

    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_system(err, errno, "create a pipe");
    for (int i = 0; i < 2; i++) {
        if (ends[i] > STDERR_FILENO)
            continue;
        lifted = fcntl(ends[i], F_DUPFD_CLOEXEC, 3);
        close(ends[i]);
        ends[i] = lifted;
    }
    *ret_read = ends[0];
    *ret_write = ends[1];
    return ends[0] < 0 || ends[1] < 0 ? error_system(err, EMFILE, "create a pipe") : 0;
}

struct said {
    char bytes[2 * sizeof(struct error)];
    size_t size;
};

/* The last bytes stay. */
static void take_said(struct said *said, const char *bytes, size_t size)
{
    const size_t room = sizeof(said->bytes);

    if (size > room) {
        bytes += size - room;
        size = room;
    }
    if (said->size + size > room) {
        memmove(said->bytes, said->bytes + said->size + size - room, room - size);
        said->size = room - size;
    }
    memcpy(said->bytes + said->size, bytes, size);
    said->size += size;
}

static void read_said(const struct said *said, const char *program, struct error *ret_said)
{
    const char *name = strrchr(program, '/');
    struct error whole;

    *ret_said = ERROR_INIT;
    if (!said->size)
        return;
    if (said->size == sizeof(whole)) {
        memcpy(&whole, said->bytes, sizeof(whole));
        if (whole.kind > ERROR_NONE && whole.kind <= ERROR_SCHEMA && whole.errnum >= 0 && memchr(whole.text, '\0', sizeof(whole.text))) {
            *ret_said = whole;
            return;
        }
    }
    error_set(ret_said, ERROR_SYSTEM, EIO, "%s says: %.*s", name ? name + 1 : program, (int)strcspn(said->bytes, "\n") < (int)said->size ? (int)strcspn(said->bytes, "\n") : (int)said->size,
              said->bytes);
}

/* Until both pipes have ended. 0, what take() said, or negative. */
static int follow(const struct tool *tool, int out, int complaints, struct said *said, struct error *err)
{
    struct pollfd fds[] = {{.fd = out, .events = POLLIN}, {.fd = complaints, .events = POLLIN}};
    auto_free char *bytes = mem_alloc(CHUNK);

    if (!bytes)
        return error_memory(err);
    while (fds[0].fd >= 0 || fds[1].fd >= 0) {
        const int ready = poll(fds, 2, BEAT_MS);

        if (ready < 0 && errno != EINTR)
            return error_system(err, errno, "wait for %s", tool->argv[0]);
        if (ready == 0 && tool->take(tool->context, "", 0))
            return 1;
        if (ready <= 0)
            continue;
        for (int i = 0; i < 2; i++) {
            ssize_t got = fds[i].fd >= 0 && fds[i].revents ? read(fds[i].fd, bytes, CHUNK) : -1;
            int status = 0;

            if (fds[i].fd < 0 || !fds[i].revents || (got < 0 && errno == EINTR))
                continue;
            if (got <= 0)
                fds[i].fd = -1;
            else if (i)
                take_said(said, bytes, (size_t)got);
            else
                status = tool->take(tool->context, bytes, (size_t)got);
            if (status)
                return status < 0 ? status : 1;
        }
    }
    return 0;
}

int tool_run(const struct tool *tool, int *ret_status, struct error *ret_said, struct error *err)
{
    auto_close int out = -1, out_end = -1, complaints = -1, complaints_end = -1, pidfd = -1;
    struct child child = {.argv = tool->argv, .parent = getpid(), .given = tool->given};
    struct said said = {.size = 0};
    const char *step = NULL;
    siginfo_t how = {0};
    pid_t pid;
    int status = open_pipe(&out, &out_end, err);

    if (status == 0)
        status = open_pipe(&complaints, &complaints_end, err);
    if (status < 0)
        return status;
    child.out = out_end;
    child.said = complaints_end;
    status = spawn_child(run_child, &child, 0, &pid, &pidfd, &step);
    if (status < 0)
        return error_system(err, -status, "%s: %s", tool->argv[0], step ? step : "make a process");
    fd_close_at(&out_end);
    fd_close_at(&complaints_end);
    out_end = complaints_end = -1;
    status = follow(tool, out, complaints, &said, err);
    if (status)
        syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, NULL, 0);
    while (waitid(P_PIDFD, (id_t)pidfd, &how, WEXITED | __WALL) < 0)
        if (errno != EINTR) /* somebody else in this process has taken it, or children are not waited for */
            break;
    read_said(&said, tool->argv[0], ret_said);
    *ret_status = status > 0 ? -1 : how.si_code == CLD_EXITED ? how.si_status : 128 + how.si_status;
    return status < 0 ? status : 0;
}
