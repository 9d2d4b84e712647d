/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that the daemon keeps: `cordon ps`, and what is done to one of them from another terminal. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/cli.h"

#define FOLLOW_MS   200
#define PATIENCE_MS 2000 /* whoever waits longer is told what for */
#define GRACE_DEFAULT_MS 10000
#define GONE_MS 10000    /* so long after it was killed */

static const struct {
    const char *name;
    int number;
} signals[] = {{"HUP", SIGHUP},   {"INT", SIGINT},   {"QUIT", SIGQUIT}, {"KILL", SIGKILL}, {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
               {"TERM", SIGTERM}, {"CONT", SIGCONT}, {"STOP", SIGSTOP}, {"TSTP", SIGTSTP}, {"WINCH", SIGWINCH}};

/* "TERM", "SIGTERM" or "15" */
static int apply_signal(struct cli *cli, const char *value, struct cordon_error *err)
{
    const char *name = strncmp(value, "SIG", 3) == 0 ? value + 3 : value;
    char *end;
    long number = strtol(value, &end, 10);

    cli->signal_number = *value && !*end && number >= 1 && number <= 64 ? (int)number : 0;
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++)
        if (strcmp(name, signals[i].name) == 0)
            cli->signal_number = signals[i].number;
    if (cli->signal_number)
        return 0;
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "--signal %.40s: a name as TERM, or a number from 1 to 64", value);
    return -EINVAL;
}

static int apply_grace(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->has_grace = true;
    return cordon_parse_duration(value, &cli->grace_ms, err);
}

static int apply_name(struct cli *cli, const char *value, struct cordon_error *err)
{
    return cordon_request_set_name(cli->request, value, err);
}

static int apply_restart(struct cli *cli, const char *value, struct cordon_error *err)
{
    return cordon_request_set_restart(cli->request, value, err);
}

static int apply_until(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->until = value;
    if (strcmp(value, "never") == 0)
        return cordon_request_set_until(cli->request, NULL, err);
    return cordon_request_set_until(cli->request, value, err);
}

static int apply_limit(struct cli *cli, const char *name, const char *value, struct cordon_error *err)
{
    char *member = NULL;

    if (cli->limit_count < CLI_LIMITS_MAX && asprintf(&member, "resources.%s=%s", name, value) > 0) {
        cli->limits[cli->limit_count++] = member;
        return 0;
    }
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "each limit once");
    return -EINVAL;
}

static int apply_memory(struct cli *cli, const char *value, struct cordon_error *err)
{
    return apply_limit(cli, "memory", value, err);
}

static int apply_cpus(struct cli *cli, const char *value, struct cordon_error *err)
{
    return apply_limit(cli, "cpus", value, err);
}

static int apply_pids(struct cli *cli, const char *value, struct cordon_error *err)
{
    return apply_limit(cli, "pids", value, err);
}

const struct option option_until = {"until", 0, VALUE_TEXT, "TIME", "until then, as 2026-12-24T18:30, or so long, as 8h", apply_until};
const struct option option_for = {"for", 0, VALUE_TEXT, "DURATION", "so long from now on, as 8h", apply_until};
const struct option option_memory = {"memory", 0, VALUE_TEXT, "SIZE", "at most so much memory, as 256MiB; less than now", apply_memory};
const struct option option_cpus = {"cpus", 0, VALUE_TEXT, "NUMBER", "at most so many processors, as 0.5; less than now", apply_cpus};
const struct option option_pids = {"pids", 0, VALUE_TEXT, "NUMBER", "at most so many processes; less than now", apply_pids};

const struct option option_signal = {"signal", 's', VALUE_TEXT, "SIGNAL", "which (KILL)", apply_signal};
const struct option option_grace = {"time", 't', VALUE_TEXT, "DURATION", "how long it may take to end by itself (10s)", apply_grace};
const struct option option_name = {"name", 0, VALUE_TEXT, "NAME", "its name at the daemon, for ps, stop, kill, ...", apply_name};
const struct option option_restart = {"restart", 0, VALUE_TEXT, "WHEN", "start it again when it ended: no, on-failure[:N], always, unless-stopped", apply_restart};

static int apply_force(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->is_forced = true;
    return 0;
}

static int apply_quiet(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->is_quiet = true;
    return 0;
}

static int apply_all(struct cli *cli, const char *value, struct cordon_error *err)
{
    return 0;
}

const struct option option_rm_force = {"force", 'f', VALUE_NONE, NULL, "end at once what runs", apply_force};
const struct option option_quiet = {"quiet", 'q', VALUE_NONE, NULL, "their ids alone", apply_quiet};
const struct option option_ps_all = {"all", 'a', VALUE_NONE, NULL, "those that do not run, too: as without it", apply_all};

static int apply_all_users(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->is_of_all_users = true;
    return 0;
}

