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

#define CLI_RUNS_MAX 64
#define CLI_HOSTS_MAX 64

#define CLI_HEADERS_MAX 16
#define CLI_LIMITS_MAX  3
#define CLI_FILTERS_MAX 16

#define CLI_USED_MAX 64 /* files of policy lint --events */

/* What becomes of what a command changes that is learned from. */
enum changes { CHANGES_KEEP = 0, CHANGES_DISCARD, CHANGES_DIRECT };

struct cli {
    const struct command *command;
    struct cordon_request *request;
    bool is_json, is_tty, wants_help;
    bool is_quiet; /* ps */
    bool is_of_all_users;
    bool is_reviewed, lists, is_diff, is_overwriting;
    bool has_changes; /* of what print_review() told */
    const char *expected; /* commit: a digest */
    bool is_sarif, is_offline, has_threshold; /* policy lint */
    unsigned threshold_tenths;
    bool wants_runs; /* policy lint --used */
    const char *used_events[CLI_USED_MAX + 1]; /* ends with NULL */
    size_t used_count;
    bool asks;             /* run: --ask */
    uint64_t ask_ms;       /* of --ask-timeout */
    uint64_t ask_for_ms;   /* of --ask-for; 0 = an hour */
    const char *ask_for;   /* the same, as it was written */
    bool has_no_card;
    const char *runs[CLI_RUNS_MAX + 1]; /* learn: of --from, NULL-terminated */
    const char *into;                   /* learn */
    bool takes_denied_hosts, records_hosts, reads_home; /* learn */
    enum changes changes;               /* learn */
    const char *hosts[CLI_HOSTS_MAX + 1]; /* learn: of --network host:NAME */
    char run_id[32];                    /* of what run_contained() ran; "" = it was not started */
    const char *target;    /* exec: in which container; NULL = in one of its own */
    int signal_number;     /* kill: 0 = KILL */
    char *limits[CLI_LIMITS_MAX + 1]; /* update: "resources.memory=...", ends with NULL */
    int limit_count;
    bool has_documents;    /* --policy, --profile or --set */
    const char *filters[CLI_FILTERS_MAX + 1]; /* ps, NULL-terminated */
    int filter_count;
    bool is_once;          /* stats */
    const char *line;      /* ps: --format */
    const char *until;     /* create, renew, update */
    bool has_grace;        /* stop */
    uint64_t grace_ms;
    struct cordon_audit_query audit;   /* audit */
    struct cordon_audit_export audit_export;
    const char *headers[CLI_HEADERS_MAX + 1]; /* of --header, NULL-terminated */
    bool follows, releases, applies, is_always;
    size_t number;         /* runs: --number, 0 = the default */
    struct init *init; /* policy init */
    bool is_forced;
    const char *profile;   /* of --profile */
    const char *workspace; /* of --workspace */
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
    VALUE_DAEMON,
    VALUE_MEMBER,
    VALUE_RUN, /* an id, or "last" */
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
extern const struct option option_watch, option_policy, option_profile, option_workspace, option_tier,
    option_timeout, option_tty, option_events, option_daemon, option_set, option_json, option_help;
extern const struct option option_review, option_review_dir, option_list, option_diff, option_overwrite, option_expect;

/* containers.c */
extern const struct option option_signal, option_grace, option_name, option_restart, option_rm_force, option_quiet, option_ps_all, option_all_users, option_until, option_for, option_memory, option_cpus, option_pids, option_filter, option_format, option_follow_logs, option_no_stream;
int run_ps(struct cli *cli);
int run_stop(struct cli *cli);
int run_kill(struct cli *cli);
int run_freeze(struct cli *cli);
int run_thaw(struct cli *cli);
int run_create(struct cli *cli);
int run_start(struct cli *cli);
int run_rm(struct cli *cli);
int run_logs(struct cli *cli);
int run_stats(struct cli *cli);
int run_inspect(struct cli *cli);
int run_update(struct cli *cli);
int run_renew(struct cli *cli);
int run_wait(struct cli *cli);

/* reach.c: the card before a first run, on a terminal */
extern const struct option option_no_card;
void print_card(struct cli *cli);
int run_reach(struct cli *cli);

/* init.c */
extern const struct option *const init_options[];
int run_policy_init(struct cli *cli);
int make_parent(const char *path, struct cordon_error *err); /* for learn.c as well */

/* lint.c */
extern const struct option option_sarif, option_offline, option_threshold, option_used, option_used_events;

/* simulate.c */
extern const struct option option_recorded, option_run, option_fail_on;
/* learn.c */
extern const struct option option_from, option_into, option_denied_hosts, option_learn_network, option_learn_home, option_changes;
/* id.c */
extern const struct option *const id_ask_options[], *const id_verify_options[], *const id_bundle_options[];
int run_id_list(struct cli *cli);
int run_id_show(struct cli *cli);
int run_id_ask(struct cli *cli);
int run_id_bundle(struct cli *cli);
int run_id_verify(struct cli *cli);

/* runs.c */
extern const struct option option_number;
/* policy_prove.c */
extern const struct option option_can_read, option_can_write, option_can_reach, option_reads, option_reaches, option_uses_secret,
    option_writable_obeyed, option_escapes_ceiling, option_here;
/* policy_diff.c */
extern const struct option option_fail_on_diff;

/* why.c */
extern const struct option option_why_self, option_why_path, option_why_read, option_why_list, option_why_write, option_why_create, option_why_delete, option_why_execute,
    option_why_metadata, option_why_rename, option_why_connect, option_why_program, option_why_host, option_why_protocol, option_why_syscall, option_why_questions;
int run_why(struct cli *cli);

/* audit.c */
extern const struct option *const audit_search_options[], *const audit_tail_options[], *const audit_timeline_options[], *const audit_export_options[],
    *const audit_prove_options[], *const audit_verify_options[], *const audit_hold_options[], *const audit_retain_options[], *const audit_erase_options[],
    *const audit_record_options[];
int run_audit_search(struct cli *cli);
int run_audit_tail(struct cli *cli);
int run_audit_timeline(struct cli *cli);
int run_audit_export(struct cli *cli);
int run_audit_prove(struct cli *cli);
int run_audit_verify(struct cli *cli);
int run_audit_hold(struct cli *cli);
int run_audit_retain(struct cli *cli);
int run_audit_erase(struct cli *cli);
int run_audit_record(struct cli *cli);

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
int run_policy_diff(struct cli *cli);
int run_policy_prove(struct cli *cli);
int run_policy_lint(struct cli *cli);
int run_policy_simulate(struct cli *cli);
int run_policy_schema(struct cli *cli);
int run_policy_profiles(struct cli *cli);
int run_learn(struct cli *cli);
int run_exec(struct cli *cli);
int run_contained(struct cli *cli); /* run.c: what `cordon run` does with a request that is complete */
int run_runs(struct cli *cli);
int run_runs_show(struct cli *cli);
int run_doctor(struct cli *cli);
int run_review(struct cli *cli);
int run_commit(struct cli *cli);
int run_discard(struct cli *cli);

/* review.c, for run.c and learn.c */
void print_review(struct cli *cli, const struct cordon_container *container);
int forget_review(const struct cli *cli, const char *run); /* drops what it changed: an exit status */
void print_review_pending(const struct cli *cli);

int run_version(struct cli *cli);
int run_completion(struct cli *cli);

#endif
