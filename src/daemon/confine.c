/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core without rights: no file but below its own directory, no process but itself, the system calls that the rest of this part names. It hears
 * everybody, so this is what is left to whoever takes it over: its sockets, and lies to keepers about who is served.
 */
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel/landlock.h"
#include "base/memory.h"
#include "daemon/daemon.h"

#define FILTER_MAX 192

static const int allowed[] = {
    /* memory, time, the end */
    SYS_read, SYS_write, SYS_close, SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
    SYS_restart_syscall, SYS_rt_sigprocmask, SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom, SYS_getpid, SYS_geteuid, SYS_tgkill, SYS_gettid,
    SYS_rt_sigaction,
    /* the loop and its sockets */
    SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_poll, SYS_accept4, SYS_recvmsg, SYS_recvfrom, SYS_sendmsg, SYS_getsockopt, SYS_shutdown, SYS_fcntl,
    SYS_pidfd_open, SYS_newfstatat, SYS_stat, SYS_lseek,
    /* its own directory */
    SYS_openat, SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_pread64, SYS_fstat,
};

static void add(struct sock_filter *program, unsigned *count, unsigned short code, unsigned value, unsigned char yes, unsigned char no)
{
    program[(*count)++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = value};
}

/* Argument `at` with any of `bits` ends the process, else the call is allowed. */
static void add_argument(struct sock_filter *program, unsigned *count, int call, unsigned at, unsigned bits)
{
    add(program, count, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 4);
    add(program, count, BPF_LD | BPF_W | BPF_ABS, (unsigned)(offsetof(struct seccomp_data, args) + at * 8), 0, 0);
    add(program, count, BPF_JMP | BPF_JSET | BPF_K, bits, 0, 1);
    add(program, count, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    add(program, count, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static unsigned make_filter(struct sock_filter program[FILTER_MAX])
{
    unsigned count = 0;

    add(program, &count, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    add(program, &count, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    add(program, &count, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    add(program, &count, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    for (size_t i = 0; i < ARRAY_COUNT(allowed); i++) {
        add(program, &count, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)allowed[i], 0, 1);
        add(program, &count, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
    }
    add_argument(program, &count, SYS_mmap, 2, PROT_EXEC);
    add_argument(program, &count, SYS_mprotect, 2, PROT_EXEC);
    add_argument(program, &count, SYS_socketpair, 0, ~(unsigned)AF_UNIX);
    add(program, &count, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    return count;
}

/* Everything that this kernel's Landlock handles; below the directory, files can be read, written, made and removed. */
static int shut_files(int directory, struct error *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_REFER - 1};
    size_t size = abi >= 6 ? sizeof(rules) : abi >= 4 ? offsetof(struct landlock_ruleset, scoped) : offsetof(struct landlock_ruleset, handled_access_net);
    struct landlock_path_beneath_attr own = {.parent_fd = directory,
                                             .allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                                               LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE};
    auto_close int fd = -1;

    if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
        return 0;
    if (abi < 0)
        return error_system(err, errno, "ask for Landlock");
    if (abi >= 2)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (abi >= 3)
        own.allowed_access |= LANDLOCK_ACCESS_FS_TRUNCATE;
    if (abi >= 4)
        rules.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
    if (abi >= 5)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    if (abi >= 6)
        rules.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
    fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (fd < 0 || syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &own, 0) < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        return error_system(err, errno, "shut files with Landlock");
    return 0;
}

int core_confine(int keepers_directory, struct error *err)
{
    struct sock_filter program[FILTER_MAX];
    struct sock_fprog filter = {.filter = program, .len = (unsigned short)make_filter(program)};
    int status;

    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_system(err, errno, "set no_new_privs");
    status = shut_files(keepers_directory, err);
    if (status < 0)
        return status;
    if (setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) < 0)
        return error_system(err, errno, "limit processes");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
        return error_system(err, errno, "limit system calls");
    return 0;
}
