/* SPDX-License-Identifier: Apache-2.0 */
/* HTTP/2: each stream of a connection is judged, and goes by, by itself. */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/memory.h"
#include "h2_visit.h"
#include "test.h"

static const char *const reading[] = {"GET", "POST"};
static const char *const paths[] = {"/v1/**", "/reset"};
static const struct net_requests narrow = {.methods = reading, .method_count = 2, .paths = paths, .path_count = 2};
static const char *const get[] = {"GET"}, *const post[] = {"POST"};
static const struct net_requests getting = {.methods = get, .method_count = 1}, posting = {.methods = post, .method_count = 1};
static const struct world_rules narrowed = {.requests = &narrow, .terminates = true};

TEST(streams_of_http2_are_judged_one_by_one)
{
    struct visit *visit = visit_begin(&narrowed);
    struct text body = {.bytes = "hello", .size = 5};
    size_t good = send_request(visit, "POST", "/v1/%7Ea?q", "api.test", &body);
    size_t bad = send_request(visit, "DELETE", "/v1/a", "api.test", NULL);
    size_t other = send_request(visit, "GET", "/v1/a", "other.test", NULL);
    size_t lost = send_request(visit, "GET", "/reset", "api.test:443", NULL);
    struct worker_message event;

    await_closed(visit, 4);
    check_string(visit->program.streams[good].status, "200");
    check_string(visit->program.streams[good].body, "hello");
    check_string(visit->program.streams[good].trailer, "end");
    check_string(visit->program.streams[bad].status, "403");
    check_contains(visit->program.streams[bad].body, "\"method\":\"DELETE\",\"path\":\"/v1/a\"");
    check_string(visit->program.streams[other].status, "421");
    check_string(visit->program.streams[lost].status, "");
    check_int(visit->program.streams[lost].code, NGHTTP2_REFUSED_STREAM);
    event = world_event(&visit->world, WORKER_REQUEST_DENIED);
    check_string(event.method, "DELETE");
    event = world_event(&visit->world, WORKER_REQUEST_DENIED);
    check_int(event.reason, NET_OTHER_NAME);
    visit_end(visit);
}

TEST(many_large_bodies_of_http2_arrive_whole)
{
    enum { STREAMS = 20, SIZE = 1000000 };
    struct visit *visit = visit_begin(&narrowed);
    char *bytes = malloc(SIZE);
    struct text bodies[STREAMS];

    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i * 31 % 253);
    for (size_t i = 0; i < STREAMS; i++) {
        bodies[i] = (struct text){.bytes = bytes, .size = SIZE - i};
        check_int(send_request(visit, "POST", "/v1/a", "api.test", &bodies[i]), i);
    }
    await_closed(visit, STREAMS);
    for (size_t i = 0; i < STREAMS; i++) {
        check_string(visit->program.streams[i].status, "200");
        check_int(visit->program.streams[i].size, SIZE - i);
        check(memcmp(visit->program.streams[i].body, bytes, SIZE - i) == 0);
    }
    free(bytes);
    visit_end(visit);
}

TEST(calls_in_http2_are_judged_by_their_bodies)
{
    static const char *const tools[] = {"search"};
    static const struct net_requests mcp = {.has_calls = true, .is_mcp = true, .tools = tools, .tool_count = 1};
    static const struct world_rules with_calls = {.requests = &mcp, .terminates = true};
    struct visit *visit = visit_begin(&with_calls);
    struct text good = {.bytes = "{\"jsonrpc\":\"2.0\", \"method\":\"tools/call\",\"params\":{\"name\":\"search\"}}"};
    struct text bad = {.bytes = "{\"jsonrpc\":\"2.0\", \"method\":\"tools/call\",\"params\":{\"name\":\"delete\"}}"};
    struct worker_message event;
    size_t first, second;

    good.size = strlen(good.bytes);
    bad.size = strlen(bad.bytes);
    first = send_request(visit, "POST", "/mcp?session=1", "api.test", &good);
    second = send_request(visit, "POST", "/mcp", "api.test", &bad);
    await_closed(visit, 2);
    check_string(visit->program.streams[first].status, "200");
    check_string(visit->program.streams[first].body, "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"search\"}}");
    check_string(visit->program.streams[second].status, "403");
    check_contains(visit->program.streams[second].body, "tools/call of delete");
    event = world_event(&visit->world, WORKER_REQUEST_DENIED);
    check_string(event.call, "tools/call");
    check_string(event.tool, "delete");
    visit_end(visit);
}

