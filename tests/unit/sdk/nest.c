/* SPDX-License-Identifier: Apache-2.0 */
/* What is said about containers inside: requests and what is around are taken whole or refused, and fitted into each other. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/memory.h"
#include "sdk/keeping.h"
#include "sdk/nest/around.h"
#include "sdk/nest/nests_inside.h"
#include "sdk/nest/request.h"
#include "sdk/nest/wire.h"
#include "test.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cordon_request *asked(void)
{
    static const char *const argv[] = {"/bin/echo", "a b", "", NULL}, *const environment[] = {"A=1", "B=", NULL};
    static const char policy[] = "version: cordon/1\nextends: [base]\n";
    struct cordon_request *request = NULL;

    check_int(cordon_request_new(&request, NULL), 0);
    check_int(cordon_request_add_policy_text(request, "p.yaml", policy, strlen(policy), NULL), 0);
    check_int(cordon_request_add_policy_text(request, "q.yaml", policy, strlen(policy), NULL), 0);
    check_int(cordon_request_set_command(request, argv, NULL), 0);
    check_int(cordon_request_set_environment(request, environment, NULL), 0);
    check_int(cordon_request_set_workspace(request, "w", NULL), 0);
    check_int(cordon_request_set_timeout_ms(request, 1234, NULL), 0);
    check_int(cordon_request_set_output_limit(request, 99, NULL), 0);
    check_int(cordon_request_set_tty(request, 24, 80, NULL), 0);
    return request;
}

TEST(a_request_is_read_as_it_was_written)
{
    struct cordon_request *request = asked(), *read = NULL;
    auto_text struct text bytes = {0};
    struct error err = ERROR_INIT;

    check_int(nest_request_write(request, &bytes, &err), 0);
    check_int(nest_request_read(bytes.data, bytes.length, &read, &err), 0);
    check_int(read->policy_count, 2);
    check_string(read->policies[1].name, "q.yaml");
    check_int(read->policies[1].size, request->policies[1].size);
    check_string(read->argv[1], "a b");
    check_string(read->argv[2], "");
    check(!read->argv[3]);
    check_string(read->environment[1], "B=");
    check_string(read->workspace, "w");
    check(read->cwd && read->cwd[0] == '/');
    check_int(read->timeout_ms, 1234);
    check_int(read->output_limit, 99);
    check(read->is_tty && read->rows == 24 && read->columns == 80);
    cordon_request_free(read);
    cordon_request_free(request);
}

TEST(a_request_that_is_cut_anywhere_or_has_more_than_it_may_is_refused)
{
    struct cordon_request *request = asked(), *read = NULL;
    auto_text struct text bytes = {0}, more = {0};
    struct error err = ERROR_INIT;
    size_t taken = 0;

    check_int(nest_request_write(request, &bytes, &err), 0);
    for (size_t size = 0; size < bytes.length; size++)
        if (nest_request_read(bytes.data, size, &read, &err) == 0) { /* between two fields, and with all that it needs */
            cordon_request_free(read);
            taken++;
        } else {
            check(err.kind == ERROR_INVALID);
        }
    check(taken == 8 || taken == 9); /* behind each directory (there may be one name of it), argument, variable and number */
    text_add_n(&more, bytes.data, bytes.length);
    nest_put_text(&more, NEST_IDENTITY, "spiffe://x/y");
    check_int(nest_request_read(more.data, more.length, &read, &err), -EBADMSG);
    cordon_request_free(request);
}

TEST(what_a_container_inside_cannot_have_is_not_even_asked_for)
{
    struct cordon_request *request = asked();
    auto_text struct text bytes = {0};
    struct error err = ERROR_INIT;

    request->is_reviewed = true;
    check(nest_request_write(request, &bytes, &err) < 0);
    check_int(err.kind, ERROR_UNENFORCEABLE);
    check_contains(err.text, "--review");
    request->is_reviewed = false;
    request->watch = CORDON_WATCH_FULL;
    check(nest_request_write(request, &bytes, &err) < 0);
    check_contains(err.text, "--watch");
    cordon_request_free(request);
}

