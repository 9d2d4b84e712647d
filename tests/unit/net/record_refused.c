/* SPDX-License-Identifier: Apache-2.0 */
/* Rules in which one thing is wrong that only the reader can see: they are neither written nor, so, read. */
#include <errno.h>

#include "base/memory.h"
#include "sample.h"
#include "say.h"
#include "test.h"

static struct net_rules *rules;
static struct net_peer *peer;
static struct net_ports *ports;
static struct net_rule *narrow, *deny;
static struct net_requests http, mcp; /* of these two */

static void begin(struct arena *arena)
{
    rules = sample_rules(arena);
    peer = &rules->layers[1].allow[0].peers[0];
    ports = &rules->layers[1].allow[0].ports[0];
    narrow = &rules->layers[1].allow[1];
    deny = &rules->layers[1].deny[0];
    http = *narrow->requests;
    narrow->requests = &http;
    mcp = *deny->requests;
    deny->requests = &mcp;
}

#define CHECK_REFUSED(change, part)                                                                                            \
    do {                                                                                                                       \
        struct error err = ERROR_INIT;                                                                                         \
        void *record = NULL;                                                                                                   \
        size_t size = 7;                                                                                                       \
                                                                                                                               \
        begin(arena);                                                                                                          \
        change;                                                                                                                \
        check_int(net_rules_write(rules, &record, &size, &err), -EINVAL);                                                      \
        check_contains(err.text, part);                                                                                        \
        check(!record && size == 7);                                                                                           \
    } while (0)

TEST(rules_with_nothing_wrong_are_written)
{
    struct arena *arena auto_arena = arena_new();
    struct error err = ERROR_INIT;
    void *record auto_free = NULL;
    size_t size;

    begin(arena);
    check_int(net_rules_write(rules, &record, &size, &err), 0);
}

TEST(a_destination_that_is_not_canonical_is_refused)
{
    struct arena *arena auto_arena = arena_new();

    CHECK_REFUSED(peer->host = "A.test", "capital");
    CHECK_REFUSED(peer->host = "a.test.", "a label is empty");
    CHECK_REFUSED(peer->host = "", "it is empty");
    CHECK_REFUSED(peer->host = "*.test", "two labels");
    CHECK_REFUSED(peer->host = "*", "leave 'to' out");
    CHECK_REFUSED(peer->host = "10.0.0.1", "write it as 'cidr'");
    CHECK_REFUSED(peer->host = "b\xc3\xbc" "cher.test", "only letters");
    CHECK_REFUSED(peer->block.family = 77, "neither IPv4 nor IPv6");
    CHECK_REFUSED(peer->block.prefix = 33, "a prefix longer");
    CHECK_REFUSED(peer->block.prefix = 4, "bits behind");
    CHECK_REFUSED(peer->block.address[3] = 1, "bits behind");
    CHECK_REFUSED(peer->except[0] = say_block("11.0.0.0/8"), "an exception to");
    CHECK_REFUSED(peer->except[0] = say_block("0.0.0.0/0"), "an exception to");
    CHECK_REFUSED(peer->except[0] = say_block("2001:db8::/32"), "an exception to");
    CHECK_REFUSED(*peer = (struct net_peer){0}, "a peer that is nobody");
    CHECK_REFUSED(ports->protocol = (enum net_protocol)4, "an unknown protocol");
    CHECK_REFUSED(ports->protocol = (enum net_protocol)-1, "an unknown protocol");
    CHECK_REFUSED(ports->first = 0, "a port that is none");
    CHECK_REFUSED(ports->last = 442, "a port that is none");
    CHECK_REFUSED(ports->has_port = false, "where no port is named");
    CHECK_REFUSED(ports->protocol = NET_ICMP, "a port of ICMP");
}

/* One more than a decision has room for budgets. */
static struct net_layer *nine_layers(struct arena *arena, struct net_rule *rule)
{
    struct net_layer *layers = arena_alloc(arena, 9 * sizeof(*layers));

