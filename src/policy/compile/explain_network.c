/* SPDX-License-Identifier: Apache-2.0 */
/* The network in both forms of explain: what it is as a whole, then each line of the gateway's rules. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/date.h"
#include "base/number.h"
#include "policy/compile/explain.h"
#include "policy/compile/explain_rows.h"

const struct explain_network *explain_network(const struct plan *plan)
{
    static const struct explain_network rows[] = {
        [PLAN_NET_NONE] = {"none", "no network", "refused", BY_SECCOMP, BY_NAMESPACE},
        [PLAN_NET_LOOPBACK] = {"loopback", "own loopback and nothing else", "own", BY_NAMESPACE,
                               BY_NOTHING},
        [PLAN_NET_HOST] = {"host", "the host's network, everything", "allowed", BY_NOTHING,
                           BY_NOTHING},
        [PLAN_NET_GATEWAY] = {"gateway", "everything that no line here allows", "refused", BY_GATEWAY, BY_NAMESPACE},
    };
    static const struct explain_network none_in_place = {"none", "no network", "refused", BY_SECCOMP, BY_LANDLOCK};

    return plan->wall == PLAN_WALL_LANDLOCK && plan->network == PLAN_NET_NONE ? &none_in_place : &rows[plan->network];
}

static const char *way_verdict(const struct plan_way *way)
{
    if (way->kind == PLAN_WAY_DENY)
        return "refused";
    return way->is_limit || way->kind == PLAN_WAY_BUDGET ? "at most" : "allowed";
}

/* What it lets through nobody refuses; a limit refuses the rest. */
static enum mechanism way_mechanism(const struct plan_way *way)
{
    bool is_narrow = way->rule && (way->rule->program_count || way->rule->budget);

    if (way->rule && way->rule->requests)
        return BY_INSPECTOR;
    return way->kind == PLAN_WAY_DENY || way->kind == PLAN_WAY_BUDGET || way->is_limit || is_narrow ? BY_GATEWAY : BY_NOTHING;
}

/* Its connection is judged before its requests are. */
static enum mechanism way_behind(const struct plan_way *way)
{
    return way_mechanism(way) == BY_INSPECTOR ? BY_GATEWAY : BY_NOTHING;
}

/* "10.0.0.0/8", "192.0.2.1" */
#define BLOCK_TEXT_SIZE (NET_ADDRESS_TEXT_SIZE + 4)

static void print_block(const struct net_block *block, char ret_text[BLOCK_TEXT_SIZE])
{
    struct net_address address = {.family = block->family};
    size_t length;

    memcpy(address.bytes, block->address, sizeof(address.bytes));
    net_address_print(&address, ret_text);
    length = strlen(ret_text);
    if (block->prefix != (block->family == AF_INET ? 32 : 128))
        snprintf(ret_text + length, BLOCK_TEXT_SIZE - length, "/%u", block->prefix);
}

static void print_ports(const struct net_ports *ports, char *ret_text, size_t size)
{
    static const char *const protocols[] = {[NET_ANY] = "", [NET_TCP] = "tcp ", [NET_UDP] = "udp ", [NET_ICMP] = "icmp "};
    static const char *const every[] = {[NET_ANY] = "tcp and udp every port",
                                        [NET_TCP] = "tcp every port",
                                        [NET_UDP] = "udp every port",
                                        [NET_ICMP] = "icmp echo (ping)"};
    const char *protocol = protocols[ports->protocol];

    if (!ports->has_port)
        snprintf(ret_text, size, "%s", every[ports->protocol]);
    else if (ports->first == ports->last)
        snprintf(ret_text, size, "%sport %u", protocol, ports->first);
    else
        snprintf(ret_text, size, "%sports %u to %u", protocol, ports->first, ports->last);
}

/* text */

/* Words of a long rule go on on the next line. */
struct flow {
    struct text *out;
    size_t line; /* where it began */
};

static void add_word(struct flow *flow, const char *before, const char *word)
{
    if (flow->out->length - flow->line + strlen(before) + strlen(word) > EXPLAIN_LINE_COLUMNS) {
        size_t ends = strspn(before, ",;:"); /* what ends a part stays with it */

        text_add_n(flow->out, before, ends);
        text_add(flow->out, "\n       ");
        flow->line = flow->out->length - 7;
        before += ends;
    }
    text_add(flow->out, before);
    text_add_safe(flow->out, word);
}

static void add_peer(struct flow *flow, const struct net_peer *peer, bool is_first)
{
    char block[BLOCK_TEXT_SIZE];

    if (peer->host)
        add_word(flow, is_first ? "" : ", ", peer->host);
    if (!peer->has_block)
        return;
    print_block(&peer->block, block);
    add_word(flow, peer->host ? " at " : is_first ? "" : ", ", block);
    for (size_t i = 0; i < peer->except_count; i++) {
        print_block(&peer->except[i], block);
        add_word(flow, i ? " and " : " but not ", block);
    }
}

static void add_words(struct flow *flow, const char *before, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        add_word(flow, i ? ", " : before, words[i]);
}

