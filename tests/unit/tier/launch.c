/* SPDX-License-Identifier: Apache-2.0 */
/* Launching for real: what a contained shell sees, and how set-up failures come back. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/memory.h"
#include "plan.h"
#include "test.h"

static struct hand_plan hand;
static char output[65536];
static struct tier_status status;
static struct error err;

static void script_run(const char *script)
{
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
}

TEST(the_status_of_the_program_comes_back)
{
    hand_plan_init(&hand, NULL);
    script_run("exit 42");
    check_int(status.end, TIER_EXITED);
    check_int(status.code, 42);
    script_run("kill -9 $$");
    check_int(status.end, TIER_SIGNALED);
    check_int(status.code, SIGKILL);
}

/* Its parent is process 1, which traces nobody. */
TEST(a_program_that_asks_to_be_traced_goes_on)
{
    hand_plan_init(&hand, NULL);
    script_run(hand_traced_script);
    check_string(output, hand_traced_output);
    check_int(status.end, TIER_EXITED);
    check_int(status.code, 42);
}

TEST(no_capability_is_held_in_any_set)
{
    hand_plan_init(&hand, NULL);
    script_run("grep -E '^Cap(Inh|Prm|Eff|Bnd|Amb):\\s*0000000000000000$' /proc/self/status | wc -l; "
               "grep -c 'NoNewPrivs:.1' /proc/self/status; grep -c 'Seccomp:.2' /proc/self/status");
    check_string(output, "5\n1\n1\n");
}

TEST(only_the_container_s_processes_are_visible)
{
    hand_plan_init(&hand, NULL);
    script_run("set -- /proc/[0-9]*; echo $#; cat /proc/1/environ 2>&1");
    check_contains(output, "2\n");
    check_contains(output, "Permission denied");
}

TEST(the_root_and_proc_sys_are_read_only)
{
    hand_plan_init(&hand, NULL);
    script_run("mkdir /x 2>&1; (echo 1 >/proc/sys/kernel/core_pattern) 2>&1; (echo 1 >/proc/sysrq-trigger) 2>&1");
    check_contains(output, "cannot create directory");
    check_contains(output, "core_pattern: ");
    check_contains(output, "sysrq-trigger: ");
}

TEST(of_proc_only_processes_can_be_written)
{
    hand_plan_init(&hand, NULL);
    script_run("find /proc -maxdepth 1 ! -type l ! -name '[0-9]*' ! -path /proc -writable; "
               "find /proc/sys /proc/tty /proc/sysvipc -writable 2>/dev/null; "
               "echo 500 >/proc/self/oom_score_adj && cat /proc/self/oom_score_adj");
    check_string(output, "500\n");
}

TEST(a_program_that_does_not_exist_is_not_found)
{
    const char *argv[] = {"no-such-program", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .init_path = hand_init_path()};
    struct tier_run *run = NULL;

    hand_plan_init(&hand, NULL);
    check_int(tier_process.start(&start, NULL, &run, &err), -ENOENT);
    check_int(err.kind, ERROR_NOT_FOUND);
    argv[0] = "/etc/ld.so.cache";
    check_int(tier_process.start(&start, NULL, &run, &err), -EACCES);
    check_int(err.kind, ERROR_NOT_EXECUTABLE);
    check(run == NULL);
}

/* A plan that no policy makes: each is met by the program's own process, while nobody answers questions yet. */
TEST(a_program_that_may_not_be_executed_is_said_not_to_start)
{
    static const char *const calls[] = {"execve", "exit_group", "exit"};
    const char *argv[] = {"/bin/true", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .init_path = hand_init_path()};
    struct tier_run *run = NULL;

    for (int keeps = 0; keeps < 2; keeps++) {
        hand_plan_init(&hand, NULL);
        hand.plan.filter.keeps_names = keeps;
        hand.plan.filter.deny = (const char **)calls;
        for (size_t count = 1; count <= ARRAY_COUNT(calls); count++) {
            hand.plan.filter.deny_count = count;
            check_int(tier_process.start(&start, NULL, &run, &err), -EPERM);
            check_int(err.kind, ERROR_NOT_EXECUTABLE);
            check_contains(err.text, "/bin/true");
        }
    }
    check(run == NULL);
}

