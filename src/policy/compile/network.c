/* SPDX-License-Identifier: Apache-2.0 */
/* The network: none, a loopback, the host's, or what the gateway lets through; and the resolver that is named inside. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "base/date.h"
#include "net/inside.h"
#include "policy/compile/compile.h"

/*
 * For glibc, musl and c-ares alike: one server, which answers all questions itself and in time, so that their own waiting
 * and asking again is not needed. EDNS leaves room for the reason of a refusal (RFC 8914) and for long answers.
 */
#define RESOLV_CONF "nameserver " NET_INSIDE_GATEWAY4 "\noptions edns0\n"
#define RESOLV_CONF_PATH "/etc/resolv.conf"

static int refuse_network(struct compile *c, const struct network_choice *choice, struct error *err)
{
    static const char *const reasons[] = {
        [LACK_INGRESS] = "connections from outside to every port come with the host's network alone (egress.default and "
                         "ingress.default: allow, and nothing that limits them); name the ports in network.ingress.ports",
        [LACK_HOST_LOOPBACK] = "every port of the host's loopback comes with the host's network alone (egress.default and "
                               "ingress.default: allow, and nothing that limits them); name the ports in "
                               "network.ingress.hostLoopbackPorts",
        [LACK_LOOPBACK] = "the network is reached over a loopback: set network.loopback to allow, or deny the network",
        [LACK_PROXY_ALONE] = "runtimeConfig.networkProxy is the only way out: leave this member out, or the proxy",
        [LACK_PROXY_LIMITED] = "a proxy (runtimeConfig.networkProxy) would lead past this limit: name the same proxy in this "
                               "layer, or leave it out of the other",
    };
    const char *limit = choice->against && choice->against != choice->why ? origin_text(c->work, choice->against) : "";

    if (!limit)
        return error_memory(err);
    return compile_problem(c, ERROR_UNENFORCEABLE, choice->why, err, "%s%s%.150s%s", reasons[choice->lack],
                           *limit ? " (limited here: " : "", limit, *limit ? ")" : "");
}

/* The abstract sockets of the host's network are those of its desktop. */
static int check_host(struct compile *c, const struct origin *why, struct error *err)
{
    if (c->facts->landlock_abi >= LANDLOCK_ABI_SCOPES)
        return 0;
    return compile_problem(c, ERROR_UNENFORCEABLE, why, err,
                           "the host's network would bring in the abstract sockets of its desktop and services, which only "
                           "Landlock of Linux 6.12 and newer shuts out");
}

/* rules */

static int add_way(struct compile *c, struct plan_way way, const struct origin *origin, struct error *err)
{
    struct plan_way *slot;
    int r = compile_origin(c, origin, &way.origin, err);

    if (r < 0)
        return r;
    slot = arena_append(c->arena, c->plan->ways, c->plan->way_count);
    if (!slot)
        return error_memory(err);
    *slot = way;
    return 0;
}

/* Those whose time is over stand behind the others (net_rules_end()), which keep the order of the document. */
static int add_ways(struct compile *c, struct plan_way way, const struct net_rule *rules, const struct egress_rule *from, size_t count, struct error *err)
{
    int r = 0;

    for (size_t i = 0, at = 0; i < count && r == 0; i++) {
        char until[DATE_TEXT_SIZE];

        if (from[i].rule.until_ms && from[i].rule.until_ms <= c->facts->now_real_ms) {
            date_print(from[i].rule.until_ms, until);
            r = compile_warning(c, &from[i].until_origin, err, "the rule grants nothing any more: its time was over at %s", until);
            continue;
        }
        way.rule = &rules[at++];
        r = add_way(c, way, &from[i].origin, err);
    }
    return r;
}

/* An open ceiling limits nothing, so there is nothing to say of its default. */
static int add_layer_ways(struct compile *c, const struct document *document, const struct net_layer *layer,
                          struct error *err)
{
    const struct network *network = &document->network;
    bool is_limit = document->kind == LAYER_CEILING;
    int r = 0;

    if (layer->is_open && !is_limit)
        r = add_way(c, (struct plan_way){.kind = PLAN_WAY_DEFAULT}, &network->egress_default.origin, err);
    if (r == 0 && !layer->is_open)
        r = add_ways(c, (struct plan_way){.kind = PLAN_WAY_ALLOW, .is_limit = is_limit}, layer->allow, network->allow, network->allow_count, err);
    return r < 0 ? r : add_ways(c, (struct plan_way){.kind = PLAN_WAY_DENY, .is_limit = is_limit}, layer->deny, network->deny, network->deny_count, err);
}

