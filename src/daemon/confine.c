/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The core without rights: no file but below its own directory, no process but itself, the system calls that the rest of this part names. It hears
 * everybody, so this is what is left to whoever takes it over: its sockets, and lies to keepers about who is served.
 */
#include <sys/syscall.h>

#include "daemon/daemon.h"
#include "worker/shut.h"

static const int allowed[] = {
    SYS_gettimeofday, SYS_getrandom, SYS_getpid, SYS_geteuid, SYS_getegid, SYS_tgkill, SYS_gettid, SYS_rt_sigaction,
    /* what the C library does where memory is short (the number of processors, its size), and to say why it aborts: without them every end is one by SIGSYS */
    SYS_writev, SYS_sysinfo, SYS_sched_getaffinity,
    /* the loop and its sockets */
    SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_poll, SYS_accept4, SYS_recvmsg, SYS_recvfrom, SYS_sendmsg, SYS_getsockopt, SYS_getsockname, SYS_getpeername, SYS_shutdown,
    SYS_pidfd_open, SYS_newfstatat, SYS_stat, SYS_lseek,
    /* its own directory */
    SYS_openat, SYS_renameat, SYS_renameat2, SYS_unlinkat, SYS_pread64, SYS_fstat,
};

int core_confine(int keepers_directory, struct error *err)
{
    const struct shut_place own = {.fd = keepers_directory, .access = SHUT_OWN};
    const struct shut_calls calls = {.allowed = allowed, .allowed_count = ARRAY_COUNT(allowed), .has_pairs = true};
    int status = shut_files(&own, 1, 0, err);

    return status < 0 ? status : shut_calls(&calls, err);
}
