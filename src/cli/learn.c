/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon learn`: a policy from recorded runs, on stdout or into a file; on stderr what to think of it. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

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
    if (strcmp(value, "record") == 0) {
        cli->records_hosts = true;
        return 0;
    }
    for (int i = 0; i < CLI_HOSTS_MAX && strncmp(value, "host:", 5) == 0 && value[5]; i++)
        if (!cli->hosts[i]) {
            cli->hosts[i] = value + 5;
            return 0;
        }
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "--network %s: write off, record, or host:NAME for each of at most %d hosts", value,
             CLI_HOSTS_MAX);
    return -EINVAL;
}

const struct option option_learn_network = {"network", 0, VALUE_TEXT, "off|record|host:NAME",
                                            "what the command may reach: nothing (the default), nothing and what it asked for is proposed, or this host, too",
                                            apply_network};

static int apply_changes(struct cli *cli, const char *value, struct cordon_error *err)
{
    static const char *const words[] = {[CHANGES_KEEP] = "keep", [CHANGES_DISCARD] = "discard", [CHANGES_DIRECT] = "direct"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(value, words[i]) == 0) {
            cli->changes = (enum changes)i;
            return 0;
        }
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "--changes %s: write keep, discard, or direct", value);
    return -EINVAL;
}

const struct option option_changes = {"changes", 0, VALUE_TEXT, "keep|discard|direct",
                                      "what becomes of what the command changes: kept apart (the default), dropped, or made at once",
                                      apply_changes};

static int apply_home(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->reads_home = strcmp(value, "read") == 0;
    if (cli->reads_home || strcmp(value, "private") == 0)
        return 0;
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "--home %s: write private, or read", value);
    return -EINVAL;
}

const struct option option_learn_home = {"home", 0, VALUE_TEXT, "private|read",
                                         "an empty home of its own (the default), or the real one, read-only, but for what is sensitive",
                                         apply_home};

static int prepare(struct cli *cli, struct cordon_error *err)
{
    uint32_t flags = (cli->changes == CHANGES_DIRECT ? CORDON_LEARN_IN_PLACE : 0) |
                     (cli->records_hosts ? CORDON_LEARN_RECORD_HOSTS : 0) | (cli->reads_home ? CORDON_LEARN_READ_HOME : 0);

    if (cli->changes == CHANGES_DIRECT && cli->is_reviewed) {
        err->kind = CORDON_ERROR_INVALID;
        err->errnum = EINVAL;
        snprintf(err->text, sizeof(err->text), "--review-dir and --changes direct: the one keeps changes apart, the other makes them");
        return -EINVAL;
    }
    cli->is_reviewed = cli->changes == CHANGES_KEEP;
    return cordon_request_set_learning(cli->request, cli->hosts, flags, err);
}

/* The command's own status when it failed: the policy of a run that failed allows what led to that. */
static int learn_command(struct cli *cli)
{
    struct cordon_error err = {0};
    int status = prepare(cli, &err);

    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    if (!cli->is_json)
        fprintf(stderr, "cordon: learning; %s, keys and tokens are shut\n",
                cli->changes == CHANGES_DIRECT ? "the workspace may be changed" : "what is changed is kept apart");
    status = run_contained(cli);
    if (!cli->run_id[0])
        return status;
    if (status && !cli->is_json)
        fprintf(stderr, "cordon: the command ended with %d; what follows was learned from that\n", status);
    cli->runs[0] = cli->run_id;
    return status;
}

/* What --into names: whatever a command makes of it while it runs is not what a person wrote. */
struct named {
    struct stat link, file; /* zero: nothing is there */
};

static struct named look_at(const char *path)
{
    struct named named = {0};

    if (!path)
        return named;
    if (lstat(path, &named.link) < 0)
        named.link = (struct stat){0};
    if (stat(path, &named.file) < 0)
        named.file = (struct stat){0};
    return named;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_mode == b->st_mode && a->st_size == b->st_size &&
           a->st_ctim.tv_sec == b->st_ctim.tv_sec && a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static int check_into(const struct cli *cli, const struct named *before)
{
    struct named now = look_at(cli->into);
    struct cordon_error err = {.kind = CORDON_ERROR_FORBIDDEN, .errnum = EBUSY};

    if (is_same(&before->link, &now.link) && is_same(&before->file, &now.file))
        return 0;
    snprintf(err.text, sizeof(err.text), "%.300s was changed while the command ran, so nothing was learned into it: look at it, then "
             "`cordon learn --from %s --into FILE`", cli->into, cli->run_id);
    return print_error(cli, &err, EXIT_USAGE);
}

static int learn(struct cli *cli)
{
    uint32_t flags = (cli->takes_denied_hosts ? CORDON_LEARN_DENIED_HOSTS : 0) | (cli->is_json ? CORDON_LEARN_JSON : 0);
    char *policy = NULL, *summary = NULL;
    struct cordon_error err = {0};
    int status = cordon_learn(cli->request, cli->runs, cli->into, flags, &policy, &summary, &err);

    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    if (cli->is_json) {
        status = print_text(cli, summary, 0);
    } else {
        fputs(summary, stderr);
        status = cli->into ? 0 : print_text(cli, policy, 0);
    }
    cordon_string_free(policy);
    cordon_string_free(summary);
    return status;
}

int run_learn(struct cli *cli)
{
    struct named before = look_at(cli->into);
    struct cordon_error err = {0};
    int status, discarded = 0, of_command = 0;

    if (cli->operand_count && cli->runs[0])
        return print_usage_error(cli, "--from and a command: learn from the one, then from the other --into the policy");
    if (!cli->operand_count && !cli->runs[0])
        return print_usage_error(cli, "what to learn from? Write a command, or --from RUN for each recorded run");
    if (!cli->operand_count && (cli->hosts[0] || cli->records_hosts || cli->reads_home || cli->changes != CHANGES_KEEP))
        return print_usage_error(cli, "--network, --home and --changes are about a command; what --from names was recorded already");
    if (cli->into && make_parent(cli->into, &err) < 0)
        return print_error(cli, &err, 1);
    if (cli->operand_count) {
        of_command = learn_command(cli);
        if (!cli->runs[0])
            return of_command;
    }
    status = check_into(cli, &before);
    if (!status)
        status = learn(cli);
    if (cli->operand_count && (cli->changes == CHANGES_DISCARD || (cli->changes == CHANGES_KEEP && !cli->has_changes)))
        discarded = forget_review(cli, cli->run_id);
    return status ? status : discarded ? discarded : of_command;
}
