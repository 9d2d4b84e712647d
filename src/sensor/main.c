/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-sensor: reads the kernel's audit records and tells its starter what Landlock refused to programs of the same user.
 *
 * It is the one program of Cordon that may be installed with a privilege, CAP_AUDIT_READ, so it does one thing: it joins the
 * audit channel's multicast group, gives up everything, and only then reads. It takes no argument, no environment and no
 * message; what it tells is about Landlock domains that its real user made, root's of root's alone, which is no more than
 * that user's own programs were answered.
 *
 * System calls before: socket, setsockopt, bind, fork, poll, recv, waitpid, capset, epoll_create1, epoll_ctl; after: those of CONFINE_HOLDER.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/kernel/landlock.h"
#include "base/memory.h"
#include "sensor/fold.h"
#include "worker/confine.h"
#include "worker/start.h"

#define STATUS_FAILED  125
#define BUFFER_BYTES   (64 << 20) /* of the socket, where the system lets it */
#define RECORD_BYTES   8970       /* MAX_AUDIT_MESSAGE_LENGTH of the kernel */
#define BATCH          256        /* records between two looks at the clock */
#define HOLD_MS        2          /* how long a refusal waits for the record of its call */
#define REPEAT_NS      (NS_PER_S)
#define TRY_NS         (200 * NS_PER_MS)

_Static_assert(SENSOR_CHANNEL == WORKER_CHANNEL, "it is started as the workers are");

struct sensor {
    int audit, epoll;
    struct fold *fold;
    uint64_t repeat_ns; /* when counts are due */
};

/* Waits for room: what comes meanwhile stays in the socket, and what finds none there is counted by the kernel. */
static int told_send(void *context, const struct fold_owner *owner, const struct sensor_told *told, const char *path, const char *exe)
{
    struct iovec parts[] = {{(void *)(uintptr_t)told, sizeof(*told)},
                            {(void *)(uintptr_t)path, told->path_length},
                            {(void *)(uintptr_t)exe, told->exe_length}};
    struct msghdr message = {.msg_iov = parts, .msg_iovlen = ARRAY_COUNT(parts)};
    ssize_t sent;

    (void)context, (void)owner;
    do
        sent = sendmsg(SENSOR_CHANNEL, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent < 0 ? -errno : 0;
}

/* Of this user's domains alone, and no word of a domain whose making it did not hear of. */
static bool is_own(void *context, uint64_t domain, const struct audit_record *made, const struct audit_record *call, struct fold_owner *owner)
{
    const uid_t *uid = context;

    (void)domain, (void)call;
    owner->container = 0;
    return made && made->uid == *uid;
}

static int audit_join(int *ret_fd, struct error *err)
{
    struct sockaddr_nl group = {.nl_family = AF_NETLINK, .nl_groups = 1u << (AUDIT_NLGRP_READLOG - 1)};
    auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
    int bytes = BUFFER_BYTES;

    if (fd < 0)
        return error_system(err, errno, "open the audit channel");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
        (void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes)); /* losses are counted all the same */
    if (bind(fd, (struct sockaddr *)&group, sizeof(group)) < 0)
        return error_system(err, errno, "join the audit channel (it takes CAP_AUDIT_READ and the host's network namespace)");
    *ret_fd = take_fd(fd);
    return 0;
}

/* In a process of its own: a refusal that must be told if any is. */
static void refused_once(void)
{
    const struct landlock_ruleset rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE};
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules.handled_access_fs), 0);

    if (fd >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0 &&
        open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
        _exit(EXIT_SUCCESS);
    _exit(STATUS_FAILED);
}

/* Nobody but an administrator may ask the kernel whether its audit is on, and whether it tells of Landlock: so try. */
static int audit_try(int audit, struct error *err)
{
    static char bytes[RECORD_BYTES + NLMSG_HDRLEN];
    static struct audit_record record;
    uint64_t end_ns = clock_monotonic_ns() + TRY_NS, now;
    bool is_told = false;
    pid_t child = fork();

    if (child < 0)
        return error_system(err, errno, "try the audit channel");
    if (child == 0)
        refused_once();
    while (!is_told && (now = clock_monotonic_ns()) < end_ns) {
        struct pollfd ready = {.fd = audit, .events = POLLIN};
        ssize_t size = poll(&ready, 1, (int)((end_ns - now) / NS_PER_MS) + 1) > 0 ? recv(audit, bytes, sizeof(bytes), 0) : -1;
        struct nlmsghdr head;

        if (size < NLMSG_HDRLEN)
            continue;
        memcpy(&head, bytes, sizeof(head));
        is_told = record_read(head.nlmsg_type, bytes + NLMSG_HDRLEN, (size_t)size - NLMSG_HDRLEN, &record) &&
                  record.kind == RECORD_DOMAIN_NEW && record.pid == (unsigned)child;
    }
    while (waitpid(child, NULL, 0) < 0 && errno == EINTR)
        ;
    return is_told ? 0 : error_set(err, ERROR_UNENFORCEABLE, ENODATA, "the kernel's audit is off, or tells nothing of Landlock (6.15)");
}

