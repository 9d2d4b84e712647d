/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Run a command on a terminal at which somebody sits. Who is asked whether something may be opened allows what is named as agreed
 * and denies all else; or nobody answers, at a terminal that types "o", Enter as its answerback ("-"), or at one that does not ("+").
 * Everything that is shown is copied to stdout. The effect file is made when more than 100 questions were shown, or a name that
 * changes the direction of text.
 * Arguments: what is allowed (a part of the question, "-" or "+"), effect file, -- command.
 */
#include <poll.h>
#include <pty.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <time.h>

#include "host.h"

#define QUESTIONS_MAX 100
#define ASKED         "confirmed by Enter"
#define DEADLINE_S    50

static char seen[1 << 20];
static size_t length, judged; /* what was shown; up to where it was looked at */

static void type(int master, const char *text, long pause_ms)
{
    const struct timespec pause = {pause_ms / 1000, pause_ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
    if (write(master, text, strlen(text)) < 0)
        die("answer");
}

/* One question, or what else asks for an answer: after the 0.7 s that a person needs to read it. */
static void judge(int master, const char *allowed, int *questions)
{
    char *end = memmem(seen + judged, length - judged, ASKED, strlen(ASKED));

    if (strcmp(allowed, "-") == 0) {
        bool is_asked = memchr(seen + judged, '\005', length - judged) != NULL;

        judged = length;
        if (is_asked)
            type(master, "o", 1000), type(master, "\r", 400);
        return;
    }
    while (end) {
        bool is_fine = memmem(seen + judged, (size_t)(end - seen) - judged, allowed, strlen(allowed)) != NULL;

        if (strcmp(allowed, "+") != 0)
            type(master, is_fine ? "o" : "d", 1000);
        if (is_fine)
            type(master, "\r", 400);
        judged = (size_t)(end - seen) + strlen(ASKED);
        ++*questions;
        end = memmem(seen + judged, length - judged, ASKED, strlen(ASKED));
    }
}

static void sit(int master, const char *allowed, int *questions)
{
    time_t end = time(NULL) + DEADLINE_S;
    struct pollfd waiting = {.fd = master, .events = POLLIN};

    while (time(NULL) < end && length < sizeof(seen)) {
        ssize_t got = poll(&waiting, 1, 200) > 0 ? read(master, seen + length, sizeof(seen) - length) : 0;

        if (got < 0 || (got == 0 && waiting.revents & POLLHUP))
            return;
        (void)!write(STDOUT_FILENO, seen + length, (size_t)got);
        length += (size_t)got;
        if (got > 0)
            judge(master, allowed, questions);
    }
}

static bool is_shown(const char *text)
{
    return memmem(seen, length, text, strlen(text)) != NULL;
}

int main(int argc, char **argv)
{
    char **command = command_after(argv);
    struct winsize size = {.ws_row = 40, .ws_col = 100};
    int master, status = 0, questions = 0;
    pid_t child;

    if (argc < 5) {
        errno = EINVAL;
        die("usage");
    }
    child = forkpty(&master, NULL, NULL, &size);
    if (child == 0) {
        setenv("CORDON_CARD", "0", 1);
        execvp(command[0], command);
        die(command[0]);
    }
    if (child < 0)
        die("terminal");
    sit(master, argv[1], &questions);
    if (questions > QUESTIONS_MAX || is_shown("\342\200\256"))
        write_whole(argv[2], "escaped\n");
    kill(child, SIGHUP);
    if (waitpid(child, &status, 0) < 0)
        die("wait");
    return status_of(status);
}
