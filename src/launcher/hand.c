/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hand. For each order it forks a process P, which takes on what is inherited (login uid, limits), and which no
 * caller may signal, stop or look into: its real and saved uid stay root's, and it is not dumpable. P clones what is wanted as a
 * child of the hand, reports it and ends. The clone waits for the first process, which puts it into its control groups and writes its id maps,
 * then becomes who it is to be and executes its program. Nothing waits for the clone: that one its caller may stop. P is in no control group of
 * a caller's, which may be frozen, or have no processor left.
 *
 * A clone in namespaces holds every capability of these and none of the host's; its effective uid is the caller's when it is made, so
 * that the new user namespace belongs to the caller, as one that he makes himself would.
 */
#include "launcher/hand.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "base/number.h"
#include "launcher/fds.h"
#include "launcher/rights.h"

#define NAMESPACES  (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC | CLONE_NEWUTS)
#define FDS_FIRST   (LAUNCH_KEPT_LAST + 1) /* above each number that a program may keep one under */
#define REPORT_SECONDS 10
#define AT_REPORT   0
#define AT_GO       1
#define AT_PROGRAM  2
#define AT_GIVEN    3

/* One line, on its way from order to process. */
struct work {
    const struct hand_order *order;
    int fds[HAND_FDS_MAX];
    size_t count;
};

static no_return void give_up(const struct work *work, const char *step)
{
    struct hand_report report = {.errnum = errno};

    snprintf(report.step, sizeof(report.step), "%s", step);
    (void)!fds_send(work->fds[AT_REPORT], &report, sizeof(report), NULL, 0, 0);
    _exit(125);
}

static void text_write(const struct work *work, const char *path, const char *text, const char *step)
{
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        give_up(work, step);
}

/* What comes with an order has no numbers that a program could want. */
static void fds_lift(struct work *work)
{
    for (size_t i = 0; i < work->count; i++) {
        int lifted = fcntl(work->fds[i], F_DUPFD_CLOEXEC, FDS_FIRST);

        if (lifted < 0)
            give_up(work, "sort descriptors");
        close(work->fds[i]);
        work->fds[i] = lifted;
    }
}

/* ---- what is inherited ---- */

/* cordon-init begins with all of them blocked, as base/spawn.c lets it. */
static void signals_reset(const struct hand_order *order)
{
    sigset_t blocked;

    for (int i = 1; i < NSIG; i++)
        signal(i, SIG_DFL);
    if (order->kind == HAND_INIT)
        sigfillset(&blocked);
    else
        sigemptyset(&blocked);
    sigprocmask(SIG_SETMASK, &blocked, NULL);
}

/* What is above the launcher's own is the launcher's own: its unit has high ones, and more takes CAP_SYS_RESOURCE. */
static void limit_take(const struct work *work, int resource, const struct rlimit *wanted)
{
    struct rlimit own, limit = *wanted;

    if (getrlimit((__rlimit_resource_t)resource, &own) < 0)
        give_up(work, "read limits");
    limit.rlim_max = limit.rlim_max < own.rlim_max ? limit.rlim_max : own.rlim_max;
    limit.rlim_cur = limit.rlim_cur < limit.rlim_max ? limit.rlim_cur : limit.rlim_max;
    if (setrlimit((__rlimit_resource_t)resource, &limit) < 0)
        give_up(work, "take on limits");
}

static void manner_take(const struct work *work)
{
    const struct hand_manner *manner = &work->order->manner;
    char text[16];

    for (int i = 0; i < RLIM_NLIMITS; i++)
        limit_take(work, i, &manner->limits[i]);
    if (setpriority(PRIO_PROCESS, 0, manner->nice) < 0)
        give_up(work, "take on a priority");
    if (manner->has_cpus && sched_setaffinity(0, sizeof(manner->cpus), &manner->cpus) < 0)
        give_up(work, "take on processors");
    snprintf(text, sizeof(text), "%d", manner->oom);
    text_write(work, "/proc/self/oom_score_adj", text, "take on a place among those that memory is taken from");
    umask(manner->umask & 0777);
    signals_reset(work->order);
}

static void login_take(const struct work *work)
{
    char text[16];

    if (work->order->login_uid == UINT32_MAX)
        return;
    snprintf(text, sizeof(text), "%u", work->order->login_uid);
    text_write(work, "/proc/self/loginuid", text, "take on a login uid");
}

