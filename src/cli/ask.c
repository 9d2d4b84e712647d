/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who answers is to be the person. So the question stands on the controlling terminal, which the program has not; where it has one
 * of its own that we relay, nothing of it is shown and nothing typed reaches it meanwhile. What was typed before, and what comes in
 * bursts, as a terminal's own answers do, is no answer; and what allows something is confirmed.
 */
#include "cli/ask.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cli/terminal.h"

#define TIMEOUT_DEFAULT_MS 60000
#define HOUR_MS            3600000
#define ANSWER_FOR         (CORDON_ANSWER_RULE + 1) /* the answer 'h' */
#define READ_NS  700000000ull /* before anything counts: nobody reads faster */
#define QUIET_NS 300000000ull /* after what was no answer */
#define APART_NS 50000000ull  /* between two keys: what comes closer is one burst, read in pieces */
#define KEY_INTERRUPT 0x03
#define KEY_END       0x1d /* ^], as everywhere: three times */
#define KEY_END_COUNT 3

static struct termios mode_before;
static int changed_tty = -1; /* whose mode is not as it was */

static int refuse(struct cordon_error *err, int errnum, const char *text)
{
    err->kind = CORDON_ERROR_INVALID;
    err->errnum = errnum;
    snprintf(err->text, sizeof(err->text), "%s", text);
    return -errnum;
}

static int apply_ask(struct cli *cli, const char *value, struct cordon_error *err)
{
    cli->asks = true;
    if (!cli->ask_ms)
        cli->ask_ms = TIMEOUT_DEFAULT_MS;
    return 0;
}

static int apply_timeout(struct cli *cli, const char *value, struct cordon_error *err)
{
    if (cordon_parse_duration(value, &cli->ask_ms, err) < 0)
        return -EINVAL;
    return cli->ask_ms ? 0 : refuse(err, EINVAL, "--ask-timeout 0: leave --ask out, and nobody is asked");
}

const struct option option_ask = {"ask", 0, VALUE_NONE, NULL, "ask on the terminal before a file or connection is refused that one rule would allow", apply_ask};
static int apply_for(struct cli *cli, const char *value, struct cordon_error *err)
{
    if (cordon_parse_duration(value, &cli->ask_for_ms, err) < 0)
        return -EINVAL;
    cli->ask_for = value;
    return cli->ask_for_ms ? 0 : refuse(err, EINVAL, "--ask-for 0: what is allowed for no time is denied");
}

const struct option option_ask_for = {"ask-for", 0, VALUE_TEXT, "DURATION", "how long the answer 'h' allows what is asked about (1h)", apply_for};
const struct option option_ask_timeout = {"ask-timeout", 0, VALUE_TEXT, "DURATION",
                                          "how long a question stands until it is denied (60s)", apply_timeout};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000ull + (uint64_t)now.tv_nsec;
}

/* ---- beginning and end ---- */

static void mode_restore(void)
{
    if (changed_tty >= 0)
        tcsetattr(changed_tty, TCSANOW, &mode_before);
    changed_tty = -1;
}

/* Keys one by one, none of them shown; ^C and the like are signals where they were. */
static void mode_set(int tty)
{
    struct termios mode;
    static bool is_prepared;

    if (changed_tty >= 0 || tcgetattr(tty, &mode) < 0)
        return;
    if (!is_prepared)
        atexit(mode_restore);
    is_prepared = true;
    mode_before = mode;
    changed_tty = tty;
    mode.c_oflag &= ~(tcflag_t)OPOST;
    mode.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
    mode.c_cc[VMIN] = 1;
    mode.c_cc[VTIME] = 0;
    tcsetattr(tty, TCSANOW, &mode);
}

/* The program may have the terminal's streams only through our relay. */
static int streams_check(struct cli *cli, struct cordon_error *err)
{
    bool is_terminal = isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO);

    if (is_terminal && !isatty(STDIN_FILENO) && !cli->is_tty)
        return refuse(err, EINVAL,
                      "--ask: the program would write to the terminal on which you are asked: redirect stdout and stderr as well, or give "
                      "it the terminal as its input");
    cli->is_tty |= is_terminal;
    return 0;
}

