/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon review`, `cordon commit`, `cordon discard`: what a reviewed run changed, and what becomes of it. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* The first operand is a run, unless it is not written as one. `last` is the newest that waits. */
static const char *take_run(const struct cli *cli, int *ret_used)
{
    const char *word = cli->operand_count ? cli->operands[0] : NULL;

    *ret_used = word != NULL;
    return word && strcmp(word, "last") != 0 ? word : NULL;
}

static int finish(struct cli *cli, int status, char *text, const struct cordon_error *err)
{
    if (text)
        fputs(text, stdout);
    cordon_string_free(text);
    if (status == 0)
        return 0;
    return print_error(cli, err, err->kind == CORDON_ERROR_INVALID || err->kind == CORDON_ERROR_NOT_FOUND ? EXIT_USAGE : 1);
}

int run_review(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int used, status;
    const char *run = take_run(cli, &used);
    enum cordon_format format = cli->is_json ? CORDON_JSON : CORDON_TEXT;

    if (cli->lists && cli->operand_count)
        return print_usage_error(cli, "--list takes no run");
    if (cli->lists)
        status = cordon_review_list(format, &text, &err);
    else
        status = cordon_review_show(run, (const char *const *)cli->operands + used, (size_t)(cli->operand_count - used),
                                    cli->is_diff ? CORDON_REVIEW_DIFF : CORDON_REVIEW_TREE, format, &text, &err);
    return finish(cli, status, text, &err);
}

int run_commit(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int used, status;
    const char *run = take_run(cli, &used);

    if (!used)
        return print_usage_error(cli, "no run: cordon commit RUN [PATH...], where 'last' is the only one that waits; see cordon review --list");
    status = cordon_review_commit(run, (const char *const *)cli->operands + used, (size_t)(cli->operand_count - used),
                                  cli->is_overwriting, cli->expected, cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err);
    return finish(cli, status, text, &err);
}

int run_discard(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int used, status;
    const char *run = take_run(cli, &used);

    if (!used)
        return print_usage_error(cli, "no run: cordon discard RUN [PATH...], where 'last' is the only one that waits; see cordon review --list");
    status = cordon_review_discard(run, (const char *const *)cli->operands + used, (size_t)(cli->operand_count - used),
                                   cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err);
    return finish(cli, status, text, &err);
}

int forget_review(const struct cli *cli, const char *run)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int status = cordon_review_discard(run, NULL, 0, CORDON_TEXT, &text, &err);

    cordon_string_free(text);
    return status < 0 ? print_error(cli, &err, 1) : 0;
}

void print_review(struct cli *cli, const struct cordon_container *container)
{
    const char *run = cordon_container_id(container);
    struct cordon_error err = {0};
    size_t count;

    if (cordon_container_changes(container, &count, &err) < 0) {
        print_error(cli, &err, 0);
        return;
    }
    cli->has_changes = count > 0;
    if (!count && cli->command->run == run_learn) /* nobody asked for a review of it */
        return;
    if (cli->is_json)
        fprintf(stderr, "{\"review\":{\"run\":\"%s\",\"changes\":%zu}}\n", run, count);
    else
        fprintf(stderr, "cordon: %zu change%s kept apart: cordon review %s; cordon commit %s; cordon discard %s\n", count,
                count == 1 ? "" : "s", run, run, run);
}

void print_review_pending(const struct cli *cli)
{
    struct cordon_error err = {0};
    char run[CORDON_RUN_SIZE] = "";

    if (cordon_review_pending(run, &err) < 0 || !run[0] || cli->is_json)
        return;
    fprintf(stderr, "cordon: a commit of run %s was interrupted, or is under way: `cordon review %s` completes it or takes it back\n",
            run, run);
}
