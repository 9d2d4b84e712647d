/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What any rule could grant, as blocks. Exact for addresses alone: what is granted only at some port, by a name that nobody
 * asks for, or is the host's own is in it nevertheless, and judged when somebody dials it.
 */
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "net/match.h"
#include "net/ranges.h"
#include "net/special.h"

#define BLOCKS_MAX 4096 /* routes in the kernel, made one by one when a container starts */

/* ---- addresses as numbers ---- */

static unsigned family_bits(int family)
{
    return family == AF_INET ? 32 : 128;
}

/* The numbers of so many low bits. */
static net_number low_bits(unsigned bits)
{
    return bits >= 128 ? ~(net_number)0 : ((net_number)1 << bits) - 1;
}

static int add_block(struct arena *arena, struct net_ranges *set, const struct net_block *block)
{
    net_number first = 0;

    for (unsigned i = 0; i < family_bits(block->family) / 8; i++)
        first = first << 8 | block->address[i];
    return net_ranges_add(arena, set, first, first | low_bits(family_bits(block->family) - block->prefix));
}

/* What a peer's block has without its exceptions. Nothing where it is of the other family. */
static int peer_ranges(struct arena *arena, const struct net_peer *peer, int family, struct net_ranges *ret_ranges)
{
    struct net_block block = net_block_unmapped(&peer->block);
    struct net_ranges whole = {0}, except = {0};
    int status;

    if (block.family != family) {
        *ret_ranges = whole;
        return 0;
    }
    status = add_block(arena, &whole, &block);
    for (size_t i = 0; i < peer->except_count && status == 0; i++) {
        struct net_block out = net_block_unmapped(&peer->except[i]);

        if (out.family == family)
            status = add_block(arena, &except, &out);
    }
    net_ranges_settle(&except);
    return status < 0 ? status : net_ranges_minus(arena, &whole, &except, ret_ranges);
}

/* ---- what is special ---- */

struct space {
    int family;
    enum net_protocol protocol; /* NET_ANY: any */
    struct net_ranges public, ordinary, usable; /* by a name alone; by any block; at all */
};

static bool is_usable(enum net_address_class class)
{
    return class != NET_UNUSABLE && class != NET_LOOPBACK;
}

static bool is_ordinary(enum net_address_class class)
{
    return class == NET_PUBLIC || class == NET_PRIVATE;
}

static bool is_public(enum net_address_class class)
{
    return class == NET_PUBLIC;
}

/*
 * The rows are painted over each other, the one that counts last. Metadata services are as what surrounds them: most are
 * single addresses, each would take some twenty routes to be left out, and they are judged when somebody dials them.
 */
static int class_ranges(struct arena *arena, int family, bool (*is_meant)(enum net_address_class class),
                        struct net_ranges *ret_ranges)
{
    size_t count;
    const struct net_special *rows = net_special_rows(&count);
    struct net_ranges set = {0}, row;
    int status = net_ranges_add(arena, &set, 0, low_bits(family_bits(family))); /* in no row: public */

    while (count-- && status == 0) {
        if (rows[count].block.family != family || rows[count].class == NET_METADATA)
            continue;
        row = (struct net_ranges){0};
        status = add_block(arena, &row, &rows[count].block);
        if (status == 0)
            status = net_ranges_minus(arena, &set, &row, &set);
        if (status == 0 && is_meant(rows[count].class))
            status = net_ranges_add(arena, &set, row.items[0].first, row.items[0].last);
        net_ranges_settle(&set);
    }
    if (status == 0)
        *ret_ranges = set;
    return status;
}

static int space_init(struct space *space, struct arena *arena, enum net_protocol protocol, int family)
{
    int status;

    space->family = family;
    space->protocol = protocol;
    status = class_ranges(arena, family, is_public, &space->public);
    if (status == 0)
        status = class_ranges(arena, family, is_ordinary, &space->ordinary);
    return status < 0 ? status : class_ranges(arena, family, is_usable, &space->usable);
}

/* Link-local addresses are granted by what lies among them alone. */
static bool lies_in_link_local(const struct net_block *block)
{
    struct net_block inner = net_block_unmapped(block);
    size_t count;
    const struct net_special *rows = net_special_rows(&count);

    for (size_t i = 0; i < count; i++)
        if (rows[i].class == NET_LINK_LOCAL && net_block_contains(&rows[i].block, &inner))
            return true;
    return false;
}