int ask_prepare(struct asker *asker, struct cli *cli, struct cordon_error *err)
{
    if (!cli->asks)
        return cli->ask_ms || cli->ask_for_ms ? refuse(err, EINVAL, "--ask-timeout and --ask-for go with --ask") : 0;
    asker->hour = cli->ask_for ? cli->ask_for : "1h";
    asker->hour_ms = cli->ask_for_ms ? cli->ask_for_ms : HOUR_MS;
    if (cli->is_json)
        return refuse(err, EINVAL, "--ask: a person is asked in words; leave --json out, or use libcordon's cordon_container_approval()");
    asker->tty = open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
    if (asker->tty < 0)
        return refuse(err, ENOTTY, "--ask: there is no terminal to ask on: start it from one, or leave --ask out and see `cordon why` afterwards");
    if (tcgetpgrp(asker->tty) != getpgrp())
        return refuse(err, ENOTTY, "--ask: Cordon would run in the background of the terminal, where nobody can answer: start it in the foreground");
    if (streams_check(cli, err) < 0)
        return -EINVAL;
    return cordon_request_set_ask(cli->request, cli->ask_ms, err);
}

void ask_leave(struct asker *asker)
{
    asker->is_drawn = false;
    asker->key = 0;
    mode_restore();
}

void ask_close(struct asker *asker)
{
    ask_leave(asker);
    if (asker->tty >= 0)
        close(asker->tty);
    asker->tty = -1;
}

/* ---- what is shown ---- */

/* A terminal that takes nothing for a second shows half of it: then no key counts any more, and the question ends by its time. */
static void show_n(struct asker *asker, const char *text, size_t size)
{
    while (size) {
        struct pollfd room = {.fd = asker->tty, .events = POLLOUT};
        ssize_t wrote = poll(&room, 1, 1000) > 0 ? write(asker->tty, text, size) : -1;

        if (wrote < 0 && (errno == EAGAIN || errno == EINTR) && room.revents)
            continue;
        if (wrote < 0) {
            asker->is_cut = true;
            return;
        }
        text += wrote;
        size -= (size_t)wrote;
    }
}

static void show(struct asker *asker, const char *text)
{
    show_n(asker, text, strlen(text));
}

/* With a carriage return in each line: the terminal may be raw. */
static void show_lines(struct asker *asker, const char *text)
{
    while (*text) {
        size_t length = strcspn(text, "\n");

        show_n(asker, text, length);
        text += length;
        if (*text)
            show(asker, "\r\n");
        text += *text == '\n';
    }
}

/*
 * What the program set of the terminal must not change what the question looks like: plain letters and colours, lines that wrap,
 * all of the screen. What it wrote goes up out of sight, so that nothing of it stands beside the question.
 */
static void clear(struct asker *asker)
{
    struct winsize size;
    unsigned rows = ioctl(asker->tty, TIOCGWINSZ, &size) == 0 && size.ws_row ? size.ws_row : 24;

    show(asker, "\033[0m\017\033(B\033[!p\033[4l\033[?7h\033[?6l\033[?5l\033[?25h\033[r\033[999;1H");
    for (unsigned i = 0; i < rows && i < 500; i++)
        show(asker, "\n");
    show(asker, "\033[H\033[J");
}

static void show_keys(struct asker *asker, const struct cordon_approval *approval)
{
    bool is_connection = strcmp(approval->operation, "connect") == 0;

    show_lines(asker, "\n  d  deny\n  o  allow this once\n");
    show_lines(asker, is_connection ? "  r  allow for this run: the same host, port and program\n"
                                    : "  r  allow for this run: the same file, operation and program\n");
    show_lines(asker, "  h  the same for ");
    show_lines(asker, asker->hour);
    show_lines(asker, is_connection ? ": what it has opened is closed then\n" : ": what it has opened stays open then\n");
    if (approval->rule_file)
        show_lines(asker, is_connection ? "  w  write the rule into the policy, for later runs as well: it allows this host and port and nothing else\n"
                                        : "  w  write the rule into the policy, for later runs as well: it allows this one file and nothing else\n");
    show_lines(asker, "What allows is confirmed by Enter. Without an answer it is denied.\n> ");
}

static void draw(struct asker *asker, const struct cordon_approval *approval)
{
    char head[96];

    mode_set(asker->tty);
    asker->is_cut = false;
    snprintf(head, sizeof(head), "cordon: question %" PRIu64 ", for %" PRIu64 " s: ", approval->number, (approval->left_ms + 999) / 1000);
    clear(asker);
    show_lines(asker, head);
    show_lines(asker, approval->text);
    show_keys(asker, approval);
    tcflush(asker->tty, TCIFLUSH);
    asker->is_drawn = true;
    asker->number = approval->number;
    asker->key = 0;
    asker->escapes = 0;
    asker->ready_ns = now_ns() + READ_NS;
}

