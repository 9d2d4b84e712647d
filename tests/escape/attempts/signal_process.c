/* SPDX-License-Identifier: Apache-2.0 */
/* Send a signal to a process of the host. Arguments: pid, way (kill, pidfd, tgkill, sigqueue,
 * sigio). */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    pid_t pid = (pid_t)number_argument(argc, argv, 1);
    const char *way = argument(argc, argv, 2);
    siginfo_t info = {.si_code = SI_QUEUE};
    int fds[2];

    if (strcmp(way, "kill") == 0)
        decide(kill(pid, SIGTERM), "kill");
    if (strcmp(way, "tgkill") == 0)
        decide(syscall(SYS_tgkill, pid, pid, SIGTERM), "tgkill");
    if (strcmp(way, "sigqueue") == 0)
        decide(syscall(SYS_rt_sigqueueinfo, pid, SIGTERM, &info), "rt_sigqueueinfo");
    if (strcmp(way, "pidfd") == 0) {
        int fd = (int)syscall(SYS_pidfd_open, pid, 0);

        if (fd < 0)
            refused("pidfd_open");
        decide(syscall(SYS_pidfd_send_signal, fd, SIGTERM, NULL, 0), "pidfd_send_signal");
    }
    if (pipe(fds) < 0)
        broken("pipe");
    if (fcntl(fds[0], F_SETOWN, pid) < 0)
        refused("F_SETOWN");
    if (fcntl(fds[0], F_SETSIG, SIGTERM) < 0 || fcntl(fds[0], F_SETFL, O_ASYNC) < 0)
        refused("F_SETSIG");
    decide(write(fds[1], "x", 1), "F_SETOWN and O_ASYNC");
}
