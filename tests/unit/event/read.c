/* SPDX-License-Identifier: Apache-2.0 */
/* What was written is read as it was meant; what is damaged is counted, what is somebody else's is refused. */
#include "test.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/text.h"
#include "event/log.h"
#include "event/read.h"
#include "event/store.h"

#define OLD "00000000000000000000000001"

static char store[] = "/tmp/cordon-unit-XXXXXX";
static struct error err;

static void make_store(void)
{
    strcpy(store, "/tmp/cordon-unit-XXXXXX");
    check(test_make_directory(store) != NULL);
}

static struct event_log *log_open(void)
{
    const struct event_options options = {.fd = -1, .runs_directory = store};
    struct event_log *log = NULL;

    check_int(event_log_open(&options, &log, &err), 0);
    return log;
}

static struct run_store *open_store(void)
{
    struct run_store *opened = NULL;

    if (run_store_open(store, &opened, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return opened;
}

/* A run whose record is `text`. */
static void make_run(const char *id, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", store, id);
    check_int(mkdir(path, 0700), 0);
    snprintf(path, sizeof(path), "%s/%s/%s", store, id, STORE_EVENTS_NAME);
    test_write_file(path, text, 0600);
}

static struct event_reader *read_text(const char *text, size_t size, const char *run)
{
    struct event_reader *reader = NULL;
    int fd = memfd_create("record", MFD_CLOEXEC);

    check_int(file_write_all(fd, text, size), 0);
    check_int(lseek(fd, 0, SEEK_SET), 0);
    check_int(event_reader_new(fd, run, &reader, &err), 0);
    return reader;
}

#define LINE(run, sequence, rest)                                                                                             \
    "{\"schema\":\"cordon-event/1\",\"id\":\"" run "." sequence "\",\"time\":\"2026-01-02T03:04:05.000000000Z\",\"run\":\"" run \
    "\"," rest "}\n"

static void write_one_of_each(struct event_log *log)
{
    static const char *const argv[] = {"make", "a b", NULL}, *const layers[] = {"one.yaml"}, *const warnings[] = {"careful"};
    static const struct event_named losses[] = {{"groups", "kept"}};
    static const struct event_source sources[] = {{"keeper", 1u << OPERATION_LINK | 1u << OPERATION_LIMIT, "reads"}};
    static const struct event_identity identity = {
        .name = "spiffe://a/host/b/user/7/agent/c/d", .class_name = "c", .instance = "d", .host_from = "state", .actor = "agent", .sponsor_uid = 7,
        .sponsor_name = "u", .sponsor_declared = "v", .proof = {"cgroup", "pidfd"}, .proof_count = 2, .service = "user", .unproved = {"records", "audit"}, .unproved_count = 2, .has_kernel = true,
        .uid = 70, .login_uid = -1, .session = 5, .cgroup = "/cordon/a"};
    const struct event_started started = {
        .policy = "p", .policy_digest = "sha256:a", .plan_digest = "sha256:b", .tier = "process", .mechanism = "namespaces",
        .network = "none", .workspace = "/w", .terminal = "none", .argv = argv, .pid = 77, .timeout_ms = 5000, .layers = layers,
        .layer_count = 1, .warnings = warnings, .warning_count = 1, .losses = losses, .loss_count = 1, .sources = sources,
        .source_count = 1, .is_review = true, .identity = &identity};
    const struct event_access access = {
        .type = "access.denied", .operation = OPERATION_RENAME, .kind = "file", .named = "x", .path = "/w/x", .second_named = "y",
        .second = "/w/y", .outside = "/o/x", .is_hidden = true, .call = "rename", .args = "x y", .errnum = EXDEV,
        .process = {.pid = 3, .host_pid = 33, .exe = "/bin/mv", .argv = argv}, .parents = {{.pid = 2, .exe = "/bin/sh"}},
        .parent_count = 1, .rule = "one.yaml:1:1: x", .layer = "landlock", .source = "keeper", .reason = "so", .count = 2};
    const struct event_network network = {.type = "network.request-denied", .connection = 4, .protocol = "tcp", .address = "::1",
                                          .name = "n", .rule = "r", .reason = "no", .port = 443, .pid = 5, .exe = "/bin/curl",
                                          .program = "curl", .has_request = true, .method = "GET", .path = "/", .call = "c",
                                          .tool = "t", .status = 403, .secret = "S", .errnum = 13, .bytes_up = 1,
                                          .bytes_down = 2, .duration_us = 3};
    const struct event_finding finding = {"git.key", "/w/.git/config", "core.pager", "x", "why", "how"};
    const struct event_exec exec = {.number = 5, .argv = (const char *const[]){"a", "b", NULL}, .directory = "/d", .terminal = "none",
                                    .pid = 77, .timeout_ms = 30};
    struct error failure = ERROR_INIT;

    error_set(&failure, ERROR_FORBIDDEN, EPERM, "may not");
    check_int(event_run_started(log, &started, &err), 0);
    check_int(event_access(log, &access, &err), 0);
    check_int(event_access(log, &access, &err), 0);
    check_int(event_network(log, &network, &err), 0);
    check_int(event_network_gone(log, "gone", &err), 0);
    event_network_lost(log, 6);
    check_int(event_network_end(log, &err), 0);
    check_int(event_limit_reached(log, "resources.output", 10, &err), 0);
    check_int(event_run_timeout(log, "process.timeout", 20, &err), 0);
    check_int(event_exec_started(log, &exec, &err), 0);
    check_int(event_exec_exited(log, 5, &(struct event_exited){.end = "signaled", .code = 9}, &err), 0);
    event_access_lost(log, "void", 8);
    check_int(event_access_end(log, &err), 0);
    check_int(event_run_finding(log, &finding, &err), 0);
    check_int(event_run_failed(log, &failure, &err), 0);
    check_int(event_run_exited(log, &(struct event_exited){.end = "exited", .code = 2, .exit_status = 2, .has_rss = true,
                                                           .max_rss_bytes = 9, .wall_us = 7}, &err), 0);
}

static void next(struct event_reader *reader, enum record_kind kind, struct event_record *record)
{
    if (event_reader_next(reader, record, &err) != 1)
        test_fail(__FILE__, __LINE__, "no record of kind %d", kind);
    check_int(record->kind, kind);
}

static void check_started(const struct event_record *record)
{
    const struct event_started *started = &record->started;

    check_string(started->policy, "p");
    check_string(started->policy_digest, "sha256:a");
    check_string(started->plan_digest, "sha256:b");
    check_string(started->tier, "process");
    check_string(started->mechanism, "namespaces");
    check_string(started->network, "none");
    check_string(started->workspace, "/w");
    check_string(started->terminal, "none");
    check_string(started->argv[1], "a b");
    check(!started->argv[2] && !record->is_cut && started->is_review);
    check_int(started->pid, 77);
    check_int(started->timeout_ms, 5000);
    check_string(started->identity->name, "spiffe://a/host/b/user/7/agent/c/d");
    check_string(started->identity->class_name, "c");
    check_string(started->identity->instance, "d");
    check_string(started->identity->host_from, "state");
    check_string(started->identity->actor, "agent");
    check_int(started->identity->sponsor_uid, 7);
    check_string(started->identity->sponsor_name, "u");
    check_string(started->identity->sponsor_declared, "v");
    check_int(started->identity->proof_count, 2);
    check_string(started->identity->proof[1], "pidfd");
    check_string(started->identity->service, "user");
    check_int(started->identity->unproved_count, 2);
    check_string(started->identity->unproved[1], "audit");
    check(started->identity->has_kernel);
    check_int(started->identity->uid, 70);
    check_int(started->identity->login_uid, -1);
    check_int(started->identity->session, 5);
    check_string(started->identity->cgroup, "/cordon/a");
    check_int(started->layer_count + started->warning_count + started->loss_count + started->source_count, 4);
    check_string(started->layers[0], "one.yaml");
    check_string(started->warnings[0], "careful");
    check_string(started->losses[0].name, "groups");
    check_string(started->losses[0].text, "kept");
    check_string(started->sources[0].name, "keeper");
    check_string(started->sources[0].blind, "reads");
    check_int(started->sources[0].sees, 1u << OPERATION_LINK | 1u << OPERATION_LIMIT);
}

static void check_access(const struct event_access *access)
{
    check_int(access->operation, OPERATION_RENAME);
    check_string(access->type, "access.denied");
    check_string(access->kind, "file");
    check_string(access->named, "x");
    check_string(access->path, "/w/x");
    check_string(access->second_named, "y");
    check_string(access->second, "/w/y");
    check_string(access->outside, "/o/x");
    check(access->is_hidden);
    check_string(access->call, "rename");
    check_string(access->args, "x y");
    check_int(access->errnum, EXDEV);
    check_int(access->process.pid, 3);
    check_int(access->process.host_pid, 33);
    check_string(access->process.exe, "/bin/mv");
    check_string(access->process.argv[0], "make");
    check(!access->process.argv[2]);
    check_int(access->parent_count, 1);
    check_int(access->parents[0].pid, 2);
    check_string(access->parents[0].exe, "/bin/sh");
    check_string(access->rule, "one.yaml:1:1: x");
    check_string(access->layer, "landlock");
    check_string(access->source, "keeper");
    check_string(access->reason, "so");
    check_int(access->count, 2);
}

static void check_network(const struct event_network *network)
{
    check_string(network->type, "network.request-denied");
    check_int(network->connection, 4);
    check_string(network->address, "::1");
    check_int(network->port, 443);
    check_string(network->name, "n");
    check_int(network->pid, 5);
    check_string(network->program, "curl");
    check(network->has_request);
    check_string(network->method, "GET");
    check_string(network->tool, "t");
    check_int(network->status, 403);
    check_string(network->secret, "S");
    check_string(network->rule, "r");
    check_int(network->errnum, 13);
    check_int(network->bytes_up + network->bytes_down + network->duration_us, 6);
}

TEST(questions_and_answers_are_read_as_they_were_written)
{
    static const struct event_approval written = {.number = 3, .digest = "sha256:d", .operation = OPERATION_WRITE, .path = "/h/x", .named = "x\xff",
                                                  .pid = 7, .exe = "/bin/cp", .rule = "r: x", .timeout_ms = 60000, .answer = "run",
                                                  .has_uid = true, .uid = 0, .count = 2};
    auto_run_store struct run_store *opened = NULL;
    auto_event_reader struct event_reader *reader = NULL;
    struct event_approval unanswered = written;
    struct event_record record;
    struct event_log *log;

    make_store();
    log = log_open();
    unanswered.has_uid = false;
    check_int(event_approval_asked(log, &written, &err), 0);
    check_int(event_approval_answered(log, &written, &err), 0);
    check_int(event_approval_answered(log, &unanswered, &err), 0);
    opened = open_store();
    check_int(run_store_read(opened, event_log_run_id(log), &reader, &err), 0);
    next(reader, RECORD_APPROVAL, &record);
    check_int(record.approval.number, 3);
    check_string(record.approval.digest, "sha256:d");
    check_int(record.approval.operation, OPERATION_WRITE);
    check_string(record.approval.path, "/h/x");
    check_string(record.approval.named, "x\xef\xbf\xbd");
    check_int(record.approval.pid, 7);
    check_string(record.approval.exe, "/bin/cp");
    check_string(record.approval.rule, "r: x");
    check_int(record.approval.timeout_ms, 60000);
    check(!record.approval.answer);
    next(reader, RECORD_APPROVAL, &record);
    check_string(record.approval.answer, "run");
    check(record.approval.has_uid && record.approval.uid == 0);
    check_int(record.approval.count, 2);
    next(reader, RECORD_APPROVAL, &record);
    check(!record.approval.has_uid);
    event_log_free(log);
}

TEST(every_record_is_read_as_it_was_written)
{
    auto_run_store struct run_store *opened = NULL;
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;
    struct event_log *log;

    make_store();
    log = log_open();
    write_one_of_each(log);
    opened = open_store();
    check_int(run_store_read(opened, event_log_run_id(log), &reader, &err), 0);
    next(reader, RECORD_STARTED, &record);
    check_started(&record);
    check_string(record.run, event_log_run_id(log));
    check_int(record.sequence, 1);
    next(reader, RECORD_ACCESS, &record);
    check_access(&record.access);
    next(reader, RECORD_NETWORK, &record);
    check_network(&record.network);
    next(reader, RECORD_OTHER, &record);
    check_string(record.type, "network.gone");
    next(reader, RECORD_NETWORK_LOST, &record);
    check_int(record.count.count, 6);
    next(reader, RECORD_LIMIT, &record);
    check_string(record.limit.member, "resources.output");
    check_int(record.limit.value, 10);
    next(reader, RECORD_TIMEOUT, &record);
    check_int(record.limit.value, 20);
    next(reader, RECORD_EXEC, &record);
    check_int(record.exec.number, 5);
    check_string(record.exec.argv[1], "b");
    check(record.exec.argv[2] == NULL);
    check_string(record.exec.directory, "/d");
    check_int(record.exec.pid, 77);
    check_int(record.exec.timeout_ms, 30);
    next(reader, RECORD_EXEC_EXITED, &record);
    check_int(record.number, 5);
    check_string(record.exited.end, "signaled");
    check_int(record.exited.code, 9);
    next(reader, RECORD_REPEATED, &record);
    check_int(record.count.of_sequence, 2);
    check_int(record.count.count, 2);
    next(reader, RECORD_LOST, &record);
    check_string(record.count.source, "void");
    check_int(record.count.count, 8);
    next(reader, RECORD_FINDING, &record);
    check_string(record.finding.key, "core.pager");
    next(reader, RECORD_FAILED, &record);
    check_int(record.failed.kind, ERROR_FORBIDDEN);
    check_int(record.failed.errnum, EPERM);
    check_string(record.failed.text, "may not");
    next(reader, RECORD_EXITED, &record);
    check(record.exited.has_rss && !record.exited.has_times && !record.exited.is_oom_killed);
    check_int(record.exited.code, 2);
    check_int(record.exited.wall_us, 7);
    check_int(event_reader_next(reader, &record, &err), 0);
    check_int(event_reader_state(reader).records, 14);
    check_int(event_reader_state(reader).damaged, 0);
    check(!event_reader_state(reader).is_torn);
    event_log_free(log);
}

TEST(a_pipe_with_a_name_is_not_waited_for)
{
    char path[64], own[64], byte = 0;
    int ends[2], fd = -1;

    make_store();
    snprintf(path, sizeof(path), "%s/pipe", store);
    check_int(mkfifo(path, 0600), 0);
    check_int(event_file_open(path, &fd, &err), -EINVAL);
    check_contains(err.text, "/pipe: not a regular file");
    check_int(event_file_open("/dev/zero", &fd, &err), -EINVAL);
    check_int(event_file_open(store, &fd, &err), -EINVAL);
    check_int(event_file_open("/none", &fd, &err), -ENOENT);
    check_int(fd, -1);
    check_int(unlink(path), 0);
    check_int(rmdir(store), 0);

    check_int(pipe2(ends, O_CLOEXEC), 0);
    snprintf(own, sizeof(own), "/proc/self/fd/%d", ends[0]);
    check_int(event_file_open(own, &fd, &err), 0);
    check(!(fcntl(fd, F_GETFL) & O_NONBLOCK)); /* who writes takes its time */
    check_int(write(ends[1], "x", 1), 1);
    check_int(read(fd, &byte, 1), 1);
    check_int(byte, 'x');
    close(fd);
    close(ends[0]);
    close(ends[1]);
}

TEST(what_is_no_record_is_counted_and_what_follows_is_read)
{
    static const char good[] = LINE(OLD, "7", "\"type\":\"network.lost\",\"count\":1");
    static const char *const bad[] = {
        "\n", "{}\n", "null\n", "[]\n", "\"x\"\n", "not json\n", "\xff\xfe\n", "{\"schema\":\"cordon-event/1\"}\n", "{{{{\n",
        LINE(OLD, "0", "\"type\":\"x\""), LINE(OLD, "-1", "\"type\":\"x\""), LINE(OLD, "99999999999", "\"type\":\"x\""),
        LINE(OLD, "1x", "\"type\":\"x\""), LINE("UPPER0000000000000000000000", "1", "\"type\":\"x\""),
        LINE(OLD, "1", "\"type\":1"), LINE(OLD, "1", "\"type\":null"), LINE(OLD, "1", "\"type\":\"x\",\"type\":\"x\""),
        LINE(OLD, "1", "\"type\":\"x\\u0000\""),
        LINE(OLD, "1", "\"type\":\"network.lost\",\"count\":-1"), LINE(OLD, "1", "\"type\":\"network.lost\",\"count\":\"1\""),
        LINE(OLD, "1", "\"type\":\"network.lost\",\"count\":99999999999999999999"),
        LINE(OLD, "1", "\"type\":\"access.repeated\",\"of\":\"x\",\"count\":1"),
        LINE(OLD, "1", "\"type\":\"access.denied\",\"object\":[]"), LINE(OLD, "1", "\"type\":\"access.denied\",\"parents\":{}"),
        LINE(OLD, "1", "\"type\":\"access.denied\",\"parents\":[1]"),
        LINE(OLD, "1", "\"type\":\"access.denied\",\"process\":{\"commandLine\":[1]}"),
        LINE(OLD, "1", "\"type\":\"access.denied\",\"process\":{\"pid\":9999999999}"),
        LINE(OLD, "1", "\"type\":\"run.exited\",\"usage\":1"), LINE(OLD, "1", "\"type\":\"run.started\",\"argv\":\"x\""),
    };

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        auto_event_reader struct event_reader *reader = NULL;
        auto_text struct text all = {0};
        struct event_record record;

        text_add(&all, bad[i]);
        text_add(&all, good);
        reader = read_text(all.data, all.length, NULL);
        next(reader, RECORD_NETWORK_LOST, &record);
        check_int(record.sequence, 7);
        check_int(event_reader_next(reader, &record, &err), 0);
        if (event_reader_state(reader).damaged != 1)
            test_fail(__FILE__, __LINE__, "taken for a record: %s", bad[i]);
    }
}

TEST(what_a_later_version_adds_is_ignored)
{
    static const char text[] = LINE(OLD, "1", "\"type\":\"new.thing\",\"a\":[{}]")
        LINE(OLD, "2", "\"type\":\"access.denied\",\"operation\":\"teleport\",\"errno\":\"ENEW\",\"more\":{\"pid\":\"x\"}")
        LINE(OLD, "3", "\"type\":\"run.started\",\"watch\":[{\"source\":\"s\",\"sees\":[\"teleport\",\"read\"]}]");
    auto_event_reader struct event_reader *reader = read_text(text, sizeof(text) - 1, OLD);
    struct event_record record;

    next(reader, RECORD_OTHER, &record);
    check_string(record.type, "new.thing");
    next(reader, RECORD_ACCESS, &record);
    check_int(record.access.operation, OPERATION_NONE);
    check_int(record.access.errnum, 0);
    check(!record.access.process.argv);
    next(reader, RECORD_STARTED, &record);
    check_int(record.started.sources[0].sees, 1u << OPERATION_READ);
    check_int(event_reader_state(reader).damaged, 0);
}

TEST(a_last_line_without_its_end_is_torn_and_not_damaged)
{
    static const char text[] = LINE(OLD, "1", "\"type\":\"network.lost\",\"count\":1");

    for (size_t cut = 1; cut < sizeof(text) - 1; cut++) {
        auto_event_reader struct event_reader *reader = NULL;
        auto_text struct text all = {0};
        struct event_record record;

        text_add(&all, text);
        text_add_n(&all, text, cut);
        reader = read_text(all.data, all.length, NULL);
        check_int(event_reader_next(reader, &record, &err), 1);
        check_int(event_reader_next(reader, &record, &err), 0);
        check(event_reader_state(reader).is_torn);
        check_int(event_reader_state(reader).damaged, 0);
    }
}

TEST(what_is_damaged_is_refused_by_its_line_where_nothing_may_be_missed)
{
#define GOOD LINE(OLD, "1", "\"type\":\"network.lost\",\"count\":1")
    static const struct {
        const char *text, *said;
    } rows[] = {
        {GOOD GOOD "nonsense\n" GOOD, "line 3: it is no record"},
        {"\n" GOOD, "line 1: it is no record"},
        {GOOD "[[[[\n", "line 2: it is no record"},
        {GOOD LINE(OLD, "2", "\"type\":\"network.lost\",\"count\":\"1\""), "line 2: it is no record"},
        {GOOD "{\"schema\":", "line 2: it has no end"},
    };
    auto_event_reader struct event_reader *long_reader = NULL;
    auto_text struct text long_line = {0};
    struct event_record record;

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        auto_event_reader struct event_reader *reader = read_text(rows[i].text, strlen(rows[i].text), NULL);
        int status;

        event_reader_refuse_damaged(reader);
        while ((status = event_reader_next(reader, &record, &err)) > 0)
            ;
        check_int(status, -EINVAL);
        check_contains(err.text, rows[i].said);
    }
    text_add(&long_line, GOOD);
    for (int i = 0; i < 5 << 20; i++)
        text_add_n(&long_line, "[", 1);
    text_add(&long_line, "\n" GOOD);
    long_reader = read_text(long_line.data, long_line.length, NULL);
    event_reader_refuse_damaged(long_reader);
    check_int(event_reader_next(long_reader, &record, &err), 1);
    check_int(event_reader_next(long_reader, &record, &err), -EINVAL);
    check_contains(err.text, "line 2: it is");
}

