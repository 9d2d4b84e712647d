/* SPDX-License-Identifier: Apache-2.0 */
/* Where rules of two policies cut the space of destinations. */
#include "policy/model/cuts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "net/special.h"

static int add_address(struct cuts *cuts, int family, const unsigned char bytes[16], bool may_be_own)
{
    int which = family == AF_INET ? 0 : 1;
    struct cut_address *added =
        arena_append(cuts->arena, cuts->addresses[which], cuts->address_count[which]);

    if (!added)
        return -ENOMEM;
    memcpy(added->bytes, bytes, 16);
    added->may_be_own = may_be_own;
    return 0;
}

/* The next address; false behind the last. */
static bool step_address(unsigned char bytes[16], int size)
{
    int i = size - 1;

    while (i >= 0 && bytes[i] == 0xff)
        bytes[i--] = 0;
    if (i < 0)
        return false;
    bytes[i]++;
    return true;
}

/* A denial holds for what embeds an address as well, so ranges end there too. */
static int add_embeddings(struct cuts *cuts, const unsigned char bytes[16])
{
    struct net_address inner = {.family = AF_INET}, outer;
    bool is_turned;
    int status = 0;

    memcpy(inner.bytes, bytes, 4);
    for (size_t i = 0; status == 0 && net_address_embedding(&inner, i, &outer, &is_turned); i++)
        if (!is_turned || step_address(outer.bytes, 16))
            status = add_address(cuts, AF_INET6, outer.bytes, false);
    return status;
}

static int add_block(struct cuts *cuts, const struct net_block *block)
{
    const struct net_block dialled = net_block_unmapped(block);
    unsigned char first[16], last[16];
    int size = dialled.family == AF_INET ? 4 : 16, status;

    block_bounds(&dialled, first, last);
    status = add_address(cuts, dialled.family, first, (int)dialled.prefix == 8 * size);
    if (status == 0 && size == 4)
        status = add_embeddings(cuts, first);
    if (status < 0 || !step_address(last, size))
        return status; /* nothing behind the last address */
    status = add_address(cuts, dialled.family, last, false);
    return status < 0 || size != 4 ? status : add_embeddings(cuts, last);
}

/* Whether an address is private, link-local ... counts beside the rules. */
static int add_special(struct cuts *cuts)
{
    size_t count;
    const struct net_special *rows = net_special_rows(&count);
    int status = 0;

    for (size_t i = 0; i < count && status == 0; i++)
        status = add_block(cuts, &rows[i].block);
    for (size_t i = 0; net_embedding_block(i) && status == 0; i++)
        status = add_block(cuts, net_embedding_block(i));
    return status;
}

static int add_port(struct cuts *cuts, unsigned port)
{
    uint16_t *added;

    if (port < 1 || port > 65535)
        return 0;
    for (size_t i = 0; i < cuts->port_count; i++)
        if (cuts->ports[i] == port)
            return 0;
    added = arena_append(cuts->arena, cuts->ports, cuts->port_count);
    if (!added)
        return -ENOMEM;
    *added = (uint16_t)port;
    return 0;
}

static int add_host(struct cuts *cuts, const char *host)
{
    return arena_append_once(cuts->arena, &cuts->hosts, &cuts->host_count, host);
}

static int add_rules(struct cuts *cuts, const struct egress_rule *rules, size_t count)
{
    int status = 0;

    for (size_t i = 0; i < count; i++) {
        const struct net_rule *rule = &rules[i].rule;

        for (size_t j = 0; j < rule->peer_count && status == 0; j++) {
            const struct net_peer *peer = &rule->peers[j];

            if (peer->host)
                status = add_host(cuts, peer->host);
            if (peer->has_block && status == 0)
                status = add_block(cuts, &peer->block);
            for (size_t k = 0; k < peer->except_count && status == 0; k++)
                status = add_block(cuts, &peer->except[k]);
            cuts->rule_count += 1 + peer->except_count;
        }
        for (size_t j = 0; j < rule->port_count && status == 0; j++) {
            const struct net_ports *ports = &rule->ports[j];

            if (ports->has_port)
                status = add_port(cuts, ports->first);
            if (ports->has_port && status == 0)
                status = add_port(cuts, ports->last + 1u);
        }
        cuts->rule_count += 1 + rule->port_count;
    }
    return status;
}

static int add_policy(struct cuts *cuts, const struct policy *policy)
{
    int status = 0;

    for (size_t i = 0; i < policy->layer_count && status == 0; i++) {
        const struct network *network = &policy->layers[i]->network;

        status = add_rules(cuts, network->allow, network->allow_count);
        if (status == 0)
            status = add_rules(cuts, network->deny, network->deny_count);
        cuts->rule_count++;
    }
    return status;
}

static int compare_addresses(const void *a, const void *b)
{
    return memcmp(a, b, 16);
}

static void sort_addresses(struct cuts *cuts, int which)
{
    struct cut_address *addresses = cuts->addresses[which];
    size_t kept = 1;

    qsort(addresses, cuts->address_count[which], sizeof(*addresses), compare_addresses);
    for (size_t i = 1; i < cuts->address_count[which]; i++) {
        if (memcmp(&addresses[i], &addresses[kept - 1], 16) != 0)
            addresses[kept++] = addresses[i];
        else
            addresses[kept - 1].may_be_own |= addresses[i].may_be_own;
    }
    cuts->address_count[which] = kept;
}

/* Replace each "*.example.org" by a name below it that no other rule speaks of. */
static int name_wildcards(struct cuts *cuts)
{
    cuts->labels = arena_alloc(cuts->arena, (cuts->host_count + 1) * sizeof(*cuts->labels));
    if (!cuts->labels)
        return -ENOMEM;
    for (size_t i = 0; i < cuts->host_count; i++)
        cuts->labels[i] = cuts->hosts[i];
    for (size_t i = 0; i < cuts->host_count; i++) {
        const char *suffix = cuts->hosts[i], *name = NULL;
        bool is_taken = true;

        if (strncmp(suffix, "*.", 2) != 0)
            continue;
        for (size_t n = 0; is_taken; n++) {
            name = arena_printf(cuts->arena, "any%zu%s", n, suffix + 1);
            if (!name)
                return -ENOMEM;
            is_taken = false;
            for (size_t j = 0; j < cuts->host_count && !is_taken; j++)
                is_taken = strcmp(cuts->hosts[j], name) == 0;
        }
        cuts->hosts[i] = name;
    }
    return 0;
}

int cuts_find(struct cuts *cuts, const struct policy *a, const struct policy *b)
{
    static const unsigned char zero[16];
    int status = add_address(cuts, AF_INET, zero, false);

    if (status == 0)
        status = add_address(cuts, AF_INET6, zero, false);
    if (status == 0)
        status = add_special(cuts);
    if (status == 0)
        status = add_port(cuts, 1);
    if (status == 0)
        status = add_host(cuts, CUTS_ANY_NAME);
    if (status == 0)
        status = add_policy(cuts, a);
    if (status == 0)
        status = add_policy(cuts, b);
    if (status == 0)
        status = name_wildcards(cuts);
    if (status < 0)
        return status;
    sort_addresses(cuts, 0);
    sort_addresses(cuts, 1);
    return 0;
}
