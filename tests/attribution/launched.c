/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `cordon` by a launcher, for suites that start it as a program (tests/attribution/daemon). As a client it makes a socket pair, has a keeper started for it and hands over its arguments, environment, streams and
 * directory; as that keeper (by its name) it executes cordon-launched-cli with the launcher's socket, and ends it with the client.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define TEXT_MAX 180000 /* of one packet */
#define FDS      4      /* 0, 1, 2, the directory */
#define LAUNCHER 3
#define CLIENT   4

extern char **environ;

union ancillary {
    struct cmsghdr header;
    char space[CMSG_SPACE(FDS * sizeof(int))];
};

static int fail(const char *what)
{
    fprintf(stderr, "cordon-launched: %s: %s\n", what, strerror(errno));
    return 125;
}

static ssize_t exchange(int is_sending, int socket, void *bytes, size_t size, int *fds, size_t count)
{
    union ancillary ancillary = {.header = {.cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(count * sizeof(int))}};
    struct iovec vector = {bytes, size};
    struct msghdr header = {.msg_iov = &vector, .msg_iovlen = 1, .msg_control = &ancillary, .msg_controllen = CMSG_SPACE(count * sizeof(int))};
    ssize_t done;

    memcpy(CMSG_DATA(&ancillary.header), fds, count * sizeof(int));
    done = is_sending ? sendmsg(socket, &header, MSG_NOSIGNAL) : recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
    if (!is_sending && done > 0 && CMSG_FIRSTHDR(&header))
        memcpy(fds, CMSG_DATA(CMSG_FIRSTHDR(&header)), count * sizeof(int));
    return done;
}

/* ---- the client ---- */

static int own_end;

static void forward(int number)
{
    unsigned char byte = (unsigned char)number;

    (void)!send(own_end, &byte, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static size_t pack(char *text, char **argv)
{
    size_t used = 0;
    char **lists[] = {argv + 1, environ};

    for (int i = 0; i < 2; i++) {
        for (char **at = lists[i]; *at && used + strlen(*at) + 3 < TEXT_MAX; at++)
            used += (size_t)snprintf(text + used, TEXT_MAX - used, "%c%s", i ? 'e' : 'a', *at) + 1;
    }
    return used;
}

static int keeper_ask(const char *path, int *ret_end)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    int daemon = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), ends[2];
    char byte = 0;

    snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    if (daemon < 0 || connect(daemon, (struct sockaddr *)&name, sizeof(name)) < 0 || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return -1;
    if (exchange(1, daemon, &byte, 1, &ends[1], 1) != 1 || read(daemon, &byte, 1) != 1 || byte != 'y')
        return -1;
    close(ends[1]);
    close(daemon);
    *ret_end = ends[0];
    return 0;
}

static int own_path(char *ret_path, size_t size)
{
    ssize_t length = readlink("/proc/self/exe", ret_path, size);

    ret_path[length > 0 ? length : 0] = '\0';
    return length > 0;
}

static int client_run(char **argv)
{
    static char text[TEXT_MAX];
    static const int forwarded[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCONT, SIGWINCH};
    char beside[4096];
    const char *path = getenv("CORDON_TEST_DAEMON");
    int fds[FDS] = {0, 1, 2, open(".", O_PATH | O_CLOEXEC | O_DIRECTORY)}, status[2], null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; i < FDS; i++)
        if (fds[i] < 0 || fcntl(fds[i], F_GETFD) < 0)
            fds[i] = null;
    if (!path && own_path(beside, sizeof(beside) - 8)) /* suites that clear the environment */
        path = strcat(beside, ".sock");
    if (!path || keeper_ask(path, &own_end) < 0)
        return fail("ask for a keeper");
    if (exchange(1, own_end, text, pack(text, argv), fds, FDS) < 0)
        return fail("tell the keeper");
    for (size_t i = 0; i < sizeof(forwarded) / sizeof(forwarded[0]); i++)
        signal(forwarded[i], forward);
    for (;;) {
        ssize_t got = recv(own_end, status, sizeof(status), 0);

        if (got == sizeof(status))
            break;
        if (got >= 0 || errno != EINTR)
            return fail("hear of the keeper");
    }
    if (status[0]) {
        signal(status[0], SIG_DFL);
        raise(status[0]);
    }
    return status[1];
}

/* ---- the keeper ---- */

static void child_execute(const char *text, size_t size, int *fds)
{
    static char *argv[4096], *envp[4096];
    size_t argc = 1, envc = 0;
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 8);

    argv[0] = (char[]){"cordon"};
    for (size_t at = 0; at < size; at += strlen(text + at) + 1) {
        if (text[at] == 'a' && argc < 4095)
            argv[argc++] = (char *)(size_t)text + at + 1;
        else if (envc < 4095)
            envp[envc++] = (char *)(size_t)text + at + 1;
    }
    if (length < 0 || fchdir(fds[3]) < 0)
        _exit(125);
    path[length] = '\0';
    strcat(path, "-cli");
    for (int i = 0; i < 3; i++)
        fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 10);
    for (int i = 0; i < 3; i++)
        dup2(fds[i], i);
    close(CLIENT);
    execve(path, argv, envp);
    _exit(125);
}

static int keeper_run(void)
{
    static char text[TEXT_MAX];
    int fds[FDS] = {-1, -1, -1, -1}, pidfd, how[2] = {0, 125};
    ssize_t size = exchange(0, CLIENT, text, sizeof(text), fds, FDS);
    struct pollfd ready[2] = {{.events = POLLIN}, {.fd = CLIENT, .events = POLLIN}};
    siginfo_t ended = {0};
    pid_t pid;

    if (size <= 0)
        return 0;
    pid = fork();
    if (pid == 0)
        child_execute(text, (size_t)size, fds);
    for (int i = 0; i < FDS; i++)
        close(fds[i]);
    pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    ready[0].fd = pidfd;
    while (!(ready[0].revents & POLLIN)) {
        unsigned char number;

        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            break;
        if (ready[1].revents && recv(CLIENT, &number, 1, MSG_DONTWAIT) == 1)
            kill(pid, number);
        else if (ready[1].revents)
            kill(pid, SIGKILL); /* the client has died: so does what it ran */
        ready[1].fd = ready[1].revents & POLLHUP ? -1 : CLIENT;
        ready[1].revents = 0;
    }
    waitid(P_PID, (id_t)pid, &ended, WEXITED);
    how[0] = ended.si_code == CLD_EXITED ? 0 : ended.si_status;
    how[1] = ended.si_status;
    (void)!send(CLIENT, how, sizeof(how), MSG_NOSIGNAL);
    return 0;
}

int main(int argc, char **argv)
{
    (void)argc;
    return strcmp(argv[0], "cordon-keeper") == 0 ? keeper_run() : client_run(argv);
}
