/* SPDX-License-Identifier: Apache-2.0 */
/* Help, from the tables. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

const struct command *command_find(char **args, int *ret_words)
{
    for (const struct command *command = commands; command->name; command++) {
        const char *second = strchr(command->name, ' ');
        size_t length = second ? (size_t)(second - command->name) : strlen(command->name);

        if (!args[0] || strlen(args[0]) != length || strncmp(command->name, args[0], length) != 0)
            continue;
        if (second && (!args[1] || strcmp(args[1], second + 1) != 0))
            continue;
        *ret_words = second ? 2 : 1;
        return command;
    }
    return NULL;
}

static bool is_in_group(const struct command *command, const char *word)
{
    size_t length = strlen(word);

    return strncmp(command->name, word, length) == 0 && command->name[length] == ' ';
}

bool command_is_group(const char *word)
{
    for (const struct command *command = commands; command->name; command++)
        if (is_in_group(command, word))
            return true;
    return false;
}

int help_group(const char *word)
{
    for (const struct command *command = commands; command->name; command++)
        if (is_in_group(command, word))
            printf("  cordon %-16s %s\n", command->name, command->summary);
    printf("\n'cordon help %s COMMAND' has the options.\n", word);
    return 0;
}

static void print_option(const struct option *option)
{
    char left[64];

    snprintf(left, sizeof(left), "%c%c%c --%s%s%s", option->letter ? '-' : ' ',
             option->letter ? option->letter : ' ', option->letter ? ',' : ' ', option->name,
             option->value_name ? " " : "", option->value_name ? option->value_name : "");
    printf("  %-28s %s\n", left, option->help);
}

int help_command(const struct command *command)
{
    printf("cordon %s - %s\n\nusage: cordon %s [OPTION...]%s%s\n\n", command->name,
           command->summary, command->name, *command->operands ? " " : "", command->operands);
    for (size_t i = 0; command->options[i]; i++)
        print_option(command->options[i]);
    if (*command->details)
        printf("\n%s", command->details);
    return 0;
}

int run_help(struct cli *cli)
{
    int words;

    if (cli->operand_count) {
        const struct command *command = command_find(cli->operands, &words);

        if (command && words == cli->operand_count)
            return help_command(command);
        if (command_is_group(cli->operands[0]) && cli->operand_count == 1)
            return help_group(cli->operands[0]);
        return print_usage_error(cli, "'%s%s%s' is not a command: see 'cordon help'", cli->operands[0],
                                 cli->operand_count > 1 ? " " : "", cli->operand_count > 1 ? cli->operands[1] : "");
    }
    printf("cordon %s - what an agent may touch, enforced by the kernel\n\n", cordon_version());
    for (const struct command *command = commands; command->name; command++)
        printf("  cordon %-16s %s\n", command->name, command->summary);
    printf("\n'cordon help COMMAND' has the options.\nFirst steps: cordon doctor; in a project's "
           "directory: cordon run --tty -- bash\n");
    return 0;
}