/* ---- rules ---- */

static int add_all(struct arena *arena, struct net_ranges *set, const struct net_ranges *more)
{
    int status = 0;

    for (size_t i = 0; i < more->count && status == 0; i++)
        status = net_ranges_add(arena, set, more->items[i].first, more->items[i].last);
    return status;
}

static int add_peer(struct arena *arena, const struct space *space, const struct net_peer *peer, struct net_ranges *set)
{
    struct net_ranges ranges = {0};
    int status;

    if (!peer->has_block)
        return peer->host ? add_all(arena, set, &space->public) : 0;
    status = peer_ranges(arena, peer, space->family, &ranges);
    if (status == 0 && !lies_in_link_local(&peer->block))
        status = net_ranges_both(arena, &ranges, &space->ordinary, &ranges);
    return status < 0 ? status : add_all(arena, set, &ranges);
}

/* What one layer could grant. */
static int layer_ranges(struct arena *arena, const struct space *space, const struct net_layer *layer,
                        struct net_ranges *ret_ranges)
{
    struct net_ranges set = {0};
    int status = layer->is_open ? add_all(arena, &set, &space->ordinary) : 0;

    for (size_t i = 0; i < layer->allow_count && status == 0; i++) {
        const struct net_rule *rule = &layer->allow[i];

        if (!net_rule_is_about(rule, space->protocol))
            continue;
        if (!rule->peer_count)
            status = add_all(arena, &set, &space->ordinary);
        for (size_t j = 0; j < rule->peer_count && status == 0; j++)
            status = add_peer(arena, space, &rule->peers[j], &set);
    }
    net_ranges_settle(&set);
    if (status == 0)
        *ret_ranges = set;
    return status;
}

/* What deny rules take away whatever is asked. */
static int denied_ranges(struct arena *arena, const struct space *space, const struct net_layer *layer,
                         struct net_ranges *set)
{
    int status = 0;

    for (size_t i = 0; i < layer->deny_count && status == 0; i++) {
        const struct net_rule *rule = &layer->deny[i];

        if (!net_rule_is_complete(rule, space->protocol))
            continue;
        if (!rule->peer_count)
            status = net_ranges_add(arena, set, 0, low_bits(family_bits(space->family)));
        for (size_t j = 0; j < rule->peer_count && status == 0; j++) {
            struct net_ranges ranges = {0};

            if (rule->peers[j].host || !rule->peers[j].has_block)
                continue;
            status = peer_ranges(arena, &rule->peers[j], space->family, &ranges);
            if (status == 0)
                status = add_all(arena, set, &ranges);
        }
    }
    return status;
}

static int reachable_ranges(struct arena *arena, const struct space *space, const struct net_rules *rules,
                            struct net_ranges *ret_ranges)
{
    struct net_ranges left = {0}, layer = {0}, denied = {0};
    int status = rules->layer_count ? add_all(arena, &left, &space->usable) : 0;

    for (size_t i = 0; i < rules->layer_count && status == 0; i++) {
        if (!rules->layers[i].only_denies) {
            status = layer_ranges(arena, space, &rules->layers[i], &layer);
            if (status == 0)
                status = net_ranges_both(arena, &left, &layer, &left);
        }
        if (status == 0)
            status = denied_ranges(arena, space, &rules->layers[i], &denied);
    }
    net_ranges_settle(&denied);
    return status < 0 ? status : net_ranges_minus(arena, &left, &denied, ret_ranges);
}

/* ---- as blocks ---- */

/* The widest block that begins with `first` and ends before `last`: its free bits. */
static unsigned widest(net_number first, net_number last, unsigned bits)
{
    unsigned free_bits = 0;

    while (free_bits < bits && !(first & low_bits(free_bits + 1)) && (first | low_bits(free_bits + 1)) <= last)
        free_bits++;
    return free_bits;
}

static struct net_block block_of(int family, net_number first, unsigned free_bits)
{
    struct net_block block = {.family = family, .prefix = family_bits(family) - free_bits};

