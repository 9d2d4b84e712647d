/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sandbox inside may do with the rights of its own user namespace, and what must not be decided on memory that it
 * can still change: a new file system, whose type is a text, and the id maps of a namespace below it, which the kernel
 * lets only a process of a certain namespace write. A child process enters the caller's namespaces and makes the call with
 * what was copied. A process may enter a user namespace that its own uid made below its own (user_namespaces(7)), so this
 * needs no right that the keeper does not have; and it gives none that the caller does not have, which is asked before,
 * as is whether it was still the caller whose namespaces were opened.
 */
#include <asm/signal.h>
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/ioctl.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <linux/stat.h>
#include <linux/wait.h>

#include "tier/process/init/view.h"

struct mounting {
    char source[PATH_MAX], target[PATH_MAX], type[PATH_MAX], data[PATH_MAX];
    uint64_t flags;
    int user_namespace, mount_namespace, root, directory;
};

static struct mounting mounting; /* one call at a time, and too large for the stack */

/* The types that a sandbox needs. What is not here does not exist: most of them show more than the container does. */
static const char *const mountable[] = {"tmpfs", "devpts"};

static int is_mountable(const char *type)
{
    for (size_t i = 0; i < sizeof(mountable) / sizeof(mountable[0]); i++)
        if (string_equal(type, mountable[i]))
            return 1;
    return 0;
}

/* A child that shares the table of descriptors: 0 in it, its pid here. No SIGCHLD: it is not process 1's to wait for. */
static long child_start(void)
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
static long child_wait(long pid)
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

static void child_end(long status) __attribute__((noreturn));
static void child_end(long status)
{
    for (;;)
        sys_call1(exit_group, status < 0 ? (-status <= 0xff ? -status : EACCES) : 0);
}

static long open_about(const struct keeper *keeper, const struct call *call, const char *rest, int flags)
{
    char path[48], *end = path + sizeof(path);

    string_append(string_append_number(path, end, call->tid), end, rest);
    return sys_call4(openat, keeper->proc, path, flags | O_CLOEXEC, 0);
}

/* Was it still the caller whose entries of /proc were opened? Its number may be another's by now. */
static long call_check(const struct keeper *keeper, const struct call *call)
{
    return sys_call3(ioctl, keeper->listener, SECCOMP_IOCTL_NOTIF_ID_VALID, &call->id);
}

/* -EPERM where the caller is not below the container's user namespace, or has given the right up. */
static long rights_check(const struct keeper *keeper, const struct call *call)
{
    struct statx info;
    long fd = open_about(keeper, call, "/ns/user", O_RDONLY), status;

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

static long mount_inside(void)
{
    long status = sys_call2(setns, mounting.user_namespace, CLONE_NEWUSER);

    if (status >= 0)
        status = sys_call2(setns, mounting.mount_namespace, CLONE_NEWNS);
    if (status >= 0)
        status = sys_call1(fchdir, mounting.root);
    if (status >= 0)
        status = sys_call1(chroot, ".");
    if (status >= 0)
        status = sys_call1(fchdir, mounting.directory);
    if (status >= 0)
        status = sys_call5(mount, mounting.source, mounting.target, mounting.type, mounting.flags, mounting.data);
    return status;
}

static long optional_text(const struct call *call, uint64_t address, char text[PATH_MAX])
{
    text[0] = '\0';
    return address ? caller_text(call, address, text) : 0;
}

static long mounting_copy(const struct call *call)
{
    long status = optional_text(call, call->args[0], mounting.source);

    if (status >= 0)
        status = caller_text(call, call->args[1], mounting.target);
    if (status >= 0)
        status = optional_text(call, call->args[2], mounting.type);
    if (status >= 0)
        status = optional_text(call, call->args[4], mounting.data);
    mounting.flags = call->args[3];
    return status;
}

static long mounting_open(const struct keeper *keeper, const struct call *call)
{
    static const struct {
        const char *name;
        int flags;
        int *slot;
    } rows[] = {{"/ns/user", O_RDONLY, &mounting.user_namespace},
                {"/ns/mnt", O_RDONLY, &mounting.mount_namespace},
                {"/root", O_PATH, &mounting.root},
                {"/cwd", O_PATH, &mounting.directory}};
    long status = 0, valid;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        long fd = open_about(keeper, call, rows[i].name, rows[i].flags);

        *rows[i].slot = (int)fd;
        if (fd < 0 && status == 0)
            status = fd;
    }
    valid = call_check(keeper, call);
    return status < 0 ? status : valid;
}

