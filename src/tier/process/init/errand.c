/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a sandbox inside may do with the rights of its own user namespace, and what must not be decided on memory that it
 * can still change: a new file system, whose type is a text; openat2(), whose flags lie in memory; and the id maps of a
 * namespace below it, which the kernel lets only a process of a certain namespace write. A child process enters the caller's namespaces and makes the call with
 * what was copied. A process may enter a user namespace that its own uid made below its own (user_namespaces(7)), so this
 * needs no right that the keeper does not have; and it gives none that the caller does not have, which is asked before,
 * as is whether it was still the caller whose namespaces were opened.
 */
#include <linux/capability.h>
#include <linux/errno.h>
#include <linux/fcntl.h>
#include <linux/mount.h>
#include <linux/openat2.h>
#include <linux/sched.h>
#include <linux/stat.h>

#include "tier/process/init/standing.h"
#include "tier/process/init/view.h"

struct mounting {
    char source[PATH_MAX], target[PATH_MAX], type[PATH_MAX], data[PATH_MAX];
    uint64_t flags;
    struct standing at;
    int on; /* a descriptor of the caller's that is the target, -1 = the path is */
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

/* What /proc/self/fd/N means is the caller's: in the child it is another process's. */
static long target_find(const struct keeper *keeper, const struct call *call)
{
    static const char prefix[] = "/proc/self/fd/";
    const char *digits = mounting.target + sizeof(prefix) - 1;
    size_t length = 0;
    long number = 0;

    mounting.on = -1;
    if (!string_begins(mounting.target, prefix))
        return 0;
    for (; digits[length] >= '0' && digits[length] <= '9' && length < 9; length++)
        number = number * 10 + (digits[length] - '0');
    if (!length || digits[length])
        return -EINVAL;
    number = standing_descriptor(keeper, call, number);
    if (number < 0)
        return number;
    mounting.on = (int)number;
    return 0;
}

static long mount_inside(const struct keeper *keeper)
{
    char again[48], *end = again + sizeof(again);
    const char *target = mounting.target;
    long status = standing_enter(&mounting.at);

    if (status >= 0 && mounting.on >= 0) {
        string_append_number(string_append(again, end, "thread-self/fd/"), end, (uint64_t)mounting.on);
        target = again;
        status = sys_call1(fchdir, keeper->proc);
    }
    if (status >= 0)
        status = sys_call5(mount, mounting.source, target, mounting.type, mounting.flags, mounting.data);
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

long errand_mount(struct keeper *keeper, const struct call *call)
{
    long status = standing_check_rights(keeper, call);

    if (status >= 0)
        status = mounting_copy(call);
    if (status < 0)
        return status;
    if (string_equal(mounting.type, "proc")) /* as the kernel says where parts of the /proc that is there are covered */
        return -EPERM;
    if (!is_mountable(mounting.type))
        return -ENODEV;
    status = target_find(keeper, call);
    if (status < 0)
        return status;
    status = standing_open(keeper, call, AT_FDCWD, &mounting.at);
    if (status == 0) {
        long pid = child_start();

        if (pid == 0)
            child_end(mount_inside(keeper));
        status = pid < 0 ? pid : child_wait(pid);
    }
    standing_close(&mounting.at);
    if (mounting.on >= 0)
        sys_call1(close, mounting.on);
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
    long namespace = standing_open_about(keeper, call, "/ns/user", O_RDONLY), status, given, pid;

    if (namespace < 0)
        return namespace;
    status = standing_check_call(keeper, call);
    if (status == 0)
        status = map_check(keeper, call, place, (int)namespace);
    if (status < 0) {
        sys_call1(close, namespace);
        return status;
    }
    given = child_number(keeper);
    pid = given < 0 ? given : child_start();
    if (pid == 0)
        child_end(open_inside(keeper, (int)namespace, place->object, flags, (int)given));
    status = pid < 0 ? pid : child_wait(pid);
    sys_call1(close, namespace);
    if (status < 0 && given >= 0)
        sys_call1(close, given);
    return status < 0 ? status : given;
}

struct opening {
    char path[PATH_MAX];
    struct open_how how;
    struct standing at;
    long terminal; /* the caller's, a number in /dev/pts; negative = it has none */
};

static struct opening opening;

/*
 * What a sandbox's set-up asks for: to hold on to an object, or to list a directory, and never through a link of /proc,
 * which would mean the child's. Anything else: as if the kernel did not have the call.
 */
static long opening_copy(const struct keeper *keeper, const struct call *call)
{
    const uint64_t allowed = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK;
    long status;

    if (call->args[3] != sizeof(opening.how))
        return call->args[3] < sizeof(opening.how) ? -EINVAL : -E2BIG;
    status = caller_bytes(call, call->args[2], &opening.how, sizeof(opening.how));
    if (status < 0)
        return status;
    if (opening.how.flags & ~allowed || !(opening.how.flags & (O_PATH | O_DIRECTORY)) ||
        !(opening.how.resolve & RESOLVE_NO_MAGICLINKS))
        return -ENOSYS;
    opening.terminal = caller_terminal(keeper, call);
    status = caller_text(call, call->args[1], opening.path);
    return status < 0 ? status : 0;
}

/*
 * /dev/tty is whoever's controlling terminal opens it, and the child has none: the caller's own, of the same directory, or
 * the null device where it has none either.
 */
static long open_terminal_beside(void)
{
    char *end = opening.path + sizeof(opening.path), *at = opening.path + string_length(opening.path);

    while (at > opening.path && at[-1] != '/')
        at--;
    if (opening.terminal >= 0)
        string_append_number(string_append(at, end, "pts/"), end, (uint64_t)opening.terminal);
    else
        string_append(at, end, "null");
    return sys_call4(openat2, AT_FDCWD, opening.path, &opening.how, sizeof(opening.how));
}

/* The kernel hands over no O_PATH descriptor (fget() in seccomp_notify_addfd()): one for reading takes its place. */
static long open_from_inside(int given)
{
    struct statx info;
    long status = standing_enter(&opening.at), opened;

    if (status < 0)
        return status;
    opening.how.flags |= O_PATH | O_CLOEXEC;
    opened = sys_call4(openat2, AT_FDCWD, opening.path, &opening.how, sizeof(opening.how));
    if (opened < 0)
        return opened;
    status = sys_call5(statx, opened, "", AT_EMPTY_PATH, STATX_TYPE, &info);
    sys_call1(close, opened);
    if (status < 0)
        return status;
    opening.how.flags = (opening.how.flags & ~(uint64_t)O_PATH) | O_NONBLOCK | O_NOCTTY;
    if ((info.stx_mode & S_IFMT) == S_IFCHR && info.stx_rdev_major == 5 && info.stx_rdev_minor == 0)
        opened = open_terminal_beside();
    else
        opened = sys_call4(openat2, AT_FDCWD, opening.path, &opening.how, sizeof(opening.how));
    if (opened < 0)
        return opened;
    status = sys_call3(dup3, opened, given, O_CLOEXEC);
    sys_call1(close, opened);
    return status;
}

long errand_open(struct keeper *keeper, const struct call *call)
{
    long status = standing_check_rights(keeper, call), given, pid;
    int is_closed;

    if (status < 0)
        return status == -EPERM ? -ENOSYS : status;
    status = opening_copy(keeper, call);
    if (status < 0)
        return status;
    is_closed = opening.how.flags & O_CLOEXEC ? 1 : 0;
    status = standing_open(keeper, call, (int)call->args[0], &opening.at);
    if (status == 0) {
        given = child_number(keeper);
        pid = given < 0 ? given : child_start();
        if (pid == 0)
            child_end(open_from_inside((int)given));
        status = pid < 0 ? pid : child_wait(pid);
        if (status >= 0) {
            status = keeper_give(keeper, call->id, (int)given, is_closed, 1);
            if (status >= 0 || status == -ENOENT || status == -EINPROGRESS) /* given, or the caller is gone */
                status = KEEPER_ANSWERED;
        }
        if (given >= 0)
            sys_call1(close, given);
    }
    standing_close(&opening.at);
    return status;
}
