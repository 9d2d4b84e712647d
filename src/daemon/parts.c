/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: fork, execve, dup3, prctl, kill, and those of protocol/service.c. */
#include "daemon/parts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "daemon/pace.h"
#include "launcher/client.h"
#include "protocol/service.h"

#define PART_FD         3
#define ARGUMENTS_MAX   6
#define ENDING_TURNS    20    /* of a former one, which is killed with its starter */
#define ENDING_TURN_NS  100000000

/* From then on it tells there what it does, and can be asked nothing. */
static int hear_launcher(int fd, struct error *err)
{
    struct launcher *launcher = launcher_new(fd);
    int status = launcher ? launcher_hear(launcher, err) : error_memory(err);

    launcher_free(launcher);
    return status;
}

/* One part a row. */
static const struct part_row {
    const char *name;      /* also of the socket that it is given (LISTEN_FDNAMES) */
    const char *socket;    /* below the runtime directory */
    const char *folder;    /* of a build tree, */
    const char *program;   /* with this program in it */
    const char *state;     /* its directory below the user's state; NULL = it has none */
    const char *arguments[ARGUMENTS_MAX]; /* "" = that directory */
    bool is_systems;      /* no user could start it: what it needs is root's */
    int (*greet)(int fd, struct error *err); /* what is said on a connection before the core has it; NULL = nothing */
} rows[] = {
    {"logger", "private/logger.sock", "logger", "cordon-logger", "log", {"--directory", ""}, false, NULL},
    {"signer", "private/signer.sock", "signer", "cordon-signer", "identity", {"--directory", ""}, false, NULL},
    {"sensor", "sensor.sock", "sensor", "cordon-sensord", NULL, {NULL}, true, NULL},
    {"launcher", "private/launcher.sock", "launcher", "cordon-launcher", NULL, {NULL}, true, hear_launcher},
};

struct part {
    char socket[PATH_MAX], program[PATH_MAX + 64], state[PATH_MAX];
    int listener; /* -1 = not a child of this process */
    pid_t pid;
    struct pace pace;
};

struct parts {
    const struct daemon_settings *settings;
    sigset_t before;
    struct part list[ARRAY_COUNT(rows)];
};

/* ---- where things are ---- */

void parts_find_state(char state[PATH_MAX], const char *name)
{
    const char *given = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
    int size = 0;

    if (given && given[0] == '/')
        size = snprintf(state, PATH_MAX, "%s/cordon/%s", given, name);
    else if (home && home[0] == '/')
        size = snprintf(state, PATH_MAX, "%s/.local/state/cordon/%s", home, name);
    if (size <= 0 || size >= PATH_MAX)
        state[0] = '\0';
}

/* As keepers are found: in a build tree, or where they are installed. */
static void find_program(struct part *part, const struct part_row *row, const char *keeper)
{
    const char *slash = strrchr(keeper, '/');
    int length = slash ? (int)(slash - keeper) : 0;

    snprintf(part->program, sizeof(part->program), "%.*s/../%s/%s", length, keeper, row->folder, row->program);
    if (access(part->program, X_OK) < 0)
        snprintf(part->program, sizeof(part->program), "%.*s/%s", length, keeper, row->program);
    if (access(part->program, X_OK) < 0)
        part->program[0] = '\0';
}

static int listen_for(struct part *part, struct error *err)
{
    int status = 0;

    for (int i = 0; i < ENDING_TURNS; i++) {
        status = service_listen(part->socket, 0600, &part->listener, err);
        if (status != -EADDRINUSE)
            break;
        nanosleep(&(struct timespec){.tv_nsec = ENDING_TURN_NS}, NULL);
    }
    return status;
}

/* What cannot be there is said to who wants it, not here: a user without a place for a log has containers all the same. */
static int prepare(struct parts *parts, size_t i, struct error *err)
{
    struct part *part = &parts->list[i];

    part->listener = -1;
    snprintf(part->socket, sizeof(part->socket), "%s/%s", parts->settings->runtime, rows[i].socket);
    if (!parts->settings->is_user || rows[i].is_systems)
        return 0;
    find_program(part, &rows[i], parts->settings->keeper_program);
    if (rows[i].state)
        parts_find_state(part->state, rows[i].state);
    if (!*part->program || (rows[i].state && !*part->state))
        return 0;
    return listen_for(part, err);
}

int parts_new(const struct daemon_settings *settings, const sigset_t *before, struct parts **ret_parts, struct error *err)
{
    struct parts *parts = mem_alloc(sizeof(*parts));
    int status = 0;

    if (!parts)
        return error_memory(err);
    *parts = (struct parts){.settings = settings, .before = *before};
    for (size_t i = 0; status == 0 && i < ARRAY_COUNT(rows); i++)
        status = prepare(parts, i, err);
    if (status < 0) {
        parts_forget(parts);
        mem_free(parts);
        return status;
    }
    *ret_parts = parts;
    return 0;
}

