/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon`: the table of commands, and the choice among them. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli.h"

static const struct option *const run_options[] = {&option_policy,
                                                   &option_profile,
                                                   &option_workspace,
                                                   &option_tier,
                                                   &option_timeout,
                                                   &option_tty,
                                                   &option_events,
                                                   &option_set,
                                                   &option_json,
                                                   &option_help,
                                                   NULL};
static const struct option *const policy_options[] = {
    &option_policy, &option_profile, &option_workspace, &option_tier,
    &option_set,    &option_json,    &option_help,      NULL};
static const struct option *const json_options[] = {&option_json, &option_help, NULL};
static const struct option *const no_options[] = {&option_help, NULL};

const struct command commands[] = {
    {"run", "[--] COMMAND [ARG...]", "run a command contained by a policy",
     "Without --policy: profile 'coding-agent', the current directory as workspace.\n"
     "Exit status: the program's own; 128+n when signal n ended it; 124 when a time limit did;\n"
     "125 when Cordon could not contain it or had to end it; 126 not executable; 127 not found.\n"
     "TERM, INT, HUP, QUIT, USR1 and USR2 are passed on; a third INT within two seconds ends\n"
     "everything at once.\n",
     run_options, EXIT_REFUSED, -1, true, run_run},
    {"policy check", "[FILE...]", "would this policy be enforced here, in full?",
     "Exit status: 0 enforceable here, 1 invalid, 3 valid but not enforceable here, 2 unknown.\n",
     policy_options, EXIT_USAGE, -1, false, run_policy_check},
    {"policy explain", "[FILE...]", "every rule, its origin and what enforces it here", "",
     policy_options, EXIT_USAGE, -1, false, run_policy_explain},
    {"policy schema", "", "the JSON Schema of policy documents", "", no_options, EXIT_USAGE, 0,
     false, run_policy_schema},
    {"policy profiles", "[NAME]", "the built-in profiles, or the text of one", "", no_options,
     EXIT_USAGE, 1, false, run_policy_profiles},
    {"doctor", "", "what this machine can do, and how to mend what it cannot",
     "Exit status: 0 full containment, 1 partial, 2 nothing can be contained.\n", json_options,
     EXIT_USAGE, 0, false, run_doctor},
    {"version", "", "print the version", "", no_options, EXIT_USAGE, 0, false, run_version},
    {"help", "[COMMAND]", "print this, or the help of a command", "", no_options, EXIT_USAGE, 2,
     false, run_help},
    {"completion", "bash|zsh|fish", "print a shell's completion script", "", no_options, EXIT_USAGE,
     1, false, run_completion},
    {0},
};

/* cordon --help and cordon --version read like every other program's. */
static void rewrite_global_options(char **args)
{
    static char help[] = "help", version[] = "version";

    if (strcmp(args[0], "--help") == 0 || strcmp(args[0], "-h") == 0)
        args[0] = help;
    else if (strcmp(args[0], "--version") == 0 || strcmp(args[0], "-V") == 0)
        args[0] = version;
}

/* Nothing that is opened here may get the number of a standard stream that the caller closed. */
static void fill_standard_streams(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

/* The second word of a command of two, alone: "explain" */
static const char *command_by_second_word(const char *word)
{
    for (const struct command *command = commands; command->name; command++) {
        const char *space = strchr(command->name, ' ');

        if (space && strcmp(space + 1, word) == 0)
            return command->name;
    }
    return NULL;
}

static int refuse_command(const struct cli *cli, char **args)
{
    const char *meant = command_by_second_word(args[0]);

    if (meant)
        return print_usage_error(cli, "'%s' is not a command: write 'cordon %s'", args[0], meant);
    if (command_is_group(args[0]) && args[1] && (strcmp(args[1], "--help") == 0 || strcmp(args[1], "-h") == 0))
        return help_group(args[0]);
    if (!command_is_group(args[0]))
        return print_usage_error(cli, "'%s' is not a command: see 'cordon help'", args[0]);
    if (args[1])
        return print_usage_error(cli, "'%s %s' is not a command: see 'cordon help %s'", args[0],
                                 args[1], args[0]);
    help_group(args[0]);
    return EXIT_USAGE;
}

int main(int argc, char **argv)
{
    struct cli cli = {0};
    struct cordon_error err = {0};
    int words = 0, status;

    fill_standard_streams();
    if (argc < 2) {
        run_help(&cli);
        return EXIT_USAGE;
    }
    rewrite_global_options(argv + 1);
    cli.command = command_find(argv + 1, &words);
    if (!cli.command)
        return refuse_command(&cli, argv + 1);
    if (cordon_request_new(&cli.request, &err) < 0)
        return print_error(&cli, &err, cli.command->usage_status);
    if (cli_parse(&cli, argv + 1 + words, &err) < 0)
        status = print_error(&cli, &err, cli.command->usage_status);
    else if (cli.wants_help)
        status = help_command(cli.command);
    else
        status = cli.command->run(&cli);
    cordon_request_free(cli.request);
    return status;
}
