/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon learn`: a policy from recorded runs, on stdout or into a file; on stderr what to think of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

static int apply_from(struct cli *cli, const char *value, struct cordon_error *err)
{
    for (int i = 0; i < CLI_RUNS_MAX; i++)
        if (!cli->runs[i]) {
            cli->runs[i] = value;
            return 0;
        }
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = E2BIG;
    snprintf(err->text, sizeof(err->text), "more than %d runs: learn from some, then from the others --into the policy",
             CLI_RUNS_MAX);
    return -EINVAL;
}

static int apply_into(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)err;
    cli->into = value;
    return 0;
}

static int apply_denied_hosts(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    cli->takes_denied_hosts = true;
    return 0;
}

const struct option option_from = {"from", 0, VALUE_FILE, "RUN", "a recorded run: last, its id, or a file of events (with a slash)",
                                   apply_from};
const struct option option_into = {"into", 0, VALUE_DOCUMENT, "FILE", "add to this policy what it lacks, between its lines",
                                   apply_into};
const struct option option_denied_hosts = {"denied-hosts", 0, VALUE_NONE, NULL, "grant the hosts that the network refused, too",
                                           apply_denied_hosts};

static int apply_network(struct cli *cli, const char *value, struct cordon_error *err)
{
    if (strcmp(value, "off") == 0)
        return 0;
    for (int i = 0; i < CLI_HOSTS_MAX && strncmp(value, "host:", 5) == 0 && value[5]; i++)
        if (!cli->hosts[i]) {
            cli->hosts[i] = value + 5;
            return 0;
        }
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "--network %s: write off, or host:NAME for each of at most %d hosts", value, CLI_HOSTS_MAX);
    return -EINVAL;
}

const struct option option_learn_network = {"network", 0, VALUE_TEXT, "off|host:NAME",
                                            "what the command may reach: nothing (the default), or this host, too", apply_network};

/* The command's own status when it failed: the policy of a run that failed allows what led to that. */
static int learn_command(struct cli *cli)
{
    struct cordon_error err = {0};
    int status;

    if (cordon_request_set_learning(cli->request, cli->hosts, &err) < 0)
        return print_error(cli, &err, EXIT_USAGE);
    fputs("cordon: learning; the workspace may be changed, keys and tokens are shut\n", stderr);
    status = run_contained(cli);
    if (!cli->run_id[0])
        return status;
    if (status)
        fprintf(stderr, "cordon: the command ended with %d; what follows was learned from that\n", status);
    cli->runs[0] = cli->run_id;
    return status;
}

int run_learn(struct cli *cli)
{
    struct cordon_error err = {0};
    char *policy = NULL, *summary = NULL;
    int status = 0, of_command = 0;

    if (cli->operand_count && cli->runs[0])
        return print_usage_error(cli, "--from and a command: learn from the one, then from the other --into the policy");
    if (!cli->operand_count && !cli->runs[0])
        return print_usage_error(cli, "what to learn from? Write a command, or --from RUN for each recorded run");
    if (cli->operand_count) {
        of_command = learn_command(cli);
        if (!cli->runs[0])
            return of_command;
    }
    status = cordon_learn(cli->request, cli->runs, cli->into, cli->takes_denied_hosts ? CORDON_LEARN_DENIED_HOSTS : 0, &policy,
                          &summary, &err);
    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    fputs(summary, stderr);
    status = cli->into ? 0 : print_text(cli, policy, 0);
    cordon_string_free(policy);
    cordon_string_free(summary);
    return status ? status : of_command;
}