TEST(a_packet_is_taken_whole_with_its_descriptors_or_not_at_all)
{
    struct nest_packet packet = {.type = NEST_ASK}, got;
    int ends[2], fds[NEST_FDS_MAX], null = open("/dev/null", O_RDWR | O_CLOEXEC);
    size_t count = 0;

    check_int(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends), 0);
    check_int(nest_receive(ends[1], &got, fds, &count, MSG_DONTWAIT), -EAGAIN);
    check_int(nest_send(ends[0], &packet, (const int[]){null, null}, 2), 0);
    check_int(nest_receive(ends[1], &got, fds, &count, MSG_DONTWAIT), 1);
    check_int(count, 2);
    nest_close_all(fds, count);
    check_int(nest_send(ends[0], &packet, fds, NEST_FDS_MAX + 1), -E2BIG);
    check_int(send(ends[0], "short", 5, 0), 5);
    check_int(nest_receive(ends[1], &got, fds, &count, MSG_DONTWAIT), -EBADMSG);
    packet.magic = 1; /* nest_send() says its own */
    check_int(send(ends[0], &packet, sizeof(packet), 0), sizeof(packet));
    check_int(nest_receive(ends[1], &got, fds, &count, MSG_DONTWAIT), -EBADMSG);
    close(ends[0]);
    check_int(nest_receive(ends[1], &got, fds, &count, MSG_DONTWAIT), 0);
    close(ends[1]);
    close(null);
}

/* ---- what is around ---- */

static const char *const places[PLACE_END] = {[PLACE_LIBRARY] = "/lib/c", [PLACE_HELPERS] = "/h", [PLACE_INIT] = "/h/i", [PLACE_RUNS] = "/s/runs",
                                              [PLACE_STATE] = "/s",       [PLACE_CONFIG] = "/c",  [PLACE_CACHE] = "/x"};

static void put_level(struct text *out, const char *run, const char *policy)
{
    nest_put(out, NEST_LEVEL, NULL, 0);
    nest_put_text(out, NEST_RUN, run);
    nest_put_text(out, NEST_IDENTITY, "spiffe://local.0/host/h/user/1/agent/a/01m83mt7byxdb5xwqsvzs3sqjt");
    nest_put_text(out, NEST_WORKSPACE_OF, "/w");
    nest_put_text(out, NEST_HOME, "/home/u");
    nest_put_text(out, NEST_USER, "u");
    nest_put_text(out, NEST_POLICY_NAME, run);
    nest_put_text(out, NEST_POLICY_TEXT, policy);
}

static void put_places(struct text *out)
{
    for (unsigned char place = 1; place < PLACE_END; place++) {
        char field[64];

        field[0] = (char)place;
        memcpy(field + 1, places[place], strlen(places[place]));
        nest_put(out, NEST_PLACE, field, 1 + strlen(places[place]));
    }
}

static const char outer[] = "version: cordon/1\nnested: {containers: true, depth: 2}\nresources: {openFiles: 100}\n"
                            "environment: {inherit: [A]}\nidentity: {class: builder}\nsyscalls: {deny: [ptrace]}\n"
                            "filesystem: {readwritePaths: [/w], deniedPaths: [/w/no], cachePaths: [/home/u/.cache],\n"
                            "  views: [{source: /data, target: /srv/data, access: readwrite}]}\n";

/* The layers for one more inside, with `text` as its request; what around_fit() says. */
static int fit(struct policy *policy, const char *text, struct error *err)
{
    static const struct variables variables = {.workspace = "/w", .home = "/home/u", .user = "u", .tmp = "/tmp"};
    const struct load_options options = {.kind = LAYER_REQUEST, .variables = &variables, .layer_name = "document"};
    auto_text struct text bytes = {0};
    struct document *document = NULL;
    struct around around;
    size_t ceilings, first;

    put_places(&bytes);
    put_level(&bytes, "outer", outer);
    check_int(around_read(policy->arena, bytes.data, bytes.length, &around, err), 0);
    check_int(around_add_layers(&around, "/nonexistent", policy, &ceilings, err), 0);
    first = policy->layer_count;
    check_int(document_load_text(policy->arena, "inner", text, strlen(text), &options, &document, err), 0);
    check_int(policy_add_layer(policy, document, err), 0);
    return around_fit(policy, ceilings, first, err);
}

