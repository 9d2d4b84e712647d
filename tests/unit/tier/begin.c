/* SPDX-License-Identifier: Apache-2.0 */
/* A first process that begins before there is a plan. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "plan.h"
#include "test.h"

static struct hand_plan hand;
static struct error err;
static char output[256];

static struct tier_run *prepared_make(const int *fds, size_t fd_count)
{
    struct tier_run *run = NULL;

    if (tier_process.prepare(&(struct tier_prepare){hand_init_path(), fds, fd_count, "begin", NULL}, &run, &err) < 0 && err.kind == ERROR_UNENFORCEABLE)
        test_skip("userns");
    check(run != NULL);
    return run;
}

/* To the end of `script`, with what it said in `output`. */
static int prepared_run(struct tier_run *prepared, const char *script, const int *fds, size_t fd_count)
{
    const char *argv[] = {"sh", "-c", script, NULL};
    struct tier_start start = {.plan = &hand.plan,
                               .argv = argv,
                               .init_path = hand_init_path(),
                               .fds = fds,
                               .fd_count = fd_count,
                               .run_id = "unit"};
    struct tier_run *run = NULL;
    struct tier_status ended = {0};
    size_t used = 0;
    ssize_t got;
    int pipes[2];

    check_int(pipe2(pipes, O_CLOEXEC), 0);
    start.stdio[0] = -1;
    start.stdio[1] = start.stdio[2] = pipes[1];
    if (tier_process.start(&start, prepared, &run, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    close(pipes[1]);
    while ((got = read(pipes[0], output + used, sizeof(output) - used - 1)) > 0)
        used += (size_t)got;
    output[used] = '\0';
    close(pipes[0]);
    for (;;) {
        struct pollfd polled = {.fd = tier_process.poll_fd(run), .events = POLLIN};

        poll(&polled, 1, -1);
        if (tier_process.read_status(run, &ended, &err))
            break;
    }
    tier_process.finish(run);
    check_int(ended.end, TIER_EXITED);
    return ended.code;
}

TEST(what_began_early_runs_the_plan)
{
    hand_plan_init(&hand, NULL);
    check_int(prepared_run(prepared_make(NULL, 0),
                           "test -c /dev/null && test -d /proc/self && ! test -e /ws && echo $PPID && exit 7", NULL, 0),
              7);
    check_contains(output, "1\n");
}

static const char show_network[] = "readlink /proc/self/ns/net; tail -n +3 /proc/net/dev | tr -d ' ' | cut -d: -f1 | tr '\\n' ' '";

static const char *own_network(void)
{
    static char name[64];
    ssize_t length = readlink("/proc/self/ns/net", name, sizeof(name) - 1);

    check(length > 0);
    name[length] = '\0';
    return name;
}

TEST(a_network_that_is_made_early_is_the_one_that_the_plan_has)
{
    struct tier_run *prepared = prepared_make(NULL, 0);

    hand_plan_init(&hand, NULL);
    check_int(hand.plan.network, PLAN_NET_LOOPBACK);
    tier_process.foresee_network(prepared);
    check_int(prepared_run(prepared, show_network, NULL, 0), 0);
    check(strstr(output, own_network()) == NULL);
    check_contains(output, "\nlo ");
}

TEST(a_plan_with_the_hosts_network_is_not_given_one_that_was_foreseen)
{
    struct tier_run *prepared = prepared_make(NULL, 0);

    hand_plan_init(&hand, NULL);
    hand.plan.network = PLAN_NET_HOST;
    tier_process.foresee_network(prepared);
    check_int(prepared_run(prepared, show_network, NULL, 0), 0);
    check_contains(output, own_network());
    check_int(prepared_run(prepared_make(NULL, 0), show_network, NULL, 0), 0);
    check_contains(output, own_network());
}

TEST(a_plan_without_proc_is_not_given_one_that_was_made_early)
{
    hand_plan_init(&hand, NULL);
    hand.plan.mount_count--; /* the last one is /proc, and so is its rule */
    hand.plan.rule_count--;
    check_int(hand.mounts[hand.plan.mount_count].kind, PLAN_PROC);
    check_int(prepared_run(prepared_make(NULL, 0), "test -e /proc && exit 1; echo none", NULL, 0), 0);
    check_contains(output, "none");
}

TEST(a_limit_of_the_plan_holds_in_a_file_system_that_was_made_early)
{
    hand_plan_init(&hand, NULL);
    hand.limits[0] = (struct plan_limit){.member = "resources.disk", .value = 1 << 20};
    hand.plan.limit_count = 1;
    check_int(prepared_run(prepared_make(NULL, 0), "head -c 900000 /dev/zero >/tmp/a && echo first; head -c 900000 /dev/zero >/tmp/b || "
                                                   "echo second refused",
                           NULL, 0),
              0);
    check_contains(output, "first\n");
    check_contains(output, "second refused");
}

TEST(kept_descriptors_are_those_of_the_beginning)
{
    char script[64], said[16] = "";
    int ends[2], kept;

    check_int(pipe2(ends, O_CLOEXEC), 0);
    kept = fcntl(ends[1], F_DUPFD_CLOEXEC, 7);
    check(kept >= 7);
    snprintf(script, sizeof(script), "echo kept >/proc/self/fd/%d; echo /proc/self/fd/*", kept);
    hand_plan_init(&hand, NULL);
    check_int(prepared_run(prepared_make(&kept, 1), script, &kept, 1), 0);
    check_contains(output, "/fd/2");
    snprintf(script, sizeof(script), "/fd/%d", kept);
    check_contains(output, script);
    check(strstr(output, "/fd/4") == NULL);
    check_int(read(ends[0], said, sizeof(said)), 5);
    check_contains(said, "kept");
    close(kept);
    close(ends[0]);
    close(ends[1]);
}

/* The numbers are inherited at the beginning and looked at when there is a plan. */
TEST(a_descriptor_that_was_another_when_process_1_began_is_refused)
{
    const char *argv[] = {"true", NULL};
    int kept = open("/", O_RDONLY | O_CLOEXEC), file = open("/etc/passwd", O_RDONLY | O_CLOEXEC);
    struct tier_start start = {.plan = &hand.plan,
                               .argv = argv,
                               .stdio = {-1, -1, -1},
                               .fds = &kept,
                               .fd_count = 1,
                               .init_path = hand_init_path()};
    struct tier_run *run = NULL, *prepared;

    hand_plan_init(&hand, NULL);
    prepared = prepared_make(&kept, 1);
    check_int(dup3(file, kept, O_CLOEXEC), kept);
    check_int(tier_process.start(&start, prepared, &run, &err), -EISDIR);
    check_contains(err.text, "exchanged meanwhile");
    check(run == NULL);
    check_int(tier_process.start(&start, prepared_make(&kept, 1), &run, &err), 0);
    tier_process.finish(run);
    close(kept);
    close(file);
}

/* Nothing of it is left: no child, and nothing that holds the pipe that it would have kept. */
TEST(what_was_prepared_for_nothing_is_gone_when_it_is_finished)
{
    int ends[2];
    char byte;

    check_int(pipe2(ends, O_CLOEXEC), 0);
    tier_process.finish(prepared_make(&ends[1], 1));
    close(ends[1]);
    check_int(read(ends[0], &byte, 1), 0);
    close(ends[0]);
    check_int(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    check_int(errno, ECHILD);
}

TEST(what_was_prepared_ends_with_the_process_that_waited_for_a_plan)
{
    struct pollfd polled;
    int ends[2];
    pid_t pid;

    check_int(pipe2(ends, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        struct tier_run *run = NULL;

        close(ends[0]);
        _exit(tier_process.prepare(&(struct tier_prepare){hand_init_path(), &ends[1], 1, "begin", NULL}, &run, &err) < 0 ? 1 : 0);
    }
    close(ends[1]);
    check_int(waitpid(pid, NULL, 0), pid);
    polled = (struct pollfd){.fd = ends[0], .events = POLLIN};
    check_int(poll(&polled, 1, 20000), 1); /* the other end is held by nobody any more */
    check_int(polled.revents & POLLHUP, POLLHUP);
    close(ends[0]);
}

TEST(a_refused_start_ends_what_was_prepared)
{
    const char *argv[] = {"", NULL};
    struct tier_start start = {.plan = &hand.plan, .argv = argv, .stdio = {-1, -1, -1}, .init_path = hand_init_path()};
    struct tier_run *run = NULL;

    hand_plan_init(&hand, NULL);
    check_int(tier_process.start(&start, prepared_make(NULL, 0), &run, &err), -EINVAL);
    check(run == NULL);
    check_int(waitpid(-1, NULL, WNOHANG | __WALL), -1);
    check_int(errno, ECHILD);
}

TEST(an_init_that_others_can_write_does_not_begin)
{
    struct tier_run *run = NULL;

    check_int(tier_process.prepare(&(struct tier_prepare){"/tmp", NULL, 0, "begin", NULL}, &run, &err), -EPERM);
    check_contains(err.text, "can be written by others");
    check(run == NULL);
}