    for (int i = 0; i < 9; i++)
        layers[i] = (struct net_layer){.allow = rule, .allow_count = 1};
    return layers;
}

TEST(what_a_rule_cannot_say_is_refused)
{
    struct arena *arena auto_arena = arena_new();
    uint16_t other;

    CHECK_REFUSED(rules->layers[1].allow[0].where = NULL, "a text is missing");
    CHECK_REFUSED(rules->layers[1].only_denies = true, "only denies, and more");
    CHECK_REFUSED((rules->layers[1].is_open = rules->layers[1].only_denies = true), "only denies, and more");
    CHECK_REFUSED((rules->layer_count = 1, rules->layers[0].only_denies = true), "and none that says");
    CHECK_REFUSED((narrow->programs = &other, narrow->program_count = 1, other = 3), "a program that is none");
    CHECK_REFUSED((narrow->programs = &other, narrow->program_count = 1, other = 0), "a program that is none");
    CHECK_REFUSED(narrow->budget = 3, "a budget that is none");
    CHECK_REFUSED(narrow->budget = 1, "the budget of a whole layer");
    CHECK_REFUSED(rules->total_count = 3, "more budgets in total");
    CHECK_REFUSED(rules->budgets[0].where = NULL, "a text is missing");
    CHECK_REFUSED(rules->programs[0].path = "", "an empty text");
    CHECK_REFUSED(rules->programs[0].path = "/a\nb", "control bytes");
    CHECK_REFUSED(rules->programs[0].change_ns = 1000000000, "a time that is none");
    CHECK_REFUSED(deny->terminates = true, "a deny rule");
    CHECK_REFUSED(deny->budget = 2, "a deny rule");
    CHECK_REFUSED(deny->until_ms = 7, "a deny rule");
    CHECK_REFUSED((rules->layers[1].allow_count = 1, rules->layers[1].ended_count = 1), "without an end that has ended");
    CHECK_REFUSED((deny->programs = narrow->programs, deny->program_count = 1), "a deny rule");
    CHECK_REFUSED((rules->layers = nine_layers(arena, narrow), rules->layer_count = 9), "more layers than can be counted");
    CHECK_REFUSED(rules->inward[0].port = 0, "a port that is none");
    CHECK_REFUSED(rules->outward[0].to_port = 0, "a port that is none");
    CHECK_REFUSED(rules->outward[0].where = NULL, "a text is missing");
}

TEST(requests_that_are_not_canonical_are_refused)
{
    struct arena *arena auto_arena = arena_new();
    const char *text;

    CHECK_REFUSED((text = "G T", http.methods = &text, http.method_count = 1), "a word of HTTP");
    CHECK_REFUSED((text = "", http.methods = &text, http.method_count = 1), "a word of HTTP");
    CHECK_REFUSED((text = NULL, http.methods = &text, http.method_count = 1), "a text is missing");
    CHECK_REFUSED((text = "/a/../b", http.paths = &text, http.path_count = 1), "in its one spelling");
    CHECK_REFUSED((text = "/%61", http.paths = &text, http.path_count = 1), "in its one spelling");
    CHECK_REFUSED((http.has_calls = true, http.calls = mcp.calls, http.call_count = 1), "a WebSocket");
    CHECK_REFUSED(http.is_mcp = true, "where no body is judged");
    CHECK_REFUSED((http.calls = mcp.calls, http.call_count = 1), "where no body is judged");
    CHECK_REFUSED((http.has_websocket = false, http.has_calls = true), "and none of them");
    CHECK_REFUSED(mcp.is_mcp = false, "not MCP");
    CHECK_REFUSED(mcp.call_count = mcp.tool_count = 0, "and none of them");
    CHECK_REFUSED((text = "tools/call", mcp.calls = &text), "tools/call of any");
    CHECK_REFUSED((text = "a\x1b[m", mcp.tools = &text, mcp.tool_count = 1), "control bytes");
    CHECK_REFUSED((text = "", mcp.tools = &text, mcp.tool_count = 1), "an empty text");
}