/* network.budget of each layer, in their order the first of the table. */
static int add_total_ways(struct compile *c, const struct net_rules *rules, struct error *err)
{
    size_t at = 0;
    int r = 0;

    for (size_t i = 0; i < c->policy->layer_count && r == 0; i++) {
        const struct budget *budget = &c->policy->layers[i]->network.budget;

        if (budget->is_set)
            r = add_way(c, (struct plan_way){.kind = PLAN_WAY_BUDGET, .budget = &rules->budgets[at++]}, &budget->origin, err);
    }
    return r;
}

/* One of each layer may count for a connection, and a decision has room for so many. */
static int check_budgets(struct compile *c, const struct net_rules *rules, struct error *err)
{
    size_t layers = 0;

    for (size_t i = 0; i < rules->layer_count; i++) {
        bool has_budget = false;

        for (size_t j = 0; j < rules->layers[i].allow_count; j++)
            has_budget = has_budget || rules->layers[i].allow[j].budget;
        layers += has_budget;
    }
    if (layers > NET_DECISION_BUDGETS)
        return compile_problem(c, ERROR_LIMIT, c->plan->network_origin, err, "%zu layers have rules with budgets; at most %d can",
                               layers, NET_DECISION_BUDGETS);
    if (rules->budget_count > NET_BUDGETS_MAX)
        return compile_problem(c, ERROR_LIMIT, c->plan->network_origin, err, "there are %zu budgets; at most %u are possible",
                               rules->budget_count, NET_BUDGETS_MAX);
    return 0;
}

/* Addresses that no rule can grant, and the names of them. */
static bool is_loopback(const struct net_peer *peer)
{
    static const struct net_block blocks[] = {
        {.family = AF_INET, .address = {127}, .prefix = 8},
        {.family = AF_INET6, .address = {[15] = 1}, .prefix = 128},
        {.family = AF_INET6, .address = {[10] = 0xff, [11] = 0xff, [12] = 127}, .prefix = 104},
    };

    for (size_t i = 0; i < ARRAY_COUNT(blocks) && peer->has_block; i++)
        if (blocks[i].family == peer->block.family && net_block_contains(&blocks[i], &peer->block))
            return true;
    return peer->host && (strcmp(peer->host, "localhost") == 0 || net_name_matches("*.localhost", peer->host));
}

/* A request for the host's own loopback is one for a door. MXC's documents have no other word for it, and no such right. */
static int check_loopbacks(struct compile *c, const struct document *layer, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < layer->network.allow_count; i++) {
        const struct egress_rule *rule = &layer->network.allow[i];

        for (size_t j = 0; j < rule->rule.peer_count && r == 0; j++) {
            if (!is_loopback(&rule->rule.peers[j]))
                continue;
            r = layer->contract == CONTRACT_MXC
                    ? compile_warning(c, &rule->origin, err, "loopback addresses are never outside: this peer grants nothing")
                    : compile_problem(c, ERROR_UNENFORCEABLE, &rule->origin, err,
                                      "loopback addresses are never outside, so 'to[%zu]' grants nothing: name the port in "
                                      "network.ingress.hostLoopbackPorts", j);
        }
    }
    return r;
}

/* Most of what is called HTTP is in TLS, and nobody sees requests in there. */
static int check_opened(struct compile *c, const struct document *layer, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < layer->network.allow_count && r == 0; i++) {
        const struct net_rule *rule = &layer->network.allow[i].rule;
        bool has_https = !rule->port_count;

        for (size_t j = 0; j < rule->port_count; j++)
            has_https = has_https || !rule->ports[j].has_port || (rule->ports[j].first <= 443 && rule->ports[j].last >= 443);
        if (rule->requests && !rule->terminates && has_https)
            r = compile_warning(c, &layer->network.allow[i].requests_origin, err,
                                "this is plain HTTP alone, TLS there is refused: add 'tls: terminate' to the rule, or name port 80");
    }
    return r;
}

