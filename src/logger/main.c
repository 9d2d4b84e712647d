/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-logger: the only writer of this machine's audit log. Theory of operation: it runs as a user of its own, holds the log's directory
 * and its key, and reads what every keeper sends. It opens the log, gives up all other files (Landlock) before that and all system calls
 * but its list (seccomp) behind it, and only then accepts a message. Who a writer is, cordond says; a writer chooses nothing but its records.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "identity/name.h"
#include "logger/logger.h"
#include "protocol/service.h"

#define STATUS_FAILED 1
#define STATUS_USAGE  2
#define EVENTS_MAX    128
#define SHARE_DEFAULT (64ull << 20)
#define FREE_DEFAULT  (64ull << 20)

static const char usage[] =
    "Usage: cordon-logger --directory DIRECTORY [OPTION...]\n"
    "\n"
    "  --directory DIRECTORY  the log's; made where it is not there\n"
    "  --origin NAME          the log's name (default: cordon/TRUST DOMAIN/HOST of this machine)\n"
    "  --key FILE             its signing key, made where it is not there (default: DIRECTORY/private/key)\n"
    "  --socket PATH          listen here for cordond (default: the socket `logger` that systemd or cordond hands over)\n"
    "  --control-user USER    cordond's, beside root and this process's own\n"
    "  --share SIZE           bytes of one writer in a second (default 64MiB)\n"
    "  --keep-free SIZE       so much of the disk is not for agents (default 64MiB)\n"
    "  --volatile             wait for no disk: records may be lost with the power\n"
    "  --version              print it\n";

enum { OPTION_DIRECTORY = 256, OPTION_ORIGIN, OPTION_KEY, OPTION_SOCKET, OPTION_USER, OPTION_SHARE, OPTION_FREE, OPTION_VOLATILE, OPTION_HELP, OPTION_VERSION };

static const struct option option_table[] = {
    {"directory", required_argument, NULL, OPTION_DIRECTORY}, {"origin", required_argument, NULL, OPTION_ORIGIN},
    {"key", required_argument, NULL, OPTION_KEY},             {"socket", required_argument, NULL, OPTION_SOCKET},
    {"control-user", required_argument, NULL, OPTION_USER},   {"share", required_argument, NULL, OPTION_SHARE},
    {"keep-free", required_argument, NULL, OPTION_FREE},      {"volatile", no_argument, NULL, OPTION_VOLATILE},
    {"help", no_argument, NULL, OPTION_HELP},                 {"version", no_argument, NULL, OPTION_VERSION},
    {NULL, 0, NULL, 0},
};

struct settings {
    const char *directory, *origin, *key, *socket;
    struct log_options log;
    char origin_text[NOTE_NAME_MAX + 1], key_text[PATH_MAX];
    uid_t control_uid;
};

static int take_user(const char *name, uid_t *ret_uid, struct error *err)
{
    const struct passwd *user = getpwnam(name);

    if (!user)
        return error_set(err, ERROR_INVALID, ENOENT, "--control-user: there is no user '%s'", name);
    *ret_uid = user->pw_uid;
    return 0;
}

static int take_option(struct settings *settings, int option, const char *text, struct error *err)
{
    switch (option) {
    case OPTION_DIRECTORY:
        settings->directory = text;
        return 0;
    case OPTION_ORIGIN:
        settings->origin = text;
        return 0;
    case OPTION_KEY:
        settings->key = text;
        return 0;
    case OPTION_SOCKET:
        settings->socket = text;
        return 0;
    case OPTION_USER:
        return take_user(text, &settings->control_uid, err);
    case OPTION_SHARE:
        return number_parse_size(text, &settings->log.writer_bytes_max, err);
    case OPTION_FREE:
        return number_parse_size(text, &settings->log.free_bytes_min, err);
    case OPTION_VOLATILE:
        settings->log.is_volatile = true;
        return 0;
    default:
        return error_set(err, ERROR_INVALID, EINVAL, "unknown option");
    }
}

static int complete(struct settings *settings, struct error *err)
{
    struct identity_name machine;
    bool is_own = false;
    char id[33];
    int status;

    if (!settings->directory)
        return error_set(err, ERROR_INVALID, EINVAL, "name the log's directory with --directory");
    if (!settings->origin) {
        status = identity_machine_id(settings->directory, id, &is_own, err);
        if (status == 0)
            status = identity_local(id, &machine, err);
        if (status < 0)
            return status;
        snprintf(settings->origin_text, sizeof(settings->origin_text), "cordon/%.120s/%.120s", machine.domain, machine.host);
        settings->origin = settings->origin_text;
    }
    if (!settings->key) {
        snprintf(settings->key_text, sizeof(settings->key_text), "%s/private/key", settings->directory);
        settings->key = settings->key_text;
    }
    settings->log.origin = settings->origin;
    return 0;
}

/* The log's directory is everybody's to read, what is private in it nobody's. */
static int make_directories(const struct settings *settings, struct error *err)
{
    char path[PATH_MAX];
    int status = file_make_directories(settings->directory, 0755, err);

    snprintf(path, sizeof(path), "%s/private", settings->directory);
    return status == 0 ? file_make_directories(path, 0700, err) : status;
}

static int open_log(struct logger *logger, struct settings *settings, struct error *err)
{
    struct note_signer *signer = NULL;
    char path[PATH_MAX], line[NOTE_KEY_TEXT_SIZE + 1];
    struct note_key key;
    int status = make_directories(settings, err);

    if (status == 0)
        status = note_signer_open(settings->key, settings->origin, true, &signer, err);
    log_prepare();
    if (status == 0)
        status = logger_shut_files(settings->directory, err);
    if (status < 0)
        return status;
    settings->log.signer = signer; /* until the process ends */
    note_signer_key(signer, NOTE_ED25519, &key);
    note_key_print(&key, logger->key_text);
    snprintf(path, sizeof(path), "%s/key.pub", settings->directory);
    snprintf(line, sizeof(line), "%s\n", logger->key_text);
    status = file_replace(path, line, strlen(line), err);
    if (status == 0)
        status = log_open(settings->directory, &settings->log, &logger->log, err);
    if (status == 0 && log_findings(logger->log)[0])
        fprintf(stderr, "cordon-logger: %s: %s", settings->directory, log_findings(logger->log));
    return status;
}

