/* SPDX-License-Identifier: Apache-2.0 */
/* network.* and runtimeConfig.* */
#include "policy/read/members.h"

#define DOORS_MAX 64 /* each is a listening socket */

static const struct member except_item = {.type = VALUE_CIDR, .store = store_except};
static const struct member peer_members[] = {
    {.name = "cidr",
     .type = VALUE_CIDR,
     .description = "Address block; bits behind the prefix are zero",
     .store = store_cidr},
    {.name = "except",
     .type = VALUE_LIST,
     .description = "Blocks inside 'cidr' that are left out",
     .item = &except_item},
    {.name = "host",
     .type = VALUE_HOST,
     .description = "DNS name, or '*.' and a name for what has one label more; with 'cidr', at these addresses only",
     .store = store_host},
    END,
};
static const struct member peer_item = {
    .type = VALUE_MAP, .members = peer_members, .open = store_peer_open, .close = store_peer_close};

static const struct member port_members[] = {
    {.name = "port",
     .type = VALUE_COUNT,
     .description = "Port, or the first of a range",
     .minimum = 1,
     .maximum = 65535,
     .range = "write each port as an item of its own, or a range as {port: 80, endPort: 90}",
     .store = store_port},
    {.name = "endPort",
     .type = VALUE_COUNT,
     .description = "Last port of a range",
     .minimum = 1,
     .maximum = 65535,
     .store = store_end_port},
    {.name = "protocol",
     .type = VALUE_CHOICE,
     .description = "Protocol; any when left out",
     .choices = (const char *const[]){"any", "tcp", "udp", "icmp", NULL},
     .store = store_protocol},
    END,
};
static const struct member port_item = {
    .type = VALUE_MAP, .members = port_members, .open = store_port_open, .close = store_port_close};

#define EACH_PORT "write each port as an item of its own"
#define NEEDS_TCP "would lead UDP in or out, which this build does not do; TCP is there"

static const struct member inward_members[] = {
    {.name = "port",
     .type = VALUE_COUNT,
     .description = "Where the program listens",
     .minimum = 1,
     .maximum = 65535,
     .range = EACH_PORT,
     .is_required = true,
     .store = store_door_port},
    {.name = "hostPort",
     .type = VALUE_COUNT,
     .description = "Where the host finds it, on its own loopback; the same when left out",
     .minimum = 1,
     .maximum = 65535,
     .store = store_door_host_port},
    {.name = "protocol",
     .type = VALUE_CHOICE,
     .description = "Protocol (default tcp)",
     .choices = (const char *const[]){"tcp", "udp", NULL},
     .needs = NEEDS_TCP,
     .may_be_asked = true},
    END,
};
static const struct member inward_item = {
    .type = VALUE_MAP, .members = inward_members, .open = store_door_open, .close = store_door_close};
static const struct member outward_members[] = {
    {.name = "port",
     .type = VALUE_COUNT,
     .description = "Port of the host's loopback, found at 127.0.0.1 and ::1 inside",
     .minimum = 1,
     .maximum = 65535,
     .range = EACH_PORT,
     .is_required = true,
     .store = store_door_port},
    {.name = "protocol",
     .type = VALUE_CHOICE,
     .description = "Protocol (default tcp)",
     .choices = (const char *const[]){"tcp", "udp", NULL},
     .needs = NEEDS_TCP,
     .may_be_asked = true},
    END,
};
static const struct member outward_item = {.type = VALUE_MAP,
                                           .members = outward_members,
                                           .open = store_door_open,
                                           .close = store_door_close,
                                           .detail = 1};

static const struct member program_item = {.type = VALUE_PROGRAM, .store = store_program};

#define RULE_PEERS                                                                                                   \
    {                                                                                                                \
        .name = "to", .type = VALUE_LIST, .description = "Peers; every address when left out", .item = &peer_item,   \
        .minimum = 1                                                                                                 \
    }
#define RULE_PORTS                                                                                                   \
    {                                                                                                                \
        .name = "ports", .type = VALUE_LIST, .description = "Ports and protocols; all when left out",                \
        .item = &port_item, .minimum = 1                                                                             \
    }
#define RULE_HTTP                                                                                                    \
    {                                                                                                                \
        .name = "http", .type = VALUE_MAP, .description = "Only these requests, and only where they can be read",    \
        .members = http_members, .open = store_http_open                                                             \
    }
#define RULE_MCP                                                                                                     \
    {                                                                                                                \
        .name = "mcp", .type = VALUE_MAP, .description = "Only these tools and methods of an MCP server over HTTP",  \
        .members = mcp_members, .open = store_calls_open, .detail = 1                                                \
    }
#define RULE_JSONRPC                                                                                                 \
    {                                                                                                                \
        .name = "jsonrpc", .type = VALUE_MAP, .description = "Only these methods of JSON-RPC over HTTP",             \
        .members = jsonrpc_members, .open = store_calls_open                                                         \
    }

