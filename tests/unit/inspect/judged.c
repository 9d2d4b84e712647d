/* SPDX-License-Identifier: Apache-2.0 */
/* What rules say of requests and calls, and what a program hears of it. */
#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/memory.h"
#include "test.h"
#include "world.h"

static const char *const reading[] = {"GET", "HEAD", "POST"};
static const char *const paths[] = {"/v1/**"};
static const struct net_requests narrow = {.methods = reading, .method_count = 3, .paths = paths, .path_count = 1};

static char got[20000];

struct wrong {
    const char *request;
    const char *status; /* of the answer */
    const char *part;   /* of its message */
};

TEST(a_request_that_no_rule_grants_is_answered_with_what_would_and_the_connection_goes_on)
{
    struct world world;
    struct link link;
    struct worker_message event;

    world_begin(&world, &(struct world_rules){.requests = &narrow}, NULL);
    link = world_link(&world, false);
    link_send(link.program, "DELETE /v1/a?key=geheim HTTP/1.1\r\nHost: api.test\r\nContent-Length: 2\r\n\r\nxy");
    link_read_until(link.program, "}}\n", got, sizeof(got));
    check_contains(got, "HTTP/1.1 403 Forbidden\r\nContent-Type: application/json\r\n");
    check_contains(got, "\"code\":\"denied\"");
    check_contains(got, "\"method\":\"DELETE\",\"path\":\"/v1/a\"");
    check_contains(got, "\"remedy\":\"add this method and path");
    check(!strstr(got, "geheim") && !strstr(got, "Connection: close"));
    event = world_event(&world, WORKER_REQUEST_DENIED);
    check_string(event.method, "DELETE");
    check_string(event.path, "/v1/a");
    check_int(event.reason, NET_REQUEST);
    check(link_is_silent(link.server));
    link_send(link.program, "GET /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n");
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    check_string(got, "GET /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n");
    link_close(&link);
    world_end(&world);
}

