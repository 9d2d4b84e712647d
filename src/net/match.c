/* SPDX-License-Identifier: Apache-2.0 */
/* Which rules are about a question: peers, ports, and what special addresses ask of a rule. */
#include "net/match.h"

#include <sys/socket.h>

#include "net/request.h"
#include "net/special.h"

static unsigned address_bits(const struct net_address *address)
{
    return address->family == AF_INET ? 32 : 128;
}

/* Of the address itself (offset 0), or of what it embeds behind `offset` bits. */
static void add_special(struct net_view *view, const struct net_address *address, unsigned offset)
{
    const struct net_special *row = net_special_of(address);
    enum net_address_class class = row ? row->class : NET_PUBLIC;

    view->is_never = view->is_never || class == NET_UNUSABLE || class == NET_LOOPBACK;
    view->is_private = view->is_private || class == NET_PRIVATE;
    if ((class == NET_LINK_LOCAL || class == NET_METADATA) && offset + row->block.prefix > view->prefix_min)
        view->prefix_min = offset + row->block.prefix;
}

struct net_view net_view_of(const struct net_question *question)
{
    struct net_view view = {.question = question,
                            .address = net_address_unmapped(&question->address),
                            .is_any_program = question->program == NET_PROGRAM_ANY};
    unsigned offset;

    if (view.address.family != AF_INET && view.address.family != AF_INET6) {
        view.is_never = true;
        return view;
    }
    add_special(&view, &view.address, 0);
    view.has_inner = net_address_embedded_at(&view.address, &view.inner, &offset);
    if (view.has_inner)
        add_special(&view, &view.inner, offset);
    if (question->is_own)
        view.prefix_min = address_bits(&view.address);
    return view;
}

static bool peer_has(const struct net_peer *peer, const struct net_address *address)
{
    if (!net_block_has(&peer->block, address))
        return false;
    for (size_t i = 0; i < peer->except_count; i++)
        if (net_block_has(&peer->except[i], address))
            return false;
    return true;
}

static bool class_permits(const struct net_view *view, const struct net_peer *peer)
{
    if (view->prefix_min)
        return peer->has_block && net_block_unmapped(&peer->block).prefix >= view->prefix_min;
    return peer->has_block || !view->is_private;
}

/* A peer that says neither is none (net_rules_read() refuses it): it grants nothing and denies everything. */
static bool peer_grants(const struct net_view *view, const struct net_peer *peer, const char *name, unsigned lenience)
{
    if (!peer->host && !peer->has_block)
        return false;
    if (peer->host && !(lenience & NET_WHATEVER_NAME) && !(name && net_name_matches(peer->host, name)))
        return false;
    if (peer->has_block && !peer_has(peer, &view->address))
        return false;
    return (lenience & NET_WHATEVER_CLASS) || class_permits(view, peer);
}

static bool ports_match(const struct net_ports *ports, const struct net_question *question)
{
    if (ports->protocol != NET_ANY && ports->protocol != question->protocol)
        return false;
    if (question->protocol == NET_ICMP)
        return !ports->has_port;
    return !ports->has_port || (ports->first <= question->port && question->port <= ports->last);
}

bool net_rule_is_complete(const struct net_rule *rule, enum net_protocol protocol)
{
    if (rule->requests)
        return false;
    for (size_t i = 0; i < rule->port_count; i++)
        if ((rule->ports[i].protocol == NET_ANY || rule->ports[i].protocol == protocol) && !rule->ports[i].has_port)
            return true;
    return !rule->port_count;
}

bool net_rule_is_about(const struct net_rule *rule, enum net_protocol protocol)
{
    if (rule->requests && protocol != NET_ANY && protocol != NET_TCP)
        return false;
    for (size_t i = 0; i < rule->port_count; i++) {
        const struct net_ports *ports = &rule->ports[i];

        if (protocol == NET_ANY || ports->protocol == protocol ||
            (ports->protocol == NET_ANY && !(protocol == NET_ICMP && ports->has_port)))
            return true;
    }
    return !rule->port_count;
}

/* `needs_udp`: a datagram says no name, so a rule about a name holds for UDP only where it says udp. */
static bool rule_has_port(const struct net_rule *rule, const struct net_question *question, bool needs_udp)
{
    if (!rule->port_count)
        return !needs_udp;
    for (size_t i = 0; i < rule->port_count; i++)
        if (ports_match(&rule->ports[i], question) && (!needs_udp || rule->ports[i].protocol == NET_UDP))
            return true;
    return false;
}

static bool has_program(const struct net_rule *rule, const struct net_view *view)
{
    for (size_t i = 0; i < rule->program_count && !view->is_any_program; i++)
        if (rule->programs[i] == view->question->program)
            return true;
    return !rule->program_count || view->is_any_program;
}

static bool grants_request(const struct net_rule *rule, const struct net_view *view)
{
    enum net_match match;

    if (!rule->requests)
        return true;
    if (!view->is_readable)
        return false;
    if (!view->question->request)
        return view->is_best;
    match = net_requests_match(rule->requests, view->question->request, false);
    return match == NET_MATCH_YES || (match == NET_MATCH_BODY && view->is_best);
}

/* An echo says no request. In what else cannot be read it could be. */
static bool denies_request(const struct net_rule *rule, const struct net_view *view)
{
    enum net_match match;

    if (!rule->requests)
        return true;
    if (view->question->protocol == NET_ICMP || !view->is_readable)
        return view->question->protocol != NET_ICMP;
    if (!view->question->request)
        return !view->is_best;
    match = net_requests_match(rule->requests, view->question->request, true);
    return match == NET_MATCH_YES || (match == NET_MATCH_BODY && !view->is_best);
}

