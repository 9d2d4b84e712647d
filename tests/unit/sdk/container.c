/* SPDX-License-Identifier: Apache-2.0 */
/* Running, over a tier that runs nothing: statuses, limits, records and what happens when they
 * fail. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/memory.h"
#include "fixture.h"
#include "test.h"

static struct cordon_status status;
static struct cordon_error err;

/* Run the fixture's request, given a chance to change it first. */
static int run_with(int (*change)(struct cordon_request *), struct cordon_output *output)
{
    struct cordon_request *request = fixture_request();
    int result;

    if (change)
        check_int(change(request), 0);
    result = cordon_run(request, &status, output, &err);
    cordon_request_free(request);
    return result;
}

static void check_events(const char *part)
{
    char *events = fixture_events();

    check_contains(events, part);
    free(events);
}

TEST(a_status_comes_back_and_start_and_end_are_recorded)
{
    fixture_open();
    fake_script.status.code = 7;
    check_int(run_with(NULL, NULL), 0);
    check_int(status.end, CORDON_END_EXITED);
    check_int(status.exit_status, 7);
    check_int(status.user_us, 10);
    check_int(status.max_rss_bytes, 30);
    check_string(status.text, "");
    check_int(fake_counts.starts, 1);
    check_int(fake_counts.finishes, 1);
    check_string(fake_counts.argv0, "true");
    check_events(".1\",");
    check_events("\"type\":\"run.started\"");
    check_events("\"type\":\"run.exited\",\"end\":\"exited\",\"code\":7,\"exitStatus\":7");
    fixture_close();
}

TEST(an_end_by_signal_is_128_and_its_number)
{
    fixture_open();
    fake_script.status = (struct tier_status){.end = TIER_SIGNALED, .code = SIGSEGV};
    check_int(run_with(NULL, NULL), 0);
    check_int(status.end, CORDON_END_SIGNALED);
    check_int(status.exit_status, 128 + SIGSEGV);
    fixture_close();
}

TEST(a_container_that_vanishes_is_never_a_success)
{
    fixture_open();
    fake_script.status = (struct tier_status){.end = TIER_LOST};
    check_int(run_with(NULL, NULL), 0);
    check_int(status.end, CORDON_END_LOST);
    check_int(status.exit_status, 125);
    check_contains(status.text, "had started");
    check_events("\"end\":\"lost\"");
    fixture_close();
}

/* A cgroup may be killed as a whole, process 1 of the container included. */
TEST(a_whole_container_killed_at_the_memory_limit_is_no_lost_one)
{
    fixture_open();
    fake_script.status = (struct tier_status){.end = TIER_LOST, .is_oom_killed = true};
    check_int(run_with(NULL, NULL), 0);
    check_int(status.end, CORDON_END_SIGNALED);
    check_int(status.exit_status, 128 + SIGKILL);
    check(status.flags & CORDON_STATUS_OOM_KILLED);
    fixture_close();
}

TEST(an_end_at_the_memory_limit_is_said)
{
    fixture_open();
    fake_script.status =
        (struct tier_status){.end = TIER_SIGNALED, .code = SIGKILL, .is_oom_killed = true};
    check_int(run_with(NULL, NULL), 0);
    check(status.flags & CORDON_STATUS_OOM_KILLED);
    check_events("\"type\":\"limit.reached\",\"member\":\"resources.memory\"");
    fixture_close();
}

static int set_short_timeout(struct cordon_request *request)
{
    return cordon_request_set_timeout_ms(request, 20, &err);
}

TEST(a_time_limit_sends_term_and_the_status_is_124)
{
    fixture_open();
    fake_script.runs_forever = true;
    check_int(run_with(set_short_timeout, NULL), 0);
    check_int(status.end, CORDON_END_TIMEOUT);
    check_int(status.exit_status, 124);
    check_contains(status.text, "20ms");
    check_int(fake_counts.signals[SIGTERM], 1);
    check_int(fake_counts.kills, 0);
    check_events("\"type\":\"run.timeout\",\"member\":\"request.timeout\",\"timeoutMs\":20");
    fixture_close();
}

TEST(a_program_that_ignores_term_is_killed_after_the_grace)
{
    fixture_open();
    fake_script.runs_forever = fake_script.ignores_signals = true;
    check_int(run_with(set_short_timeout, NULL), 0);
    check_int(status.exit_status, 124);
    check_int(fake_counts.kills, 1);
    check(status.wall_us >= CORDON_GRACE_MS * 1000);
    fixture_close();
}

