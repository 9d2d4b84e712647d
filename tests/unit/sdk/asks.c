/* SPDX-License-Identifier: Apache-2.0 */
/* A program that waits while somebody is asked: what an answer opens, and what nobody is asked about. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "cordon/cordon.h"
#include "sandbox.h"
#include "test.h"

#define WAIT_MS 20000

static struct cordon_error err;
static struct cordon_status status;
static struct cordon_container *container;
static struct cordon_approval approval;
static char out[65536];
static size_t out_size;
static struct ran ran;

static const char policy_text[] = "version: cordon/1\n"
                                  "extends: [coding-agent]\n"
                                  "# what a person wrote\n"
                                  "filesystem:\n"
                                  "  readonlyPaths:\n"
                                  "    - ${home}/shown\n"
                                  "  deniedPaths:\n"
                                  "    - ${home}/shut\n";

static const char *home_path(const char *name)
{
    static char paths[4][256];
    static unsigned next;
    char *path = paths[next++ % 4];

    snprintf(path, sizeof(paths[0]), "%s/%s", getenv("HOME"), name);
    return path;
}

static void make(const char *name, const char *text)
{
    test_write_file(home_path(name), text, 0644);
}

static void open_files(void)
{
    sandbox_open();
    setenv("LC_ALL", "C", 1); /* else programs look for the words of their messages, which is a question as well */
    check_int(mkdir(home_path("shown"), 0755), 0);
    check_int(mkdir(home_path("shut"), 0755), 0);
    check_int(mkdir(home_path(".ssh"), 0700), 0);
    make("note", "the note\n");
    make("other", "the other\n");
    make("shown/text", "shown\n");
    make("shut/text", "shut\n");
    make(".ssh/id_rsa", "key\n");
    test_write_file("../policy.yaml", policy_text, 0644);
}

static struct cordon_request *request_new(const char *script, uint64_t timeout_ms)
{
    const char *const argv[] = {"/bin/sh", "-c", script, NULL};
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, &err), 0);
    check_int(cordon_request_add_policy_file(request, "../policy.yaml", &err), 0);
    check_int(cordon_request_set_command(request, argv, &err), 0);
    check_int(cordon_request_set_ask(request, timeout_ms, &err), 0);
    return request;
}

