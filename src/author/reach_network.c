/* SPDX-License-Identifier: Apache-2.0 */
/* The card's lines about the network: a destination each, as short as it can be said. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "author/reach_parts.h"
#include "net/address.h"

#define WORD_SIZE 512

static size_t print_block(const struct net_block *block, char *ret_text, size_t size)
{
    struct net_address address = {.family = block->family};
    char text[NET_ADDRESS_TEXT_SIZE];

    memcpy(address.bytes, block->address, sizeof(address.bytes));
    net_address_print(&address, text);
    if (block->prefix == (block->family == AF_INET ? 32 : 128))
        return (size_t)snprintf(ret_text, size, "%s", text);
    return (size_t)snprintf(ret_text, size, "%s/%u", text, block->prefix);
}

static void print_peer(const struct net_peer *peer, char ret_text[WORD_SIZE])
{
    size_t length = 0;

    if (peer->host)
        length = (size_t)snprintf(ret_text, WORD_SIZE, "%s%s", peer->host, peer->has_block ? " at " : "");
    if (peer->has_block && length < WORD_SIZE)
        length += print_block(&peer->block, ret_text + length, WORD_SIZE - length);
    if (peer->except_count && length < WORD_SIZE)
        snprintf(ret_text + length, WORD_SIZE - length, " but %zu", peer->except_count);
}

/* ":443", ":80,443", ":8000-8999", " udp" */
static void print_ports(const struct net_rule *rule, char ret_text[WORD_SIZE])
{
    static const char *const protocols[] = {[NET_ANY] = "", [NET_TCP] = "", [NET_UDP] = "/udp", [NET_ICMP] = " (ping)"};
    size_t length = 0;

    ret_text[0] = '\0';
    for (size_t i = 0; i < rule->port_count && length < WORD_SIZE - 40; i++) {
        const struct net_ports *ports = &rule->ports[i];
        const char *before = i ? "," : ":";

        if (!ports->has_port)
            length += (size_t)snprintf(ret_text + length, WORD_SIZE - length, "%s",
                                       ports->protocol == NET_UDP ? " (udp)" : protocols[ports->protocol]);
        else if (ports->first == ports->last)
            length += (size_t)snprintf(ret_text + length, WORD_SIZE - length, "%s%u%s", before, ports->first,
                                       protocols[ports->protocol]);
        else
            length += (size_t)snprintf(ret_text + length, WORD_SIZE - length, "%s%u-%u%s", before, ports->first, ports->last,
                                       protocols[ports->protocol]);
    }
}

/* What the rule is narrowed to, in a word. */
static const char *narrowing(const struct net_rule *rule)
{
    if (rule->requests && rule->requests->is_mcp)
        return " (some MCP calls)";
    if (rule->requests)
        return " (some requests)";
    if (rule->program_count)
        return " (some programs)";
    return rule->terminates ? " (TLS opened)" : "";
}

static int add_rule(struct view_of_plan *view, struct reach_list *list, const struct net_rule *rule, bool is_denial)
{
    const char *narrowed = is_denial ? (rule->requests ? " (some requests)" : "") : narrowing(rule);
    char peer[WORD_SIZE], ports[WORD_SIZE];
    int r = 0;

    print_ports(rule, ports);
    if (!rule->peer_count)
        return reach_add(view, list, "every public address%s%s", ports, narrowed);
    for (size_t i = 0; i < rule->peer_count && r == 0; i++) {
        print_peer(&rule->peers[i], peer);
        r = reach_add(view, list, "%s%s%s", peer, ports, narrowed);
    }
    return r;
}

static int add_way(struct view_of_plan *view, const struct plan_way *way)
{
    struct reach *reach = view->reach;

    switch (way->kind) {
    case PLAN_WAY_DEFAULT:
        return reach_add(view, &reach->hosts, "every public address");
    case PLAN_WAY_ALLOW:
        return way->is_limit ? 0 : add_rule(view, &reach->hosts, way->rule, false);
    case PLAN_WAY_DENY:
        return add_rule(view, &reach->denied, way->rule, true);
    case PLAN_WAY_INWARD:
        return reach_add(view, &reach->doors, "you reach its port %u at 127.0.0.1:%u", way->to_port, way->port);
    case PLAN_WAY_OUTWARD:
        return reach_add(view, &reach->doors, "it reaches port %u of this machine's loopback", way->port);
    case PLAN_WAY_BUDGET:
        break;
    }
    return 0;
}

int reach_add_network(struct view_of_plan *view)
{
    const struct plan *plan = view->input->plan;
    int r = 0;

    if (plan->network == PLAN_NET_HOST)
        r = reach_add(view, &view->reach->hosts, "the host's network: every host, this machine's loopback and what listens there");
    for (size_t i = 0; i < plan->way_count && r == 0; i++)
        r = add_way(view, &plan->ways[i]);
    return r;
}