TEST(what_a_writer_adds_meanwhile_is_read_when_its_line_is_whole)
{
    static const char text[] = LINE(OLD, "1", "\"type\":\"network.lost\",\"count\":1");
    char name[] = "/tmp/cordon-unit-XXXXXX";
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;
    int fd = test_make_file(name), reading = open(name, O_RDONLY | O_CLOEXEC);

    check_int(event_reader_new(reading, NULL, &reader, &err), 0);
    check_int(event_reader_next(reader, &record, &err), 0);
    check_int(write(fd, text, 20), 20);
    check_int(event_reader_next(reader, &record, &err), 0);
    check_int(write(fd, text + 20, sizeof(text) - 21), sizeof(text) - 21);
    check_int(event_reader_next(reader, &record, &err), 1);
    check(event_reader_next(reader, &record, &err) == 0 && !event_reader_state(reader).is_torn);
    close(fd);
}

TEST(another_runs_record_in_a_runs_file_is_damage)
{
    static const char text[] = LINE("00000000000000000000000002", "1", "\"type\":\"network.lost\",\"count\":1")
        LINE(OLD, "2", "\"type\":\"network.lost\",\"count\":2");
    auto_event_reader struct event_reader *reader = read_text(text, sizeof(text) - 1, OLD);
    struct event_record record;

    check_int(event_reader_next(reader, &record, &err), 1);
    check_int(record.sequence, 2);
    check_int(event_reader_state(reader).damaged, 1);
}