static uint32_t session_of(void)
{
    auto_close int fd = open("/proc/self/sessionid", O_RDONLY | O_CLOEXEC);
    char text[16] = "";
    ssize_t got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

    return got > 0 ? (uint32_t)strtoul(text, NULL, 10) : UINT32_MAX;
}

/* -1 = it could not be made, or is not his. */
static int containers_own(const struct hand_order *order, int all)
{
    auto_close int path = -1;
    struct stat st;
    char name[16];
    int own;

    snprintf(name, sizeof(name), "%u", order->uid);
    if (mkdirat(all, name, 0700) < 0 && errno != EEXIST)
        return -1;
    path = openat(all, name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (path < 0 || fstat(path, &st) < 0)
        return -1;
    /* root's: just made, or by one that ended before it could give it away */
    if (st.st_uid != order->uid && (st.st_uid != 0 || fchownat(path, "", order->uid, order->gid, AT_EMPTY_PATH) < 0))
        return -1;
    setfsuid(order->uid); /* root has no right to look into it */
    own = openat(path, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    setfsuid(0);
    return own;
}

/*
 * Nobody but root gets to the directory that all are in: whoever one belongs to has it by this descriptor alone. Without it what is run goes on, and
 * what is to be kept is refused, by the keeper.
 */
static void containers_make(struct work *work)
{
    int *last = &work->fds[work->count - 1], own = containers_own(work->order, *last);

    close(*last);
    *last = own >= 0 ? own : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

/* ---- the clone ---- */

static void fds_arrange(const struct work *work, int above)
{
    const struct hand_order *order = work->order;
    const int *given = work->fds + AT_GIVEN;
    int null = open("/dev/null", O_RDWR | O_CLOEXEC);

    for (int i = 0; i < 3; i++)
        if (null < 0 || dup3(null, i, 0) < 0)
            _exit(125);
    if (order->kind == HAND_INIT) {
        for (uint32_t i = 0; i + 1 < order->fd_count; i++)
            if (dup3(given[i + 1], order->numbers[i], 0) < 0)
                _exit(125);
        if (dup3(given[0], above, 0) < 0)
            _exit(125);
        return;
    }
    for (uint32_t i = 0; i < order->fd_count; i++)
        if (dup3(given[i], 3 + (int)i, 0) < 0)
            _exit(125);
}

static void capabilities_keep(uint64_t kept)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2];

    for (int i = 0; i < 2; i++)
        data[i].effective = data[i].permitted = data[i].inheritable = (uint32_t)(kept >> (32 * i));
    if (syscall(SYS_capset, &header, data) < 0)
        _exit(125);
    for (unsigned i = 0; i < 64; i++)
        if (kept >> i & 1 && prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, i, 0, 0) < 0)
            _exit(125);
}

static no_return void init_execute(const struct work *work)
{
    const struct hand_order *order = work->order;
    char channel[12];
    char *argv[] = {(char[]){"cordon-init"}, channel, NULL}, *envp[] = {NULL};
    int above = order->fd_count > 1 ? order->numbers[order->fd_count - 2] + 1 : 3;

    /* of control groups it sees its own, in which it is by now */
    if (unshare(CLONE_NEWCGROUP) < 0)
        _exit(125);
    /* inside, these are names for what the maps say */
    if (setresgid(order->gid, order->gid, order->gid) < 0 || setresuid(order->uid, order->uid, order->uid) < 0)
        _exit(125);
    capabilities_keep(order->capabilities);
    fds_arrange(work, above);
    snprintf(channel, sizeof(channel), "%d", above);
    syscall(SYS_execveat, work->fds[AT_PROGRAM], "", argv, envp, AT_EMPTY_PATH);
    _exit(125);
}

static void caller_become(const struct hand_order *order)
{
    if (setgroups(order->group_count, order->groups) < 0 || setresgid(order->gid, order->gid, order->gid) < 0 ||
        setresuid(order->uid, order->uid, order->uid) < 0)
        _exit(125);
}