/* Whatever is refused, init itself has made its own calls before; what the program makes of it is its own. */
TEST(whatever_call_is_denied_a_launch_comes_to_an_end)
{
    static const char *const calls[] = {"clone", "write", "read", "openat", "close", "mmap", "mprotect", "brk", "rt_sigreturn",
                                        "seccomp", "prctl", "wait4", "futex", "newfstatat", "umask", "bind", "connect",
                                        "rt_sigprocmask", "setsid", "chdir", "dup3", "prlimit64", "munmap", "exit"};

    for (size_t i = 0; i < ARRAY_COUNT(calls); i++) {
        const char *deny[] = {calls[i]};

        hand_plan_init(&hand, NULL);
        hand.plan.filter.keeps_names = hand.plan.filter.keeps_sockets = true;
        hand.plan.filter.deny = deny;
        hand.plan.filter.deny_count = 1;
        check_int(hand_run(&hand, "true; exit 3", &status, output, sizeof(output), &err), 0);
        check(status.end == TIER_EXITED || status.end == TIER_SIGNALED);
    }
}

/* A socket is of the network that it was made in, which is the host's. */
TEST(a_socket_without_a_peer_is_kept_only_with_the_hosts_network)
{
    const char *argv[] = {"true", NULL};
    static const int kinds[][2] = {{AF_INET, SOCK_STREAM}, {AF_INET, SOCK_DGRAM}, {AF_UNIX, SOCK_STREAM}, {AF_NETLINK, SOCK_RAW}};
    struct tier_start start = {
        .plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .fd_count = 1, .init_path = hand_init_path()};
    struct tier_run *run = NULL;
    int pair[2];

    hand_plan_init(&hand, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(kinds); i++) {
        int fd = socket(kinds[i][0], kinds[i][1] | SOCK_CLOEXEC, 0);

        check(fd > 2);
        start.fds = &fd;
        hand.plan.network = PLAN_NET_LOOPBACK;
        check_int(tier_process.start(&start, NULL, &run, &err), -ENOTSUP);
        check_contains(err.text, "without a fixed peer");
        hand.plan.filter.keeps_sockets = true; /* what a Unix socket is turned to process 1 sees */
        if (kinds[i][0] != AF_UNIX)
            check_int(tier_process.start(&start, NULL, &run, &err), -ENOTSUP);
        hand.plan.filter.keeps_sockets = false;
        hand.plan.network = PLAN_NET_HOST;
        check_int(tier_process.start(&start, NULL, &run, &err), 0);
        tier_process.finish(run);
        close(fd);
    }
    check_int(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    start.fds = pair;
    hand.plan.network = PLAN_NET_NONE;
    check_int(tier_process.start(&start, NULL, &run, &err), 0);
    tier_process.finish(run);
    close(pair[0]);
    close(pair[1]);
}

TEST(a_directory_as_standard_input_is_refused_and_a_file_is_not)
{
    const char *argv[] = {"true", NULL};
    int directory = open("/", O_RDONLY | O_CLOEXEC), file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    struct tier_start start = {
        .plan = &hand.plan, .argv = argv, .stdio = {directory, -1, -1}, .init_path = hand_init_path()};
    struct tier_run *run = NULL;

    hand_plan_init(&hand, NULL);
    check_int(tier_process.start(&start, NULL, &run, &err), -EISDIR);
    check_contains(err.text, "a directory");
    start.stdio[0] = file;
    check_int(tier_process.start(&start, NULL, &run, &err), 0);
    tier_process.finish(run);
    close(directory);
    close(file);
}

TEST(an_init_that_others_can_write_is_refused)
{
    char path[] = "/tmp/cordon-unit-init-XXXXXX";
    const char *argv[] = {"true", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .init_path = path};
    struct tier_run *run = NULL;
    int fd = test_make_file(path);

    hand_plan_init(&hand, NULL);
    check_int(fchmod(fd, 0777), 0);
    check_int(tier_process.start(&start, NULL, &run, &err), -EPERM);
    check_contains(err.text, "can be written by others");
    close(fd);
    unlink(path);
}

TEST(what_the_program_left_behind_is_dead_when_the_status_is_told)
{
    const char *workspace = hand_workspace_make();
    char marker[128];
    struct stat st;

    snprintf(marker, sizeof(marker), "%s/late", workspace);
    hand_plan_init(&hand, workspace);
    script_run("(setsid sh -c 'while :; do [ -e /ws/go ] && touch /ws/late; done' >/dev/null 2>&1 &) ; echo left");
    check_contains(output, "left");
    check_int(mknod(marker, S_IFREG | 0644, 0), 0);
    check_int(unlink(marker), 0);
    snprintf(marker, sizeof(marker), "%s/go", workspace);
    check_int(mknod(marker, S_IFREG | 0644, 0), 0);
    for (int i = 0; i < 1000; i++)
        sched_yield();
    snprintf(marker, sizeof(marker), "%s/late", workspace);
    check_int(stat(marker, &st), -1);
    hand_workspace_remove(workspace);
}

TEST(killing_the_container_ends_it_and_it_is_said_to_be_lost)
{
    const char *argv[] = {"sleep", "1000", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .init_path = hand_init_path()};
    struct tier_run *run = NULL;
    struct pollfd polled = {.events = POLLIN};

    hand_plan_init(&hand, NULL);
    check_int(tier_process.start(&start, NULL, &run, &err), 0);
    check_int(tier_process.read_status(run, &status, &err), 0);
    check_int(tier_process.kill(run, &err), 0);
    polled.fd = tier_process.poll_fd(run);
    poll(&polled, 1, -1);
    check_int(tier_process.read_status(run, &status, &err), 1);
    check_int(status.end, TIER_LOST);
    tier_process.finish(run);
}

TEST(a_terminal_has_a_name_inside_and_the_size_that_was_asked_for)
{
    const char *argv[] = {"sh", "-c", "tty; stty size; exit 3", NULL};
    struct tier_start start = {.plan = &hand.plan,
                               .argv = argv,
                               .is_tty = true,
                               .rows = 31,
                               .columns = 77,
                               .init_path = hand_init_path()};
    struct tier_run *run = NULL;
    size_t used = 0;
    ssize_t got;

    hand_plan_init(&hand, NULL);
    check_int(tier_process.start(&start, NULL, &run, &err), 0);
    while ((got = read(tier_process.tty_fd(run), output + used, sizeof(output) - used - 1)) > 0)
        used += (size_t)got;
    output[used] = '\0';
    check_contains(output, "/dev/pts/0");
    check_contains(output, "31 77");
    tier_process.finish(run);
}

TEST(signals_reach_the_program)
{
    const char *argv[] = {"sh", "-c", "trap 'exit 9' USR1; echo r; while :; do sleep 0.01; done", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .init_path = hand_init_path()};
    struct tier_run *run = NULL;
    struct pollfd polled = {.events = POLLIN};
    char byte;
    int pipes[2];

    hand_plan_init(&hand, NULL);
    check_int(pipe2(pipes, O_CLOEXEC), 0);
    start.stdio[0] = start.stdio[2] = -1;
    start.stdio[1] = pipes[1];
    check_int(tier_process.start(&start, NULL, &run, &err), 0);
    check_int(read(pipes[0], &byte, 1), 1);
    check_int(tier_process.signal(run, SIGUSR1, &err), 0);
    polled.fd = tier_process.poll_fd(run);
    poll(&polled, 1, -1);
    check_int(tier_process.read_status(run, &status, &err), 1);
    check_int(status.code, 9);
    tier_process.finish(run);
    close(pipes[0]);
    close(pipes[1]);
}

/* Signals that init never reads, because the program ends while it is stopped, must not cost the status. */
TEST(a_status_survives_signals_that_came_too_late)
{
    const char *argv[] = {"sh", "-c", "read line; exit 9", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .init_path = hand_init_path()};
    struct tier_run *run = NULL;
    struct pollfd ended = {.events = POLLIN};
    int in[2], out[2];
    char byte;

    hand_plan_init(&hand, NULL);
    check_int(pipe2(in, O_CLOEXEC) | pipe2(out, O_CLOEXEC), 0);
    start.stdio[0] = in[0];
    start.stdio[1] = start.stdio[2] = out[1];
    check_int(tier_process.start(&start, NULL, &run, &err), 0);
    close(in[0]);
    close(out[1]);
    check_int(kill(tier_process.pid(run), SIGSTOP), 0);
    for (int i = 0; i < 4; i++)
        check_int(tier_process.signal(run, SIGWINCH, &err), 0);
    close(in[1]);
    check_int(read(out[0], &byte, 1), 0); /* the program has ended */
    ended.fd = (int)syscall(SYS_pidfd_open, tier_process.pid(run), 0);
    check_int(kill(tier_process.pid(run), SIGCONT), 0);
    check_int(poll(&ended, 1, -1), 1);
    check_int(tier_process.read_status(run, &status, &err), 1);
    check_int(status.end, TIER_EXITED);
    check_int(status.code, 9);
    tier_process.finish(run);
    close(ended.fd);
    close(out[0]);
}

TEST(the_caller_s_umask_is_the_program_s)
{
    hand_plan_init(&hand, NULL);
    umask(027);
    script_run("umask");
    check_string(output, "0027\n");
}

TEST(nothing_lies_above_the_root)
{
    hand_plan_init(&hand, NULL);
    script_run("cd /..; ls; ls /../.. | wc -l; [ /.. -ef / ] && echo same");
    check_contains(output, "same");
    check(!strstr(output, "home"));
}

TEST(a_caller_that_ignores_its_children_is_told_the_end)
{
    hand_plan_init(&hand, NULL);
    signal(SIGCHLD, SIG_IGN);
    signal(SIGPIPE, SIG_IGN);
    script_run("trap; grep SigIgn /proc/self/status; exit 5");
    check_contains(output, "SigIgn:\t0000000000000000");
    check_int(status.code, 5);
}

TEST(a_set_user_id_file_cannot_be_made)
{
    const char *workspace = hand_workspace_make();

    hand_plan_init(&hand, workspace);
    script_run("cp /bin/true /ws/t; chmod 4755 /ws/t; chmod 755 /ws/t && stat -c %a /ws/t");
    check_contains(output, "755");
    check_contains(output, "Operation not permitted");
    hand_workspace_remove(workspace);
}

/* Start `script`, let it use `us` of CPU time, kill the whole container. */
static void kill_after(const char *script, uint64_t us)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .init_path = hand_init_path(),
                               .run_id = "unit"};
    struct tier_run *run = NULL;
    struct pollfd end = {.events = POLLIN};
    uint64_t used = 0;

    if (tier_process.start(&start, NULL, &run, &err) < 0)
        test_skip(hand.plan.limit_count ? "cgroup" : "userns");
    end.fd = tier_process.poll_fd(run);
    while (hand.plan.limit_count && used < us) {
        check_int(poll(&end, 1, 1), 0);
        check_int(tier_process.cpu_time(run, &used), 0);
    }
    check_int(tier_process.kill(run, &err), 0);
    check_int(poll(&end, 1, -1), 1);
    check_int(tier_process.read_status(run, &status, &err), 1);
    check_int(status.end, TIER_LOST);
    tier_process.finish(run);
}

