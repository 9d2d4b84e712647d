/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the system call filter does otherwise under nested.namespaces (docs/decisions/0007): what sandboxes of the program's own
 * need to build their namespaces, and what of the kernel comes into reach by it and must not.
 */
#include <linux/sched.h>
#include <sys/mount.h>

#include "base/kernel/syscalls.h"
#include "tier/process/emitter.h"

#define QUIET(name, verdict, reason, why) {__NR_##name, verdict, reason, why},
#define ROW(name, verdict, reason) {__NR_##name, verdict, reason, NULL},

/*
 * The new mount calls are not among it: every tool falls back from ENOSYS to mount(), whose kinds a filter can tell apart.
 */
static const struct filter_row rows[] = {
#define BY_DESCRIPTOR "file systems and mounts of all kinds, out of a filter's sight"
#define PACKET_FILTER "the tables of a packet filter: a large part of the kernel, for who has a network namespace"
    ROW(clone, FILTER_ALLOW, "namespaces of the program's own")
    ROW(unshare, FILTER_UNSHARE, "the same, but for its clocks, which no sandbox needs")
    ROW(mount, FILTER_MOUNT, "what is mounted already is held to what the outer tree locks; of file system types the keeper mounts few")
    ROW(umount2, FILTER_ALLOW, "the kernel unmounts nothing that the outer tree locks")
    ROW(pivot_root, FILTER_ALLOW, "needs a mount namespace of the program's own")
    ROW(chroot, FILTER_ALLOW, "needs a user namespace of the program's own")
    ROW(sethostname, FILTER_ALLOW, "needs a host name of the program's own")
#define NUMBERS "in a pid namespace of the program's own the first numbers are its own processes"
    ROW(kill, FILTER_ALLOW, NUMBERS)
    ROW(tkill, FILTER_ALLOW, NUMBERS)
    ROW(tgkill, FILTER_ALLOW, NUMBERS)
    ROW(rt_sigqueueinfo, FILTER_ALLOW, NUMBERS)
    ROW(rt_tgsigqueueinfo, FILTER_ALLOW, NUMBERS)
    ROW(openat2, FILTER_NAME, "bubblewrap since 0.12 sets up by it; the keeper opens for who has rights in a sandbox, ENOSYS else")
    QUIET(open_tree, FILTER_ENOSYS, BY_DESCRIPTOR, "mount and bubblewrap try it before the older call")
    QUIET(open_tree_attr, FILTER_ENOSYS, BY_DESCRIPTOR, "mount and bubblewrap try it before the older call")
    QUIET(move_mount, FILTER_ENOSYS, BY_DESCRIPTOR, "mount and bubblewrap try it before the older call")
    QUIET(fsopen, FILTER_ENOSYS, BY_DESCRIPTOR, "mount and bubblewrap try it before the older call")
    QUIET(fsconfig, FILTER_ENOSYS, BY_DESCRIPTOR, "mount and bubblewrap try it before the older call")
    QUIET(fsmount, FILTER_ENOSYS, BY_DESCRIPTOR, "mount and bubblewrap try it before the older call")
    QUIET(fspick, FILTER_ENOSYS, BY_DESCRIPTOR, "mount and bubblewrap try it before the older call")
    QUIET(mount_setattr, FILTER_ENOSYS, BY_DESCRIPTOR, "mount and bubblewrap try it before the older call")
    ROW(setsockopt, FILTER_SOCKET_OPTION, PACKET_FILTER)
    ROW(getsockopt, FILTER_SOCKET_OPTION, PACKET_FILTER)
};

const struct filter_row *filter_nested_rows(size_t *ret_count)
{
    *ret_count = ARRAY_COUNT(rows);
    return rows;
}

/*
 * A network namespace of the program's own brings CAP_NET_ADMIN over it. Its loopback is set up by netlink or SIOCSIFFLAGS;
 * commands for bridges, tunnels, VLANs, bonds and what drivers have of their own begin at 0x8980. That closes code that
 * only these reach; links of the same kinds can be made by netlink, whose messages a filter does not see.
 */
void emit_nested_ioctl(struct emitter *emitter)
{
    if (!emitter->plan->allows_namespaces)
        return;
    emit(emitter, BPF_JMP | BPF_JGE | BPF_K, 0x8980, 0, 2);
    emit(emitter, BPF_JMP | BPF_JGT | BPF_K, 0x89ff, 1, 0);
    emit_return(emitter, RETURN_ERRNO(EPERM));
}

/*
 * The kind of mount() is told by its flags alone, which lie in a register; the type of a new file system is a text in
 * memory. Flags in the upper half count for nothing where it holds the old magic number.
 */
static void emit_mount(struct emitter *emitter)
{
    const uint32_t propagation = MS_SHARED | MS_PRIVATE | MS_SLAVE | MS_UNBINDABLE;

    emit_load_argument(emitter, 3);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, MS_REMOUNT | MS_BIND | MS_MOVE, 0, 1);
    emit_return(emitter, SECCOMP_RET_ALLOW);
    emit(emitter, BPF_ALU | BPF_AND | BPF_K, MS_MGC_MSK, 0, 0);
    emit_if_equal(emitter, MS_MGC_VAL, SECCOMP_RET_USER_NOTIF);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, propagation, 0, 1);
    emit_return(emitter, SECCOMP_RET_ALLOW);
    emit_return(emitter, SECCOMP_RET_USER_NOTIF);
}

/*
 * iptables, arptables, ebtables, IPVS and multicast routing are options of any socket: (level, name). They begin at 64,
 * where IPv6 has others of its own too.
 */
static void emit_socket_option(struct emitter *emitter)
{
    emit_load_argument(emitter, 1);
    emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, 0 /* SOL_IP */, 2, 0);
    emit(emitter, BPF_JMP | BPF_JEQ | BPF_K, 41 /* SOL_IPV6 */, 3, 0);
    emit_return(emitter, SECCOMP_RET_ALLOW);
    emit_load_argument(emitter, 2);
    emit(emitter, BPF_JMP | BPF_JGE | BPF_K, 64, 5, 4);
    emit_load_argument(emitter, 2);
    emit(emitter, BPF_JMP | BPF_JGE | BPF_K, 128, 3, 0);
    emit(emitter, BPF_JMP | BPF_JGT | BPF_K, 65, 1, 0);
    emit(emitter, BPF_JMP | BPF_JGE | BPF_K, 64, 1, 0);
    emit_return(emitter, SECCOMP_RET_ALLOW);
    emit_return(emitter, RETURN_ERRNO(ENOPROTOOPT));
}

static void emit_unshare(struct emitter *emitter)
{
    emit_load_argument(emitter, 0);
    emit(emitter, BPF_JMP | BPF_JSET | BPF_K, CLONE_NEWTIME, 0, 1);
    emit_return(emitter, RETURN_ERRNO(EPERM));
    emit_return(emitter, SECCOMP_RET_ALLOW);
}

bool emit_nested(struct emitter *emitter, enum filter_verdict verdict)
{
    switch (verdict) {
    case FILTER_UNSHARE:
        emit_unshare(emitter);
        return true;
    case FILTER_MOUNT:
        emit_mount(emitter);
        return true;
    case FILTER_SOCKET_OPTION:
        emit_socket_option(emitter);
        return true;
    default:
        return false;
    }
}
