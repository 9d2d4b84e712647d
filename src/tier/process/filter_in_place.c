/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the system call filter does on top where no namespace stands between the program and the host
 * (docs/decisions/0055): what Landlock does not mediate and a namespace would have kept apart.
 */
#include <linux/fs.h>
#include <linux/fiemap.h>
#include <linux/ioprio.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include "base/kernel/syscalls.h"
#include "tier/process/emitter.h"

#define QUIET(name, verdict, reason, why) {__NR_##name, verdict, reason, why},
#define ROW(name, verdict, reason) {__NR_##name, verdict, reason, NULL},

static const struct filter_row rows[] = {
#define METADATA "Landlock does not mediate it: the supervisor makes the call on what a writable grant holds"
    ROW(fchmod, FILTER_ASK_MODE_1, METADATA)
    ROW(fchmodat, FILTER_ASK_MODE_2, METADATA)
    ROW(fchmodat2, FILTER_ASK_MODE_2, METADATA)
    ROW(fchown, FILTER_ASK, METADATA)
    ROW(fchownat, FILTER_ASK, METADATA)
    ROW(utimensat, FILTER_ASK, METADATA)
#ifdef __x86_64__
    ROW(chmod, FILTER_ASK_MODE_1, METADATA)
    ROW(chown, FILTER_ASK, METADATA)
    ROW(lchown, FILTER_ASK, METADATA)
    ROW(utime, FILTER_ASK, METADATA)
    ROW(utimes, FILTER_ASK, METADATA)
    ROW(futimesat, FILTER_ASK, METADATA)
#endif
#define ATTRIBUTES "attributes of files outside of the grants could be read and changed by path, and changed by descriptor"
    QUIET(setxattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(lsetxattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(fsetxattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(removexattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(lremovexattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(fremovexattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(getxattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(lgetxattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(listxattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(llistxattr, FILTER_UNSUPPORTED, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(setxattrat, FILTER_ENOSYS, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(removexattrat, FILTER_ENOSYS, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(getxattrat, FILTER_ENOSYS, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(listxattrat, FILTER_ENOSYS, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(file_getattr, FILTER_ENOSYS, ATTRIBUTES, "ls and cp try it for each file")
    QUIET(file_setattr, FILTER_ENOSYS, ATTRIBUTES, "ls and cp try it for each file")
    ROW(name_to_handle_at, FILTER_UNSUPPORTED, "names files outside of the grants")
#define WATCHING "tells the names of files outside of the grants as they come and go"
    QUIET(inotify_init1, FILTER_ENOSYS, WATCHING, "programs fall back from it when they begin")
    QUIET(inotify_add_watch, FILTER_ENOSYS, WATCHING, "programs fall back from it when they begin")
#ifdef __x86_64__
    QUIET(inotify_init, FILTER_ENOSYS, WATCHING, "programs fall back from it when they begin")
#endif
    ROW(bind, FILTER_CONNECT, "one end of a pair could take a name among the host's abstract sockets")
    ROW(connect, FILTER_CONNECT, "a name of the file system leads to the host's services")
#define OTHERS "acts on every process of the same user"
    ROW(prlimit64, FILTER_SELF_RLIMIT, OTHERS)
    ROW(setpriority, FILTER_SELF_PRIORITY, OTHERS)
    ROW(ioprio_set, FILTER_SELF_IOPRIO, OTHERS)
    ROW(sched_setparam, FILTER_SELF, OTHERS)
    ROW(sched_setscheduler, FILTER_SELF, OTHERS)
    ROW(sched_setaffinity, FILTER_SELF, OTHERS)
    ROW(sched_setattr, FILTER_SELF, OTHERS)
#define SCOPED "the numbers are the host's; Landlock keeps signals within the container"
    ROW(kill, FILTER_ALLOW, SCOPED)
    ROW(tkill, FILTER_ALLOW, SCOPED)
    ROW(tgkill, FILTER_ALLOW, SCOPED)
    ROW(rt_sigqueueinfo, FILTER_ALLOW, SCOPED)
    ROW(rt_tgsigqueueinfo, FILTER_ALLOW, SCOPED)
#define IPC "belongs to all programs of the user"
    ROW(shmget, FILTER_ENOSYS, IPC)
    ROW(shmat, FILTER_ENOSYS, IPC)
    ROW(shmctl, FILTER_ENOSYS, IPC)
    ROW(semget, FILTER_ENOSYS, IPC)
    ROW(semop, FILTER_ENOSYS, IPC)
    ROW(semtimedop, FILTER_ENOSYS, IPC)
    ROW(semctl, FILTER_ENOSYS, IPC)
    ROW(msgget, FILTER_ENOSYS, IPC)
    ROW(msgsnd, FILTER_ENOSYS, IPC)
    ROW(msgrcv, FILTER_ENOSYS, IPC)
    ROW(msgctl, FILTER_ENOSYS, IPC)
    ROW(mq_open, FILTER_ENOSYS, IPC)
    ROW(mq_unlink, FILTER_ENOSYS, IPC)
};

const struct filter_row *filter_rows_in_place(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(rows);
    return rows;
}

/*
 * Of sockets only pairs that stay connected to each other: a datagram socket can be turned to any name with each
 * message, and the names lie in memory.
 */
static void emit_pair(struct emitter *emitter)
{
    emit_load_argument(emitter, 0);
    emit_unless_equal(emitter, AF_UNIX, RETURN_ERRNO(EAFNOSUPPORT));
    emit_load_argument(emitter, 1);
    emit(emitter, BPF_ALU | BPF_AND | BPF_K, SOCKET_TYPE_MASK, 0, 0);
    emit_if_equal(emitter, SOCK_STREAM, SECCOMP_RET_ALLOW);
    emit_if_equal(emitter, SOCK_SEQPACKET, SECCOMP_RET_ALLOW);
    emit_return(emitter, RETURN_ERRNO(ESOCKTNOSUPPORT));
}

/* What the owner of a file may change through a descriptor that only reads; asking stays. */
static void emit_flags(struct emitter *emitter)
{
    static const uint32_t asks[] = {FS_IOC_GETFLAGS, FS_IOC32_GETFLAGS, FS_IOC_FIEMAP, FS_IOC_FSGETXATTR, FS_IOC_GETVERSION};
    static const uint32_t types[] = {'f' << 8, 'X' << 8, 'v' << 8, 'r' << 8 /* vfat */, 0xf500 /* f2fs */};

    emit_load_argument(emitter, 1);
    for (size_t i = 0; i < ARRAY_COUNT(asks); i++)
        emit_if_equal(emitter, asks[i], SECCOMP_RET_ALLOW);
    emit(emitter, BPF_ALU | BPF_AND | BPF_K, 0xff00, 0, 0);
    for (size_t i = 0; i < ARRAY_COUNT(types); i++)
        emit_if_equal(emitter, types[i], RETURN_ERRNO(EOPNOTSUPP));
}

static void emit_self(struct emitter *emitter, unsigned index)
{
    emit_load_argument(emitter, index);
    emit_unless_equal(emitter, 0, RETURN_ERRNO(EPERM));
}

static void emit_self_priority(struct emitter *emitter, uint32_t process)
{
    emit_load_argument(emitter, 0);
    emit_unless_equal(emitter, process, RETURN_ERRNO(EPERM));
    emit_self(emitter, 1);
    emit_return(emitter, SECCOMP_RET_ALLOW);
}

static void emit_asked_mode(struct emitter *emitter, unsigned index)
{
    emit_load_argument(emitter, index);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, S_ISUID | S_ISGID, 0, 1);
    emit_return(emitter, RETURN_ERRNO(EPERM));
    emit_return(emitter, SECCOMP_RET_USER_NOTIF);
}

bool emit_in_place(struct emitter *emitter, enum filter_verdict verdict)
{
    switch (verdict) {
    case FILTER_ASK:
        emit_return(emitter, SECCOMP_RET_USER_NOTIF);
        return true;
    case FILTER_ASK_MODE_1:
    case FILTER_ASK_MODE_2:
        emit_asked_mode(emitter, verdict == FILTER_ASK_MODE_1 ? 1 : 2);
        return true;
    case FILTER_UNSUPPORTED:
        emit_return(emitter, RETURN_ERRNO(EOPNOTSUPP));
        return true;
    case FILTER_CONNECT:
        emit_return(emitter, emitter->plan->allows_inet ? SECCOMP_RET_ALLOW : RETURN_ERRNO(EPERM));
        return true;
    case FILTER_SELF:
        emit_self(emitter, 0);
        emit_return(emitter, SECCOMP_RET_ALLOW);
        return true;
    case FILTER_SELF_RLIMIT:
        emit_self(emitter, 0);
        return false;
    case FILTER_SELF_PRIORITY:
        emit_self_priority(emitter, PRIO_PROCESS);
        return true;
    case FILTER_SELF_IOPRIO:
        emit_self_priority(emitter, IOPRIO_WHO_PROCESS);
        return true;
    case FILTER_SOCKETPAIR:
        emit_pair(emitter);
        return true;
    case FILTER_SOCKET:
        emit_load_argument(emitter, 0);
        emit_quietly(emitter, AF_UNIX, RETURN_ERRNO(EAFNOSUPPORT)); /* C libraries look for a name service by it */
        if (!emitter->plan->allows_inet) /* the host's, without a namespace of its own */
            emit_if_equal(emitter, AF_NETLINK, RETURN_ERRNO(EAFNOSUPPORT));
        return false;
    case FILTER_IOCTL:
        emit_flags(emitter);
        return false;
    default:
        return false;
    }
}