TEST(a_request_for_somebody_else_is_refused_and_the_next_one_is_judged)
{
    static const struct wrong rows[] = {
        {"GET /v1/a HTTP/1.1\r\nHost: other.test\r\n\r\n", "421", "wrong-host"},
        {"GET /v1/a HTTP/1.1\r\nHost: api.test:8080\r\n\r\n", "421", "wrong-host"},
        {"GET /v1/a HTTP/1.1\r\nHost: 203.0.113.7\r\n\r\n", "421", "wrong-host"},
        {"GET /v1/a HTTP/1.1\r\nHost: api.test@other.test\r\n\r\n", "400", "malformed"},
        {"GET /v1/../admin HTTP/1.1\r\nHost: api.test\r\n\r\n", "403", "read differently"},
        {"GET /v1/%2e%2e/admin HTTP/1.1\r\nHost: api.test\r\n\r\n", "403", "read differently"},
        {"GET /v1/a%2fb HTTP/1.1\r\nHost: api.test\r\n\r\n", "403", "read differently"},
        {"GET /V1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "403", "denied"},
        {"get /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "400", "second parser"},
        {"GET /v1/a HTTP/1.1\r\nHost: api.test\r\nX-Original-URL: /admin\r\n\r\n", "403", "take another one"},
        {"GET /v1/a HTTP/1.1\r\nHost: api.test\r\nx_rewrite_url: /admin\r\n\r\n", "403", "take another one"},
        {"TRACE /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n", "403", "never permitted"},
        {"CONNECT api.test:80 HTTP/1.1\r\nHost: api.test\r\n\r\n", "403", "never permitted"},
    };
    struct world world;

    world_begin(&world, &(struct world_rules){.requests = &narrow}, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct link link = world_link(&world, false);

        link_send(link.program, rows[i].request);
        link_read_until(link.program, "}}\n", got, sizeof(got));
        if (!strstr(got, rows[i].status) || !strstr(got, rows[i].part))
            test_fail(__FILE__, __LINE__, "'%s': '%s'", rows[i].request, got);
        shutdown(link.program, SHUT_WR);
        link_read_all(link.server, got, sizeof(got));
        check_string(got, "");
        link_close(&link);
    }
    world_end(&world);
}

static void check_fields(const char *const *rows, size_t count, const char *status)
{
    struct world world;

    world_begin(&world, &(struct world_rules){.requests = &narrow}, NULL);
    for (size_t i = 0; i < count; i++) {
        struct link link = world_link(&world, false);
        char request[300];

        snprintf(request, sizeof(request), "POST /v1/a HTTP/1.1\r\nHost: api.test\r\n%s\r\nContent-Length: 0\r\n\r\n", rows[i]);
        link_send(link.program, request);
        if (status) {
            link_read_until(link.program, "}}\n", got, sizeof(got));
            check_contains(got, status);
            check(link_is_silent(link.server));
            check_int(world_event(&world, WORKER_REQUEST_DENIED).reason, NET_MALFORMED);
        } else {
            link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
            check_contains(got, rows[i]);
        }
        link_close(&link);
    }
    world_end(&world);
}

TEST(a_field_that_names_another_method_is_judged_as_that_method)
{
    static const char *const refused[] = {
        "X-HTTP-Method-Override: DELETE", "x-http-method-override: delete", "X-HTTP-Method: DELETE",
        "X-Method-Override: Put", "X_HTTP_METHOD_OVERRIDE: DELETE", "X-HTTP-Method-Override: GET, DELETE",
        "X-HTTP-Method-Override:", "X-HTTP-Method-Override: GET\r\nX-HTTP-Method-Override: DELETE",
        "X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method-Override: GET", "X-HTTP-Method-Override: P\xc3\x96ST",
    };
    static const char *const permitted[] = {
        "X-HTTP-Method-Override: GET", "X-HTTP-Method: get", "X-Method-Override: POST", "X-HTTP-Method-Overrides: DELETE",
        "X-Http: DELETE",
    };

    check_fields(refused, ARRAY_COUNT(refused), "400 Bad Request");
    check_fields(permitted, ARRAY_COUNT(permitted), NULL);
}

/* ---- calls ---- */

static const char *const tools[] = {"search"}, *const methods[] = {"resources/list"};
static const struct net_requests mcp = {.has_calls = true, .is_mcp = true, .tools = tools, .tool_count = 1, .calls = methods, .call_count = 1};

static void say_call(struct link *link, const char *type, const char *body)
{
    char head[200];

    snprintf(head, sizeof(head), "POST /mcp HTTP/1.1\r\nHost: api.test\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", type, strlen(body));
    link_send(link->program, head);
    link_send(link->program, body);
}

/* The rule of `paths` grants the request, the one about calls whatever path the server takes: then the call decides. */
TEST(a_field_that_names_another_path_leaves_the_rules_that_name_none)
{
    static const struct {
        const char *field, *tool, *status; /* NULL = it passes */
    } rows[] = {
        {"X-A: /b", "delete", NULL},
        {"X-Original-URL: /b", "delete", "403"},
        {"X-Rewrite-URL: /b", "delete", "403"},
        {"X-Original-URL: /b", "search", NULL},
    };
    struct world world;

    world_begin(&world, &(struct world_rules){.requests = &mcp, .other = &narrow}, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct link link = world_link(&world, false);
        char body[200], request[500];

        snprintf(body, sizeof(body), "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"%s\"}}", rows[i].tool);
        snprintf(request, sizeof(request), "POST /v1/a HTTP/1.1\r\nHost: api.test\r\n%s\r\nContent-Type: application/json\r\n"
                 "Content-Length: %zu\r\n\r\n%s", rows[i].field, strlen(body), body);
        link_send(link.program, request);
        link_read_until(rows[i].status ? link.program : link.server, rows[i].status ? "}}\n" : body, got, sizeof(got));
        check_contains(got, rows[i].status ? rows[i].status : rows[i].field);
        check(!rows[i].status || link_is_silent(link.server));
        link_close(&link);
    }
    world_end(&world);
}

TEST(a_permitted_call_arrives_in_one_spelling)
{
    static const char *const rows[][2] = {
        {"{\"jsonrpc\":\"2.0\", \"id\": 1, \"method\":\"tools/call\",\"params\":{\"name\":\"se\\u0061rch\",\"arguments\":{\"q\":1.5}}}",
         "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"search\",\"arguments\":{\"q\":1.5}}}"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"initialize\"}"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/list\"}", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/list\"}"},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}]",
         "[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}]"},
    };
    struct world world;

    world_begin(&world, &(struct world_rules){.requests = &mcp}, NULL);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct link link = world_link(&world, false);
        char expected[500];

        say_call(&link, "application/json; charset=utf-8", rows[i][0]);
        snprintf(expected, sizeof(expected), "\r\nContent-Length: %zu\r\n\r\n%s", strlen(rows[i][1]), rows[i][1]);
        link_read_until(link.server, expected, got, sizeof(got));
        link_send(link.server, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
        link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
        link_close(&link);
    }
    world_end(&world);
}

