/* SPDX-License-Identifier: Apache-2.0 */
/* Leave a daemon behind that holds a lock as long as it lives (60 s at most). Arguments: lock file,
 * file to create when it holds the lock, what we do then (exit or stay), file that ends it. */
#include <sys/file.h>

#include "attempt.h"

static void hold_lock(const char *lock, const char *ready, const char *stop)
{
    int fd = open(lock, O_RDWR | O_CREAT, 0666);

    if (fd < 0)
        fd = open(lock, O_RDONLY); /* where the host made it, since that is enough to lock it */
    if (fd < 0 || flock(fd, LOCK_EX) < 0)
        _exit(1);
    for (int i = 0; i < 3; i++)
        close(i);
    if (mknod(ready, S_IFREG | 0644, 0) < 0)
        _exit(1);
    for (long long end = now_ms() + 60000; now_ms() < end; pause_ms(20))
        if (access(stop, F_OK) == 0)
            break;
    _exit(0);
}

int main(int argc, char **argv)
{
    const char *lock = argument(argc, argv, 1), *ready = argument(argc, argv, 2);
    bool stays = strcmp(argument(argc, argv, 3), "stay") == 0;
    const char *stop = argument(argc, argv, 4);
    pid_t child = fork();

    if (child < 0)
        broken("fork");
    if (child == 0) {
        setsid();
        if (fork() != 0)
            _exit(0);
        hold_lock(lock, ready, stop);
    }
    waitpid(child, NULL, 0);
    if (!wait_for_path(ready, ATTEMPT_DEADLINE_MS)) {
        errno = ETIMEDOUT;
        broken("the daemon did not start");
    }
    while (stays && access(stop, F_OK) < 0 && access(ready, F_OK) == 0) /* with its directory it has ended, too */
        pause_ms(20);
    succeeded("the daemon was started");
}
