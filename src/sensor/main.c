/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cordon-sensor: reads the kernel's audit records and tells its starter what Landlock refused to programs of the same user.
 *
 * It is the one program of Cordon that may be installed with a privilege, CAP_AUDIT_READ, so it does one thing: it joins the
 * audit channel's multicast group, gives up everything, and only then reads. It takes no argument, no environment and no
 * message; what it tells is about Landlock domains that its real user made, root's of root's alone, which is no more than
 * that user's own programs were answered.
 *
 * System calls before: those of channel.c, capset, epoll_create1, epoll_ctl; after: those of CONFINE_HOLDER.
 */
#include <errno.h>
#include <linux/capability.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/memory.h"
#include "sensor/channel.h"
#include "sensor/fold.h"
#include "worker/confine.h"
#include "worker/start.h"

#define STATUS_FAILED 125
#define BATCH     256 /* records between two looks at the clock */
#define TRY_MS    200 /* for which a run is kept waiting */
#define HOLD_MS   2   /* how long a refusal waits for the record of its call */
#define REPEAT_NS (NS_PER_S)

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
    static char bytes[CHANNEL_BYTES];
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
        status = channel_open(&sensor->audit, err);
    if (status == 0)
        status = channel_join(sensor->audit, err);
    if (status == 0)
        status = channel_try(sensor->audit, TRY_MS, err);
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
