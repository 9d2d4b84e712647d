/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules out of a sealed memory file. Sealed, because it is read more than once and whoever holds it could change it.
 *
 * System calls: fcntl (F_GET_SEALS), pread64.
 */
#include "gateway/ruleset.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>

#include "net/inside.h"
#include "worker/start.h"

static bool grants_port(const struct net_rule *rule, unsigned port)
{
    if (rule->port_count == 0)
        return true;
    for (size_t i = 0; i < rule->port_count; i++)
        if (rule->ports[i].protocol != NET_ICMP && rule->ports[i].first <= port && port <= rule->ports[i].last)
            return true;
    return false;
}

/* Blocks that an allow rule names without a name, with port 53 among its ports. */
static int collect_resolvers(struct ruleset *set, const struct net_rule *rule, struct error *err)
{
    if (!grants_port(rule, NET_INSIDE_DNS_PORT))
        return 0;
    for (size_t i = 0; i < rule->peer_count; i++) {
        const struct net_peer *peer = &rule->peers[i];
        struct blocks *blocks = &set->resolvers[peer->block.family == AF_INET6];
        struct net_block *block;

        if (peer->host || !peer->has_block)
            continue;
        block = arena_append(set->arena, blocks->items, blocks->count);
        if (!block)
            return error_memory(err);
        *block = peer->block;
    }
    return 0;
}

static bool names_ping(const struct net_rule *rule)
{
    for (size_t i = 0; i < rule->port_count; i++)
        if (rule->ports[i].protocol == NET_ICMP)
            return true;
    return false;
}

static int derive_ping(struct ruleset *set, struct error *err)
{
    struct ports ping = {0};
    int status = net_reachable_ports(set->rules, set->arena, NET_ICMP, &ping.items, &ping.count, err);

    set->has_ping = status == 0 && ping.count;
    for (size_t i = 0; i < set->rules->layer_count && set->has_ping; i++)
        for (size_t j = 0; j < set->rules->layers[i].allow_count; j++)
            set->names_ping |= names_ping(&set->rules->layers[i].allow[j]);
    return status;
}

/* What somebody is asked about has to come here first, as if everything were granted. */
static int everything(struct ruleset *set, struct net_rules *ret_rules, struct error *err)
{
    const struct net_rules *rules = set->rules;
    struct net_layer *layer = arena_alloc(set->arena, sizeof(*layer));

    if (!layer)
        return error_memory(err);
    *layer = (struct net_layer){.is_open = true, .where = ""};
    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].allow_count; j++) {
            struct net_rule *rule = arena_append(set->arena, layer->allow, layer->allow_count);

            if (!rule)
                return error_memory(err);
            *rule = rules->layers[i].allow[j];
        }
    *ret_rules = (struct net_rules){.layers = layer, .layer_count = 1};
    return 0;
}

static int derive(struct ruleset *set, struct error *err)
{
    struct net_rules all = *set->rules;
    int status = derive_ping(set, err);

    if (status == 0 && set->rules->is_asked)
        status = everything(set, &all, err);
    for (unsigned i = 0; i < 2 && status == 0; i++)
        status = net_reachable_blocks(&all, set->arena, i ? AF_INET6 : AF_INET, &set->reachable[i].items,
                                      &set->reachable[i].count, err);
    if (status == 0)
        status = net_reachable_ports(&all, set->arena, NET_TCP, &set->tcp.items, &set->tcp.count, err);
    if (status == 0)
        status = net_reachable_ports(set->rules, set->arena, NET_UDP, &set->udp.items, &set->udp.count, err);
    for (size_t i = 0; i < set->rules->layer_count && status == 0; i++)
        for (size_t j = 0; j < set->rules->layers[i].allow_count && status == 0; j++)
            status = collect_resolvers(set, &set->rules->layers[i].allow[j], err);
    return status;
}

