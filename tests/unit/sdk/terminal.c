/* SPDX-License-Identifier: Apache-2.0 */
/* `cordon run --tty`: what a user at a terminal has of it. */
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "sandbox.h"
#include "test.h"

#define CORDON CORDON_TEST_PROGRAM

static struct ran ran;

/* `cordon run --tty` on a terminal of the test's own. */
static pid_t start_on_terminal(const char *script, int *ret_master)
{
    struct winsize size = {.ws_row = 30, .ws_col = 100};
    int master;
    pid_t pid = forkpty(&master, NULL, NULL, &size);

    check(pid >= 0);
    if (pid == 0) {
        execl(CORDON, "cordon", "run", "--tty", "--", "bash", "-c", script, (char *)NULL);
        _exit(99);
    }
    fcntl(master, F_SETFD, FD_CLOEXEC);
    *ret_master = master;
    return pid;
}

/* Read until `part` was seen; what came is in `got`. */
static void expect(int master, char *got, size_t size, const char *part)
{
    size_t used = strlen(got);

    while (!strstr(got, part)) {
        struct pollfd one = {.fd = master, .events = POLLIN};
        ssize_t step;

        if (poll(&one, 1, 20000) <= 0)
            test_fail(__FILE__, __LINE__, "'%s' does not come, only '%s'", part, got);
        step = read(master, got + used, size - 1 - used);
        if (step <= 0)
            test_fail(__FILE__, __LINE__, "the terminal ends before '%s', after '%s'", part, got);
        used += (size_t)step;
        got[used] = '\0';
    }
}

TEST(a_terminal_has_size_job_control_and_relays_both_ways)
{
    struct winsize size = {.ws_row = 40, .ws_col = 120};
    char got[8192] = "";
    struct termios mode;
    int master;
    pid_t pid;

    sandbox_open();
    pid =
        start_on_terminal("tty; stty size; read line; echo got $line; stty size; exit 9", &master);
    expect(master, got, sizeof(got), "/dev/pts/");
    expect(master, got, sizeof(got), "30 100");
    check_int(tcgetattr(master, &mode), 0);
    check(!(mode.c_lflag & ICANON)); /* raw while it runs */
    check_int(ioctl(master, TIOCSWINSZ, &size), 0);
    check_int(write(master, "hello\r", 6), 6);
    expect(master, got, sizeof(got), "got hello");
    expect(master, got, sizeof(got), "40 120");
    check_int(sandbox_finish(pid), 9);
    check_int(tcgetattr(master, &mode), 0);
    check(mode.c_lflag & ICANON); /* and as it was afterwards */
    close(master);
    sandbox_close();
}

TEST(an_interrupt_typed_into_a_terminal_reaches_the_program_inside)
{
    char got[8192] = "";
    int master;
    pid_t pid;

    sandbox_open();
    pid = start_on_terminal("trap 'echo caught; exit 4' INT; echo ready; while :; do sleep 0.05; "
                            "done",
                            &master);
    expect(master, got, sizeof(got), "ready");
    check_int(write(master, "\003", 1), 1);
    expect(master, got, sizeof(got), "caught");
    check_int(sandbox_finish(pid), 4);
    close(master);
    sandbox_close();
}

TEST(the_way_out_of_a_terminal_is_open_whatever_the_program_does)
{
    static const char filler[8192] = {[0 ... 8191] = 'x'};
    char got[8192] = "";
    int master;
    pid_t pid;

    sandbox_open();
    pid = start_on_terminal("stty raw -echo -isig; trap '' INT QUIT TERM HUP; echo ready; while :; do sleep 0.05; done",
                            &master);
    expect(master, got, sizeof(got), "ready");
    check_int(write(master, "\003\003\003\003", 4), 4);
    for (int i = 0; i < 2; i++) /* more than a terminal holds for who does not read */
        check_int(write(master, filler, sizeof(filler)), sizeof(filler));
    check_int(write(master, "\035\035", 2), 2);
    check_int(waitpid(pid, NULL, WNOHANG), 0);
    check_int(write(master, "\035", 1), 1);
    check_int(sandbox_finish(pid), 128 + SIGKILL);
    close(master);
    sandbox_close();
}

