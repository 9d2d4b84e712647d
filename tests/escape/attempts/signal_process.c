/* SPDX-License-Identifier: Apache-2.0 */
/* Send a signal to a process of the host. Arguments: pid, way (kill, pidfd, tgkill, tkill,
 * sigqueue, tgsigqueue, sigio, sigio_thread). */
#include <signal.h>

#include "attempt.h"

int main(int argc, char **argv)
{
    pid_t pid = (pid_t)number_argument(argc, argv, 1);
    const char *way = argument(argc, argv, 2);
    siginfo_t info = {.si_code = SI_QUEUE};
    struct f_owner_ex owner = {.type = F_OWNER_TID, .pid = pid};
    int fds[2];

    if (strcmp(way, "kill") == 0)
        decide(kill(pid, SIGTERM), "kill");
    if (strcmp(way, "tgkill") == 0)
        decide(syscall(SYS_tgkill, pid, pid, SIGTERM), "tgkill");
    if (strcmp(way, "tkill") == 0)
        decide(syscall(SYS_tkill, pid, SIGTERM), "tkill");
    if (strcmp(way, "tgsigqueue") == 0)
        decide(syscall(SYS_rt_tgsigqueueinfo, pid, pid, SIGTERM, &info), "rt_tgsigqueueinfo");
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
    if (strcmp(way, "sigio_thread") == 0 ? fcntl(fds[0], F_SETOWN_EX, &owner) < 0
                                         : fcntl(fds[0], F_SETOWN, pid) < 0)
        refused("F_SETOWN");
    if (fcntl(fds[0], F_SETSIG, SIGTERM) < 0 || fcntl(fds[0], F_SETFL, O_ASYNC) < 0)
        refused("F_SETSIG");
    decide(write(fds[1], "x", 1), "F_SETOWN and O_ASYNC");
}