/* Whatever the request. NET_BY_DEFAULT: it is not. */
static enum net_grant_by is_about(const struct net_rule *rule, const struct net_view *view, const char *name,
                                  unsigned lenience)
{
    bool is_udp = view->question->protocol == NET_UDP && !(lenience & NET_WHATEVER_PORTS);
    bool needs_block = view->prefix_min && !(lenience & NET_WHATEVER_CLASS);

    if (!has_program(rule, view))
        return NET_BY_DEFAULT;
    if (!rule->peer_count)
        return !needs_block && rule_has_port(rule, view->question, false) ? NET_BY_ADDRESS : NET_BY_DEFAULT;
    for (size_t i = 0; i < rule->peer_count; i++) {
        const struct net_peer *peer = &rule->peers[i];

        if (peer_grants(view, peer, name, lenience) && rule_has_port(rule, view->question, is_udp && peer->host))
            return peer->host ? NET_BY_NAME : NET_BY_ADDRESS;
    }
    return NET_BY_DEFAULT;
}

static enum net_grant_by rule_grants(const struct net_rule *rule, const struct net_view *view, const char *name,
                                     unsigned lenience)
{
    return grants_request(rule, view) ? is_about(rule, view, name, lenience) : NET_BY_DEFAULT;
}

bool net_opens(const struct net_rules *rules, const struct net_view *view, const char *name)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].allow_count; j++)
            if (rules->layers[i].allow[j].terminates && is_about(&rules->layers[i].allow[j], view, name, NET_STRICT))
                return true;
    return false;
}

bool net_name_matters(const struct net_rules *rules, const struct net_view *view, const char *name)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].allow_count; j++) {
            const struct net_rule *rule = &rules->layers[i].allow[j];

            if ((rule->terminates || rule->budget) && is_about(rule, view, name, NET_STRICT) &&
                !is_about(rule, view, NULL, NET_STRICT))
                return true;
        }
    return false;
}

bool net_add_budgets(const struct net_rules *rules, const struct net_view *view, const char *name,
                     struct net_decision *decision)
{
    for (size_t i = 0; i < rules->layer_count; i++) {
        const struct net_layer *layer = &rules->layers[i];
        size_t j = 0;

        while (j < layer->allow_count && !rule_grants(&layer->allow[j], view, name, NET_STRICT))
            j++;
        if (j == layer->allow_count || !layer->allow[j].budget)
            continue;
        if (decision->budget_count == NET_DECISION_BUDGETS)
            return false;
        decision->budgets[decision->budget_count++] = layer->allow[j].budget;
    }
    return true;
}

static struct net_grant layer_grants(const struct net_layer *layer, const struct net_view *view, const char *name,
                                     unsigned lenience)
{
    struct net_grant grant = {.where = layer->where};

    if (layer->is_open && (!view->prefix_min || (lenience & NET_WHATEVER_CLASS)))
        grant.is_granted = true;
    for (size_t i = 0; i < layer->allow_count + (view->has_ended ? layer->ended_count : 0) && !grant.is_granted; i++) {
        grant.by = rule_grants(&layer->allow[i], view, name, lenience);
        grant.is_granted = grant.by != NET_BY_DEFAULT;
        grant.is_over = grant.is_granted && i >= layer->allow_count;
        if (grant.is_granted)
            grant.where = layer->allow[i].where;
    }
    return grant;
}

struct net_grant net_granted(const struct net_rules *rules, const struct net_view *view, const char *name,
                             unsigned lenience)
{
    struct net_grant all = {.is_granted = rules->layer_count};
    bool is_first = true;

    for (size_t i = 0; i < rules->layer_count; i++) {
        struct net_grant grant;

        if (rules->layers[i].only_denies)
            continue;
        grant = layer_grants(&rules->layers[i], view, name, lenience);
        if (!grant.is_granted)
            return grant;
        if (is_first || (grant.by > all.by && !all.is_over) || (grant.is_over && !all.is_over))
            all = grant;
        is_first = false;
    }
    if (is_first && rules->layer_count)
        all.where = rules->layers[0].where;
    return all;
}

enum deny_by { DENY_BY_ADDRESS, DENY_BY_NAME };

/* Of what an address embeds a rule holds as well: a translator on the way would dial that. */
static bool peer_denies(const struct net_view *view, const struct net_peer *peer, enum deny_by by, const char *name)
{
    if ((by == DENY_BY_NAME) != (peer->host != NULL))
        return false;
    if (peer->host && name && !net_name_matches(peer->host, name))
        return false;
    return !peer->has_block || peer_has(peer, &view->address) || (view->has_inner && peer_has(peer, &view->inner));
}

static bool rule_denies(const struct net_rule *rule, const struct net_view *view, enum deny_by by, const char *name)
{
    if (!rule_has_port(rule, view->question, false) || !denies_request(rule, view))
        return false;
    if (!rule->peer_count)
        return by == DENY_BY_ADDRESS;
    for (size_t i = 0; i < rule->peer_count; i++)
        if (peer_denies(view, &rule->peers[i], by, name))
            return true;
    return false;
}

static const char *find_deny(const struct net_rules *rules, const struct net_view *view, enum deny_by by,
                             const char *name)
{
    for (size_t i = 0; i < rules->layer_count; i++)
        for (size_t j = 0; j < rules->layers[i].deny_count; j++)
            if (rule_denies(&rules->layers[i].deny[j], view, by, name))
                return rules->layers[i].deny[j].where ?: "";
    return NULL;
}

const char *net_denied(const struct net_rules *rules, const struct net_view *view)
{
    return find_deny(rules, view, DENY_BY_ADDRESS, NULL);
}

const char *net_name_denied(const struct net_rules *rules, const struct net_view *view, const char *name)
{
    return find_deny(rules, view, DENY_BY_NAME, name);
}