TEST(a_line_beyond_every_bound_is_passed_over_in_bounded_memory)
{
    static const char good[] = LINE(OLD, "1", "\"type\":\"network.lost\",\"count\":1");
    size_t size = (size_t)40 << 20;
    auto_free char *huge = mem_alloc(size + sizeof(good));
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;

    check(huge != NULL);
    memset(huge, 'x', size - 1);
    huge[size - 1] = '\n';
    memcpy(huge + size, good, sizeof(good) - 1);
    reader = read_text(huge, size + sizeof(good) - 1, NULL);
    check_int(event_reader_next(reader, &record, &err), 1);
    check_int(record.count.count, 1);
    check_int(event_reader_state(reader).damaged, 1);
}

TEST(the_largest_record_that_is_written_is_read)
{
    static char control[EVENT_TEXT_MAX * 2];
    const char *argv[EVENT_ARGS_MAX + 2] = {0}, *items[EVENT_ITEMS_MAX];
    struct event_named losses[EVENT_ITEMS_MAX];
    struct event_started started = {.argv = argv, .layers = items, .layer_count = EVENT_ITEMS_MAX, .warnings = items,
                                    .warning_count = EVENT_ITEMS_MAX, .losses = losses, .loss_count = EVENT_ITEMS_MAX};
    auto_run_store struct run_store *opened = NULL;
    auto_event_reader struct event_reader *reader = NULL;
    struct event_record record;
    struct event_log *log;

    memset(control, '\x01', sizeof(control) - 1);
    for (size_t i = 0; i <= EVENT_ARGS_MAX; i++)
        argv[i] = control;
    for (size_t i = 0; i < EVENT_ITEMS_MAX; i++) {
        items[i] = control;
        losses[i] = (struct event_named){control, control};
    }
    make_store();
    log = log_open();
    check_int(event_run_started(log, &started, &err), 0);
    opened = open_store();
    check_int(run_store_read(opened, event_log_run_id(log), &reader, &err), 0);
    next(reader, RECORD_STARTED, &record);
    check(record.is_cut);
    check_int(record.started.loss_count, EVENT_ITEMS_MAX);
    check_int(strlen(record.started.losses[EVENT_ITEMS_MAX - 1].text), EVENT_TEXT_MAX);
    event_log_free(log);
}