TEST(a_program_that_is_faster_than_its_limit_is_left_alone)
{
    fixture_open();
    fake_script.runs_ms = 1;
    check_int(run_with(set_short_timeout, NULL), 0);
    check_int(status.exit_status, 0);
    check_int(fake_counts.signals[SIGTERM], 0);
    fixture_close();
}

static int add_time_limits(struct cordon_request *request)
{
    const char *text = "version: cordon/1\nresources: {wallTime: 20ms}\n";

    check_int(cordon_request_set_timeout_ms(request, 60000, &err), 0);
    return cordon_request_add_policy_text(request, "p.yaml", text, strlen(text), &err);
}

TEST(the_smallest_time_limit_wins_and_is_named)
{
    fixture_open();
    fake_script.runs_forever = true;
    check_int(run_with(add_time_limits, NULL), 0);
    check_int(status.exit_status, 124);
    check_contains(status.text, "resources.wallTime");
    fixture_close();
}

static int add_cpu_limit(struct cordon_request *request)
{
    const char *text = "version: cordon/1\nresources: {cpuTime: 1s}\n";

    return cordon_request_add_policy_text(request, "p.yaml", text, strlen(text), &err);
}

TEST(used_up_cpu_time_ends_the_run)
{
    fixture_open();
    fake_script.runs_forever = true;
    fake_script.cpu_us = 1000000;
    check_int(run_with(add_cpu_limit, NULL), 0);
    check_int(status.end, CORDON_END_LIMIT);
    check_int(status.exit_status, 125);
    check_contains(status.text, "resources.cpuTime");
    check_int(fake_counts.kills, 1);
    check_events("\"member\":\"resources.cpuTime\",\"limit\":1000");
    fixture_close();
}

TEST(cpu_time_below_the_limit_ends_nothing)
{
    fixture_open();
    fake_script.runs_ms = 50;
    fake_script.cpu_us = 999999;
    check_int(run_with(add_cpu_limit, NULL), 0);
    check_int(status.exit_status, 0);
    fixture_close();
}

static int capture_both(struct cordon_request *request)
{
    return cordon_request_set_capture(request, 4, 100, &err);
}

TEST(output_is_captured_up_to_its_bound)
{
    struct cordon_output output = {0};

    fixture_open();
    fake_script.says[0] = "12345";
    fake_script.says[1] = "oops";
    check_int(run_with(capture_both, &output), 0);
    check_string(output.stdout_data, "1234");
    check_string(output.stderr_data, "oops");
    check_int(output.stdout_size, 4);
    check_int(status.flags, CORDON_STATUS_STDOUT_INCOMPLETE);
    check_int(status.output_bytes, 9);
    cordon_output_finish(&output);
    fixture_close();
}

TEST(no_output_is_captured_as_an_empty_string)
{
    struct cordon_output output = {0};

    fixture_open();
    check_int(run_with(capture_both, &output), 0);
    check_string(output.stdout_data, "");
    check_int(status.flags, 0);
    cordon_output_finish(&output);
    fixture_close();
}

static int limit_output(struct cordon_request *request)
{
    check_int(capture_both(request), 0);
    return cordon_request_set_output_limit(request, 6, &err);
}

TEST(more_output_than_allowed_ends_the_run)
{
    struct cordon_output output = {0};

    fixture_open();
    fake_script.runs_forever = true;
    fake_script.says[0] = "1234";
    fake_script.says[1] = "567";
    check_int(run_with(limit_output, &output), 0);
    check_int(status.end, CORDON_END_LIMIT);
    check_int(status.exit_status, 125);
    check_contains(status.text, "resources.output: more than 6 bytes");
    check_string(output.stdout_data, "1234");
    check_string(output.stderr_data, "56");
    check_events("\"member\":\"resources.output\",\"limit\":6");
    cordon_output_finish(&output);
    fixture_close();
}

TEST(as_much_output_as_allowed_ends_nothing)
{
    struct cordon_output output = {0};

    fixture_open();
    fake_script.says[0] = "1234";
    fake_script.says[1] = "56";
    check_int(run_with(limit_output, &output), 0);
    check_int(status.exit_status, 0);
    cordon_output_finish(&output);
    fixture_close();
}

TEST(a_refused_start_is_recorded_with_its_kind_and_nothing_is_left)
{
    fixture_open();
    fake_script.start_failure = (struct error){.kind = ERROR_NOT_FOUND, .errnum = ENOENT};
    strcpy(fake_script.start_failure.text, "true: not found");
    check_int(run_with(NULL, NULL), -ENOENT);
    check_int(err.kind, CORDON_ERROR_NOT_FOUND);
    check_events("\"type\":\"run.failed\",\"kind\":\"not-found\"");
    check_int(fake_counts.finishes, 0);
    fixture_close();
}

