/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and questions from bytes or a seed. */
#include "generate.h"

#include <string.h>
#include <sys/socket.h>

static const char *const hosts[] = {"a.test", "b.test", "*.a.test", "x.a.test", "*.x.a.test"};
static const char *const names[] = {"a.test", "b.test", "x.a.test", "y.a.test", "z.x.a.test", "c.test", NULL};
static const char *const blocks[] = {
    "0.0.0.0/0", "::/0", "0.0.0.0/1", "128.0.0.0/1", "10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "93.184.216.0/24",
    "93.184.216.34", "93.184.216.32/30", "127.0.0.0/8", "127.0.0.1", "169.0.0.0/8", "169.254.0.0/16", "169.254.169.254",
    "100.64.0.0/10", "100.100.100.200", "168.63.129.16/30", "192.0.0.0/24", "192.168.0.0/16", "224.0.0.0/4", "0.0.0.0/8",
    "2000::/3", "2606:2800::/32", "2606:2800::34", "fc00::/7", "fd00:ec2::/32", "fd00:ec2::254", "fe80::/10", "fe80::/64",
    "64:ff9b::/96", "64:ff9b::a9fe:0/112", "64:ff9b::a00:0/104", "64:ff9b:1::/48", "2002::/16", "2002:a9fe::/32",
    "2002:7f00::/24", "2001::/32", "2606:2800::5efe:a00:0/104", "::ffff:0.0.0.0/96", "::ffff:10.0.0.0/104",
    "::ffff:169.254.0.0/112", "::/96", "::1", "ff00::/8",
};
static const uint16_t ports[] = {1, 22, 53, 80, 443, 444, 65535};

const char *const *generate_names(void)
{
    return names;
}

unsigned source_below(struct source *source, unsigned limit)
{
    uint64_t mixed;

    if (source->data) {
        if (!source->size)
            return 0;
        source->size--;
        return *source->data++ % limit;
    }
    mixed = source->seed += 0x9e3779b97f4a7c15u; /* splitmix64 */
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9u;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
    return (unsigned)((mixed ^ (mixed >> 31)) % limit);
}

static struct net_block any_block(struct source *source)
{
    struct net_block block = {0};

    if (net_block_parse(blocks[source_below(source, ARRAY_COUNT(blocks))], &block, NULL) < 0)
        __builtin_trap();
    return block;
}

static bool add_peer(struct arena *arena, struct source *source, struct net_rule *rule, bool may_name)
{
    struct net_peer *peer = arena_append(arena, rule->peers, rule->peer_count);
    unsigned kind = source_below(source, 5);

    if (!peer)
        return false;
    if (may_name && kind < 3)
        peer->host = hosts[source_below(source, ARRAY_COUNT(hosts))];
    peer->has_block = !peer->host || kind == 0;
    if (!peer->has_block)
        return true;
    peer->block = any_block(source);
    for (unsigned i = source_below(source, 3); i > 0; i--) {
        struct net_block except = any_block(source), *added;

        if (!net_block_contains(&peer->block, &except) || except.prefix == peer->block.prefix)
            continue;
        added = arena_append(arena, peer->except, peer->except_count);
        if (!added)
            return false;
        *added = except;
    }
    return true;
}

static bool add_ports(struct arena *arena, struct source *source, struct net_rule *rule)
{
    struct net_ports *added = arena_append(arena, rule->ports, rule->port_count);
    uint16_t one, two;

    if (!added)
        return false;
    *added = (struct net_ports){.last = UINT16_MAX, .protocol = (enum net_protocol)source_below(source, 4)};
    if (added->protocol == NET_ICMP || source_below(source, 2) == 0)
        return true;
    one = ports[source_below(source, ARRAY_COUNT(ports))];
    two = ports[source_below(source, ARRAY_COUNT(ports))];
    added->has_port = true;
    added->first = one < two ? one : two;
    added->last = one < two ? two : one;
    return true;
}

