/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: this process has all rights of the user, as its keepers have (of the system: those of a user of its own, who may ask the
 * launcher), and hears three requests alone, from its own core: start a keeper, with the channel that comes with it; connect to one of the parts
 * beside it (parts.c); look whether there are containers on disk that no keeper has. It opens the sockets once, so that a core that dies is followed by another on the same ones, and clients wait in their queue.
 * When it ends, the core ends; keepers go on, and find the next daemon.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "daemon/daemon.h"
#include "daemon/kept.h"
#include "daemon/parts.h"
#include "launcher/client.h"
#include "protocol/service.h"

#define CORES_MAX    5 /* in CORES_S seconds; more is a fault that another one would have, too */
#define CORES_S      30
#define KEEPER_FD    3
#define ENDING_TURNS   20
#define ENDING_TURN_NS 100000000
#define LOOK_SOON_MS   100
#define LOOK_LATER_MS  2000
#define LOOK_AGAIN_MS  2000 /* where the launcher is not there */

struct starter {
    const struct daemon_settings *settings;
    int control, keepers, signals, core; /* core: the channel to it */
    pid_t core_pid;
    char former[96]; /* how the core before this one ended; "" = there was none */
    uint64_t cores_ns[CORES_MAX]; /* when the last ones were started */
    uint64_t looks_ns[KEPT_LOOKS_MAX]; /* and when containers of keepers that ended were looked for */
    bool is_to_look;              /* they are to be, and it was done too often of late */
    sigset_t before;              /* the signals that were blocked for whoever started this */
    struct parts *parts;          /* what stands beside the core */
    struct launcher *launcher;    /* of the system; NULL = it was not asked yet */
    int launcher_fd;
    uint64_t look_ns, look_once_more_ns; /* when that is asked for containers on disk that nobody has; 0 = not */
    struct protocol_received received;
};

static int make_directory(const char *path, struct error *err)
{
    struct stat st;
    int status = file_make_directories(path, 0700, err);

    if (status < 0)
        return status;
    if (lstat(path, &st) < 0)
        return error_system(err, errno, "%s", path);
    if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || (st.st_mode & 022))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s has to be a directory that belongs to user %u and that nobody else can write", path, geteuid());
    return 0;
}

static int make_socket(const struct daemon_settings *settings, const char *name, const char *file, int *ret_fd, struct error *err)
{
    char path[4096];
    int status = service_socket(name, ret_fd, err);

    if (status == 0) {
        if (fcntl(*ret_fd, F_SETFL, O_NONBLOCK) < 0)
            return error_system(err, errno, "socket '%s'", name);
        return 0;
    }
    if (status != -ENOENT)
        return status;
    if (!file)
        return error_prepend(err, "as the system's service it is started by systemd, or by root"), status;
    snprintf(path, sizeof(path), "%s/%s", settings->runtime, file);
    /* one that was killed a moment ago may still be ending */
    for (int i = 0; i < ENDING_TURNS; i++) {
        status = service_listen(path, 0600, ret_fd, err);
        if (status != -EADDRINUSE)
            break;
        nanosleep(&(struct timespec){.tv_nsec = ENDING_TURN_NS}, NULL);
    }
    return status;
}

static int make_places(struct starter *starter, struct error *err)
{
    static const char *const names[] = {"/keepers", "", "/private"};
    const size_t own = starter->settings->is_user ? ARRAY_COUNT(names) : 1; /* the others are root's there */
    char path[4096];
    int status = 0;

    for (size_t i = 0; status == 0 && i < own; i++) {
        snprintf(path, sizeof(path), "%s%s", starter->settings->runtime, names[i]);
        status = make_directory(path, err);
    }
    if (status == 0)
        status = make_socket(starter->settings, "control", starter->settings->is_user ? "control.sock" : NULL, &starter->control, err);
    if (status == 0)
        status = make_socket(starter->settings, "keepers", starter->settings->is_user ? "private/keepers.sock" : NULL, &starter->keepers, err);
    return status;
}

