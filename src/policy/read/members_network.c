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

#define NEEDS_TCP "would lead UDP in or out, which this build does not do; TCP is there"

static const struct member inward_members[] = {
    {.name = "port",
     .type = VALUE_COUNT,
     .description = "Where the program listens",
     .minimum = 1,
     .maximum = 65535,
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

static const struct member method_item = {
    .type = VALUE_CHOICE,
    .choices =
        (const char *const[]){"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", NULL}};
static const struct member short_text_item = {
    .type = VALUE_TEXT, .minimum = 1, .maximum = TEXT_MAX};
static const struct member http_members[] = {
    {.name = "methods",
     .type = VALUE_LIST,
     .description = "HTTP methods",
     .item = &method_item,
     .minimum = 1},
    {.name = "paths",
     .type = VALUE_LIST,
     .description = "HTTP paths",
     .item = &short_text_item,
     .minimum = 1},
    END,
};
static const struct member mcp_members[] = {
    {.name = "tools",
     .type = VALUE_LIST,
     .description = "Names of an MCP server's tools",
     .item = &short_text_item,
     .minimum = 1},
    END,
};
static const struct member rule_members[] = {
    {.name = "to",
     .type = VALUE_LIST,
     .description = "Peers; every address when left out",
     .item = &peer_item,
     .minimum = 1},
    {.name = "ports",
     .type = VALUE_LIST,
     .description = "Ports and protocols; all when left out",
     .item = &port_item,
     .minimum = 1},
    {.name = "http",
     .type = VALUE_MAP,
     .description = "Only these HTTP requests",
     .members = http_members,
     .needs = NEEDS_HTTP,
     .is_demand = true},
    {.name = "mcp",
     .type = VALUE_MAP,
     .description = "Only these tools of an MCP server",
     .members = mcp_members,
     .needs = NEEDS_HTTP,
     .is_demand = true},
    END,
};
static const struct member allow_item = {.type = VALUE_MAP,
                                         .members = rule_members,
                                         .open = store_rule_open,
                                         .detail = 1};
static const struct member deny_item = {.type = VALUE_MAP,
                                        .members = rule_members,
                                        .open = store_rule_open,
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
    END,
};
const struct member runtime_members[] = {
    {.name = "networkProxy",
     .type = VALUE_URL,
     .description = "HTTP proxy on the host's loopback that is the only way out",
     .store = store_proxy},
    END,
};
