/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that each worker makes once it is confined. Whatever is not here ends the process, and with it the
 * network of its container; what libraries try on their own (files) is refused.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "worker/confine.h"

#define TYPE_MASK     0xfu /* below SOCK_CLOEXEC and SOCK_NONBLOCK */
#define NUMBER_AT     offsetof(struct seccomp_data, nr)
#define ARCH_AT       offsetof(struct seccomp_data, arch)
#define ARGUMENT_AT(n) (offsetof(struct seccomp_data, args) + (n) * 8) /* the low half: all of them are int */

static const int common[] = {
    SYS_read, SYS_write, SYS_close, SYS_exit, SYS_exit_group, SYS_rt_sigreturn, SYS_restart_syscall, SYS_futex,
    SYS_brk, SYS_munmap, SYS_mremap, SYS_madvise, SYS_clock_gettime, SYS_rt_sigprocmask,
};

static const int of_main[] = {
    /* loop */
    SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_gettimeofday, SYS_getrandom,
    /* connections and datagrams */
    SYS_accept4, SYS_connect, SYS_shutdown, SYS_getsockname, SYS_getpeername, SYS_getsockopt, SYS_setsockopt,
    SYS_recvfrom, SYS_recvmsg, SYS_recvmmsg, SYS_sendto, SYS_sendmsg, SYS_sendmmsg, SYS_readv, SYS_writev,
    SYS_splice, SYS_pipe2,
    /* rules at run time */
    SYS_pread64,
};

static const int of_parser[] = {
    /* loop */
    SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl,
    /* the connections that it is given */
    SYS_shutdown, SYS_getsockopt, SYS_setsockopt, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg, SYS_readv, SYS_writev,
    /* rules at run time */
    SYS_pread64,
    /* OpenSSL: random numbers, whether it has been forked, what a certificate's time is */
    SYS_getrandom, SYS_getpid, SYS_gettid, SYS_gettimeofday, SYS_clock_getres, SYS_sched_yield,
};

static const int of_holder[] = {
    /* loop */
    SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl,
    /* the connections that it is given */
    SYS_setsockopt, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg,
    /* OpenSSL, as above */
    SYS_getrandom, SYS_getpid, SYS_gettid, SYS_gettimeofday, SYS_clock_getres, SYS_sched_yield,
};

static const int of_sensor[] = {
    /* loop */
    SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl,
    /* listeners */
    SYS_accept4, SYS_getsockopt, SYS_setsockopt, SYS_recvfrom, SYS_recvmsg, SYS_sendto, SYS_sendmsg,
    /* processes, and who connected */
    SYS_openat, SYS_fstat, SYS_newfstatat, SYS_pidfd_open, SYS_poll,
};

/* Of libraries: they do without. */
static const int refused[] = {SYS_open, SYS_openat, SYS_stat, SYS_newfstatat, SYS_fstat, SYS_access, SYS_uname, SYS_ioctl, SYS_bind, SYS_sysinfo};

struct program {
    struct sock_filter *code;
    unsigned count;
};

static void add(struct program *program, unsigned short code, unsigned value, unsigned char yes, unsigned char no)
{
    program->code[program->count++] = (struct sock_filter){.code = code, .jt = yes, .jf = no, .k = value};
}

static void load(struct program *program, size_t offset)
{
    add(program, BPF_LD | BPF_W | BPF_ABS, (unsigned)offset, 0, 0);
}

static void verdict(struct program *program, unsigned value)
{
    add(program, BPF_RET | BPF_K, value, 0, 0);
}

static void rows(struct program *program, const int *numbers, size_t count, unsigned value)
{
    for (size_t i = 0; i < count; i++) {
        add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)numbers[i], 0, 1);
        verdict(program, value);
    }
}

/* Memory, but none that can be executed. */
static void memory(struct program *program)
{
    static const int calls[] = {SYS_mmap, SYS_mprotect};

    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i], 0, 4);
        load(program, ARGUMENT_AT(2));
        add(program, BPF_JMP | BPF_JSET | BPF_K, PROT_EXEC, 0, 1);
        verdict(program, SECCOMP_RET_KILL_PROCESS);
        verdict(program, SECCOMP_RET_ALLOW);
    }
}

