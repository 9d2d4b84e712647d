/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Theory of operation: root makes the directories and listens on the sockets once; each part is a child with its own user and the sockets that are its
 * own, started again with a growing delay when it ends. Nothing is heard here but signals. At the end all parts are told to end; keepers, which the
 * launcher started, go on and find what comes next.
 */
#include "daemon/supervise.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "daemon/daemon.h"
#include "daemon/pace.h"
#include "protocol/service.h"

#define FIRST_FD       3
#define SOCKETS_MAX    2
#define ARGUMENTS_MAX  16
#define END_MS         5000
#define DAEMON_USER    "cordon"
#define SENSOR_RIGHTS  ((1ull << CAP_AUDIT_CONTROL) | (1ull << CAP_AUDIT_READ))

/* In arguments and directories: $R the runtime directory, $S the state's, $K the keeper's program, $I that of first processes, $N that of containers inside of others, $C the control group. */
static const struct row {
    const char *program, *folder, *user;
    uint64_t rights; /* that the user does not have by itself */
    const char *directory;
    mode_t directory_mode;
    struct {
        const char *name, *path, *owner;
        mode_t mode;
    } sockets[SOCKETS_MAX];
    const char *arguments[ARGUMENTS_MAX];
} rows[] = {
    {"cordon-logger", "logger", "cordon-log", 0, "$S/log", 0750, {{"logger", "private/logger.sock", DAEMON_USER, 0600}},
     {"--directory", "$S/log", "--control-user", DAEMON_USER}},
    {"cordon-signer", "signer", "cordon-id", 0, "$S/identity", 0755, {{"signer", "private/signer.sock", DAEMON_USER, 0600}},
     {"--system", "--control-user", DAEMON_USER, "--directory", "$S/identity"}},
    {"cordon-sensord", "sensor", "cordon-sensor", SENSOR_RIGHTS, "$R/sensor", 0700, {{"sensor", "sensor.sock", "root", 0666}},
     {"--login-uids", "1879048192-1879113727", "--daemon", DAEMON_USER, "--state", "$R/sensor", "--calls", "always"}},
    {"cordon-launcher", "launcher", "root", ~0ull, "$S/launcher", 0700,
     {{"daemon", "private/launcher.sock", DAEMON_USER, 0600}, {"keepers", "keepers-launcher.sock", "root", 0666}},
     {"--daemon", DAEMON_USER, "--state", "$S/launcher", "--records", "$R/launcher", "--keeper", "$K", "--init", "$I", "--nester", "$N",
      "--cgroup", "$C"}},
    {"cordond", "daemon", DAEMON_USER, 0, "$R/keepers", 0700, {{"control", "control.sock", "root", 0666}, {"keepers", "keepers.sock", "root", 0666}},
     {"--system", "--runtime", "$R"}},
};

struct part {
    char program[PATH_MAX];
    uid_t uid;
    gid_t gid;
    int sockets[SOCKETS_MAX];
    pid_t pid;
    struct pace pace;
};

struct supervisor {
    const struct supervision *settings;
    char init[PATH_MAX], nester[PATH_MAX];
    int signals;
    sigset_t before;
    bool is_ending;
    struct part parts[ARRAY_COUNT(rows)];
};

/* ---- where things are ---- */

static void expand(const struct supervisor *supervisor, const char *text, char ret_text[PATH_MAX])
{
    const struct supervision *settings = supervisor->settings;
    const char *with = text[0] != '$'  ? NULL
                       : text[1] == 'R' ? settings->runtime
                       : text[1] == 'S' ? settings->state
                       : text[1] == 'K' ? settings->keeper_program
                       : text[1] == 'C' ? settings->cgroup
                       : text[1] == 'N' ? supervisor->nester
                                        : supervisor->init;

    snprintf(ret_text, PATH_MAX, "%s%s", with ? with : "", with ? text + 2 : text);
}

