/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-launcher: what takes root in a machine's daemon, and nothing else.
 *
 * Theory of operation. It starts as root, opens what it needs (its sockets, the ledger of uids, control groups, the programs that
 * it starts), forks the hand (hand.c), which alone makes processes, and gives up everything but the rights in rights.c. Then it
 * takes fixed records (launch.h), each from a peer whose right to ask is in one table (requests.c): from cordond, to start a keeper as
 * the maker of a client's socket; from a keeper, to start first processes of containers, and nesters for those inside of them, all with the keeper's
 * own ids, to map ids of mounts that the keeper itself made, and to limit, freeze and end what it started. It takes no path, no uid and no program from
 * anybody: ids are read from sockets, paths are made of checked names below its own directories. Who keeps containers is started again without
 * a socket, as whom a keeper of his once was, from a record of root's (kept.c).
 *
 * Neither of the two may ask for more than its ids already could, or than the launcher gives to everybody: docs/decisions/0220 to 0224.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "base/number.h"
#include "base/spawn.h"
#include "base/text.h"
#include "launcher/fds.h"
#include "launcher/kept.h"
#include "launcher/rights.h"
#include "protocol/service.h"

#define STATUS_FAILED   125
#define EVENTS_AT_ONCE  32

struct options {
    const char *uids, *daemon, *cgroup, *state, *records, *keeper, *init, *nester, *etc;
};

static volatile sig_atomic_t is_told_to_end;

static void end_told(int number)
{
    (void)number;
    is_told_to_end = 1;
}

/* ---- options ---- */

static const struct option_row {
    const char *name, *what;
    size_t at;
} option_rows[] = {
    {"uids", "FIRST-LAST: what containers are given", offsetof(struct options, uids)},
    {"daemon", "user or uid that cordond runs as", offsetof(struct options, daemon)},
    {"cgroup", "control group for keepers and containers, in each hierarchy", offsetof(struct options, cgroup)},
    {"state", "directory of the ledger of uids and of kept containers", offsetof(struct options, state)},
    {"records", "directory of what runs, gone with the boot", offsetof(struct options, records)},
    {"keeper", "program of keepers (default: beside this one)", offsetof(struct options, keeper)},
    {"init", "program of first processes (default: beside this one)", offsetof(struct options, init)},
    {"nester", "program for containers inside of others (default: beside this one)", offsetof(struct options, nester)},
    {"etc", "directory of passwd, group, subuid and subgid", offsetof(struct options, etc)},
};

static int options_read(int argc, char **argv, struct options *options, struct error *err)
{
    struct option longs[ARRAY_COUNT(option_rows) + 2] = {0};
    int row;

    for (size_t i = 0; i < ARRAY_COUNT(option_rows); i++)
        longs[i] = (struct option){option_rows[i].name, required_argument, NULL, (int)i};
    longs[ARRAY_COUNT(option_rows)] = (struct option){"help", no_argument, NULL, 'h'};
    opterr = 0;
    while ((row = getopt_long(argc, argv, "", longs, NULL)) >= 0) {
        if (row == 'h') {
            puts("Usage: cordon-launcher [OPTION VALUE]...\nStarted by the system service cordon-launcher; see cordon-launcher(8).\n");
            for (size_t i = 0; i < ARRAY_COUNT(option_rows); i++)
                printf("  --%-8s %s\n", option_rows[i].name, option_rows[i].what);
            exit(0);
        }
        if (row == '?')
            return error_set(err, ERROR_INVALID, EINVAL, "'%s' is no option of cordon-launcher, or lacks its value: see --help", argv[optind - 1]);
        memcpy((char *)options + option_rows[row].at, &optarg, sizeof(optarg));
    }
    return optind == argc ? 0 : error_set(err, ERROR_INVALID, EINVAL, "'%s' is not understood: see --help", argv[optind]);
}

static int daemon_find(const char *name, uint32_t *ret_uid, struct error *err)
{
    const struct passwd *entry = getpwnam(name);
    uint64_t uid;

    if (entry) {
        *ret_uid = entry->pw_uid;
        return 0;
    }
    if (number_parse(name, 0, UINT32_MAX - 1, &uid, NULL) < 0)
        return error_set(err, ERROR_NOT_FOUND, ENOENT, "there is no user %s, whom cordond runs as: install the package cordon, or give --daemon", name);
    *ret_uid = (uint32_t)uid;
    return 0;
}

/* ---- beginning ---- */

static int program_open(const char *given, const char *name, int *ret_fd, struct error *err)
{
    char path[4096];
    ssize_t length = readlink("/proc/self/exe", path, sizeof(path) - 64);
    char *slash = NULL;

    if (!given && length > 0) {
        path[length] = '\0';
        slash = strrchr(path, '/');
    }
    if (!given && !slash)
        return error_system(err, errno, "find this program");
    if (slash)
        text_put(slash + 1, sizeof(path) - (size_t)(slash + 1 - path), name);
    return spawn_open(given ? given : path, ret_fd, err);
}