/* Not F_SETOWN and F_SETSIG: where Landlock has no scope of signals, they send any to whatever runs as this user. */
static void descriptors(struct program *program)
{
    static const int commands[] = {F_SETFD, F_GETFL, F_SETFL, F_SETPIPE_SZ, F_GET_SEALS};
    unsigned char count = ARRAY_COUNT(commands);

    add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_fcntl, 0, (unsigned char)(count + 3));
    load(program, ARGUMENT_AT(1));
    for (unsigned char i = 0; i < count; i++)
        add(program, BPF_JMP | BPF_JEQ | BPF_K, (unsigned)commands[i], (unsigned char)(count - i), 0);
    verdict(program, SECCOMP_RET_ERRNO | EPERM);
    verdict(program, SECCOMP_RET_ALLOW);
}

/*
 * socket(AF_INET or AF_INET6, SOCK_STREAM, or in the loop SOCK_DGRAM, 0, TCP, UDP, or ICMP: with these types the kernel lets it
 * be for echo requests alone, for those whom ping_group_range names)
 */
static void sockets(struct program *program, bool has_datagrams)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 17);
    load(program, ARGUMENT_AT(0));
    add(program, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
    verdict(program, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    load(program, ARGUMENT_AT(1));
    add(program, BPF_ALU | BPF_AND | BPF_K, TYPE_MASK, 0, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 2, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, has_datagrams ? SOCK_DGRAM : SOCK_STREAM, 1, 0);
    verdict(program, SECCOMP_RET_ERRNO | EPROTONOSUPPORT);
    load(program, ARGUMENT_AT(2));
    add(program, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 4, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 3, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 2, 0);
    add(program, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 1, 0);
    verdict(program, SECCOMP_RET_ERRNO | EPROTONOSUPPORT);
    verdict(program, SECCOMP_RET_ALLOW);
}

/* socketpair(AF_UNIX, ...): leads nowhere but to whom one end is given. */
static void pairs(struct program *program)
{
    add(program, BPF_JMP | BPF_JEQ | BPF_K, SYS_socketpair, 0, 4);
    load(program, ARGUMENT_AT(0));
    add(program, BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 1, 0);
    verdict(program, SECCOMP_RET_KILL_PROCESS);
    verdict(program, SECCOMP_RET_ALLOW);
}

void confine_filter(enum confine_role role, struct sock_filter *ret_program, unsigned *ret_count)
{
    struct program program = {.code = ret_program};

    load(&program, ARCH_AT);
    add(&program, BPF_JMP | BPF_JEQ | BPF_K, AUDIT_ARCH_X86_64, 1, 0);
    verdict(&program, SECCOMP_RET_KILL_PROCESS);
    load(&program, NUMBER_AT);
    if (role == CONFINE_MAIN)
        rows(&program, of_main, ARRAY_COUNT(of_main), SECCOMP_RET_ALLOW);
    if (role == CONFINE_PARSER)
        rows(&program, of_parser, ARRAY_COUNT(of_parser), SECCOMP_RET_ALLOW);
    if (role == CONFINE_HOLDER)
        rows(&program, of_holder, ARRAY_COUNT(of_holder), SECCOMP_RET_ALLOW);
    if (role == CONFINE_SENSOR)
        rows(&program, of_sensor, ARRAY_COUNT(of_sensor), SECCOMP_RET_ALLOW);
    rows(&program, common, ARRAY_COUNT(common), SECCOMP_RET_ALLOW);
    rows(&program, refused, ARRAY_COUNT(refused), SECCOMP_RET_ERRNO | EACCES);
    memory(&program);
    load(&program, NUMBER_AT);
    if (role != CONFINE_INSIDE) {
        descriptors(&program);
        load(&program, NUMBER_AT);
    }
    if (role == CONFINE_PARSER)
        pairs(&program);
    else if (role != CONFINE_HOLDER && role != CONFINE_SENSOR)
        sockets(&program, role == CONFINE_MAIN);
    verdict(&program, SECCOMP_RET_KILL_PROCESS);
    *ret_count = program.count;
}