static no_return void keeper_execute(const struct work *work)
{
    const struct hand_order *order = work->order;
    char count[32], pid[32], names[sizeof(order->names) + 16];
    char *argv[] = {(char[]){"cordon-keeper"}, NULL}, *envp[] = {count, names, pid, NULL};

    caller_become(order);
    fds_arrange(work, 0);
    snprintf(count, sizeof(count), "LISTEN_FDS=%u", order->fd_count);
    snprintf(names, sizeof(names), "LISTEN_FDNAMES=%s", order->names);
    snprintf(pid, sizeof(pid), "LISTEN_PID=%d", (int)getpid());
    syscall(SYS_execveat, work->fds[AT_PROGRAM], "", argv, envp, AT_EMPTY_PATH);
    _exit(125);
}

/* Its channel is descriptor 3, as of every worker (worker/wire.h). */
static no_return void nester_execute(const struct work *work)
{
    char *argv[] = {(char[]){"cordon-nester"}, NULL}, *envp[] = {NULL};

    caller_become(work->order);
    fds_arrange(work, 0);
    syscall(SYS_execveat, work->fds[AT_PROGRAM], "", argv, envp, AT_EMPTY_PATH);
    _exit(125);
}

static no_return void clone_run(const struct work *work)
{
    char go;

    close(work->fds[AT_REPORT]);
    if (read(work->fds[AT_GO], &go, 1) != 1 || work->order->kind == HAND_NAMESPACE)
        _exit(0);
    if (work->order->kind == HAND_INIT)
        init_execute(work);
    if (work->order->kind == HAND_NESTER)
        nester_execute(work);
    keeper_execute(work);
}

/*
 * Who owns the new user namespace is who is its maker's effective uid. Groups stay, and with them what is denied to one; the caller's
 * first one, which is exchanged, stays as one of the others.
 */
static void owner_take(const struct work *work)
{
    const struct hand_order *order = work->order;
    gid_t groups[HAND_GROUPS_MAX + 1];
    size_t count = order->uid ? order->group_count : 0;

    memcpy(groups, order->groups, count * sizeof(*groups));
    if (order->uid)
        groups[count++] = order->gid;
    if (setgroups(count, groups) < 0 || setresgid(order->gid, order->gid, order->gid) < 0 || setresuid(0, order->uid, 0) < 0)
        give_up(work, "become the caller");
    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0); /* whatever fs.suid_dumpable says */
}

static unsigned long clone_flags(uint32_t kind)
{
    return kind == HAND_INIT ? NAMESPACES : kind == HAND_NAMESPACE ? CLONE_NEWUSER : 0;
}

static no_return void order_carry_out(struct work *work)
{
    const struct hand_order *order = work->order;
    struct hand_report report = {0};
    int pidfd = -1;
    long pid;

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    if (order->has_containers)
        containers_make(work);
    fds_lift(work);
    if (order->kind != HAND_NAMESPACE) {
        login_take(work);
        manner_take(work);
        report.session = session_of();
    }
    if (order->kind == HAND_INIT)
        owner_take(work);
    pid = syscall(SYS_clone, clone_flags(order->kind) | CLONE_PARENT | CLONE_PIDFD, NULL, &pidfd, NULL, NULL);
    if (pid < 0)
        give_up(work, order->kind == HAND_INIT ? "make namespaces as the caller" : "make a process");
    if (pid == 0)
        clone_run(work);
    report.pid = (uint32_t)pid;
    if (fds_send(work->fds[AT_REPORT], &report, sizeof(report), &pidfd, 1, 0) < 0)
        _exit(125);
    _exit(0);
}

/* ---- the hand itself ---- */

/* Ours alone: an order that does not add up is a fault of the first process, which then may be anybody's. */
static bool order_is_whole(const struct hand_order *order, size_t count)
{
    return order->group_count <= HAND_GROUPS_MAX && order->fd_count <= LAUNCH_FDS_MAX && count == AT_GIVEN + order->fd_count && order->names[sizeof(order->names) - 1] == '\0' &&
           (!order->has_containers || (order->kind == HAND_KEEPER && order->fd_count > 0)) &&
           (order->kind == HAND_NAMESPACE || order->kind == HAND_KEEPER || (order->kind == HAND_NESTER && order->fd_count == 1) ||
            (order->kind == HAND_INIT && order->fd_count > 0));
}

static void child_ended(int number)
{
    (void)number;
}

/* Nobody asks how they ended: the first process has their pidfds. */
static void children_forget(void)
{
    while (waitpid(-1, NULL, WNOHANG | __WALL) > 0)
        ;
}