#define INNER "version: cordon/1\n"
static const struct {
    const char *text, *reason; /* NULL = it fits */
} fits[] = {
    {INNER "filesystem: {readwritePaths: [/w], deniedPaths: [/w/no]}\n", NULL},
    {INNER "filesystem: {readonlyPaths: [/w/deeper]}\n", NULL},
    {INNER "filesystem: {readwritePaths: [/srv/data, /home/u/.cache, /tmp/x, /home/u/x]}\n", NULL}, /* as they are inside */
    {INNER "nested: {containers: true}\nresources: {openFiles: 99}\n", NULL},
    {INNER "filesystem: {readonlyPaths: [/data]}\n", "/data"}, /* which is the host's name */
    {INNER "filesystem: {readwritePaths: [/w]}\n", "/w/no"},
    {INNER "filesystem: {readonlyPaths: [/]}\n", "filesystem"},
    {INNER "nested: {containers: true, depth: 2}\n", "nested.depth"},
    {INNER "resources: {openFiles: 101}\n", "resources.openFiles: 101, where at most 100 is allowed (the policy around:3:24: "},
    {INNER "identity: {class: other}\n", "identity.class"},
    {INNER "environment: {inherit: [A, B]}\n", "environment"},
    {INNER "network: {egress: {default: allow}}\n", "network"},
    {INNER "secrets: [{name: A, source: 'env:X', hosts: [a.example]}]\n", "secrets"},
    {INNER "filesystem: {views: [{source: /w, target: /v}]}\n", "filesystem.views"},
};

TEST(a_request_fits_into_what_is_around_or_is_refused_by_name)
{
    for (size_t i = 0; i < ARRAY_COUNT(fits); i++) {
        auto_policy struct policy *policy = NULL;
        struct error err = ERROR_INIT;
        int status;

        check_int(policy_new(&policy, &err), 0);
        status = fit(policy, fits[i].text, &err);
        if (!fits[i].reason && status < 0)
            test_fail(__FILE__, __LINE__, "%s: %s", fits[i].text, err.text);
        if (fits[i].reason && status == 0)
            test_fail(__FILE__, __LINE__, "%s: taken", fits[i].text);
        if (fits[i].reason)
            check_contains(err.text, fits[i].reason);
    }
}

TEST(what_a_request_leaves_open_is_as_around)
{
    auto_policy struct policy *policy = NULL;
    struct error err = ERROR_INIT;
    const struct document *inner;

    check_int(policy_new(&policy, &err), 0);
    check_int(fit(policy, INNER, &err), 0);
    inner = policy->layers[policy->layer_count - 1];
    check_int(inner->resources.open_files.value, 100);
    check_string(inner->identity_class.text, "builder");
    check_int(inner->syscalls_deny.count, 1);
}

TEST(what_is_around_is_whole_or_refused)
{
    auto_arena struct arena *arena = arena_new();
    auto_text struct text bytes = {0}, level_first = {0};
    struct error err = ERROR_INIT;
    struct around around;

    put_places(&bytes);
    check(around_read(arena, bytes.data, bytes.length, &around, &err) < 0); /* nobody around */
    put_level(&bytes, "one", outer);
    check_int(around_read(arena, bytes.data, bytes.length, &around, &err), 0);
    check_int(around.level_count, 1);
    check_string(around.places.init, "/h/i");
    for (size_t size = 0; size < bytes.length; size++)
        check(around_read(arena, bytes.data, size, &around, &err) < 0);
    put_level(&level_first, "one", outer);
    put_places(&level_first);
    check(around_read(arena, level_first.data, level_first.length, &around, &err) < 0);
    for (int i = 1; i < AROUND_LEVELS_MAX; i++)
        put_level(&bytes, "more", outer);
    check_int(around_read(arena, bytes.data, bytes.length, &around, &err), 0);
    put_level(&bytes, "too many", outer);
    check(around_read(arena, bytes.data, bytes.length, &around, &err) < 0);
}

