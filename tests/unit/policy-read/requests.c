/* SPDX-License-Identifier: Apache-2.0 */
/* What narrows a rule: requests, TLS, programs, budgets. */
#include "base/text.h"
#include "load.h"
#include "test.h"

#define RULE(text) NATIVE "network: {egress: {allow: [" text "]}}\n"
#define DENY(text) NATIVE "network: {egress: {deny: [" text "]}}\n"

TEST(a_rule_says_which_requests_programs_and_how_much)
{
    const struct network *n = &must_load(NATIVE "network:\n"
                                                "  egress:\n"
                                                "    allow:\n"
                                                "      - to: [{host: api.example.com}]\n"
                                                "        tls: terminate\n"
                                                "        http: {methods: [GET, POST, GET], paths: ['/v1/**'], websocket: true}\n"
                                                "        programs: [git, /usr/bin/curl, git]\n"
                                                "        budget: {connections: 100, requests: 1000, bytesUp: 10MiB, bytesDown: 1GiB,\n"
                                                "                 bytesPerSecond: 1MiB, onLimit: end}\n"
                                                "  budget: {connections: 5}\n"
                                                "  tls: {authorities: ['${home}/ca.pem']}\n")
                                   ->network;
    const struct egress_rule *rule = &n->allow[0];
    const struct net_requests *requests = rule->rule.requests;

    check(rule->rule.terminates);
    check_string(rule->tls_origin.member, "network.egress.allow[0].tls");
    check_string(rule->requests_origin.member, "network.egress.allow[0].http");
    check_int(requests->method_count, 2);
    check_string(requests->methods[1], "POST");
    check_int(requests->path_count, 1);
    check_string(requests->paths[0], "/v1/**");
    check(requests->has_websocket && !requests->has_calls);
    check_int(rule->programs.count, 2);
    check_string(rule->programs.items[1].text, "/usr/bin/curl");
    check(rule->budget.is_set && rule->budget.budget.ends_run);
    check_int(rule->budget.budget.bytes_up, 10 << 20);
    check_int(rule->budget.budget.bytes_per_second, 1 << 20);
    check_contains(rule->budget.budget.where, "p.yaml:9:17: network.egress.allow[0].budget");
    check(n->budget.is_set && n->budget.budget.connections == 5 && !n->budget.budget.ends_run);
    check_string(n->authorities.items[0].text, "/home/u/ca.pem");
}

TEST(calls_of_mcp_and_of_json_rpc_are_lists_of_words)
{
    const struct network *n = &must_load(RULE("{mcp: {tools: [search, read/file], methods: [resources/list]}, http: {paths: [/mcp]}}, "
                                              "{jsonrpc: {methods: [eth_call]}}, {mcp: {}}, {http: {}}, {tls: passthrough}"))
                                   ->network;

    check(n->allow[0].rule.requests->has_calls && n->allow[0].rule.requests->is_mcp);
    check_int(n->allow[0].rule.requests->tool_count, 2);
    check_string(n->allow[0].rule.requests->calls[0], "resources/list");
    check_string(n->allow[0].rule.requests->paths[0], "/mcp");
    check(n->allow[1].rule.requests->has_calls && !n->allow[1].rule.requests->is_mcp);
    check(n->allow[2].rule.requests->has_calls && n->allow[2].rule.requests->tool_count == 0);
    check(n->allow[3].rule.requests && !n->allow[3].rule.requests->has_calls);
    check(!n->allow[4].rule.requests && !n->allow[4].rule.terminates);
}

TEST(a_denial_may_be_about_requests_and_about_nothing_that_a_copy_gets_around)
{
    const struct network *n = &must_load(DENY("{to: [{host: a.b}], http: {methods: [DELETE]}}"))->network;

    check_string(n->deny[0].rule.requests->methods[0], "DELETE");
    must_refuse(DENY("{programs: [git]}"), "p.yaml:2:28: network.egress.deny[0].programs: unknown member; it belongs to a rule of "
                                           "network.egress.allow");
    must_refuse(DENY("{budget: {connections: 1}}"), "p.yaml:2:28: network.egress.deny[0].budget: unknown member; it belongs to a rule of "
                                                    "network.egress.allow, or to network");
    must_refuse(DENY("{tls: terminate}"), "p.yaml:2:28: network.egress.deny[0].tls: unknown member; it belongs to a rule of "
                                          "network.egress.allow; authorities to network.tls");
}

