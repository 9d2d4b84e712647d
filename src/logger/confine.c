/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The logger without rights: files below its own directory, no process, no socket but those it is handed, the system calls that the rest
 * of this part, the log and OpenSSL make. What is not here ends it.
 */
#include <sys/syscall.h>
#include <sys/types.h>

#include "logger/logger.h"
#include "worker/shut.h"

static const int allowed[] = {
    SYS_rseq, SYS_set_robust_list, /* the thread that syncs may begin late */
    SYS_gettimeofday, SYS_getrandom, SYS_geteuid, SYS_getegid, SYS_getpid, SYS_gettid, SYS_tgkill,
    /* the loop and its sockets */
    SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_accept4, SYS_recvmsg, SYS_sendmsg, SYS_getsockopt, SYS_pread64, SYS_poll, SYS_pidfd_open,
    /* its own directory */
    SYS_openat, SYS_newfstatat, SYS_fstat, SYS_lseek, SYS_mkdirat, SYS_unlinkat, SYS_renameat, SYS_renameat2, SYS_ftruncate, SYS_fallocate, SYS_pwritev, SYS_pwritev2,
    SYS_fdatasync, SYS_fsync, SYS_syncfs, SYS_fstatfs, SYS_flock, SYS_sched_yield,
};

static const int refused[] = {SYS_ioctl, SYS_uname, SYS_sysinfo, SYS_prlimit64, SYS_socket, SYS_access, SYS_open, SYS_stat};

int logger_shut_files(const char *directory, struct error *err)
{
    const struct shut_place own = {.path = directory, .access = SHUT_OWN | SHUT_ARRANGE};

    return shut_files(&own, 1, 0, err);
}

/* All threads of this process: the one that syncs has begun. */
int logger_shut_calls(struct error *err)
{
    const struct shut_calls calls = {
        .allowed = allowed,
        .allowed_count = ARRAY_COUNT(allowed),
        .refused = refused,
        .refused_count = ARRAY_COUNT(refused),
        .is_all_threads = true,
    };

    return shut_calls(&calls, err);
}
