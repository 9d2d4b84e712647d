/* SPDX-License-Identifier: Apache-2.0 */
/* Containers that stand without a program, and programs in them. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan.h"
#include "test.h"
#include "tier/process/record.h"

static struct hand_plan hand;
static const char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", NULL};
static struct error err;
static struct tier_run *run;

static struct {
    uint32_t number;
    struct tier_status status;
} ends[512];
static size_t end_count;

static void ended(void *context, uint32_t number, const struct tier_status *status)
{
    (void)context;
    if (end_count < ARRAY_COUNT(ends)) {
        ends[end_count].number = number;
        ends[end_count++].status = *status;
    }
}

static const struct tier_programs programs = {.ended = ended};

static struct tier_start standing(void)
{
    return (struct tier_start){.plan = &hand.plan, .init_path = hand_init_path(), .run_id = "unit", .programs = &programs};
}

static void stand(void)
{
    struct tier_start start = standing();
    int status = tier_process.start(&start, NULL, &run, &err);

    if (status < 0 && err.kind == ERROR_UNENFORCEABLE)
        test_skip("userns");
    check_int(status, 0);
}

static void stand_plainly(void)
{
    hand_plan_init(&hand, NULL);
    stand();
}

static int execute(const char *script, int out, struct tier_program *ret_program)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .stdio = {-1, out, out}};

    return tier_process.exec(run, &exec, ret_program, &err);
}

/* 1 when it is over. */
static int hear(void)
{
    struct pollfd polled = {.fd = tier_process.poll_fd(run), .events = POLLIN};
    struct tier_status status;

    poll(&polled, 1, -1);
    return tier_process.read_status(run, &status, &err);
}

static const struct tier_status *end_of(uint32_t number)
{
    for (;;) {
        for (size_t i = 0; i < end_count; i++)
            if (ends[i].number == number)
                return &ends[i].status;
        check_int(hear(), 0);
    }
}

/* What a script prints, and how it ends. */
static const struct tier_status *script(const char *text, char *output, size_t size)
{
    struct tier_program program;
    const struct tier_status *status;
    size_t length = 0;
    ssize_t got;
    int pipes[2];

    check_int(pipe2(pipes, O_CLOEXEC), 0);
    check_int(execute(text, pipes[1], &program), 0);
    close(pipes[1]);
    status = end_of(program.number);
    while ((got = read(pipes[0], output + length, size - 1 - length)) > 0)
        length += (size_t)got;
    output[length] = '\0';
    close(pipes[0]);
    return status;
}

static char output[65536];

TEST(programs_run_one_after_the_other_in_one_container)
{
    stand_plainly();
    check_int(script("echo first >/tmp/kept; exit 3", output, sizeof(output))->code, 3);
    check_int(script("cat /tmp/kept; exit 4", output, sizeof(output))->code, 4);
    check_string(output, "first\n");
    check_int(script("kill -TERM $$", output, sizeof(output))->end, TIER_SIGNALED);
    check_int((int)end_count, 3);
    tier_process.finish(run);
}

/* Whoever opened a file before has that one; what is too long, or for no file, changes none. */
TEST(what_is_served_is_there_before_any_program_and_is_replaced_as_a_whole)
{
    static char long_one[RECORD_SERVED_MAX + 1];
    struct tier_start start = standing();
    int status;

    hand_plan_init(&hand, NULL);
    hand_plan_add(&hand, PLAN_SERVED, "/served", NULL, false);
    start.served[PLAN_SERVED_SVID].bytes = "first\n";
    start.served[PLAN_SERVED_SVID].size = 6;
    status = tier_process.start(&start, NULL, &run, &err);
    if (status < 0 && err.kind == ERROR_UNENFORCEABLE)
        test_skip("userns");
    check_int(status, 0);
    check_int(script("cat /served/svid.pem; ls -A /served; stat -c %a /served/svid.pem; echo x 2>/dev/null >/served/svid.pem || echo no", output, sizeof(output))->code, 0);
    check_string(output, "first\nsvid.pem\n444\nno\n");
    check_int(tier_process.serve(run, PLAN_SERVED_SVID, "second\n", 7, &err), 0);
    check_int(tier_process.serve(run, PLAN_SERVED_KEYS, "{}\n", 3, &err), 0);
    check_int(script("cat /served/svid.pem; ls -A /served", output, sizeof(output))->code, 0);
    check_string(output, "second\njwks.json\nsvid.pem\n");
    check_int(tier_process.serve(run, PLAN_SERVED_SVID, long_one, sizeof(long_one), &err), -EFBIG);
    check_int(tier_process.serve(run, PLAN_SERVED_BUNDLE, long_one, RECORD_SERVED_MAX, &err), 0);
    check_int(script("cat /served/svid.pem; stat -c %s /served/bundle.pem", output, sizeof(output))->code, 0);
    check_string(output, "second\n65536\n");
    tier_process.finish(run);
}