int ruleset_read(int fd, bool is_asked, struct ruleset **ret_ruleset, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    struct ruleset *set = arena ? arena_alloc(arena, sizeof(*set)) : NULL;
    auto_free char *record = NULL;
    size_t size;
    int status;

    if (!set)
        return error_memory(err);
    set->arena = arena;
    status = worker_read_sealed(fd, NET_RECORD_MAX, "the rules", &record, &size, err);
    if (status == 0)
        status = net_rules_read(arena, record, size, &set->rules, err);
    if (status == 0)
        set->rules->is_asked = is_asked;
    if (status == 0)
        net_rules_end(set->rules, net_rules_now_ms(set->rules), NULL, NULL);
    if (status == 0)
        status = derive(set, err);
    if (status < 0)
        return status;
    arena = NULL;
    *ret_ruleset = set;
    return 0;
}

void ruleset_free(struct ruleset *ruleset)
{
    if (ruleset)
        arena_free(ruleset->arena);
}

/* ---- is all of one within the other ---- */

static struct net_block half_of(const struct net_block *block, unsigned upper)
{
    struct net_block half = *block;

    half.prefix++;
    if (upper)
        half.address[block->prefix / 8] |= (unsigned char)(0x80u >> block->prefix % 8);
    return half;
}

/* Halved only while some block of `held` lies within: as often as the longest prefix has bits, once a block at most. */
static bool covers_block(const struct blocks *held, const struct net_block *wanted)
{
    bool has_part = false;

    for (size_t i = 0; i < held->count; i++) {
        if (net_block_contains(&held->items[i], wanted))
            return true;
        has_part |= net_block_contains(wanted, &held->items[i]);
    }
    if (!has_part)
        return false;
    for (unsigned upper = 0; upper < 2; upper++) {
        struct net_block half = half_of(wanted, upper);

        if (!covers_block(held, &half))
            return false;
    }
    return true;
}

/* Disjoint and ascending; neighbours may touch. */
static bool covers_ports(const struct ports *held, const struct net_ports *wanted)
{
    unsigned at = wanted->first;

    for (size_t i = 0; i < held->count; i++)
        if (held->items[i].first <= at && at <= held->items[i].last)
            at = held->items[i].last + 1u;
    return at > wanted->last;
}

static bool has_door(const struct net_door *doors, size_t count, const struct net_door *door)
{
    for (size_t i = 0; i < count; i++)
        if (doors[i].port == door->port && doors[i].to_port == door->to_port)
            return true;
    return false;
}

static int refuse(struct error *err, const char *what)
{
    return error_set(err, ERROR_UNENFORCEABLE, EOPNOTSUPP,
                     "the new rules grant %s that was not captured when the container started; start it anew", what);
}

int ruleset_check_doors(const struct ruleset *held, const struct ruleset *wanted, struct error *err)
{
    for (size_t i = 0; i < wanted->rules->inward_count; i++)
        if (!has_door(held->rules->inward, held->rules->inward_count, &wanted->rules->inward[i]))
            return refuse(err, "a port of the host");
    for (size_t i = 0; i < wanted->rules->outward_count; i++)
        if (!has_door(held->rules->outward, held->rules->outward_count, &wanted->rules->outward[i]))
            return refuse(err, "a port of the host's loopback");
    return 0;
}

int ruleset_check_within(const struct ruleset *held, const struct ruleset *wanted, struct error *err)
{
    for (unsigned i = 0; i < 2; i++)
        for (size_t j = 0; j < wanted->reachable[i].count; j++)
            if (!covers_block(&held->reachable[i], &wanted->reachable[i].items[j]))
                return refuse(err, "an address");
    for (unsigned i = 0; i < 2; i++)
        for (size_t j = 0; j < wanted->resolvers[i].count; j++)
            if (!covers_block(&held->resolvers[i], &wanted->resolvers[i].items[j]))
                return refuse(err, "a resolver");
    for (size_t i = 0; i < wanted->tcp.count; i++)
        if (!covers_ports(&held->tcp, &wanted->tcp.items[i]))
            return refuse(err, "a TCP port");
    for (size_t i = 0; i < wanted->udp.count; i++)
        if (!covers_ports(&held->udp, &wanted->udp.items[i]))
            return refuse(err, "a UDP port");
    return 0;
}