TEST(interim_answers_of_http2_have_a_bound)
{
    struct visit *visit = visit_begin(&narrowed);
    size_t few = send_request(visit, "GET", "/v1/interim/32", "api.test", NULL);
    size_t many = send_request(visit, "GET", "/v1/interim/400", "api.test", NULL);
    size_t none = send_request(visit, "GET", "/v1/a", "api.test", NULL);

    await_closed(visit, 3);
    check_string(visit->program.streams[few].status, "200");
    check(visit->program.streams[few].code == 0);
    check_string(visit->program.streams[many].status, "103");
    check_int(visit->program.streams[many].code, NGHTTP2_ENHANCE_YOUR_CALM);
    check_string(visit->program.streams[none].status, "200");
    visit_end(visit);
}

/* Each stream counts for its own rule, whichever was asked for last. */
TEST(bytes_of_http2_count_for_the_rule_of_their_stream)
{
    static const struct net_budget small = {.bytes_up = 3000, .where = "test.yaml:2:2: budget"};
    static const struct world_rules with_budget = {.requests = &posting, .terminates = true, .budget = &small, .other = &getting};
    struct visit *visit = visit_begin(&with_budget);
    static char bytes[2000];
    struct text first = {.bytes = bytes, .size = sizeof(bytes)}, second = {.bytes = bytes, .size = sizeof(bytes)};

    signal(SIGPIPE, SIG_IGN); /* the connection ends while it is written to */
    memset(bytes, 'x', sizeof(bytes));
    (void)send_request(visit, "POST", "/v1/a", "api.test", &first);
    (void)send_request(visit, "GET", "/v1/a", "api.test", NULL);
    await_closed(visit, 2);
    check_int(visit->program.streams[0].size, sizeof(bytes));
    (void)send_request(visit, "POST", "/v1/a", "api.test", &second);
    (void)send_request(visit, "GET", "/v1/a", "api.test", NULL);
    while (turn(&visit->program))
        ;
    check(!visit->program.streams[2].is_closed);
    check_string(world_event(&visit->world, WORKER_BUDGET).method, "bytesUp");
    check_int(world_event(&visit->world, WORKER_CLOSED).errnum, EDQUOT);
    visit_end(visit);
}

/* Trailers are counted in no window. */
TEST(trailers_of_http2_count_for_the_rule_of_their_stream)
{
    static const struct net_budget small = {.bytes_up = 3000, .where = "test.yaml:2:2: budget"};
    static const struct world_rules with_budget = {.requests = &posting, .terminates = true, .budget = &small, .other = &getting};
    struct visit *visit = visit_begin(&with_budget);
    static char value[4001];
    struct text body = {.bytes = "x", .size = 1, .is_open = true};
    nghttp2_nv trailer = {.name = (uint8_t *)(uintptr_t)"x-long", .namelen = 6, .value = (uint8_t *)value, .valuelen = 4000};
    size_t first = send_request(visit, "POST", "/v1/a", "api.test", &body);

    signal(SIGPIPE, SIG_IGN); /* the connection ends while it is written to */
    memset(value, '~', 4000);
    for (unsigned i = 1; i <= 2; i++) { /* the second one when the body is gone */
        (void)send_request(visit, "GET", "/v1/a", "api.test", NULL);
        await_closed(visit, i);
    }
    check_int(nghttp2_submit_trailer(visit->program.session, (int32_t)(2 * first + 1), &trailer, 1), 0);
    while (!visit->program.streams[first].is_closed && turn(&visit->program))
        ;
    check(!visit->program.streams[first].is_closed);
    check_string(world_event(&visit->world, WORKER_BUDGET).method, "bytesUp");
    check_int(world_event(&visit->world, WORKER_CLOSED).errnum, EDQUOT);
    visit_end(visit);
}