TEST(a_container_that_stands_ends_when_it_is_told_and_says_what_was_used)
{
    struct tier_status status;
    struct tier_program program;

    stand_plainly();
    check_int(execute("while :; do :; done", -1, &program), 0);
    check_int(tier_process.end(run, &err), 0);
    while (!tier_process.read_status(run, &status, &err)) {
        struct pollfd polled = {.fd = tier_process.poll_fd(run), .events = POLLIN};

        poll(&polled, 1, -1);
    }
    check_int(status.end, TIER_EXITED);
    check_int(status.code, 0);
    check(status.has_times);
    check_int(execute("true", -1, &program), -ESRCH);
    tier_process.finish(run);
}

/* Their end is their own: the container stands on, and what a program left behind runs on in it. */
TEST(what_a_program_leaves_behind_runs_on)
{
    stand_plainly();
    check_int(script("setsid sleep 1000 >/dev/null 2>&1 & until [ \"$(cat /proc/$!/comm)\" = sleep ]; do :; done", output, sizeof(output))->code, 0);
    check_int(script("for i in /proc/[0-9]*; do read name <$i/comm && echo $name; done 2>/dev/null | grep -c '^sleep$'", output,
                     sizeof(output))->code, 0);
    check_string(output, "1\n");
    tier_process.finish(run);
}

TEST(a_program_that_is_not_there_is_said_so_and_the_container_stands_on)
{
    const char *argv[] = {"no-such-program", NULL};
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .stdio = {-1, -1, -1}};
    struct tier_program program;

    stand_plainly();
    check_int(tier_process.exec(run, &exec, &program, &err), -ENOENT);
    check_int(err.kind, ERROR_NOT_FOUND);
    argv[0] = "/etc/ld.so.cache";
    check_int(tier_process.exec(run, &exec, &program, &err), -EACCES);
    check_int(err.kind, ERROR_NOT_EXECUTABLE);
    argv[0] = "/bin/true";
    exec.cwd = "/no/such/place";
    check_int(tier_process.exec(run, &exec, &program, &err), -ENOENT);
    check_int(err.kind, ERROR_INVALID);
    check_contains(err.text, "/no/such/place");
    check_int(script("exit 7", output, sizeof(output))->code, 7);
    check_int((int)end_count, 1);
    tier_process.finish(run);
}

/* A link of a program's making would lead process 1 to a descriptor of its own. */
TEST(a_working_directory_is_entered_by_no_magic_link)
{
    const char *argv[] = {"/bin/true", NULL};
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/tmp/link", .stdio = {-1, -1, -1}};
    struct tier_program program;

    stand_plainly();
    check_int(script("ln -s /proc/self/cwd /tmp/link; ln -s /usr /tmp/plain", output, sizeof(output))->code, 0);
    check_int(tier_process.exec(run, &exec, &program, &err), -ELOOP);
    exec.cwd = "/tmp/plain";
    check_int(tier_process.exec(run, &exec, &program, &err), 0);
    tier_process.finish(run);
}

TEST(programs_see_each_other_and_may_signal_each_other_but_not_process_1)
{
    struct tier_program program;
    char text[256];

    stand_plainly();
    check_int(execute("sleep 1000", -1, &program), 0);
    snprintf(text, sizeof(text), "kill -USR1 1; kill -KILL 1; kill -STOP 1; kill -TERM %d; exit $?", (int)program.pid);
    check_int(script(text, output, sizeof(output))->code, 0);
    check_int(end_of(program.number)->code, SIGTERM);
    check_int(script("exit 5", output, sizeof(output))->code, 5);
    tier_process.finish(run);
}