/* Of a file capability nothing is left; confine_thread() sees to it that nothing comes back. */
static int capabilities_drop(struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    return getuid() != 0 && syscall(SYS_capset, &header, none) < 0 ? error_system(err, errno, "give up all capabilities") : 0;
}

/* 1 = there may be more, 0 = none now. */
static int records_read(struct sensor *sensor)
{
    static char bytes[RECORD_BYTES + NLMSG_HDRLEN];
    static struct audit_record record;
    int status = 0;

    for (int i = 0; i < BATCH && status == 0; i++) {
        struct sockaddr_nl from = {0};
        socklen_t from_size = sizeof(from);
        ssize_t size = recvfrom(sensor->audit, bytes, sizeof(bytes), 0, (struct sockaddr *)&from, &from_size);
        struct nlmsghdr head;

        if (size < 0 && (errno == EAGAIN || errno == EINTR))
            return 0;
        if (size < 0 && errno == ENOBUFS) /* lost: the kernel's count of refusals will say how many */
            continue;
        if (size < 0)
            return -errno;
        if ((size_t)size < NLMSG_HDRLEN || from.nl_pid != 0) /* not of the kernel */
            continue;
        memcpy(&head, bytes, sizeof(head));
        if (record_read(head.nlmsg_type, bytes + NLMSG_HDRLEN, (size_t)size - NLMSG_HDRLEN, &record))
            status = fold_take(sensor->fold, &record);
    }
    return status < 0 ? status : 1;
}

/* Counts are told at the latest a second after the first of them. */
static int repeated_tell(struct sensor *sensor)
{
    uint64_t now = clock_monotonic_ns();

    if (now < sensor->repeat_ns)
        return 0;
    sensor->repeat_ns = now + REPEAT_NS;
    return fold_tell_repeated(sensor->fold);
}

/* 0 = the starter is gone. */
static int serve(struct sensor *sensor)
{
    int status = 1;

    while (status >= 0) {
        struct epoll_event events[2];
        int count = epoll_wait(sensor->epoll, events, 2, fold_holds(sensor->fold) ? HOLD_MS : (int)(REPEAT_NS / NS_PER_MS));

        if (count < 0 && errno != EINTR)
            return -errno;
        for (int i = 0; i < count; i++)
            if (events[i].data.fd == SENSOR_CHANNEL)
                return 0;
        status = count > 0 ? records_read(sensor) : fold_flush(sensor->fold);
        if (status >= 0)
            status = repeated_tell(sensor);
    }
    return status == -EPIPE || status == -ECONNRESET ? 0 : status;
}

static int watch(int epoll, int fd, struct error *err)
{
    struct epoll_event event = {.events = EPOLLIN | EPOLLHUP | EPOLLRDHUP, .data.fd = fd};

    return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event) < 0 ? error_system(err, errno, "wait for records") : 0;
}

static int prepare(struct sensor *sensor, struct error *err)
{
    static uid_t uid;
    static const struct fold_sink sink = {is_own, told_send, &uid};
    int status = worker_close_others(err);

    uid = getuid(); /* which cannot be asked for any more later */
    if (status == 0)
        status = audit_join(&sensor->audit, err);
    if (status == 0)
        status = audit_try(sensor->audit, err);
    if (status == 0)
        status = capabilities_drop(err);
    if (status < 0)
        return status;
    sensor->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (sensor->epoll < 0)
        return error_system(err, errno, "wait for records");
    status = watch(sensor->epoll, SENSOR_CHANNEL, err);
    if (status == 0)
        status = watch(sensor->epoll, sensor->audit, err);
    if (status == 0)
        status = fold_new(FOLD_RUN, &sink, &sensor->fold, err);
    if (status == 0)
        status = confine_limits(CONFINE_MAIN, err);
    return status == 0 ? confine_thread(CONFINE_HOLDER, err) : status;
}

int main(void)
{
    static struct sensor sensor = {.audit = -1, .epoll = -1};
    struct sensor_told told = {.type = SENSOR_READY};
    struct error err = {0};

    if (prctl(PR_SET_DUMPABLE, 0) < 0)
        return STATUS_FAILED;
    if (prepare(&sensor, &err) < 0)
        told = (struct sensor_told){.type = SENSOR_FAILED, .errnum = err.errnum};
    if (told_send(NULL, NULL, &told, "", "") < 0 || told.type == SENSOR_FAILED)
        return STATUS_FAILED;
    return serve(&sensor) < 0 ? STATUS_FAILED : EXIT_SUCCESS;
}
