/* SPDX-License-Identifier: Apache-2.0 */
/* What a run was asked for comes back as it was written, or not at all. */
#include "test.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/digest.h"
#include "base/memory.h"
#include "event/event.h"
#include "event/request.h"

static char store[] = "/tmp/cordon-unit-XXXXXX";
static struct error err;

static struct event_log *log_open(void)
{
    const struct event_options options = {.fd = -1, .runs_directory = store};
    struct event_log *log = NULL;

    strcpy(store, "/tmp/cordon-unit-XXXXXX");
    check(test_make_directory(store) != NULL);
    check_int(event_log_open(&options, &log, &err), 0);
    return log;
}

static struct asked_document document(const char *text, char digest[DIGEST_TEXT_SIZE])
{
    digest_text(text, strlen(text), digest);
    return (struct asked_document){.name = "a.yaml", .file = "/w/a.yaml", .digest = digest, .text = text, .size = strlen(text)};
}

static int read_last(struct arena *arena, struct asked *ret_asked)
{
    auto_run_store struct run_store *opened = NULL;
    int status = run_store_open(store, &opened, &err);

    return status < 0 ? status : asked_read(opened, run_store_id(opened, 0), arena, ret_asked, &err);
}

TEST(every_member_comes_back)
{
    static const char *const argv[] = {"make", "--token=abc", "\xff", NULL};
    char digest[DIGEST_TEXT_SIZE];
    struct asked_document documents[] = {document("version: cordon/1\n# \xe2\x82\xac\x7f\t\"\\\n", digest),
                                         {.name = "b", .digest = "sha256:x", .withheld = "secret"}};
    const struct asked_member members[] = {{"resources.pids", "resources.pids=1"}, {"environment.set", NULL}};
    const struct asked_ceiling ceilings[] = {{"/etc/cordon/ceiling.d/a", "sha256:y"}};
    const struct asked asked = {.documents = documents, .document_count = 2, .profile = "base", .members = members,
                                .member_count = 2, .workspace = "/w", .tier = "process", .cwd = "/c", .logical_cwd = "/l",
                                .events_file = "/e", .argv = argv, .ceilings = ceilings, .ceiling_count = 1,
                                .mechanism = "landlock", .plan_digest = "sha256:z"};
    struct event_log *log = log_open();
    auto_arena struct arena *arena = arena_new();
    struct asked back;

    check_int(asked_write(log, &asked, &err), 0);
    check_int(read_last(arena, &back), 0);
    check_int(back.document_count, 2);
    check_string(back.documents[0].text, documents[0].text);
    check_string(back.documents[0].file, "/w/a.yaml");
    check(!back.documents[0].withheld && !back.documents[1].text && !back.documents[1].file);
    check_string(back.documents[1].withheld, "secret");
    check_string(back.profile, "base");
    check_string(back.members[0].assignment, "resources.pids=1");
    check_string(back.members[1].name, "environment.set");
    check(!back.members[1].assignment);
    check_string(back.workspace, "/w");
    check_string(back.tier, "process");
    check_string(back.cwd, "/c");
    check_string(back.logical_cwd, "/l");
    check_string(back.events_file, "/e");
    check_string(back.argv[1], "--token=***");
    check_string(back.argv[2], "\xef\xbf\xbd");
    check(!back.argv[3]);
    check_string(back.ceilings[0].digest, "sha256:y");
    check_string(back.mechanism, "landlock");
    check_string(back.plan_digest, "sha256:z");
    event_log_free(log);
}

TEST(texts_beyond_the_bound_are_left_out_and_named)
{
    size_t size = REQUEST_TEXTS_MAX - 10;
    auto_free char *large = mem_alloc(size + 1);
    char first[DIGEST_TEXT_SIZE], second[DIGEST_TEXT_SIZE], third[DIGEST_TEXT_SIZE];
    struct asked_document documents[3];
    const struct asked asked = {.documents = documents, .document_count = 3, .cwd = "/", .mechanism = "", .plan_digest = ""};
    auto_arena struct arena *arena = arena_new();
    struct event_log *log = log_open();
    struct asked back;

    memset(large, '#', size);
    documents[0] = document(large, first);
    documents[1] = document("more than ten bytes", second);
    documents[2] = document("few", third);
    check_int(asked_write(log, &asked, &err), 0);
    check_int(read_last(arena, &back), 0);
    check_int(back.documents[0].size, size);
    check(!back.documents[1].text);
    check_string(back.documents[1].withheld, "size");
    check_string(back.documents[2].text, "few");
    event_log_free(log);
}

