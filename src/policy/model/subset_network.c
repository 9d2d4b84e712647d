/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rules cut the space of destinations into boxes (addresses x ports x protocols x names) within
 * which both policies answer alike. One destination of each box is asked.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/date.h"
#include "policy/model/cuts.h"
#include "policy/model/effective.h"
#include "policy/model/narrowed.h"
#include "policy/model/subset.h"

/* Destinations times rules: what the comparison may cost. */
#define NETWORK_WORK_MAX ((uint64_t)500 * 1000 * 1000)

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
                       const struct cut_address *address)
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
bool policy_has_narrowed(const struct policy *policy)
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
bool policy_has_same_path(const struct policy *a, const struct policy *b)
{
    const char *a_path = variable_of(a, "PATH"), *b_path = variable_of(b, "PATH");

    if (a_path || b_path)
        return a_path && b_path && strcmp(a_path, b_path) == 0;
    return policy_list_permits(a, LIST_ENV_INHERIT, "PATH") == policy_list_permits(b, LIST_ENV_INHERIT, "PATH");
}

/* The rules of both as they are at that time. */
static int rules_from(struct subset *subset, uint64_t from_ms, struct cuts *cuts, uint64_t *ret_next_ms)
{
    int status = policy_net_rules(subset->a, subset->scratch, &cuts->a, NULL);
    uint64_t a, b;

    if (status == 0)
        status = policy_net_rules(subset->b, subset->scratch, &cuts->b, NULL);
    if (status < 0)
        return status;
    net_rules_end(cuts->a, from_ms, NULL, NULL);
    net_rules_end(cuts->b, from_ms, NULL, NULL);
    a = net_rules_next_end_ms(cuts->a);
    b = net_rules_next_end_ms(cuts->b);
    *ret_next_ms = a && (!b || a < b) ? a : b;
    return 0;
}

static int say_since(struct subset *subset, uint64_t from_ms)
{
    char from[DATE_TEXT_SIZE];

    subset->since = NULL;
    if (!from_ms)
        return 0;
    date_print(from_ms, from);
    subset->since = arena_printf(subset->scratch, "from %s on: ", from);
    return subset->since ? 0 : -ENOMEM;
}

/* Each end is a comparison of its own. */
int subset_egress(struct subset *subset)
{
    uint64_t from_ms = 0, next_ms = 0;
    unsigned count = 0;
    int status;

    do {
        status = subset_egress_from(subset, from_ms, &next_ms);
        from_ms = next_ms;
        if (status == 0 && ++count > SUBSET_ENDS_MAX)
            status = -E2BIG;
    } while (status == 0 && from_ms);
    subset->since = NULL;
    return status;
}

int subset_egress_from(struct subset *subset, uint64_t from_ms, uint64_t *ret_next_ms)
{
    struct narrowed_options options = {.has_doors = policy_door(subset->a, DOORS_OUTWARD, 0) != NULL,
                                       .finds_same = policy_has_same_path(subset->a, subset->b)};
    struct cuts cuts = {.arena = subset->scratch};
    int status = rules_from(subset, from_ms, &cuts, ret_next_ms);
    uint64_t work;

    if (status == 0)
        status = say_since(subset, from_ms);
    if (status == 0)
        status = cuts_find(&cuts, subset->a, subset->b);
    if (status == 0 && (policy_has_narrowed(subset->a) || policy_has_narrowed(subset->b)))
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
    struct subset_item item = {.member = "runtimeConfig.networkProxy"};

    if (!a && (!b || policy_network(subset->a).verdict <= NETWORK_LOOPBACK))
        return 0;
    item.subject = a ? a : b;
    item.a_value = a ? a : "none";
    item.b_value = b ? b : "none";
    if (!a)
        return subset_tell(subset, &item, "network: connections without the proxy %s", b);
    if (!b || proxy_of(subset->b, a) || proxy_of(subset->a, a))
        return subset_tell(subset, &item, "runtimeConfig.networkProxy: %s, which is not allowed", a);
    return 0;
}

static int tell_door(struct subset *subset, const char *member, const struct port_grant *door)
{
    const char *subject = arena_printf(subset->scratch, "port %u, host's port %u", door->port, door->host_port);

    if (!subject)
        return -ENOMEM;
    return subset_tell(subset, &(struct subset_item){.member = member, .subject = subject, .a_origin = &door->origin}, "%s: %s",
                       member, subject);
}

static int compare_doors(struct subset *subset, enum doors which)
{
    static const char *const members[] = {
        [DOORS_INWARD] = "network.ingress.ports", [DOORS_OUTWARD] = "network.ingress.hostLoopbackPorts"};
    const struct port_grant *door;
    int status = 0;

    for (size_t i = 0; status == 0 && (door = policy_door(subset->a, which, i)); i++)
        if (!policy_permits_door(subset->b, which, door))
            status = tell_door(subset, members[which], door);
    return status;
}

int subset_network_members(struct subset *subset)
{
    int status = compare_proxies(subset);

    if (status == 0)
        status = compare_doors(subset, DOORS_INWARD);
    if (status == 0)
        status = compare_doors(subset, DOORS_OUTWARD);

    for (enum network_right right = 0; right < RIGHT_COUNT && status == 0; right++)
        if (has_right(subset->a, right) && !has_right(subset->b, right))
            status = subset_tell(subset, &(struct subset_item){.member = right_members[right]},
                                 "%s: allowed, where it is denied", right_members[right]);
    if (status == 0 && policy_network(subset->a).verdict == NETWORK_HOST &&
        policy_network(subset->b).verdict != NETWORK_HOST)
        status = subset_tell(subset,
                             &(struct subset_item){.member = "network", .a_origin = policy_network(subset->a).why},
                             "network: the host's own network, its loopback included");
    return status;
}

int subset_network(struct subset *subset)
{
    int status = subset_network_members(subset);

    if (status == 0 && policy_network(subset->b).verdict != NETWORK_HOST)
        status = subset_egress(subset);
    return status;
}