TEST(other_calls_are_refused_by_name_and_the_connection_goes_on)
{
    static const struct wrong rows[] = {
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"delete\"}}", "403", "the call tools/call of delete"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"Search\"}}", "403", "the call tools/call of Search"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"resources/read\"}", "403", "the call resources/read"},
        {"[{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"},{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"delete\"}}]", "403", "of delete"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"search\"},\"params\":{\"name\":\"delete\"}}", "400", "twice"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":7}}", "400", "params.name"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"Method\":\"tools/call\",\"params\":{\"name\":\"delete\"}}", "400", "other case"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"METHOD\":\"tools/call\",\"result\":{},\"params\":{\"name\":\"delete\"}}", "400", "other case"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"search\"},\"Params\":{\"name\":\"delete\"}}", "400", "other case"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"search\"},\"param\\u017f\":{\"name\":\"delete\"}}", "400", "ASCII"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"search\",\"n\\u0041me\":\"delete\"}}", "400", "other case"},
        {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"ping\"}", "400", "JSON-RPC 2.0"},
        {"{\"id\":1,\"method\":\"ping\"}", "400", "JSON-RPC 2.0"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\"}", "400", "1 to 127"},
        {"[]", "400", "batch"},
        {"[[]]", "400", "JSON-RPC 2.0"},
        {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"} x", "400", "strict JSON"},
        {"\"ping\"", "400", "strict JSON"},
    };
    static const char *const types[] = {"text/plain", "application/json; charset=utf-7", "application/json;charset=utf-16", "application/json; charset",
                                        "application/json; charset=utf-8; charset=utf-7", "application/json; a=b; charset=utf-7"};
    struct world world;
    struct link link;

    world_begin(&world, &(struct world_rules){.requests = &mcp}, NULL);
    link = world_link(&world, false);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        say_call(&link, "application/json", rows[i].request);
        link_read_until(link.program, "}}\n", got, sizeof(got));
        if (!strstr(got, rows[i].status) || !strstr(got, rows[i].part))
            test_fail(__FILE__, __LINE__, "'%s': '%s'", rows[i].request, got);
    }
    /* a body that is not read, or that others read otherwise, cannot permit anything */
    for (size_t i = 0; i < ARRAY_COUNT(types); i++) {
        say_call(&link, types[i], "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\",\"x\":\"+ACI-,+ACI-method+ACI-:+ACI-tools/call\"}");
        link_read_until(link.program, "}}\n", got, sizeof(got));
        check_contains(got, "no application/json");
    }
    say_call(&link, "application/json", "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}");
    link_read_until(link.server, "\"ping\"}", got, sizeof(got));
    check_contains(got, "POST /mcp HTTP/1.1\r\n");
    link_close(&link);
    world_end(&world);
}

#define CALL(method, params) "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"" method "\"" params "}"
#define TOOL(name)           CALL("tools/call", ",\"params\":{\"name\":\"" name "\",\"arguments\":{\"q\":\"geheim\"}}")
#define LONG_NAME            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

