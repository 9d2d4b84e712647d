/* SPDX-License-Identifier: Apache-2.0 */
/* What was refused is one record, however often and with whatever bytes; and a program cannot crowd the rest out of it. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "event/log.h"

static char store[] = "/tmp/cordon-unit-XXXXXX";

static struct event_log *log_open(void)
{
    const struct event_options options = {.fd = -1, .runs_directory = store};
    struct error err = ERROR_INIT;
    struct event_log *log = NULL;

    strcpy(store, "/tmp/cordon-unit-XXXXXX");
    check(test_make_directory(store) != NULL);
    check_int(event_log_open(&options, &log, &err), 0);
    return log;
}

/* The records of the run, the caller mem_free()s. */
static char *log_close(struct event_log *log)
{
    struct error err = ERROR_INIT;
    auto_text struct text path = {0};
    char *text = NULL;
    size_t size;

    check_int(event_access_end(log, &err), 0);
    check_int(event_run_exited(log, &(struct event_exited){.end = "exited"}, &err), 0);
    text_printf(&path, "%s/%s/events.jsonl", store, event_log_run_id(log));
    check_int(file_read(path.data, EVENT_RUN_BYTES_MAX, &text, &size, &err), 0);
    check_int(strlen(text), size);
    check(utf8_is_valid(text, size));
    event_log_free(log);
    return text;
}

/* Not strstr(): a sanitizer measures all that is left each time. */
static size_t count_of(const char *text, const char *part)
{
    const char *end = text + strlen(text);
    size_t count = 0;

    for (; (text = memmem(text, (size_t)(end - text), part, strlen(part))); text++)
        count++;
    return count;
}

static struct event_access denied(const char *path)
{
    return (struct event_access){.type = "access.denied", .operation = OPERATION_WRITE, .kind = "file", .named = "x",
                                 .path = path, .call = "openat", .errnum = EACCES, .source = "keeper", .layer = "landlock",
                                 .reason = "no rule grants it"};
}

static void add(struct event_log *log, const struct event_access *access)
{
    struct error err = ERROR_INIT;

    check_int(event_access(log, access, &err), 0);
}

TEST(every_member_is_in_the_record_and_null_where_nobody_knows)
{
    const char *const argv[] = {"curl", "--token", "abc", "a\nb", NULL};
    struct event_log *log = log_open();
    struct event_access whole = denied("/w/x"), bare = {.type = "access.used", .source = "void"};
    auto_free char *text = NULL;

    whole.second_named = "y";
    whole.second = "/w/y";
    whole.outside = "/home/u/x";
    whole.is_hidden = true;
    whole.args = "O_WRONLY";
    whole.rule = "a.yaml:3:1: filesystem.readonlyPaths[0]";
    whole.process = (struct event_process){.pid = 7, .host_pid = 4711, .exe = "/bin/curl", .argv = argv};
    whole.parents[0] = (struct event_process){.pid = 2, .exe = "/bin/sh"};
    whole.parent_count = 1;
    whole.count = 3;
    add(log, &whole);
    add(log, &bare);
    text = log_close(log);
    check_contains(text, "\"type\":\"access.denied\",\"operation\":\"write\",\"object\":{\"kind\":\"file\",\"named\":\"x\","
                         "\"path\":\"/w/x\",\"secondNamed\":\"y\",\"second\":\"/w/y\",\"outside\":\"/home/u/x\",\"hidden\":true,"
                         "\"isCut\":false},\"call\":\"openat\",\"args\":\"O_WRONLY\",\"errno\":\"EACCES\",\"process\":{\"pid\":7,"
                         "\"hostPid\":4711,\"exe\":\"/bin/curl\",\"commandLine\":[\"curl\",\"--token\",\"***\",\"a\\u000ab\"],"
                         "\"commandLineIsCut\":false},\"parents\":[{\"pid\":2,\"hostPid\":null,\"exe\":\"/bin/sh\"}],"
                         "\"rule\":\"a.yaml:3:1: filesystem.readonlyPaths[0]\",\"layer\":\"landlock\",\"source\":\"keeper\","
                         "\"reason\":\"no rule grants it\",\"count\":3}\n");
    check_contains(text, "\"type\":\"access.used\",\"operation\":\"none\",\"object\":{\"kind\":null,\"named\":null,\"path\":null,"
                         "\"secondNamed\":null,\"second\":null,\"outside\":null,\"hidden\":false,\"isCut\":false},\"call\":null,"
                         "\"args\":null,\"errno\":null,\"process\":{\"pid\":null,\"hostPid\":null,\"exe\":null,"
                         "\"commandLine\":null,\"commandLineIsCut\":false},\"parents\":[],\"rule\":null,\"layer\":null,"
                         "\"source\":\"void\",\"reason\":null,\"count\":1}\n");
}

