/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon audit`: what the log of this machine, or of this user, has; how long it keeps it; what is proved of it. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

static int usage(struct cordon_error *err, const char *option, const char *value, const char *what)
{
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "--%s %.80s: %s", option, value, what);
    return -EINVAL;
}

/* "2h": so long ago; "2026-11-23", "2026-11-23T08:00", "2026-11-23T08:00:00Z": then, UTC. */
static int parse_time(const char *option, const char *value, uint64_t *ret_ms, struct cordon_error *err)
{
    static const char *const forms[] = {"%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%MZ", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%dT%H:%M:%SZ"};
    struct cordon_error none;
    uint64_t ago_ms, now_ms = (uint64_t)time(NULL) * 1000;

    for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
        struct tm tm = {0};
        const char *end = strptime(value, forms[i], &tm);

        if (end && !*end) {
            *ret_ms = (uint64_t)timegm(&tm) * 1000;
            return 0;
        }
    }
    if (cordon_parse_duration(value, &ago_ms, &none) < 0)
        return usage(err, option, value, "write a time (2026-11-23T08:00Z) or how long ago (30m, 2h)");
    *ret_ms = ago_ms < now_ms ? now_ms - ago_ms : 1;
    return 0;
}

static int parse_number(const char *option, const char *value, uint64_t *ret_number, struct cordon_error *err)
{
    char *end;

    errno = 0;
    *ret_number = strtoull(value + (*value == '#'), &end, 10);
    return errno || *end || end == value || *value == '-' ? usage(err, option, value, "write a number") : 0;
}

#define TEXT_OPTION(name, member)                                                        \
    static int apply_##name(struct cli *cli, const char *value, struct cordon_error *err) \
    {                                                                                    \
        (void)err;                                                                       \
        cli->member = value;                                                             \
        return 0;                                                                        \
    }
TEXT_OPTION(log, audit.log)
TEXT_OPTION(key, audit.key)
TEXT_OPTION(actor, audit.actor)
TEXT_OPTION(agent, audit.agent)
TEXT_OPTION(user, audit.user)
TEXT_OPTION(kind, audit.kind)
TEXT_OPTION(object, audit.object)
TEXT_OPTION(run_id, audit.run)
TEXT_OPTION(form, audit_export.form)
TEXT_OPTION(url, audit_export.url)
TEXT_OPTION(state, audit_export.state)
TEXT_OPTION(authorities, audit_export.authorities)

static int apply_since(struct cli *cli, const char *value, struct cordon_error *err)
{
    return parse_time("since", value, &cli->audit.since_ms, err);
}

static int apply_before(struct cli *cli, const char *value, struct cordon_error *err)
{
    return parse_time("before", value, &cli->audit.before_ms, err);
}

static int apply_first(struct cli *cli, const char *value, struct cordon_error *err)
{
    return parse_number("first", value, &cli->audit.first, err);
}

static int apply_limit(struct cli *cli, const char *value, struct cordon_error *err)
{
    return parse_number("number", value, &cli->audit.limit, err);
}

static int apply_follow(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    return cli->follows = true, 0;
}

static int apply_all(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    return cli->audit.reads_all = 1, 0;
}

static int apply_release(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    return cli->releases = true, 0;
}

static int apply_always(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    return cli->is_always = true, 0;
}

static int apply_apply(struct cli *cli, const char *value, struct cordon_error *err)
{
    (void)value;
    (void)err;
    return cli->applies = true, 0;
}

static int apply_header(struct cli *cli, const char *value, struct cordon_error *err)
{
    for (size_t i = 0; i < CLI_HEADERS_MAX; i++) {
        if (cli->headers[i])
            continue;
        cli->headers[i] = value;
        return 0;
    }
    return usage(err, "header", value, "too many");
}

static const struct option option_log = {"log", 0, VALUE_DIRECTORY, "DIRECTORY", "the log (your own, else the machine's)", apply_log};
static const struct option option_key = {"key", 0, VALUE_TEXT, "KEY", "the log's verifier key (that of DIRECTORY/key.pub)", apply_key};
static const struct option option_actor = {"actor", 0, VALUE_TEXT, "KIND", "agent, human, system or delegated-human", apply_actor};
static const struct option option_agent = {"agent", 0, VALUE_TEXT, "NAME", "a SPIFFE ID and all within it, a class, or an instance", apply_agent};
static const struct option option_user = {"user", 0, VALUE_TEXT, "USER", "a person, by uid or name: who, or on whose behalf", apply_user};
static const struct option option_kind = {"kind", 0, VALUE_TEXT, "TYPE", "a type of record (access.denied), or its first half (access)", apply_kind};
static const struct option option_object = {"object", 0, VALUE_FILE, "NAME", "a path and all below it, a host, a name; * ? [ make a pattern", apply_object};
static const struct option option_audit_run = {"run", 0, VALUE_RUN, "RUN", "of this run", apply_run_id};
static const struct option option_since = {"since", 0, VALUE_TEXT, "TIME", "from this time on: 2026-11-23T08:00Z, or 2h ago", apply_since};
static const struct option option_before = {"before", 0, VALUE_TEXT, "TIME", "before this time", apply_before};
static const struct option option_first = {"first", 0, VALUE_TEXT, "N", "from record N of the log on", apply_first};
static const struct option option_limit = {"number", 'n', VALUE_TEXT, "N", "at most so many", apply_limit};
static const struct option option_all = {"no-index", 0, VALUE_NONE, NULL, "read the whole log", apply_all};
static const struct option option_follow = {"follow", 'f', VALUE_NONE, NULL, "then those that come", apply_follow};
static const struct option option_form = {"format", 0, VALUE_TEXT, "FORM", "ocsf (JSON Lines), otlp or cef", apply_form};
static const struct option option_url = {"url", 0, VALUE_TEXT, "URL", "otlp: send to this collector (http://host:4318/v1/logs)", apply_url};
static const struct option option_header = {"header", 0, VALUE_TEXT, "LINE", "a header for the collector, 'Name: value', repeatable", apply_header};
static const struct option option_state = {"state", 0, VALUE_FILE, "FILE", "go on where the last export with it was", apply_state};
static const struct option option_authorities = {"authorities", 0, VALUE_FILE, "FILE", "certificates for the collector's (the host's)", apply_authorities};
static const struct option option_release = {"release", 0, VALUE_NONE, NULL, "the hold ends", apply_release};
static const struct option option_always = {"always", 0, VALUE_NONE, NULL, "from now on the daemon's logger drops it by itself (forever: nothing)", apply_always};
static const struct option option_apply = {"apply", 0, VALUE_NONE, NULL, "drop what is older and not held", apply_apply};

#define WHICH &option_actor, &option_agent, &option_user, &option_kind, &option_object, &option_audit_run, &option_since, &option_before, &option_first
#define WHERE &option_log, &option_key

const struct option *const audit_search_options[] = {WHICH, &option_limit, &option_all, WHERE, &option_json, &option_help, NULL};
const struct option *const audit_tail_options[] = {WHICH, &option_limit, &option_follow, WHERE, &option_json, &option_help, NULL};
const struct option *const audit_timeline_options[] = {WHICH, &option_all, WHERE, &option_json, &option_help, NULL};
const struct option *const audit_export_options[] = {WHICH, &option_limit, &option_form, &option_url, &option_header, &option_state, &option_authorities, WHERE, &option_help, NULL};
const struct option *const audit_prove_options[] = {WHERE, &option_help, NULL};
const struct option *const audit_verify_options[] = {WHERE, &option_json, &option_help, NULL};
const struct option *const audit_hold_options[] = {&option_first, &option_release, &option_log, &option_json, &option_help, NULL};
const struct option *const audit_retain_options[] = {&option_apply, &option_always, WHERE, &option_json, &option_help, NULL};
const struct option *const audit_erase_options[] = {&option_log, &option_json, &option_help, NULL};
const struct option *const audit_record_options[] = {&option_json, &option_help, NULL};

/* To standard output as it comes; whoever has read enough ends it, also while nothing comes. */
static int print_part(void *context, const char *text, size_t size)
{
    struct pollfd out = {.fd = STDOUT_FILENO};

    (void)context;
    if (!size)
        return poll(&out, 1, 0) > 0 && out.revents & (POLLERR | POLLNVAL);
    return fwrite(text, 1, size, stdout) != size || fflush(stdout) != 0;
}

static int finish(struct cli *cli, int result, const struct cordon_error *err)
{
    if (result < 0)
        return print_error(cli, err, EXIT_USAGE);
    return ferror(stdout) && errno != EPIPE ? print_text(cli, "", EXIT_USAGE) : EXIT_SUCCESS;
}

static int finish_text(struct cli *cli, int result, char *text, const struct cordon_error *err)
{
    int status = result < 0 ? print_error(cli, err, EXIT_USAGE) : print_text(cli, text, 0);

    cordon_string_free(text);
    return status;
}

static enum cordon_format format_of(const struct cli *cli)
{
    return cli->is_json ? CORDON_JSON : CORDON_TEXT;
}

int run_audit_search(struct cli *cli)
{
    struct cordon_error err = {0};

    return finish(cli, cordon_audit_search(&cli->audit, format_of(cli), print_part, NULL, &err), &err);
}

int run_audit_tail(struct cli *cli)
{
    struct cordon_error err = {0};

    return finish(cli, cordon_audit_tail(&cli->audit, cli->follows, format_of(cli), print_part, NULL, &err), &err);
}

int run_audit_timeline(struct cli *cli)
{
    struct cordon_error err = {0};

    return finish(cli, cordon_audit_timeline(&cli->audit, format_of(cli), print_part, NULL, &err), &err);
}

int run_audit_export(struct cli *cli)
{
    struct cordon_error err = {0};

    cli->audit_export.headers = cli->headers;
    return finish(cli, cordon_audit_export(&cli->audit, &cli->audit_export, print_part, NULL, &err), &err);
}

int run_audit_prove(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;

    if (!cli->operand_count)
        return print_usage_error(cli, "no record: cordon audit prove ID; 'cordon audit search' shows #NUMBER, and with --json the id");
    int result = cordon_audit_prove(&cli->audit, cli->operands[0], &text, &err);

    return finish_text(cli, result, text, &err);
}

int run_audit_verify(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int verdict = 0, result = cordon_audit_verify(&cli->audit, format_of(cli), &text, &verdict, &err);
    int status = finish_text(cli, result, text, &err);

    return result < 0 || status ? status : verdict;
}

int run_audit_hold(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int result = cordon_audit_hold(&cli->audit, cli->operand_count ? cli->operands[0] : NULL, cli->releases, format_of(cli), &text, &err);

    return finish_text(cli, result, text, &err);
}

int run_audit_retain(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    const char *how_long = cli->operand_count ? cli->operands[0] : NULL;
    int result;

    if (cli->is_always && cli->applies)
        return print_usage_error(cli, "--always and --apply: one of them");
    result = cli->is_always ? cordon_audit_retain_always(&cli->audit, how_long, format_of(cli), &text, &err)
                            : cordon_audit_retain(&cli->audit, how_long, cli->applies, format_of(cli), &text, &err);

    return finish_text(cli, result, text, &err);
}

int run_audit_erase(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;

    if (!cli->operand_count)
        return print_usage_error(cli, "whose: cordon audit erase SUBJECT, such as uid:1000");
    int result = cordon_audit_erase(&cli->audit, cli->operands[0], format_of(cli), &text, &err);

    return finish_text(cli, result, text, &err);
}

int run_audit_record(struct cli *cli)
{
    struct cordon_error err = {0};
    char *text = NULL;
    int result = cordon_audit_record(cli->operand_count ? cli->operands[0] : NULL, format_of(cli), &text, &err);

    return finish_text(cli, result, text, &err);
}