static void mounting_close(void)
{
    const int fds[] = {mounting.user_namespace, mounting.mount_namespace, mounting.root, mounting.directory};

    for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
        if (fds[i] >= 0)
            sys_call1(close, fds[i]);
}

long errand_mount(struct keeper *keeper, const struct call *call)
{
    long status = rights_check(keeper, call), pid;

    if (status >= 0)
        status = mounting_copy(call);
    if (status < 0)
        return status;
    if (string_equal(mounting.type, "proc")) /* as the kernel says where parts of the /proc that is there are covered */
        return -EPERM;
    if (!is_mountable(mounting.type))
        return -ENODEV;
    status = mounting_open(keeper, call);
    if (status == 0) {
        pid = child_start();
        if (pid == 0)
            child_end(mount_inside());
        status = pid < 0 ? pid : child_wait(pid);
    }
    mounting_close();
    return status;
}

/* In the child, /proc/thread-self is the child. `given` is where it leaves the descriptor, in the table that both share. */
static long open_inside(const struct keeper *keeper, int namespace, int object, int flags, int given)
{
    char path[48], *end = path + sizeof(path);
    long status = sys_call2(setns, namespace, CLONE_NEWUSER), opened;

    if (status < 0)
        return status;
    string_append_number(string_append(path, end, "thread-self/fd/"), end, (uint64_t)object);
    opened = sys_call4(openat, keeper->proc, path, flags | O_CLOEXEC, 0);
    if (opened < 0)
        return opened;
    status = sys_call3(dup3, opened, given, O_CLOEXEC);
    sys_call1(close, opened);
    return status;
}

/*
 * Over namespaces below its own the caller has every right as long as its uid made them, and no process of a container has
 * another; over its own it has those that it has kept. Who writes to a map is judged by the kernel once more.
 */
static long map_check(const struct keeper *keeper, const struct call *call, const struct place *place, int namespace)
{
    struct statx own, mapped;
    long status = sys_call5(statx, namespace, "", AT_EMPTY_PATH, STATX_INO, &own);

    if (status >= 0)
        status = sys_call5(statx, place->parent, "ns/user", 0, STATX_INO, &mapped);
    if (status < 0)
        return status;
    if (own.stx_ino == keeper->view.own_user_namespace)
        return -EINVAL; /* as setns() says: there is nothing to enter */
    return own.stx_ino != mapped.stx_ino || caller_has_capability(keeper, call, CAP_SYS_ADMIN) ? 0 : -EACCES;
}

long errand_open_map(struct keeper *keeper, const struct call *call, const struct place *place, int flags)
{
    long namespace = open_about(keeper, call, "/ns/user", O_RDONLY), status, given, pid;

    if (namespace < 0)
        return namespace;
    status = call_check(keeper, call);
    if (status == 0)
        status = map_check(keeper, call, place, (int)namespace);
    if (status < 0) {
        sys_call1(close, namespace);
        return status;
    }
    given = sys_call3(fcntl, keeper->proc, F_DUPFD_CLOEXEC, 5); /* a number that is nobody's */
    pid = given < 0 ? given : child_start();
    if (pid == 0)
        child_end(open_inside(keeper, (int)namespace, place->object, flags, (int)given));
    status = pid < 0 ? pid : child_wait(pid);
    sys_call1(close, namespace);
    if (status < 0 && given >= 0)
        sys_call1(close, given);
    return status < 0 ? status : given;
}
