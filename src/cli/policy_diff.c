/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon policy diff`: one policy in place of another. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define EXIT_NARROWER 1
#define EXIT_WIDER    3
#define EXIT_UNKNOWN  4
#define EXIT_CHANGED  5

static const char *fail_on = "any";

static int apply_fail_on(struct cli *cli, const char *value, struct cordon_error *err)
{
    if (strcmp(value, "any") != 0 && strcmp(value, "wider") != 0 && strcmp(value, "never") != 0) {
        err->kind = CORDON_ERROR_INVALID;
        err->errnum = EINVAL;
        snprintf(err->text, sizeof(err->text), "--fail-on %.64s: write any, wider or never", value);
        return -EINVAL;
    }
    fail_on = value;
    return 0;
}

const struct option option_fail_on_diff = {"fail-on", 0, VALUE_TEXT, "WHAT",
                                      "exit with another status than 0 for: any difference (default), wider, never", apply_fail_on};

/* A document, or "profile:NAME". */
static int add_operand(struct cordon_request *request, const struct cli *cli, const char *operand, struct cordon_error *err)
{
    static const char profile[] = "profile:";
    int status = cli->workspace ? cordon_request_set_workspace(request, cli->workspace, err) : 0;

    if (status < 0)
        return status;
    if (strncmp(operand, profile, strlen(profile)) == 0)
        return cordon_request_set_profile(request, operand + strlen(profile), err);
    return cordon_request_add_policy_file(request, operand, err);
}

static int status_of(uint32_t result)
{
    if (strcmp(fail_on, "never") == 0)
        return 0;
    if (result & CORDON_DIFF_WIDER)
        return EXIT_WIDER;
    if (result & CORDON_DIFF_UNKNOWN)
        return EXIT_UNKNOWN;
    if (result & CORDON_DIFF_NARROWER && strcmp(fail_on, "wider") != 0)
        return EXIT_NARROWER;
    if (result & CORDON_DIFF_CHANGED && strcmp(fail_on, "wider") != 0)
        return EXIT_CHANGED;
    return 0;
}

int run_policy_diff(struct cli *cli)
{
    struct cordon_error err = {0};
    struct cordon_request *after = NULL;
    uint32_t result = 0;
    char *report = NULL;
    int status;

    if (cli->operand_count != 2)
        return print_usage_error(cli, "two policies are compared: cordon policy diff BEFORE AFTER");
    status = cordon_request_new(&after, &err);
    if (status == 0)
        status = add_operand(cli->request, cli, cli->operands[0], &err);
    if (status == 0)
        status = add_operand(after, cli, cli->operands[1], &err);
    if (status == 0)
        status = cordon_policy_diff(cli->request, after, cli->is_json ? CORDON_JSON : CORDON_TEXT, &report, &result, &err);
    cordon_request_free(after);
    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = print_text(cli, report, status_of(result));
    cordon_string_free(report);
    return status;
}
