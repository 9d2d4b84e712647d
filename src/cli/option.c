/* SPDX-License-Identifier: Apache-2.0 */
/* Options: one row each, and the parser that walks them. */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"

#define LETTERS_MAX 8

static int usage(struct cordon_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static int usage(struct cordon_error *err, const char *format, ...)
{
    va_list args;

    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
    return -EINVAL;
}

static int apply_policy(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->may_name_command = cli->has_documents = true;
    return cordon_request_add_policy_file(cli->request, value, err);
}

static int apply_profile(struct cli *cli, const char *value, struct cordon_error *err)
{
    if (cli->profile)
        return usage(err, "--profile %s and --profile %s: a document can have both: extends: [%s, %s]", cli->profile, value,
                     cli->profile, value);
    cli->profile = value;
    cli->has_documents = true;
    return cordon_request_set_profile(cli->request, value, err);
}

static int apply_workspace(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->workspace = value;
    return cordon_request_set_workspace(cli->request, value, err);
}

static int apply_tier(struct cli *cli, const char *value, struct cordon_error *err)
{
    return cordon_request_set_tier(cli->request, value, err);
}

static int apply_timeout(struct cli *cli, const char *value, struct cordon_error *err)
{
    uint64_t ms;

    if (cordon_parse_duration(value, &ms, err) < 0)
        return -EINVAL;
    if (ms == 0)
        return usage(err, "--timeout 0: leave it out for no limit");
    return cordon_request_set_timeout_ms(cli->request, ms, err);
}

static int apply_tty(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->is_tty = true;
    return 0;
}

static int apply_events(struct cli *cli, const char *value, struct cordon_error *err)
{
    char *end;
    long fd;

    if (strncmp(value, "fd:", 3) != 0)
        return cordon_request_set_events_file(cli->request, value, err);
    errno = 0;
    fd = strtol(value + 3, &end, 10);
    if (value[3] < '0' || value[3] > '9' || *end || errno || fd > 1023)
        return usage(err, "--events %s: write fd:N with N in 0..1023, or a file", value);
    return cordon_request_set_events_fd(cli->request, (int)fd, err);
}

static int apply_set(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->may_name_command = cli->has_documents = true;
    return cordon_request_set_member(cli->request, value, err);
}

static int apply_watch(struct cli *cli, const char *value, struct cordon_error *err)
{
    static const struct {
        const char *word;
        enum cordon_watch watch;
    } words[] = {{"refused", CORDON_WATCH_REFUSED}, {"hidden", CORDON_WATCH_HIDDEN}, {"full", CORDON_WATCH_FULL}};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(value, words[i].word) == 0)
            return cordon_request_set_watch(cli->request, words[i].watch, err);
    return usage(err, "--watch %s: write refused, hidden or full", value);
}

static int apply_json(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->is_json = true;
    return 0;
}

static int apply_help(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->wants_help = true;
    return 0;
}

const struct option option_watch = {"watch", 0, VALUE_TEXT, "WHAT",
                                    "what is recorded: refused (the default); hidden: what it looks for in vain, too; full: all that it uses",
                                    apply_watch};
const struct option option_policy = {
    "policy", 'p', VALUE_DOCUMENT, "FILE", "a policy document; several intersect", apply_policy};
static int apply_daemon(struct cli *cli, const char *value, struct cordon_error *err)
{
    return cordon_request_set_daemon(cli->request, value, err);
}

const struct option option_profile = {
    "profile",    0, VALUE_PROFILE, "NAME", "a built-in profile in place of a document",
    apply_profile};
const struct option option_workspace = {
    "workspace",
    'w',
    VALUE_DIRECTORY,
    "DIR",
    "what ${workspace} stands for (default: the current directory)",
    apply_workspace};
const struct option option_tier = {
    "tier", 0, VALUE_TIER, "TIER", "auto, process, container, microvm or instance", apply_tier};
const struct option option_timeout = {
    "timeout",    't', VALUE_TEXT, "DURATION", "end it after this long (300ms, 30s, 5m, 2h)",
    apply_timeout};
const struct option option_tty = {
    "tty", 0, VALUE_NONE, NULL, "give the program a terminal of its own", apply_tty};
const struct option option_events = {
    "events", 0, VALUE_FILE, "FILE|fd:N", "append events as JSON Lines there as well", apply_events};
const struct option option_daemon = {"daemon", 0, VALUE_DAEMON, "WHEN", "never, available or required: let cordond run it", apply_daemon};
const struct option option_set = {"set",
                                  0,
                                  VALUE_MEMBER,
                                  "MEMBER=VALUE",
                                  "set a member of the policy (resources.memory=512MiB)",
                                  apply_set};
const struct option option_json = {"json",    0, VALUE_NONE, NULL, "output and errors as JSON",
                                   apply_json};
const struct option option_help = {"help", 'h', VALUE_NONE, NULL, "print this", apply_help};