static const struct member allow_members[] = {
    RULE_PEERS,
    RULE_PORTS,
    {.name = "tls",
     .type = VALUE_CHOICE,
     .description = "terminate: TLS is opened with an authority of this container's own, so that requests in it can be judged "
                    "(default passthrough)",
     .choices = (const char *const[]){"passthrough", "terminate", NULL},
     .store = store_tls},
    RULE_HTTP,
    RULE_MCP,
    RULE_JSONRPC,
    {.name = "programs",
     .type = VALUE_LIST,
     .description = "Only these programs of the container, by the files that they are; all when left out",
     .item = &program_item,
     .minimum = 1,
     .maximum = WORDS_MAX,
     .open = store_programs_open},
    {.name = "budget",
     .type = VALUE_MAP,
     .description = "How much may go by on this rule",
     .members = budget_members,
     .open = store_budget_open,
     .close = store_budget_close},
    {.name = "until",
     .type = VALUE_TIME,
     .description = "From then on it grants nothing, and what it granted is closed; a time with its offset, like 2026-12-24T18:30:00+01:00",
     .store = store_until},
    END,
};
/* A denial that ends would be a grant that begins. What a program or a budget is kept from, another program or a copy would do: denials are about destinations and requests. */
static const struct member deny_members[] = {RULE_PEERS, RULE_PORTS, RULE_HTTP, RULE_MCP, RULE_JSONRPC, END};

static const struct member allow_item = {.type = VALUE_MAP,
                                         .members = allow_members,
                                         .open = store_rule_open,
                                         .close = store_rule_close,
                                         .detail = 1};
static const struct member deny_item = {.type = VALUE_MAP,
                                        .members = deny_members,
                                        .open = store_rule_open,
                                        .close = store_rule_close,
                                        .detail = 0};

static const struct member egress_members[] = {
    {.name = "default",
     .type = VALUE_CHOICE,
     .description = "What no rule names",
     .choices = DENY_ALLOW,
     SETTING(network.egress_default)},
    {.name = "allow",
     .type = VALUE_LIST,
     .description = "Destinations that may be reached",
     .item = &allow_item},
    {.name = "deny",
     .type = VALUE_LIST,
     .description = "Destinations that may not; stronger than allow",
     .item = &deny_item},
    END,
};
static const struct member ingress_members[] = {
    {.name = "default",
     .type = VALUE_CHOICE,
     .description = "Connections from outside",
     .choices = DENY_ALLOW,
     SETTING(network.ingress_default)},
    {.name = "hostLoopback",
     .type = VALUE_CHOICE,
     .description = "Connections to the host's loopback",
     .choices = DENY_ALLOW,
     SETTING(network.host_loopback)},
    {.name = "hostLoopbackPorts",
     .type = VALUE_LIST,
     .description = "The ports of the host's loopback that may be reached; all others may not",
     .item = &outward_item,
     .maximum = DOORS_MAX,
     .open = store_doors_open,
     .detail = 1},
    {.name = "ports",
     .type = VALUE_LIST,
     .description = "Listeners of the program that the host may reach, on its own loopback",
     .item = &inward_item,
     .maximum = DOORS_MAX,
     .open = store_doors_open},
    END,
};
static const struct member authority_item = {
    .type = VALUE_PATH, .store = store_list_item, .offset = offsetof(struct document, network.authorities)};
static const struct member tls_members[] = {
    {.name = "authorities",
     .type = VALUE_LIST,
     .description = "Files of the host with certificates (PEM) that servers are believed by, beside the host's own",
     .item = &authority_item,
     .maximum = 16,
     .open = store_string_list_open,
     .offset = offsetof(struct document, network.authorities)},
    END,
};
const struct member network_members[] = {
    {.name = "egress",
     .type = VALUE_MAP,
     .description = "Connections to the outside",
     .members = egress_members},
    {.name = "ingress",
     .type = VALUE_MAP,
     .description = "Connections from the outside",
     .members = ingress_members,
     .close = store_ingress_close},
    {.name = "loopback",
     .type = VALUE_CHOICE,
     .description = "A loopback interface of its own (default allow)",
     .choices = DENY_ALLOW,
     SETTING(network.loopback)},
    {.name = "budget",
     .type = VALUE_MAP,
     .description = "How much may go out and come back in all",
     .members = budget_members,
     .open = store_budget_open,
     .close = store_budget_close,
     .detail = 1},
    {.name = "tls", .type = VALUE_MAP, .description = "TLS that is opened (rules with tls: terminate)", .members = tls_members},
    END,
};
const struct member runtime_members[] = {
    {.name = "networkProxy",
     .type = VALUE_URL,
     .description = "HTTP proxy on the host's loopback that is the only way out",
     .store = store_proxy},
    END,
};