void parts_forget(struct parts *parts)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        fd_close_at(&parts->list[i].listener);
        parts->list[i].listener = -1;
    }
}

/* ---- started, and again ---- */

/* In the child. Nobody restarts it when this process is gone, and the next one wants its place: it ends in order then. */
static no_return void become(const struct parts *parts, const struct part *part, const struct part_row *row, pid_t starter)
{
    static char fds[] = "LISTEN_FDS=1";
    char names[64], *environment[] = {fds, names, NULL}, *argv[ARGUMENTS_MAX + 2] = {(char *)(uintptr_t)row->program};
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    snprintf(names, sizeof(names), "LISTEN_FDNAMES=%s", row->name);
    for (size_t i = 0; i < ARGUMENTS_MAX && row->arguments[i]; i++)
        argv[i + 1] = (char *)(uintptr_t)(*row->arguments[i] ? row->arguments[i] : part->state);
    sigprocmask(SIG_SETMASK, &parts->before, NULL);
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != starter)
        _exit(1);
    if (part->listener == PART_FD ? fcntl(PART_FD, F_SETFD, 0) < 0 : dup3(part->listener, PART_FD, 0) < 0)
        _exit(1);
    if (null < 0 || dup2(null, 0) < 0 || dup2(null, 1) < 0)
        _exit(1);
    execve(part->program, argv, environment);
    daemon_log("execute %s: %s", part->program, strerror(errno));
    _exit(127);
}

static void start(struct parts *parts, struct part *part, const struct part_row *row)
{
    pid_t starter = getpid(), pid = fork();

    if (pid == 0)
        become(parts, part, row, starter);
    part->pid = pid > 0 ? pid : 0;
    if (pid < 0) {
        daemon_log("start %s: %s", row->program, strerror(errno));
        pace_failed(&part->pace, clock_monotonic_ns());
    } else {
        pace_started(&part->pace, clock_monotonic_ns());
    }
}

int parts_step(struct parts *parts)
{
    uint64_t now = clock_monotonic_ns(), least = UINT64_MAX;

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct part *part = &parts->list[i];

        if (part->listener >= 0 && !part->pid && part->pace.due_ns <= now)
            start(parts, part, &rows[i]);
        if (part->listener >= 0 && !part->pid && part->pace.due_ns < least)
            least = part->pace.due_ns;
    }
    return pace_wait_ms(least, now);
}

bool parts_reaped(struct parts *parts, pid_t pid, int status)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct part *part = &parts->list[i];

        if (part->pid != pid)
            continue;
        part->pid = 0;
        pace_ended(&part->pace, clock_monotonic_ns());
        pace_log(&part->pace, rows[i].program, status);
        return true;
    }
    return false;
}

void parts_end(struct parts *parts)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (parts->list[i].pid > 0)
            kill(parts->list[i].pid, SIGTERM);
}

/* ---- asked for ---- */

static int connect_to(const struct parts *parts, size_t i, int *ret_fd, struct error *err)
{
    const struct part *part = &parts->list[i];
    int status;

    if (parts->settings->is_user && rows[i].is_systems)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "%s is of the system's service alone", rows[i].program);
    if (parts->settings->is_user && !*part->program)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no %s beside cordond (install Cordon as a whole)", rows[i].program);
    if (parts->settings->is_user && rows[i].state && !*part->state)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "no place for its state: set XDG_STATE_HOME or HOME for cordond");
    status = service_connect(part->socket, ret_fd, err);
    return status == 0 && rows[i].greet ? rows[i].greet(*ret_fd, err) : status;
}

void parts_connect(struct parts *parts, int core, const struct protocol_message *message)
{
    const char *name = protocol_text(message, TAG_NAME);
    auto_protocol struct protocol_out out = {0};
    struct error err = ERROR_INIT;
    auto_close int fd = -1;
    size_t i = 0;
    int status;

    while (i < ARRAY_COUNT(rows) && strcmp(rows[i].name, name) != 0)
        i++;
    if (i < ARRAY_COUNT(rows))
        status = connect_to(parts, i, &fd, &err);
    else
        status = error_set(&err, ERROR_NOT_FOUND, ENOENT, "cordond knows no such part");
    protocol_begin(&out, status < 0 ? PROTOCOL_NO_PART : PROTOCOL_PART_IS, message->request);
    protocol_add_text(&out, TAG_NAME, name);
    if (status < 0)
        protocol_add_text(&out, TAG_TEXT, err.text);
    (void)!protocol_send(core, MSG_DONTWAIT, &out, &fd, status < 0 ? 0 : 1, NULL);
}
