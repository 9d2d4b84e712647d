/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon run`: spawn, pass signals on, relay a terminal when there is one, leave as the program
 * left. */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "cli/ask.h"
#include "cli/cli.h"
#include "cli/signals.h"
#include "cli/terminal.h"

/* A person who presses ^C again and again wants it gone; programs that handle INT themselves see
 * the first two. */
#define INTERRUPTS_TO_KILL 3
#define INTERRUPT_WINDOW_S 2

struct run {
    struct cli *cli;
    struct cordon_container *container;
    struct terminal *terminal; /* NULL without --tty */
    struct asker asker;        /* of --ask */
    int signals, watch;
    time_t interrupts[INTERRUPTS_TO_KILL]; /* when the last ones came */
    struct cordon_status status;
    struct cordon_error err;
};

/* A launch that was given up ends as a program that the signal would have ended, and one that took too long as one that did. */
static int exit_status_of(const struct run *run)
{
    const struct cordon_error *err = &run->err;
    int signal_number = err->errnum == ECANCELED ? signals_next(signals_end_fd()) : 0;

    if (signal_number)
        return 128 + signal_number;
    switch (err->kind) {
    case CORDON_ERROR_LIMIT:
        return err->errnum == ETIMEDOUT ? 124 : EXIT_REFUSED;
    case CORDON_ERROR_NOT_FOUND: /* of exec, the container may be what is not there */
        return err->errnum == ESRCH || err->errnum == ESTALE ? EXIT_REFUSED : 127;
    case CORDON_ERROR_NOT_EXECUTABLE:
        return 126;
    default:
        return EXIT_REFUSED;
    }
}

static bool is_escalated(struct run *run)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    for (int i = INTERRUPTS_TO_KILL - 1; i > 0; i--)
        run->interrupts[i] = run->interrupts[i - 1];
    run->interrupts[0] = now.tv_sec;
    return run->interrupts[INTERRUPTS_TO_KILL - 1] &&
           now.tv_sec - run->interrupts[INTERRUPTS_TO_KILL - 1] <= INTERRUPT_WINDOW_S;
}

/* ^Z stops the program as well as Cordon; when Cordon goes on, so does the program. */
static int suspend(struct run *run)
{
    int status = cordon_container_signal(run->container, SIGSTOP, &run->err);

    if (status < 0)
        return status;
    ask_leave(&run->asker);
    terminal_restore();
    raise(SIGSTOP);
    if (run->terminal && terminal_raw(&run->err) < 0)
        return -EIO;
    return cordon_container_signal(run->container, SIGCONT, &run->err);
}

static int resize(struct run *run)
{
    unsigned short rows, columns;

    if (!run->terminal)
        return cordon_container_signal(run->container, SIGWINCH, &run->err);
    /* a terminal that has just gone has no size: its HUP comes next */
    if (terminal_size(&rows, &columns, &run->err) < 0)
        return 0;
    return cordon_container_resize(run->container, rows, columns, &run->err);
}

static int pass_signal_on(struct run *run, int signal_number)
{
    switch (signal_number) {
    case SIGWINCH:
        return resize(run);
    case SIGTSTP:
        return suspend(run);
    case SIGINT:
        if (is_escalated(run))
            return cordon_container_kill(run->container, &run->err);
        break;
    default:
        break;
    }
    return cordon_container_signal(run->container, signal_number, &run->err);
}

/* Sleep until something happens. */
static void wait_for_anything(struct run *run)
{
    struct pollfd fds[3 + TERMINAL_POLL_MAX] = {
        {.fd = run->signals, .events = POLLIN},
        {.fd = run->watch, .events = POLLIN},
    };
    int count = 2;

    count += ask_poll(&run->asker, fds + count);
    if (run->terminal && !run->asker.is_drawn)
        count += terminal_poll(run->terminal, fds + count);
    poll(fds, (nfds_t)count, -1);
}

/* What a program wrote before its end is shown, unless Cordon ended it and nobody reads. */
static void show_the_rest(struct run *run)
{
    terminal_step(run->terminal);
    while (!terminal_is_drained(run->terminal)) {
        struct pollfd room = {.fd = run->terminal->out.to, .events = POLLOUT};
        bool is_forced = run->status.end != CORDON_END_EXITED;

        if (poll(&room, 1, is_forced ? 100 : -1) == 0)
            return;
        terminal_step(run->terminal);
    }
}

static int supervise(struct run *run)
{
    int status;

    for (;;) {
        int signal_number;

        while ((signal_number = signals_next(run->signals))) {
            status = pass_signal_on(run, signal_number);
            if (status < 0)
                return status;
        }
        if (run->terminal && !run->asker.is_drawn)
            terminal_step(run->terminal);
        if (run->asker.is_escaped || (run->terminal && terminal_is_escaped(run->terminal))) {
            status = cordon_container_kill(run->container, &run->err);
            if (status < 0)
                return status;
        }
        status = cordon_container_try_wait(run->container, &run->status, &run->err);
        if (status != 0)
            break;
        status = ask_step(&run->asker, run->container, run->terminal, &run->err);
        if (status < 0)
            return status;
        if (status == 0)
            wait_for_anything(run);
    }
    ask_close(&run->asker);
    if (run->terminal)
        show_the_rest(run);
    return status;
}

static int supervise_with_terminal(struct run *run)
{
    struct terminal *terminal = malloc(sizeof(*terminal));
    int status;

    if (!terminal) {
        run->err.kind = CORDON_ERROR_MEMORY;
        snprintf(run->err.text, sizeof(run->err.text), "out of memory");
        return -ENOMEM;
    }
    status = terminal_raw(&run->err);
    if (status == 0) {
        status = terminal_open(terminal, run->container, &run->err);
        if (status == 0) {
            run->terminal = terminal;
            status = supervise(run);
            terminal_end(terminal);
            terminal_close(terminal);
        }
    }
    terminal_restore();
    free(terminal);
    return status;
}

static int prepare(struct run *run)
{
    struct cli *cli = run->cli;
    int status = ask_prepare(&run->asker, cli, &run->err);

    if (status == 0 && cli->is_tty) {
        unsigned short rows, columns;

        status = terminal_size(&rows, &columns, &run->err);
        if (status == 0)
            status = cordon_request_set_tty(cli->request, rows, columns, &run->err);
    }
    if (status == 0 && cli->operand_count)
        status =
            cordon_request_set_command(cli->request, (const char *const *)cli->operands, &run->err);
    if (status == 0) {
        run->signals = signals_open(&run->err);
        status = run->signals < 0 ? run->signals : 0;
    }
    if (status == 0)
        status = cordon_request_set_cancel_fd(cli->request, signals_end_fd(), &run->err);
    return status;
}

/* What is to be known before git is used where the program was. */
static void print_findings(struct run *run)
{
    struct cordon_error err = {0};
    char *text = NULL;

    if (!(run->status.flags & CORDON_STATUS_FINDINGS))
        return;
    if (cordon_container_findings(run->container, run->cli->is_json ? CORDON_JSON : CORDON_TEXT, &text, &err) < 0)
        print_error(run->cli, &err, 0);
    else
        fputs(text, stderr);
    cordon_string_free(text);
}

/* A program that failed may have failed for that, and seldom says so. CORDON_HINT=0: nobody wants to read it. */
static void print_hint(struct run *run)
{
    const char *wish = getenv("CORDON_HINT");
    struct cordon_error err = {0};
    uint64_t count = 0;
    char *text = NULL;

    if (!run->status.exit_status || run->cli->is_json || (wish && strcmp(wish, "0") == 0))
        return;
    if (cordon_container_denials(run->container, &count, &text, &err) < 0)
        return;
    if (count)
        fprintf(stderr, "cordon: %" PRIu64 " refused%s%s; `cordon why` says why\n", count, *text ? ", such as " : "", text);
    else if (*text)
        fprintf(stderr, "cordon: %s\n", text);
    cordon_string_free(text);
}

static int contain(struct run *run)
{
    const struct cli *cli = run->cli;
    int status = cli->target ? cordon_exec(cli->target, cli->request, &run->container, &run->err) : cordon_spawn(cli->request, &run->container, &run->err);

    if (status < 0)
        return status;
    snprintf(run->cli->run_id, sizeof(run->cli->run_id), "%s", cordon_container_id(run->container));
    run->watch = cordon_container_poll_fd(run->container, &run->err);
    if (run->watch < 0) {
        char why[sizeof(run->err.text)];

        snprintf(why, sizeof(why), "%s", run->err.text);
        snprintf(run->err.text, sizeof(run->err.text), "the program had started and was ended: %.*s", 400, why);
        status = run->watch;
    }
    else if (run->cli->is_tty)
        status = supervise_with_terminal(run);
    else
        status = supervise(run);
    if (status > 0)
        print_findings(run);
    if (status > 0)
        print_hint(run);
    if (status > 0 && run->cli->is_reviewed)
        print_review(run->cli, run->container);
    cordon_container_free(run->container);
    return status;
}

static void replace(char *text, size_t size, const char *setting, const char *option)
{
    char *at = strstr(text, setting), rest[CORDON_ERROR_TEXT_MAX];

    if (!at)
        return;
    snprintf(rest, sizeof(rest), "%s", at + strlen(setting));
    snprintf(at, size - (size_t)(at - text), "%s%s", option, rest);
}

/* The library names its own setting; here it is an option, and of learning another one. */
static void name_option(const struct cli *cli, char *text, size_t size)
{
    static const char direct[] = "--changes direct";
    size_t length;

    replace(text, size, "request.timeout", "--timeout");
    if (cli->command->run != run_learn || !strstr(text, "--review"))
        return;
    replace(text, size, "run without --review", "learn with --changes direct");
    length = strlen(text);
    if (!strstr(text, direct))
        snprintf(text + length, size - length, "; or learn with %s, which changes the workspace itself", direct);
}

/* Why Cordon ended it, in the same form as an error. */
static void print_end(const struct run *run)
{
    struct cordon_error why = {.kind = CORDON_ERROR_LIMIT};

    if (!run->status.text[0])
        return;
    if (run->status.end == CORDON_END_LOST)
        why.kind = CORDON_ERROR_SYSTEM;
    snprintf(why.text, sizeof(why.text), "%s", run->status.text);
    name_option(run->cli, why.text, sizeof(why.text));
    print_error(run->cli, &why, 0);
}

int run_run(struct cli *cli)
{
    if (!cli->operand_count && !cli->may_name_command)
        return print_usage_error(cli,
                                 "no command: cordon run [OPTION...] %s; see cordon run --help",
                                 cli->command->operands);
    print_review_pending(cli);
    return run_contained(cli);
}

/* As `run`, in a container that is there. */
int run_exec(struct cli *cli)
{
    int skipped = cli->operand_count > 1 && strcmp(cli->operands[1], "--") == 0 ? 2 : 1;

    if (cli->operand_count <= skipped)
        return print_usage_error(cli, "no container or no command: cordon exec [OPTION...] %s; 'cordon ps' lists containers", cli->command->operands);
    cli->target = cli->operands[0];
    cli->operands += skipped;
    cli->operand_count -= skipped;
    return run_contained(cli);
}

int run_contained(struct cli *cli)
{
    struct run run = {.cli = cli, .asker = ASKER_INIT};
    int status = prepare(&run);

    if (status == 0 && cli->command->run == run_run)
        print_card(cli);
    if (status == 0)
        status = contain(&run);
    ask_close(&run.asker);
    if (status < 0) {
        name_option(cli, run.err.text, sizeof(run.err.text));
        return print_error(cli, &run.err, exit_status_of(&run));
    }
    print_end(&run);
    return run.status.exit_status;
}
