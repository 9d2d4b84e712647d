/* SPDX-License-Identifier: Apache-2.0 */
/* Limits that a waiting process keeps, over a tier that runs nothing: time, CPU time, output. */
#include <signal.h>

#include "runs.h"
#include "test.h"

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