/* ---- their records, as a nester says them that may have been taken over ---- */

#define CHILD "01m83mt7byxdb5xwqsvzs3sqjt"
#define OTHER "01m83mt7byxdb5xwqsvzs3sqjx"
#define LINE(id, rest) "{\"schema\":\"cordon-event/1\",\"id\":\"" id ".1\"," rest "}\n"

static struct heard {
    char run[32], identity[256];
    size_t lines, bytes;
    bool is_done;
} heard;

static int heard_begin(void *owner, const char *run, const char *runs, void **ret_context, struct error *err)
{
    heard = (struct heard){.run = ""};
    snprintf(heard.run, sizeof(heard.run), "%s", run);
    *ret_context = &heard;
    return 0;
}

static int heard_expect(void *context, const char *identity, struct error *err)
{
    snprintf(heard.identity, sizeof(heard.identity), "%s", identity);
    return 0;
}

static int heard_hear(void *context, const char *line, size_t size, struct error *err)
{
    heard.lines++;
    heard.bytes += size;
    return line[size - 1] == '\n' ? 0 : -EINVAL;
}

static void heard_done(void *context)
{
    heard.is_done = true;
}

static const struct event_recorder recorder = {.begin = heard_begin, .expect = heard_expect, .hear = heard_hear, .done = heard_done};

struct stage {
    struct cordon_container container;
    struct nester items[NESTS_MAX];
};

static struct stage *stage_new(void)
{
    struct stage *stage = mem_alloc(sizeof(*stage));

    check(stage);
    *stage = (struct stage){0};
    snprintf(stage->container.identity.text, sizeof(stage->container.identity.text), "spiffe://x/agent/a/outer");
    stage->container.nests.items = stage->items;
    stage->container.nests.recorder = &recorder;
    for (int i = 0; i < NESTS_MAX; i++)
        stage->items[i] = (struct nester){.parent = -1, .init = -1, .worker = {.pidfd = -1, .channel = -1}};
    snprintf(stage->items[0].id, sizeof(stage->items[0].id), "%s", CHILD);
    return stage;
}

static int say(struct stage *stage, const char *bytes, size_t size)
{
    struct nest_packet packet = {.type = NEST_RECORD, .value = (int32_t)size};

    if (size <= sizeof(packet.piece))
        memcpy(packet.piece, bytes, size);
    snprintf(packet.id, sizeof(packet.id), "%s", CHILD);
    return nests_take_record(&stage->container.nests, &stage->container, 0, &packet);
}

static int say_all(struct stage *stage, const char *line)
{
    size_t size = strlen(line);
    int status = 1;

    for (size_t at = 0; status == 1 && at < size; at += NEST_PIECE)
        status = say(stage, line + at, size - at < NEST_PIECE ? size - at : NEST_PIECE);
    return status;
}

TEST(a_record_of_one_inside_is_heard_whole_under_the_name_that_it_was_given)
{
    struct stage *stage = stage_new();
    char filler[3000], line[3200];

    memset(filler, 'x', sizeof(filler));
    snprintf(line, sizeof(line), LINE(CHILD, "\"text\":\"%.2990s\""), filler);
    check_int(say_all(stage, line), 1);
    check_int(say_all(stage, LINE(CHILD, "\"type\":\"run.exited\"")), 1);
    check_string(heard.run, CHILD);
    check_string(heard.identity, "spiffe://x/agent/a/outer/sub/" CHILD);
    check_int(heard.lines, 2);
    check_int(heard.bytes, strlen(line) + strlen(LINE(CHILD, "\"type\":\"run.exited\"")));
    nests_end_record(&stage->container.nests, &stage->items[0]);
    check(heard.is_done && !stage->items[0].is_recorded);
    mem_free(stage);
}

