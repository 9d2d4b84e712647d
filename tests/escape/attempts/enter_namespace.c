/* SPDX-License-Identifier: Apache-2.0 */
/* Enter the namespaces of pid 1, or of a process of the host, by pidfd and by /proc.
 * Argument: pid. */
#include <sched.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    pid_t pid = (pid_t)number_argument(argc, argv, 1);
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0), fd;
    char path[64];

    if (pidfd >= 0 && setns(pidfd, CLONE_NEWNS) == 0)
        succeeded("setns by pidfd");
    snprintf(path, sizeof(path), "/proc/%d/ns/mnt", (int)pid);
    fd = open(path, O_RDONLY);
    if (fd < 0)
        refused("open of its namespace");
    decide(setns(fd, CLONE_NEWNS), "setns");
}
