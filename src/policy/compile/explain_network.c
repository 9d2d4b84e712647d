/* SPDX-License-Identifier: Apache-2.0 */
/* The network in both forms of explain: what it is as a whole, then each line of the gateway's rules. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

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
    return way->is_limit ? "at most" : "allowed";
}

/* What it lets through nobody refuses; a limit refuses the rest. */
static enum mechanism way_mechanism(const struct plan_way *way)
{
    return way->kind == PLAN_WAY_DENY || way->is_limit ? BY_GATEWAY : BY_NOTHING;
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
    const char *protocol = protocols[ports->protocol];

    if (!ports->has_port)
        snprintf(ret_text, size, "%severy port", ports->protocol == NET_ANY ? "tcp and udp " : protocol);
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
        text_add(flow->out, "\n       ");
        flow->line = flow->out->length - 7;
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

static void add_rule(struct flow *flow, const struct net_rule *rule)
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
    return (struct explain_row){way_verdict(way), way_mechanism(way), BY_NOTHING, way->origin};
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
        add_rule(&flow, way->rule);
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

void explain_network_way(struct json *json, const struct plan *plan, size_t index)
{
    static const char *const kinds[] = {[PLAN_WAY_DEFAULT] = "default", [PLAN_WAY_ALLOW] = "allow", [PLAN_WAY_DENY] = "deny",
                                        [PLAN_WAY_INWARD] = "inward", [PLAN_WAY_OUTWARD] = "outward"};
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
    }
    if (way->port) {
        json_add_uint(json, "port", way->port);
        json_add_uint(json, "toPort", way->to_port);
    }
    json_add_string(json, "first", way_mechanism(way) == BY_NOTHING ? NULL : mechanism_name(way_mechanism(way)));
    json_add_null(json, "behind");
}