TEST(a_run_is_found_by_its_id_the_beginning_of_it_or_as_the_last)
{
    auto_run_store struct run_store *opened = NULL;
    const char *id = NULL;

    make_store();
    make_run(OLD, "");
    make_run("00000000000000000000000abc", "");
    make_run("0zzzzzzzzzzzzzzzzzzzzzzzzz", "");
    opened = open_store();
    check_int(run_store_count(opened), 3);
    check_string(run_store_id(opened, 0), "0zzzzzzzzzzzzzzzzzzzzzzzzz");
    check_string(run_store_id(opened, 2), OLD);
    check_int(run_store_find(opened, "last", &id, &err), 0);
    check_string(id, "0zzzzzzzzzzzzzzzzzzzzzzzzz");
    check_int(run_store_find(opened, "0z", &id, &err), 0);
    check_int(run_store_find(opened, OLD, &id, &err), 0);
    check_string(id, OLD);
    check_int(run_store_find(opened, "000", &id, &err), -ENOTUNIQ);
    check_int(run_store_find(opened, "1", &id, &err), -ENOENT);
    check_int(run_store_find(opened, "", &id, &err), -EINVAL);
    check_int(run_store_find(opened, "../" OLD, &id, &err), -EINVAL);
    check_int(run_store_find(opened, OLD "0", &id, &err), -EINVAL);
    check_string(id, OLD);
}

