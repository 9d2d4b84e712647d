/* SPDX-License-Identifier: Apache-2.0 */
/* What the host's side of an escape test shares: how to give up, and how to say 'ready'. */
#ifndef CORDON_ESCAPE_HOST_H
#define CORDON_ESCAPE_HOST_H

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

__attribute__((noreturn, unused)) static void die(const char *what)
{
    fprintf(stderr, "escape host: %s: %s\n", what, strerror(errno));
    exit(12);
}

/* Put `text` into a file that appears whole. */
__attribute__((unused)) static void write_whole(const char *path, const char *text)
{
    char temporary[4096];
    FILE *file;

    snprintf(temporary, sizeof(temporary), "%s.new", path);
    file = fopen(temporary, "w");
    if (!file || fputs(text, file) < 0 || fclose(file) != 0 || rename(temporary, path) < 0)
        die(path);
}

/* The arguments after "--". */
__attribute__((unused)) static char **command_after(char **argv)
{
    while (*argv && strcmp(*argv, "--") != 0)
        argv++;
    if (!*argv || !argv[1]) {
        errno = EINVAL;
        die("no command after --");
    }
    return argv + 1;
}

__attribute__((unused)) static int status_of(int status)
{
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

#endif