/* One after the other, every number that a thread of process 1 may have, by every call that names a thread. */
TEST(no_thread_of_process_1_can_be_signalled_or_changed)
{
    static const bool keeps[] = {false, true};

    for (size_t i = 0; i < ARRAY_COUNT(keeps); i++) {
        hand_plan_init(&hand, NULL);
        hand.plan.filter.keeps_names = hand.plan.filter.keeps_sockets = keeps[i];
        end_count = 0;
        stand();
        check_int(script("exec python3 -c '\n"
                         "import os, signal, ctypes\n"
                         "libc = ctypes.CDLL(None, use_errno=True)\n"
                         "for tid in sorted(int(t) for t in os.listdir(\"/proc/1/task\")):\n"
                         "  for number in (signal.SIGSTOP, signal.SIGKILL, signal.SIGSEGV):\n"
                         "    print(libc.tgkill(1, tid, number), libc.syscall(200, tid, number), end=\" \")\n"
                         "  print(libc.setpriority(0, tid, 19), libc.sched_setaffinity(tid, 8, b\"\\1\" + b\"\\0\" * 7), end=\" \")\n"
                         "  print(libc.ptrace(16, tid, 0, 0))\n'",
                         output, sizeof(output))->code, 0);
        for (const char *at = output; (at = strchr(at, '0')); at++)
            check(at == output); /* nothing succeeded: only "-1" is printed */
        check_contains(output, "-1 -1 -1 -1 -1 -1 -1 -1 -1\n");
        check_int(script("exit 5", output, sizeof(output))->code, 5);
        tier_process.finish(run);
    }
}

TEST(a_program_has_no_descriptor_but_those_that_it_was_given)
{
    int pipes[2], fds[] = {25, 29}, null = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const char *argv[] = {"bash", "-c", "echo /proc/self/fd/*; echo given >&29; cat <&25", NULL};
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .fds = fds, .fd_count = 2};
    struct tier_program program;
    char text[256] = "";
    ssize_t got;

    stand_plainly();
    check_int(pipe2(pipes, O_CLOEXEC), 0);
    check_int(dup3(null, 25, O_CLOEXEC), 25);
    check_int(dup3(pipes[1], 29, O_CLOEXEC), 29);
    exec.stdio[0] = exec.stdio[2] = -1;
    exec.stdio[1] = pipes[1];
    check_int(tier_process.exec(run, &exec, &program, &err), 0);
    check_int(end_of(program.number)->code, 0);
    got = read(pipes[0], text, sizeof(text) - 1);
    check(got > 0);
    check_string(text, "/proc/self/fd/0 /proc/self/fd/1 /proc/self/fd/2 /proc/self/fd/25 /proc/self/fd/29 "
                       "/proc/self/fd/3\ngiven\n"); /* the last one is the directory that the shell reads */
    tier_process.finish(run);
    close(null);
    close(pipes[0]);
    close(pipes[1]);
    close(25);
    close(29);
}

TEST(a_directory_is_not_handed_to_a_program)
{
    int directory = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char *argv[] = {"/bin/true", NULL};
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .stdio = {directory, -1, -1}};
    struct tier_program program;

    stand_plainly();
    check_int(tier_process.exec(run, &exec, &program, &err), -EISDIR);
    tier_process.finish(run);
    close(directory);
}

TEST(each_program_can_have_a_terminal_of_its_own)
{
    const char *argv[] = {"sh", "-c", "stty size; tty; exit 6", NULL};
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .is_tty = true, .rows = 33,
                             .columns = 99};
    struct tier_program first, second;
    char text[256] = "";
    ssize_t got = 0;

    stand_plainly();
    check_int(tier_process.exec(run, &exec, &first, &err), 0);
    check_int(tier_process.exec(run, &exec, &second, &err), 0);
    check(first.tty >= 0 && second.tty >= 0);
    for (ssize_t more = 1; more > 0; got += more > 0 ? more : 0)
        more = read(first.tty, text + got, sizeof(text) - 1 - (size_t)got);
    check_contains(text, "33 99");
    check_contains(text, "/dev/pts/0");
    check_int(end_of(first.number)->code, 6);
    check_int(end_of(second.number)->code, 6);
    close(first.tty);
    close(second.tty);
    tier_process.finish(run);
}

/* Whoever is in the container first stops and ends what comes after it, as fast as it can. */
static const char hunter[] =
    "exec python3 -c '\n"
    "import os, signal\n"
    "own = {1, os.getpid()} | {int(t) for t in os.listdir(\"/proc/1/task\")}\n"
    "print(\"hunting\", flush=True)\n"
    "while True:\n"
    "  for name in os.listdir(\"/proc\"):\n"
    "    if name.isdigit() and int(name) not in own:\n"
    "      try: os.kill(int(name), %s)\n"
    "      except OSError: pass\n'";

