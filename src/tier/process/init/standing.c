/* SPDX-License-Identifier: Apache-2.0 */
/* Where a caller in a sandbox stands, and a child process that goes there: what errand.c's errands have in common. */
#include "tier/process/init/standing.h"

#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <linux/wait.h>

#include "tier/process/init/view.h"

/* A child that shares the table of descriptors: 0 in it, its pid here. No SIGCHLD: it is not process 1's to wait for. */
long child_start(void)
{
    return sys_call5(clone, CLONE_FILES, 0, 0, 0, 0);
}

static int is_stopped(int status)
{
    return (status & 0xff) == 0x7f;
}

/*
 * What it came to: its status is an errno. One that was killed has done nothing that could be told; one that was stopped
 * would hold up all other calls, and ends.
 */
long child_wait(long pid)
{
    int status = 0;
    long waited;

    do {
        waited = sys_call4(wait4, pid, &status, __WALL | WUNTRACED, 0);
        if (waited >= 0 && is_stopped(status))
            sys_call2(kill, pid, SIGKILL);
    } while (waited == -EINTR || (waited >= 0 && is_stopped(status)));
    if (waited < 0)
        return waited;
    return status & 0x7f ? -EACCES : -(long)(status >> 8 & 0xff);
}

void child_end(long status)
{
    for (;;)
        sys_call1(exit_group, status < 0 ? (-status <= 0xff ? -status : EACCES) : 0);
}

long standing_open_about(const struct keeper *keeper, const struct call *call, const char *rest, int flags)
{
    char path[48], *end = path + sizeof(path);

    string_append(string_append_number(path, end, call->tid), end, rest);
    return sys_call4(openat, keeper->proc, path, flags | O_CLOEXEC, 0);
}

/* Was it still the caller whose entries of /proc were opened? Its number may be another's by now. */
long standing_check_call(const struct keeper *keeper, const struct call *call)
{
    return sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id);
}

/* -EPERM where the caller is not below the container's user namespace, or has given the right up. */
long standing_check_rights(const struct keeper *keeper, const struct call *call)
{
    struct statx info;
    long fd = standing_open_about(keeper, call, "/ns/user", O_RDONLY), status;

    if (fd < 0)
        return fd;
    status = sys_call5(statx, fd, "", AT_EMPTY_PATH, STATX_INO, &info);
    sys_call1(close, fd);
    if (status < 0)
        return status;
    if (info.stx_ino == keeper->view.own_user_namespace)
        return -EPERM;
    return caller_has_capability(keeper, call, CAP_SYS_ADMIN) ? 0 : -EPERM;
}

long child_number(const struct keeper *keeper)
{
    return sys_call3(fcntl, keeper->proc, F_DUPFD_CLOEXEC, 5);
}

long standing_descriptor(const struct keeper *keeper, const struct call *call, long number)
{
    char rest[32], *end = rest + sizeof(rest);
    long fd, valid;

    if (number < 0)
        return -EBADF;
    string_append_number(string_append(rest, end, "/fd/"), end, (uint64_t)number);
    fd = standing_open_about(keeper, call, rest, O_PATH);
    if (fd < 0)
        return fd == -ENOENT ? -EBADF : fd;
    valid = standing_check_call(keeper, call);
    if (valid < 0)
        sys_call1(close, fd);
    return valid < 0 ? valid : fd;
}

long standing_open(const struct keeper *keeper, const struct call *call, int directory, struct standing *standing)
{
    long fd, status = 0;

    standing->user_namespace = (int)standing_open_about(keeper, call, "/ns/user", O_RDONLY);
    standing->mount_namespace = (int)standing_open_about(keeper, call, "/ns/mnt", O_RDONLY);
    standing->root = (int)standing_open_about(keeper, call, "/root", O_PATH);
    fd = directory == AT_FDCWD ? standing_open_about(keeper, call, "/cwd", O_PATH)
                               : standing_descriptor(keeper, call, directory);
    standing->directory = (int)fd;
    if (standing->user_namespace < 0)
        status = standing->user_namespace;
    else if (standing->mount_namespace < 0)
        status = standing->mount_namespace;
    else if (standing->root < 0)
        status = standing->root;
    else if (fd < 0)
        status = fd;
    return status < 0 ? status : standing_check_call(keeper, call);
}

void standing_close(const struct standing *standing)
{
    const int fds[] = {standing->user_namespace, standing->mount_namespace, standing->root, standing->directory};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            sys_call1(close, fds[i]);
}

long standing_enter(const struct standing *standing)
{
    long status = sys_call2(setns, standing->user_namespace, CLONE_NEWUSER);

    if (status >= 0)
        status = sys_call2(setns, standing->mount_namespace, CLONE_NEWNS);
    if (status >= 0)
        status = sys_call1(fchdir, standing->root);
    if (status >= 0)
        status = sys_call1(chroot, ".");
    if (status >= 0)
        status = sys_call1(fchdir, standing->directory);
    return status;
}
