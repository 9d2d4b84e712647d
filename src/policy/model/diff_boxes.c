/* SPDX-License-Identifier: Apache-2.0 */
/* Classes of addresses and cells of ports: what there is to ask about one name. */
#include "policy/model/diff_boxes.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/match.h"

/* Blocks times ranges of addresses. */
#define CLASSES_WORK_MAX ((size_t)20 * 1000 * 1000)

struct blocks {
    struct arena *arena;
    struct net_block *items;
    size_t count;
    struct states seen;
};

static int add_block(struct blocks *blocks, const struct net_block *block)
{
    struct net_block *added;
    size_t before = blocks->seen.count, index;
    uint64_t key[4];
    int status;

    key[0] = (uint64_t)(unsigned)block->family << 32 | block->prefix;
    key[1] = 0;
    memcpy(key + 2, block->address, sizeof(block->address));
    status = states_add(&blocks->seen, key, ARRAY_COUNT(key), "", &index);
    if (status < 0 || index < before)
        return status;
    added = arena_append(blocks->arena, blocks->items, blocks->count);
    if (!added)
        return -ENOMEM;
    *added = *block;
    return 0;
}

static int add_rules(struct blocks *blocks, const struct net_rule *rules, size_t count)
{
    int status = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < rules[i].peer_count; j++) {
            const struct net_peer *peer = &rules[i].peers[j];

            if (peer->has_block && status == 0)
                status = add_block(blocks, &peer->block);
            for (size_t k = 0; k < peer->except_count && status == 0; k++)
                status = add_block(blocks, &peer->except[k]);
        }
    return status;
}

static int list_blocks(struct blocks *blocks, const struct net_rules *rules)
{
    int status = 0;

    for (size_t i = 0; i < rules->layer_count && status == 0; i++) {
        status = add_rules(blocks, rules->layers[i].allow, rules->layers[i].allow_count);
        if (status == 0)
            status = add_rules(blocks, rules->layers[i].deny, rules->layers[i].deny_count);
    }
    return status;
}

/* What rules can see of an address: what it is, and which blocks have it or what it embeds. */
static struct address_class look_at_address(const struct blocks *blocks, int family, const unsigned char bytes[16], bool is_own,
                                            uint64_t *key)
{
    struct net_question question = {.protocol = NET_TCP, .port = 1, .address = {.family = family}, .is_own = is_own};
    struct address_class class = {.family = family, .is_own = is_own};
    struct net_view view;

    memcpy(question.address.bytes, bytes, 16);
    memcpy(class.address, bytes, 16);
    view = net_view_of(&question);
    class.is_never = view.is_never;
    class.has_inner = view.has_inner;
    memcpy(class.inner, view.inner.bytes, sizeof(class.inner));
    class.is_ordinary = !view.is_never && !view.is_private && !view.prefix_min;
    key[0] = (uint64_t)view.prefix_min << 3 | (uint64_t)view.is_private << 2 | (uint64_t)view.has_inner << 1 | view.is_never;
    for (size_t i = 0; i < blocks->count && !view.is_never; i++) {
        uint64_t *word = &key[1 + i / 32];

        if (net_block_has(&blocks->items[i], &view.address))
            *word |= (uint64_t)1 << (i % 32);
        if (view.has_inner && net_block_has(&blocks->items[i], &view.inner))
            *word |= (uint64_t)1 << (32 + i % 32);
    }
    return class;
}

static int add_class(struct boxes *boxes, const struct address_class *class)
{
    struct address_class *added = arena_append(boxes->differ->arena, boxes->classes, boxes->class_count);

    if (!added)
        return -ENOMEM;
    *added = *class;
    return 0;
}

static int find_family(struct boxes *boxes, const struct blocks *blocks, struct states *seen, int which, uint64_t *key,
                       size_t words)
{
    int family = which ? AF_INET6 : AF_INET, status = 0;
    size_t count = boxes->cuts.address_count[which];

    boxes->class_of[which] = arena_alloc(boxes->differ->arena, (count + 1) * sizeof(*boxes->class_of[which]));
    if (!boxes->class_of[which])
        return -ENOMEM;
    for (size_t i = 0; i < count && status == 0; i++) {
        size_t before = seen->count;
        struct address_class class;

        memset(key, 0, words * sizeof(*key));
        class = look_at_address(blocks, family, boxes->cuts.addresses[which][i].bytes, false, key);
        status = states_add(seen, key, words, "", &boxes->class_of[which][i]);
        if (status == 0 && seen->count > before)
            status = add_class(boxes, &class);
    }
    return status;
}