TEST(of_a_refused_call_its_method_and_tool_are_told_and_no_argument)
{
    static const struct {
        const char *body, *call, *tool;
    } rows[] = {
        {TOOL("delete"), "tools/call", "delete"},
        {CALL("resources/read", ",\"params\":{\"uri\":\"geheim\"}"), "resources/read", ""},
        {"[" TOOL("delete") "," CALL("ping", "") "]", "tools/call", "delete"},
        {"[" CALL("ping", "") "," TOOL("\\u001b]0;x\\u0007") "," TOOL("search") "]", "tools/call", "\033]0;x\a"},
        {TOOL("x" LONG_NAME LONG_NAME), "tools/call", ""},
        {CALL("x" LONG_NAME LONG_NAME, ""), "", ""},
        {TOOL("delete") "geheim", "", ""},
        {"[]", "", ""},
    };
    struct world world;
    struct link link;
    struct worker_message event;

    world_begin(&world, &(struct world_rules){.requests = &mcp}, NULL);
    link = world_link(&world, false);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        say_call(&link, "application/json", rows[i].body);
        link_read_until(link.program, "}}\n", got, sizeof(got));
        event = world_event(&world, WORKER_REQUEST_DENIED);
        check_string(event.path, "/mcp");
        check_string(event.call, rows[i].call);
        check_string(event.tool, rows[i].tool);
        check(!memmem(&event, sizeof(event), "geheim", 6));
    }
    /* its twins: one that is permitted, and one that calls nothing */
    say_call(&link, "application/json", TOOL("search"));
    link_read_until(link.server, "}}}", got, sizeof(got));
    link_send(link.server, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
    event = world_event(&world, WORKER_REQUEST);
    check_string(event.call, "tools/call");
    check_string(event.tool, "search");
    link_send(link.program, "GET /mcp HTTP/1.1\r\nHost: api.test\r\n\r\n");
    event = world_event(&world, WORKER_REQUEST_DENIED);
    check_string(event.method, "GET");
    check(!event.call[0] && !event.tool[0]);
    link_close(&link);
    world_end(&world);
}

TEST(another_method_than_the_one_of_calls_is_answered_so)
{
    static const char *const requests[] = {
        "GET /mcp HTTP/1.1\r\nHost: api.test\r\nAccept: text/event-stream\r\n\r\n",
        "DELETE /mcp HTTP/1.1\r\nHost: api.test\r\n\r\n",
    };
    static const struct net_requests with_paths = {.has_calls = true, .is_mcp = true, .paths = paths, .path_count = 1};
    struct world world;
    struct link link;

    world_begin(&world, &(struct world_rules){.requests = &mcp}, NULL);
    link = world_link(&world, false);
    for (size_t i = 0; i < ARRAY_COUNT(requests); i++) {
        link_send(link.program, requests[i]);
        link_read_until(link.program, "}}\n", got, sizeof(got));
        check_contains(got, "HTTP/1.1 405 Method Not Allowed\r\nContent-Type: application/json\r\n");
        check_contains(got, "\r\nAllow: POST\r\n");
        check_contains(got, "\"code\":\"method\"");
        check(link_is_silent(link.server));
    }
    link_close(&link);
    /* its twins: paths that the rule names, and others */
    world_set_rules(&world, &(struct world_rules){.requests = &with_paths});
    link = world_link(&world, false);
    link_send(link.program, "GET /mcp HTTP/1.1\r\nHost: api.test\r\n\r\n");
    link_read_until(link.program, "}}\n", got, sizeof(got));
    check_contains(got, "HTTP/1.1 403 Forbidden");
    link_send(link.program, "GET /v1/mcp HTTP/1.1\r\nHost: api.test\r\n\r\n");
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    link_close(&link);
    world_end(&world);
}