static void add_requests(struct flow *flow, const struct net_requests *requests)
{
    add_word(flow, "; ", requests->is_mcp ? "MCP" : requests->has_calls ? "JSON-RPC" : "HTTP");
    add_words(flow, " ", requests->methods, requests->method_count);
    add_words(flow, " at ", requests->paths, requests->path_count);
    if (requests->has_websocket)
        add_word(flow, ", ", "WebSockets");
    add_words(flow, " calls ", requests->calls, requests->call_count);
    add_words(flow, " tools ", requests->tools, requests->tool_count);
}

static void add_amount(struct flow *flow, const char *before, uint64_t amount, bool is_size, const char *what)
{
    auto_text struct text word = {0};

    if (!amount)
        return;
    if (is_size)
        number_print_size(&word, amount);
    else
        text_printf(&word, "%" PRIu64, amount);
    text_printf(&word, " %s", what);
    flow->out->is_broken = flow->out->is_broken || word.is_broken;
    add_word(flow, before, word.is_broken ? "" : word.data);
}

static void add_budget(struct flow *flow, const char *before, const struct net_budget *budget)
{
    const struct {
        uint64_t amount;
        bool is_size;
        const char *what;
    } rows[] = {{budget->connections, false, "connections"},
                {budget->requests, false, "requests"},
                {budget->bytes_up, true, "up"},
                {budget->bytes_down, true, "down"},
                {budget->bytes_per_second, true, "a second"}};

    add_word(flow, before, "at most");
    for (size_t i = 0, shown = 0; i < ARRAY_COUNT(rows); i++) {
        add_amount(flow, shown ? ", " : " ", rows[i].amount, rows[i].is_size, rows[i].what);
        shown += rows[i].amount != 0;
    }
    if (budget->ends_run)
        add_word(flow, ", ", "then the run ends");
}

/* What a rule is narrowed to. */
static void add_narrowing(struct flow *flow, const struct net_rules *rules, const struct net_rule *rule)
{
    if (rule->terminates)
        add_word(flow, "; ", "TLS opened");
    if (rule->requests)
        add_requests(flow, rule->requests);
    for (size_t i = 0; i < rule->program_count; i++) {
        const struct net_program *program = &rules->programs[rule->programs[i] - 1];

        add_word(flow, i ? ", " : "; by ", program->path);
        if (!program->inode)
            add_word(flow, " ", "(not there)");
    }
    if (rule->budget)
        add_budget(flow, "; ", &rules->budgets[rule->budget - 1]);
    if (rule->until_ms) {
        char until[DATE_TEXT_SIZE];

        date_print(rule->until_ms, until);
        add_word(flow, "; until ", until);
    }
}

static void add_rule(struct flow *flow, const struct net_rules *rules, const struct net_rule *rule)
{
    char ports[64];

    if (!rule->peer_count)
        text_add(flow->out, "every address");
    for (size_t i = 0; i < rule->peer_count; i++)
        add_peer(flow, &rule->peers[i], i == 0);
    for (size_t i = 0; i < rule->port_count; i++) {
        print_ports(&rule->ports[i], ports, sizeof(ports));
        add_word(flow, i ? ", " : ": ", ports);
    }
    add_narrowing(flow, rules, rule);
}

size_t explain_network_count(const struct plan *plan)
{
    return 1 + plan->way_count;
}

struct explain_row explain_network_row(const struct plan *plan, size_t at)
{
    const struct explain_network *row = explain_network(plan);
    const struct plan_way *way = at ? &plan->ways[at - 1] : NULL;

    if (!way)
        return (struct explain_row){row->verdict, row->first, row->behind, plan->network_origin};
    return (struct explain_row){way_verdict(way), way_mechanism(way), way_behind(way), way->origin};
}

void explain_network_subject(struct text *out, const struct plan *plan, size_t at, size_t column)
{
    const struct plan_way *way = at ? &plan->ways[at - 1] : NULL;
    struct flow flow = {out, out->length - column};

    if (!way) {
        text_add(out, explain_network(plan)->subject);
        return;
    }
    switch (way->kind) {
    case PLAN_WAY_DEFAULT:
        text_add(out, "every address but link-local, metadata and the host's own");
        break;
    case PLAN_WAY_ALLOW:
    case PLAN_WAY_DENY:
        add_rule(&flow, plan->net_rules, way->rule);
        break;
    case PLAN_WAY_BUDGET:
        add_budget(&flow, "everything together: ", way->budget);
        break;
    case PLAN_WAY_INWARD:
        text_printf(out, "127.0.0.1 port %u of the host leads to port %u inside", way->port, way->to_port);
        break;
    case PLAN_WAY_OUTWARD:
        text_printf(out, "127.0.0.1 port %u inside leads to the host's", way->port);
        break;
    }
}

/* JSON */