static int start_core(struct starter *starter, struct error *err)
{
    uint64_t now = clock_monotonic_ns();
    int ends[2];

    if (starter->cores_ns[CORES_MAX - 1] && now - starter->cores_ns[CORES_MAX - 1] < CORES_S * NS_PER_S)
        return error_set(err, ERROR_INTERNAL, EAGAIN, "the core ended %d times in %d seconds", CORES_MAX, CORES_S);
    memmove(starter->cores_ns + 1, starter->cores_ns, sizeof(starter->cores_ns) - sizeof(starter->cores_ns[0]));
    starter->cores_ns[0] = now;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a channel for the core");
    starter->core_pid = fork();
    if (starter->core_pid == 0) {
        close(ends[0]);
        close(starter->signals);
        parts_forget(starter->parts);
        sigprocmask(SIG_SETMASK, &starter->before, NULL);
        fcntl(ends[1], F_SETFL, O_NONBLOCK);
        _exit(core_run(starter->settings, starter->control, starter->keepers, ends[1], starter->former));
    }
    close(ends[1]);
    starter->core = ends[0];
    if (starter->core_pid < 0) {
        close(take_fd(starter->core));
        return error_system(err, errno, "start the core");
    }
    if (starter->settings->is_user)
        kept_tell(starter->core);
    else
        starter->look_ns = now;
    return 0;
}

/* In the child: only what an exec leaves of this process, and LISTEN_FDS. */
static no_return void become_keeper(const struct starter *starter, int channel)
{
    static char fds[] = "LISTEN_FDS=1", names[] = "LISTEN_FDNAMES=cordond";
    const char *kept = kept_variable();
    char *const environment[] = {fds, names, *kept ? (char *)(uintptr_t)kept : NULL, NULL};
    char *const argv[] = {(char *)(uintptr_t)"cordon-keeper", NULL};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    sigprocmask(SIG_SETMASK, &starter->before, NULL);
    setsid();
    if (channel == KEEPER_FD ? fcntl(channel, F_SETFD, 0) < 0 : dup3(channel, KEEPER_FD, 0) < 0)
        _exit(1);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
        _exit(1);
    execve(starter->settings->keeper_program, argv, environment);
    daemon_log("execute %s: %s", starter->settings->keeper_program, strerror(errno));
    _exit(127);
}

static int start_own_keeper(struct starter *starter, int channel, pid_t *ret_pid, struct error *err)
{
    pid_t pid = fork();

    if (pid == 0)
        become_keeper(starter, channel);
    if (pid < 0)
        return error_system(err, errno, "start a keeper");
    *ret_pid = pid;
    return 0;
}

static int find_launcher(struct starter *starter, struct error *err)
{
    int status = 0;

    if (starter->launcher_fd < 0) {
        char path[4096];

        snprintf(path, sizeof(path), "%s/private/launcher.sock", starter->settings->runtime);
        status = service_connect(path, &starter->launcher_fd, err);
        if (status < 0)
            return error_prepend(err, "the launcher is not there (cordon-launcher.service)"), status;
    }
    if (!starter->launcher && !(starter->launcher = launcher_new(starter->launcher_fd)))
        return error_memory(err);
    return 0;
}

/* One that has ended is followed by another; one that does not answer is not asked on. */
static void forget_launcher(struct starter *starter)
{
    launcher_free(take_ptr(starter->launcher));
    fd_close_at(&starter->launcher_fd);
    starter->launcher_fd = -1;
}

/* As the maker of the client's end, whom the launcher reads off it; or by its own record. */
static int ask_launcher(struct starter *starter, const int *fds, pid_t *ret_pid, struct error *err)
{
    static const char *const names[] = {"cordond"};
    const struct protocol_message *message = &starter->received.message;
    struct launcher_keeper started = {.pidfd = -1};
    int status = find_launcher(starter, err);

    if (status < 0)
        return status;
    if (message->type == PROTOCOL_START_KEEPER_AGAIN)
        return kept_start(starter->launcher, protocol_text(message, TAG_NAME), fds[0], ret_pid, err);
    status = launcher_keeper(starter->launcher, fds[1], "client", &fds[0], names, ARRAY_COUNT(names), &started, err);
    fd_close_at(&started.pidfd);
    *ret_pid = started.pid;
    return status;
}

static int start_others_keeper(struct starter *starter, const int *fds, pid_t *ret_pid, struct error *err)
{
    int status = ask_launcher(starter, fds, ret_pid, err);

    for (int again = 0; status == -ECONNRESET && again < 2; again++) {
        forget_launcher(starter);
        status = ask_launcher(starter, fds, ret_pid, err);
    }
    return status;
}

