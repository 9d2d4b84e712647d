/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-sensord: the kernel's audit records of refusals, for all containers of a machine. A program of its own beside
 * cordon-sensor, which ordinary users start with a privilege and which therefore takes no argument.
 *
 * Theory of operation. Two processes. This one holds CAP_AUDIT_CONTROL and CAP_AUDIT_READ and gives up every other right; it switches
 * recording on, sets the rules and takes both back, and reads nothing but the kernel's answers and words of fixed size. Its child
 * (machine.c) has no right, reads the records and serves the listeners. Either's end ends the other. Where no auditd is
 * registered this one registers, so that records do not flood the kernel's log; it makes room for one that comes.
 *
 * System calls: those of holding.c, channel.c, protocol/service.c; fork, capset, prctl, sigprocmask, signalfd, poll, recv, send, waitpid.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/kernel/landlock.h"
#include "base/memory.h"
#include "protocol/service.h"
#include "sensor/channel.h"
#include "sensor/control.h"
#include "sensor/holding.h"
#include "sensor/machine.h"
#include "sensor/sensor.h"

#define STATUS_FAILED      125
#define LANDLOCK_ABI_TELLS 7 /* 6.15 */
#define TRY_MS             10000 /* while a machine starts */
#define YIELD_NS           (60 * NS_PER_S) /* for an auditd that is being started */

struct settings {
    const char *state; /* directory */
    uint32_t daemon_uid;
    struct holding_wish wish;
    bool has_calls; /* --calls was said */
    bool takes_back; /* and nothing else */
};

struct sensord {
    struct settings settings;
    struct holding holding;
    int audit, listen, channel, signals;
    bool tells_landlock, is_registered;
    uint64_t yield_ns; /* not registered before */
    pid_t child;
};

static void warn(const char *what, const struct error *err)
{
    fprintf(stderr, "cordon-sensord: %s%s%s\n", what, err ? ": " : "", err ? err->text : "");
}

/* ---- the command line ---- */

static int login_uids_set(struct settings *settings, const char *value, struct error *err)
{
    unsigned long long least, most;
    char end;

    if (!value || sscanf(value, "%llu-%llu%c", &least, &most, &end) != 2 || least < 1 || most < least || most >= SENSOR_NO_UID)
        return error_set(err, ERROR_INVALID, EINVAL, "--login-uids: '%s' is no range of user numbers (1879048192-1879113727)", value ? value : "");
    settings->wish.login_uid_least = (uint32_t)least;
    settings->wish.login_uid_most = (uint32_t)most;
    return 0;
}

static int daemon_set(struct settings *settings, const char *value, struct error *err)
{
    const struct passwd *user = value ? getpwnam(value) : NULL;

    if (!user)
        return error_set(err, ERROR_INVALID, EINVAL, "--daemon: there is no user '%s'", value ? value : "");
    settings->daemon_uid = user->pw_uid;
    return 0;
}

static int state_set(struct settings *settings, const char *value, struct error *err)
{
    if (!value || value[0] != '/')
        return error_set(err, ERROR_INVALID, EINVAL, "--state: '%s' is no absolute path", value ? value : "");
    settings->state = value;
    return 0;
}

static int calls_set(struct settings *settings, const char *value, struct error *err)
{
    settings->has_calls = value && strcmp(value, "auto") != 0;
    settings->wish.names_calls = value && strcmp(value, "always") == 0;
    if (!value || (settings->has_calls && !settings->wish.names_calls && strcmp(value, "never") != 0))
        return error_set(err, ERROR_INVALID, EINVAL, "--calls: '%s' is none of auto, always, never", value ? value : "");
    return 0;
}

static const struct option_row {
    const char *name;
    int (*set)(struct settings *settings, const char *value, struct error *err);
} option_rows[] = {
    {"--login-uids", login_uids_set},
    {"--daemon", daemon_set},
    {"--state", state_set},
    {"--calls", calls_set},
};

static const char usage[] = "usage: cordon-sensord [--login-uids LEAST-MOST] [--daemon USER] [--state DIR] [--calls auto|always|never]\n"
                            "       cordon-sensord --take-back [--state DIR]\n"
                            "\n"
                            "See cordon-sensord(8).\n";

static int settings_read(struct settings *settings, char **argv, struct error *err)
{
    *settings = (struct settings){.state = "/run/cordon/sensor", .daemon_uid = SENSOR_NO_UID, .wish = {SENSOR_NO_UID, SENSOR_NO_UID, false}};
    for (argv++; *argv; argv++) {
        const struct option_row *row = option_rows;
        int status;

        if (strcmp(*argv, "--take-back") == 0) {
            settings->takes_back = true;
            continue;
        }
        while (row < option_rows + ARRAY_COUNT(option_rows) && strcmp(row->name, *argv) != 0)
            row++;
        if (row == option_rows + ARRAY_COUNT(option_rows))
            return error_set(err, ERROR_INVALID, EINVAL, "unknown argument '%s': see cordon-sensord(8)", *argv);
        status = row->set(settings, argv[1], err);
        if (status < 0)
            return status;
        argv++;
    }
    return 0;
}