const struct option option_all_users = {"all-users", 0, VALUE_NONE, NULL, "of all users of the machine's daemon; for root", apply_all_users};

static int apply_filter(struct cli *cli, const char *value, struct cordon_error *err)
{
    if (cli->filter_count < CLI_FILTERS_MAX) {
        cli->filters[cli->filter_count++] = value;
        return 0;
    }
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = EINVAL;
    snprintf(err->text, sizeof(err->text), "more than %d filters", CLI_FILTERS_MAX);
    return -EINVAL;
}

static int apply_format(struct cli *cli, const char *value, struct cordon_error *err)
{
    if (strcmp(value, "json") == 0)
        cli->is_json = true;
    else if (strcmp(value, "table") != 0)
        cli->line = value;
    return 0;
}

static int apply_follow(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->follows = true;
    return 0;
}

static int apply_once(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->is_once = true;
    return 0;
}

const struct option option_follow_logs = {"follow", 'f', VALUE_NONE, NULL, "and what comes, until it ends", apply_follow};
const struct option option_no_stream = {"no-stream", 0, VALUE_NONE, NULL, "once, also on a terminal", apply_once};
const struct option option_filter = {"filter", 'f', VALUE_TEXT, "NAME=VALUE", "those alone, as state=running", apply_filter};
const struct option option_format = {"format", 0, VALUE_TEXT, "WORDS", "json, table, or a line of each, as '{{.Name}} {{.State}}'", apply_format};

int run_ps(struct cli *cli)
{
    struct cordon_daemon_query query = {.filters = cli->filters, .line = cli->line, .flags = (cli->is_quiet ? CORDON_LIST_IDS : CORDON_LIST_USAGE) | (cli->is_of_all_users ? CORDON_LIST_ALL_USERS : 0)};
    struct cordon_error err = {0};
    char *text = NULL;
    int result, status;

    if (cli->is_quiet && (cli->is_json || cli->line))
        return print_usage_error(cli, "--quiet prints ids, --json objects, --format what it says: one of them");
    result = cordon_daemon_find(&query, cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err);
    status = result < 0 ? print_error(cli, &err, EXIT_USAGE) : print_text(cli, text, 0);
    cordon_string_free(text);
    return status;
}

int run_create(struct cli *cli)
{
    struct cordon_error err = {0};
    char id[CORDON_RUN_SIZE], line[CORDON_RUN_SIZE + 16];
    int status = cli->operand_count ? cordon_request_set_command(cli->request, (const char *const *)cli->operands, &err) : 0;

    if (status == 0)
        status = cordon_daemon_create(cli->request, id, &err);
    if (status < 0)
        return print_error(cli, &err, 1);
    snprintf(line, sizeof(line), cli->is_json ? "{\"id\":\"%s\"}\n" : "%s\n", id);
    return print_text(cli, line, 0);
}

static int for_each_name(struct cli *cli, int (*act)(const char *name, struct cordon_error *err))
{
    int exit_status = 0;

    if (!cli->operand_count)
        return print_usage_error(cli, "no container: cordon %s NAME...; 'cordon ps' lists them", cli->command->name);
    for (int i = 0; i < cli->operand_count; i++) {
        struct cordon_error err = {0};

        if (act(cli->operands[i], &err) < 0)
            exit_status = print_error(cli, &err, 1);
    }
    return exit_status;
}

int run_start(struct cli *cli)
{
    return for_each_name(cli, cordon_daemon_start);
}


/* What a program wrote is for whoever reads; on a terminal it goes through the filter that programs' output goes through. */
static int write_logs(const char *bytes, size_t size)
{
    size_t at = 0;

    while (at < size) {
        ssize_t wrote = write(STDOUT_FILENO, bytes + at, size - at);

        if (wrote < 0 && errno == EINTR)
            continue;
        if (wrote <= 0)
            return 1;
        at += (size_t)wrote;
    }
    return 0;
}

/* To a person no byte that a terminal would obey. */
static void make_safe(char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        if ((unsigned char)bytes[i] < ' ' ? bytes[i] != '\n' && bytes[i] != '\t' : (unsigned char)bytes[i] >= 0x7f)
            bytes[i] = '?';
}

static int print_logs(const char *bytes, size_t size)
{
    char *copy;
    int status;

    if (!size || !isatty(STDOUT_FILENO))
        return write_logs(bytes, size);
    copy = malloc(size);
    if (!copy)
        return 1;
    memcpy(copy, bytes, size);
    make_safe(copy, size);
    status = write_logs(copy, size);
    free(copy);
    return status;
}