static int add_rules(struct compile *c, struct net_rules **ret_rules, struct error *err)
{
    int r = policy_net_rules(c->policy, c->arena, ret_rules, err);

    if (r == 0) {
        (*ret_rules)->said_real_ms = c->facts->now_real_ms;
        (*ret_rules)->said_boot_ms = c->facts->now_boot_ms;
        net_rules_end(*ret_rules, c->facts->now_real_ms, NULL, NULL);
    }
    for (size_t i = 0; i < c->policy->layer_count && r == 0; i++) {
        r = add_layer_ways(c, c->policy->layers[i], &(*ret_rules)->layers[i], err);
        if (r == 0 && c->policy->layers[i]->kind == LAYER_REQUEST)
            r = check_loopbacks(c, c->policy->layers[i], err);
        if (r == 0 && c->policy->layers[i]->kind == LAYER_REQUEST)
            r = check_opened(c, c->policy->layers[i], err);
    }
    if (r == 0)
        r = add_total_ways(c, *ret_rules, err);
    return r < 0 ? r : check_budgets(c, *ret_rules, err);
}

/* Nothing outside: one layer that grants nothing. */
static int add_closed(struct compile *c, struct net_rules **ret_rules, struct error *err)
{
    struct net_rules *rules = arena_alloc(c->arena, sizeof(*rules));

    if (rules)
        rules->layers = arena_alloc(c->arena, sizeof(*rules->layers));
    if (!rules || !rules->layers)
        return error_memory(err);
    rules->layers[0].where = origin_text(c->arena, c->effective.proxy_origin);
    rules->layer_count = 1;
    *ret_rules = rules;
    return rules->layers[0].where ? 0 : error_memory(err);
}

/* doors */

static int add_door(struct compile *c, enum plan_way_kind kind, const struct port_grant *grant, struct net_door **doors,
                    size_t *count, struct error *err)
{
    struct net_door *door = arena_append(c->arena, *doors, *count);

    if (!door)
        return error_memory(err);
    door->port = grant->host_port;
    door->to_port = grant->port;
    door->where = origin_text(c->arena, &grant->origin);
    if (!door->where)
        return error_memory(err);
    return add_way(c, (struct plan_way){.kind = kind, .port = door->port, .to_port = door->to_port}, &grant->origin, err);
}

/* The gateway listens there with the caller's rights. */
static int check_host_port(struct compile *c, const struct port_grant *grant, struct error *err)
{
    if (c->facts->is_root || grant->host_port >= c->facts->user_port_min)
        return 0;
    return compile_problem(c, ERROR_FORBIDDEN, &grant->origin, err,
                           "port %u of the host is for root (ports below %u are): set hostPort to a higher one", grant->host_port,
                           c->facts->user_port_min);
}

static int add_doors(struct compile *c, struct net_rules *rules, struct error *err)
{
    const struct port_grant *grant;
    int r = 0;

    for (size_t i = 0; r == 0 && (grant = policy_door(c->policy, DOORS_INWARD, i)); i++) {
        r = check_host_port(c, grant, err);
        if (r < 0)
            return r;
        r = add_door(c, PLAN_WAY_INWARD, grant, &rules->inward, &rules->inward_count, err);
    }
    for (size_t i = 0; r == 0 && !c->effective.network.is_proxied && (grant = policy_door(c->policy, DOORS_OUTWARD, i)); i++)
        r = add_door(c, PLAN_WAY_OUTWARD, grant, &rules->outward, &rules->outward_count, err);
    return r;
}

static int add_proxy(struct compile *c, struct net_rules *rules, struct error *err)
{
    struct port_grant grant = {.origin = *c->effective.proxy_origin};

    grant.port = grant.host_port = c->effective.proxy_port;
    return add_door(c, PLAN_WAY_OUTWARD, &grant, &rules->outward, &rules->outward_count, err);
}

/* One port inside cannot be the program's and lead out as well, and one of the host has one listener. */
static int check_doors(struct compile *c, const struct net_rules *rules, struct error *err)
{
    int r = 0;

    for (size_t i = 0; i < rules->inward_count && r == 0; i++) {
        const struct net_door *in = &rules->inward[i];

        for (size_t j = 0; j < rules->outward_count && r == 0; j++)
            if (in->to_port == rules->outward[j].port)
                r = compile_problem(c, ERROR_INVALID, NULL, err, "%s and %s: port %u inside leads both in and out; take one away",
                                    in->where, rules->outward[j].where, in->to_port);
        for (size_t j = 0; j < i && r == 0; j++)
            if (in->port == rules->inward[j].port)
                r = compile_problem(c, ERROR_INVALID, NULL, err, "%s and %s: both are port %u of the host; take one away",
                                    in->where, rules->inward[j].where, in->port);
    }
    return r;
}