/* ---- what is held ---- */

/* Two capabilities, and no way to another. */
static int rights_drop(struct error *err)
{
    const unsigned kept[] = {CAP_AUDIT_CONTROL, CAP_AUDIT_READ};
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct own[2] = {{0}};

    for (size_t i = 0; i < ARRAY_COUNT(kept); i++)
        own[kept[i] / 32].permitted |= 1u << kept[i] % 32;
    own[0].effective = own[0].permitted;
    own[1].effective = own[1].permitted;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_system(err, errno, "keep what it has from others");
    return syscall(SYS_capset, &header, own) < 0 ? error_system(err, errno, "keep nothing but CAP_AUDIT_CONTROL and CAP_AUDIT_READ") : 0;
}

/* With nobody registered the kernel prints records into its log, and drops what is too much for that. */
static int read_on(struct sensord *sensord, struct error *err)
{
    struct audit_status found;
    int status = control_status(sensord->holding.control, &found, err);

    if (status == 0 && !found.pid && found.enabled != 2)
        status = control_register(sensord->holding.control, sensord->audit, &sensord->is_registered, err);
    return status == 0 && !sensord->is_registered ? channel_join(sensord->audit, err) : status;
}

static int unspare(struct sensord *sensord, struct error *err)
{
    if (!sensord->holding.is_spared)
        return 0;
    warn("from here on the kernel's audit knows every program's calls, for somebody else's rules or reader", NULL);
    return holding_unspare(&sensord->holding, err);
}

/* Another reader is wanted, or is there: it takes the place, and records are read beside it. */
static int make_room(struct sensord *sensord, struct error *err)
{
    int status;

    if (!sensord->is_registered)
        return 0;
    status = control_unregister(sensord->holding.control, err);
    if (status == 0)
        status = channel_join(sensord->audit, err);
    sensord->is_registered = false;
    sensord->yield_ns = clock_monotonic_ns() + YIELD_NS;
    warn("another reader of the kernel's audit is there: records are read beside it", NULL);
    return status == 0 ? unspare(sensord, err) : status;
}

/* The other reader is gone: the same as at the start. */
static int take_over(struct sensord *sensord, struct error *err)
{
    bool is_done = false;
    int status;

    if (sensord->is_registered || clock_monotonic_ns() < sensord->yield_ns)
        return 0;
    status = channel_leave(sensord->audit, err);
    if (status == 0)
        status = control_register(sensord->holding.control, sensord->audit, &is_done, err);
    if (status == 0 && !is_done)
        status = channel_join(sensord->audit, err);
    sensord->is_registered = is_done;
    return status;
}

/* ---- the child ---- */

static int status_tell(struct sensord *sensord, struct error *err)
{
    struct audit_status found;
    int status = control_status(sensord->holding.control, &found, err);
    struct machine_word word = {.type = MACHINE_STATUS, .lost = found.lost, .is_on = found.enabled != 0};

    if (status == 0 && found.pid == 0)
        status = take_over(sensord, err);
    else if (status == 0 && found.pid != (unsigned)getpid())
        status = make_room(sensord, err);
    if (status == 0 && send(sensord->channel, &word, sizeof(word), MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno != EAGAIN)
        return error_system(err, errno, "speak to the reader of records");
    return status;
}

/* 1 = go on, 0 = it is gone. */
static int word_take(struct sensord *sensord, struct error *err)
{
    struct machine_word word;
    ssize_t size = recv(sensord->channel, &word, sizeof(word), 0);
    int status = 0;

    if (size != sizeof(word))
        return 0;
    switch (word.type) {
    case MACHINE_READY:
        service_notify("READY=1");
        break;
    case MACHINE_ASK:
        status = status_tell(sensord, err);
        break;
    case MACHINE_YIELD:
        status = make_room(sensord, err);
        break;
    case MACHINE_RULES:
        status = unspare(sensord, err);
        break;
    default:
        return 0;
    }
    return status < 0 ? status : 1;
}

static void run_child(const struct sensord *sensord, int channel, pid_t parent)
{
    const struct settings *settings = &sensord->settings;
    const struct machine_settings machine = {
        .audit = sensord->audit,
        .listen = sensord->listen,
        .channel = channel,
        .daemon_uid = settings->daemon_uid,
        .login_uid_least = settings->wish.login_uid_least,
        .login_uid_most = settings->wish.login_uid_most,
        .tells_domains = sensord->tells_landlock,
        .names_calls = settings->wish.names_calls,
    };
    struct error err = ERROR_INIT;
    sigset_t none;

    sigemptyset(&none);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent || sigprocmask(SIG_SETMASK, &none, NULL) < 0)
        _exit(STATUS_FAILED);
    signal(SIGTERM, SIG_IGN); /* the other half ends it, when it has taken back what it set */
    signal(SIGINT, SIG_IGN);
    close(sensord->holding.control);
    close(sensord->holding.directory);
    close(sensord->signals);
    if (machine_serve(&machine, &err) < 0) {
        warn("the reader of records", &err);
        _exit(STATUS_FAILED);
    }
    _exit(EXIT_SUCCESS);
}

