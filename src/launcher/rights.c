/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/rights.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

const struct right rights_table[] = {
    {CAP_SYS_ADMIN, RIGHTS_FRONT, "write the id maps of a namespace that belongs to a caller; id maps of detached mounts"},
    {CAP_SETUID, RIGHTS_FRONT | RIGHTS_HAND, "map the caller's uid to one of the range (front); become the caller (hand)"},
    {CAP_SETGID, RIGHTS_FRONT | RIGHTS_HAND, "the same for groups"},
    {CAP_SETFCAP, RIGHTS_FRONT, "leave root's files root's in the maps of mounts (the kernel asks for it since 5.12)"},
    {CAP_SYS_PTRACE, RIGHTS_FRONT, "compare a peer's user and mount namespace and root directory with its own (/proc/PID/ns)"},
    {CAP_CHOWN, RIGHTS_HAND, "make the directory of a caller's kept containers the caller's"},
    {CAP_KILL, RIGHTS_FRONT, "end a container where there is no cgroup.kill"},
    {CAP_AUDIT_CONTROL, RIGHTS_HAND, "give a login uid where its own is set already; not kept where it is not"},
    {0, 0, NULL},
};

bool rights_has_login(void)
{
    return (uint32_t)file_number("/proc/self/loginuid", UINT32_MAX) != UINT32_MAX;
}

static uint64_t kept_by(enum rights_of of)
{
    uint64_t kept = 0;

    for (const struct right *right = rights_table; right->why; right++)
        if (right->of & of && (right->capability != CAP_AUDIT_CONTROL || rights_has_login()))
            kept |= (uint64_t)1 << right->capability;
    return kept;
}

int rights_limit(enum rights_of of, struct error *err)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct data[2] = {{0}};
    uint64_t kept = kept_by(of);

    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) < 0)
        return error_system(err, errno, "give up ambient capabilities");
    for (int i = 0; i < 64; i++)
        if (!(kept >> i & 1) && prctl(PR_CAPBSET_DROP, i) < 0 && errno != EINVAL)
            return error_system(err, errno, "give up capability %d for good", i);
    for (int i = 0; i < 2; i++)
        data[i].effective = data[i].permitted = (uint32_t)(kept >> (32 * i));
    if (syscall(SYS_capset, &header, data) < 0)
        return error_set(err, ERROR_UNENFORCEABLE, errno,
                         "the launcher needs root with these capabilities: CAP_SYS_ADMIN, CAP_SETUID, CAP_SETGID, CAP_SETFCAP, CAP_SYS_PTRACE, "
                         "CAP_KILL, CAP_CHOWN: start it as the system service cordon-launcher");
    return 0;
}

/* ---- system calls ---- */

/* What the requests take, and what a C library does by itself. No execve, clone, mount, open_by_handle_at, bpf, ptrace, socket. */
static const int allowed[] = {
    SYS_read, SYS_write, SYS_close, SYS_openat, SYS_newfstatat, SYS_fstat, SYS_lseek, SYS_pread64, SYS_pwrite64, SYS_fdatasync, SYS_fsync, SYS_renameat,
    SYS_getdents64, SYS_readlinkat, SYS_mkdirat, SYS_unlinkat, SYS_faccessat, SYS_fcntl, SYS_dup, SYS_pipe2, SYS_socketpair,
    SYS_accept4, SYS_recvmsg, SYS_sendmsg, SYS_getsockopt, SYS_setsockopt, SYS_getsockname, SYS_getpeername, SYS_shutdown,
    SYS_epoll_pwait, SYS_epoll_ctl, SYS_ppoll, SYS_getpriority, SYS_sched_getaffinity, SYS_kill,
    SYS_pidfd_send_signal, SYS_mount_setattr, SYS_clock_gettime, SYS_getpid, SYS_getppid, SYS_rt_sigreturn, SYS_rt_sigprocmask,
    SYS_rt_sigaction, SYS_restart_syscall, SYS_brk, SYS_mmap, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_exit,
    SYS_exit_group, SYS_gettid, SYS_tgkill, SYS_getrandom, SYS_writev, SYS_sysinfo, SYS_faccessat2,
#ifdef __x86_64__
    SYS_open, SYS_stat, SYS_lstat, SYS_readlink, SYS_mkdir, SYS_rmdir, SYS_unlink, SYS_access, SYS_poll, SYS_epoll_wait,
#endif
};

_Static_assert(2 * ARRAY_COUNT(allowed) + 8 < RIGHTS_FILTER_MAX, "the list and what is around it");

static void add(struct sock_filter *program, unsigned *count, unsigned short code, unsigned value, unsigned char yes, unsigned char no)
{
    program[(*count)++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = value};
}

void rights_filter(struct sock_filter *ret_program, unsigned *ret_count)
{
#if defined(__x86_64__)
    const unsigned arch = AUDIT_ARCH_X86_64;
#else
    const unsigned arch = AUDIT_ARCH_AARCH64;
#endif
    unsigned count = 0;

    add(ret_program, &count, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    add(ret_program, &count, BPF_JMP | BPF_JEQ | BPF_K, arch, 1, 0);
    add(ret_program, &count, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    add(ret_program, &count, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    for (size_t i = 0; i < ARRAY_COUNT(allowed); i++) {
        add(ret_program, &count, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i], 0, 1);
        add(ret_program, &count, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    }
    add(ret_program, &count, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    *ret_count = count;
}

int rights_confine(struct error *err)
{
    struct sock_filter program[RIGHTS_FILTER_MAX];
    struct sock_fprog filter = {.filter = program};
    unsigned count;

    rights_filter(program, &count);
    filter.len = (unsigned short)count;
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_system(err, errno, "set no_new_privs");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
        return error_system(err, errno, "limit system calls");
    return 0;
}