    for (unsigned i = family_bits(family) / 8; i-- > 0; first >>= 8)
        block.address[i] = (unsigned char)first;
    return block;
}

/* How many blocks, written to `blocks` where that is not NULL; counting ends behind BLOCKS_MAX. */
static size_t to_blocks(const struct net_ranges *set, int family, struct net_block *blocks)
{
    size_t count = 0;

    for (size_t i = 0; i < set->count; i++) {
        net_number first = set->items[i].first, last = set->items[i].last, end;

        do {
            unsigned free_bits = widest(first, last, family_bits(family));

            if (count > BLOCKS_MAX)
                return count;
            if (blocks)
                blocks[count] = block_of(family, first, free_bits);
            count++;
            end = first | low_bits(free_bits);
            first = end + 1;
        } while (end != last);
    }
    return count;
}

/* Every range widened to whole blocks with so many free bits, but for what is never reached. */
static int coarsen(struct arena *arena, const struct space *space, const struct net_ranges *set, unsigned free_bits,
                   struct net_ranges *ret_set)
{
    struct net_ranges wide = {0};
    int status = 0;

    for (size_t i = 0; i < set->count && status == 0; i++)
        status = net_ranges_add(arena, &wide, set->items[i].first & ~low_bits(free_bits),
                                set->items[i].last | low_bits(free_bits));
    net_ranges_settle(&wide);
    return status < 0 ? status : net_ranges_both(arena, &wide, &space->usable, ret_set);
}

static int list_blocks(struct arena *arena, const struct net_ranges *set, int family, struct net_block **ret_blocks,
                       size_t *ret_count, struct error *err)
{
    struct net_block *blocks = arena_alloc(arena, to_blocks(set, family, NULL) * sizeof(*blocks));

    if (!blocks)
        return error_memory(err);
    *ret_count = to_blocks(set, family, blocks);
    *ret_blocks = blocks;
    return 0;
}

int net_other_blocks(const struct net_block *blocks, size_t count, struct arena *arena, int family,
                     struct net_block **ret_blocks, size_t *ret_count, struct error *err)
{
    struct net_ranges all = {0}, set = {0}, rest = {0};
    int status = net_ranges_add(arena, &all, 0, low_bits(family_bits(family)));

    for (size_t i = 0; i < count && status == 0; i++)
        if (blocks[i].family == family)
            status = add_block(arena, &set, &blocks[i]);
    net_ranges_settle(&set);
    if (status == 0)
        status = net_ranges_minus(arena, &all, &set, &rest);
    if (status < 0)
        return error_memory(err);
    if (to_blocks(&rest, family, NULL) > BLOCKS_MAX)
        return error_set(err, ERROR_LIMIT, E2BIG, "more than %d blocks of addresses", BLOCKS_MAX);
    return list_blocks(arena, &rest, family, ret_blocks, ret_count, err);
}

int net_reachable_blocks_by(const struct net_rules *rules, struct arena *arena, enum net_protocol protocol, int family,
                            struct net_block **ret_blocks, size_t *ret_count, struct error *err)
{
    struct space space;
    struct net_ranges exact = {0}, set = {0};
    size_t count;
    int status;

    if ((family != AF_INET && family != AF_INET6) || protocol < NET_ANY || protocol > NET_ICMP)
        return error_set(err, ERROR_INTERNAL, EINVAL, "no blocks of address family %d, protocol %d", family, (int)protocol);
    status = space_init(&space, arena, protocol, family);
    if (status == 0)
        status = reachable_ranges(arena, &space, rules, &exact);
    set = exact;
    for (unsigned free_bits = 1; status == 0; free_bits++) {
        count = to_blocks(&set, family, NULL);
        if (count <= BLOCKS_MAX)
            break;
        status = coarsen(arena, &space, &exact, free_bits, &set);
    }
    return status < 0 ? error_memory(err) : list_blocks(arena, &set, family, ret_blocks, ret_count, err);
}

int net_reachable_blocks(const struct net_rules *rules, struct arena *arena, int family, struct net_block **ret_blocks,
                         size_t *ret_count, struct error *err)
{
    return net_reachable_blocks_by(rules, arena, NET_ANY, family, ret_blocks, ret_count, err);
}