static void start_keeper(struct starter *starter, const int *fds)
{
    const struct protocol_message *message = &starter->received.message;
    auto_protocol struct protocol_out out = {0};
    struct error err = ERROR_INIT;
    pid_t pid = 0;
    int status;

    if ((message->type == PROTOCOL_START_KEEPER) != starter->settings->is_user)
        status = error_set(&err, ERROR_INTERNAL, EPROTO, "a keeper is asked for that this service has none of");
    else
        status = starter->settings->is_user ? start_own_keeper(starter, fds[0], &pid, &err) : start_others_keeper(starter, fds, &pid, &err);
    if (status < 0) {
        protocol_send_error(starter->core, message->request, &err, NULL);
        return;
    }
    protocol_begin(&out, PROTOCOL_KEEPER_IS, message->request);
    protocol_add_number(&out, TAG_TICKET, protocol_number(message, TAG_TICKET, 0));
    protocol_add_number(&out, TAG_PID, (uint64_t)pid);
    (void)!protocol_send(starter->core, MSG_DONTWAIT, &out, NULL, 0, NULL);
}

/* When they may be looked for: a keeper that ends over a container that it takes up is started again, and not all the time. */
static uint64_t own_look_at_ns(const struct starter *starter)
{
    uint64_t first = starter->looks_ns[KEPT_LOOKS_MAX - 1];

    return first ? first + KEPT_LOOKS_S * NS_PER_S : 0;
}

static void look_for_own(struct starter *starter)
{
    uint64_t now = clock_monotonic_ns(), *looks = starter->looks_ns;

    starter->is_to_look = starter->settings->is_user;
    if (!starter->is_to_look || !starter->core_pid || starter->core < 0 || now < own_look_at_ns(starter))
        return;
    memmove(looks + 1, looks, (KEPT_LOOKS_MAX - 1) * sizeof(*looks));
    looks[0] = now;
    starter->is_to_look = false;
    kept_tell(starter->core);
}

/* ---- what is kept, of the system ---- */

/* The launcher sees a keeper's end when the core does, or a little later. */
static void look_soon(struct starter *starter)
{
    uint64_t now = clock_monotonic_ns();

    if (starter->settings->is_user)
        return;
    if (!starter->look_ns || starter->look_ns > now + LOOK_SOON_MS * NS_PER_MS)
        starter->look_ns = now + LOOK_SOON_MS * NS_PER_MS;
    starter->look_once_more_ns = now + LOOK_LATER_MS * NS_PER_MS;
}

static void look(struct starter *starter, uint64_t now)
{
    struct error err = ERROR_INIT;
    uint64_t wait_ms = 0;
    int status = find_launcher(starter, &err);

    if (status == 0)
        status = kept_ask(starter->launcher, starter->core, &wait_ms, &err);
    if (status < 0) {
        forget_launcher(starter);
        wait_ms = LOOK_AGAIN_MS;
    }
    starter->look_ns = wait_ms ? now + wait_ms * NS_PER_MS : 0;
    if (starter->look_once_more_ns && starter->look_once_more_ns <= now)
        starter->look_once_more_ns = 0;
    if (starter->look_once_more_ns && (!starter->look_ns || starter->look_once_more_ns < starter->look_ns))
        starter->look_ns = starter->look_once_more_ns;
}

/* How long there is to wait at most, as poll() has it. */
static int look_when_due(struct starter *starter)
{
    uint64_t now = clock_monotonic_ns();

    if (starter->look_ns && starter->look_ns <= now && starter->core >= 0)
        look(starter, now);
    if (!starter->look_ns)
        return -1;
    return starter->look_ns <= now ? LOOK_SOON_MS : (int)((starter->look_ns - now) / NS_PER_MS) + 1;
}

/* 1 = go on; the core that says anything else is ended, and another one started. */
static int hear_core(struct starter *starter)
{
    struct error err = ERROR_INIT;
    int status = protocol_receive(starter->core, MSG_DONTWAIT, &starter->received, &err);

    if (status == -EAGAIN)
        return 1;
    if (status > 0)
        status = protocol_permit(&starter->received.message, PROTOCOL_DAEMON, PROTOCOL_LAUNCHER, PROTOCOL_JOINED, starter->received.fd_count, &err) < 0 ? -1 : 1;
    if (status > 0 && starter->received.message.type == PROTOCOL_LOOK_FOR_KEPT)
        starter->settings->is_user ? look_for_own(starter) : look_soon(starter);
    else if (status > 0 && starter->received.message.type == PROTOCOL_CONNECT_PART)
        parts_connect(starter->parts, starter->core, &starter->received.message);
    else if (status > 0)
        start_keeper(starter, starter->received.fds);
    else if (starter->core_pid > 0)
        kill(starter->core_pid, SIGKILL);
    protocol_drop(&starter->received);
    return status > 0;
}

