/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer without rights: files below its own directory, no process, no socket but those it is handed, the system calls
 * that the rest of this part and OpenSSL make. What is not here ends it.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/kernel/landlock.h"
#include "base/memory.h"
#include "signer/signer.h"

#define FILTER_MAX 192

static const int allowed[] = {
    /* memory, time, the end */
    SYS_read, SYS_write, SYS_close, SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_futex, SYS_exit, SYS_exit_group, SYS_rt_sigreturn,
    SYS_restart_syscall, SYS_rt_sigprocmask, SYS_rt_sigaction, SYS_clock_gettime, SYS_gettimeofday, SYS_getrandom, SYS_geteuid, SYS_getpid, SYS_gettid, SYS_tgkill,
    /* the loop and its sockets; who it is that is told of it (sd_notify) was told before */
    SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_poll, SYS_recvmsg, SYS_sendmsg, SYS_getsockopt, SYS_accept4,
    /* its own directory: the next keys */
    SYS_openat, SYS_newfstatat, SYS_stat, SYS_lstat, SYS_fstat, SYS_readlink, SYS_readlinkat, SYS_getcwd, SYS_rename, SYS_renameat, SYS_renameat2, SYS_unlink, SYS_unlinkat,
    SYS_fsync, SYS_flock, SYS_fchmod, SYS_umask, SYS_lseek, SYS_pread64,
};

/* Of libraries: they do without. */
static const int refused[] = {SYS_ioctl, SYS_uname, SYS_sysinfo, SYS_prlimit64, SYS_socket, SYS_access, SYS_open};

struct program {
    struct sock_filter code[FILTER_MAX];
    unsigned count;
};

static void add(struct program *program, unsigned short code, unsigned value, unsigned char yes, unsigned char no)
{
    program->code[program->count++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = value};
}

static void add_rows(struct program *program, const int *numbers, size_t count, unsigned verdict)
{
    for (size_t i = 0; i < count; i++) {
        add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[i], 0, 1);
        add(program, BPF_RET | BPF_K, verdict, 0, 0);
    }
}

/* Memory, but none that can be executed. */
static void add_memory(struct program *program, int call)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 4);
    add(program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 2 * 8, 0, 0);
    add(program, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
    add(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    add(program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

/* fcntl: what sockets and seals need, and not F_SETOWN, which sends signals. */
static void add_fcntl(struct program *program)
{
    static const int commands[] = {F_GETFD, F_SETFD, F_GETFL, F_SETFL, F_GET_SEALS};
    unsigned char count = ARRAY_COUNT(commands);

    add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, (unsigned char)(count + 3));
    add(program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args) + 8, 0, 0);
    for (unsigned char i = 0; i < count; i++)
        add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)commands[i], (unsigned char)(count - i), 0);
    add(program, BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EPERM, 0, 0);
    add(program, BPF_RET | BPF_K, SECCOMP_RET_ALLOW, 0, 0);
}

static void fill(struct program *program)
{
    add(program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, arch), 0, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    add(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
    add(program, BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr), 0, 0);
    add_rows(program, allowed, ARRAY_COUNT(allowed), SECCOMP_RET_ALLOW);
    add_rows(program, refused, ARRAY_COUNT(refused), SECCOMP_RET_ERRNO | EACCES);
    add_memory(program, SYS_mmap);
    add_memory(program, SYS_mprotect);
    add_fcntl(program);
    add(program, BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS, 0, 0);
}

/* All that this kernel's Landlock knows; below the directory, files can be read, made, replaced and removed. */
static int shut_files(const char *directory, struct error *err)
{
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
    struct landlock_ruleset rules = {.handled_access_fs = LANDLOCK_ACCESS_FS_REFER - 1};
    size_t size = abi >= 6 ? sizeof(rules) : abi >= 4 ? offsetof(struct landlock_ruleset, scoped) : offsetof(struct landlock_ruleset, handled_access_net);
    struct landlock_path_beneath_attr own = {.allowed_access = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_WRITE_FILE | LANDLOCK_ACCESS_FS_READ_DIR |
                                                               LANDLOCK_ACCESS_FS_MAKE_REG | LANDLOCK_ACCESS_FS_REMOVE_FILE};
    auto_close int fd = -1, at = -1;

    if (abi < 0 && (errno == ENOSYS || errno == EOPNOTSUPP))
        return 0; /* the list of system calls remains, and the user's own permissions */
    if (abi < 0)
        return error_system(err, errno, "ask for Landlock");
    if (abi >= 2)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_REFER;
    if (abi >= 3) {
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_TRUNCATE;
        own.allowed_access |= LANDLOCK_ACCESS_FS_TRUNCATE;
    }
    if (abi >= 4)
        rules.handled_access_net = LANDLOCK_ACCESS_NET_BIND_TCP | LANDLOCK_ACCESS_NET_CONNECT_TCP;
    if (abi >= 5)
        rules.handled_access_fs |= LANDLOCK_ACCESS_FS_IOCTL_DEV;
    if (abi >= 6)
        rules.scoped = LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET | LANDLOCK_SCOPE_SIGNAL;
    at = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    own.parent_fd = at;
    fd = (int)syscall(SYS_landlock_create_ruleset, &rules, size, 0);
    if (at < 0 || fd < 0 || syscall(SYS_landlock_add_rule, fd, LANDLOCK_RULE_PATH_BENEATH, &own, 0) < 0 || syscall(SYS_landlock_restrict_self, fd, 0) < 0)
        return error_system(err, errno, "shut files with Landlock");
    return 0;
}

int signer_confine(const char *directory, struct error *err)
{
    struct program program = {.count = 0};
    struct sock_fprog filter;
    int status;

    fill(&program);
    filter = (struct sock_fprog){.filter = program.code, .len = (unsigned short)program.count};
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return error_system(err, errno, "set no_new_privs");
    status = shut_files(directory, err);
    if (status < 0)
        return status;
    if (setrlimit(RLIMIT_NPROC, &(struct rlimit){0, 0}) < 0)
        return error_system(err, errno, "limit processes");
    if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) < 0)
        return error_system(err, errno, "limit system calls");
    return 0;
}