TEST(a_denial_of_calls_names_some)
{
    const struct network *n = &must_load(DENY("{mcp: {tools: [delete]}}"))->network;

    check_string(n->deny[0].rule.requests->tools[0], "delete");
    check_int(must_load(DENY("{mcp: {methods: [tools/call]}}"))->network.deny[0].rule.requests->call_count, 1);
    must_refuse(DENY("{mcp: {}}"), "p.yaml:2:27: network.egress.deny[0]: mcp names nothing that is denied: name mcp.tools or "
                                   "mcp.methods, or deny the destination");
    must_refuse(DENY("{http: {}, mcp: {}}"), "p.yaml:2:27: network.egress.deny[0]: mcp names nothing that is denied: name mcp.tools or "
                                             "mcp.methods, or deny the destination");
}

TEST(narrowed_rules_with_one_thing_wrong_are_refused)
{
    static const char *const cases[][2] = {
        {"{http: {methods: [get]}}", "46: network.egress.allow[0].http.methods[0]: 'get' is not a method of HTTP; methods are upper "
                                     "case, like GET"},
        {"{http: {methods: [CONNECT]}}", "46: network.egress.allow[0].http.methods[0]: 'CONNECT' makes a tunnel, in which nothing is "
                                         "judged; grant its destination by a rule of its own"},
        {"{http: {methods: []}}", "45: network.egress.allow[0].http.methods: is an empty list; leave the member out"},
        {"{http: {paths: [v1]}}", "44: network.egress.allow[0].http.paths[0]: 'v1' does not begin with '/'; write /v1/**"},
        {"{http: {paths: ['/a?b']}}", "44: network.egress.allow[0].http.paths[0]: '/a?b' holds a query, which is not looked at: end "
                                      "it before the '?'"},
        {"{http: {path: [/a]}}", "36: network.egress.allow[0].http.path: unknown member; did you mean 'paths'?"},
        {"{mcp: {tools: ['a b']}}", "43: network.egress.allow[0].mcp.tools[0]: 'a b' is not one word of at most 127 printable "
                                    "characters"},
        {"{mcp: {}, jsonrpc: {methods: [a]}}", "47: network.egress.allow[0].jsonrpc: stands beside 'mcp'; write two rules"},
        {"{mcp: {tools: [a], methods: [tools/call]}}", "28: network.egress.allow[0]: tools/call in mcp.methods is every tool, beside "
                                                       "mcp.tools: leave one of them out"},
        {"{jsonrpc: {}}", "38: network.egress.allow[0].jsonrpc: member 'methods' is missing"},
        {"{tls: open}", "34: network.egress.allow[0].tls: 'open' is unknown; expected one of passthrough, terminate"},
        {"{http: {}, ports: [{port: 53, protocol: udp}]}", "28: network.egress.allow[0]: requests are read of TCP alone: put what is "
                                                           "about udp or icmp in a rule of its own"},
        {"{programs: [./git]}", "40: network.egress.allow[0].programs[0]: './git' is not absolute; write ${workspace}/... or "
                                "${home}/..."},
        {"{programs: [..]}", "40: network.egress.allow[0].programs[0]: '..' is not a program's name; write git, or /usr/bin/git"},
        {"{programs: []}", "39: network.egress.allow[0].programs: is an empty list; leave the member out"},
        {"{budget: {}}", "37: network.egress.allow[0].budget: says no limit; write connections, requests, bytesUp, bytesDown or "
                         "bytesPerSecond"},
        {"{budget: {bytesPerSecond: 1B, onLimit: end}}", "37: network.egress.allow[0].budget: bytesPerSecond is never used up, what is "
                                                         "more waits: leave onLimit out"},
        {"{budget: {requests: 1}}", "28: network.egress.allow[0]: budget.requests counts requests that are read, and this rule has "
                                    "none read: add 'http: {}', or 'tls: terminate', or leave it out"},
        {"{budget: {connections: 0}}", "51: network.egress.allow[0].budget.connections: 0 is not in 1..72057594037927936"},
        {"{budget: {bytesUp: 5}}", "47: network.egress.allow[0].budget.bytesUp: 5 has no unit; write 512MiB, 1GiB or 64KiB"},
        {"{budget: {bytesUp: 100000TiB}}", "47: network.egress.allow[0].budget.bytesUp: is more than 72057594037927936"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        char text[256], error[512];

        snprintf(text, sizeof(text), RULE("%s"), cases[i][0]);
        snprintf(error, sizeof(error), "p.yaml:2:%s", cases[i][1]);
        must_refuse(text, error);
    }
}

TEST(a_list_longer_than_it_may_be_is_refused)
{
    auto_text struct text text = {0};

    text_add(&text, NATIVE "network: {tls: {authorities: [");
    for (int i = 0; i < 17; i++)
        text_printf(&text, "/ca%d.pem,", i);
    text_add(&text, "]}}\n");
    must_refuse(text.data, "p.yaml:2:30: network.tls.authorities: has 17 items; at most 16 are possible");
}