static int programs_open(struct server *server, const struct options *options, struct error *err)
{
    int status = program_open(options->init, "cordon-init", &server->init_program, err);

    if (status == 0)
        status = program_open(options->keeper, "cordon-keeper", &server->keeper_program, err);
    return status < 0 ? status : program_open(options->nester, "cordon-nester", &server->nester_program, err);
}

static int listen_to(struct server *server, const char *name, enum source_kind kind, bool is_needed, struct error *err)
{
    int fd = -1, status = service_socket(name, &fd, err);

    if (status == -ENOENT && !is_needed)
        return 0;
    if (status < 0)
        return status;
    return server_watch(server, kind, fd, 0, NULL, err);
}

static void say_login(struct server *server)
{
    bool is_there = access("/proc/self/loginuid", W_OK) == 0;

    server->can_login = is_there;
    if (!is_there)
        fputs("cordon-launcher: this kernel has no login uids (CONFIG_AUDIT): containers are told apart by uid and control group alone\n", stderr);
    else if (rights_has_login())
        fputs("cordon-launcher: it was started from a login session, so it keeps CAP_AUDIT_CONTROL: start it as a system service\n", stderr);
}

/* A process that was logged in can be given another login uid only where the kernel permits that: try. */
static int login_try(struct server *server, struct error *err)
{
    auto_free struct hand_order *order = mem_alloc(sizeof(*order));
    auto_close int pidfd = -1, go = -1;
    struct peer own = {.pid = getpid(), .pidfd = -1};
    struct hand_report report;
    struct error refused = ERROR_INIT;
    int status;

    if (!server->can_login)
        return 0;
    if (!order)
        return error_memory(err);
    own.pidfd = fcntl(server->epoll, F_DUPFD_CLOEXEC, 3); /* it is this process: it lives */
    *order = (struct hand_order){.kind = HAND_KEEPER, .login_uid = server->range.first};
    status = peer_manner(&own, &order->manner, err);
    peer_finish(&own);
    if (status == 0 && hand_order(server->hand, order, &server->init_program, &report, &pidfd, &go, &refused) < 0) {
        fprintf(stderr, "cordon-launcher: no login uids can be given (%s): containers are told apart by uid and control group alone\n", refused.text);
        server->can_login = false;
    }
    return status;
}

static int begin(struct server *server, const struct options *options, struct error *err)
{
    struct rlimit files;
    int status;

    if (geteuid() != 0)
        return error_set(err, ERROR_FORBIDDEN, EPERM,
                         "the launcher gives uids, login uids and control groups, which takes root: as a user's service Cordon does without it "
                         "(cordond --user; `cordon doctor` says what is not proven then)");
    if (getrlimit(RLIMIT_NOFILE, &files) == 0)
        files.rlim_cur = files.rlim_max; /* as many containers as its unit lets it have (LimitNOFILE=) */
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return error_system(err, errno, "raise the limit of open files");
    status = range_parse(options->uids, &server->range, err);
    if (status == 0)
        status = range_check(&server->range, options->etc, err);
    if (status == 0)
        status = daemon_find(options->daemon, &server->daemon_uid, err);
    if (status == 0)
        status = programs_open(server, options, err);
    if (status == 0)
        status = file_make_directories(options->state, 0700, err);
    say_login(server);
    if (status == 0)
        status = cgroups_open(&server->cgroups, options->cgroup, err);
    if (status == 0)
        status = hand_start(&server->hand, err);
    if (status == 0)
        status = server_open(server, options->state, options->records, err);
    if (status == 0)
        status = login_try(server, err);
    if (status == 0)
        status = records_load(server, err);
    if (status == 0)
        status = kept_load(server, err);
    if (status == 0)
        status = listen_to(server, "daemon", SOURCE_DAEMONS, true, err);
    if (status == 0)
        status = listen_to(server, "keepers", SOURCE_KEEPERS, false, err);
    if (status == 0)
        status = rights_limit(RIGHTS_FRONT, err);
    return status == 0 ? rights_confine(err) : status;
}

/* ---- the loop ---- */

static void accept_one(struct server *server, struct source *listener)
{
    struct ucred credentials = {.uid = UINT32_MAX};
    socklen_t size = sizeof(credentials);
    struct error err = ERROR_INIT;
    int fd = accept4(listener->fd, NULL, NULL, SOCK_CLOEXEC);
    enum who who = listener->kind == SOURCE_DAEMONS ? WHO_DAEMON : WHO_KEEPER;
    struct group *group = NULL;

    if (fd < 0)
        return;
    if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &credentials, &size) < 0 || (who == WHO_DAEMON && credentials.uid != server->daemon_uid)) {
        (void)!error_set(&err, ERROR_FORBIDDEN, EPERM, "uid %u is not cordond's", credentials.uid);
        fprintf(stderr, "cordon-launcher: %s\n", err.text);
        notes_refused(server, NULL, credentials.uid, 0, NULL, &err);
        close(fd);
        return;
    }
    if (who == WHO_KEEPER && !(group = server_find_maker(server, fd))) {
        close(fd); /* everybody may connect there: nothing is kept of who is no keeper */
        return;
    }
    if (server_watch(server, SOURCE_CONNECTION, fd, who, group, &err) < 0)
        fprintf(stderr, "cordon-launcher: %s\n", err.text);
}

