/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon`: the table of commands, and the choice among them. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/cli.h"

static const struct option *const run_options[] = {&option_policy,
                                                   &option_profile,
                                                   &option_workspace,
                                                   &option_tier,
                                                   &option_timeout,
                                                   &option_tty,
                                                   &option_events,
                                                   &option_watch,
                                                   &option_ask,
                                                   &option_ask_timeout,
                                                   &option_ask_for,
                                                   &option_set,
                                                   &option_daemon,
                                                   &option_name,
                                                   &option_no_card,
                                                   &option_review,
                                                   &option_review_dir,
                                                   &option_json,
                                                   &option_help,
                                                   NULL};
static const struct option *const policy_options[] = {
    &option_policy, &option_profile, &option_workspace, &option_tier,
    &option_set,    &option_json,    &option_help,      NULL};
static const struct option *const lint_options[] = {
    &option_policy, &option_profile, &option_workspace, &option_set,  &option_offline, &option_threshold, &option_used, &option_used_events,
    &option_sarif,  &option_json,    &option_help,      NULL};
static const struct option *const simulate_options[] = {
    &option_policy, &option_profile, &option_workspace, &option_set, &option_recorded, &option_run,
    &option_fail_on, &option_json,   &option_help,      NULL};
static const struct option *const learn_options[] = {
    &option_from, &option_into, &option_denied_hosts, &option_learn_network, &option_learn_home, &option_changes, &option_review_dir, &option_policy,
    &option_workspace, &option_timeout, &option_tty, &option_json, &option_help, NULL};
static const struct option *const prove_options[] = {
    &option_can_read,    &option_can_write,       &option_can_reach,       &option_reads, &option_reaches,
    &option_uses_secret, &option_writable_obeyed, &option_escapes_ceiling, &option_here,  &option_workspace,
    &option_json,        &option_help,            NULL};
static const struct option *const diff_options[] = {&option_workspace, &option_fail_on_diff, &option_json, &option_help, NULL};
static const struct option *const why_options[] = {
    &option_why_self,    &option_why_path,    &option_why_read,   &option_why_list,     &option_why_write,   &option_why_create,    &option_why_delete, &option_why_execute,
    &option_why_metadata, &option_why_rename, &option_why_connect,  &option_why_program, &option_why_host,      &option_why_protocol, &option_why_syscall,
    &option_why_questions, &option_policy, &option_profile, &option_workspace, &option_tier, &option_set, &option_json, &option_help, NULL};
static const struct option *const json_options[] = {&option_json, &option_help, NULL};
static const struct option *const runs_options[] = {&option_number, &option_json, &option_help, NULL};
static const struct option *const review_options[] = {&option_diff, &option_list, &option_json, &option_help, NULL};
static const struct option *const commit_options[] = {&option_expect, &option_overwrite, &option_json, &option_help, NULL};
static const struct option *const create_options[] = {&option_name, &option_restart, &option_until, &option_policy, &option_profile, &option_workspace, &option_tier, &option_timeout,
                                                      &option_set, &option_json, &option_help, NULL};
static const struct option *const exec_options[] = {&option_timeout, &option_tty, &option_json, &option_help, NULL};
static const struct option *const update_options[] = {&option_memory, &option_cpus, &option_pids, &option_policy, &option_profile, &option_set, &option_for, &option_json, &option_help, NULL};
static const struct option *const renew_options[] = {&option_for, &option_until, &option_json, &option_help, NULL};
static const struct option *const ps_options[] = {&option_ps_all, &option_all_users, &option_quiet, &option_filter, &option_format, &option_json, &option_help, NULL};
static const struct option *const rm_options[] = {&option_rm_force, &option_json, &option_help, NULL};
static const struct option *const logs_options[] = {&option_follow_logs, &option_help, NULL};
static const struct option *const stats_options[] = {&option_no_stream, &option_json, &option_help, NULL};
static const struct option *const stop_options[] = {&option_grace, &option_json, &option_help, NULL};
static const struct option *const kill_options[] = {&option_signal, &option_json, &option_help, NULL};
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
    {"policy lint", "[FILE...]", "what is wrong with a policy, or wider than needed, and how much is open",
     "Exit status: 0 no error found, 1 errors, 4 the exposure is above --threshold, 2 usage.\n", lint_options, EXIT_USAGE, -1,
     false, run_policy_lint},
    {"policy simulate", "[FILE...]", "recorded runs against a policy: what would be decided otherwise",
     "Without --events and --run: all runs of the store.\n"
     "Exit status: 0 nothing of what --fail-on names, 1 something of it, 2 usage.\n", simulate_options, EXIT_USAGE, -1,
     false, run_policy_simulate},
    {"policy init", "[FILE]", "write the first draft of a policy, with comments",
     "Without FILE: cordon.yaml; '-' is standard output. On a terminal, without an option, it asks.\n", init_options, EXIT_USAGE, 1,
     false, run_policy_init},
    {"policy diff", "BEFORE AFTER", "what becomes possible and what impossible from one policy to another",
     "BEFORE and AFTER are documents, or profile:NAME. Only they count, not ceilings, not this machine.\n"
     "Exit status: 0 no difference, 1 only narrower, 3 something becomes possible, 4 something cannot be\n"
     "compared, 2 usage. With --fail-on wider: 0 also when it is only narrower.\n",
     diff_options, EXIT_USAGE, 2, false, run_policy_diff},
    {"policy prove", "POLICY", "is something impossible under a policy, whatever is on the machine?",
     "POLICY is a document, or profile:NAME. One question: --can-read, --can-write, --can-reach, --reads with\n"
     "--reaches, --uses-secret with --reaches, --writable-executed-outside, or --escapes-ceiling.\n"
     "Exit status: 0 it holds (impossible), 1 it is possible (and how), 3 it cannot be decided, 2 usage.\n",
     prove_options, EXIT_USAGE, 1, false, run_policy_prove},
    {"policy schema", "", "the JSON Schema of policy documents", "", no_options, EXIT_USAGE, 0,
     false, run_policy_schema},
    {"policy profiles", "[NAME]", "the built-in profiles, or the text of one", "", no_options,
     EXIT_USAGE, 1, false, run_policy_profiles},
    {"reach", "[FILE...]", "what a program under this policy can reach here, on one screen", "", policy_options, EXIT_USAGE, -1,
     false, run_reach},
    {"learn", "[[--] COMMAND [ARG...]]", "a policy from what a command does, confined, or from recorded runs",
     "Exit status: 0 a policy was written; the command's own when it failed; 2 usage, or no policy.\n", learn_options, EXIT_USAGE, -1,
     true, run_learn},
    {"why", "[RUN | ID]", "why something was refused, or would be, and the narrowest rule that allows it",
     "Without RUN and ID: what was refused in the last run, the most consequential first.\n"
     "ID is the id of one record (cordon why lists them); or ask about what is only supposed:\n"
     "  cordon why --path FILE --write      cordon why --host api.example.org:443\n", why_options, EXIT_USAGE, 1, false, run_why},
    {"runs show", "RUN", "the record of one run, in readable form",
     "RUN is an id, the beginning of one, or 'last'.\n", json_options, EXIT_USAGE, 1, false, run_runs_show},
    {"runs", "", "the recorded runs, newest first", "", runs_options, EXIT_USAGE, 0, false, run_runs},
    {"ps", "", "the containers that the daemon keeps for you", "", ps_options, EXIT_USAGE, 0, false, run_ps},
    {"create", "[[--] COMMAND [ARG...]]", "have the daemon keep a container: judged now, started later",
     "Prints its id. COMMAND is run at each start; without one the container stands and waits for exec.\n", create_options, EXIT_USAGE, -1, true, run_create},
    {"start", "NAME...", "start containers that are kept", "NAME is a container's name, its id, or the beginning of an id.\n", json_options, EXIT_USAGE, -1, false,
     run_start},
    {"exec", "NAME [--] COMMAND [ARG...]", "run a command in a container that is kept and runs",
     "Exit status: as of cordon run.\n", exec_options, EXIT_REFUSED, -1, true, run_exec},
    {"rm", "NAME...", "remove containers that are kept and do not run", "", rm_options, EXIT_USAGE, -1, false, run_rm},
    {"logs", "NAME", "what the command of a kept container wrote last", "", logs_options, EXIT_USAGE, 1, false, run_logs},
    {"stats", "[NAME]", "what a container uses now, or all that run", "On a terminal again each second.\n", stats_options, EXIT_USAGE, 1, false, run_stats},
    {"inspect", "NAME", "all that the daemon knows of a container", "", json_options, EXIT_USAGE, 1, false, run_inspect},
    {"update", "NAME...", "give running containers less, or another network",
     "Limits get less, never more. Documents take the place of those that it was started with; only what they say of the network may differ.\n"
     "With --for the network of before comes back when that time is over.\n", update_options, EXIT_USAGE, -1, false, run_update},
    {"renew", "NAME...", "let containers that end at a time (create --until) go on until another one", "--until never: they do not end by themselves any more.\n", renew_options, EXIT_USAGE,
     -1, false, run_renew},
    {"wait", "NAME...", "wait until containers have ended, and print their exit statuses", "", json_options, EXIT_USAGE, -1, false, run_wait},
    {"stop", "NAME...", "end containers in order: TERM, and KILL for what is left after a while",
     "NAME is a container's name, its id, or the beginning of an id.\n", stop_options, EXIT_USAGE, -1, false, run_stop},
    {"kill", "NAME...", "end containers at once, or send their programs a signal", "NAME is a container's name, its id, or the beginning of an id.\n",
     kill_options, EXIT_USAGE, -1, false, run_kill},
    {"freeze", "NAME...", "let nothing in containers run until they are thawed", "Only containers with a control group, as those with a limit of memory have one.\n",
     json_options, EXIT_USAGE, -1, false, run_freeze},
    {"thaw", "NAME...", "let containers run on", "", json_options, EXIT_USAGE, -1, false, run_thaw},
    {"review", "[RUN] [PATH...]", "what a reviewed run changed",
     "RUN is the newest that waits where none is named, or with 'last'.\n"
     "Exit status: 0, 1 it could not be looked at, 2 bad usage or no such run.\n",
     review_options, EXIT_USAGE, -1, false, run_review},
    {"commit", "RUN [PATH...]", "apply what a reviewed run changed, all of it or what is named",
     "RUN 'last' is the only one that waits. What was changed outside since the run began refuses the whole.\n"
     "Exit status: 0, 1 nothing was applied, or not all of it, 2 bad usage or no such run.\n",
     commit_options, EXIT_USAGE, -1, false, run_commit},
    {"discard", "RUN [PATH...]", "drop what a reviewed run changed, all of it or what is named",
     "RUN 'last' is the only one that waits.\nExit status: 0, 1 it could not be dropped, 2 bad usage or no such run.\n",
     json_options, EXIT_USAGE, -1, false, run_discard},
    {"id list", "", "who the containers are that run", "", json_options, EXIT_USAGE, 0, false, run_id_list},
    {"id show", "RUN", "who a run was, and on whose behalf", "RUN is an id, the beginning of one, or 'last'.\n", json_options, EXIT_USAGE, 1, false,
     run_id_show},
    {"id ask", "WHAT", "inside a container: what is signed for it under its own name",
     "WHAT: name, x509, svid, access, delegation, attestation, statement, bundle, bundle-pem.\n"
     "Its keys are outside and stay there. An exchange is: cordon id ask access --subject-token FILE.\n", id_ask_options, EXIT_USAGE, 1, false, run_id_ask},
    {"id bundle", "", "whom to believe about this user's containers", "", id_bundle_options, EXIT_USAGE, 0, false, run_id_bundle},
    {"id verify", "FILE|-", "does a token hold, and is its container no wider than a policy?",
     "Exit status: 0 it holds, 1 it does not, 3 it holds and its container is not within the policy, 2 usage.\n", id_verify_options, EXIT_USAGE, 1,
     false, run_id_verify},
    {"audit search", "", "records of the audit log, by who, when, what and of which kind",
     "Who acted is the log's word. Each record is compared with the log's tree before it is shown.\n", audit_search_options, EXIT_USAGE, 0,
     false, run_audit_search},
    {"audit tail", "", "the last records of the audit log, and those that come", "", audit_tail_options, EXIT_USAGE, 0, false, run_audit_tail},
    {"audit timeline", "", "what people, agents and Cordon itself did, in order and apart", "", audit_timeline_options, EXIT_USAGE, 0,
     false, run_audit_timeline},
    {"audit prove", "ID", "a proof of one record, for somebody who has no log",
     "ID is a record's, or #NUMBER. 'cordon-verify proof' checks what is printed.\n", audit_prove_options, EXIT_USAGE, 1, false, run_audit_prove},
    {"audit verify", "", "does the audit log hold together?",
     "Exit status: 0 it does, 1 it does not, 3 it could not be checked, 4 something is missing, 2 usage.\n", audit_verify_options, EXIT_USAGE, 0,
     false, run_audit_verify},
    {"audit export", "", "records for other programs, as OCSF, OTLP or CEF",
     "With --state: what came since the last time. With --url: retried, and nothing is left out.\n", audit_export_options, EXIT_USAGE, 0,
     false, run_audit_export},
    {"audit record", "[RUN]", "write recorded runs to your own audit log",
     "From then on they cannot be changed unseen. What is there already is left out.\n", audit_record_options, EXIT_USAGE, 1, false, run_audit_record},
    {"audit hold", "[NAME]", "keep records whatever their age, or list what is held", "", audit_hold_options, EXIT_USAGE, 1, false, run_audit_hold},
    {"audit retain", "[HOW-LONG]", "what is older than it has to be kept, and drop it",
     "HOW-LONG is a number of days, six-months (where it is left out), one-year, six-years, seven-years, or, with --always, forever.\n", audit_retain_options, EXIT_USAGE, 1,
     false, run_audit_retain},
    {"audit erase", "SUBJECT", "destroy the key that covers a person's arguments and paths",
     "SUBJECT is uid:NUMBER. Nobody can read them again; the log stays valid.\n", audit_erase_options, EXIT_USAGE, 1, false, run_audit_erase},
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
