/* SPDX-License-Identifier: Apache-2.0 */
/* Raw mode and two pumps. */
#include "cli/terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

static struct termios saved_mode;
static volatile sig_atomic_t is_raw;

static int system_error(struct cordon_error *err, const char *what)
{
    err->kind = CORDON_ERROR_SYSTEM;
    err->errnum = errno;
    snprintf(err->text, sizeof(err->text), "%s: %s", what, strerror(errno));
    return -err->errnum;
}

int terminal_size(unsigned short *ret_rows, unsigned short *ret_columns, struct cordon_error *err)
{
    struct winsize size;

    if (!isatty(STDIN_FILENO)) {
        err->kind = CORDON_ERROR_INVALID;
        err->errnum = ENOTTY;
        snprintf(err->text, sizeof(err->text),
                 "--tty: stdin is not a terminal (leave --tty out to pass stdin on as it is)");
        return -ENOTTY;
    }
    if (ioctl(STDIN_FILENO, TIOCGWINSZ, &size) < 0)
        return system_error(err, "--tty: size of the terminal");
    /* a serial line does not know its size */
    *ret_rows = size.ws_row ? size.ws_row : 24;
    *ret_columns = size.ws_col ? size.ws_col : 80;
    return 0;
}

/* tcsetattr() is async-signal-safe. */
void terminal_restore(void)
{
    if (!is_raw)
        return;
    is_raw = 0;
    tcsetattr(STDIN_FILENO, TCSADRAIN, &saved_mode);
}

static void on_fault(int signal_number)
{
    if (is_raw)
        tcsetattr(STDIN_FILENO, TCSANOW, &saved_mode);
    raise(signal_number); /* SA_RESETHAND: the default action now */
}

int terminal_raw(struct cordon_error *err)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGALRM, SIGXCPU};
    struct sigaction action = {.sa_handler = on_fault, .sa_flags = (int)SA_RESETHAND};
    struct termios mode;
    static bool is_prepared;

    if (tcgetattr(STDIN_FILENO, &mode) < 0)
        return system_error(err, "--tty: mode of the terminal");
    saved_mode = mode;
    if (!is_prepared) {
        atexit(terminal_restore);
        for (size_t i = 0; i < sizeof(faults) / sizeof(faults[0]); i++)
            sigaction(faults[i], &action, NULL);
        is_prepared = true;
    }
    cfmakeraw(&mode);
    if (tcsetattr(STDIN_FILENO, TCSADRAIN, &mode) < 0)
        return system_error(err, "--tty: make the terminal raw");
    is_raw = 1;
    return 0;
}

static void pump_init(struct pump *pump, int from, int to, bool is_nonblocking)
{
    pump->escape = NULL;
    pump->from = from;
    pump->to = to;
    pump->at = pump->held = 0;
    pump->write_max = is_nonblocking ? PUMP_BUFFER : PIPE_BUF;
}

/*
 * The caller's terminal shares its mode flags with the shell, so it is opened once more to be
 * written to without blocking (a user's ^S must not stop time limits).
 */
void terminal_open(struct terminal *terminal, int master)
{
    int flags = fcntl(master, F_GETFL);

    terminal->out_fd = -1;
    if (isatty(STDOUT_FILENO))
        terminal->out_fd = open("/proc/self/fd/1", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
    if (flags >= 0)
        fcntl(master, F_SETFL, flags | O_NONBLOCK);
    pump_init(&terminal->in, STDIN_FILENO, master, true);
    terminal->escape = (struct escape){0};
    terminal->in.escape = &terminal->escape;
    pump_init(&terminal->out, master, terminal->out_fd >= 0 ? terminal->out_fd : STDOUT_FILENO,
              terminal->out_fd >= 0);
}

void terminal_close(struct terminal *terminal)
{
    if (terminal->out_fd >= 0)
        close(terminal->out_fd);
    terminal->out_fd = -1;
}

/* A program that does not read must not keep the way out from being heard. */
static bool pump_may_read(const struct pump *pump)
{
    return pump->from >= 0 && (pump->escape ? pump->held < sizeof(pump->buffer) : !pump->held);
}

static int pump_poll(const struct pump *pump, struct pollfd *fds)
{
    int count = 0;

    if (pump->held)
        fds[count++] = (struct pollfd){.fd = pump->to, .events = POLLOUT};
    if (pump_may_read(pump))
        fds[count++] = (struct pollfd){.fd = pump->from, .events = POLLIN};
    return count;
}

int terminal_poll(const struct terminal *terminal, struct pollfd *fds)
{
    int count = pump_poll(&terminal->in, fds);

    return count + pump_poll(&terminal->out, fds + count);
}

static bool is_ready(int fd, short events)
{
    struct pollfd one = {.fd = fd, .events = events};

    return poll(&one, 1, 0) > 0;
}

/* A side that cannot be written any more (hung up) takes what comes and drops it, so that the
 * program never waits for it. */
static void pump_write(struct pump *pump)
{
    while (pump->held && is_ready(pump->to, POLLOUT)) {
        size_t size = pump->held < pump->write_max ? pump->held : pump->write_max;
        ssize_t wrote = write(pump->to, pump->buffer + pump->at, size);

        if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (wrote < 0)
            wrote = (ssize_t)pump->held;
        pump->at += (size_t)wrote;
        pump->held -= (size_t)wrote;
    }
}

static void escape_look(struct escape *escape, const char *bytes, size_t size)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    for (size_t i = 0; i < size; i++) {
        if (bytes[i] != ESCAPE_KEY) {
            escape->count = 0;
            continue;
        }
        memmove(escape->times + 1, escape->times, sizeof(escape->times) - sizeof(escape->times[0]));
        escape->times[0] = (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
        escape->count++;
        escape->is_given |= escape->count >= ESCAPE_COUNT &&
                            escape->times[0] - escape->times[ESCAPE_COUNT - 1] <= ESCAPE_WINDOW_NS;
    }
}

static void pump_step(struct pump *pump)
{
    pump_write(pump);
    while (pump_may_read(pump) && is_ready(pump->from, POLLIN)) {
        ssize_t got;

        memmove(pump->buffer, pump->buffer + pump->at, pump->held);
        pump->at = 0;
        got = read(pump->from, pump->buffer + pump->held, sizeof(pump->buffer) - pump->held);

        if (got < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        if (got <= 0) { /* EIO: nobody has the other side open any more */
            pump->from = -1;
            return;
        }
        if (pump->escape)
            escape_look(pump->escape, pump->buffer + pump->held, (size_t)got);
        pump->held += (size_t)got;
        pump_write(pump);
    }
}

void terminal_step(struct terminal *terminal)
{
    pump_step(&terminal->in);
    pump_step(&terminal->out);
}

bool terminal_is_escaped(const struct terminal *terminal)
{
    return terminal->escape.is_given;
}

bool terminal_is_drained(const struct terminal *terminal)
{
    return !terminal->out.held && (terminal->out.from < 0 || !is_ready(terminal->out.from, POLLIN));
}