/* What the gateway cannot be told is refused before anything runs. */
static int check_record(struct compile *c, const struct net_rules *rules, struct error *err)
{
    struct error made = ERROR_INIT;
    void *record = NULL;
    size_t size;
    int r = net_rules_write(rules, &record, &size, &made);

    mem_free(record);
    return compile_refusal(c, r, &made, err);
}

static int add_gateway(struct compile *c, struct error *err)
{
    bool is_proxied = c->effective.network.is_proxied;
    struct net_rules *rules = NULL;
    int r = is_proxied ? add_closed(c, &rules, err) : add_rules(c, &rules, err);

    if (r == 0 && is_proxied)
        r = add_proxy(c, rules, err);
    if (r == 0)
        r = add_doors(c, rules, err);
    if (r == 0)
        r = check_doors(c, rules, err);
    if (r < 0)
        return r;
    c->plan->network = PLAN_NET_GATEWAY;
    c->plan->net_rules = c->net_rules = rules;
    return 0;
}

enum plan_network policy_foresee_network(const struct policy *policy)
{
    static const enum plan_network plans[] = {
        [NETWORK_NONE] = PLAN_NET_NONE,       [NETWORK_LOOPBACK] = PLAN_NET_LOOPBACK, [NETWORK_HOST] = PLAN_NET_HOST,
        [NETWORK_GATEWAY] = PLAN_NET_GATEWAY, [NETWORK_REFUSED] = PLAN_NET_NONE,
    };

    return plans[policy_network(policy).verdict];
}

int network_finish(struct compile *c, struct error *err)
{
    int r = c->net_rules ? programs_find(c, err) : 0;

    if (r == 0)
        r = secrets_add(c, err);
    if (r == 0)
        r = trusted_add(c, err);
    return r < 0 || !c->net_rules ? r : check_record(c, c->net_rules, err);
}

int network_add(struct compile *c, struct error *err)
{
    const struct network_choice *choice = &c->effective.network;
    const struct origin *origin = choice->why && choice->why->member ? choice->why : compile_builtin_origin(c, "network");
    int r = origin ? compile_origin(c, origin, &c->plan->network_origin, err) : error_memory(err);

    if (r < 0)
        return r;
    switch (choice->verdict) {
    case NETWORK_NONE:
        c->plan->network = PLAN_NET_NONE;
        break;
    case NETWORK_LOOPBACK:
        c->plan->network = PLAN_NET_LOOPBACK;
        break;
    case NETWORK_HOST:
        c->plan->network = PLAN_NET_HOST;
        r = check_host(c, choice->why, err);
        break;
    case NETWORK_GATEWAY:
        r = add_gateway(c, err);
        break;
    case NETWORK_REFUSED:
        r = refuse_network(c, choice, err);
        break;
    }
    c->plan->filter.allows_inet = c->plan->network != PLAN_NET_NONE;
    return r < 0 ? r : workers_check(c, choice->verdict == NETWORK_GATEWAY, err);
}

/* The file that names the resolver, where the host has its own or would have it: a link in /etc leads to ours as well. */
int network_want_files(struct compile *c, struct error *err)
{
    struct layout_want want = {.state = LAYOUT_FILE, .source = RESOLV_CONF, .origin = c->plan->network_origin};
    const struct origin *why = NULL;
    struct resolved object;
    int r;

    if (c->plan->network != PLAN_NET_GATEWAY || c->plan->wall == PLAN_WALL_LANDLOCK)
        return 0;
    r = resolve_path(c->resolver, RESOLV_CONF_PATH, &object, err);
    if (r < 0)
        return r;
    if (object.status == RESOLVE_SHUT || object.status == RESOLVE_PROC || path_is_within(object.real, "/dev"))
        return compile_problem(c, ERROR_UNENFORCEABLE, c->plan->network_origin, err,
                               RESOLV_CONF_PATH " leads to %.200s, where no other can be put for the container's resolver; "
                               "make it a file, or a link to one", object.real);
    if (objects_access(c, object.real, &why) == ACCESS_DENIED && why)
        return compile_warning(c, why, err, "names of hosts are not found: " RESOLV_CONF_PATH " is denied");
    want.path = object.real;
    want.is_there = object.status == RESOLVE_FOUND && S_ISREG(object.mode);
    for (size_t i = 0; i < object.link_count && r == 0; i++)
        r = wants_link(c, object.links[i].path, object.links[i].text, want.origin, err);
    return r < 0 ? r : layout_want(c->layout, &want, err);
}