TEST(three_keys_of_the_way_out_with_another_between_them_are_the_program_s)
{
    char got[8192] = "";
    int master;
    pid_t pid;

    sandbox_open();
    pid = start_on_terminal("stty raw -echo; echo ready; head -c 4 | od -An -tx1; exit 6", &master);
    expect(master, got, sizeof(got), "ready");
    check_int(write(master, "\035\035x\035", 4), 4);
    expect(master, got, sizeof(got), "1d 1d 78 1d");
    check_int(sandbox_finish(pid), 6);
    close(master);
    sandbox_close();
}

TEST(all_that_a_program_wrote_is_shown_before_cordon_ends)
{
    static char got[1 << 20];
    int master;
    pid_t pid;

    sandbox_open();
    got[0] = '\0';
    pid = start_on_terminal("seq 1 60000; echo the-end", &master);
    expect(master, got, sizeof(got), "the-end");
    check_contains(got, "\n29999\r\n30000\r\n");
    check_contains(got, "\n60000\r\nthe-end");
    check_int(sandbox_finish(pid), 0);
    close(master);
    sandbox_close();
}

TEST(a_terminal_that_is_none_is_refused_clearly)
{
    sandbox_open();
    RUN(&ran, CORDON, "run", "--tty", "--", "true");
    check_int(ran.status, 125);
    check_contains(ran.err, "--tty: stdin is not a terminal");
    sandbox_close();
}

/* What `cordon run OPTIONS -- SCRIPT` shows on a terminal of the test's own. */
static void show(const char *options, const char *script, char *got, size_t size)
{
    char command[2048];
    int master, status;
    pid_t pid = forkpty(&master, NULL, NULL, NULL);

    check(pid >= 0);
    if (pid == 0) {
        snprintf(command, sizeof(command), "exec %s run %s -- sh -c \"$0\"", CORDON, options);
        execl("/bin/sh", "sh", "-c", command, script, (char *)NULL);
        _exit(99);
    }
    fcntl(master, F_SETFD, FD_CLOEXEC);
    got[0] = '\0';
    expect(master, got, size, "end of it");
    check(waitpid(pid, &status, 0) == pid);
    check_int(WEXITSTATUS(status), 0);
    close(master);
}

TEST(the_clipboard_of_a_terminal_is_set_where_the_policy_says_so_and_never_read)
{
    static const char script[] = "printf 'a\\033]52;c;aGk=\\007b\\033]52;c;?\\007c end of it'";
    char got[4096];

    sandbox_open();
    show("--tty", script, got, sizeof(got));
    check_string(got, "abc end of it");
    show("--tty --set ui.clipboard=write", script, got, sizeof(got));
    check_string(got, "a\033]52;c;aGk=\abc end of it");
    RUN(&ran, CORDON, "run", "--set", "ui.clipboard=read", "--", "true");
    check_int(ran.status, 125);
    check_contains(ran.err, "ui.clipboard: needs a private desktop");
    sandbox_close();
}

TEST(the_record_says_whose_terminal_a_program_writes_to)
{
    char got[4096];

    sandbox_open();
    show("--tty --events own.jsonl", "printf 'end of it'", got, sizeof(got));
    show("--events callers.jsonl", "printf 'end of it'", got, sizeof(got));
    RUN(&ran, "/bin/sh", "-c", CORDON " run --events none.jsonl -- true </dev/null; cat own.jsonl callers.jsonl none.jsonl");
    check_int(ran.status, 0);
    check_contains(ran.out, "\"terminal\":\"own\"");
    check_contains(ran.out, "\"terminal\":\"caller\"");
    check_contains(ran.out, "\"terminal\":\"none\"");
    sandbox_close();
}

/* Without a terminal nothing changes the bytes: that is what the record is for. */
TEST(without_a_terminal_of_its_own_nothing_is_filtered)
{
    char got[4096];

    sandbox_open();
    show("", "printf 'a\\033]52;c;aGk=\\007b end of it'", got, sizeof(got));
    check_string(got, "a\033]52;c;aGk=\ab end of it");
    sandbox_close();
}
