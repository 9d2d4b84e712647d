/* SPDX-License-Identifier: Apache-2.0 */
/* What the parents of others wait for as signals, read from a descriptor: their own end, and that of a child. */
#include <errno.h>
#include <signal.h>
#include <sys/signalfd.h>

#include "daemon/daemon.h"

int daemon_watch_signals(sigset_t *ret_before, int *ret_fd, struct error *err)
{
    sigset_t wanted;
    int fd;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGCHLD);
    sigprocmask(SIG_BLOCK, &wanted, ret_before);
    fd = signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK);
    if (fd < 0)
        return error_system(err, errno, "watch for signals");
    *ret_fd = fd;
    return 0;
}