/* In a build tree each is in its part's folder; installed all are beside the keeper, but cordond. */
static int find_program(const struct supervisor *supervisor, const char *folder, const char *program, char ret_path[PATH_MAX], struct error *err)
{
    const char *keeper = supervisor->settings->keeper_program, *slash = strrchr(keeper, '/');
    const char *const forms[] = {"%.*s/../%s/%s", "%.*s/%.0s%s"};
    ssize_t size;

    if (strcmp(program, "cordond") == 0) {
        size = readlink("/proc/self/exe", ret_path, PATH_MAX - 1);
        if (size <= 0)
            return error_system(err, errno, "find this program");
        ret_path[size] = '\0';
        return 0;
    }
    for (size_t i = 0; slash && i < ARRAY_COUNT(forms); i++) {
        snprintf(ret_path, PATH_MAX, forms[i], (int)(slash - keeper), keeper, folder, program);
        if (access(ret_path, X_OK) == 0)
            return 0;
    }
    return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no %s beside cordon-keeper (install Cordon as a whole)", program);
}

static int find_user(const char *name, uid_t *ret_uid, gid_t *ret_gid, struct error *err)
{
    const struct passwd *entry = getpwnam(name);

    if (!entry)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no user %s: systemd-sysusers, or useradd --system %s", name, name);
    *ret_uid = entry->pw_uid;
    *ret_gid = entry->pw_gid;
    return 0;
}

/* ---- made once ---- */

static int make_directory(const char *path, mode_t mode, uid_t uid, gid_t gid, struct error *err)
{
    struct stat st;
    int status = file_make_directories(path, mode, err);

    if (status < 0)
        return status;
    if (lstat(path, &st) < 0)
        return error_system(err, errno, "%s", path);
    if (!S_ISDIR(st.st_mode) || (st.st_uid != 0 && st.st_uid != uid))
        return error_set(err, ERROR_FORBIDDEN, EPERM, "%s has to be a directory of root's or of user %u", path, uid);
    if (chmod(path, mode) < 0 || lchown(path, uid, gid) < 0)
        return error_system(err, errno, "%s", path);
    return 0;
}

static int make_places(const struct supervisor *supervisor, struct error *err)
{
    char path[PATH_MAX];
    uid_t uid;
    gid_t gid;
    int status = find_user(DAEMON_USER, &uid, &gid, err);

    if (status == 0)
        status = make_directory(supervisor->settings->runtime, 0755, 0, 0, err);
    if (status == 0)
        status = make_directory(supervisor->settings->state, 0755, 0, 0, err);
    snprintf(path, sizeof(path), "%s/private", supervisor->settings->runtime);
    return status == 0 ? make_directory(path, 0750, 0, gid, err) : status;
}

static int make_sockets(const struct supervisor *supervisor, const struct row *row, struct part *part, struct error *err)
{
    char path[PATH_MAX];
    int status = 0;

    for (size_t i = 0; i < SOCKETS_MAX && row->sockets[i].name && status == 0; i++) {
        uid_t uid;
        gid_t gid;

        snprintf(path, sizeof(path), "%s/%s", supervisor->settings->runtime, row->sockets[i].path);
        status = service_listen(path, row->sockets[i].mode, &part->sockets[i], err);
        if (status == 0)
            status = find_user(row->sockets[i].owner, &uid, &gid, err);
        if (status == 0 && lchown(path, uid, gid) < 0)
            status = error_system(err, errno, "%s", path);
    }
    return status;
}

static int prepare(struct supervisor *supervisor, size_t i, struct error *err)
{
    struct part *part = &supervisor->parts[i];
    char path[PATH_MAX];
    int status = find_program(supervisor, rows[i].folder, rows[i].program, part->program, err);

    if (status == 0)
        status = find_user(rows[i].user, &part->uid, &part->gid, err);
    expand(supervisor, rows[i].directory, path);
    if (status == 0)
        status = make_directory(path, rows[i].directory_mode, part->uid, part->gid, err);
    return status == 0 ? make_sockets(supervisor, &rows[i], part, err) : status;
}

