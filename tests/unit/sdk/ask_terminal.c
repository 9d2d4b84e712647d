/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon run --ask`: the question on a person's terminal, and who else would like to answer it. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "sandbox.h"
#include "test.h"

#define CORDON  CORDON_TEST_PROGRAM
#define CHOSEN  "allow this once: Enter"
#define STANDS  "cordon: question 1, for "
#define LAST    "it is denied.\r\n> "

static struct ran ran;
static char got[65536];

static void open_files(void)
{
    char path[256];

    sandbox_open();
    setenv("LC_ALL", "C", 1);
    snprintf(path, sizeof(path), "%s/note", getenv("HOME"));
    test_write_file(path, "the note\n", 0644);
    test_write_file("../policy.yaml", "version: cordon/1\nextends: [coding-agent]\nfilesystem:\n  readonlyPaths: []\n", 0644);
    got[0] = '\0';
}

static pid_t start(const char *timeout, const char *script, int *ret_master)
{
    struct winsize size = {.ws_row = 30, .ws_col = 100};
    int master;
    pid_t pid = forkpty(&master, NULL, NULL, &size);

    check(pid >= 0);
    if (pid == 0) {
        execl(CORDON, "cordon", "run", "--ask", "--ask-timeout", timeout, "--policy", "../policy.yaml", "--", "bash", "-c", script, (char *)NULL);
        _exit(99);
    }
    fcntl(master, F_SETFD, FD_CLOEXEC);
    *ret_master = master;
    return pid;
}

/* Read for at most so long, until `part` was seen. */
static bool comes(int master, const char *part, int wait_ms)
{
    size_t used = strlen(got);

    while (!strstr(got, part)) {
        struct pollfd one = {.fd = master, .events = POLLIN};
        ssize_t step = poll(&one, 1, wait_ms) > 0 ? read(master, got + used, sizeof(got) - 1 - used) : 0;

        if (step <= 0)
            return false;
        used += (size_t)step;
        got[used] = '\0';
    }
    return true;
}

static void expect(int master, const char *part)
{
    if (!comes(master, part, 20000))
        test_fail(__FILE__, __LINE__, "'%s' does not come, only '%s'", part, got);
}

static void type(int master, const char *keys)
{
    check_int(write(master, keys, strlen(keys)), strlen(keys));
}

/* A key counts only some time after the question was drawn, or after one that did not. */
static void choose(int master, const char *key, const char *shown)
{
    for (int i = 0; i < 20; i++) {
        type(master, key);
        if (comes(master, shown, 600))
            return;
    }
    test_fail(__FILE__, __LINE__, "'%s' does not come, only '%s'", shown, got);
}

static void end(pid_t pid, int master, int status)
{
    comes(master, "never", 20000); /* to its end */
    check_int(sandbox_finish(pid), status);
    close(master);
    sandbox_close();
}

/* Nobody is as quick as a burst: Enter that follows at once is none. */
static void confirm(int master)
{
    comes(master, "never", 150);
    type(master, "\r");
}

TEST(a_person_allows_at_the_terminal_and_the_program_sees_no_key)
{
    int master;
    pid_t pid;

    open_files();
    pid = start("30s", "cat ~/note; read -t 0.2 line; echo \"typed:[$line]\"", &master);
    expect(master, LAST);
    check_contains(got, "the program wants to read this file:\r\n  ");
    check_contains(got, "/home/note\r\n");
    check_contains(got, "  w  write the rule into the policy");
    choose(master, "o", CHOSEN);
    confirm(master);
    expect(master, "the note");
    expect(master, "typed:[]");
    end(pid, master, 0);
}

TEST(a_person_allows_for_an_hour_and_what_is_equal_is_not_asked_about)
{
    int master;
    pid_t pid;

    open_files();
    pid = start("30s", "cat ~/note >first; cat ~/note; echo and so on", &master);
    expect(master, "h  the same for 1h: what it has opened stays open then");
    expect(master, LAST);
    choose(master, "h", "> allow for a while: Enter");
    confirm(master);
    expect(master, "allowed for 1h");
    expect(master, "the note");
    expect(master, "and so on");
    end(pid, master, 0);
}

TEST(what_the_program_writes_waits_while_a_question_stands)
{
    char *drawn;
    int master;
    pid_t pid;

    open_files();
    pid = start("30s", "while [ ! -e stop ]; do echo tick; echo more >>ticks; sleep 0.05; done & cat ~/note; touch stop; wait", &master);
    expect(master, LAST);
    drawn = strstr(got, LAST) + strlen(LAST);
    choose(master, "o", CHOSEN);
    if (strstr(drawn, "tick"))
        test_fail(__FILE__, __LINE__, "'%s'", drawn);
    confirm(master);
    expect(master, "allowed once");
    expect(master, "the note");
    check(strstr(drawn, "tick") != NULL);
    end(pid, master, 0);
}

/* Before the question, in one burst with it, and by everything that a program has. */
TEST(nothing_but_keys_typed_one_by_one_answers)
{
    int master;
    pid_t pid;

    open_files();
    pid = start("4s",
                "echo begun; read -t 1 line\n"
                "(for i in $(seq 80); do printf 'o\\r' >/dev/tty; printf '\\033[5n\\033[c\\033[6n'; sleep 0.05; done) &\n"
                "perl -e 'open T, \"+<\", \"/dev/tty\"; ioctl T, 0x5412, my $k = $_ for split //, \"o\\r\"x10' 2>/dev/null\n"
                "cat ~/note 2>&1; kill %1 2>/dev/null; echo done",
                &master);
    expect(master, "begun");
    type(master, "o\ro\r");
    expect(master, LAST);
    for (int i = 0; i < 5; i++) {
        type(master, "o\r");
        type(master, "\033[0n\033]11;rgb:0000/0000/0000\033\\");
        if (comes(master, "allowed", 400) || strstr(got, CHOSEN))
            test_fail(__FILE__, __LINE__, "'%s'", got);
    }
    expect(master, "nobody waits for an answer any more");
    expect(master, "done");
    check(!strstr(got, "the note"));
    end(pid, master, 0);
}

TEST(a_denied_question_and_the_way_out)
{
    int master;
    pid_t pid;

    open_files();
    pid = start("30s", "cat ~/note; cat ~/note", &master);
    expect(master, LAST);
    choose(master, "d", "cordon: denied");
    expect(master, "No such file");
    expect(master, "question 2");
    type(master, "\035\035\035");
    comes(master, "never", 20000);
    check(sandbox_finish(pid) != 0);
    close(master);
    sandbox_close();
}

TEST(what_cannot_be_opened_any_more_is_refused_and_the_run_goes_on)
{
    char path[256];
    int master;
    pid_t pid;

    open_files();
    pid = start("30s", "cat ~/note 2>&1; echo it goes on", &master);
    expect(master, LAST);
    snprintf(path, sizeof(path), "%s/note", getenv("HOME"));
    check_int(chmod(path, 0), 0);
    choose(master, "o", CHOSEN);
    confirm(master);
    expect(master, "not allowed: ");
    expect(master, "it goes on");
    check(!strstr(got, "the note"));
    end(pid, master, 0);
}

TEST(a_rule_is_written_from_the_terminal)
{
    int master;
    pid_t pid;

    open_files();
    pid = start("30s", "cat ~/note; cat ~/note", &master);
    expect(master, LAST);
    choose(master, "w", "write the rule: Enter");
    confirm(master);
    expect(master, "the rule is written");
    expect(master, "the note\r\nthe note");
    comes(master, "never", 20000);
    check_int(sandbox_finish(pid), 0);
    close(master);
    RUN(&ran, "/bin/cat", "../policy.yaml");
    check_contains(ran.out, "readonlyPaths: [\"${home}/note\"]\n");
    sandbox_close();
}

TEST(without_somebody_to_ask_it_does_not_begin)
{
    int master;
    pid_t pid;

    open_files();
    RUN(&ran, "/usr/bin/setsid", "-w", CORDON, "run", "--ask", "--", "true");
    check_int(ran.status, 125);
    check_contains(ran.err, "--ask: there is no terminal to ask on: start it from one");
    RUN(&ran, CORDON, "run", "--ask", "--json", "--", "true");
    check_int(ran.status, 125);
    check_contains(ran.err, "--ask: a person is asked in words");
    RUN(&ran, CORDON, "run", "--ask-timeout", "3s", "--", "true");
    check_contains(ran.err, "--ask-timeout and --ask-for go with --ask");
    RUN(&ran, CORDON, "run", "--ask-for", "3s", "--", "true");
    check_contains(ran.err, "--ask-timeout and --ask-for go with --ask");
    pid = forkpty(&master, NULL, NULL, NULL);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "\"$0\" run --ask -- true </dev/null", CORDON, (char *)NULL);
        _exit(99);
    }
    comes(master, "redirect stdout and stderr as well", 20000);
    check_contains(got, "redirect stdout and stderr as well");
    check_int(sandbox_finish(pid), 125);
    close(master);
    sandbox_close();
}

/* All its streams elsewhere, as an agent behind a protocol runs: the terminal is the person's alone. */
TEST(a_program_on_pipes_is_asked_about_on_the_terminal)
{
    struct termios mode;
    int master;
    pid_t pid;

    open_files();
    pid = forkpty(&master, NULL, NULL, NULL);
    if (pid == 0) {
        execl("/bin/sh", "sh", "-c", "\"$0\" run --ask --policy ../policy.yaml -- cat ~/note </dev/null >out 2>&1; cat out", CORDON, (char *)NULL);
        _exit(99);
    }
    fcntl(master, F_SETFD, FD_CLOEXEC);
    expect(master, LAST);
    choose(master, "r", "allow for this run: Enter");
    confirm(master);
    expect(master, "the note");
    check_int(tcgetattr(master, &mode), 0);
    check(mode.c_lflag & ICANON);
    end(pid, master, 0);
}
