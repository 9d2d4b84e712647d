/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Everything a worker had and no longer needs: files, capabilities, new processes, memory without end. What this
 * kernel's Landlock does not know yet is held by the others alone; nothing here is left out when it fails.
 */
#include "worker/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/seccomp.h>
#include <linux/securebits.h>
#include <sched.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "worker/filter.h"
#include "worker/shut.h"

#define DATA_BYTES        (64ull << 20)
#define DATA_BYTES_PARSER (192ull << 20) /* two TLS states and what is under way, of 1000 connections */
#define CAPABILITIES_MAX 63

int confine_limits(enum confine_role role, struct error *err)
{
    struct rlimit files;
    const struct {
        __rlimit_resource_t resource;
        rlim_t most;
        const char *name;
    } rows[] = {
        {RLIMIT_CORE, 0, "core files"},
        {RLIMIT_FSIZE, 0, "the size of files"},
        {RLIMIT_DATA, role == CONFINE_PARSER || role == CONFINE_HOLDER ? DATA_BYTES_PARSER : DATA_BYTES, "memory"},
        {RLIMIT_MEMLOCK, role == CONFINE_HOLDER ? RLIM_INFINITY : 0, "locked memory"}, /* values are kept out of swap */
        {RLIMIT_MSGQUEUE, 0, "message queues"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct rlimit limit;

        if (getrlimit(rows[i].resource, &limit) < 0)
            return error_system(err, errno, "read the limit of %s", rows[i].name);
        limit.rlim_max = limit.rlim_max < rows[i].most ? limit.rlim_max : rows[i].most;
        limit.rlim_cur = limit.rlim_max;
        if (setrlimit(rows[i].resource, &limit) < 0)
            return error_system(err, errno, "limit %s", rows[i].name);
    }
    if (getrlimit(RLIMIT_NOFILE, &files) < 0)
        return error_system(err, errno, "read the limit of open files");
    files.rlim_cur = files.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &files) < 0)
        return error_system(err, errno, "raise the limit of open files");
    return 0;
}

/* The new root covers the old one and takes its place, then the old one, which lies under it, is let go. */
int confine_files(struct error *err)
{
    if (unshare(CLONE_NEWNS) < 0)
        return error_system(err, errno, "make a mount namespace");
    if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return error_system(err, errno, "keep mounts private");
    if (mount("none", "/proc", "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "size=4k,nr_inodes=2,mode=0") < 0)
        return error_system(err, errno, "mount an empty file system");
    if (chdir("/proc") < 0)
        return error_system(err, errno, "enter the empty file system");
    if (syscall(SYS_pivot_root, ".", ".") < 0)
        return error_system(err, errno, "make the empty file system the root");
    if (umount2(".", MNT_DETACH) < 0)
        return error_system(err, errno, "leave the host's files");
    if (mount(NULL, "/", NULL, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0)
        return error_system(err, errno, "make the empty root read-only");
    return 0;
}

static int write_map(const char *path, const char *text)
{
    auto_close int fd = open(path, O_WRONLY | O_CLOEXEC);

    return fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text) ? -errno : 0;
}

/* Who it was, and nobody else. */
static int map_self(uid_t uid, gid_t gid)
{
    char text[64];
    int status = write_map("/proc/self/setgroups", "deny");

    snprintf(text, sizeof(text), "%u %u 1", uid, uid);
    if (status == 0)
        status = write_map("/proc/self/uid_map", text);
    snprintf(text, sizeof(text), "%u %u 1", gid, gid);
    return status == 0 ? write_map("/proc/self/gid_map", text) : status;
}

static int refuse_together(struct error *err, int errnum, const char *what)
{
    return error_set(err, ERROR_UNENFORCEABLE, errnum,
                     "what reads requests or keeps secrets needs namespaces of its own, and %s: permit user namespaces to "
                     "cordon-inspector and cordon-holder (`cordon doctor`; AppArmor: Cordon's profile)", what);
}

int confine_apart(struct error *err)
{
    uid_t uid = getuid();
    gid_t gid = getgid();
    bool has_user = unshare(CLONE_NEWUSER) == 0;
    int errnum = has_user ? 0 : errno, status = has_user ? map_self(uid, gid) : 0;

    if (status < 0)
        return refuse_together(err, -status, "may not say who it is in one");
    if (unshare(CLONE_NEWNS | CLONE_NEWNET) < 0) /* by rights of the caller, where there was no user namespace */
        return has_user ? refuse_together(err, errno, "has no rights in one") : refuse_together(err, errnum, "may not make one");
    return confine_files(err);
}

/* Nor can it ever gain one: no_new_privs is set. */
static bool has_no_capability(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct own[2];

    return syscall(SYS_capget, &header, own) == 0 && !(own[0].permitted | own[1].permitted);
}

static int drop_capabilities(struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};

    if (has_no_capability())
        return 0; /* and so may not even let go of what it has not */
    for (int i = 0; i <= CAPABILITIES_MAX; i++) {
        if (prctl(PR_CAPBSET_DROP, i) == 0)
            continue;
        if (errno == EINVAL && i > CAP_SETPCAP)
            break; /* behind the last that this kernel has */
        return error_system(err, errno, "give up capability %d for good", i);
    }
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return error_system(err, errno, "give up ambient capabilities");
    if (prctl(PR_SET_SECUREBITS, SECBIT_NOROOT | SECBIT_NOROOT_LOCKED | SECBIT_NO_SETUID_FIXUP |
                                     SECBIT_NO_SETUID_FIXUP_LOCKED | SECBIT_KEEP_CAPS_LOCKED |
                                     SECBIT_NO_CAP_AMBIENT_RAISE | SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED) < 0)
        return error_system(err, errno, "lock what root may regain");
    if (syscall(SYS_capset, &header, none) < 0)
        return error_system(err, errno, "give up all capabilities");
    return 0;
}

/* Every right that Landlock handles but those to connect; the sensor reads of processes. */
static int shut_landlock(enum confine_role role, struct error *err)
{
    const struct shut_place processes = {.path = "/proc", .access = SHUT_FILES};

    return shut_files(&processes, role == CONFINE_SENSOR, SHUT_MAY_CONNECT, err);
}

int confine_thread(enum confine_role role, struct error *err)
{
    struct sock_filter program[FILTER_MAX];
    struct sock_fprog filter = {.filter = program};
    unsigned count;
    int status;

    confine_filter(role, program, &count);
    filter.len = (unsigned short)count;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_system(err, errno, "set no_new_privs");
    status = shut_landlock(role, err);
    if (status == 0)
        status = drop_capabilities(err);
    if (status < 0)
        return status;
    if (setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) < 0)
        return error_system(err, errno, "limit processes");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return error_system(err, errno, "hide this process's memory");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
        return error_system(err, errno, "limit system calls");
    return 0;
}
