/* SPDX-License-Identifier: Apache-2.0 */
/* Starting, over a tier that runs nothing: what refuses a launch, and that every refusal is recorded. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runs.h"
#include "test.h"

/* The record of a launch that never came to a start: one line, with the kind and what the caller was told. */
static void check_recorded_failure(const char *kind)
{
    char *events = fixture_events(), part[64];

    check_contains(events, ".1\",");
    snprintf(part, sizeof(part), "\"type\":\"run.failed\",\"kind\":\"%s\"", kind);
    check_contains(events, part);
    check_contains(events, err.text);
    check(strchr(events, '\n') == events + strlen(events) - 1);
    free(events);
    check_int(fake_counts.starts, 0);
}

TEST(a_policy_that_cannot_be_loaded_is_recorded)
{
    struct cordon_request *request;

    fixture_open();
    request = fixture_request();
    check_int(cordon_request_add_policy_file(request, "missing.yaml", &err), 0);
    check_int(cordon_run(request, &status, NULL, &err), -ENOENT);
    check_contains(err.text, "missing.yaml");
    check_recorded_failure("system");
    cordon_request_free(request);
    fixture_close();
}

TEST(a_workspace_that_is_not_there_is_recorded)
{
    struct cordon_request *request;

    fixture_open();
    request = fixture_request();
    check_int(cordon_request_set_workspace(request, "/nowhere", &err), 0);
    check_int(cordon_run(request, &status, NULL, &err), -ENOENT);
    check_recorded_failure("system");
    cordon_request_free(request);
    fixture_close();
}

TEST(a_descriptor_that_was_closed_meanwhile_is_recorded)
{
    struct cordon_request *request;
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);

    fixture_open();
    request = fixture_request();
    check_int(cordon_request_keep_fd(request, fd, &err), 0);
    close(fd);
    check_int(cordon_run(request, &status, NULL, &err), -EBADF);
    check_contains(err.text, "is not open any more");
    check_recorded_failure("invalid");
    cordon_request_free(request);
    fixture_close();
}

TEST(a_working_directory_that_is_gone_is_recorded)
{
    struct cordon_request *request;

    fixture_open();
    request = fixture_request();
    check_int(mkdir("gone", 0700), 0);
    check_int(chdir("gone"), 0);
    check_int(rmdir("../gone"), 0);
    check_int(cordon_run(request, &status, NULL, &err), -ENOENT);
    check_contains(err.text, "current directory");
    check_recorded_failure("system");
    cordon_request_free(request);
    fixture_close();
}

TEST(an_events_file_that_cannot_be_opened_is_recorded_in_the_store)
{
    struct cordon_request *request;

    fixture_open();
    request = fixture_request();
    check_int(cordon_request_set_events_file(request, "missing/events", &err), 0);
    check_int(cordon_run(request, &status, NULL, &err), -ENOENT);
    check_contains(err.text, "/missing/events");
    check_recorded_failure("system");
    cordon_request_free(request);
    fixture_close();
}

TEST(a_refusal_reaches_the_events_descriptor_also_when_the_store_cannot_be_opened)
{
    struct cordon_request *request;
    char line[4096] = "";
    int fds[2];

    fixture_open();
    request = fixture_request();
    setenv("XDG_STATE_HOME", "/proc/nothing", 1);
    check_int(pipe2(fds, O_CLOEXEC), 0);
    check_int(cordon_request_set_events_fd(request, fds[1], &err), 0);
    check(cordon_run(request, &status, NULL, &err) < 0);
    check(read(fds[0], line, sizeof(line) - 1) > 0);
    check_contains(line, "\"type\":\"run.failed\",\"kind\":\"system\"");
    check_contains(line, "XDG_STATE_HOME");
    check_int(fake_counts.starts, 0);
    close(fds[0]);
    close(fds[1]);
    cordon_request_free(request);
    fixture_close();
}

TEST(a_refused_policy_reaches_the_store_and_the_events_file)
{
    static const char policy[] = "version: cordon/1\nidentity: {}\nnonsense: 1\n";
    struct cordon_request *request;
    char *events, found[4096] = "";
    FILE *file;

    fixture_open();
    request = fixture_request();
    check_int(cordon_request_add_policy_text(request, "p", policy, strlen(policy), &err), 0);
    check_int(cordon_request_set_events_file(request, "events", &err), 0);
    check(cordon_run(request, &status, NULL, &err) < 0);
    check_recorded_failure("invalid");
    file = fopen("events", "re");
    check(file != NULL);
    check(fread(found, 1, sizeof(found) - 1, file) > 0);
    fclose(file);
    events = fixture_events();
    check_string(found, events);
    free(events);
    cordon_request_free(request);
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

TEST(what_was_exchanged_since_it_was_checked_is_looked_at_anew)
{
    const struct error exchanged = {.kind = ERROR_SYSTEM, .errnum = ESTALE, .text = "mount (the object was exchanged) /etc/group"};

    fixture_open();
    fake_script.start_failure = exchanged;
    fake_script.start_failures = 2;
    check_int(run_with(NULL, NULL), 0);
    check_events("\"type\":\"run.started\""); /* of the one run that it is */
    check_int(fake_counts.starts, 3);
    check_int(fake_counts.finishes, 1);
    fixture_close();
    fixture_open();
    fake_script.start_failure = exchanged;
    check_int(run_with(NULL, NULL), -ESTALE);
    check_contains(err.text, "/etc/group");
    check_int(fake_counts.starts, 5);
    check_events("\"type\":\"run.failed\",\"kind\":\"system\"");
    fixture_close();
    fixture_open(); /* what else fails is not tried again */
    fake_script.start_failure = exchanged;
    fake_script.start_failure.errnum = EIO;
    fake_script.start_failures = 2;
    check_int(run_with(NULL, NULL), -EIO);
    check_int(fake_counts.starts, 1);
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

/* What the tier is told, and how its refusal reads. */
TEST(set_up_has_the_time_limit_of_the_run_and_a_descriptor_gives_it_up)
{
    struct cordon_request *request;
    int pipes[2];

    fixture_open();
    check_int(pipe2(pipes, O_CLOEXEC), 0);
    request = fixture_request();
    check_int(cordon_run(request, &status, NULL, &err), 0);
    check_int(fake_counts.deadline_ns, 0);
    check_int(fake_counts.cancel_fd, -1);
    check_int(cordon_request_set_cancel_fd(request, pipes[0], &err), 0);
    check_int(cordon_request_set_timeout_ms(request, 50000, &err), 0);
    fake_script.start_failure = (struct error){.kind = ERROR_LIMIT, .errnum = ETIMEDOUT, .text = "set-up: too long"};
    check_int(cordon_run(request, &status, NULL, &err), -ETIMEDOUT);
    check_string(err.text, "request.timeout: set-up: too long");
    check(fake_counts.deadline_ns > 0);
    check_int(fake_counts.cancel_fd, pipes[0]);
    close(pipes[0]);
    close(pipes[1]);
    check_int(cordon_run(request, &status, NULL, &err), -EBADF);
    check_int(cordon_request_set_cancel_fd(request, -1, &err), 0);
    fake_script.start_failure = (struct error)ERROR_INIT;
    check_int(cordon_run(request, &status, NULL, &err), 0);
    check_int(fake_counts.cancel_fd, -1);
    cordon_request_free(request);
    fixture_close();
}
