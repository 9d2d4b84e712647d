/* SPDX-License-Identifier: Apache-2.0 */
/* Completion scripts for bash, zsh and fish, from the tables. */
#include <stdio.h>
#include <string.h>

#include "cli/cli.h"

/* First words of commands, each once, separated by blanks. */
static void print_words(const char *first)
{
    const char *last = "";

    for (const struct command *command = commands; command->name; command++) {
        const char *space = strchr(command->name, ' ');
        size_t length = space ? (size_t)(space - command->name) : strlen(command->name);

        if (command->is_hidden)
            continue;
        if (first) {
            if (space && strlen(first) == length && strncmp(first, command->name, length) == 0)
                printf("%s ", space + 1);
        } else if (strlen(last) < length || strncmp(last, command->name, length) != 0) {
            printf("%.*s ", (int)length, command->name);
        }
        last = command->name;
    }
}

static void print_options(const struct command *command)
{
    for (size_t i = 0; command->options[i]; i++)
        printf("--%s ", command->options[i]->name);
}

/* bash: the words before the cursor choose a row. */
static void print_bash(void)
{
    printf("_cordon() {\n"
           "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]}\n"
           "    local key=${COMP_WORDS[1]}\n"
           "    [[ $key == policy && $COMP_CWORD -gt 2 ]] && key=\"policy ${COMP_WORDS[2]}\"\n"
           "    case $prev in\n"
           "    --policy|-p|--events) COMPREPLY=($(compgen -f -- \"$cur\")); return;;\n"
           "    --workspace|-w) COMPREPLY=($(compgen -d -- \"$cur\")); return;;\n"
           "    --profile) COMPREPLY=($(compgen -W \"$(cordon policy profiles)\" -- \"$cur\")); "
           "return;;\n"
           "    esac\n"
           "    if [[ $COMP_CWORD -eq 1 ]]; then COMPREPLY=($(compgen -W \"");
    print_words(NULL);
    printf("\" -- \"$cur\")); return; fi\n"
           "    if [[ $key == policy ]]; then COMPREPLY=($(compgen -W \"");
    print_words("policy");
    printf("\" -- \"$cur\")); return; fi\n"
           "    case $key in\n");
    for (const struct command *command = commands; command->name; command++) {
        printf("    '%s') COMPREPLY=($(compgen -W \"", command->name);
        print_options(command);
        printf("\" %s-- \"$cur\"));;\n", command->has_command_operand ? "-c "
                                         : command->operand_max < 0   ? "-f "
                                                                      : "");
    }
    printf("    esac\n}\ncomplete -o filenames -F _cordon cordon\n");
}

static void print_zsh_option(const struct option *option)
{
    static const char *const actions[] = {[VALUE_TEXT] = "",
                                          [VALUE_FILE] = "_files",
                                          [VALUE_DIRECTORY] = "_files -/",
                                          [VALUE_PROFILE] = "($(cordon policy profiles))"};

    printf(" '%s--%s%s[%s]", option->value == VALUE_NONE ? "" : "*", option->name,
           option->value == VALUE_NONE ? "" : "=", option->help);
    if (option->value != VALUE_NONE)
        printf(":%s:%s", option->value_name, actions[option->value]);
    printf("'");
}

static void print_zsh(void)
{
    printf("#compdef cordon\n"
           "local key=$words[2]\n"
           "[[ $key == policy ]] && (( CURRENT > 3 )) && key=\"policy $words[3]\"\n"
           "if (( CURRENT == 2 )); then compadd ");
    print_words(NULL);
    printf("; return; fi\nif [[ $key == policy ]]; then compadd ");
    print_words("policy");
    printf("; return; fi\ncase $key in\n");
    for (const struct command *command = commands; command->name; command++) {
        printf("'%s') _arguments", command->name);
        for (size_t i = 0; command->options[i]; i++)
            print_zsh_option(command->options[i]);
        if (command->has_command_operand)
            printf(" '*::command:_normal'");
        else if (command->operand_max < 0)
            printf(" '*:file:_files'");
        printf(";;\n");
    }
    printf("esac\n");
}

static void print_fish_option(const struct command *command, const struct option *option)
{
    const char *second = strchr(command->name, ' ');

    printf("complete -c cordon -n '__fish_seen_subcommand_from %s' -l %s -d '%s'",
           second ? second + 1 : command->name, option->name, option->help);
    if (option->letter)
        printf(" -s %c", option->letter);
    if (option->value == VALUE_PROFILE)
        printf(" -x -a '(cordon policy profiles)'");
    else if (option->value == VALUE_TEXT)
        printf(" -x");
    else if (option->value != VALUE_NONE)
        printf(" -r -F");
    printf("\n");
}

static void print_fish(void)
{
    printf("complete -c cordon -f\ncomplete -c cordon -n __fish_use_subcommand -a '");
    print_words(NULL);
    printf("'\ncomplete -c cordon -n '__fish_seen_subcommand_from policy' -a '");
    print_words("policy");
    printf("'\n");
    for (const struct command *command = commands; command->name; command++)
        for (size_t i = 0; !command->is_hidden && command->options[i]; i++)
            print_fish_option(command, command->options[i]);
}

int run_completion(struct cli *cli)
{
    static const struct {
        const char *name;
        void (*print)(void);
    } shells[] = {{"bash", print_bash}, {"zsh", print_zsh}, {"fish", print_fish}};

    for (size_t i = 0; cli->operand_count && i < sizeof(shells) / sizeof(shells[0]); i++)
        if (strcmp(cli->operands[0], shells[i].name) == 0) {
            shells[i].print();
            return print_text(cli, "", 0);
        }
    return print_usage_error(cli, "name a shell: cordon completion bash|zsh|fish");
}