static void hunt(const char *signal_name, struct tier_program *ret_program)
{
    char text[1024], word[16];
    int pipes[2];

    snprintf(text, sizeof(text), hunter, signal_name);
    check_int(pipe2(pipes, O_CLOEXEC), 0);
    check_int(execute(text, pipes[1], ret_program), 0);
    close(pipes[1]);
    check(read(pipes[0], word, sizeof(word)) > 0);
    close(pipes[0]);
}

TEST(a_program_that_others_end_before_it_began_has_begun_and_ended)
{
    struct tier_program hunter_program, program;
    int count = 0;

    stand_plainly();
    hunt("signal.SIGKILL", &hunter_program);
    for (int i = 0; i < 50; i++)
        if (execute("sleep 1000", -1, &program) == 0) {
            const struct tier_status *status = end_of(program.number);

            check_int(status->end, TIER_SIGNALED);
            check_int(status->code, SIGKILL);
            count++;
        }
    check_int(count, 50);
    check_int(tier_process.signal_program(run, hunter_program.number, SIGKILL, &err), 0);
    check_int(end_of(hunter_program.number)->code, SIGKILL);
    check_int(script("exit 5", output, sizeof(output))->code, 5);
    tier_process.finish(run);
}

/* Of as many as may begin at a time the next one is refused, and the container can be ended whatever is stopped in it. */
TEST(programs_that_others_stop_before_they_begin_hold_up_nobody_for_ever)
{
    struct tier_program hunter_program, program;
    struct tier_status status;
    int started = 0, failed = 0;

    stand_plainly();
    hunt("signal.SIGSTOP", &hunter_program);
    for (int i = 0; i < 20; i++) {
        const char *argv[] = {"/bin/true", NULL};
        struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .stdio = {-1, -1, -1}};

        exec.deadline_ns = 1; /* long ago: nobody waits for it */
        if (tier_process.exec(run, &exec, &program, &err) == 0)
            started++;
        else
            failed++;
    }
    check_int(started + failed, 20);
    check_int(tier_process.end(run, &err), 0);
    while (!tier_process.read_status(run, &status, &err)) {
        struct pollfd polled = {.fd = tier_process.poll_fd(run), .events = POLLIN};

        poll(&polled, 1, -1);
    }
    check_int(status.end, TIER_EXITED);
    tier_process.finish(run);
}

TEST(no_more_programs_run_at_a_time_than_a_container_may_have)
{
    struct tier_program program = {0};
    int status = 0, count = 0;

    stand_plainly();
    while (count <= RECORD_PROGRAMS_MAX && (status = execute("exec sleep 1000", -1, &program)) == 0)
        count++;
    check_int(count, RECORD_PROGRAMS_MAX);
    check_int(status, -EAGAIN);
    check_int(err.kind, ERROR_LIMIT);
    check_int(tier_process.signal_program(run, program.number, SIGKILL, &err), 0);
    check_int(end_of(program.number)->code, SIGKILL);
    check_int(execute("true", -1, &program), 0);
    check_int(tier_process.signal_program(run, program.number, SIGKILL, &err), 0);
    tier_process.finish(run);
}

TEST(the_main_program_s_end_is_that_of_the_container)
{
    const char *argv[] = {"sh", "-c", "sleep 1000 & exit 8", NULL};
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .stdio = {-1, -1, -1}, .is_main = true};
    struct tier_program program;
    struct tier_status status;

    stand_plainly();
    check_int(tier_process.exec(run, &exec, &program, &err), 0);
    while (!tier_process.read_status(run, &status, &err)) {
        struct pollfd polled = {.fd = tier_process.poll_fd(run), .events = POLLIN};

        poll(&polled, 1, -1);
    }
    check_int(status.end, TIER_EXITED);
    check_int(status.code, 8);
    check_int((int)end_count, 0);
    tier_process.finish(run);
}

static int fails_meanwhile(void *context, struct error *failure)
{
    ++*(int *)context;
    return context == output ? 0 : error_set(failure, ERROR_SYSTEM, ENOSPC, "no room for a record");
}

TEST(what_fails_while_a_program_begins_ends_it)
{
    const char *argv[] = {"sh", "-c", "exec sleep 1000", NULL};
    int calls = 0;
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .stdio = {-1, -1, -1}, .meanwhile = fails_meanwhile, .context = &calls};
    struct tier_program program;

    stand_plainly();
    check_int(tier_process.exec(run, &exec, &program, &err), -ENOSPC);
    check_string(err.text, "no room for a record");
    check_int(calls, 1);
    check_int(end_of(1)->end, TIER_SIGNALED);
    check_int(end_of(1)->code, SIGKILL);
    exec.context = output; /* the control: what does not fail is as nothing */
    check_int(tier_process.exec(run, &exec, &program, &err), 0);
    check_int(program.number, 2);
    tier_process.finish(run);
}

