/* SPDX-License-Identifier: Apache-2.0 */
/* Errors on stderr, one line each; results on stdout, whose failure is an error as well. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

/* https://no-color.org: set and not empty means none. */
static bool has_color(void)
{
    const char *no_color = getenv("NO_COLOR");

    return !(no_color && *no_color) && isatty(STDERR_FILENO);
}

int print_error(const struct cli *cli, const struct cordon_error *err, int exit_status)
{
    static const char prefix[] = "cordon:";
    char *line = NULL;

    if (cordon_error_format(err, cli->is_json ? CORDON_JSON : CORDON_TEXT, &line) < 0)
        fprintf(stderr, "cordon: out of memory\n");
    else if (!cli->is_json && has_color())
        fprintf(stderr, "\033[1;31m%s\033[0m%s\n", prefix, line + sizeof(prefix) - 1);
    else
        fprintf(stderr, "%s\n", line);
    cordon_string_free(line);
    return exit_status;
}

int print_usage_error(const struct cli *cli, const char *format, ...)
{
    struct cordon_error err = {.kind = CORDON_ERROR_INVALID, .errnum = EINVAL};
    va_list args;

    va_start(args, format);
    vsnprintf(err.text, sizeof(err.text), format, args);
    va_end(args);
    return print_error(cli, &err, cli->command ? cli->command->usage_status : EXIT_USAGE);
}

int print_text(const struct cli *cli, const char *text, int exit_status)
{
    struct cordon_error err = {.kind = CORDON_ERROR_SYSTEM};

    if (fputs(text, stdout) >= 0 && fflush(stdout) == 0)
        return exit_status;
    err.errnum = errno;
    snprintf(err.text, sizeof(err.text), "write to stdout: %s", strerror(errno));
    return print_error(cli, &err, EXIT_USAGE);
}