/* Keepers that ended, whose containers others may take up, and the core. */
static void reap(struct starter *starter)
{
    bool is_kept = false;
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (parts_reaped(starter->parts, pid, status))
            continue;
        if (pid != starter->core_pid) {
            is_kept = true;
            continue;
        }
        starter->core_pid = 0;
        snprintf(starter->former, sizeof(starter->former), "in the place of one that ended: %s %d", WIFSIGNALED(status) ? "signal" : "status",
                 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
        daemon_log("the core ended (%s %d); another one takes its place", WIFSIGNALED(status) ? "signal" : "status",
                   WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
    }
    if (is_kept && starter->settings->is_user)
        look_for_own(starter);
}

/* 1 = go on, 0 = somebody wants the end. */
static int hear_signals(struct starter *starter)
{
    struct signalfd_siginfo info;

    while (read(starter->signals, &info, sizeof(info)) == sizeof(info)) {
        if (info.ssi_signo != SIGCHLD)
            return 0;
        reap(starter);
    }
    return 1;
}

static int sooner(int one_ms, int other_ms)
{
    return one_ms < 0 || (other_ms >= 0 && other_ms < one_ms) ? other_ms : one_ms;
}

/* The same in the user's service. */
static int own_look_when_due(struct starter *starter)
{
    uint64_t now = clock_monotonic_ns();

    if (starter->is_to_look && now >= own_look_at_ns(starter))
        look_for_own(starter);
    if (!starter->is_to_look)
        return -1;
    return own_look_at_ns(starter) <= now ? LOOK_SOON_MS : (int)((own_look_at_ns(starter) - now) / NS_PER_MS) + 1;
}

static int watch_over(struct starter *starter, struct error *err)
{
    for (;;) {
        struct pollfd fds[2] = {{.fd = starter->signals, .events = POLLIN}, {.fd = starter->core, .events = POLLIN}};
        int status = 0, wait_ms;

        if (!starter->core_pid) {
            if (starter->core >= 0)
                close(take_fd(starter->core));
            status = start_core(starter, err);
            if (status < 0)
                return status;
            continue;
        }
        wait_ms = sooner(sooner(parts_step(starter->parts), look_when_due(starter)), own_look_when_due(starter));
        if (poll(fds, ARRAY_COUNT(fds), wait_ms) < 0 && errno != EINTR)
            return error_system(err, errno, "wait");
        if (fds[0].revents && !hear_signals(starter))
            return 0;
        if (fds[1].revents && starter->core >= 0 && !hear_core(starter))
            close(take_fd(starter->core)); /* its end comes as a signal */
    }
}

/* It says so in the log, while that is there. */
static void end_core(struct starter *starter)
{
    if (starter->core >= 0)
        close(take_fd(starter->core));
    for (int i = 0; i < ENDING_TURNS && starter->core_pid > 0; i++) {
        if (waitpid(starter->core_pid, NULL, WNOHANG) == starter->core_pid)
            starter->core_pid = 0;
        else
            nanosleep(&(struct timespec){.tv_nsec = ENDING_TURN_NS / 2}, NULL);
    }
    if (starter->core_pid > 0)
        kill(starter->core_pid, SIGTERM);
}

int starter_run(const struct daemon_settings *settings)
{
    struct starter *starter = mem_alloc(sizeof(*starter));
    struct error err = ERROR_INIT;
    int status;

    if (!starter)
        return 1;
    *starter = (struct starter){.settings = settings, .control = -1, .keepers = -1, .signals = -1, .core = -1, .launcher_fd = -1};
    umask(077);
    status = make_places(starter, &err);
    if (status == 0)
        status = daemon_watch_signals(&starter->before, &starter->signals, &err);
    if (status == 0)
        status = parts_new(settings, &starter->before, &starter->parts, &err);
    if (status == 0)
        status = start_core(starter, &err);
    if (status == 0) {
        service_notify("READY=1");
        status = watch_over(starter, &err);
    }
    service_notify("STOPPING=1");
    end_core(starter);
    if (starter->parts)
        parts_end(starter->parts);
    if (status < 0)
        daemon_log("%s", err.text);
    return status < 0 ? 1 : 0;
}