TEST(a_body_that_is_too_large_to_judge_is_refused)
{
    static char chunk[70000];
    struct world world;
    struct link link;

    world_begin(&world, &(struct world_rules){.requests = &mcp}, NULL);
    link = world_link(&world, false);
    link_send(link.program, "POST /mcp HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\nContent-Length: 2000000\r\n\r\n");
    memset(chunk, ' ', sizeof(chunk));
    for (size_t sent = 0; sent < (1u << 20) + sizeof(chunk); sent += sizeof(chunk))
        link_send_n(link.program, chunk, sizeof(chunk));
    link_read_until(link.program, "}}\n", got, sizeof(got));
    check_contains(got, "413 Content Too Large");
    link_read_all(link.server, got, sizeof(got));
    check_string(got, "");
    link_close(&link);
    world_end(&world);
}

TEST(a_websocket_that_no_rule_grants_is_refused)
{
    struct world world;
    struct link link;

    world_begin(&world, &(struct world_rules){.requests = &narrow}, NULL);
    link = world_link(&world, false);
    link_send(link.program, "GET /v1/a HTTP/1.1\r\nHost: api.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n");
    link_read_until(link.program, "}}\n", got, sizeof(got));
    check_contains(got, "403 Forbidden");
    link_send(link.program, "GET /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n");
    link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
    link_close(&link);
    world_end(&world);
}

/* ---- budgets ---- */

static const struct net_requests every = {.method_count = 0};

TEST(a_request_more_than_the_budget_is_answered_and_told_once)
{
    static const struct net_budget two = {.requests = 2, .where = "test.yaml:2:2: budget"};
    struct world world;
    struct link link;
    struct worker_message event;

    world_begin(&world, &(struct world_rules){.requests = &every, .budget = &two}, NULL);
    link = world_link(&world, false);
    for (int i = 0; i < 2; i++) {
        link_send(link.program, "GET /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n");
        link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
        link_send(link.server, "HTTP/1.1 204 None\r\n\r\n");
        link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
    }
    link_send(link.program, "GET /v1/a HTTP/1.1\r\nHost: api.test\r\n\r\n");
    link_read_until(link.program, "}}\n", got, sizeof(got));
    check_contains(got, "HTTP/1.1 429 Too Many Requests");
    check_contains(got, "\"rule\":\"test.yaml:2:2: budget\"");
    event = world_event(&world, WORKER_BUDGET);
    check_string(event.where, "test.yaml:2:2: budget");
    check_string(event.method, "requests");
    check_int(event.count, 2);
    check_int(world_event(&world, WORKER_REQUEST_DENIED).reason, NET_BUDGET);
    check(link_is_silent(link.server));
    link_close(&link);
    world_end(&world);
}