/* What is refused before it is on its way is not waited for. */
TEST(nothing_is_done_meanwhile_for_a_program_that_is_refused)
{
    const char *argv[] = {"", NULL};
    int calls = 0;
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .stdio = {-1, -1, -1}, .meanwhile = fails_meanwhile, .context = &calls};
    struct tier_program program;

    stand_plainly();
    check_int(tier_process.exec(run, &exec, &program, &err), -EINVAL);
    check_int(calls, 0);
    tier_process.finish(run);
}

/* ---- where the starter has thousands of descriptors ---- */

/* Of a process outside, as the kernel has it: how many descriptors its table has room for, or -1. */
static long room_of(pid_t pid)
{
    char path[64], text[4096];
    const char *at;
    int fd;
    ssize_t got;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    got = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
    close(fd);
    if (got <= 0)
        return -1;
    text[got] = '\0';
    at = strstr(text, "\nFDSize:");
    return at ? strtol(at + 8, NULL, 10) : -1;
}

TEST(a_container_has_no_room_for_the_descriptors_of_who_started_it)
{
    struct rlimit files;
    int many[3000], child, status;
    pid_t pid;

    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    if (files.rlim_cur < ARRAY_COUNT(many) + 1000)
        test_skip("4000 open files");
    for (size_t i = 0; i < ARRAY_COUNT(many); i++)
        many[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    check(many[ARRAY_COUNT(many) - 1] >= 3000);
    pid = fork(); /* the control: what copies the table has it as large */
    if (pid == 0)
        _exit(room_of(getpid()) >= 3000);
    check(waitpid(pid, &child, 0) == pid && WIFEXITED(child) && WEXITSTATUS(child) == 1);
    stand_plainly();
    pid = tier_process.pid(run);
    check(room_of(pid) > 0);
    check(room_of(pid) <= 256);
    check_int(script("ls /proc/self/fd | wc -l", output, sizeof(output))->code, 0);
    check_string(output, "4\n"); /* three streams, and that of ls */
    tier_process.finish(run);
    for (size_t i = 0; i < ARRAY_COUNT(many); i++)
        close(many[i]);
    end_count = 0;
    stand_plainly(); /* and as ever without them */
    status = script("exit 3", output, sizeof(output))->code;
    check_int(status, 3);
    tier_process.finish(run);
}

/* ---- sealed when the program is known ---- */

static struct tier_start unsealed(void)
{
    struct tier_start start = standing();

    start.is_kept_ready = start.is_unsealed = true;
    return start;
}

static void stand_unsealed(struct tier_start *start)
{
    int status = tier_process.start(start, NULL, &run, &err);

    if (status < 0 && err.kind == ERROR_UNENFORCEABLE)
        test_skip("userns");
    check_int(status, 0);
    check_int(tier_process.settle(run, start, true, &err), 1);
}

static int execute_in(const struct tier_start *start, const char *script, int in, int out)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct tier_exec exec = {.argv = argv, .env = environment, .cwd = "/", .stdio = {in, out, out}, .is_main = true, .seals = start};
    struct tier_program program;

    return tier_process.exec(run, &exec, &program, &err);
}

static void read_to_end(int fd)
{
    struct tier_status status;
    size_t length = 0;
    ssize_t got;

    while ((got = read(fd, output + length, sizeof(output) - 1 - length)) > 0)
        length += (size_t)got;
    output[length] = '\0';
    close(fd);
    while (!tier_process.read_status(run, &status, &err)) {
        struct pollfd polled = {.fd = tier_process.poll_fd(run), .events = POLLIN};

        poll(&polled, 1, -1);
    }
    tier_process.finish(run);
}