TEST(a_store_that_is_not_there_has_no_runs)
{
    auto_run_store struct run_store *opened = NULL;
    const char *id;

    make_store();
    check_int(run_store_open("/nowhere/runs", &opened, &err), 0);
    check_int(run_store_count(opened), 0);
    check_int(run_store_find(opened, "last", &id, &err), -ENOENT);
    check_contains(err.text, "no run is recorded yet");
}

static void check_refused(struct run_store *opened, const char *part)
{
    struct event_reader *reader = NULL;
    struct run_summary summary;

    check(run_store_read(opened, OLD, &reader, &err) < 0);
    check_contains(err.text, part);
    check(run_store_summarise(opened, OLD, &summary, &err) < 0);
}

TEST(links_and_what_others_could_have_written_are_refused)
{
    auto_run_store struct run_store *opened = NULL;
    char path[256], other[256];

    make_store();
    make_run(OLD, LINE(OLD, "1", "\"type\":\"x\""));
    opened = open_store();
    snprintf(path, sizeof(path), "%s/%s/%s", store, OLD, STORE_EVENTS_NAME);
    snprintf(other, sizeof(other), "%s/elsewhere", store);
    check_int(chmod(path, 0622), 0);
    check_refused(opened, "writable by others");
    check_int(rename(path, other), 0);
    check_int(chmod(other, 0600), 0);
    check_refused(opened, "No such file");
    check_int(symlink(other, path), 0);
    check_refused(opened, STORE_EVENTS_NAME);
    check_int(unlink(path), 0);
    check_int(mkfifo(path, 0600), 0);
    check_refused(opened, "not a regular file");
    check_int(unlink(path), 0);
    check_int(rename(other, path), 0);
    if (geteuid() == 0) {
        check_int(chown(path, 1, 1), 0);
        check_refused(opened, "belongs to uid 1");
        check_int(chown(path, 0, 0), 0);
    }
    snprintf(path, sizeof(path), "%s/%s", store, OLD);
    check_int(chmod(path, 0770), 0);
    check_refused(opened, "writable by others");
    check_int(chmod(path, 0700), 0);
    check_int(rename(path, other), 0);
    check_int(symlink(other, path), 0);
    check_refused(opened, OLD);
    check_int(unlink(path), 0);
    check_int(rename(other, path), 0);
    {
        auto_event_reader struct event_reader *reader = NULL;

        check_int(run_store_read(opened, OLD, &reader, &err), 0);
    }
}

