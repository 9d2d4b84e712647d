/* SPDX-License-Identifier: Apache-2.0 */
/* Records: what they hold, how they are framed, and what happens when they cannot be written. */
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "event/log.h"

static struct event_log *open_log(int fd)
{
    const struct event_options options = {.fd = fd};
    struct error err = ERROR_INIT;
    struct event_log *log = NULL;

    check_int(event_log_open(&options, &log, &err), 0);
    return log;
}

static const char *const argv[] = {"run", "--token=abc", "--password", "hunter2", "a\nb\033", NULL};
static const char *const layers[] = {"document x.yaml"};

static struct event_started make_started(void)
{
    static const struct event_named losses[] = {{"protectedPaths.missing", "3 names"}};

    return (struct event_started){
        .policy = "p",
        .policy_digest = "sha256:1",
        .plan_digest = "sha256:2",
        .tier = "process",
        .network = "none",
        .workspace = "/w",
        .argv = argv,
        .pid = 7,
        .timeout_ms = 250,
        .layers = layers,
        .layer_count = 1,
        .losses = losses,
        .loss_count = 1,
    };
}

/* What `write_one` puts into the log, as text in `line`. */
static void capture_record(int (*write_one)(struct event_log *, struct error *), char *line,
                           size_t size)
{
    struct error err = ERROR_INIT;
    struct event_log *log;
    int fds[2];
    ssize_t got;

    check_int(pipe2(fds, O_CLOEXEC), 0);
    log = open_log(fds[1]);
    check_int(write_one(log, &err), 0);
    got = read(fds[0], line, size - 1);
    check(got > 0);
    line[got] = '\0';
    event_log_free(log);
    close(fds[0]);
    close(fds[1]);
}

static int write_started(struct event_log *log, struct error *err)
{
    const struct event_started started = make_started();

    return event_run_started(log, &started, err);
}

TEST(a_start_record_is_one_line_with_digests_and_without_secrets)
{
    char line[4096];

    capture_record(write_started, line, sizeof(line));
    check_contains(line, "{\"schema\":\"cordon-event/1\",\"id\":\"");
    check_contains(line, "\"type\":\"run.started\"");
    check_contains(line, "\"policyDigest\":\"sha256:1\",\"planDigest\":\"sha256:2\"");
    check_contains(line, "\"argv\":[\"run\",\"--token=***\",\"--password\",\"***\","
                         "\"a\\u000ab\\u001b\"],\"argvIsCut\":false");
    check_contains(line, "\"timeoutMs\":250");
    check_contains(line, "\"losses\":[{\"name\":\"protectedPaths.missing\",\"text\":\"3 names\"}]");
    check(!strstr(line, "abc"));
    check(!strstr(line, "hunter2"));
    check(strchr(line, '\n') == line + strlen(line) - 1);
}

static int write_long(struct event_log *log, struct error *err)
{
    static char big[3 * EVENT_TEXT_MAX];
    const char *many[EVENT_ARGS_MAX + 2];
    struct event_started started = make_started();

    memset(big, 'x', sizeof(big) - 1);
    for (size_t i = 0; i <= EVENT_ARGS_MAX; i++)
        many[i] = i ? "y" : big;
    many[EVENT_ARGS_MAX + 1] = NULL;
    started.argv = many;
    return event_run_started(log, &started, err);
}

TEST(a_long_command_line_is_cut_and_said_to_be)
{
    char line[16384], *end;

    capture_record(write_long, line, sizeof(line));
    check_contains(line, "\"argvIsCut\":true");
    end = strstr(line, "xxx");
    check(end != NULL);
    check_int(strspn(end, "x"), EVENT_TEXT_MAX);
}

static int write_exited(struct event_log *log, struct error *err)
{
    const struct event_exited exited = {
        .end = "signaled", .code = 9, .exit_status = 137, .is_oom_killed = true, .wall_us = 5};

    return event_run_exited(log, &exited, err);
}

TEST(an_exit_record_holds_status_and_usage)
{
    char line[2048];

    capture_record(write_exited, line, sizeof(line));
    check_contains(line,
                   "\"type\":\"run.exited\",\"end\":\"signaled\",\"code\":9,\"exitStatus\":137,"
                   "\"oomKilled\":true,\"usage\":{\"wallUs\":5,");
}

static int write_failed(struct event_log *log, struct error *err)
{
    struct error failure = ERROR_INIT;

    check(error_set(&failure, ERROR_UNENFORCEABLE, ENOTSUP, "proxy: \"no\"") < 0);
    return event_run_failed(log, &failure, err);
}

TEST(a_refusal_is_recorded_with_kind_and_text)
{
    char line[2048];

    capture_record(write_failed, line, sizeof(line));
    check_contains(line, "\"type\":\"run.failed\",\"kind\":\"unenforceable\",\"errno\":95,"
                         "\"text\":\"proxy: \\\"no\\\"\"");
}