TEST(equal_ones_are_one_record_and_their_number_is_told_at_the_end)
{
    const char *const argv[] = {"make", "-j", NULL};
    struct event_log *log = log_open();
    struct event_access one = denied("/a"), other = denied("/b");
    auto_free char *text = NULL;
    auto_text struct text expected = {0};

    add(log, &one);
    add(log, &other);
    one.process = (struct event_process){.pid = 9, .host_pid = 99, .argv = argv};
    one.parents[0].pid = 8;
    one.parent_count = 1;
    one.count = 5;
    add(log, &one);
    one.count = 0;
    add(log, &one);
    text_printf(&expected, "\"type\":\"access.repeated\",\"of\":\"%s.1\",\"count\":6}\n", event_log_run_id(log));
    text = log_close(log);
    check_int(count_of(text, "\"type\":\"access.denied\""), 2);
    check_int(count_of(text, "\"type\":\"access.repeated\""), 1);
    check_contains(text, expected.data);
}

/* Whatever member they differ in; and bytes that move from one member into the next are a difference too. */
TEST(what_differs_is_never_folded)
{
    static const size_t texts[] = {offsetof(struct event_access, kind),   offsetof(struct event_access, named),
                                   offsetof(struct event_access, path),   offsetof(struct event_access, second_named),
                                   offsetof(struct event_access, second), offsetof(struct event_access, outside),
                                   offsetof(struct event_access, call),   offsetof(struct event_access, args),
                                   offsetof(struct event_access, rule),   offsetof(struct event_access, layer),
                                   offsetof(struct event_access, source), offsetof(struct event_access, reason),
                                   offsetof(struct event_access, process) + offsetof(struct event_process, exe)};
    struct event_log *log = log_open();
    struct event_access one = {.type = "access.denied", .source = ""}, twin;
    auto_free char *text = NULL;
    size_t count = sizeof(texts) / sizeof(*texts);

    add(log, &one);
    for (size_t i = 0; i < count; i++) {
        twin = one;
        *(const char **)((char *)&twin + texts[i]) = "different";
        add(log, &twin);
    }
    twin = one;
    twin.type = "access.used";
    add(log, &twin);
    twin = one;
    twin.operation = OPERATION_READ;
    add(log, &twin);
    twin = one;
    twin.errnum = EPERM;
    add(log, &twin);
    twin = one;
    twin.is_hidden = true;
    add(log, &twin);
    text = log_close(log);
    check_int(count_of(text, "\"operation\":"), count + 5);
    check(!strstr(text, "access.repeated"));
}

TEST(many_that_differ_meet_their_bound_and_the_rest_is_counted_for_their_source)
{
    struct event_log *log = log_open();
    struct event_access one = denied(NULL);
    char path[32];
    auto_free char *text = NULL;
    size_t written;

    one.path = path;
    for (int i = 0; i < EVENT_ACCESS_MAX + 100; i++) {
        snprintf(path, sizeof(path), "/%d", i);
        add(log, &one);
    }
    snprintf(path, sizeof(path), "/0"); /* known ones are counted as before */
    add(log, &one);
    event_access_lost(log, "void", 9);
    event_access_lost(log, "filter", 0);
    text = log_close(log);
    written = count_of(text, "\"type\":\"access.denied\"");
    check(written > 5000 && written <= EVENT_ACCESS_MAX + EVENT_KIND_MAX);
    check_int(count_of(text, "\"type\":\"access.repeated\""), 1);
    check_contains(text, "\"type\":\"access.lost\",\"source\":\"keeper\"");
    check_contains(text, "\"type\":\"access.lost\",\"source\":\"void\",\"count\":9}");
    check(!strstr(text, "\"filter\""));
    check_contains(text, "run.exited");
}

TEST(many_refusals_of_one_kind_bury_none_of_another_and_uses_bury_no_refusals)
{
    struct event_log *log = log_open();
    struct event_access one = denied(NULL), used = denied(NULL), other = denied("/secret");
    char path[32];
    auto_free char *text = NULL;

    used.type = "access.used";
    used.errnum = 0;
    used.path = one.path = path;
    for (int i = 0; i < EVENT_USES_MAX + EVENT_ACCESS_MAX; i++) {
        snprintf(path, sizeof(path), "/%d", i);
        add(log, &used);
        add(log, &one);
    }
    other.operation = OPERATION_READ;
    other.count = 7;
    add(log, &other);
    add(log, &other);
    text = log_close(log);
    check_contains(text, "\"path\":\"/secret\"");
    check_contains(text, "\"type\":\"access.repeated\"");
    check(count_of(text, "\"type\":\"access.used\"") > 10000);
    check(count_of(text, "\"type\":\"access.denied\"") > 5000);
    check_contains(text, "run.exited");
}