static struct run_summary summary_of(const char *id)
{
    auto_run_store struct run_store *opened = open_store();
    struct run_summary summary;

    check_int(run_store_summarise(opened, id, &summary, &err), 0);
    return summary;
}

TEST(a_summary_says_what_ran_how_it_ended_and_what_was_refused)
{
    struct run_summary summary;
    struct event_log *log;
    char id[RUN_ID_SIZE];

    make_store();
    log = log_open();
    strcpy(id, event_log_run_id(log));
    summary = summary_of(id);
    check_int(summary.state, RUN_RUNNING);
    check(!summary.was_started && !summary.policy && !summary.end);
    check(summary.begun_ms > clock_real_ns() / NS_PER_MS - 60000 && summary.begun_ms <= clock_real_ns() / NS_PER_MS);
    run_summary_finish(&summary);
    write_one_of_each(log);
    event_log_free(log);
    summary = summary_of(id);
    check_int(summary.state, RUN_ENDED);
    check(summary.was_started);
    check_string(summary.policy, "p");
    check_string(summary.program, "make a b");
    check_string(summary.end, "exited");
    check_int(summary.exit_status, 2);
    check_int(summary.denied, 4);
    check_int(summary.network_denied, 1);
    check_int(summary.findings, 1);
    check_int(summary.lost, 14);
    run_summary_finish(&summary);
}