TEST(a_batch_counts_for_the_budget_of_each_of_its_calls_or_is_refused)
{
    static const char *const cheap[] = {"read"};
    static const struct net_requests unbounded = {.has_calls = true, .is_mcp = true, .tools = cheap, .tool_count = 1};
    static const struct net_budget one = {.requests = 1, .where = "test.yaml:2:2: budget"};
    static const char search[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"search\"}}";
    static const char read[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":{\"name\":\"read\"}}";
    const char *const refused[][2] = {{search, read}, {read, search}};
    struct world world;
    struct link link;
    char batch[400];

    world_begin(&world, &(struct world_rules){.requests = &mcp, .budget = &one, .other = &unbounded}, NULL);
    link = world_link(&world, false);
    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        snprintf(batch, sizeof(batch), "[%s,%s]", refused[i][0], refused[i][1]);
        say_call(&link, "application/json", batch);
        link_read_until(link.program, "}}\n", got, sizeof(got));
        check_contains(got, "403 Forbidden");
        check_contains(got, "different budgets");
    }
    /* of one kind they go, and count */
    for (int i = 0; i < 3; i++) {
        snprintf(batch, sizeof(batch), "[%s,%s]", i ? search : read, i ? search : read);
        say_call(&link, "application/json", batch);
        if (i == 2)
            break;
        link_read_until(link.server, batch, got, sizeof(got));
        link_send(link.server, "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n");
        link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
    }
    link_read_until(link.program, "}}\n", got, sizeof(got));
    check_contains(got, "429 Too Many Requests");
    link_close(&link);
    world_end(&world);
}

TEST(no_byte_more_than_the_budget_goes_up)
{
    static const struct net_budget small = {.bytes_up = 200, .where = "test.yaml:2:2: budget"};
    struct world world;
    struct link link;

    world_begin(&world, &(struct world_rules){.requests = &every, .budget = &small}, NULL);
    link = world_link(&world, false);
    link_send(link.program, "PUT /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1000\r\n\r\n");
    memset(got, 'x', 1000);
    link_send_n(link.program, got, 1000);
    link_read_all(link.server, got, sizeof(got));
    check(strlen(got) <= 200);
    check_string(world_event(&world, WORKER_BUDGET).method, "bytesUp");
    check_int(world_event(&world, WORKER_CLOSED).errnum, EDQUOT);
    link_close(&link);
    world_end(&world);
}

TEST(bytes_count_for_the_rule_of_their_request_and_not_for_the_one_before)
{
    static const char *const get[] = {"GET"}, *const post[] = {"POST"};
    static const struct net_requests getting = {.methods = get, .method_count = 1}, posting = {.methods = post, .method_count = 1};
    static const struct net_budget small = {.bytes_up = 3000, .where = "test.yaml:2:2: budget"};
    struct world world;
    struct link link;
    char post_of[3000];
    int begun = snprintf(post_of, sizeof(post_of), "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 1000\r\n\r\n"), posts = 0;

    memset(post_of + begun, 'x', 1000);
    world_begin(&world, &(struct world_rules){.requests = &posting, .budget = &small, .other = &getting}, NULL);
    link = world_link(&world, false);
    for (; posts < 4; posts++) {
        link_send(link.program, "GET /a HTTP/1.1\r\nHost: api.test\r\n\r\n");
        link_read_until(link.server, "\r\n\r\n", got, sizeof(got));
        link_send(link.server, "HTTP/1.1 204 None\r\n\r\n");
        link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
        link_send_n(link.program, post_of, (size_t)begun + 1000);
        if (posts == 2)
            break;
        link_read_until(link.server, "xxxx\0", got, sizeof(got));
        link_send(link.server, "HTTP/1.1 204 None\r\n\r\n");
        link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
    }
    check_int(posts, 2);
    link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
    check_contains(got, "HTTP/1.1 429 Too Many Requests");
    check_string(world_event(&world, WORKER_BUDGET).method, "bytesUp");
    check(link_is_silent(link.server));
    link_close(&link);
    world_end(&world);
}

/* New rules judge the connection anew; what is under way goes on counting for its request. */
TEST(what_is_under_way_counts_for_its_rule_when_rules_come)
{
    static const char *const get[] = {"GET"}, *const post[] = {"POST"};
    static const struct net_requests getting = {.methods = get, .method_count = 1}, posting = {.methods = post, .method_count = 1};
    static const struct net_budget small = {.bytes_up = 3000, .where = "test.yaml:2:2: budget"};
    static const struct world_rules rules = {.requests = &posting, .budget = &small, .other = &getting};
    static char bytes[4000];
    struct world world;
    struct link link;

    memset(bytes, 'x', sizeof(bytes));
    memcpy(bytes + 498, "yy", 2);
    world_begin(&world, &rules, NULL);
    link = world_link(&world, false);
    link_send(link.program, "POST /a HTTP/1.1\r\nHost: api.test\r\nContent-Length: 100000\r\n\r\n");
    link_send_n(link.program, bytes, 500);
    link_read_until(link.server, "yy", got, sizeof(got));
    world_set_rules(&world, &rules);
    link_send_n(link.program, bytes, sizeof(bytes));
    check_string(world_event(&world, WORKER_BUDGET).method, "bytesUp");
    check_int(world_event(&world, WORKER_CLOSED).errnum, EDQUOT);
    link_close(&link);
    world_end(&world);
}