TEST(a_record_that_is_another_ones_or_none_ends_who_says_it)
{
    static const char *const wrong[] = {LINE(OTHER, "\"x\":1"), "\n", "x\n", "{\"schema\":\"cordon-event/1\"}\n", "{\"id\":\"" CHILD ".1\"}\n",
                                        " " LINE(CHILD, "\"x\":1")};
    struct stage *stage = stage_new();
    char piece[NEST_PIECE];

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        if (say_all(stage, wrong[i]) >= 0)
            test_fail(__FILE__, __LINE__, "taken: %s", wrong[i]);
    check_int(heard.lines, 0);
    check(say(stage, "x", 0) < 0);
    check(say(stage, "x", NEST_PIECE + 1) < 0);
    check(say(stage, "x", (size_t)INT32_MAX + 1) < 0);
    /* one that has no end is not kept for ever */
    memset(piece, 'x', sizeof(piece));
    for (int i = 0; i < 4096 && say(stage, piece, sizeof(piece)) == 1; i++)
        check(stage->items[0].line.length <= (size_t)1 << 20);
    check(say(stage, piece, sizeof(piece)) < 0);
    nests_end_record(&stage->container.nests, &stage->items[0]);
    check(!stage->items[0].line.data);
    /* nobody wants to hear it */
    stage->container.nests.recorder = NULL;
    check(say_all(stage, LINE(CHILD, "\"x\":1")) < 0);
    mem_free(stage);
}

/* ---- what others are told of them ---- */

TEST(news_of_those_inside_come_once_and_orders_go_to_none_that_has_ended)
{
    static const struct nest_runs runs = {.digest = "sha256:1", .command = "make"};
    struct nest_ended ended[NESTS_MAX];
    struct stage *stage = stage_new();
    struct nests *nests = &stage->container.nests;
    struct container_child child;
    struct error err = ERROR_INIT;
    size_t at = 0;

    nests->ended = ended;
    check_int(container_child_news(&stage->container, &child), 0); /* it does not run yet */
    check_int(container_child_order(&stage->container, CHILD, CONTAINER_KILL, 0, &err), -ESTALE);
    nests_told_runs(&stage->items[0], &runs);
    stage->items[0].runs = true;
    stage->items[1] = (struct nester){.parent = 0, .runs = true, .init = -1, .worker.channel = -1};
    snprintf(stage->items[1].id, sizeof(stage->items[1].id), "%s", OTHER);
    check_int(container_child_news(&stage->container, &child), 1);
    check_string(child.id, CHILD);
    check_string(child.parent, "");
    check_string(child.command, "make");
    check_int(container_child_news(&stage->container, &child), 1);
    check_string(child.parent, CHILD);
    check_string(child.identity, "spiffe://x/agent/a/outer/sub/" CHILD "/sub/" OTHER);
    check_int(container_child_news(&stage->container, &child), 0);
    check(container_child_next(&stage->container, &at, &child) && container_child_next(&stage->container, &at, &child));
    check(!container_child_next(&stage->container, &at, &child));
    /* it is told to end, and does not hear: then it is ended without being asked */
    check_int(container_child_order(&stage->container, CHILD, CONTAINER_KILL, 0, &err), 0);
    check(stage->items[0].due_ns && nests_next_ns(nests, &stage->container) == stage->items[0].due_ns);
    stage->container.is_frozen = true;
    check_int(nests_next_ns(nests, &stage->container), 0);
    check_int(container_child_order(&stage->container, CHILD, CONTAINER_KILL, 0, &err), -EBUSY);
    stage->container.is_frozen = false;
    nests_told_end(nests, &stage->items[0]);
    nests_told_end(nests, &stage->items[0]);
    stage->items[0].runs = false;
    check_int(container_child_news(&stage->container, &child), 1);
    check(child.has_ended && child.status.end == CORDON_END_LOST);
    check_int(container_child_news(&stage->container, &child), 0);
    check_int(container_child_order(&stage->container, CHILD, CONTAINER_KILL, 0, &err), -ESTALE);
    mem_free(stage);
}

TEST(every_request_that_the_fuzzer_kept_is_taken_whole_or_refused)
{
    test_corpus(CORDON_TEST_NEST_CORPUS, LLVMFuzzerTestOneInput);
}