static int watch(int epoll, int fd, void *tag, struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = tag};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? error_system(err, errno, "listen") : 0;
}

/* What is not a connection, by addresses of its own. */
static int timer = -1, signals = -1;

static int open_loop(struct logger *logger, struct error *err)
{
    const struct itimerspec second = {{1, 0}, {1, 0}};
    sigset_t set;
    int status;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    logger->epoll = epoll_create1(EPOLL_CLOEXEC);
    timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    if (sigprocmask(SIG_BLOCK, &set, NULL) < 0 || logger->epoll < 0 || timer < 0 || timerfd_settime(timer, 0, &second, NULL) < 0)
        return error_system(err, errno, "begin to listen");
    signals = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    status = signals < 0 ? error_system(err, errno, "begin to listen") : watch(logger->epoll, timer, &timer, err);
    if (status == 0)
        status = watch(logger->epoll, signals, &signals, err);
    logger->connections = mem_alloc(LOGGER_CONNECTIONS_MAX * sizeof(*logger->connections));
    return status == 0 && !logger->connections ? error_memory(err) : status;
}

/* Sockets: cordond's own connection, a listening one, or one that is made here. */
static int open_sockets(struct logger *logger, const struct settings *settings, struct error *err)
{
    int fd = -1, status;

    logger->listener = -1;
    if (settings->socket)
        status = service_listen(settings->socket, 0600, &logger->listener, err);
    else
        status = service_socket("logger", &logger->listener, err);
    if (status < 0 && status != -ENOENT)
        return status;
    if (logger->listener >= 0) {
        (void)!fcntl(logger->listener, F_SETFL, O_NONBLOCK | O_RDWR);
        status = watch(logger->epoll, logger->listener, &logger->listener, err);
        if (status < 0)
            return status;
    }
    status = service_socket("cordond", &fd, err);
    if (status == 0)
        return logger_add(logger, fd, true, NULL, false, err);
    if (status == -ENOENT && logger->listener < 0)
        return error_set(err, ERROR_INVALID, EINVAL, "nobody can reach it: name a socket with --socket");
    return status == -ENOENT ? 0 : status;
}

static void take_event(struct logger *logger, void *tag)
{
    uint64_t count;

    if (tag == &signals)
        logger->is_ending = true;
    else if (tag == &timer) {
        if (read(timer, &count, sizeof(count)) == sizeof(count))
            logger_tick(logger);
    } else if (tag == &logger->listener)
        logger_accept(logger);
    else if (((struct logger_connection *)tag)->fd >= 0)
        logger_serve(logger, tag);
}

/* Without a socket to come back to, it ends with the last of those it served. */
static int serve(struct logger *logger)
{
    struct epoll_event events[EVENTS_MAX];

    while (!logger->is_ending && !logger->is_broken && (logger->listener >= 0 || logger->count > 0)) {
        int count = epoll_wait(logger->epoll, events, EVENTS_MAX, -1);

        if (count < 0 && errno != EINTR)
            return STATUS_FAILED;
        for (int i = 0; i < count; i++)
            take_event(logger, events[i].data.ptr);
        logger_commit(logger);
    }
    log_close(logger->log);
    return logger->is_broken ? STATUS_FAILED : EXIT_SUCCESS;
}

static int begin(struct logger *logger, struct settings *settings, struct error *err)
{
    struct rlimit files;
    int status = complete(settings, err);

    if (getrlimit(RLIMIT_NOFILE, &files) == 0) {
        files.rlim_cur = files.rlim_max;
        (void)!setrlimit(RLIMIT_NOFILE, &files);
    }
    logger->control_uid = settings->control_uid;
    umask(022);
    if (status == 0)
        status = open_loop(logger, err);
    if (status == 0)
        status = open_sockets(logger, settings, err);
    if (status == 0)
        status = open_log(logger, settings, err);
    if (status == 0) {
        service_notify("READY=1");
        status = logger_shut_calls(err);
    }
    return status;
}

int main(int argc, char **argv)
{
    static struct settings settings = {.log = {.writer_bytes_max = SHARE_DEFAULT, .free_bytes_min = FREE_DEFAULT}};
    static struct logger logger;
    struct error err = ERROR_INIT;
    int option;

    settings.control_uid = geteuid();
    while ((option = getopt_long(argc, argv, "", option_table, NULL)) != -1) {
        if (option == OPTION_HELP)
            return fputs(usage, stdout) == EOF;
        if (option == OPTION_VERSION)
            return puts("cordon-logger " CORDON_VERSION_TEXT) == EOF;
        if (option == '?')
            return STATUS_USAGE;
        if (take_option(&settings, option, optarg, &err) < 0) {
            fprintf(stderr, "cordon-logger: %s\n", err.text);
            return STATUS_USAGE;
        }
    }
    if (optind != argc) {
        fputs(usage, stderr);
        return STATUS_USAGE;
    }
    if (begin(&logger, &settings, &err) < 0) {
        fprintf(stderr, "cordon-logger: %s\n", err.text);
        return STATUS_FAILED;
    }
    fprintf(stderr, "cordon-logger: %s: %llu records, key %s\n", settings.directory, (unsigned long long)log_size(logger.log), logger.key_text);
    return serve(&logger);
}