static int apply_review(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->is_reviewed = true;
    return cordon_request_set_review(cli->request, value, err);
}

static int apply_list(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->lists = true;
    return 0;
}

static int apply_diff(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->is_diff = true;
    return 0;
}

static int apply_overwrite(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->is_overwriting = true;
    return 0;
}

static int apply_expect(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->expected = value;
    return 0;
}

const struct option option_review = {"review", 0, VALUE_NONE, NULL,
                                     "keep changes apart until they are committed", apply_review};
const struct option option_review_dir = {"review-dir", 0, VALUE_DIRECTORY, "DIR",
                                         "the same, and where to keep them", apply_review};
const struct option option_list = {"list", 0, VALUE_NONE, NULL, "the runs that wait", apply_list};
const struct option option_diff = {"diff", 0, VALUE_NONE, NULL, "contents instead of names", apply_diff};
const struct option option_expect = {"expect", 0, VALUE_TEXT, "DIGEST", "apply nothing unless it is what `cordon review` showed", apply_expect};
const struct option option_overwrite = {"force", 0, VALUE_NONE, NULL, "overwrite the named paths also where they were changed outside",
                                    apply_overwrite};

/* Row of "--name", "--name=value" or "-x"; *ret_value is what follows '=', else NULL. */
static const struct option *option_find(const struct command *command, const char *arg,
                                        const char **ret_value)
{
    const char *name = arg + 2, *equals = strchr(arg, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);

    *ret_value = NULL;
    for (size_t i = 0; command->options[i]; i++) {
        const struct option *option = command->options[i];

        if (arg[1] != '-' && arg[1] == option->letter && !arg[2])
            return option;
        if (arg[1] == '-' && strlen(option->name) == length &&
            strncmp(option->name, name, length) == 0) {
            *ret_value = equals ? equals + 1 : NULL;
            return option;
        }
    }
    return NULL;
}

/* How many arguments the option took, or -EINVAL. */
static int cli_parse_option(struct cli *cli, char **args, struct cordon_error *err)
{
    const char *value;
    const struct option *option = option_find(cli->command, args[0], &value);
    int status, taken = 1;

    if (!option)
        return usage(err, "'%s' is not an option of 'cordon %s': see 'cordon help %s'", args[0],
                     cli->command->name, cli->command->name);
    if (option->value == VALUE_NONE && value)
        return usage(err, "--%s takes no value", option->name);
    if (option->value != VALUE_NONE && !value) {
        value = args[1];
        taken = 2;
        if (!value)
            return usage(err, "--%s needs a value: --%s %s", option->name, option->name,
                         option->value_name);
    }
    status = option->apply(cli, value, err);
    return status < 0 ? status : taken;
}

/* "-aq": letters of options without a value, all of them or none. How many there are, 0 = that is none of these. */
static int letters_find(const struct command *command, const char *arg, const struct option *ret_options[LETTERS_MAX])
{
    int count = 0;

    if (arg[1] == '-' || !arg[1] || !arg[2])
        return 0;
    for (const char *letter = arg + 1; *letter; letter++) {
        const struct option *found = NULL;

        for (size_t i = 0; command->options[i]; i++)
            if (command->options[i]->letter == *letter && command->options[i]->value == VALUE_NONE)
                found = command->options[i];
        if (!found || count == LETTERS_MAX)
            return 0;
        ret_options[count++] = found;
    }
    return count;
}

static int cli_parse_letters(struct cli *cli, char **args, struct cordon_error *err)
{
    const struct option *options[LETTERS_MAX];
    int count = letters_find(cli->command, args[0], options), status = 0;

    if (!count)
        return cli_parse_option(cli, args, err);
    for (int i = 0; status == 0 && i < count; i++)
        status = options[i]->apply(cli, NULL, err);
    return status < 0 ? status : 1;
}

int cli_parse(struct cli *cli, char **args, struct cordon_error *err)
{
    char **kept = args; /* operands are moved to the front of what was read */

    cli->operands = args;
    for (int at = 0; args[at];) {
        int taken;

        if (strcmp(args[at], "--") == 0 ||
            (cli->command->has_command_operand && args[at][0] != '-')) {
            at += strcmp(args[at], "--") == 0;
            while (args[at])
                *kept++ = args[at++];
            break;
        }
        if (args[at][0] != '-' || !args[at][1]) {
            *kept++ = args[at++];
            continue;
        }
        taken = cli_parse_letters(cli, args + at, err);
        if (taken < 0)
            return taken;
        at += taken;
    }
    *kept = NULL;
    cli->operand_count = (int)(kept - cli->operands);
    if (cli->command->operand_max >= 0 && cli->operand_count > cli->command->operand_max)
        return usage(err, "'%s' is one argument too many: cordon %s%s%s",
                     cli->operands[cli->command->operand_max], cli->command->name,
                     *cli->command->operands ? " " : "", cli->command->operands);
    return 0;
}
