/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon policy lint`: findings, and how much a policy leaves open. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/cli.h"

#define EXIT_FOUND    1 /* an error was found */
#define EXIT_EXPOSED  4 /* more is open than --threshold allows */
#define THRESHOLD_MAX 10

static int apply_sarif(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    cli->is_sarif = true;
    return 0;
}

static int apply_offline(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    cli->is_offline = true;
    return 0;
}

/* "3", "2.5": tenths. */
static int apply_threshold(struct cli *cli, const char *value, struct cordon_error *err)
{
    unsigned whole, tenths = 0;
    char rest[2] = "";
    int fields = sscanf(value, "%2u.%1u%1s", &whole, &tenths, rest);
    bool is_number = value[0] >= '0' && value[0] <= '9';

    if (fields == 1)
        is_number = is_number && sscanf(value, "%2u%1s", &whole, rest) == 1;
    if (!is_number || fields < 1 || fields > 2 || whole * 10 + tenths > THRESHOLD_MAX * 10) {
        err->kind = CORDON_ERROR_INVALID;
        err->errnum = EINVAL;
        snprintf(err->text, sizeof(err->text), "--threshold %s: write points from 0 to 10, as in 2.5", value);
        return -EINVAL;
    }
    cli->has_threshold = true;
    cli->threshold_tenths = whole * 10 + tenths;
    return 0;
}

static int apply_used(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    cli->wants_runs = true;
    return 0;
}

static int apply_used_events(struct cli *cli, const char *value, struct cordon_error *err)
{
    if (cli->used_count == CLI_USED_MAX) {
        err->kind = CORDON_ERROR_LIMIT;
        err->errnum = E2BIG;
        snprintf(err->text, sizeof(err->text), "--events: more than %d files: put their lines into one", CLI_USED_MAX);
        return -E2BIG;
    }
    cli->used_events[cli->used_count++] = value;
    return 0;
}

const struct option option_used = {"used", 0, VALUE_NONE, NULL, "tell rules that no recorded run of this very policy needed",
                                   apply_used};
const struct option option_used_events = {"events", 0, VALUE_FILE, "FILE",
                                          "the same of these records (cordon run --events FILE), repeatable", apply_used_events};
const struct option option_sarif = {"sarif", 0, VALUE_NONE, NULL, "findings as SARIF 2.1.0, for code hosts and editors",
                                    apply_sarif};
const struct option option_offline = {"offline", 0, VALUE_NONE, NULL, "look at the documents alone, not at this machine",
                                      apply_offline};
const struct option option_threshold = {"threshold", 0, VALUE_TEXT, "POINTS", "fail when the exposure is more than this (0 to 10)",
                                        apply_threshold};

int run_policy_lint(struct cli *cli)
{
    struct cordon_error err = {0};
    struct cordon_lint_result result = {0};
    uint32_t flags = (cli->is_offline ? CORDON_LINT_OFFLINE : 0) | (cli->wants_runs ? CORDON_LINT_RUNS : 0);
    enum cordon_format format = cli->is_sarif ? CORDON_SARIF : cli->is_json ? CORDON_JSON : CORDON_TEXT;
    char *report = NULL;
    int status = 0;

    if (cli->is_sarif && cli->is_json)
        return print_usage_error(cli, "--sarif and --json: choose one of them");
    for (int i = 0; status == 0 && i < cli->operand_count; i++)
        status = cordon_request_add_policy_file(cli->request, cli->operands[i], &err);
    if (status == 0)
        status = cordon_lint(cli->request, flags, cli->used_count ? cli->used_events : NULL, format, &report, &result, &err);
    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = result.errors ? EXIT_FOUND : 0;
    if (!status && cli->has_threshold && result.exposure_tenths > cli->threshold_tenths)
        status = EXIT_EXPOSED;
    status = print_text(cli, report, status);
    cordon_string_free(report);
    return status;
}