TEST(large_and_hostile_texts_are_cut_and_leave_room_for_the_end)
{
    static char hostile[3 * 4096];
    const char *const argv[] = {hostile, hostile, hostile, hostile, hostile, hostile, NULL};
    struct event_log *log = log_open();
    struct event_access one = denied(hostile);
    struct event_network network = {.type = "network.denied", .name = hostile};
    struct error err = ERROR_INIT;
    auto_free char *text = NULL;
    char number[32];
    size_t written;

    memset(hostile, '\xff', sizeof(hostile) - 1);
    one.named = number;
    one.second = one.second_named = one.outside = one.args = one.reason = one.rule = hostile;
    one.process = (struct event_process){.exe = hostile, .argv = argv};
    for (size_t i = 0; i < EVENT_PARENTS_MAX; i++)
        one.parents[i].exe = hostile;
    one.parent_count = EVENT_PARENTS_MAX;
    for (int i = 0; i < 500; i++) {
        snprintf(number, sizeof(number), "%d\x1b\xe2\x80\xae", i);
        add(log, &one);
        check_int(event_network(log, &network, &err), 0);
    }
    check_int(event_network_end(log, &err), 0);
    text = log_close(log);
    written = count_of(text, "\"type\":\"access.denied\"");
    check(written > 20 && written < 500);
    check_contains(text, "\"isCut\":true");
    check_contains(text, "\"commandLineIsCut\":true");
    check_contains(text, "\"named\":\"0\\u001b");
    check_contains(text, "access.lost");
    check_contains(text, "run.exited");
}

TEST(more_sources_than_are_foreseen_lose_nothing)
{
    struct event_log *log = log_open();
    auto_free char *text = NULL;
    char name[64];

    for (int i = 0; i < 3 * EVENT_SOURCES_MAX; i++) {
        snprintf(name, sizeof(name), "source-%d-with-a-name-that-is-much-too-long", i);
        event_access_lost(log, name, 1);
    }
    event_access_lost(log, name, UINT64_MAX);
    text = log_close(log);
    check_int(count_of(text, "\"type\":\"access.lost\""), EVENT_SOURCES_MAX);
    check_int(count_of(text, "\"count\":1}"), EVENT_SOURCES_MAX - 1);
    check_contains(text, "\"count\":9223372036854775807}"); /* the last one has all the others */
}

TEST(run_started_says_how_the_run_is_watched)
{
    const struct event_source sources[] = {
        {.name = "keeper", .sees = 1u << OPERATION_CREATE | 1u << OPERATION_RENAME, .blind = "nothing"}, {.name = "void"}};
    const char *const argv[] = {"x", NULL};
    struct event_started started = {.argv = argv, .sources = sources, .source_count = 2, .is_review = true};
    struct event_log *log = log_open();
    struct error err = ERROR_INIT;
    auto_free char *text = NULL;

    check_int(event_run_started(log, &started, &err), 0);
    text = log_close(log);
    check_contains(text, "\"watch\":[{\"source\":\"keeper\",\"sees\":[\"create\",\"rename\"],\"blind\":\"nothing\"},"
                         "{\"source\":\"void\",\"sees\":[],\"blind\":\"\"}],\"review\":true}");
}

/* 40,000 calls a second are to cost a small part of one processor. */
TEST(folding_keeps_pace_with_a_program_that_does_nothing_else)
{
    struct event_log *log = log_open();
    struct event_access one = denied(NULL);
    char paths[1000][64];
    auto_free char *text = NULL;
    clock_t before;
    double used;

    for (int i = 0; i < 1000; i++)
        snprintf(paths[i], sizeof(paths[i]), "/home/user/project/node_modules/some-package/lib/file-%d.js", i);
    one.process.exe = "/usr/bin/node";
    before = clock();
    for (int i = 0; i < 400000; i++) {
        one.path = one.named = paths[i % 1000];
        add(log, &one);
    }
    used = (double)(clock() - before) / CLOCKS_PER_SEC;
    text = log_close(log);
    check_int(count_of(text, "\"type\":\"access.denied\""), 1000);
    check_int(count_of(text, "\"type\":\"access.repeated\""), 1000);
    printf("# folding: %.0f a second of one processor\n", 400000 / used);
    check(used < 10); /* a sanitizer takes its part */
}

static int attempt(void)
{
    const struct event_options options = {.fd = -1};
    auto_event_log struct event_log *log = NULL;
    struct event_access one = denied("/a");
    struct error err = ERROR_INIT;
    int status = event_log_open(&options, &log, &err);

    return status < 0 ? status : event_access(log, &one, &err);
}

TEST(an_access_survives_each_failed_allocation)
{
    test_each_allocation_fails(attempt, 40);
}