int run_logs(struct cli *cli)
{
    const struct timespec pause = {.tv_nsec = FOLLOW_MS * 1000000};
    struct cordon_logs logs = {0};
    struct cordon_error err = {0};
    int status = 0;

    if (!cli->operand_count)
        return print_usage_error(cli, "no container: cordon logs NAME; 'cordon ps' lists them");
    do {
        if (cordon_daemon_logs_from(cli->operands[0], &logs, &err) < 0)
            return print_error(cli, &err, 1);
        status = print_logs(logs.bytes, logs.size);
        cordon_string_free(logs.bytes);
        if (cli->follows && status == 0 && !logs.is_over)
            nanosleep(&pause, NULL);
    } while (cli->follows && status == 0 && !logs.is_over);
    return status;
}

static int print_one(struct cli *cli, int (*tell)(const char *name, enum cordon_format format, char **ret_text, struct cordon_error *err))
{
    struct cordon_error err = {0};
    char *text = NULL;
    int status;

    if (!cli->operand_count)
        return print_usage_error(cli, "no container: cordon %s NAME; 'cordon ps' lists them", cli->command->name);
    if (tell(cli->operands[0], cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err) < 0)
        return print_error(cli, &err, 1);
    status = print_text(cli, text, 0);
    cordon_string_free(text);
    return status;
}

/* All that run, without a name; again and again on a terminal. */
static int print_all_stats(struct cli *cli, bool is_again)
{
    static const char *const running[] = {"state=running", NULL};
    struct cordon_daemon_query query = {.filters = running, .line = "{{.Id}} {{.Name}}\\t{{.Processes}} processes, {{.CpuUs}} us, {{.MemoryBytes}} bytes", .flags = CORDON_LIST_USAGE};
    struct cordon_error err = {0};
    char *text = NULL;
    int status;

    if (cordon_daemon_find(&query, cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err) < 0)
        return print_error(cli, &err, 1);
    if (is_again)
        fputs("\033[H\033[J", stdout);
    status = print_text(cli, text, 0);
    fflush(stdout);
    cordon_string_free(text);
    return status;
}

int run_stats(struct cli *cli)
{
    const struct timespec second = {.tv_sec = 1};
    bool is_live = isatty(STDOUT_FILENO) && !cli->is_json && !cli->is_once;
    int status = 0;

    if (cli->operand_count && !is_live)
        return print_one(cli, cordon_daemon_stats);
    do {
        if (is_live && cli->operand_count)
            fputs("\033[H\033[J", stdout);
        status = cli->operand_count ? print_one(cli, cordon_daemon_stats) : print_all_stats(cli, is_live);
        if (is_live)
            nanosleep(&second, NULL);
    } while (is_live && status == 0);
    return status;
}

int run_inspect(struct cli *cli)
{
    return print_one(cli, cordon_daemon_inspect);
}

/* Each of the containers that are named; the first failure decides, the others are tried. */
static int for_each(struct cli *cli, int (*act)(struct cli *cli, const char *name, struct cordon_container *container, struct cordon_error *err))
{
    int exit_status = 0;

    if (!cli->operand_count)
        return print_usage_error(cli, "no container: cordon %s NAME...; 'cordon ps' lists them", cli->command->name);
    for (int i = 0; i < cli->operand_count; i++) {
        struct cordon_container *container = NULL;
        struct cordon_error err = {0};
        int status = cordon_attach(cli->operands[i], &container, &err);

        if (status == 0)
            status = act(cli, cli->operands[i], container, &err);
        cordon_container_free(container);
        if (status < 0)
            exit_status = print_error(cli, &err, 1);
    }
    return exit_status;
}

/* 1 = it has ended. Whoever waits at a terminal is told so. */
static int await_end(struct cordon_container *container, const char *name, uint64_t most_ms, const char *what, struct cordon_error *err)
{
    struct cordon_status ended;
    int64_t first = most_ms < PATIENCE_MS ? (int64_t)most_ms : PATIENCE_MS;
    int status = cordon_container_wait(container, first, &ended, err);

    if (status != 0 || most_ms <= PATIENCE_MS)
        return status;
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "cordon: %s: %s (at most %llu s)\n", name, what, (unsigned long long)(most_ms / 1000));
    return cordon_container_wait(container, (int64_t)(most_ms - PATIENCE_MS), &ended, err);
}

static int stop_one(struct cli *cli, const char *name, struct cordon_container *container, struct cordon_error *err)
{
    uint64_t grace_ms = cli->has_grace ? cli->grace_ms : GRACE_DEFAULT_MS;
    int status = cordon_container_stop(container, grace_ms, err);

    if (status == 0)
        status = await_end(container, name, grace_ms + GONE_MS, "waiting for its programs to end", err);
    if (status == 0) {
        err->kind = CORDON_ERROR_SYSTEM;
        err->errnum = ETIMEDOUT;
        snprintf(err->text, sizeof(err->text), "%.60s: it was killed and has not ended yet: 'cordon ps' says when it has", name);
        status = -ETIMEDOUT;
    }
    return status < 0 ? status : 0;
}