static int child_begin(struct sensord *sensord, struct error *err)
{
    auto_close int ours = -1, theirs = -1;
    pid_t parent = getpid();
    int ends[2];

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "make a socket pair");
    ours = ends[0];
    theirs = ends[1];
    sensord->child = fork();
    if (sensord->child < 0)
        return error_system(err, errno, "start the reader of records");
    if (sensord->child == 0) {
        close(take_fd(ours));
        run_child(sensord, theirs, parent);
    }
    sensord->channel = take_fd(ours);
    return 0;
}

/* ---- the program ---- */

static int serve(struct sensord *sensord, struct error *err)
{
    struct pollfd watched[] = {{.fd = sensord->channel, .events = POLLIN}, {.fd = sensord->signals, .events = POLLIN}};
    int status = 1;

    while (status > 0) {
        if (poll(watched, ARRAY_COUNT(watched), -1) < 0 && errno != EINTR)
            return error_system(err, errno, "wait");
        if (watched[1].revents)
            return 0;
        if (watched[0].revents)
            status = word_take(sensord, err);
    }
    return status < 0 ? status : error_set(err, ERROR_SYSTEM, ECHILD, "the reader of records has ended");
}

static int prepare(struct sensord *sensord, struct error *err)
{
    struct settings *settings = &sensord->settings;
    bool is_locked = false;
    sigset_t ends;
    int status;

    sigemptyset(&ends);
    sigaddset(&ends, SIGTERM);
    sigaddset(&ends, SIGINT);
    if (sigprocmask(SIG_BLOCK, &ends, NULL) < 0 || (sensord->signals = signalfd(-1, &ends, SFD_CLOEXEC)) < 0)
        return error_system(err, errno, "wait for signals");
    status = service_socket("sensor", &sensord->listen, err);
    if (status == 0 && fcntl(sensord->listen, F_SETFL, O_NONBLOCK) < 0) /* systemd's waits */
        status = error_system(err, errno, "listen");
    if (status == 0 && service_socket("audit", &sensord->audit, NULL) < 0)
        status = channel_open(&sensord->audit, err);
    if (status == 0)
        status = channel_leave(sensord->audit, err);
    if (status == 0)
        status = rights_drop(err);
    if (status == 0)
        status = holding_begin(&sensord->holding, &settings->wish, &is_locked, err);
    if (status == 0 && is_locked)
        warn("the kernel's audit is locked (auditctl -e 2): no rule is set, and none taken away", NULL);
    if (status == 0)
        status = read_on(sensord, err);
    if (status == 0 && sensord->tells_landlock)
        status = channel_try(sensord->audit, TRY_MS, err);
    return status == 0 ? child_begin(sensord, err) : status;
}

static int run(struct sensord *sensord, struct error *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct error second = ERROR_INIT;
    int status = holding_open(sensord->settings.state, &sensord->holding, err), result;

    if (status < 0 || sensord->settings.takes_back)
        return status;
    sensord->tells_landlock = abi >= LANDLOCK_ABI_TELLS;
    if (!sensord->settings.has_calls)
        sensord->settings.wish.names_calls = !sensord->tells_landlock;
    sensord->settings.wish.names_calls &= sensord->settings.wish.login_uid_least != SENSOR_NO_UID;
    if (!sensord->tells_landlock && !sensord->settings.wish.names_calls)
        return error_set(err, ERROR_UNENFORCEABLE, ENODATA, "this kernel's Landlock tells nothing (6.15 does), and no rule names calls: give containers login uids of "
                                                            "their own (--login-uids)");
    status = prepare(sensord, err);
    if (status == 0)
        status = serve(sensord, err);
    service_notify("STOPPING=1");
    fd_close_at(&sensord->channel);
    if (sensord->child > 0)
        while (waitpid(sensord->child, NULL, 0) < 0 && errno == EINTR)
            ;
    result = sensord->is_registered ? control_unregister(sensord->holding.control, &second) : 0;
    if (result == 0)
        result = holding_end(&sensord->holding, &second);
    if (result < 0)
        warn("the kernel's audit is not as it was before", &second);
    return status < 0 ? status : result;
}

int main(int argc, char **argv)
{
    static struct sensord sensord = {.holding = HOLDING_INIT, .audit = -1, .listen = -1, .channel = -1, .signals = -1};
    struct error err = ERROR_INIT;

    if (argc == 2 && strcmp(argv[1], "--help") == 0) {
        fputs(usage, stdout);
        return 0;
    }
    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        return STATUS_FAILED;
    if (settings_read(&sensord.settings, argv, &err) < 0 || run(&sensord, &err) < 0) {
        warn(err.text, NULL);
        return err.kind == ERROR_INVALID ? 2 : STATUS_FAILED;
    }
    return EXIT_SUCCESS;
}
