/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How an attempt ends. Each attempt tries one thing that a contained program must not be able to do
 * and says on its last line what came of it; the runner reads the exit status first.
 * Exit status: 0 the attempt succeeded (an escape), 10 refused, 11 cannot be tried here, 12 broken.
 * What is printed names no path of the machine, because it ends up in docs/escape-table.md.
 */
#ifndef CORDON_ESCAPE_ATTEMPT_H
#define CORDON_ESCAPE_ATTEMPT_H

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
    ATTEMPT_SUCCEEDED = 0,
    ATTEMPT_REFUSED = 10,
    ATTEMPT_UNTRIED = 11,
    ATTEMPT_BROKEN = 12,
};

#define ATTEMPT_DEADLINE_MS 8000

__attribute__((noreturn, unused)) static void attempt_end(int status, const char *verdict,
                                                          const char *what)
{
    char line[400];
    int length = snprintf(line, sizeof(line), "attempt: %s: %s\n", verdict, what);

    if (length > 0 && write(STDOUT_FILENO, line, strnlen(line, sizeof(line))) < 0)
        _exit(ATTEMPT_BROKEN);
    _exit(status);
}

__attribute__((noreturn, unused)) static void succeeded(const char *what)
{
    attempt_end(ATTEMPT_SUCCEEDED, "succeeded", what);
}

/* Refused by the kernel: errno says how. */
__attribute__((noreturn, unused)) static void refused(const char *what)
{
    const char *name = strerrorname_np(errno);
    char text[300];

    snprintf(text, sizeof(text), "%s: %s", what, name ? name : "no errno");
    attempt_end(ATTEMPT_REFUSED, "refused", text);
}

/* Refused without an errno: nothing was found, nothing happened. */
__attribute__((noreturn, unused)) static void refused_because(const char *what)
{
    attempt_end(ATTEMPT_REFUSED, "refused", what);
}

__attribute__((noreturn, unused)) static void untried(const char *missing)
{
    attempt_end(ATTEMPT_UNTRIED, "cannot be tried here", missing);
}

/* The attempt itself could not be set up: a mistake of the harness, never a refusal. */
__attribute__((noreturn, unused)) static void broken(const char *what)
{
    const char *name = strerrorname_np(errno);
    char text[300];

    snprintf(text, sizeof(text), "%s: %s", what, name ? name : "no errno");
    attempt_end(ATTEMPT_BROKEN, "broken", text);
}

/* The usual shape: one call decides. */
__attribute__((noreturn, unused)) static void decide(long result, const char *what)
{
    if (result < 0)
        refused(what);
    succeeded(what);
}

__attribute__((unused)) static const char *argument(int argc, char **argv, int index)
{
    if (index >= argc) {
        errno = EINVAL;
        broken("an argument is missing");
    }
    return argv[index];
}

__attribute__((unused)) static long number_argument(int argc, char **argv, int index)
{
    return strtol(argument(argc, argv, index), NULL, 0);
}

/* Does what can be read from `fd` hold `text`? Reads at most 1 MiB. */
__attribute__((unused)) static bool descriptor_holds(int fd, const char *text)
{
    static char buffer[1 << 20];
    size_t used = 0;
    ssize_t got;

    while (used < sizeof(buffer) && (got = read(fd, buffer + used, sizeof(buffer) - used)) > 0)
        used += (size_t)got;
    return memmem(buffer, used, text, strlen(text)) != NULL;
}

__attribute__((unused)) static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

__attribute__((unused)) static void pause_ms(long ms)
{
    struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};

    nanosleep(&pause, NULL);
}

/* Wait until `path` exists (false at the deadline). */
__attribute__((unused)) static bool wait_for_path(const char *path, long deadline_ms)
{
    for (long long end = now_ms() + deadline_ms; now_ms() < end; pause_ms(5))
        if (access(path, F_OK) == 0)
            return true;
    return false;
}

#endif
