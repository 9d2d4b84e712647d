/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An init that has told its status only has its namespaces left to lose (0.2 ms and more with a network namespace).
 * What is still waiting when the calling process ends is reaped by its parent.
 */
#include "tier/process/retire.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int retired[RETIRED_MAX];
static int retired_count;

/* true when the process is reaped (or was never ours to reap) and the descriptor closed. */
static bool reap(int pidfd, int flags)
{
    siginfo_t info = {0};
    int status;

    do
        status = waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED | __WALL | flags);
    while (status < 0 && errno == EINTR);
    if (status == 0 && info.si_pid == 0)
        return false;
    close(pidfd);
    return true;
}

static void remove_at(int index)
{
    retired_count--;
    memmove(&retired[index], &retired[index + 1], (size_t)(retired_count - index) * sizeof(retired[0]));
}

void retire(int pidfd)
{
    pthread_mutex_lock(&lock);
    for (int i = retired_count; i-- > 0;)
        if (reap(retired[i], WNOHANG))
            remove_at(i);
    if (!reap(pidfd, WNOHANG)) {
        if (retired_count == RETIRED_MAX) {
            reap(retired[0], 0);
            remove_at(0);
        }
        retired[retired_count++] = pidfd;
    }
    pthread_mutex_unlock(&lock);
}
