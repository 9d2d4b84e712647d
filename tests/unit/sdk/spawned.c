/* SPDX-License-Identifier: Apache-2.0 */
/* Spawned containers, over a tier that runs nothing: streams, waiting, the poll descriptor, giving up. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <unistd.h>

#include "base/memory.h"
#include "runs.h"
#include "test.h"

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
    check_events("\"userUs\":null,\"systemUs\":null,\"maxRssBytes\":null");
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