static void begin_with(const char *script, uint64_t timeout_ms)
{
    struct cordon_request *request = request_new(script, timeout_ms);
    int fd = open("../out", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    check(fd >= 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_NULL, fd, fd, &err), 0);
    if (cordon_spawn(request, &container, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    close(fd);
    cordon_request_free(request);
}

static void begin(const char *script)
{
    begin_with(script, WAIT_MS);
}

/* 1 = a question stands, 0 = the program has ended. */
static int next_question(void)
{
    for (;;) {
        struct pollfd polled = {.fd = cordon_container_poll_fd(container, &err), .events = POLLIN};
        int ended = cordon_container_try_wait(container, &status, &err);

        if (ended < 0)
            test_fail(__FILE__, __LINE__, "%s", err.text);
        if (ended > 0)
            return 0;
        if (cordon_container_approval(container, &approval))
            return 1;
        if (poll(&polled, 1, WAIT_MS) <= 0)
            test_fail(__FILE__, __LINE__, "nothing happens");
    }
}

static void answer(enum cordon_answer given)
{
    if (cordon_container_answer(container, approval.number, approval.digest, given, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

static void finish(void)
{
    int fd = open("../out", O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
    ssize_t got;

    check(cordon_container_try_wait(container, &status, &err) > 0 || !next_question());
    cordon_container_free(container);
    container = NULL;
    got = read(fd, out, sizeof(out) - 1);
    check(got >= 0);
    out[got] = '\0';
    out_size = (size_t)got;
    close(fd);
}

static void close_files(void)
{
    sandbox_close();
}

TEST(allowed_once_is_one_call)
{
    open_files();
    begin("cat ~/note; cat ~/note; echo end");
    check_int(next_question(), 1);
    check_int(approval.number, 1);
    check_string(approval.operation, "read");
    check_string(approval.path, home_path("note"));
    check_contains(approval.exe, "/cat");
    check_contains(approval.text, "wants to read this file:\n  ");
    check_contains(approval.text, "rule   filesystem.readonlyPaths: \"${home}/note\"\n");
    answer(CORDON_ANSWER_ONCE);
    check_int(next_question(), 1);
    check_int(approval.number, 2);
    answer(CORDON_ANSWER_DENY);
    finish();
    check_contains(out, "the note\ncat: ");
    check_contains(out, "No such file or directory\nend\n");
    RUN(&ran, CORDON_TEST_PROGRAM, "runs", "show", "last");
    check_contains(ran.out, "approval.asked 1: read /tmp/");
    check_contains(ran.out, "approval.answered 1: read /tmp/");
    check_contains(ran.out, ": once by uid ");
    check_contains(ran.out, ": deny by uid ");
    RUN(&ran, CORDON_TEST_PROGRAM, "why", "last");
    check_contains(ran.out, "A person was asked 2 times and allowed 1.\n");
    check_contains(ran.out, "1 refusal");
    check_int(status.exit_status, 0);
    close_files();
}

/* Another file, and the same for writing, are other questions. */
TEST(allowed_for_the_run_is_the_same_file_operation_and_program)
{
    open_files();
    begin("cat ~/note ~/note; cat ~/note; cat ~/other; head -n1 ~/note; printf more >>~/shown/text; cat ~/note");
    check_int(next_question(), 1);
    answer(CORDON_ANSWER_RUN);
    check_int(next_question(), 1);
    check_string(approval.path, home_path("other"));
    answer(CORDON_ANSWER_DENY);
    check_int(next_question(), 1);
    check_contains(approval.exe, "/head");
    answer(CORDON_ANSWER_DENY);
    check_int(next_question(), 1);
    check_string(approval.path, home_path("shown/text"));
    check_string(approval.operation, "write");
    answer(CORDON_ANSWER_DENY);
    finish();
    check_contains(out, "the note\nthe note\nthe note\ncat: ");
    check_contains(out, "Read-only file system");
    check(strlen(out) > 9 && strcmp(out + strlen(out) - 9, "the note\n") == 0);
    close_files();
}

/* As the time passes that it was allowed for: what is equal is asked about again, and the record has both ends. */
TEST(allowed_for_a_while_is_a_question_again)
{
    uint64_t ends_ns;

    open_files();
    begin("cat ~/note; while [ ! -e go ]; do sleep 0.05; done; cat ~/note; echo end");
    check_int(next_question(), 1);
    check_int(cordon_container_answer_for(container, approval.number, approval.digest, 0, &err), -EINVAL);
    check_int(cordon_container_answer_for(container, approval.number, approval.digest, UINT64_MAX, &err), -EINVAL);
    check_int(cordon_container_answer_for(container, approval.number + 1, approval.digest, 1, &err), -ESTALE);
    check_int(cordon_container_answer_for(container, approval.number, approval.digest, 300, &err), 0);
    ends_ns = clock_boot_ns() + 300 * NS_PER_MS;
    while (clock_boot_ns() <= ends_ns)
        poll(NULL, 0, 10);
    test_write_file("go", "", 0644);
    check_int(next_question(), 1);
    check_int(approval.number, 2);
    answer(CORDON_ANSWER_DENY);
    finish();
    check_contains(out, "the note\ncat: ");
    check_contains(out, "No such file or directory\nend\n");
    RUN(&ran, CORDON_TEST_PROGRAM, "runs", "show", "--json", "last");
    check_contains(ran.out, "\"answer\":\"run\",\"until\":\"2");
    check_contains(ran.out, "\"answer\":\"deny\",\"until\":null");
    check_contains(ran.out, "\"type\":\"grant.ended\",\"rule\":\"the answer to question 1\"");
    close_files();
}

TEST(an_allowed_write_changes_that_file)
{
    open_files();
    begin("printf more >>~/shown/text; cat ~/shown/text; chmod 600 ~/shown/text 2>&1");
    check_int(next_question(), 1);
    check_contains(approval.text, "rule   filesystem.readwritePaths: \"${home}/shown/text\"\n");
    answer(CORDON_ANSWER_ONCE);
    finish();
    check_contains(out, "shown\nmore");
    check_contains(out, "Read-only file system");
    RUN(&ran, "/bin/cat", home_path("shown/text"));
    check_string(ran.out, "shown\nmore");
    close_files();
}

/* What is handed over shows this one file, read-only. */
TEST(what_was_opened_for_reading_leads_to_nothing_else)
{
    open_files();
    if (access("/usr/bin/python3", X_OK) < 0)
        test_skip("python3");
    begin("exec 3<~/note\n"
          "python3 - <<'X'\n"
          "import os\n"
          "def attempt(what, call):\n"
          "    try: call(); print('DID', what)\n"
          "    except OSError as e: print('not', what)\n"
          "attempt('chmod', lambda: os.fchmod(3, 0o777))\n"
          "attempt('times', lambda: os.utime(3, (1, 1)))\n"
          "attempt('write', lambda: os.write(3, b'x'))\n"
          "attempt('truncate', lambda: os.ftruncate(3, 0))\n"
          "attempt('again', lambda: os.open('/proc/self/fd/3', os.O_RDWR))\n"
          "attempt('attribute', lambda: os.setxattr('/proc/self/fd/3', 'user.a', b'b'))\n"
          "attempt('link', lambda: os.link('/proc/self/fd/3', 'mine', follow_symlinks=True))\n"
          "attempt('beside', lambda: os.open('/proc/self/fd/3/../other', os.O_RDONLY))\n"
          "attempt('execute', lambda: os.execv('/proc/self/fd/3', ['x']))\n"
          "print(os.read(3, 100))\n"
          "X\n");
    for (int i = 0; next_question(); i++)
        answer(i ? CORDON_ANSWER_DENY : CORDON_ANSWER_ONCE);
    finish();
    check_contains(out, "b'the note\\n'\n");
    if (strstr(out, "DID"))
        test_fail(__FILE__, __LINE__, "%s", out);
    close_files();
}

TEST(nobody_is_asked_about_what_is_denied_sensitive_protected_or_not_there)
{
    open_files();
    check_int(symlink(home_path(".ssh/id_rsa"), home_path("alias")), 0);
    check_int(link(home_path("other"), home_path("second")), 0);
    check_int(mkfifo(home_path("pipe"), 0644), 0);
    make(".bashrc", "true\n");
    begin("cat ~/shut/text ~/.ssh/id_rsa ~/alias ~/second ~/not-there ~/pipe /etc/shadow ../policy.yaml $XDG_STATE_HOME/cordon 2>/dev/null\n"
          "ln -s ~/.ssh/id_rsa l; ln -s ~/.ssh d; ln -s ~ h; cat l d/id_rsa h/.ssh/id_rsa ~/shown/../.ssh/id_rsa 2>/dev/null\n"
          "ls ~/shown/ >/dev/null; cat /proc/1/environ 2>/dev/null; cat ~/note 2>/dev/null; echo end");
    check_int(next_question(), 1); /* the only one */
    check_string(approval.path, home_path("note"));
    answer(CORDON_ANSWER_DENY);
    finish();
    check_int(approval.number, 1);
    check_string(out, "end\n");
    close_files();
}

TEST(time_that_is_up_denies)
{
    open_files();
    begin_with("cat ~/note 2>&1; cat ~/note 2>&1; cat ~/note; echo end", 300);
    while (next_question())
        check(approval.number <= 2); /* and then nobody is asked */
    finish();
    check_contains(out, "end\n");
    check(!strstr(out, "the note"));
    RUN(&ran, CORDON_TEST_PROGRAM, "runs", "show", "last");
    check_contains(ran.out, "approval.answered 2: read ");
    check_contains(ran.out, ": timeout");
    check(!strstr(ran.out, "approval.asked 3"));
    close_files();
}

TEST(a_run_that_ends_withdraws_what_it_asked)
{
    open_files();
    begin("cat ~/note & cat ~/other; wait");
    check_int(next_question(), 1);
    check_int(cordon_container_kill(container, &err), 0);
    check_int(cordon_container_wait(container, WAIT_MS, &status, &err), 1);
    check(!cordon_container_approval(container, &approval));
    finish();
    RUN(&ran, CORDON_TEST_PROGRAM, "runs", "show", "last");
    check_contains(ran.out, "approval.answered 1: ");
    check_contains(ran.out, ": withdrawn");
    check(strstr(ran.out, "run.exited") > strstr(ran.out, ": withdrawn"));
    close_files();
}

TEST(an_answer_to_another_question_is_refused)
{
    static const char other[] = "sha256:0000000000000000000000000000000000000000000000000000000000000000";

    open_files();
    begin("cat ~/note");
    check_int(next_question(), 1);
    check_int(cordon_container_answer(container, approval.number, other, CORDON_ANSWER_ONCE, &err), -ESTALE);
    check_int(cordon_container_answer(container, approval.number + 1, approval.digest, CORDON_ANSWER_ONCE, &err), -ESTALE);
    check_int(cordon_container_answer(container, approval.number, approval.digest, (enum cordon_answer)9, &err), -EINVAL);
    answer(CORDON_ANSWER_DENY);
    check_int(cordon_container_answer(container, 1, other, CORDON_ANSWER_ONCE, &err), -ESTALE);
    finish();
    check(!strstr(out, "the note"));
    close_files();
}

TEST(another_file_under_the_name_is_not_opened)
{
    open_files();
    begin("cat ~/note; cat ~/note");
    check_int(next_question(), 1);
    check_int(rename(home_path("note"), home_path("moved")), 0);
    make("note", "swapped\n");
    check(cordon_container_answer(container, approval.number, approval.digest, CORDON_ANSWER_RUN, &err) < 0);
    check(err.errnum == ESTALE);
    check_int(next_question(), 1); /* it is another question */
    check_int(unlink(home_path("note")), 0);
    check_int(symlink(home_path("other"), home_path("note")), 0);
    check(cordon_container_answer(container, approval.number, approval.digest, CORDON_ANSWER_RUN, &err) < 0);
    finish();
    check(!strstr(out, "swapped") && !strstr(out, "the other") && !strstr(out, "the note"));
    RUN(&ran, CORDON_TEST_PROGRAM, "runs", "show", "last");
    check_contains(ran.out, ": changed");
    close_files();
}

TEST(a_written_rule_keeps_the_document_and_holds_for_the_next_run)
{
    open_files();
    begin("cat ~/note");
    check_int(next_question(), 1);
    check_string(approval.rule_file, "../policy.yaml");
    answer(CORDON_ANSWER_RULE);
    finish();
    check_string(out, "the note\n");
    RUN(&ran, "/bin/cat", "../policy.yaml");
    check_contains(ran.out, "# what a person wrote\n");
    check_contains(ran.out, "- \"${home}/note\"\n");
    check_contains(ran.out, "- ${home}/shown\n");
    begin("cat ~/note");
    finish(); /* without a question */
    check_string(out, "the note\n");
    RUN(&ran, CORDON_TEST_PROGRAM, "runs", "show", "last");
    check(!strstr(ran.out, "approval."));
    close_files();
}

TEST(many_questions_end_and_the_program_goes_on)
{
    open_files();
    for (int i = 0; i < 100; i++) {
        char name[16];

        snprintf(name, sizeof(name), "f%d", i);
        make(name, "many\n");
    }
    begin("cat ~/note; for i in $(seq 0 99); do cat ~/f$i 2>/dev/null & done; wait; cat ~/note; echo end");
    while (next_question())
        answer(approval.number == 1 ? CORDON_ANSWER_RUN : CORDON_ANSWER_DENY);
    finish();
    check_string(out, "the note\nthe note\nend\n"); /* what was allowed for the run stays so */
    check_int(approval.number, 64);
    close_files();
}

TEST(an_equal_question_is_denied_twice_and_not_asked_again)
{
    open_files();
    begin("for i in 1 2 3 4 5; do cat ~/note; done 2>/dev/null; echo end");
    while (next_question())
        answer(CORDON_ANSWER_DENY);
    finish();
    check_string(out, "end\n");
    check_int(approval.number, 2);
    close_files();
}

/* The keeper serves the others meanwhile, and who is killed while it waits asks no more. */
TEST(others_go_on_while_one_waits)
{
    open_files();
    begin("cat ~/note & echo there >here; cat here; until [ -e go ]; do sleep 0.02; done; kill -9 $!; wait $!; echo killed $?");
    check_int(next_question(), 1);
    test_write_file("go", "", 0644);
    check_int(cordon_container_wait(container, WAIT_MS, &status, &err), 1);
    finish();
    check_contains(out, "there\n");
    check_contains(out, "killed 137\n");
    RUN(&ran, CORDON_TEST_PROGRAM, "runs", "show", "last");
    check_contains(ran.out, "approval.asked 1: read");
    close_files();
}

TEST(names_are_shown_with_what_cannot_be_seen)
{
    open_files();
    make("a\xe2\x80\xae" "b\x1b[2J\xe2\x80\x8b", "odd\n");
    begin("cat ~/a*b* ~/a$(printf '\\342\\200\\256')b$(printf '\\033')[2J$(printf '\\342\\200\\213') 2>/dev/null");
    check_int(next_question(), 1);
    check_contains(approval.text, "/a\\xe2\\x80\\xaeb\\x1b[2J\\xe2\\x80\\x8b\n");
    answer(CORDON_ANSWER_ONCE);
    finish();
    check_string(out, "odd\n");
    close_files();
}

/* With the void, a look-up in vain meets a file system of process 1; with sandboxes inside, callers may stand elsewhere. */
TEST(questions_go_with_every_way_to_watch_and_with_sandboxes_inside)
{
    static const enum cordon_watch levels[] = {CORDON_WATCH_REFUSED, CORDON_WATCH_HIDDEN, CORDON_WATCH_FULL};

    open_files();
    for (int i = 0; i < 6; i++) {
        struct cordon_request *request = request_new("cat ~/note >seen 2>&1; cat ~/other >>seen 2>&1", WAIT_MS);

        if ((levels[i / 2] == CORDON_WATCH_HIDDEN && access("/dev/fuse", R_OK | W_OK) < 0) ||
            (i % 2 && geteuid() == 0)) { /* for root there are no sandboxes inside */
            cordon_request_free(request);
            continue;
        }
        check_int(cordon_request_set_watch(request, levels[i / 2], &err), 0);
        check_int(cordon_request_set_member(request, i % 2 ? "nested.namespaces=true" : "nested.namespaces=false", &err), 0);
        if (cordon_spawn(request, &container, &err) < 0)
            test_fail(__FILE__, __LINE__, "round %d: %s", i, err.text);
        cordon_request_free(request);
        check_int(next_question(), 1);
        answer(CORDON_ANSWER_ONCE);
        check_int(next_question(), 1);
        answer(CORDON_ANSWER_DENY);
        finish();
        RUN(&ran, "/bin/cat", "seen");
        if (strncmp(ran.out, "the note\ncat: ", 14) != 0)
            test_fail(__FILE__, __LINE__, "round %d: '%s'", i, ran.out);
    }
    close_files();
}

/* A program that asks in a loop is refused at once, and at no price. */
TEST(a_loop_of_questions_costs_little)
{
    open_files();
    begin("i=0; while [ $i -lt 3000 ]; do true <~/note; i=$((i+1)); done 2>/dev/null; echo end");
    while (next_question())
        answer(CORDON_ANSWER_DENY);
    finish();
    check_string(out, "end\n");
    check_int(approval.number, 2);
    RUN(&ran, CORDON_TEST_PROGRAM, "why", "last");
    check_contains(ran.out, "3000 refusals");
    close_files();
}

TEST(a_rule_is_written_where_the_policy_was_and_not_for_another_file)
{
    open_files();
    begin("cat ~/note; cat ~/other");
    check_int(next_question(), 1);
    check_int(chdir("/"), 0);
    answer(CORDON_ANSWER_RULE);
    check_int(next_question(), 1);
    check_int(rename(home_path("note"), home_path("other")), 0);
    check(cordon_container_answer(container, approval.number, approval.digest, CORDON_ANSWER_RULE, &err) < 0);
    check_int(chdir(getenv("HOME")), 0);
    check_int(chdir("../work"), 0);
    finish();
    RUN(&ran, "/bin/cat", "../policy.yaml");
    check_contains(ran.out, "${home}/note");
    check(!strstr(ran.out, "other"));
    close_files();
}

TEST(a_write_that_empties_is_named_so_and_a_reviewed_run_asks_for_none)
{
    struct cordon_request *request;

    open_files();
    begin("echo new >~/shown/text; cat ~/shown/text");
    check_int(next_question(), 1);
    check_contains(approval.text, "wants to empty and write this file");
    RUN(&ran, "/bin/cat", home_path("shown/text"));
    check_string(ran.out, "shown\n"); /* it was looked at, and not emptied */
    answer(CORDON_ANSWER_ONCE);
    finish();
    check_contains(out, "new\n");
    request = request_new("exec 2>/dev/null; echo newer >~/shown/text", WAIT_MS);
    check_int(cordon_request_set_review(request, NULL, &err), 0);
    check_int(cordon_spawn(request, &container, &err), 0);
    cordon_request_free(request);
    check(!next_question());
    cordon_container_free(container);
    close_files();
}

/* The name that the program used, and its own, are as long as it likes. */
TEST(a_long_name_leaves_the_question_in_sight)
{
    static const char script[] = "ln -s \"$HOME/note\" link; d=\"$(printf '%80s' x)  cordon: question 1\"; mkdir \"$d\"; cp /bin/cat \"$d/c  t\"\n"
                                 "n=\"$d/../link\"; for i in 1 2 3 4 5 6 7 8; do n=\"./././././././././././././././././././././$n\"; done\n"
                                 "cat \"$n\"; \"$d/c  t\" \"$HOME/other\"";
    const char *shown;

    open_files();
    begin(script);
    check(next_question());
    shown = strstr(approval.text, home_path("note"));
    check(shown && shown < strstr(approval.text, "\nnamed"));
    check(strstr(approval.text, " bytes) "));
    check(strlen(approval.text) < 600);
    check(!strstr(approval.text, "        "));
    answer(CORDON_ANSWER_ONCE);
    check(next_question());
    check(strstr(approval.text, " blanks) "));
    check(strstr(approval.text, "/c (2 blanks) t\n"));
    answer(CORDON_ANSWER_DENY);
    finish();
    check_contains(out, "the note\n");
    close_files();
}

TEST(what_would_not_be_answered_is_refused_at_the_start)
{
    struct cordon_request *request;

    open_files();
    request = request_new("true", WAIT_MS);
    check_int(cordon_run(request, &status, NULL, &err), -EINVAL);
    check_contains(err.text, "use cordon_spawn()");
    check_int(cordon_request_set_ask(request, 3600 * 1000 + 1, &err), -EINVAL);
    cordon_request_free(request);
    close_files();
}

/* A link that the program made leads where it leads; the question says where. */
TEST(a_link_is_asked_about_by_where_it_leads)
{
    open_files();
    begin("ln -s ~/note innocent; ln -s ~ here; cat innocent here/other");
    check_int(next_question(), 1);
    check_string(approval.path, home_path("note"));
    check_string(approval.named, "innocent");
    check_contains(approval.text, "\nnamed  innocent\n");
    answer(CORDON_ANSWER_ONCE);
    check_int(next_question(), 1);
    check_string(approval.path, home_path("other"));
    check_string(approval.named, "here/other");
    answer(CORDON_ANSWER_ONCE);
    finish();
    check_string(out, "the note\nthe other\n");
    close_files();
}

/* While it waits, another thread puts another name where the kernel read the first. */
TEST(a_name_that_is_changed_meanwhile_changes_nothing)
{
    open_files();
    if (access("/usr/bin/python3", X_OK) < 0)
        test_skip("python3");
    begin("exec python3 - 2>&1 <<'X'\n"
          "import ctypes, os, threading, time\n"
          "libc = ctypes.CDLL(None, use_errno=True)\n"
          "home = os.environ['HOME']\n"
          "name = ctypes.create_string_buffer((home + '/note').encode(), 4096)\n"
          "got = []\n"
          "thread = threading.Thread(target=lambda: got.append(libc.open(name, 0)))\n"
          "thread.start()\n"
          "while not os.path.exists('go'): time.sleep(0.01)\n"
          "name.value = (home + '/other').encode()\n"
          "open('changed', 'w').close()\n"
          "thread.join()\n"
          "print(os.read(got[0], 100))\n"
          "X\n");
    for (bool is_asked = false; next_question();) {
        struct pollfd none = {.fd = -1};

        is_asked = strcmp(approval.path, home_path("note")) == 0;
        if (is_asked) {
            test_write_file("go", "", 0644);
            for (int i = 0; access("changed", F_OK) < 0 && i < WAIT_MS; i += 10)
                poll(&none, 1, 10);
        }
        answer(is_asked ? CORDON_ANSWER_ONCE : CORDON_ANSWER_DENY);
    }
    finish();
    check_contains(out, "b'the note\\n'\n");
    close_files();
}

/* Nobody looks after the container: process 1 ends the question by itself, two seconds later. */
TEST(a_supervisor_that_stands_still_allows_nothing)
{
    struct pollfd none = {.fd = -1};
    int waited = 0;

    open_files();
    begin_with("cat ~/note 2>/dev/null; echo >done", 100);
    for (; access("done", F_OK) < 0 && waited < WAIT_MS; waited += 50)
        poll(&none, 1, 50);
    check(waited < WAIT_MS);
    finish();
    check_string(out, "");
    close_files();
}

/* Who holds the questions dies: nothing is left that could be allowed. */
TEST(without_its_supervisor_nothing_is_allowed)
{
    pid_t pid;
    char byte;
    int ends[2];

    open_files();
    check_int(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        begin("cat ~/note >seen 2>&1");
        if (next_question() != 1 || write(ends[1], "q", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(ends[1]);
    check_int(read(ends[0], &byte, 1), 1);
    kill(pid, SIGKILL);
    check_int(waitpid(pid, NULL, 0), pid);
    check_int(read(ends[0], &byte, 1), 0);
    RUN(&ran, "/bin/cat", "seen");
    check(!strstr(ran.out, "the note"));
    close(ends[0]);
    close_files();
}