/* The program draws its window anew, where it does such a thing. */
static void undraw(struct asker *asker, struct cordon_container *container, const char *said, const char *more)
{
    char line[CORDON_ERROR_TEXT_MAX + 64];
    struct cordon_error ignored;

    snprintf(line, sizeof(line), "\r\033[Kcordon: %s%s\n", said, more);
    show_lines(asker, line);
    tcflush(asker->tty, TCIFLUSH);
    ask_leave(asker);
    (void)!cordon_container_signal(container, SIGWINCH, &ignored);
}

/* ---- what is typed ---- */

static void show_choice(struct asker *asker)
{
    static const struct {
        char key;
        const char *text;
    } choices[] = {{'o', "\r\033[K> allow this once: Enter"},
                   {'r', "\r\033[K> allow for this run: Enter"},
                 {'h', "\r\033[K> allow for a while: Enter"},
                   {'w', "\r\033[K> write the rule: Enter"}};

    for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++)
        if (choices[i].key == asker->key)
            show(asker, choices[i].text);
    if (!asker->key)
        show(asker, "\r\033[K> ");
}

static void count_escapes(struct asker *asker, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        asker->escapes = bytes[i] == KEY_END ? asker->escapes + 1 : 0;
        asker->is_escaped |= asker->escapes >= KEY_END_COUNT;
    }
}

/* A key that was typed by itself, 0 = nothing that counts. */
static char read_key(struct asker *asker)
{
    char bytes[256];
    ssize_t got = read(asker->tty, bytes, sizeof(bytes));
    uint64_t now = now_ns();

    asker->is_gone = got == 0 || (got < 0 && errno != EAGAIN && errno != EINTR);
    if (got <= 0)
        return 0;
    count_escapes(asker, bytes, (size_t)got);
    if (got == 1 && now >= asker->ready_ns && !asker->is_cut) {
        asker->ready_ns = now + APART_NS;
        return bytes[0];
    }
    asker->key = 0;
    if (now + QUIET_NS > asker->ready_ns)
        asker->ready_ns = now + QUIET_NS;
    show_choice(asker);
    return 0;
}

/* -1 = none yet. */
static int read_answer(struct asker *asker, const struct cordon_approval *approval)
{
    char key = read_key(asker);

    switch (key) {
    case 'd':
    case KEY_INTERRUPT:
        return CORDON_ANSWER_DENY;
    case 'o':
    case 'r':
    case 'h':
    case 'w':
        asker->key = key == 'w' && !approval->rule_file ? 0 : key;
        show_choice(asker);
        return -1;
    case '\r':
    case '\n':
        return asker->key == 'o' ? CORDON_ANSWER_ONCE : asker->key == 'r' ? CORDON_ANSWER_RUN : asker->key == 'w' ? CORDON_ANSWER_RULE : asker->key == 'h' ? ANSWER_FOR : -1;
    default:
        return -1;
    }
}

static int answer(struct asker *asker, struct cordon_container *container, const struct cordon_approval *approval, struct cordon_error *err)
{
    static const char *const said[] = {"denied", "allowed once", "allowed for this run", "the rule is written, and it is allowed", "allowed for "};
    struct cordon_error failure = {0};
    int given = read_answer(asker, approval), status;

    if (given < 0)
        return asker->is_escaped;
    status = given == ANSWER_FOR ? cordon_container_answer_for(container, approval->number, approval->digest, asker->hour_ms, &failure)
                                 : cordon_container_answer(container, approval->number, approval->digest, (enum cordon_answer)given, &failure);
    if (status == 0) {
        undraw(asker, container, said[given], given == ANSWER_FOR ? asker->hour : "");
        return 1;
    }
    if (cordon_container_approval(container, &(struct cordon_approval){0}) || status == -ESTALE) {
        undraw(asker, container, "not allowed: ", failure.text); /* a question that stands is drawn again */
        return 1;
    }
    *err = failure;
    return status;
}

int ask_step(struct asker *asker, struct cordon_container *container, struct terminal *terminal, struct cordon_error *err)
{
    struct cordon_approval approval;

    if (asker->tty < 0)
        return 0;
    if (!cordon_container_approval(container, &approval)) {
        if (!asker->is_drawn)
            return 0;
        undraw(asker, container, "nobody waits for an answer any more", "");
        return 1;
    }
    if (asker->is_drawn && asker->number == approval.number)
        return answer(asker, container, &approval, err);
    if (terminal && !terminal_settle(terminal)) /* half of a sequence would swallow what follows it */
        return 0;
    draw(asker, &approval);
    return 0;
}

int ask_poll(const struct asker *asker, struct pollfd *ret_fds)
{
    if (!asker->is_drawn || asker->is_gone)
        return 0;
    ret_fds[0] = (struct pollfd){.fd = asker->tty, .events = POLLIN};
    return 1;
}
