/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon reach`, and the same card before the first run with a new policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static int apply_no_card(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    cli->has_no_card = true;
    return 0;
}

const struct option option_no_card = {"no-card", 0, VALUE_NONE, NULL,
                                      "no reachability card before the first run with a policy", apply_no_card};

/* Only for a person, and only where it says something new. What is wrong with the policy, the run itself will say. */
void print_card(struct cli *cli)
{
    const char *wish = getenv("CORDON_CARD");
    char *card = NULL;

    if (cli->has_no_card || cli->is_json || (wish && strcmp(wish, "0") == 0) || !isatty(STDERR_FILENO))
        return;
    if (cordon_reach_once(cli->request, &card, NULL) < 0 || !card)
        return;
    fprintf(stderr, "%s  (printed once for a policy; 'cordon reach' has it again)\n\n", card);
    cordon_string_free(card);
}

int run_reach(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int status = 0;

    for (int i = 0; status == 0 && i < cli->operand_count; i++)
        status = cordon_request_add_policy_file(cli->request, cli->operands[i], &err);
    if (status == 0)
        status = cordon_reach(cli->request, cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err);
    if (status < 0)
        return print_error(cli, &err, EXIT_USAGE);
    status = print_text(cli, text, 0);
    cordon_string_free(text);
    return status;
}
