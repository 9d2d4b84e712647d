/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon policy simulate`: recorded runs against a candidate policy. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define EXIT_CHANGED 1
#define NAMED_MAX    1024

enum gate { GATE_DENIED = 0, GATE_ALLOWED, GATE_ANY, GATE_NEVER };

static struct {
    const char *files[NAMED_MAX + 1], *runs[NAMED_MAX + 1];
    size_t file_count, run_count;
    enum gate gate;
} named;

static int refuse(struct cordon_error *err, const char *text)
{
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "%s", text);
    return -EINVAL;
}

static int apply_events(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    if (named.file_count == NAMED_MAX)
        return refuse(err, "--events: more than 1024 files: put their lines into one");
    named.files[named.file_count++] = value;
    return 0;
}

static int apply_run(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    if (named.run_count == NAMED_MAX)
        return refuse(err, "--run: more than 1024 runs");
    named.runs[named.run_count++] = value;
    return 0;
}

static int apply_fail_on(struct cli *cli, const char *value, struct cordon_error *err)
{
    static const char *const gates[] = {"denied", "allowed", "any", "never"};

    (void)cli;
    for (size_t i = 0; i < sizeof(gates) / sizeof(gates[0]); i++)
        if (strcmp(value, gates[i]) == 0) {
            named.gate = (enum gate)i;
            return 0;
        }
    return refuse(err, "--fail-on: write denied, allowed, any or never");
}

const struct option option_recorded = {"events", 0, VALUE_FILE, "FILE", "records of runs (cordon run --events FILE; - = stdin), repeatable",
                                       apply_events};
const struct option option_run = {"run", 0, VALUE_RUN, "RUN", "a run of the store, by id or 'last', repeatable", apply_run};
const struct option option_fail_on = {"fail-on", 0, VALUE_TEXT, "WHAT", "exit with 1 on: denied (default), allowed, any, never",
                                      apply_fail_on};

static bool is_changed(const struct cordon_simulate_result *result)
{
    switch (named.gate) {
    case GATE_DENIED:
        return result->newly_denied;
    case GATE_ALLOWED:
        return result->newly_allowed;
    case GATE_ANY:
        return result->newly_denied || result->newly_allowed || result->undecided;
    default:
        return false;
    }
}

int run_policy_simulate(struct cli *cli)
{
    struct cordon_error err = {0};
    struct cordon_simulate_result result = {0};
    char *report = NULL;
    int status = 0;

    for (int i = 0; status == 0 && i < cli->operand_count; i++)
        status = cordon_request_add_policy_file(cli->request, cli->operands[i], &err);
    if (status == 0)
        status = cordon_simulate(cli->request, named.file_count ? named.files : NULL, named.run_count ? named.runs : NULL,
                                 cli->is_json ? CORDON_JSON : CORDON_TEXT, &report, &result, &err);
    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = print_text(cli, report, is_changed(&result) ? EXIT_CHANGED : 0);
    cordon_string_free(report);
    return status;
}