TEST(a_store_that_cannot_be_written_stops_the_launch)
{
    fixture_open();
    setenv("XDG_STATE_HOME", "/proc/nothing", 1);
    check(run_with(NULL, NULL) < 0);
    check_contains(err.text, "XDG_STATE_HOME");
    check_int(fake_counts.starts, 0);
    fixture_close();
}

TEST(events_that_cannot_be_written_end_the_run)
{
    struct cordon_request *request;
    int fds[2];

    fixture_open();
    request = fixture_request();
    fake_script.runs_forever = true;
    check_int(pipe2(fds, O_CLOEXEC), 0);
    check_int(cordon_request_set_events_fd(request, fds[1], &err), 0);
    close(fds[0]);
    check_int(cordon_run(request, &status, NULL, &err), -EPIPE);
    check_contains(err.text, "had started and was ended");
    check(!strstr(err.text, "not recorded"));
    check_events("\"type\":\"run.failed\",\"kind\":\"system\"");
    check_int(fake_counts.starts, 1);
    check_int(fake_counts.finishes, 1);
    close(fds[1]);
    cordon_request_free(request);
    fixture_close();
}

TEST(a_status_that_cannot_be_read_is_a_failure_and_ends_the_run)
{
    fixture_open();
    fake_script.status_failure = -EIO;
    check_int(run_with(NULL, NULL), -EIO);
    check_contains(err.text, "had started and was ended");
    check_int(fake_counts.kills, 1);
    check_events("\"type\":\"run.failed\",\"kind\":\"system\"");
    fixture_close();
}

TEST(a_request_without_a_command_is_refused)
{
    struct cordon_request *request = NULL;

    fixture_open();
    check_int(cordon_request_new(&request, &err), 0);
    check_int(cordon_run(request, &status, NULL, &err), -EINVAL);
    check_contains(err.text, "no command");
    check_int(fake_counts.starts, 0);
    cordon_request_free(request);
    fixture_close();
}

TEST(calls_that_do_not_go_together_are_refused)
{
    struct cordon_container *container = NULL;
    struct cordon_request *request;

    fixture_open();
    request = fixture_request();
    check_int(cordon_request_set_tty(request, 24, 80, &err), 0);
    check_int(cordon_run(request, &status, NULL, &err), -EINVAL);
    check_contains(err.text, "cordon_spawn()");
    check_int(cordon_request_set_output_limit(request, 10, &err), 0);
    check_int(cordon_spawn(request, &container, &err), -ENOTSUP);
    check_contains(err.text, "cannot be counted on a terminal");
    check_int(cordon_request_set_capture(request, 1, 1, &err), 0);
    check_int(cordon_spawn(request, &container, &err), -EINVAL);
    check_int(cordon_request_set_tty(request, 0, 0, &err), 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_PIPE, 1, 2, &err), 0);
    check_int(cordon_run(request, &status, NULL, &err), -EINVAL);
    check_int(fake_counts.starts, 0);
    cordon_request_free(request);
    fixture_close();
}

static struct cordon_container *spawn(int in, int out, int error)
{
    struct cordon_container *container = NULL;
    struct cordon_request *request = fixture_request();

    check_int(cordon_request_set_stdio(request, in, out, error, &err), 0);
    check_int(cordon_spawn(request, &container, &err), 0);
    cordon_request_free(request);
    return container;
}

TEST(pipes_reach_the_program_and_come_from_it)
{
    struct cordon_container *container;
    char got[8] = "";

    fixture_open();
    fake_script.runs_forever = true;
    fake_script.says[0] = "out";
    container = spawn(CORDON_STDIO_PIPE, CORDON_STDIO_PIPE, CORDON_STDIO_NULL);
    check_int(fake_counts.stdio[2], -1);
    check_int(cordon_container_stderr_fd(container), -1);
    check_int(read(cordon_container_stdout_fd(container), got, sizeof(got)), 3);
    check_string(got, "out");
    check_int(write(cordon_container_stdin_fd(container), "in", 2), 2);
    cordon_container_close_stdin(container);
    check_int(cordon_container_stdin_fd(container), -1);
    check_int(cordon_container_signal(container, SIGINT, &err), 0);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_string(fake_counts.stdin_data, "in");
    check_int(read(cordon_container_stdout_fd(container), got, sizeof(got)), 0);
    check_int(cordon_container_pid(container), 4242);
    check_int(strlen(cordon_container_id(container)), 26);
    check_int(cordon_container_tty_fd(container), -1);
    check_int(cordon_container_resize(container, 1, 1, &err), -ENOTTY);
    cordon_container_free(container);
    fixture_close();
}

