/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon policy prove`: one question, its answer, and why. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

#define EXIT_POSSIBLE  1
#define EXIT_UNDECIDED 3

static struct cordon_claim asked;

static int refuse(struct cordon_error *err, const char *text)
{
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "%s", text);
    return -EINVAL;
}

/* --reaches is the second half of a question. */
static int ask(uint32_t kind, struct cordon_error *err)
{
    if (asked.kind)
        return refuse(err, "one question at a time: ask cordon policy prove again for the other one");
    asked.kind = kind;
    return 0;
}

static int apply_can_read(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    asked.path = value;
    return ask(CORDON_PROVE_CAN_READ, err);
}

static int apply_can_write(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    asked.path = value;
    return ask(CORDON_PROVE_CAN_WRITE, err);
}

static int apply_can_reach(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    asked.destination = value;
    return ask(CORDON_PROVE_CAN_REACH, err);
}

static int apply_reads(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    asked.path = value;
    return ask(CORDON_PROVE_READS_REACHES, err);
}

static int apply_reaches(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    if (asked.destination)
        return refuse(err, "--reaches: one destination at a time");
    asked.destination = value;
    return 0;
}

static int apply_uses_secret(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    asked.secret = value;
    return ask(CORDON_PROVE_SECRET_REACHES, err);
}

static int apply_writable(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)value;
    return ask(CORDON_PROVE_WRITABLE_OBEYED, err);
}

static int apply_ceiling(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    asked.ceiling = value;
    return ask(CORDON_PROVE_ESCAPES_CEILING, err);
}

static int apply_here(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)cli;
    (void)value;
    (void)err;
    asked.flags |= CORDON_PROVE_HERE;
    return 0;
}

const struct option option_can_read = {"can-read", 0, VALUE_FILE, "PATH", "can anything there or below be read?", apply_can_read};
const struct option option_can_write = {"can-write", 0, VALUE_FILE, "PATH", "can anything there or below be written?", apply_can_write};
const struct option option_can_reach = {"can-reach", 0, VALUE_TEXT, "DESTINATION", "can HOST[:PORT], an address or a block be reached?",
                                        apply_can_reach};
const struct option option_reads = {"reads", 0, VALUE_FILE, "PATH", "with --reaches: can what was read there get to that?", apply_reads};
const struct option option_reaches = {"reaches", 0, VALUE_TEXT, "DESTINATION", "with --reads or --uses-secret", apply_reaches};
const struct option option_uses_secret = {"uses-secret", 0, VALUE_TEXT, "NAME", "with --reaches: can its value get there?",
                                          apply_uses_secret};
const struct option option_writable_obeyed = {"writable-executed-outside", 0, VALUE_NONE, NULL,
                                              "can anything be written that a program outside executes or obeys?", apply_writable};
const struct option option_escapes_ceiling = {"escapes-ceiling", 0, VALUE_DOCUMENT, "FILE", "does it allow anything that this does not?",
                                              apply_ceiling};
const struct option option_here = {"here", 0, VALUE_NONE, NULL, "this PATH counts as well, and what else this machine calls the path", apply_here};

static int check_question(const struct cli *cli)
{
    bool takes_reaches = asked.kind == CORDON_PROVE_READS_REACHES || asked.kind == CORDON_PROVE_SECRET_REACHES;

    if (cli->operand_count != 1)
        return print_usage_error(cli, "one policy is asked about: cordon policy prove --can-read PATH POLICY");
    if (!asked.kind)
        return print_usage_error(cli, "no question: see cordon help policy prove");
    if (takes_reaches && !asked.destination)
        return print_usage_error(cli, "--reads and --uses-secret need --reaches DESTINATION");
    if (!takes_reaches && asked.kind != CORDON_PROVE_CAN_REACH && asked.destination)
        return print_usage_error(cli, "--reaches needs --reads PATH or --uses-secret NAME; alone it is --can-reach");
    return 0;
}

int run_policy_prove(struct cli *cli)
{
    static const char profile[] = "profile:";
    static const int statuses[] = {[CORDON_HOLDS] = 0, [CORDON_POSSIBLE] = EXIT_POSSIBLE, [CORDON_UNDECIDED] = EXIT_UNDECIDED};
    struct cordon_error err = {0};
    uint32_t answer = CORDON_UNDECIDED;
    char *report = NULL;
    int status = check_question(cli);

    if (status)
        return status;
    if (strncmp(cli->operands[0], profile, strlen(profile)) == 0)
        status = cordon_request_set_profile(cli->request, cli->operands[0] + strlen(profile), &err);
    else
        status = cordon_request_add_policy_file(cli->request, cli->operands[0], &err);
    if (status == 0)
        status = cordon_policy_prove(cli->request, &asked, cli->is_json ? CORDON_JSON : CORDON_TEXT, &report, &answer, &err);
    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = print_text(cli, report, statuses[answer]);
    cordon_string_free(report);
    return status;
}
