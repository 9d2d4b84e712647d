/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The system calls that each worker makes once it is confined. Whatever is not here ends the process, and with it the
 * network of its container; what libraries try on their own (files) is refused.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include "worker/confine.h"
#include "worker/filter.h"

#define TYPE_MASK     0xfu /* below SOCK_CLOEXEC and SOCK_NONBLOCK */

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

/*
 * socket(AF_INET or AF_INET6, SOCK_STREAM, or in the loop SOCK_DGRAM, 0, TCP, UDP, or ICMP: with these types the kernel lets it
 * be for echo requests alone, for those whom ping_group_range names)
 */
static void sockets(struct filter *filter, bool has_datagrams)
{
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 17);
    filter_load(filter, FILTER_ARGUMENT(0));
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 2, 0);
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 1, 0);
    filter_verdict(filter, SECCOMP_RET_ERRNO | EAFNOSUPPORT);
    filter_load(filter, FILTER_ARGUMENT(1));
    filter_add(filter, BPF_ALU | BPF_AND | BPF_K, TYPE_MASK, 0, 0);
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, SOCK_STREAM, 2, 0);
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, has_datagrams ? SOCK_DGRAM : SOCK_STREAM, 1, 0);
    filter_verdict(filter, SECCOMP_RET_ERRNO | EPROTONOSUPPORT);
    filter_load(filter, FILTER_ARGUMENT(2));
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, 0, 5, 0);
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_TCP, 4, 0);
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_UDP, 3, 0);
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMP, 2, 0);
    filter_add(filter, BPF_JMP | BPF_JEQ | BPF_K, IPPROTO_ICMPV6, 1, 0);
    filter_verdict(filter, SECCOMP_RET_ERRNO | EPROTONOSUPPORT);
    filter_verdict(filter, SECCOMP_RET_ALLOW);
}

void confine_filter(enum confine_role role, struct sock_filter *ret_program, unsigned *ret_count)
{
    static const struct {
        const int *numbers;
        size_t count;
    } of[] = {
        [CONFINE_MAIN] = {of_main, ARRAY_COUNT(of_main)},
        [CONFINE_INSIDE] = {NULL, 0},
        [CONFINE_PARSER] = {of_parser, ARRAY_COUNT(of_parser)},
        [CONFINE_HOLDER] = {of_holder, ARRAY_COUNT(of_holder)},
        [CONFINE_SENSOR] = {of_sensor, ARRAY_COUNT(of_sensor)},
    };
    struct filter filter = {.code = ret_program};

    filter_begin(&filter);
    filter_rows(&filter, of[role].numbers, of[role].count, SECCOMP_RET_ALLOW);
    filter_common(&filter);
    filter_rows(&filter, refused, ARRAY_COUNT(refused), SECCOMP_RET_ERRNO | EACCES);
    filter_memory(&filter);
    filter_load(&filter, FILTER_NUMBER);
    if (role != CONFINE_INSIDE) {
        filter_fcntl(&filter);
        filter_load(&filter, FILTER_NUMBER);
    }
    if (role == CONFINE_PARSER)
        filter_pairs(&filter);
    else if (role != CONFINE_HOLDER && role != CONFINE_SENSOR)
        sockets(&filter, role == CONFINE_MAIN);
    filter_end(&filter);
    *ret_count = filter.count;
}
