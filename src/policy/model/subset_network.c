/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules cut the space of destinations into boxes (addresses x ports x protocols x names) within
 * which both policies answer alike. One destination of each box is asked.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/special.h"
#include "policy/model/destinations.h"
#include "policy/model/effective.h"
#include "policy/model/narrowed.h"
#include "policy/model/subset.h"

/* Destinations times rules: what the comparison may cost. */
#define NETWORK_WORK_MAX ((uint64_t)500 * 1000 * 1000)

struct address {
    unsigned char bytes[16];
    bool may_be_own; /* some rule names this very address, as one of the host's own must be */
};

struct cuts {
    struct arena *arena;
    struct net_rules *a, *b;
    struct address *addresses[2]; /* first addresses of ranges: IPv4, IPv6 */
    size_t address_count[2];
    uint16_t *ports; /* first ports of ranges */
    size_t port_count;
    const char **hosts;
    size_t host_count;
    uint64_t rule_count;
    struct narrowed *narrowed; /* NULL = destinations are all that there is to compare */
};

static int add_address(struct cuts *cuts, int family, const unsigned char bytes[16], bool may_be_own)
{
    int which = family == AF_INET ? 0 : 1;
    struct address *added =
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
    struct address *addresses = cuts->addresses[which];
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

static int find_cuts(struct subset *subset, struct cuts *cuts)
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
        status = add_host(cuts, "*.a.name.that.no.rule.has");
    if (status == 0)
        status = add_policy(cuts, subset->a);
    if (status == 0)
        status = add_policy(cuts, subset->b);
    if (status == 0)
        status = name_wildcards(cuts);
    if (status < 0)
        return status;
    sort_addresses(cuts, 0);
    sort_addresses(cuts, 1);
    return 0;
}

static int found_destination(struct subset *subset, const struct destination *destination)
{
    static const char *const protocols[] = {"?", "tcp", "udp", "icmp"};
    char address[INET6_ADDRSTRLEN], port[32] = "";

    inet_ntop(destination->family, destination->address, address, sizeof(address));
    if (destination->port)
        snprintf(port, sizeof(port), " port %u", destination->port);
    return subset_found(subset, "network: connecting to %s%s%s%s%s%s by %s",
                        destination->host ? destination->host : "", destination->host ? " (" : "",
                        address, destination->host ? ")" : "", port,
                        destination->is_own ? " (where it is the host's own)" : "",
                        protocols[destination->protocol]);
}

static int ask(struct subset *subset, const struct cuts *cuts, const struct destination *destination)
{
    if (cuts->narrowed)
        return narrowed_compare(subset, cuts->narrowed, destination);
    if (!destination_is_permitted(cuts->a, destination) || destination_is_permitted(cuts->b, destination))
        return 0;
    return found_destination(subset, destination);
}

static int ask_ports(struct subset *subset, const struct cuts *cuts,
                     struct destination *destination)
{
    static const enum net_protocol with_port[] = {NET_TCP, NET_UDP};
    int status;

    destination->port = 0;
    destination->protocol = NET_ICMP;
    status = ask(subset, cuts, destination);
    for (size_t i = 0; i < cuts->port_count; i++) {
        for (size_t j = 0; j < ARRAY_COUNT(with_port) && status == 0; j++) {
            destination->port = cuts->ports[i];
            destination->protocol = with_port[j];
            status = ask(subset, cuts, destination);
        }
    }
    return status;
}

static int ask_address(struct subset *subset, const struct cuts *cuts, const char *host, int family,
                       const struct address *address)
{
    struct destination destination = {.host = host, .family = family};
    int status;

    memcpy(destination.address, address->bytes, 16);
    status = ask_ports(subset, cuts, &destination);
    if (status || !address->may_be_own)
        return status;
    destination.is_own = true;
    return ask_ports(subset, cuts, &destination);
}

/* A question for a name is a message to who serves it. */
static int ask_name(struct subset *subset, const struct cuts *cuts, const char *host)
{
    if (!host || net_decide_name(cuts->a, host).verdict != NET_PERMIT ||
        net_decide_name(cuts->b, host).verdict == NET_PERMIT)
        return 0;
    return subset_found(subset, "network: asking for the name %s", host);
}

static bool is_narrowed(const struct egress_rule *rules, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rules[i].rule.requests || rules[i].rule.terminates || rules[i].programs.is_set || rules[i].budget.is_set)
            return true;
    return false;
}

/* By more than destinations: requests, TLS, programs, budgets. */
static bool has_narrowed(const struct policy *policy)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct network *network = &policy->layers[i]->network;

        if (network->budget.is_set || is_narrowed(network->allow, network->allow_count) ||
            is_narrowed(network->deny, network->deny_count))
            return true;
    }
    return false;
}

static const char *variable_of(const struct policy *policy, const char *name)
{
    for (size_t i = 0; i < policy->layer_count; i++)
        for (size_t j = 0; j < policy->layers[i]->env_set_count; j++)
            if (strcmp(policy->layers[i]->env_set[j].name, name) == 0)
                return policy->layers[i]->env_set[j].value;
    return NULL;
}