static int kill_one(struct cli *cli, const char *name, struct cordon_container *container, struct cordon_error *err)
{
    (void)name;
    if (cli->signal_number && cli->signal_number != SIGKILL)
        return cordon_container_signal(container, cli->signal_number, err);
    return cordon_container_kill(container, err);
}

/* What `cordon run` runs is gone when it has ended; nothing is left to be removed then. */
static int end_and_remove(struct cli *cli, const char *name, struct cordon_container *container, struct cordon_error *err)
{
    struct cordon_error why = {0};
    bool was_ended = cordon_container_kill(container, &why) == 0;
    int status = was_ended ? await_end(container, name, GONE_MS, "waiting for its programs to end", err) : 0;

    (void)cli;
    if (status < 0)
        return status;
    status = cordon_daemon_remove(name, err);
    return was_ended && status < 0 && err->kind == CORDON_ERROR_NOT_FOUND ? 0 : status;
}

int run_rm(struct cli *cli)
{
    return cli->is_forced ? for_each(cli, end_and_remove) : for_each_name(cli, cordon_daemon_remove);
}

static int freeze_one(struct cli *cli, const char *name, struct cordon_container *container, struct cordon_error *err)
{
    (void)cli;
    (void)name;
    return cordon_container_freeze(container, err);
}

static int thaw_one(struct cli *cli, const char *name, struct cordon_container *container, struct cordon_error *err)
{
    (void)cli;
    (void)name;
    return cordon_container_thaw(container, err);
}

static int update_one(struct cli *cli, const char *name, struct cordon_container *container, struct cordon_error *err)
{
    int status = cli->limit_count ? cordon_container_set_limits(container, (const char *const *)cli->limits, err) : 0;

    (void)name;
    return status == 0 && cli->has_documents ? cordon_container_set_network(container, cli->request, err) : status;
}

int run_update(struct cli *cli)
{
    int status;

    if (!cli->limit_count && !cli->has_documents)
        return print_usage_error(cli, "nothing to change: --memory, --cpus, --pids, or a network by --policy, --profile or --set");
    if (cli->until && !cli->has_documents)
        return print_usage_error(cli, "--for is about the network: limits stay as they are");
    status = for_each(cli, update_one);
    while (cli->limit_count)
        free(cli->limits[--cli->limit_count]);
    return status;
}

int run_renew(struct cli *cli)
{
    int exit_status = 0;

    if (!cli->operand_count || !cli->until)
        return print_usage_error(cli, "until when, and which: cordon renew --for 8h NAME...; 'cordon ps' lists them");
    for (int i = 0; i < cli->operand_count; i++) {
        struct cordon_error err = {0};

        if (cordon_daemon_renew(cli->operands[i], strcmp(cli->until, "never") == 0 ? NULL : cli->until, &err) < 0)
            exit_status = print_error(cli, &err, 1);
    }
    return exit_status;
}

/* Does it stand still already? Then what it ended with is told. */
static int tell_stopped(const struct cli *cli, const struct cordon_container *container, struct cordon_error *err)
{
    char id[CORDON_RUN_SIZE + 8];
    const char *const filters[] = {id, "state=stopped", NULL};
    struct cordon_daemon_query query = {.filters = filters, .line = cli->is_json ? "{\"exitStatus\":{{.ExitStatus}}}" : "{{.ExitStatus}}"};
    char *text = NULL;
    int status;

    snprintf(id, sizeof(id), "id=%s", cordon_container_id(container));
    status = cordon_daemon_find(&query, CORDON_TEXT, &text, err);
    if (status < 0)
        return status;
    status = *text != '\0';
    fputs(text, stdout);
    cordon_string_free(text);
    return status;
}

/* As container engines do: the exit status of each that was waited for, a line each. */
static int wait_one(struct cli *cli, const char *name, struct cordon_container *container, struct cordon_error *err)
{
    struct cordon_status ended;
    int status = tell_stopped(cli, container, err);

    (void)name;
    if (status == 0)
        status = cordon_container_wait(container, -1, &ended, err) < 0 ? -EIO : 0;
    if (status != 0)
        return status;
    printf(cli->is_json ? "{\"exitStatus\":%d}\n" : "%d\n", ended.exit_status);
    fflush(stdout);
    return 0;
}

int run_wait(struct cli *cli)
{
    return for_each(cli, wait_one);
}

int run_stop(struct cli *cli)
{
    return for_each(cli, stop_one);
}

int run_kill(struct cli *cli)
{
    return for_each(cli, kill_one);
}

int run_freeze(struct cli *cli)
{
    return for_each(cli, freeze_one);
}

int run_thaw(struct cli *cli)
{
    return for_each(cli, thaw_one);
}