TEST(the_state_of_a_run_tells_a_dead_supervisor_from_a_living_one)
{
    static const char begun[] = LINE(OLD, "1", "\"type\":\"x\"");
    static const char used[] = LINE(OLD, "1", "\"type\":\"access.used\",\"count\":3")
        LINE(OLD, "2", "\"type\":\"access.repeated\",\"of\":\"" OLD ".1\",\"count\":50")
        LINE(OLD, "3", "\"type\":\"access.repeated\",\"of\":\"" OLD ".4000000000\",\"count\":50")
        LINE(OLD, "4", "\"type\":\"run.failed\",\"kind\":\"limit\",\"errno\":7,\"text\":\"too much\"");
    struct run_summary summary;

    make_store();
    make_run(OLD, begun);
    summary = summary_of(OLD);
    check_int(summary.state, RUN_KILLED);
    run_summary_finish(&summary);
    make_run("00000000000000000000000002", ""); /* just made: its writer is about to lock it */
    summary = summary_of("00000000000000000000000002");
    check_int(summary.state, RUN_RUNNING);
    run_summary_finish(&summary);
    make_run("00000000000000000000000003", "");
    make_store();
    make_run(OLD, used);
    summary = summary_of(OLD);
    check_int(summary.state, RUN_FAILED);
    check_int(summary.failure.kind, ERROR_LIMIT);
    check_string(summary.failure.text, "too much");
    check_int(summary.denied, 0); /* what was used was not refused, however often */
    run_summary_finish(&summary);
}