TEST(what_http2_does_not_permit_ends_the_stream)
{
    struct visit *visit = visit_begin(&narrowed);
    static const char *const paths_of[] = {"v1/a", "/v1/../admin", "/v1/%2e%2e/a", "/v1/a?b=\xc3\xa9"};

    for (size_t i = 0; i < ARRAY_COUNT(paths_of); i++)
        (void)send_request(visit, "GET", paths_of[i], "api.test", NULL);
    (void)send_request(visit, "TRACE", "/v1/a", "api.test", NULL);
    (void)send_request(visit, "CONNECT", "/v1/a", "api.test", NULL);
    (void)send_request(visit, "GET", "/v1/ok", "api.test", NULL);
    await_closed(visit, 7);
    for (size_t i = 0; i < 6; i++)
        if (visit->program.streams[i].status[0] == '2')
            test_fail(__FILE__, __LINE__, "stream %zu is %s", i, visit->program.streams[i].status);
    check_string(visit->program.streams[6].status, "200");
    visit_end(visit);
}

TEST(a_field_of_http2_that_names_another_method_is_judged_as_that_method)
{
    struct visit *visit = visit_begin(&narrowed);
    size_t bad = send_with(visit, "POST", "/v1/a", NULL, "x-http-method-override", "DELETE");
    size_t good = send_with(visit, "POST", "/v1/a", NULL, "x-http-method-override", "GET");
    size_t other = send_with(visit, "POST", "/v1/a", NULL, "x-original-url", "/v1/b");

    await_closed(visit, 3);
    check_string(visit->program.streams[other].status, "403");
    check_contains(visit->program.streams[other].body, "take another one");
    check_string(visit->program.streams[bad].status, "400");
    check_contains(visit->program.streams[bad].body, "\"code\":\"malformed\"");
    check_string(visit->program.streams[good].status, "200");
    visit_end(visit);
}

TEST(another_method_than_the_one_of_calls_is_answered_so_in_http2)
{
    static const char *const tools[] = {"search"};
    static const struct net_requests mcp = {.has_calls = true, .is_mcp = true, .tools = tools, .tool_count = 1};
    static const struct world_rules with_calls = {.requests = &mcp, .terminates = true};
    struct visit *visit = visit_begin(&with_calls);

    (void)send_request(visit, "GET", "/mcp", "api.test", NULL);
    await_closed(visit, 1);
    check_string(visit->program.streams[0].status, "405");
    check_contains(visit->program.streams[0].body, "\"code\":\"method\"");
    visit_end(visit);
}

#define CALL(tool) "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"" tool "\"}}"

/* As again.c has it for HTTP/1.1. */
TEST(new_rules_end_the_streams_under_way_that_they_would_not_permit)
{
    static const char *const search[] = {"search"}, *const list[] = {"list"}, *const both[] = {"search", "list"};
    static const struct net_requests
        every = {.method_count = 0},
        searching = {.has_calls = true, .is_mcp = true, .tools = search, .tool_count = 1},
        listing = {.has_calls = true, .is_mcp = true, .tools = list, .tool_count = 1},
        either = {.has_calls = true, .is_mcp = true, .tools = both, .tool_count = 2};
    static const struct {
        const struct net_requests *before, *after;
        const char *body;
        bool ends;
    } rows[] = {
        {&either, &searching, CALL("search"), false},
        {&either, &listing, CALL("search"), true},
        {&either, &listing, "[" CALL("search") "," CALL("list") "]", true},
        {&every, &searching, CALL("delete"), true},
        {&every, &posting, CALL("delete"), false},
    };

    signal(SIGPIPE, SIG_IGN); /* the connection ends while it is written to */
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world_rules rules = {.requests = rows[i].before, .terminates = true};
        struct visit *visit = visit_begin(&rules);
        struct text first = {.bytes = rows[i].body, .size = strlen(rows[i].body)}, second = first;

        (void)send_request(visit, "POST", "/v1/wait", "api.test", &first);
        (void)send_request(visit, "POST", "/v1/a", "api.test", &second);
        await_closed(visit, 1); /* so the first one is on its way as well */
        rules.requests = rows[i].after;
        world_set_rules(&visit->world, &rules);
        if (rows[i].ends) {
            while (turn(&visit->program))
                ;
        } else {
            second.sent = 0;
            (void)send_request(visit, "POST", "/v1/a", "api.test", &second);
            await_closed(visit, 2);
        }
        check(!visit->program.streams[0].is_closed);
        visit_end(visit);
    }
}

