/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon runs`: what was recorded. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define RUNS_DEFAULT 20
#define RUNS_MAX     100000 /* more than a store holds */

static int apply_number(struct cli *cli, const char *value, struct cordon_error *err)
{
    char *end;
    unsigned long number = strtoul(value, &end, 10);

    if (strspn(value, "0123456789") != strlen(value) || !*value || number < 1 || number > RUNS_MAX) {
        err->kind = CORDON_ERROR_INVALID;
        err->errnum = EINVAL;
        snprintf(err->text, sizeof(err->text), "--number %.40s: write a number from 1 to %d", value, RUNS_MAX);
        return -EINVAL;
    }
    cli->number = (size_t)number;
    return 0;
}

const struct option option_number = {"number", 'n', VALUE_TEXT, "N", "at most so many, the newest (20)", apply_number};

static int print_result(struct cli *cli, int result, char *text, const struct cordon_error *err)
{
    int status = result < 0 ? print_error(cli, err, EXIT_USAGE) : print_text(cli, text, 0);

    cordon_string_free(text);
    return status;
}

int run_runs(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int result = cordon_runs_list(cli->number ? cli->number : RUNS_DEFAULT, cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err);

    return print_result(cli, result, text, &err);
}

int run_runs_show(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int result;

    if (!cli->operand_count)
        return print_usage_error(cli, "no run: cordon runs show RUN; 'last' is the last one, 'cordon runs' lists them");
    result = cordon_runs_show(cli->operands[0], cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err);
    return print_result(cli, result, text, &err);
}
