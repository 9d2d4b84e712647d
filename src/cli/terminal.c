/* SPDX-License-Identifier: Apache-2.0 */
/* Raw mode, two pumps, and the caller's terminal as it was. */
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
    pump->filter = NULL;
    pump->ready_size = 0;
    pump->from = from;
    pump->to = to;
    pump->at = pump->held = 0;
    pump->write_max = is_nonblocking ? PUMP_BUFFER : PIPE_BUF;
}

/* The first of these that is set decides (setlocale(3)). */
static bool is_utf8_locale(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);

        if (value && *value)
            return strcasestr(value, "UTF-8") || strcasestr(value, "UTF8");
    }
    return false;
}

/* A terminal of which neither its own mode nor the locale says that it reads UTF-8 may take the
 * second byte of a letter for a control. */
static bool is_utf8_terminal(void)
{
    struct termios mode;

    return (tcgetattr(STDOUT_FILENO, &mode) == 0 && mode.c_iflag & IUTF8) || is_utf8_locale();
}

/*
 * The caller's terminal shares its mode flags with the shell, so it is opened once more to be
 * written to without blocking (a user's ^S must not stop time limits).
 */
int terminal_open(struct terminal *terminal, const struct cordon_container *container,
                  struct cordon_error *err)
{
    int master = cordon_container_tty_fd(container), flags = fcntl(master, F_GETFL);
    int status = cordon_terminal_new(container, is_utf8_terminal() ? CORDON_TERMINAL_UTF8 : 0,
                                     &terminal->filter, err);

    if (status < 0)
        return status;
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
    terminal->out.filter = terminal->filter;
    return 0;
}

void terminal_close(struct terminal *terminal)
{
    if (terminal->out_fd >= 0)
        close(terminal->out_fd);
    terminal->out_fd = -1;
    cordon_terminal_free(terminal->filter);
}

static bool pump_is_empty(const struct pump *pump)
{
    return !pump->held && !pump->ready_size;
}

/* A program that does not read must not keep the way out from being heard. */
static bool pump_may_read(const struct pump *pump)
{
    return pump->from >= 0 && (pump->escape ? pump->held < sizeof(pump->buffer) : pump_is_empty(pump));
}

static int pump_poll(const struct pump *pump, struct pollfd *fds)
{
    int count = 0;

    if (!pump_is_empty(pump))
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

/* What is to be written next; may be nothing although something is held: the start of a sequence. */
static size_t pump_next(struct pump *pump)
{
    while (pump->filter && !pump->ready_size && pump->held) {
        size_t taken = cordon_terminal_filter(pump->filter, pump->buffer + pump->at, pump->held,
                                              &pump->ready, &pump->ready_size);

        pump->at += taken;
        pump->held -= taken;
    }
    if (!pump->filter) {
        pump->ready = pump->buffer + pump->at;
        pump->ready_size = pump->held;
    }
    return pump->ready_size < pump->write_max ? pump->ready_size : pump->write_max;
}

static void pump_wrote(struct pump *pump, size_t size)
{
    pump->ready += size;
    pump->ready_size -= size;
    if (pump->filter)
        return;
    pump->at += size;
    pump->held -= size;
}

/* A side that cannot be written any more (hung up) takes what comes and drops it, so that the
 * program never waits for it. */
static void pump_write(struct pump *pump)
{
    size_t size;

    while ((size = pump_next(pump)) && is_ready(pump->to, POLLOUT)) {
        ssize_t wrote = write(pump->to, pump->ready, size);

        if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
            return;
        pump_wrote(pump, wrote < 0 ? pump->ready_size : (size_t)wrote);
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

bool terminal_settle(struct terminal *terminal)
{
    struct pump *out = &terminal->out;

    while (out->ready_size && is_ready(out->to, POLLOUT)) {
        size_t size = out->ready_size < out->write_max ? out->ready_size : out->write_max;
        ssize_t wrote = write(out->to, out->ready, size);

        if (wrote < 0 && (errno == EAGAIN || errno == EINTR))
            return false;
        pump_wrote(out, wrote < 0 ? out->ready_size : (size_t)wrote);
    }
    return !out->ready_size;
}

bool terminal_is_escaped(const struct terminal *terminal)
{
    return terminal->escape.is_given;
}

bool terminal_is_drained(const struct terminal *terminal)
{
    return pump_is_empty(&terminal->out) && (terminal->out.from < 0 || !is_ready(terminal->out.from, POLLIN));
}

#define END_WRITE_MS    1000 /* for a terminal to take what puts it back */
#define END_SILENCE_MS  1000 /* for an answer to come over a slow line */
#define END_TOTAL_MS    5000
#define KEY_INTERRUPT   0x03

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool write_all(int fd, const char *bytes, size_t size)
{
    while (size) {
        struct pollfd room = {.fd = fd, .events = POLLOUT};
        ssize_t wrote;

        if (poll(&room, 1, END_WRITE_MS) <= 0)
            return false;
        wrote = write(fd, bytes, size);
        if (wrote < 0 && errno != EAGAIN && errno != EINTR)
            return false;
        if (wrote > 0) {
            bytes += wrote;
            size -= (size_t)wrote;
        }
    }
    return true;
}

/* Read until the last answer, silence, or a user who does not want to wait. */
static void forget_answers(void)
{
    static const char last[] = CORDON_TERMINAL_LAST_ANSWER;
    const long long end = now_ms() + END_TOTAL_MS;
    size_t matched = 0;

    while (now_ms() < end) {
        struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
        char byte;

        if (poll(&input, 1, END_SILENCE_MS) <= 0 || read(STDIN_FILENO, &byte, 1) != 1)
            return;
        if (byte == KEY_INTERRUPT)
            return;
        if (byte != last[matched])
            matched = 0;
        if (byte == last[matched] && ++matched == sizeof(last) - 1)
            return;
    }
}

void terminal_end(struct terminal *terminal)
{
    const char *output;
    size_t size;
    bool is_asked = cordon_terminal_end(terminal->filter, &output, &size) > 0;

    if (!isatty(terminal->out.to))
        return;
    /* One that takes no more may have half a sequence: nothing that follows it would be understood. */
    if (pump_is_empty(&terminal->out) && write_all(terminal->out.to, output, size) && is_asked)
        forget_answers();
    if (is_asked)
        tcflush(STDIN_FILENO, TCIFLUSH);
}