/* ---- secrets ---- */

#define PLACEHOLDER "cordon-0123456789abcdef"

static const char *const elsewhere[] = {"other.test"};
static const struct net_secret_field authorization = {NET_SECRET_HEADER, "Authorization"};
static struct net_secret secret = {.name = "TOKEN", .placeholder = PLACEHOLDER, .hosts = elsewhere, .host_count = 1,
                                   .fields = &authorization, .field_count = 1, .value_length = 11, .value = "sehr-geheim",
                                   .where = "test.yaml:9:1: secrets[0]"};
static const struct net_secrets secrets = {&secret, 1};

TEST(of_a_request_of_http2_with_a_short_body_that_is_refused_the_server_hears_nothing)
{
    static const struct world_rules guarded = {.requests = &narrow, .terminates = true, .secrets = &secrets};
    struct visit *visit = visit_begin(&guarded);
    struct text bad = {.bytes = "token=" PLACEHOLDER "&x=y", .size = 33}, good = {.bytes = "token=x", .size = 7};
    struct text late = bad;
    size_t refused = send_with(visit, "POST", "/v1/a", &bad, "content-length", "33"), next, streamed;

    await_closed(visit, 1);
    check_string(visit->program.streams[refused].status, "403");
    check_contains(visit->program.streams[refused].body, "\"code\":\"secret\"");
    check_string(world_event(&visit->world, WORKER_SECRET_DENIED).secret, "TOKEN");
    next = send_with(visit, "POST", "/v1/a", &good, "content-length", "7");
    await_closed(visit, 2);
    check_string(visit->program.streams[next].status, "200");
    check_string(visit->program.streams[next].body, "token=x");
    check_string(visit->program.streams[next].number, "1");
    /* of unknown length it goes by: refused as well, but the server has heard of it */
    streamed = send_with(visit, "POST", "/v1/a", &late, "x-a", "b");
    await_closed(visit, 3);
    check(strcmp(visit->program.streams[streamed].status, "200") != 0);
    visit_end(visit);
}

/* What was searched and refused is in no window any more: the next ones have all of it. */
TEST(refused_bodies_leave_the_window_of_the_connection)
{
    static const struct world_rules guarded = {.requests = &narrow, .terminates = true, .secrets = &secrets};
    struct visit *visit = visit_begin(&guarded);
    static char bytes[16000];
    struct text good = {.bytes = "x", .size = 1};
    size_t last;

    memset(bytes, 'x', sizeof(bytes));
    memcpy(bytes, PLACEHOLDER, strlen(PLACEHOLDER));
    for (unsigned i = 1; i <= 90; i++) {
        struct text bad = {.bytes = bytes, .size = sizeof(bytes)};

        (void)send_with(visit, "POST", "/v1/a", &bad, "x-a", "b");
        await_closed(visit, i);
    }
    last = send_with(visit, "POST", "/v1/a", &good, "x-a", "b");
    await_closed(visit, 91);
    check_string(visit->program.streams[last].status, "200");
    visit_end(visit);
}