/* Values of one variable that differ within a policy are refused before anything is compared. */
static bool has_same_path(const struct policy *a, const struct policy *b)
{
    const char *a_path = variable_of(a, "PATH"), *b_path = variable_of(b, "PATH");

    if (a_path || b_path)
        return a_path && b_path && strcmp(a_path, b_path) == 0;
    return policy_list_permits(a, LIST_ENV_INHERIT, "PATH") == policy_list_permits(b, LIST_ENV_INHERIT, "PATH");
}

static int compare_egress(struct subset *subset)
{
    struct narrowed_options options = {.has_doors = policy_door(subset->a, DOORS_OUTWARD, 0) != NULL,
                                       .finds_same = has_same_path(subset->a, subset->b)};
    struct cuts cuts = {.arena = subset->scratch};
    int status = policy_net_rules(subset->a, subset->scratch, &cuts.a, NULL);
    uint64_t work;

    if (status == 0)
        status = policy_net_rules(subset->b, subset->scratch, &cuts.b, NULL);
    if (status == 0)
        status = find_cuts(subset, &cuts);
    if (status == 0 && (has_narrowed(subset->a) || has_narrowed(subset->b)))
        status = narrowed_new(subset->scratch, cuts.a, cuts.b, &options, &cuts.narrowed);
    if (status < 0)
        return status;
    work = cuts.address_count[0] + cuts.address_count[1];
    if (__builtin_mul_overflow(work, 2 * cuts.port_count + 2, &work) ||
        __builtin_mul_overflow(work, cuts.host_count + 1, &work) ||
        __builtin_mul_overflow(work, cuts.rule_count, &work) || work > NETWORK_WORK_MAX)
        return -E2BIG;
    for (size_t i = 0; i <= cuts.host_count; i++) {
        const char *host = i ? cuts.hosts[i - 1] : NULL;

        for (int which = 0; which < 2; which++)
            for (size_t j = 0; j < cuts.address_count[which] && status == 0; j++)
                status = ask_address(subset, &cuts, host, which ? AF_INET6 : AF_INET, &cuts.addresses[which][j]);
        if (status == 0)
            status = ask_name(subset, &cuts, host);
    }
    return status == 0 && cuts.narrowed ? narrowed_compare_budgets(subset, cuts.narrowed) : status;
}

/* The other members of `network`: may it, by every layer? */
enum network_right { RIGHT_INGRESS, RIGHT_HOST_LOOPBACK, RIGHT_LOOPBACK, RIGHT_COUNT };

static const char *const right_members[RIGHT_COUNT] = {
    "network.ingress.default", "network.ingress.hostLoopback", "network.loopback"};

static bool has_right(const struct policy *policy, enum network_right right)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const struct document *layer = policy->layers[i];
        const struct network *network = &layer->network;
        bool may = right == RIGHT_INGRESS         ? document_permits_all_doors(layer, DOORS_INWARD)
                   : right == RIGHT_HOST_LOOPBACK ? document_permits_all_doors(layer, DOORS_OUTWARD)
                                                  : !network->loopback.is_set || network->loopback.value;

        if (!may)
            return false;
    }
    return policy->layer_count > 0;
}

static const char *proxy_of(const struct policy *policy, const char *other_than)
{
    for (size_t i = 0; i < policy->layer_count; i++) {
        const char *proxy = policy->layers[i]->network.proxy;

        if (proxy && (!other_than || strcmp(proxy, other_than) != 0))
            return proxy;
    }
    return NULL;
}

/* A proxy may filter, and may reach what the program cannot: only the same one is no more. */
static int compare_proxies(struct subset *subset)
{
    const char *a = proxy_of(subset->a, NULL), *b = proxy_of(subset->b, NULL);

    if (!a && (!b || policy_network(subset->a).verdict <= NETWORK_LOOPBACK))
        return 0;
    if (!a)
        return subset_found(subset, "network: connections without the proxy %s", b);
    if (!b || proxy_of(subset->b, a) || proxy_of(subset->a, a))
        return subset_found(subset, "runtimeConfig.networkProxy: %s, which is not allowed", a);
    return 0;
}

static int compare_doors(struct subset *subset, enum doors which)
{
    static const char *const members[] = {
        [DOORS_INWARD] = "network.ingress.ports", [DOORS_OUTWARD] = "network.ingress.hostLoopbackPorts"};
    const struct port_grant *door;
    int status = 0;

    for (size_t i = 0; status == 0 && (door = policy_door(subset->a, which, i)); i++)
        if (!policy_permits_door(subset->b, which, door))
            status = subset_found(subset, "%s: port %u, host's port %u", members[which], door->port, door->host_port);
    return status;
}

int subset_network(struct subset *subset)
{
    int status = compare_proxies(subset);

    if (status == 0)
        status = compare_doors(subset, DOORS_INWARD);
    if (status == 0)
        status = compare_doors(subset, DOORS_OUTWARD);

    for (enum network_right right = 0; right < RIGHT_COUNT && status == 0; right++)
        if (has_right(subset->a, right) && !has_right(subset->b, right))
            status = subset_found(subset, "%s: allowed, where it is denied", right_members[right]);
    if (status == 0 && policy_network(subset->a).verdict == NETWORK_HOST &&
        policy_network(subset->b).verdict != NETWORK_HOST)
        status = subset_found(subset, "network: the host's own network, its loopback included");
    if (status == 0 && policy_network(subset->b).verdict != NETWORK_HOST)
        status = compare_egress(subset);
    return status;
}
