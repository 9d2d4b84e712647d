/* SPDX-License-Identifier: Apache-2.0 */
/* System calls: socket, bind, setsockopt; fork, poll, recv, waitpid. */
#include "sensor/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/kernel/landlock.h"
#include "base/memory.h"
#include "sensor/record.h"

#define BUFFER_BYTES (64 << 20)

int channel_open(int *ret_fd, struct error *err)
{
    const struct sockaddr_nl nobody = {.nl_family = AF_NETLINK};
    auto_close int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_AUDIT);
    int bytes = BUFFER_BYTES;

    if (fd < 0)
        return error_system(err, errno, "open the audit channel");
    if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0)
        (void)!setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
    if (bind(fd, (const struct sockaddr *)&nobody, sizeof(nobody)) < 0)
        return error_system(err, errno, "open the audit channel");
    *ret_fd = take_fd(fd);
    return 0;
}

static int membership(int fd, int option)
{
    int group = AUDIT_NLGRP_READLOG;

    return setsockopt(fd, SOL_NETLINK, option, &group, sizeof(group)) < 0 ? -errno : 0;
}

int channel_join(int fd, struct error *err)
{
    int status = membership(fd, NETLINK_ADD_MEMBERSHIP);

    return status < 0 ? error_system(err, -status, "join the audit channel (it takes CAP_AUDIT_READ and the host's network namespace)") : 0;
}

int channel_leave(int fd, struct error *err)
{
    int status = membership(fd, NETLINK_DROP_MEMBERSHIP);

    return status < 0 ? error_system(err, -status, "leave the audit channel") : 0;
}

/* In a process of its own: a refusal that must be told if any is. */
static void refused_once(void)
{
    const struct landlock_ruleset rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_READ_FILE};
    int fd = (int)syscall(SYS_landlock_create_ruleset, &rules, sizeof(rules.handled_access_fs), 0);

    if (fd >= 0 && prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && syscall(SYS_landlock_restrict_self, fd, 0) == 0 &&
        open("/dev/null", O_RDONLY | O_CLOEXEC) < 0)
        _exit(EXIT_SUCCESS);
    _exit(EXIT_FAILURE);
}

/* Nobody but an administrator may ask the kernel whether its audit is on, and whether it tells of Landlock: so try. */
int channel_try(int fd, unsigned patience_ms, struct error *err)
{
    static char bytes[CHANNEL_BYTES];
    static struct audit_record record;
    uint64_t end_ns = clock_monotonic_ns() + patience_ms * NS_PER_MS, now;
    bool is_told = false;
    pid_t child = fork();

    if (child < 0)
        return error_system(err, errno, "try the audit channel");
    if (child == 0)
        refused_once();
    while (!is_told && (now = clock_monotonic_ns()) < end_ns) {
        struct pollfd ready = {.fd = fd, .events = POLLIN};
        ssize_t size = poll(&ready, 1, (int)((end_ns - now) / NS_PER_MS) + 1) > 0 ? recv(fd, bytes, sizeof(bytes), 0) : -1;
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