/*
 * Until there is an order. A number that the first process still writes somewhere stays with who had it: what was ordered last is let go of when that
 * is settled, and by the next order.
 */
static void order_await(int socket, bool is_settled)
{
    struct pollfd ready = {.fd = socket, .events = POLLIN};
    sigset_t wanted;

    sigemptyset(&wanted);
    if (!is_settled)
        sigaddset(&wanted, SIGCHLD);
    do
        if (is_settled)
            children_forget();
    while (ppoll(&ready, 1, NULL, &wanted) < 0 && errno == EINTR);
    children_forget();
}

static void signals_prepare(void)
{
    const struct sigaction end = {.sa_handler = child_ended};
    sigset_t blocked;

    sigemptyset(&blocked);
    sigaddset(&blocked, SIGCHLD); /* but while it waits */
    sigprocmask(SIG_BLOCK, &blocked, NULL);
    sigaction(SIGCHLD, &end, NULL);
}

static no_return void hand_run(int socket)
{
    static struct hand_order order;
    struct error err = ERROR_INIT;
    bool is_settled = true;

    prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    signals_prepare();
    if (rights_limit(RIGHTS_HAND, &err) < 0)
        _exit(125);
    for (;;) {
        struct work work = {.order = &order};

        order_await(socket, is_settled);
        if (fds_receive(socket, &order, sizeof(order), work.fds, HAND_FDS_MAX, &work.count, 0) <= 0)
            _exit(0);
        is_settled = order.kind == HAND_SETTLED && !work.count;
        if (is_settled)
            continue;
        if (!order_is_whole(&order, work.count))
            _exit(125);
        if (fork() == 0) {
            close(socket);
            order_carry_out(&work);
        }
        fds_close(work.fds, work.count);
    }
}

int hand_start(int *ret_socket, struct error *err)
{
    int ends[2];
    pid_t pid;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "create a socket pair");
    pid = fork();
    if (pid < 0) {
        fds_close(ends, 2);
        return error_system(err, errno, "start the launcher's second process");
    }
    if (pid == 0) {
        close(ends[0]);
        hand_run(ends[1]);
    }
    close(ends[1]);
    *ret_socket = ends[0];
    return 0;
}

int hand_order(int hand, const struct hand_order *order, const int *fds, struct hand_report *ret_report, int *ret_pidfd, int *ret_go,
               struct error *err)
{
    auto_close int hear = -1, say = -1, go = -1, wait = -1, pidfd = -1;
    struct timeval limit = {.tv_sec = REPORT_SECONDS};
    struct hand_report report;
    int all[HAND_FDS_MAX], ends[2], status;
    size_t count = 2, got = 0, given = 1 + order->fd_count;

    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
        return error_system(err, errno, "create a socket pair");
    hear = ends[0];
    say = ends[1];
    if (pipe2(ends, O_CLOEXEC) < 0)
        return error_system(err, errno, "create a pipe");
    wait = ends[0];
    go = ends[1];
    all[AT_REPORT] = say;
    all[AT_GO] = wait;
    memcpy(all + count, fds, given * sizeof(*fds));
    setsockopt(hear, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    status = fds_send(hand, order, sizeof(*order), all, count + given, 0);
    fd_close_at(&say);
    say = -1;
    if (status == 0)
        status = fds_receive(hear, &report, sizeof(report), &pidfd, 1, &got, 0);
    else
        return error_system(err, -status, "order the launcher's second process");
    if (status <= 0)
        return error_system(err, status ? -status : EPIPE, "hear of the launcher's second process");
    report.step[sizeof(report.step) - 1] = '\0';
    if (report.errnum || pidfd < 0)
        return error_system(err, report.errnum ? report.errnum : EBADMSG, "start a process as uid %u: %s", order->uid, report.step);
    *ret_report = report;
    *ret_pidfd = take_fd(pidfd);
    *ret_go = take_fd(go);
    return 0;
}

void hand_settle(int hand)
{
    struct hand_order *order = mem_alloc(sizeof(*order));

    if (order) { /* else the next order does it */
        order->kind = HAND_SETTLED;
        (void)!fds_send(hand, order, sizeof(*order), NULL, 0, 0);
    }
    mem_free(order);
}
