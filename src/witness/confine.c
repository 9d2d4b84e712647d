/* SPDX-License-Identifier: Apache-2.0 */
#include "witness/confine.h"

#include <sys/syscall.h>

#include "worker/shut.h"

#define READABLE_MAX 32

#define COMMON_CALLS                                                                                                                          \
    SYS_rt_sigaction, SYS_gettimeofday, SYS_getrandom, SYS_getpid, SYS_gettid, SYS_tgkill, SYS_geteuid, SYS_poll, SYS_ppoll, SYS_getsockopt, SYS_setsockopt, \
        SYS_getsockname, SYS_getpeername, SYS_sendto, SYS_recvfrom, SYS_sendmsg, SYS_recvmsg, SYS_shutdown, /* their directories: */          \
        SYS_openat, SYS_newfstatat, SYS_stat, SYS_lstat, SYS_fstat, SYS_readlink, SYS_readlinkat, SYS_getcwd, SYS_rename, SYS_renameat, SYS_renameat2, SYS_unlink,        \
        SYS_unlinkat, SYS_fsync, SYS_flock, SYS_fchmod, SYS_umask, SYS_lseek, SYS_pread64

int witness_confine(const char *writable, const char *const *readable, bool may_connect, struct error *err)
{
    struct shut_place places[1 + READABLE_MAX] = {{.path = writable, .access = SHUT_OWN, .is_optional = true}};
    size_t count = 1;

    for (; readable && *readable && count <= READABLE_MAX; readable++)
        places[count++] = (struct shut_place){.path = *readable, .access = SHUT_READ, .is_optional = true};
    return shut_files(places, count, may_connect ? SHUT_MAY_CONNECT : 0, err);
}

/* What libmicrohttpd needs with one thread for all, and OpenSSL. */
int witness_shut_calls(struct error *err)
{
    static const int allowed[] = {COMMON_CALLS, SYS_accept4, SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_writev};
    static const int refused[] = {SYS_ioctl, SYS_uname, SYS_sysinfo, SYS_prlimit64, SYS_socket, SYS_access, SYS_open, SYS_sched_getaffinity};
    const struct shut_calls calls = {.allowed = allowed, .allowed_count = ARRAY_COUNT(allowed), .refused = refused, .refused_count = ARRAY_COUNT(refused)};

    return shut_calls(&calls, err);
}

/*
 * libcurl asks for hosts in threads, by the C library, which asks by what /etc/nsswitch.conf names. Modules for that which are not part of the C library are code that
 * comes later: they are not loaded, and the next one is asked.
 */
int submit_shut_calls(struct error *err)
{
    static const int allowed[] = {
        COMMON_CALLS, SYS_connect, SYS_sendmmsg, SYS_pipe2, SYS_eventfd2, SYS_getuid, SYS_getgid, SYS_getegid, SYS_access, SYS_statx, SYS_getdents64,
        SYS_clock_nanosleep, SYS_sched_yield, SYS_sched_getaffinity, SYS_rseq, SYS_set_robust_list, SYS_sigaltstack, SYS_fdatasync, SYS_ftruncate, SYS_writev,
    };
    const struct shut_calls calls = {.allowed = allowed, .allowed_count = ARRAY_COUNT(allowed), .has_pairs = true, .has_internet = true, .has_threads = true, .is_refused = true};

    return shut_calls(&calls, err);
}
