/* SPDX-License-Identifier: Apache-2.0 */
/* A handler that writes the signal's number into a pipe. */
#include "cli/signals.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int pipe_fds[2] = {-1, -1}, end_fds[2] = {-1, -1};

/* SIGPIPE and SIGXFSZ are here so that a vanished reader or a full quota is an error of write(), not the end. */
static const int handled[] = {SIGTERM, SIGINT,   SIGHUP,  SIGQUIT, SIGUSR1,
                              SIGUSR2, SIGWINCH, SIGTSTP, SIGPIPE, SIGXFSZ};

static bool asks_for_the_end(int signal_number)
{
    return signal_number == SIGTERM || signal_number == SIGINT || signal_number == SIGHUP || signal_number == SIGQUIT;
}

static void on_signal(int signal_number)
{
    unsigned char byte = (unsigned char)signal_number;
    int saved = errno;

    /* a full pipe holds thousands of them already: one more says nothing new */
    if (signal_number != SIGPIPE && signal_number != SIGXFSZ && write(pipe_fds[1], &byte, 1) < 0)
        errno = 0;
    if (asks_for_the_end(signal_number) && write(end_fds[1], &byte, 1) < 0)
        errno = 0;
    errno = saved;
}

int signals_open(struct cordon_error *err)
{
    struct sigaction action = {.sa_handler = on_signal, .sa_flags = SA_RESTART};

    sigfillset(&action.sa_mask);
    if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) < 0 || pipe2(end_fds, O_CLOEXEC | O_NONBLOCK) < 0) {
        err->kind = CORDON_ERROR_SYSTEM;
        err->errnum = errno;
        snprintf(err->text, sizeof(err->text), "make a pipe: %s", strerror(errno));
        return -err->errnum;
    }
    for (size_t i = 0; i < sizeof(handled) / sizeof(handled[0]); i++) {
        struct sigaction before;

        if (sigaction(handled[i], &action, &before) == 0 && before.sa_handler == SIG_IGN)
            sigaction(handled[i], &before, NULL);
    }
    return pipe_fds[0];
}

int signals_end_fd(void)
{
    return end_fds[0];
}

int signals_next(int fd)
{
    unsigned char byte;

    return read(fd, &byte, 1) == 1 ? byte : 0;
}
