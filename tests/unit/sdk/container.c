/* SPDX-License-Identifier: Apache-2.0 */
/* Running, over a tier that runs nothing: how a program ends and how that is told. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "runs.h"
#include "test.h"

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
    check_events("\"identity\":{\"name\":\"spiffe://");
    check_events("\"actor\":\"agent\",\"sponsor\":{\"uid\":");
    check_events("\"type\":\"run.exited\",\"end\":\"exited\",\"code\":7,\"exitStatus\":7");
    check_events("\"userUs\":10,\"systemUs\":20,\"maxRssBytes\":30");
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
