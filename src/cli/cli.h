/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line as tables: a command is a row, an option is a row. The parser, --help and the
 * shell completions read the same rows. Everything that Cordon does is asked of the public header.
 */
#ifndef CORDON_CLI_CLI_H
#define CORDON_CLI_CLI_H

#include <stdbool.h>
#include <stddef.h>

#include "cordon/cordon.h"

#define EXIT_USAGE   2   /* tools: bad input or usage */
#define EXIT_REFUSED 125 /* run: Cordon could not contain it, or had to end it */

struct cli {
    const struct command *command;
    struct cordon_request *request;
    bool is_json, is_tty, wants_help;
    const char *profile;   /* of --profile */
    bool may_name_command; /* a document or --set may hold process.commandLine */
    char **operands; /* what follows the options, NULL-terminated */
    int operand_count;
};

/* What an option's value is, for completion. */
enum option_value {
    VALUE_NONE = 0,
    VALUE_TEXT,
    VALUE_FILE,
    VALUE_DOCUMENT, /* a file with a name that documents have */
    VALUE_DIRECTORY,
    VALUE_PROFILE,
    VALUE_TIER,
    VALUE_MEMBER,
};

struct option {
    const char *name; /* without the dashes */
    char letter;      /* 0 = none */
    enum option_value value;
    const char *value_name; /* as --help shows it */
    const char *help;
    int (*apply)(struct cli *cli, const char *value, struct cordon_error *err);
};

struct command {
    const char *name; /* "run", "policy check" */
    const char *operands;
    const char *summary;
    const char *details; /* further lines of --help, "" for none */
    const struct option *const *options;
    int usage_status;
    int operand_max;          /* -1 = any number */
    bool has_command_operand; /* options end at the first operand */
    int (*run)(struct cli *cli); /* the exit status */
};

extern const struct command commands[]; /* ends with a row without a name */

/* option.c: 0, or -EINVAL with `err`. */
int cli_parse(struct cli *cli, char **args, struct cordon_error *err);

/* The rows that commands choose from. */
extern const struct option option_policy, option_profile, option_workspace, option_tier,
    option_timeout, option_tty, option_events, option_set, option_json, option_help;

/* help.c */
int help_command(const struct command *command);
int run_help(struct cli *cli);
int help_group(const char *word); /* "policy": list the commands that begin with it */
bool command_is_group(const char *word);
const struct command *command_find(char **args, int *ret_words);

/* members.c: each member that --set may name, with something before and after it. */
void print_members(const char *before, const char *after);

/* print.c */
int print_error(const struct cli *cli, const struct cordon_error *err, int exit_status);
int print_usage_error(const struct cli *cli, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
int print_text(const struct cli *cli, const char *text, int exit_status);

/* One function a command. */
int run_run(struct cli *cli);
int run_policy_check(struct cli *cli);
int run_policy_explain(struct cli *cli);
int run_policy_schema(struct cli *cli);
int run_policy_profiles(struct cli *cli);
int run_doctor(struct cli *cli);
int run_version(struct cli *cli);
int run_completion(struct cli *cli);

#endif
