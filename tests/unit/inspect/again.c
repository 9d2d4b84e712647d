/* SPDX-License-Identifier: Apache-2.0 */
/* Requests that are under way when new rules come: those whose call, method or body these would not permit are ended. */
#include <stdio.h>
#include <string.h>

#include "base/memory.h"
#include "test.h"
#include "world.h"

static char got[20000];

static const char *const search[] = {"search"}, *const list[] = {"list"}, *const both[] = {"search", "list"};
static const struct net_requests
    every = {.method_count = 0},
    searching = {.has_calls = true, .is_mcp = true, .tools = search, .tool_count = 1},
    listing = {.has_calls = true, .is_mcp = true, .tools = list, .tool_count = 1},
    either = {.has_calls = true, .is_mcp = true, .tools = both, .tool_count = 2};
static const char *const get[] = {"GET"}, *const post[] = {"POST"}, *const post_put[] = {"POST", "PUT"};
static const struct net_requests posting = {.methods = post, .method_count = 1}, putting = {.methods = post_put, .method_count = 2},
                                 getting = {.methods = get, .method_count = 1};

#define CALL(tool) "{\"jsonrpc\":\"2.0\",\"method\":\"tools/call\",\"params\":{\"name\":\"" tool "\"}}"

static const struct row {
    const struct net_requests *before, *after;
    const char *field, *body;
    bool ends;
} rows[] = {
    {&either, &searching, "X-A: b", CALL("search"), false},
    {&either, &listing, "X-A: b", CALL("search"), true},
    /* the last call of several is not all of them */
    {&either, &listing, "X-A: b", "[" CALL("search") "," CALL("list") "]", true},
    {&either, &listing, "X-A: b", "[" CALL("list") "]", false},
    {&either, &posting, "X-A: b", "[" CALL("search") "," CALL("list") "]", false},
    /* a body that nobody read */
    {&every, &searching, "X-A: b", CALL("delete"), true},
    {&every, &posting, "X-A: b", CALL("delete"), false},
    {&every, &getting, "X-A: b", "x", true},
    {&putting, &posting, "X-HTTP-Method-Override: PUT", "x", true},
    {&putting, &putting, "X-HTTP-Method-Override: PUT", "x", false},
};

TEST(new_rules_end_the_requests_under_way_that_they_would_not_permit)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct world world;
        struct link link;

        world_begin(&world, &(struct world_rules){.requests = rows[i].before}, NULL);
        link = world_link(&world, false);
        snprintf(got, sizeof(got), "POST /mcp HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\n%s\r\nContent-Length: %zu\r\n\r\n%s",
                 rows[i].field, strlen(rows[i].body), rows[i].body);
        link_send(link.program, got);
        link_read_until(link.server, rows[i].body, got, sizeof(got));
        world_set_rules(&world, &(struct world_rules){.requests = rows[i].after});
        if (rows[i].ends) {
            link_read_all(link.program, got, sizeof(got));
            check_string(got, "");
        } else {
            link_send(link.server, "HTTP/1.1 204 None\r\n\r\n");
            link_read_until(link.program, "\r\n\r\n", got, sizeof(got));
        }
        link_close(&link);
        world_end(&world);
    }
}

/* Its call has not been read yet: it is, by the rules that hold by then. */
TEST(a_request_whose_body_is_still_coming_is_judged_by_the_new_rules)
{
    static const char body[] = CALL("search");
    struct world world;
    struct link link;

    for (int i = 0; i < 2; i++) {
        world_begin(&world, &(struct world_rules){.requests = &either}, NULL);
        link = world_link(&world, false);
        snprintf(got, sizeof(got), "POST /mcp HTTP/1.1\r\nHost: api.test\r\nContent-Type: application/json\r\nContent-Length: %zu\r\n"
                 "Expect: 100-continue\r\n\r\n", strlen(body));
        link_send(link.program, got);
        link_read_until(link.program, "100 Continue\r\n\r\n", got, sizeof(got));
        world_set_rules(&world, &(struct world_rules){.requests = i ? &listing : &searching});
        link_send(link.program, body);
        link_read_until(i ? link.program : link.server, i ? "}}\n" : "search\"}}", got, sizeof(got));
        check_contains(got, i ? "of search" : "POST /mcp");
        link_close(&link);
        world_end(&world);
    }
}
