/* SPDX-License-Identifier: Apache-2.0 */
/* Network rules: what the members of a rule must be together. */
#include <string.h>

#include "policy/read/reader.h"

int store_network_open(struct reader *reader, const struct member *member unused_arg,
                       const struct place *place, const struct value *value unused_arg)
{
    reader->document->network.is_set = true;
    return reader_origin(reader, place, &reader->document->network.origin);
}

int store_rule_open(struct reader *reader, const struct member *member, const struct place *place,
                    const struct value *value unused_arg)
{
    struct network *network = &reader->document->network;
    struct egress_rule *rule = member->detail
                                   ? arena_append(reader->arena, network->allow, network->allow_count)
                                   : arena_append(reader->arena, network->deny, network->deny_count);
    int status = rule ? reader_origin(reader, place, &rule->origin) : error_memory(reader->err);

    if (status < 0)
        return status;
    reader->rule = rule;
    reader->requests = NULL;
    rule->rule.where = origin_text(reader->arena, &rule->origin);
    return rule->rule.where ? 0 : error_memory(reader->err);
}

int store_until(struct reader *reader, const struct member *member unused_arg, const struct place *place, const struct value *value)
{
    reader->rule->rule.until_ms = value->number;
    return reader_origin(reader, place, &reader->rule->until_origin);
}

int store_peer_open(struct reader *reader, const struct member *member unused_arg,
                    const struct place *place unused_arg, const struct value *value unused_arg)
{
    reader->peer = arena_append(reader->arena, reader->rule->rule.peers, reader->rule->rule.peer_count);
    return reader->peer ? 0 : error_memory(reader->err);
}

int store_cidr(struct reader *reader, const struct member *member unused_arg,
               const struct place *place, const struct value *value)
{
    if (net_block_parse(value->text, &reader->peer->block, reader->err) < 0)
        return reader_blame(reader, place);
    reader->peer->has_block = true;
    return 0;
}

/* The table has cidr before except, so the block is there. */
int store_except(struct reader *reader, const struct member *member unused_arg,
                 const struct place *place, const struct value *value)
{
    struct net_peer *peer = reader->peer;
    struct net_block *block = arena_append(reader->arena, peer->except, peer->except_count);

    if (!block)
        return error_memory(reader->err);
    if (net_block_parse(value->text, block, reader->err) < 0)
        return reader_blame(reader, place);
    if (!peer->has_block)
        return reader_refuse(reader, place, "'except' needs 'cidr' beside it");
    if (peer->block.family != block->family)
        return reader_refuse(reader, place, "'%.60s' is of another address family than 'cidr'",
                             value->text);
    if (!net_block_contains(&peer->block, block))
        return reader_refuse(reader, place, "'%.60s' is not inside 'cidr'", value->text);
    return 0;
}

int store_host(struct reader *reader, const struct member *member unused_arg,
               const struct place *place unused_arg, const struct value *value)
{
    reader->peer->host = value->text;
    return 0;
}

int store_peer_close(struct reader *reader, const struct member *member unused_arg,
                     const struct place *place, const struct value *value unused_arg)
{
    if (!reader->peer->host && !reader->peer->has_block)
        return reader_refuse(reader, place, "needs 'cidr' or 'host'");
    return 0;
}

static struct net_ports *last_ports(struct reader *reader)
{
    return &reader->rule->rule.ports[reader->rule->rule.port_count - 1];
}

int store_port_open(struct reader *reader, const struct member *member unused_arg,
                    const struct place *place unused_arg, const struct value *value unused_arg)
{
    struct net_ports *ports =
        arena_append(reader->arena, reader->rule->rule.ports, reader->rule->rule.port_count);

    if (!ports)
        return error_memory(reader->err);
    ports->last = UINT16_MAX;
    return 0;
}

int store_port(struct reader *reader, const struct member *member unused_arg,
               const struct place *place unused_arg, const struct value *value)
{
    struct net_ports *ports = last_ports(reader);

    ports->first = ports->last = (uint16_t)value->number;
    ports->has_port = true;
    return 0;
}

int store_end_port(struct reader *reader, const struct member *member unused_arg,
                   const struct place *place, const struct value *value)
{
    struct net_ports *ports = last_ports(reader);

    if (!ports->has_port)
        return reader_refuse(reader, place, "needs 'port' beside it");
    if (value->number < ports->first)
        return reader_refuse(reader, place, "%u is below 'port' (%u)", (unsigned)value->number,
                             (unsigned)ports->first);
    ports->last = (uint16_t)value->number;
    return 0;
}

int store_protocol(struct reader *reader, const struct member *member unused_arg,
                   const struct place *place unused_arg, const struct value *value)
{
    last_ports(reader)->protocol = (enum net_protocol)value->number;
    return 0;
}

int store_port_close(struct reader *reader, const struct member *member unused_arg,
                     const struct place *place, const struct value *value unused_arg)
{
    const struct net_ports *ports = last_ports(reader);

    if (ports->protocol == NET_ICMP && ports->has_port)
        return reader_refuse(reader, place, "icmp has no ports; leave 'port' out");
    return 0;
}
