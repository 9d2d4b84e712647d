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

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t retired[RETIRED_MAX];
static int retired_count;

/* true when the process is reaped, by us or by somebody else. __WALL: whatever its exit signal is. */
static bool reap(pid_t pid, int flags)
{
    pid_t reaped;

    do
        reaped = waitpid(pid, NULL, __WALL | flags);
    while (reaped < 0 && errno == EINTR);
    return reaped != 0;
}

static void remove_at(int index)
{
    retired_count--;
    memmove(&retired[index], &retired[index + 1], (size_t)(retired_count - index) * sizeof(retired[0]));
}

void retire(pid_t pid)
{
    pthread_mutex_lock(&lock);
    for (int i = retired_count; i-- > 0;)
        if (reap(retired[i], WNOHANG))
            remove_at(i);
    if (!reap(pid, WNOHANG)) {
        if (retired_count == RETIRED_MAX) {
            reap(retired[0], 0);
            remove_at(0);
        }
        retired[retired_count++] = pid;
    }
    pthread_mutex_unlock(&lock);
}