TEST(records_of_a_run_are_numbered_and_carry_the_time)
{
    char line[4096], id[64], now[TIME_TEXT_SIZE];
    struct error err = ERROR_INIT;
    struct event_log *log;
    int fds[2];
    ssize_t got;

    check_int(pipe2(fds, O_CLOEXEC), 0);
    log = open_log(fds[1]);
    check_int(event_limit_reached(log, "resources.output", 10, &err), 0);
    check_int(event_run_timeout(log, "request.timeout", 30, &err), 0);
    got = read(fds[0], line, sizeof(line) - 1);
    line[got > 0 ? got : 0] = '\0';
    snprintf(id, sizeof(id), "\"id\":\"%s.1\"", event_log_run_id(log));
    check_contains(line, id);
    snprintf(id, sizeof(id), "\"id\":\"%s.2\"", event_log_run_id(log));
    check_contains(line, id);
    time_text(1767323045678901234ull, now);
    check_string(now, "2026-01-02T03:04:05.678901234Z");
    event_log_free(log);
    close(fds[0]);
    close(fds[1]);
}

TEST(run_ids_sort_by_time_and_never_repeat)
{
    char first[RUN_ID_SIZE], second[RUN_ID_SIZE], third[RUN_ID_SIZE];
    uint64_t ms;
    struct error err = ERROR_INIT;

    check_int(run_id_new(first, &err), 0);
    check_int(run_id_new(second, &err), 0);
    for (ms = clock_real_ns() / NS_PER_MS; clock_real_ns() / NS_PER_MS <= ms;)
        ; /* until the next millisecond has begun */
    check_int(run_id_new(third, &err), 0);
    check(strcmp(first, second) != 0);
    check(strcmp(first, third) < 0);
    check(run_id_is_valid(first));
    check(!run_id_is_valid("01234567890123456789012345u"));
    check(!run_id_is_valid("../etc"));
}

TEST(events_to_a_reader_that_has_gone_are_an_error_and_no_signal)
{
    const struct event_started started = make_started();
    struct error err = ERROR_INIT;
    struct event_log *log;
    int fds[2];

    check_int(pipe2(fds, O_CLOEXEC), 0);
    log = open_log(fds[1]);
    close(fds[0]);
    check_int(event_run_started(log, &started, &err), -EPIPE); /* SIGPIPE would end this process */
    check_contains(err.text, "to their descriptor");
    event_log_free(log);
    close(fds[1]);
}

TEST(an_events_descriptor_that_is_only_for_reading_is_refused)
{
    const struct event_options options = {.fd = open("/dev/null", O_RDONLY | O_CLOEXEC)};
    struct error err = ERROR_INIT;
    struct event_log *log = NULL;

    check_int(event_log_open(&options, &log, &err), -EBADF);
    check_contains(err.text, "not open for writing");
    close(options.fd);
}

TEST(an_events_fifo_without_a_reader_is_refused_at_once)
{
    char name[] = "/tmp/cordon-test-fifo.XXXXXX", fifo[64];
    struct event_options options = {.fd = -1, .file = fifo};
    struct error err = ERROR_INIT;
    struct event_log *log = NULL;

    check(test_make_directory(name) != NULL);
    snprintf(fifo, sizeof(fifo), "%s/f", name);
    check_int(mkfifo(fifo, 0600), 0);
    check_int(event_log_open(&options, &log, &err), -ENXIO);
    check_contains(err.text, fifo);
    unlink(fifo);
    rmdir(name);
}

TEST(an_events_file_is_private_and_appended_to)
{
    char name[] = "/tmp/cordon-test-events.XXXXXX", file[64], *data = NULL;
    const struct event_options options = {.fd = -1, .file = file};
    struct error err = ERROR_INIT;
    size_t size, lines = 0;
    struct stat st;

    check(test_make_directory(name) != NULL);
    snprintf(file, sizeof(file), "%s/e", name);
    for (int i = 0; i < 2; i++) {
        auto_event_log struct event_log *log = NULL;

        check_int(event_log_open(&options, &log, &err), 0);
        check_int(event_run_timeout(log, "m", 1, &err), 0);
    }
    check_int(stat(file, &st), 0);
    check_int(st.st_mode & 0777, 0600);
    check_int(file_read(file, 65536, &data, &size, &err), 0);
    for (size_t i = 0; i < size; i++)
        lines += data[i] == '\n';
    check_int(lines, 2);
    mem_free(data);
    unlink(file);
    rmdir(name);
}

static int attempt_started(void)
{
    static struct event_log *log;
    const struct event_started started = make_started();
    struct error err;

    if (!log)
        log = open_log(-1);
    return event_run_started(log, &started, &err);
}

TEST(a_record_survives_each_failed_allocation)
{
    /* opened before anything fails */
    mem_fail_after(-1);
    check_int(attempt_started(), 0);
    test_each_allocation_fails(attempt_started, 100);
}
