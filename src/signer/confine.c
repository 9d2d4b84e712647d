/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The signer without rights: files below its own directory, no process, no socket but those it is handed, the system calls
 * that the rest of this part and OpenSSL make. What is not here ends it.
 */
#include <sys/syscall.h>

#include "signer/signer.h"
#include "worker/shut.h"

static const int allowed[] = {
    SYS_rt_sigaction, SYS_gettimeofday, SYS_getrandom, SYS_geteuid, SYS_getpid, SYS_gettid, SYS_tgkill,
    /* the loop and its sockets; who it is that is told of it (sd_notify) was told before */
    SYS_epoll_wait, SYS_epoll_pwait, SYS_epoll_ctl, SYS_poll, SYS_recvmsg, SYS_sendmsg, SYS_getsockopt, SYS_accept4,
    /* its own directory: the next keys */
    SYS_openat, SYS_newfstatat, SYS_stat, SYS_lstat, SYS_fstat, SYS_readlink, SYS_readlinkat, SYS_getcwd, SYS_rename, SYS_renameat, SYS_renameat2, SYS_unlink, SYS_unlinkat,
    SYS_fsync, SYS_flock, SYS_fchmod, SYS_umask, SYS_lseek, SYS_pread64,
};

static const int refused[] = {SYS_ioctl, SYS_uname, SYS_sysinfo, SYS_prlimit64, SYS_socket, SYS_access, SYS_open};

int signer_confine(const char *directory, struct error *err)
{
    const struct shut_place own = {.path = directory, .access = SHUT_OWN};
    const struct shut_calls calls = {.allowed = allowed, .allowed_count = ARRAY_COUNT(allowed), .refused = refused, .refused_count = ARRAY_COUNT(refused)};
    int status = shut_files(&own, 1, 0, err);

    return status < 0 ? status : shut_calls(&calls, err);
}