TEST(a_closed_standard_stream_of_the_caller_is_null_inside)
{
    struct cordon_container *container;
    int kept = fcntl(0, F_DUPFD_CLOEXEC, 10);

    fixture_open();
    close(0);
    container = spawn(CORDON_STDIO_INHERIT, CORDON_STDIO_INHERIT, CORDON_STDIO_INHERIT);
    check_int(fake_counts.stdio[0], -1);
    check_int(fake_counts.stdio[1], 1);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    cordon_container_free(container);
    check_int(dup2(kept, 0), 0);
    close(kept);
    fixture_close();
}

static bool is_readable(int fd, int ms)
{
    struct pollfd one = {.fd = fd, .events = POLLIN};

    return poll(&one, 1, ms) == 1;
}

TEST(the_poll_descriptor_says_when_the_end_has_come)
{
    struct cordon_container *container;
    int fd;

    fixture_open();
    fake_script.runs_forever = true;
    container = spawn(CORDON_STDIO_NULL, CORDON_STDIO_NULL, CORDON_STDIO_NULL);
    fd = cordon_container_poll_fd(container, &err);
    check(fd >= 0);
    check_int(cordon_container_poll_fd(container, &err), fd);
    check(fcntl(fd, F_GETFD) & FD_CLOEXEC);
    check(!is_readable(fd, 0));
    check_int(cordon_container_try_wait(container, &status, &err), 0);
    check_int(cordon_container_wait(container, 0, &status, &err), 0);
    check_int(cordon_container_kill(container, &err), 0);
    check(is_readable(fd, 1000));
    check_int(cordon_container_try_wait(container, &status, &err), 1);
    check_int(status.exit_status, 128 + SIGKILL);
    check(is_readable(fd, 1000)); /* and stays so */
    check_int(cordon_container_try_wait(container, &status, &err), 1);
    check_int(cordon_container_signal(container, SIGTERM, &err), 0);
    check_int(cordon_container_kill(container, &err), 0);
    check_int(fake_counts.kills, 1);
    cordon_container_free(container);
    fixture_close();
}

TEST(the_poll_descriptor_alone_keeps_time_and_output_limits)
{
    struct cordon_container *container = NULL;
    struct cordon_request *request;
    char got[8];
    int fd;

    fixture_open();
    fake_script.runs_forever = true;
    fake_script.says[0] = "abc";
    request = fixture_request();
    check_int(set_short_timeout(request), 0);
    check_int(cordon_request_set_output_limit(request, 100, &err), 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_NULL, CORDON_STDIO_PIPE,
                                       CORDON_STDIO_NULL, &err),
              0);
    check_int(cordon_spawn(request, &container, &err), 0);
    fd = cordon_container_poll_fd(container, &err);
    while (cordon_container_try_wait(container, &status, &err) == 0)
        check(is_readable(fd, 5000));
    check_int(status.exit_status, 124);
    check_int(status.output_bytes, 3);
    check_int(read(cordon_container_stdout_fd(container), got, sizeof(got)), 3);
    cordon_container_free(container);
    cordon_request_free(request);
    fixture_close();
}

/* A container that has ended and whose output has a reader with little room. */
static struct cordon_container *spawn_slow_reader(unsigned timeout_ms)
{
    static char text[60001];
    struct cordon_container *container = NULL;
    struct cordon_request *request = fixture_request();

    memset(text, 'x', sizeof(text) - 1);
    fake_script.says[0] = text;
    check_int(cordon_request_set_output_limit(request, 100000, &err), 0);
    check_int(cordon_request_set_timeout_ms(request, timeout_ms, &err), 0);
    check_int(cordon_request_set_stdio(request, CORDON_STDIO_NULL, CORDON_STDIO_PIPE,
                                       CORDON_STDIO_NULL, &err),
              0);
    check_int(cordon_spawn(request, &container, &err), 0);
    cordon_request_free(request);
    check(fcntl(cordon_container_stdout_fd(container), F_SETPIPE_SZ, 4096) >= 0);
    return container;
}