static bool add_rule(struct arena *arena, struct source *source, struct net_rule **rules, size_t *count, unsigned parts,
                     bool is_deny)
{
    struct net_rule *rule = arena_append(arena, *rules, *count);
    bool is_good = rule;

    if (!rule)
        return false;
    /* A rule about everybody would end most questions. */
    for (unsigned i = source_below(source, is_deny ? 8 : 4) ? 1 + source_below(source, 3) : 0; i > 0 && is_good; i--)
        is_good = add_peer(arena, source, rule, !is_deny || (parts & GENERATE_DENIED_NAMES));
    if (is_good && !is_deny && rule->peer_count && (parts & GENERATE_REQUESTS) && source_below(source, 2))
        rule->peers[0] = (struct net_peer){.host = hosts[source_below(source, 3)]}; /* meets more of what is asked */
    for (unsigned i = (parts & GENERATE_PORTS) ? source_below(source, 3) : 0; i > 0 && is_good; i--)
        is_good = add_ports(arena, source, rule);
    if (is_good && (parts & GENERATE_REQUESTS))
        is_good = generate_narrow(arena, source, rule, is_deny);
    rule->where = arena_printf(arena, "%s %zu", is_deny ? "deny" : "allow", *count);
    return is_good && rule->where;
}

struct net_rules *generate_rules(struct arena *arena, struct source *source, unsigned layers_max, unsigned parts)
{
    struct net_rules *rules = arena_alloc(arena, sizeof(*rules));
    bool is_good = rules && (!(parts & GENERATE_REQUESTS) || generate_lists(arena, rules));

    for (unsigned i = 1 + source_below(source, layers_max); i > 0 && is_good; i--) {
        struct net_layer *layer = arena_append(arena, rules->layers, rules->layer_count);

        if (!layer)
            return NULL;
        layer->is_open = source_below(source, 4) == 0;
        layer->only_denies = layer->is_open && source_below(source, 2) == 0;
        layer->where = source_below(source, 2) ? "default" : NULL;
        for (unsigned j = layer->only_denies ? 0 : source_below(source, 4); j > 0 && is_good; j--)
            is_good = add_rule(arena, source, &layer->allow, &layer->allow_count, parts, false);
        for (unsigned j = source_below(source, 6) / 3; j > 0 && is_good; j--)
            is_good = add_rule(arena, source, &layer->deny, &layer->deny_count, parts, true);
    }
    return is_good ? rules : NULL;
}

/* The first or last address of a block, or one beside it: where mistakes are. */
static struct net_address edge(struct source *source, const struct net_block *block)
{
    struct net_address address = {.family = block->family};
    unsigned size = block->family == AF_INET ? 4 : 16, side = source_below(source, 5), step = side >= 3;

    memcpy(address.bytes, block->address, size);
    for (unsigned bit = block->prefix; bit < size * 8 && side % 2; bit++)
        address.bytes[bit / 8] |= (unsigned char)(0x80 >> bit % 8);
    for (unsigned i = size; i-- > 0 && step;) { /* the next one, or the one before */
        address.bytes[i] = (unsigned char)(address.bytes[i] + (side % 2 ? 1 : -1));
        step = address.bytes[i] == (side % 2 ? 0 : 0xff);
    }
    if (side == 2 && size == 16)
        address.bytes[15] = 0x34;
    return address;
}

static struct net_address any_address(struct source *source, const struct net_rules *rules)
{
    struct net_block block = any_block(source);
    const struct net_layer *layer = &rules->layers[source_below(source, (unsigned)rules->layer_count)];

    if (layer->allow_count && source_below(source, 2)) {
        const struct net_rule *rule = &layer->allow[source_below(source, (unsigned)layer->allow_count)];

        if (rule->peer_count && rule->peers[0].has_block)
            block = rule->peers[0].block;
        else if (net_block_parse(source_below(source, 2) ? "93.184.216.34" : "2606:2800::34", &block, NULL) < 0)
            __builtin_trap();
    }
    return edge(source, &block);
}

struct net_question *generate_question(struct arena *arena, struct source *source, const struct net_rules *rules)
{
    struct net_question *question = arena_alloc(arena, sizeof(*question));
    const char **given = arena_alloc(arena, 3 * sizeof(*given));

    if (!question || !given)
        return NULL;
    question->protocol = (enum net_protocol)(NET_TCP + source_below(source, 3));
    if (rules->layer_count)
        question->address = any_address(source, rules);
    question->port = question->protocol == NET_ICMP ? 0 : ports[source_below(source, ARRAY_COUNT(ports))];
    question->is_own = source_below(source, 8) == 0;
    question->name_count = source_below(source, 4);
    for (size_t i = 0; i < question->name_count; i++)
        given[i] = names[source_below(source, ARRAY_COUNT(names) - 1)];
    question->names = given;
    question->said = (enum net_said)source_below(source, NET_SAID_NO_NAME + 1);
    if (question->said == NET_SAID_NAME)
        question->name = names[source_below(source, ARRAY_COUNT(names) - 1)];
    return !rules->program_count || generate_request(arena, source, question) ? question : NULL;
}
