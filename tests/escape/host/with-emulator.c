/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a command on a terminal whose other side does what a terminal's emulator would do with one
 * kind of control sequence, and say in the effect file when it did. Everything that is shown is
 * copied to stdout. It answers slowly: an answer that is left when the command has ended would be
 * read by the user's shell.
 * Arguments: which (as in attempts/write_sequence.c), effect file, -- command.
 */
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <termios.h>

#include "host.h"

#define ANSWER_DELAY_MS 200
#define DEADLINE_MS     20000

static char seen[1 << 16];
static size_t seen_length;

static bool is_seen(const char *text)
{
    return memmem(seen, seen_length, text, strlen(text)) != NULL;
}

static const struct {
    const char *name;
    const char *acted_on[2]; /* seen by the emulator: it did what was asked */
} kinds[] = {
    {"clipboard-set", {"\033]52;c;ZXNj", NULL}},
    {"clipboard-query", {"\033]52;c;?", NULL}},
    {"clipboard-c1", {"\302\23552;", "\033]52;"}},
    {"clipboard-nested", {"\033Ptmux", "\033]52;"}},
    {"title", {"\033]0;root@host", NULL}},
    {"title-report", {"\033[21t", NULL}},
    {"screen-report", {"*y", NULL}},
    {"answerback", {"\005", NULL}},
    {"media-copy", {"\033[5i", NULL}},
    {"file", {"\033]1337;", NULL}},
    {"link", {"file:///etc", NULL}},
    {"late-answer", {NULL, NULL}},
    {"mouse-left-on", {NULL, NULL}},
};

static bool did_act(const char *name)
{
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
        if (strcmp(kinds[i].name, name) == 0)
            for (int j = 0; j < 2 && kinds[i].acted_on[j]; j++)
                if (is_seen(kinds[i].acted_on[j]))
                    return true;
    return false;
}

static void type(int master, const char *text)
{
    if (write(master, text, strlen(text)) < 0)
        die("answer");
}

/* Questions are answered in their order, and a moved mouse is reported. */
static void answer(int master, size_t from)
{
    static bool is_mouse_on;

    for (; from < seen_length; from++) {
        const char *at = seen + from;
        size_t left = seen_length - from;

        if (left >= 3 && memcmp(at, "\033[c", 3) == 0)
            type(master, "\033[?64;1c");
        if (left >= 4 && memcmp(at, "\033[5n", 4) == 0)
            type(master, "\033[0n");
        if (left >= 8 && memcmp(at, "\033[?1003h", 8) == 0)
            is_mouse_on = true;
        if (left >= 8 && memcmp(at, "\033[?1003l", 8) == 0)
            is_mouse_on = false;
    }
    if (is_mouse_on)
        type(master, "\033[M !!");
}

/* As a shell reads, which wants each key. */
static bool has_input(int terminal)
{
    struct pollfd input = {.fd = terminal, .events = POLLIN};
    struct termios mode;

    if (tcgetattr(terminal, &mode) < 0)
        die("tcgetattr");
    mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO);
    if (tcsetattr(terminal, TCSANOW, &mode) < 0)
        die("tcsetattr");
    return poll(&input, 1, ANSWER_DELAY_MS) > 0 && input.revents & POLLIN;
}

/* What came; false when nothing did for the time that an answer takes. */
static bool show(int master)
{
    struct pollfd output = {.fd = master, .events = POLLIN};
    ssize_t got;

    if (poll(&output, 1, ANSWER_DELAY_MS) <= 0)
        return false;
    got = read(master, seen + seen_length, sizeof(seen) - seen_length);
    if (got <= 0 || write(STDOUT_FILENO, seen + seen_length, (size_t)got) < 0)
        return false;
    seen_length += (size_t)got;
    return true;
}

int main(int argc, char **argv)
{
    char **command = command_after(argv);
    int master, terminal, status = 0;
    size_t answered = 0;
    pid_t child, ended = 0;

    if (argc < 5 || openpty(&master, &terminal, NULL, NULL, NULL) < 0)
        die("terminal");
    child = fork();
    if (child < 0)
        die("fork");
    if (child > 0) { /* a session of its own needs a process that leads no group */
        if (waitpid(child, &status, 0) < 0)
            die("wait");
        return status_of(status);
    }
    /* as the user's shell: it lives on when the command has ended, and the terminal with it */
    if (setsid() < 0 || ioctl(terminal, TIOCSCTTY, 1) < 0)
        die("session");
    child = fork();
    if (child < 0)
        die("fork");
    if (child == 0) {
        for (int fd = 0; fd < 3; fd++)
            if (dup2(terminal, fd) < 0)
                die("dup2");
        close(terminal);
        close(master);
        setenv("CORDON_CARD", "0", 1);
        execvp(command[0], command);
        die(command[0]);
    }
    for (int turn = 0; turn < DEADLINE_MS / ANSWER_DELAY_MS && !ended; turn++) {
        while (show(master))
            continue;
        ended = waitpid(child, &status, WNOHANG);
        answer(master, answered);
        answered = seen_length;
    }
    if (ended != child) {
        kill(child, SIGKILL);
        errno = ETIMEDOUT;
        die("the command");
    }
    if (did_act(argv[1]) || has_input(terminal))
        write_whole(argv[2], "escaped\n");
    return status_of(status);
}