/* One that hears what is done is told in notes_flush(), where there is room again. */
static bool has_room_only(const struct server *server, const struct source *source, uint32_t events)
{
    return source == server->notes.hearer && !(events & ~(uint32_t)EPOLLOUT);
}

/* A keeper of the program that this one has opened, and that was replaced since, would serve nobody (docs/decisions/0205). The next launcher opens what is there now. */
static bool is_outdated(const struct server *server, const struct source *source, const struct launch_request *request)
{
    struct stat st;

    return source->who & WHO_DAEMON && (request->type == LAUNCH_KEEPER || request->type == LAUNCH_AGAIN) && fstat(server->keeper_program, &st) == 0 && st.st_nlink == 0;
}

/* false: the connection is to be closed. One that does not take its answer at once is lost: the launcher waits for nobody. */
static bool hear(struct server *server, struct source *source)
{
    struct launch_request request;
    struct launch_reply reply;
    int fds[LAUNCH_FDS_MAX], answer = -1, status;
    size_t count = 0;

    status = fds_receive(source->fd, &request, sizeof(request), fds, LAUNCH_FDS_MAX, &count, MSG_DONTWAIT);
    if (status == -EAGAIN)
        return true;
    if (status <= 0)
        return false;
    if (is_outdated(server, source, &request)) { /* who asked asks the next one, at the same socket */
        fputs("cordon-launcher: the programs that it starts were replaced: it ends, so that the next one starts those that are there now\n", stderr);
        fds_close(fds, count);
        is_told_to_end = 1;
        return false;
    }
    requests_serve(server, source, &request, fds, count, &reply, &answer);
    fds_close(fds, count);
    status = fds_send(source->fd, &reply, sizeof(reply), &answer, answer >= 0, MSG_DONTWAIT);
    if (answer >= 0)
        close(answer);
    return status == 0;
}

static void source_serve(struct server *server, struct source *source)
{
    switch (source->kind) {
    case SOURCE_DAEMONS:
    case SOURCE_KEEPERS:
        accept_one(server, source);
        break;
    case SOURCE_CONNECTION:
        if (!hear(server, source))
            server_close(server, source);
        break;
    case SOURCE_KEEPER_END:
        server_end_group(server, source->group);
        server_close(server, source);
        break;
    }
}

static int serve(struct server *server, struct error *err)
{
    int wait = 0;

    while (!is_told_to_end) {
        struct epoll_event events[EVENTS_AT_ONCE];
        int count = epoll_wait(server->epoll, events, EVENTS_AT_ONCE, wait);

        if (count < 0 && errno != EINTR)
            return error_system(err, errno, "wait for requests");
        for (int i = 0; i < count; i++)
            if (!has_room_only(server, events[i].data.ptr, events[i].events))
                source_serve(server, events[i].data.ptr);
        wait = server_sweep(server);
        notes_flush(server);
    }
    return 0;
}

int main(int argc, char **argv)
{
    struct options options = {.daemon = "cordon", .cgroup = "/cordon", .state = "/var/lib/cordon/launcher",
                              .records = "/run/cordon/launcher", .etc = "/etc"};
    struct sigaction end = {.sa_handler = end_told};
    struct server server = {.hand = -1, .epoll = -1, .records = -1, .keeps = -1, .containers = -1, .keeper_program = -1, .init_program = -1, .nester_program = -1};
    auto_close int notifier = service_notifier(); /* no socket is made once it is confined */
    struct error err = ERROR_INIT;
    char uids[32];
    int status;

    snprintf(uids, sizeof(uids), "%u-%u", RANGE_FIRST, RANGE_FIRST + RANGE_COUNT - 1);
    options.uids = uids;
    status = options_read(argc, argv, &options, &err);
    umask(022); /* what it makes says its own modes; and groups are to be seen by who is in them, whatever its unit's mask is */
    sigaction(SIGTERM, &end, NULL);
    sigaction(SIGINT, &end, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (status == 0)
        status = begin(&server, &options, &err);
    if (status == 0) {
        fputs("cordon-launcher: ready\n", stderr);
        notes_began(&server);
        service_notify_by(notifier, "READY=1");
        status = serve(&server, &err);
    }
    if (status < 0)
        fprintf(stderr, "cordon-launcher: %s\n", err.text);
    return status < 0 ? STATUS_FAILED : 0;
}
