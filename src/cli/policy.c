/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon policy ...`, `doctor` and `version`: questions that run nothing. */
#include <stdio.h>

#include "cli/cli.h"

#define EXIT_INVALID       1
#define EXIT_UNENFORCEABLE 3

static enum cordon_format format_of(const struct cli *cli)
{
    return cli->is_json ? CORDON_JSON : CORDON_TEXT;
}

static int status_of_kind(int kind)
{
    switch (kind) {
    case CORDON_ERROR_NONE:
        return 0;
    case CORDON_ERROR_INVALID:
    case CORDON_ERROR_SCHEMA:
        return EXIT_INVALID;
    case CORDON_ERROR_UNENFORCEABLE:
    case CORDON_ERROR_FORBIDDEN:
        return EXIT_UNENFORCEABLE;
    default:
        return EXIT_USAGE;
    }
}

/* FILE operands are documents like those of --policy. */
static int add_operands(struct cli *cli, struct cordon_error *err)
{
    int status = 0;

    for (int i = 0; status == 0 && i < cli->operand_count; i++)
        status = cordon_request_add_policy_file(cli->request, cli->operands[i], err);
    return status;
}

int run_policy_check(struct cli *cli)
{
    struct cordon_error err = {0};
    char *report = NULL;
    int kind, status;

    if (add_operands(cli, &err) < 0)
        return print_error(cli, &err, EXIT_USAGE);
    kind = cordon_check(cli->request, format_of(cli), &report, &err);
    if (!report)
        return print_error(cli, &err, EXIT_USAGE);
    status = print_text(cli, report, status_of_kind(kind));
    cordon_string_free(report);
    return status;
}

int run_policy_explain(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int status;

    if (add_operands(cli, &err) < 0)
        return print_error(cli, &err, EXIT_USAGE);
    if (cordon_explain(cli->request, format_of(cli), &text, &err) < 0)
        return print_error(cli, &err, status_of_kind(err.kind));
    status = print_text(cli, text, 0);
    cordon_string_free(text);
    return status;
}

int run_policy_schema(struct cli *cli)
{
    struct cordon_error err = {0};
    char *json = NULL;
    int status;

    if (cordon_schema(&json, &err) < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = print_text(cli, json, 0);
    cordon_string_free(json);
    return status;
}

int run_policy_profiles(struct cli *cli)
{
    const char *const *names = cordon_profiles();
    const char *text;

    if (!cli->operand_count) {
        for (size_t i = 0; names[i]; i++)
            puts(names[i]);
        return print_text(cli, "", 0);
    }
    text = cordon_profile_text(cli->operands[0]);
    if (!text)
        return print_usage_error(cli, "'%s' is not a profile: see 'cordon policy profiles'",
                                 cli->operands[0]);
    return print_text(cli, text, 0);
}

int run_doctor(struct cli *cli)
{
    struct cordon_error err = {0};
    enum cordon_level level = CORDON_NONE;
    char *text = NULL;
    int status;

    if (cordon_doctor(format_of(cli), &text, &level, &err) < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = print_text(cli, text, (int)level);
    cordon_string_free(text);
    return status;
}

int run_version(struct cli *cli)
{
    printf("cordon %s\n", cordon_version());
    return print_text(cli, "", 0);
}