static void json_add_peer(struct json *json, const struct net_peer *peer)
{
    char block[BLOCK_TEXT_SIZE];

    json_begin_object(json, NULL);
    json_add_string(json, "host", peer->host);
    if (peer->has_block)
        print_block(&peer->block, block);
    json_add_string(json, "cidr", peer->has_block ? block : NULL);
    json_begin_array(json, "except");
    for (size_t i = 0; i < peer->except_count; i++) {
        print_block(&peer->except[i], block);
        json_add_string(json, NULL, block);
    }
    json_end(json);
    json_end(json);
}

static void json_add_ports(struct json *json, const struct net_ports *ports)
{
    static const char *const protocols[] = {[NET_ANY] = "any", [NET_TCP] = "tcp", [NET_UDP] = "udp", [NET_ICMP] = "icmp"};

    json_begin_object(json, NULL);
    if (ports->has_port) {
        json_add_uint(json, "port", ports->first);
        json_add_uint(json, "endPort", ports->last);
    }
    json_add_string(json, "protocol", protocols[ports->protocol]);
    json_end(json);
}

static void json_add_words(struct json *json, const char *key, const char *const *words, size_t count)
{
    json_begin_array(json, key);
    for (size_t i = 0; i < count; i++)
        json_add_string(json, NULL, words[i]);
    json_end(json);
}

static void json_add_requests(struct json *json, const struct net_requests *requests)
{
    if (!requests) {
        json_add_null(json, "requests");
        return;
    }
    json_begin_object(json, "requests");
    json_add_words(json, "methods", requests->methods, requests->method_count);
    json_add_words(json, "paths", requests->paths, requests->path_count);
    json_add_bool(json, "websocket", requests->has_websocket);
    json_add_string(json, "calls", requests->is_mcp ? "mcp" : requests->has_calls ? "jsonrpc" : NULL);
    json_add_words(json, "callMethods", requests->calls, requests->call_count);
    json_add_words(json, "tools", requests->tools, requests->tool_count);
    json_end(json);
}

static void json_add_budget(struct json *json, const struct net_budget *budget)
{
    if (!budget) {
        json_add_null(json, "budget");
        return;
    }
    json_begin_object(json, "budget");
    json_add_uint(json, "connections", budget->connections);
    json_add_uint(json, "requests", budget->requests);
    json_add_uint(json, "bytesUp", budget->bytes_up);
    json_add_uint(json, "bytesDown", budget->bytes_down);
    json_add_uint(json, "bytesPerSecond", budget->bytes_per_second);
    json_add_string(json, "onLimit", budget->ends_run ? "end" : "stop");
    json_end(json);
}

static void json_add_programs(struct json *json, const struct net_rules *rules, const struct net_rule *rule)
{
    char digest[DIGEST_TEXT_SIZE];

    json_begin_array(json, "programs");
    for (size_t i = 0; i < rule->program_count; i++) {
        const struct net_program *program = &rules->programs[rule->programs[i] - 1];

        json_begin_object(json, NULL);
        json_add_string(json, "path", program->path);
        digest_print(program->digest, digest);
        json_add_string(json, "digest", program->inode ? digest : NULL);
        json_end(json);
    }
    json_end(json);
}

static void json_add_until(struct json *json, uint64_t until_ms)
{
    char until[DATE_TEXT_SIZE];

    date_print(until_ms, until);
    json_add_string(json, "until", until);
}

void explain_network_way(struct json *json, const struct plan *plan, size_t index)
{
    static const char *const kinds[] = {[PLAN_WAY_DEFAULT] = "default", [PLAN_WAY_ALLOW] = "allow", [PLAN_WAY_DENY] = "deny",
                                        [PLAN_WAY_BUDGET] = "budget", [PLAN_WAY_INWARD] = "inward", [PLAN_WAY_OUTWARD] = "outward"};
    const struct plan_way *way = &plan->ways[index];

    json_add_string(json, "kind", kinds[way->kind]);
    json_add_string(json, "verdict", way_verdict(way));
    if (way->rule) {
        json_begin_array(json, "to");
        for (size_t i = 0; i < way->rule->peer_count; i++)
            json_add_peer(json, &way->rule->peers[i]);
        json_end(json);
        json_begin_array(json, "ports");
        for (size_t i = 0; i < way->rule->port_count; i++)
            json_add_ports(json, &way->rule->ports[i]);
        json_end(json);
        json_add_string(json, "tls", way->rule->terminates ? "terminate" : "passthrough");
        json_add_requests(json, way->rule->requests);
        json_add_programs(json, plan->net_rules, way->rule);
        json_add_budget(json, way->rule->budget ? &plan->net_rules->budgets[way->rule->budget - 1] : NULL);
        if (way->rule->until_ms)
            json_add_until(json, way->rule->until_ms);
    }
    if (way->budget)
        json_add_budget(json, way->budget);
    if (way->port) {
        json_add_uint(json, "port", way->port);
        json_add_uint(json, "toPort", way->to_port);
    }
    json_add_string(json, "first", way_mechanism(way) == BY_NOTHING ? NULL : mechanism_name(way_mechanism(way)));
    json_add_string(json, "behind", way_behind(way) == BY_NOTHING ? NULL : mechanism_name(way_behind(way)));
}