/* The same file of the host, by the same name of a descriptor: once Landlock was there before it was known, once not. */
TEST(what_a_container_is_sealed_with_can_be_opened_again_and_nothing_else)
{
    static const char script_text[] = "cat /proc/self/fd/0 2>/dev/null; (echo x >/proc/self/fd/0) 2>/dev/null && echo written;"
                                      "grep -c '^Seccomp:.2' /proc/self/status; grep -c 'NoNewPrivs:.1' /proc/self/status";
    const char *folder = hand_workspace_make();
    struct tier_start start = unsealed();
    int pipes[2], file;
    char path[256];

    snprintf(path, sizeof(path), "%s/given", folder);
    test_write_file(path, "content\n", 0644);
    file = open(path, O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 2; i++) {
        check_int(pipe2(pipes, O_CLOEXEC), 0);
        hand_plan_init(&hand, NULL);
        if (i == 0)
            stand();
        else
            stand_unsealed(&start);
        check_int(execute_in(i == 0 ? NULL : &start, script_text, file, pipes[1]), 0);
        close(pipes[1]);
        read_to_end(pipes[0]);
        if (i == 0 && strstr(output, "content"))
            test_skip("landlock");
        check_string(output, i == 0 ? "1\n1\n" : "content\n1\n1\n");
    }
    close(file);
    hand_workspace_remove(folder);
}

TEST(one_that_is_not_sealed_takes_no_program_without_and_one_that_is_takes_no_seal)
{
    struct tier_start start = unsealed();

    hand_plan_init(&hand, NULL);
    stand_unsealed(&start);
    check_int(execute_in(NULL, "true", -1, -1), -EINVAL);
    check_contains(err.text, "not sealed");
    check_int(execute_in(&start, "true", -1, -1), 0);
    check_int(execute_in(&start, "true", -1, -1), -EINVAL);
    tier_process.finish(run);
}

/* Process 1 hears of nothing else before it. */
TEST(anything_but_the_seal_ends_a_container_that_waits_for_it)
{
    struct tier_start start = unsealed();
    struct tier_status status;

    hand_plan_init(&hand, NULL);
    stand_unsealed(&start);
    check_int(tier_process.signal(run, SIGTERM, &err), 0);
    while (!tier_process.read_status(run, &status, &err)) {
        struct pollfd polled = {.fd = tier_process.poll_fd(run), .events = POLLIN};

        poll(&polled, 1, -1);
    }
    check_int(status.end, TIER_LOST);
    check_int(execute_in(&start, "true", -1, -1), -ESRCH);
    tier_process.finish(run);
}

TEST(what_is_served_while_the_seal_is_awaited_is_there_for_the_program)
{
    struct tier_start start = unsealed();
    int pipes[2];

    hand_plan_init(&hand, NULL);
    hand_plan_add(&hand, PLAN_SERVED, "/served", NULL, false);
    stand_unsealed(&start);
    check_int(tier_process.serve(run, PLAN_SERVED_SVID, "given\n", 6, &err), 0);
    check_int(pipe2(pipes, O_CLOEXEC), 0);
    check_int(execute_in(&start, "cat /served/svid.pem", -1, pipes[1]), 0);
    close(pipes[1]);
    read_to_end(pipes[0]);
    check_string(output, "given\n");
}

TEST(a_container_that_ends_while_it_is_sealed_says_so)
{
    struct tier_start start = unsealed();

    hand_plan_init(&hand, NULL);
    stand_unsealed(&start);
    check_int(kill(tier_process.pid(run), SIGKILL), 0);
    check(execute_in(&start, "true", -1, -1) < 0);
    check_int(err.kind, ERROR_SYSTEM);
    tier_process.finish(run);
}

TEST(a_policy_that_denies_what_starting_needs_is_refused_by_name)
{
    static const char *const calls[] = {"ptrace", "futex"};
    struct tier_start start = standing();

    hand_plan_init(&hand, NULL);
    hand.plan.filter.deny = (const char **)calls;
    hand.plan.filter.deny_count = 2;
    check_int(tier_process.start(&start, NULL, &run, &err), -ENOTSUP);
    check_int(err.kind, ERROR_UNENFORCEABLE);
    check_contains(err.text, "futex");
}

TEST(a_container_with_a_program_of_its_own_takes_no_other)
{
    const char *argv[] = {"sleep", "1000", NULL};
    struct tier_start start = standing();
    struct tier_program program;

    hand_plan_init(&hand, NULL);
    start.argv = argv;
    start.stdio[0] = start.stdio[1] = start.stdio[2] = -1;
    if (tier_process.start(&start, NULL, &run, &err) < 0)
        test_skip("userns");
    check_int(execute("true", -1, &program), -EINVAL);
    tier_process.finish(run);
}

/* Where nothing counts it, nothing can stop it either. */
TEST(a_container_without_a_control_group_cannot_be_frozen)
{
    stand_plainly();
    check_int(tier_process.freeze(run, true, &err), -ENOTSUP);
    check_int(err.kind, ERROR_UNENFORCEABLE);
    check_int(script("exit 5", output, sizeof(output))->code, 5);
    tier_process.finish(run);
}