/* An address that a rule names may be one of the host's own, which is a class by itself. */
static int find_own(struct boxes *boxes, const struct blocks *blocks, uint64_t *key)
{
    int status = 0;

    for (int which = 0; which < 2; which++)
        for (size_t i = 0; i < boxes->cuts.address_count[which] && status == 0; i++) {
            const struct cut_address *address = &boxes->cuts.addresses[which][i];
            struct address_class class;

            if (!address->may_be_own)
                continue;
            class = look_at_address(blocks, which ? AF_INET6 : AF_INET, address->bytes, true, key);
            status = add_class(boxes, &class);
        }
    return status;
}

int boxes_find_classes(struct boxes *boxes)
{
    struct arena *arena = boxes->differ->arena;
    struct blocks blocks = {.arena = arena, .seen = {.arena = arena}};
    struct states seen = {.arena = arena};
    size_t words, work;
    uint64_t *key;
    int status = list_blocks(&blocks, boxes->rules[0]);

    if (status == 0)
        status = list_blocks(&blocks, boxes->rules[1]);
    words = 2 + blocks.count / 32;
    key = status == 0 ? arena_alloc(arena, words * sizeof(*key)) : NULL;
    if (!key)
        return status < 0 ? status : -ENOMEM;
    if (__builtin_mul_overflow(boxes->cuts.address_count[0] + boxes->cuts.address_count[1], blocks.count + 8, &work) ||
        work > CLASSES_WORK_MAX)
        return -E2BIG;
    for (int which = 0; which < 2 && status == 0; which++)
        status = find_family(boxes, &blocks, &seen, which, key, words);
    return status < 0 ? status : find_own(boxes, &blocks, key);
}

/* ---- ports ---- */

struct ports {
    struct arena *arena;
    uint16_t *items; /* where cells begin */
    size_t count;
};

static int add_port(struct ports *ports, unsigned port)
{
    uint16_t *added;

    if (port < 1 || port > 65535)
        return 0;
    for (size_t i = 0; i < ports->count; i++)
        if (ports->items[i] == port)
            return 0;
    added = arena_append(ports->arena, ports->items, ports->count);
    if (!added)
        return -ENOMEM;
    *added = (uint16_t)port;
    return 0;
}

static int add_ports_of(struct ports *ports, const struct net_rule *rules, size_t count)
{
    int status = 0;

    for (size_t i = 0; i < count; i++)
        for (size_t j = 0; j < rules[i].port_count && status == 0; j++) {
            if (!rules[i].ports[j].has_port)
                continue;
            status = add_port(ports, rules[i].ports[j].first);
            if (status == 0)
                status = add_port(ports, rules[i].ports[j].last + 1u);
        }
    return status;
}

static int compare_ports(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

static int add_cell(struct arena *arena, struct host_boxes *of, enum net_protocol protocol, uint16_t first, uint16_t last)
{
    struct port_cell *cell = arena_append(arena, of->cells, of->cell_count);

    if (!cell)
        return -ENOMEM;
    *cell = (struct port_cell){.protocol = protocol, .first = first, .last = last};
    return 0;
}

int boxes_list_ports(struct arena *arena, struct host_boxes *of)
{
    struct ports ports = {.arena = arena};
    int status = add_port(&ports, 1);

    for (size_t i = 0; i < 2; i++)
        for (size_t j = 0; j < of->rules[i].layer_count && status == 0; j++) {
            const struct net_layer *layer = &of->rules[i].layers[j];

            status = add_ports_of(&ports, layer->allow, layer->allow_count);
            if (status == 0)
                status = add_ports_of(&ports, layer->deny, layer->deny_count);
        }
    if (status < 0)
        return status;
    qsort(ports.items, ports.count, sizeof(*ports.items), compare_ports);
    for (enum net_protocol protocol = NET_TCP; protocol <= NET_UDP; protocol++)
        for (size_t i = 0; i < ports.count && status == 0; i++)
            status = add_cell(arena, of, protocol, ports.items[i],
                              i + 1 < ports.count ? (uint16_t)(ports.items[i + 1] - 1) : 65535);
    return status < 0 ? status : add_cell(arena, of, NET_ICMP, 0, 0);
}

int boxes_note(struct boxes *boxes, struct port_cell *cell, size_t class, size_t outcome)
{
    struct cell_class *added = arena_append(boxes->differ->arena, cell->classes, cell->class_count);

    if (!added)
        return -ENOMEM;
    *added = (struct cell_class){class, outcome};
    return 0;
}