/* ---- a part ---- */

static bool give_rights(uint64_t rights)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    for (size_t i = 0; i < 2; i++)
        data[i] = (struct __user_cap_data_struct){(uint32_t)(rights >> 32 * i), (uint32_t)(rights >> 32 * i), (uint32_t)(rights >> 32 * i)};
    if (syscall(SYS_capset, &header, data) < 0)
        return false;
    for (unsigned long cap = 0; cap < 64; cap++)
        if (rights >> cap & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, cap, 0, 0) < 0)
            return false;
    return true;
}

/* The launcher stays root and sees to its own rights; nobody else has any but those of the row. */
static bool become_user(const struct row *row, const struct part *part)
{
    if (part->uid == 0)
        return true;
    for (unsigned long cap = 0; prctl(PR_CAPBSET_READ, cap, 0, 0, 0) >= 0; cap++)
        if (!(row->rights >> cap & 1) && prctl(PR_CAPBSET_DROP, cap, 0, 0, 0) < 0)
            return false;
    if (prctl(PR_SET_KEEPCAPS, 1, 0, 0, 0) < 0 || setgroups(0, NULL) < 0 || setresgid(part->gid, part->gid, part->gid) < 0 ||
        setresuid(part->uid, part->uid, part->uid) < 0)
        return false;
    return give_rights(row->rights) && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

/* Above all that will be in their places first. */
static bool place_sockets(const struct part *part, unsigned *ret_count)
{
    int lifted[SOCKETS_MAX];

    *ret_count = 0;
    for (size_t i = 0; i < SOCKETS_MAX && part->sockets[i] >= 0; i++, ++*ret_count) {
        lifted[i] = fcntl(part->sockets[i], F_DUPFD_CLOEXEC, FIRST_FD + SOCKETS_MAX);
        if (lifted[i] < 0)
            return false;
    }
    for (unsigned i = 0; i < *ret_count; i++)
        if (dup3(lifted[i], FIRST_FD + (int)i, 0) < 0)
            return false;
    return true;
}

static no_return void become(const struct supervisor *supervisor, size_t number, pid_t parent)
{
    const struct row *row = &rows[number];
    const struct part *part = &supervisor->parts[number];
    static char texts[ARGUMENTS_MAX][PATH_MAX];
    char fds[32], names[128], path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *environment[] = {fds, names, path, NULL};
    char *argv[ARGUMENTS_MAX + 2] = {(char *)(uintptr_t)row->program};
    unsigned count;
    int null = open("/dev/null", O_RDONLY | O_CLOEXEC);

    sigprocmask(SIG_SETMASK, &supervisor->before, NULL);
    for (size_t i = 0; i < ARGUMENTS_MAX && row->arguments[i]; i++) {
        expand(supervisor, row->arguments[i], texts[i]);
        argv[i + 1] = texts[i];
    }
    setsid();
    if (null < 0 || dup2(null, 0) < 0 || !place_sockets(part, &count) || !become_user(row, part)) {
        daemon_log("%s: become user %s: %s", row->program, row->user, strerror(errno));
        _exit(1);
    }
    snprintf(fds, sizeof(fds), "LISTEN_FDS=%u", count);
    snprintf(names, sizeof(names), "LISTEN_FDNAMES=%s%s%s", row->sockets[0].name, count > 1 ? ":" : "", count > 1 ? row->sockets[1].name : "");
    /* behind the change of user, which forgets it */
    if (prctl(PR_SET_PDEATHSIG, SIGTERM) < 0 || getppid() != parent)
        _exit(1);
    execve(part->program, argv, environment);
    daemon_log("execute %s: %s", part->program, strerror(errno));
    _exit(127);
}

static void start(struct supervisor *supervisor, size_t number)
{
    struct part *part = &supervisor->parts[number];
    pid_t parent = getpid(), pid = fork();

    if (pid == 0)
        become(supervisor, number, parent);
    part->pid = pid > 0 ? pid : 0;
    if (pid < 0) {
        daemon_log("start %s: %s", rows[number].program, strerror(errno));
        pace_failed(&part->pace, clock_monotonic_ns());
    } else {
        pace_started(&part->pace, clock_monotonic_ns());
    }
}

static void reaped(struct supervisor *supervisor, pid_t pid, int status)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct part *part = &supervisor->parts[i];

        if (part->pid != pid)
            continue;
        part->pid = 0;
        pace_ended(&part->pace, clock_monotonic_ns());
        if (!supervisor->is_ending)
            pace_log(&part->pace, rows[i].program, status);
    }
}

