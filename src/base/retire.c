/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An init that has told its status, or a gateway that has said its last words, only has its namespaces left to lose
 * (0.2 ms and more with a network namespace).
 * Until it is reaped it is remembered by number and identity, not by a descriptor that the caller would find open. What
 * is still waiting when the calling process ends is reaped by its parent.
 */
#include "base/retire.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"

#ifndef PID_FS_MAGIC
#define PID_FS_MAGIC 0x50494446 /* 6.9 */
#endif

struct retired {
    pid_t pid;
    uint64_t identity; /* inode of its pidfd, never used again until the next boot */
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct retired retired[RETIRED_MAX];
static int retired_count;

/* true when the process is reaped, by us or by somebody else. __WALL: whatever its exit signal is. */
static bool reap(int pidfd, int flags)
{
    siginfo_t info = {0};
    int status;

    do
        status = waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL | flags);
    while (status < 0 && errno == EINTR);
    return status < 0 || info.si_pid != 0;
}

/* Before 6.9 all pidfds share one inode. */
static bool identity_find(int pidfd, uint64_t *ret_identity)
{
    struct statfs filesystem;
    struct stat st;

    if (fstatfs(pidfd, &filesystem) < 0 || filesystem.f_type != PID_FS_MAGIC || fstat(pidfd, &st) < 0)
        return false;
    *ret_identity = st.st_ino;
    return true;
}

/* As reap(). A caller that waits for any child may have reaped it, and its number may be a later child's by now. */
static bool reap_retired(const struct retired *one, int flags)
{
    auto_close int pidfd = (int)syscall(SYS_pidfd_open, one->pid, 0);
    uint64_t identity;

    if (pidfd < 0)
        return errno == ESRCH;
    return identity_find(pidfd, &identity) && (identity != one->identity || reap(pidfd, flags));
}

static void reap_all(int flags)
{
    for (int i = retired_count; i-- > 0;)
        if (reap_retired(&retired[i], flags))
            retired[i] = retired[--retired_count];
}

void retire(pid_t pid, int pidfd)
{
    struct retired one = {.pid = pid};

    pthread_mutex_lock(&lock);
    reap_all(WNOHANG);
    if (!reap(pidfd, WNOHANG)) {
        if (retired_count < RETIRED_MAX && identity_find(pidfd, &one.identity))
            retired[retired_count++] = one;
        else
            reap(pidfd, 0);
    }
    pthread_mutex_unlock(&lock);
}

void retire_finish(void)
{
    pthread_mutex_lock(&lock);
    reap_all(0);
    pthread_mutex_unlock(&lock);
}

#define STATUS_MAX ((size_t)64 << 10)

/* proc_pid_status(5): masks of signals in hexadecimal, the first signal the lowest bit. */
static bool mask_has(const char *status, const char *line, int signal)
{
    const char *at = strstr(status, line);

    return at && strtoull(at + strlen(line), NULL, 16) >> (signal - 1) & 1;
}

static bool is_reaped_elsewhere(void)
{
    auto_free char *status = NULL;
    size_t size;

    return file_read("/proc/1/status", STATUS_MAX, &status, &size, NULL) == 0 &&
           (mask_has(status, "\nSigCgt:", SIGCHLD) || mask_has(status, "\nSigBlk:", SIGCHLD) ||
            mask_has(status, "\nSigIgn:", SIGCHLD));
}

void retire_leave(void)
{
    pthread_mutex_lock(&lock);
    reap_all(WNOHANG);
    if (retired_count && !is_reaped_elsewhere())
        reap_all(0);
    pthread_mutex_unlock(&lock);
}
