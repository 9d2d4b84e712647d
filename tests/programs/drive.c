/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives a command on a terminal of its own, as a person would. Arguments: script, -- command.
 * A script has one step a line:
 *     expect TEXT        wait until TEXT appears after what was expected before
 *     absent TEXT        TEXT must not have appeared since the last expect matched
 *     send TEXT          type TEXT; \n is Return, \xHH a byte
 *     resize ROWS COLS   change the size of the window
 *     status N           wait until the command ends, with this status
 * Ends with 0 when each step held. Each wait has a deadline of 20 s; nothing sleeps.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <pty.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define DEADLINE_MS 20000

static char seen[1 << 18];
static size_t seen_length, matched; /* matched: where the last expected text ended */
static int master;
static pid_t command_pid;
static const char *script_path;
static int line_number;

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

__attribute__((noreturn)) static void fail(const char *what, const char *detail)
{
    fprintf(stderr, "%s:%d: %s '%s'; the terminal showed:\n%s\n", script_path, line_number, what,
            detail, seen + matched);
    kill(command_pid, SIGKILL);
    exit(1);
}

/* One read of what the terminal shows. False when there will be no more. */
static bool read_some(long long deadline)
{
    struct pollfd waiting = {.fd = master, .events = POLLIN};
    long long left = deadline - now_ms();
    ssize_t got;

    if (left <= 0 || poll(&waiting, 1, (int)left) <= 0)
        return true;
    if (seen_length + 4096 >= sizeof(seen))
        fail("too much output", "");
    got = read(master, seen + seen_length, 4096);
    if (got <= 0)
        return false;
    for (ssize_t i = 0; i < got; i++) /* so that strstr() sees all of it */
        if (!seen[seen_length + (size_t)i])
            seen[seen_length + (size_t)i] = '?';
    seen_length += (size_t)got;
    return true;
}

static void expect(const char *text)
{
    long long deadline = now_ms() + DEADLINE_MS;
    bool is_open = true;

    for (;;) {
        char *found = strstr(seen + matched, text);

        if (found) {
            matched = (size_t)(found - seen) + strlen(text);
            return;
        }
        if (!is_open || now_ms() >= deadline)
            fail(is_open ? "never saw" : "the terminal was closed before", text);
        is_open = read_some(deadline);
    }
}

static void type(char *text)
{
    char bytes[4096];
    size_t length = 0;

    for (char *at = text; *at && length < sizeof(bytes); at++) {
        unsigned value;

        if (at[0] == '\\' && at[1] == 'n') {
            bytes[length++] = '\n';
            at++;
        } else if (at[0] == '\\' && at[1] == 'x' && sscanf(at + 2, "%2x", &value) == 1) {
            bytes[length++] = (char)value;
            at += 3;
        } else {
            bytes[length++] = *at;
        }
    }
    if (write(master, bytes, length) != (ssize_t)length)
        fail("could not type", text);
}

static void expect_status(int wanted)
{
    long long deadline = now_ms() + DEADLINE_MS;
    int status, code;
    char text[32];

    while (now_ms() < deadline && read_some(deadline))
        ;
    while (waitpid(command_pid, &status, WNOHANG) == 0)
        if (now_ms() >= deadline)
            fail("did not end", "");
    code = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    snprintf(text, sizeof(text), "%d", code);
    if (code != wanted)
        fail("ended with another status", text);
}

static void run_step(char *line)
{
    struct winsize size = {0};
    char *rest = strchr(line, ' ');
    unsigned rows, columns;

    if (!rest)
        fail("no step", line);
    *rest++ = '\0';
    if (strcmp(line, "expect") == 0) {
        expect(rest);
    } else if (strcmp(line, "absent") == 0) {
        if (strstr(seen + matched, rest))
            fail("saw", rest);
    } else if (strcmp(line, "send") == 0) {
        type(rest);
    } else if (strcmp(line, "resize") == 0 && sscanf(rest, "%u %u", &rows, &columns) == 2) {
        size.ws_row = (unsigned short)rows;
        size.ws_col = (unsigned short)columns;
        if (ioctl(master, TIOCSWINSZ, &size) < 0)
            fail("could not resize", rest);
    } else if (strcmp(line, "status") == 0) {
        expect_status(atoi(rest));
    } else {
        fail("no step", line);
    }
}

int main(int argc, char **argv)
{
    struct winsize size = {.ws_row = 24, .ws_col = 80};
    char line[4096];
    FILE *script;

    if (argc < 4 || strcmp(argv[2], "--") != 0) {
        fprintf(stderr, "usage: drive SCRIPT -- COMMAND [ARGUMENT]...\n");
        return 2;
    }
    script_path = argv[1];
    script = fopen(script_path, "re");
    command_pid = script ? forkpty(&master, NULL, NULL, &size) : -1;
    if (command_pid < 0) {
        perror(script_path);
        return 2;
    }
    if (command_pid == 0) {
        setenv("CORDON_CARD", "0", 1); /* its lines are none of the program's */
        execvp(argv[3], argv + 3);
        perror(argv[3]);
        _exit(127);
    }
    while (fgets(line, sizeof(line), script)) {
        line_number++;
        line[strcspn(line, "\n")] = '\0';
        if (line[0] && line[0] != '#')
            run_step(line);
    }
    return 0;
}