TEST(cpu_time_is_known_of_what_was_killed_when_a_cgroup_counts_it)
{
    hand_plan_init(&hand, NULL);
    hand.limits[hand.plan.limit_count++] = (struct plan_limit){"resources.cpuTime", 3600000, BY_CGROUP, NULL};
    kill_after("while :; do :; done", 50000);
    check(status.has_times && !status.has_rss);
    check(status.user_us + status.system_us >= 50000);
}

TEST(usage_is_not_made_up_for_what_was_killed_without_a_cgroup)
{
    hand_plan_init(&hand, NULL);
    kill_after("while :; do :; done", 0);
    check(!status.has_times && !status.has_rss);
}

TEST(each_limit_is_set_once_however_often_a_plan_names_it)
{
    hand_plan_init(&hand, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(hand.limits); i++)
        hand.limits[hand.plan.limit_count++] =
            (struct plan_limit){"resources.openFiles", 100 + i, BY_RLIMIT, NULL};
    script_run("ulimit -n; ulimit -c");
    check_string(output, "100\n0\n");
}

TEST(a_core_dump_cannot_be_let_out)
{
    hand_plan_init(&hand, NULL);
    script_run("ulimit -c 0; ulimit -c; ulimit -c unlimited; grep core /proc/self/limits");
    check_contains(output, "Max core file size        1                    1 ");
}

TEST(a_stream_that_nobody_gave_is_the_container_s_own_null)
{
    struct stat before, after;

    check_int(stat("/dev/null", &before), 0);
    hand_plan_init(&hand, NULL);
    script_run("chmod 600 /dev/fd/0; readlink /proc/self/fd/0; stat -L -c %D /dev/fd/0; stat -c %D /dev/null");
    check_int(stat("/dev/null", &after), 0);
    check_int(after.st_mode, before.st_mode);
    check_contains(output, "/dev/null");
}