/* sha256 of "x" */
#define X "sha256:2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"
#define DOCUMENT(rest) "{\"name\":\"a\",\"file\":null,\"digest\":\"" X "\"," rest "}"
#define WHOLE(documents, members, rest)                                                                                     \
    "{\"schema\":\"cordon-request/1\",\"documents\":[" documents "],\"members\":" members ",\"ceilings\":[],"                \
    "\"mechanism\":\"namespaces\",\"planDigest\":\"d\"" rest "}"
#define CWD ",\"cwd\":\"/c\""
#define GOOD DOCUMENT("\"text\":\"x\",\"withheld\":null")

TEST(what_is_not_as_it_was_written_is_refused)
{
    static const char *const bad[] = {
        "", "{}", "null", "[]", WHOLE(GOOD, "[]", ""), WHOLE(GOOD, "[]", ",\"cwd\":\"c\""), WHOLE(GOOD, "[]", CWD CWD),
        WHOLE(GOOD, "[]", CWD ",\"grant\":\"all\""), WHOLE(GOOD, "{}", CWD), WHOLE(GOOD, "[1]", CWD), WHOLE(GOOD, "[{}]", CWD),
        WHOLE(GOOD, "[]", CWD ",\"profile\":1"), WHOLE(GOOD, "[]", CWD ",\"command\":\"x\""),
        WHOLE(GOOD, "[]", CWD ",\"command\":[1]"), WHOLE("1", "[]", CWD), WHOLE(DOCUMENT("\"text\":\"y\",\"withheld\":null"), "[]", CWD),
        WHOLE(DOCUMENT("\"text\":\"x\",\"withheld\":\"size\""), "[]", CWD),
        WHOLE(DOCUMENT("\"text\":null,\"withheld\":null"), "[]", CWD), WHOLE(DOCUMENT("\"text\":\"x\\u0000\",\"withheld\":null"), "[]", CWD),
        WHOLE(GOOD, "[]", CWD) " x", "{\"schema\":\"cordon-request/2\"}",
    };
    static const char good[] = WHOLE(GOOD, "[]", CWD);
    auto_arena struct arena *arena = arena_new();
    struct asked asked = {.cwd = "untouched"};

    for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
        if (asked_parse(bad[i], strlen(bad[i]), arena, &asked, &err) != -EINVAL)
            test_fail(__FILE__, __LINE__, "taken: %s", bad[i]);
        check_contains(err.text, "damaged");
        check_string(asked.cwd, "untouched");
    }
    check_int(asked_parse(good, strlen(good), arena, &asked, &err), 0);
    check_string(asked.cwd, "/c");
}

TEST(each_cut_of_it_is_refused)
{
    static const char good[] = WHOLE(GOOD, "[]", CWD);
    auto_arena struct arena *arena = arena_new();
    struct asked asked;

    for (size_t size = 0; size < strlen(good); size++)
        check_int(asked_parse(good, size, arena, &asked, &err), -EINVAL);
}

TEST(a_run_without_it_is_told_apart)
{
    auto_arena struct arena *arena = arena_new();
    struct event_log *log = log_open();
    struct asked asked;

    check_int(read_last(arena, &asked), -ENOENT);
    event_log_free(log);
}

/* It is written while the container waits: at most 100 us. */
TEST(it_costs_a_start_next_to_nothing)
{
    static char text[6000];
    char digest[DIGEST_TEXT_SIZE];
    struct asked_document documents[1];
    const char *const argv[] = {"make", "-j2", NULL};
    const struct asked asked = {.documents = documents, .document_count = 1, .argv = argv, .cwd = "/home/user/project",
                                .mechanism = "namespaces", .plan_digest = digest};
    const struct event_options options = {.fd = -1, .runs_directory = store};
    uint64_t best = UINT64_MAX;
    struct event_log *log = log_open();

    for (size_t i = 0; i < sizeof(text) - 1; i++)
        text[i] = i % 40 ? 'a' : '\n';
    documents[0] = document(text, digest);
    event_log_free(log);
    for (int i = 0; i < 100; i++) {
        uint64_t before;

        check_int(event_log_open(&options, &log, &err), 0);
        before = clock_monotonic_ns();
        check_int(asked_write(log, &asked, &err), 0);
        if (clock_monotonic_ns() - before < best)
            best = clock_monotonic_ns() - before;
        event_log_free(log);
    }
    printf("# keeping the request of a run with a policy of 6,000 bytes: %.0f us\n", (double)best / 1000);
    check(best < 5 * NS_PER_MS); /* a sanitizer and a slow disk take their part */
}