TEST(output_is_waited_for_after_the_end_without_spinning)
{
    struct cordon_container *container;
    static char got[4096];
    size_t total = 0;
    int fd, turns = 0;

    fixture_open();
    container = spawn_slow_reader(0);
    fd = cordon_container_poll_fd(container, &err);
    while (is_readable(fd, 100)) {
        check_int(cordon_container_try_wait(container, &status, &err), 0);
        check(++turns < 10);
    }
    while (cordon_container_try_wait(container, &status, &err) == 0) {
        ssize_t step = read(cordon_container_stdout_fd(container), got, sizeof(got));

        check(step > 0);
        total += (size_t)step;
        check(is_readable(fd, 1000));
    }
    for (ssize_t step; (step = read(cordon_container_stdout_fd(container), got, sizeof(got))) > 0;)
        total += (size_t)step;
    check_int(total, 60000);
    check_int(status.flags, 0);
    cordon_container_free(container);
    fixture_close();
}

TEST(output_is_not_waited_for_beyond_the_time_limit)
{
    struct cordon_container *container;

    fixture_open();
    container = spawn_slow_reader(50);
    check_int(cordon_container_wait(container, -1, &status, &err), 1);
    check_int(status.exit_status, 0);
    check_int(status.flags, CORDON_STATUS_STDOUT_INCOMPLETE);
    cordon_container_free(container);
    fixture_close();
}

TEST(a_container_that_is_given_up_is_killed_and_recorded)
{
    struct cordon_container *container;

    fixture_open();
    fake_script.runs_forever = true;
    container = spawn(CORDON_STDIO_NULL, CORDON_STDIO_NULL, CORDON_STDIO_NULL);
    cordon_container_free(container);
    cordon_container_free(NULL);
    check_int(fake_counts.finishes, 1);
    check_events("\"end\":\"abandoned\"");
    fixture_close();
}

TEST(what_ended_before_it_was_given_up_is_recorded_as_it_ended)
{
    struct cordon_container *container;

    fixture_open();
    fake_script.status.code = 3;
    container = spawn(CORDON_STDIO_NULL, CORDON_STDIO_NULL, CORDON_STDIO_NULL);
    check(is_readable(cordon_container_poll_fd(container, &err), 1000));
    cordon_container_free(container);
    check_events("\"end\":\"exited\",\"code\":3,\"exitStatus\":3");
    fixture_close();
}

TEST(what_is_given_up_while_its_output_is_on_its_way_is_recorded_as_it_ended)
{
    struct cordon_container *container;

    fixture_open();
    fake_script.status.code = 3;
    container = spawn_slow_reader(0);
    check_int(cordon_container_wait(container, 50, &status, &err), 0);
    cordon_container_free(container);
    check_events("\"end\":\"exited\",\"code\":3,\"exitStatus\":3");
    fixture_close();
}

TEST(the_longest_wait_is_one_for_ever)
{
    const int64_t long_waits[] = {INT64_MAX, INT64_MAX / 1000000 * 2, -1};

    for (size_t i = 0; i < ARRAY_COUNT(long_waits); i++) {
        struct cordon_container *container = NULL;
        struct cordon_request *request;

        fixture_open();
        request = fixture_request();
        fake_script.runs_ms = 20;
        check_int(cordon_spawn(request, &container, &err), 0);
        check_int(cordon_container_wait(container, long_waits[i], &status, &err), 1);
        cordon_container_free(container);
        cordon_request_free(request);
        fixture_close();
    }
}

TEST(signals_that_do_not_exist_are_refused)
{
    struct cordon_container *container;

    fixture_open();
    container = spawn(CORDON_STDIO_NULL, CORDON_STDIO_NULL, CORDON_STDIO_NULL);
    check_int(cordon_container_signal(container, 0, &err), -EINVAL);
    check_int(cordon_container_signal(container, 65, &err), -EINVAL);
    cordon_container_free(container);
    fixture_close();
}

static int attempt_run(void)
{
    struct cordon_request *request = NULL;
    const char *const argv[] = {"true", NULL};
    int result = cordon_request_new(&request, &err);

    if (result == 0)
        result = cordon_request_set_command(request, argv, &err);
    if (result == 0)
        result = cordon_request_set_capture(request, 10, 10, &err);
    if (result == 0)
        result = cordon_run(request, &status, NULL, &err);
    cordon_request_free(request);
    return result;
}

TEST(running_survives_each_failed_allocation)
{
    fixture_open();
    fake_script.says[0] = "x";
    check_int(attempt_run(), 0);
    test_each_allocation_fails(attempt_run, 20000);
    fixture_close();
}