/* ---- all of them ---- */

/* How long until the next is due, as poll() has it. */
static int step(struct supervisor *supervisor)
{
    uint64_t now = clock_monotonic_ns(), least = UINT64_MAX;

    for (size_t i = 0; i < ARRAY_COUNT(rows) && !supervisor->is_ending; i++) {
        struct part *part = &supervisor->parts[i];

        if (!part->pid && part->pace.due_ns <= now)
            start(supervisor, i);
        if (!part->pid && part->pace.due_ns < least)
            least = part->pace.due_ns;
    }
    return pace_wait_ms(least, now);
}

static void hear_signals(struct supervisor *supervisor)
{
    struct signalfd_siginfo info;
    int status;
    pid_t pid;

    while (read(supervisor->signals, &info, sizeof(info)) == sizeof(info))
        if (info.ssi_signo != SIGCHLD)
            supervisor->is_ending = true;
    while ((pid = waitpid(-1, &status, WNOHANG)) > 0)
        reaped(supervisor, pid, status);
}

static bool is_one_left(const struct supervisor *supervisor)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (supervisor->parts[i].pid)
            return true;
    return false;
}

/* cordond first: nobody is let in any more. */
static void end(struct supervisor *supervisor)
{
    uint64_t until = clock_monotonic_ns() + END_MS * NS_PER_MS;
    struct pollfd ready = {.fd = supervisor->signals, .events = POLLIN};

    for (size_t i = ARRAY_COUNT(rows); i-- > 0;)
        if (supervisor->parts[i].pid)
            kill(supervisor->parts[i].pid, SIGTERM);
    while (is_one_left(supervisor) && clock_monotonic_ns() < until)
        if (poll(&ready, 1, 100) > 0)
            hear_signals(supervisor);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (supervisor->parts[i].pid)
            kill(supervisor->parts[i].pid, SIGKILL);
}

static int begin(struct supervisor *supervisor, struct error *err)
{
    int status = find_program(supervisor, "tier/process", "cordon-init", supervisor->init, err);

    if (status == 0)
        status = find_program(supervisor, "sdk", "cordon-nester", supervisor->nester, err);
    if (status == 0)
        status = make_places(supervisor, err);
    for (size_t i = 0; i < ARRAY_COUNT(rows) && status == 0; i++)
        status = prepare(supervisor, i, err);
    return status == 0 ? daemon_watch_signals(&supervisor->before, &supervisor->signals, err) : status;
}

int supervise(const struct supervision *settings)
{
    struct supervisor *supervisor = mem_alloc(sizeof(*supervisor));
    struct error err = ERROR_INIT;
    int status;

    if (!supervisor)
        return 1;
    supervisor->settings = settings;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        memset(supervisor->parts[i].sockets, -1, sizeof(supervisor->parts[i].sockets));
    umask(022);
    status = begin(supervisor, &err);
    if (status == 0)
        service_notify("READY=1");
    while (status == 0 && !supervisor->is_ending) {
        struct pollfd ready = {.fd = supervisor->signals, .events = POLLIN};

        if (poll(&ready, 1, step(supervisor)) < 0 && errno != EINTR)
            status = error_system(&err, errno, "wait");
        hear_signals(supervisor);
    }
    if (status < 0)
        daemon_log("%s", err.text);
    end(supervisor);
    return status < 0 ? 1 : 0;
}