/* At least 60,000 a second. */
TEST(records_are_read_faster_than_any_program_makes_them)
{
    auto_run_store struct run_store *opened = NULL;
    auto_event_reader struct event_reader *reader = NULL;
    const char *const argv[] = {"node", "/usr/lib/node_modules/npm/bin/npm-cli.js", "install", NULL};
    struct event_access access = {.type = "access.denied", .operation = OPERATION_READ, .kind = "file", .call = "openat",
                                  .errnum = EACCES, .source = "void", .layer = "mount", .reason = "no rule grants it",
                                  .process = {.pid = 3, .host_pid = 33, .exe = "/usr/bin/node", .argv = argv},
                                  .parents = {{.pid = 2, .host_pid = 32, .exe = "/bin/sh"}}, .parent_count = 1};
    struct event_record record;
    struct event_log *log;
    clock_t before;
    char path[64];
    double seconds;

    make_store();
    log = log_open();
    access.path = access.named = path;
    for (int i = 0; i < 8000; i++) {
        snprintf(path, sizeof(path), "/home/user/.config/some/where/%d", i);
        check_int(event_access(log, &access, &err), 0);
    }
    opened = open_store();
    before = clock();
    for (int i = 0; i < 5; i++) {
        check_int(run_store_read(opened, event_log_run_id(log), &reader, &err), 0);
        while (event_reader_next(reader, &record, &err) > 0)
            check_int(record.kind, RECORD_ACCESS);
        check_int(event_reader_state(reader).records, 8000);
        event_reader_free(take_ptr(reader));
    }
    seconds = (double)(clock() - before) / CLOCKS_PER_SEC;
    printf("# reading: %.0f records a second of one processor\n", 40000 / seconds);
    check(seconds < 20); /* a sanitizer, and others on this machine, take their part */
    event_log_free(log);
}

TEST(thousands_of_runs_are_listed)
{
    auto_run_store struct run_store *opened = NULL;
    char id[RUN_ID_SIZE];

    make_store();
    for (int i = 0; i < 5000; i++) {
        char path[128];

        snprintf(id, sizeof(id), "0000%022d", i);
        snprintf(path, sizeof(path), "%s/%s", store, id);
        check_int(mkdir(path, 0700), 0);
    }
    opened = open_store();
    check_int(run_store_count(opened), 5000);
    check_string(run_store_id(opened, 0), id);
}

static int attempt_read(void)
{
    auto_run_store struct run_store *opened = NULL;
    struct run_summary summary = {0};
    int status = run_store_open(store, &opened, &err);

    if (status == 0)
        status = run_store_summarise(opened, OLD, &summary, &err);
    run_summary_finish(&summary);
    return status;
}

TEST(reading_survives_each_failed_allocation)
{
    make_store();
    make_run(OLD, LINE(OLD, "1", "\"type\":\"run.started\",\"policy\":\"p\",\"argv\":[\"a\"]")
             LINE(OLD, "2", "\"type\":\"access.denied\",\"count\":1") LINE(OLD, "3", "\"type\":\"run.exited\",\"end\":\"exited\""));
    test_each_allocation_fails(attempt_read, 40);
}
