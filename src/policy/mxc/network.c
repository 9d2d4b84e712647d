/* SPDX-License-Identifier: Apache-2.0 */
/* network.egress and network.ingress. */
#include <string.h>

#include "base/address.h"
#include "policy/mxc/request.h"

struct rule_reader {
    const struct request *request;
    const char *member; /* "network.egress.allow[0]" */
    struct egress_rule *rule;
    const struct node *ambiguous; /* first IPv6 block that would also mean IPv4 */
};

/* Addresses of such an IPv6 block travel as IPv4: shorter than /96 and around ::ffff:0:0/96. */
static bool is_ambiguous(const struct net_block *block)
{
    static const struct net_block mapped = {
        .family = AF_INET6, .address = {[10] = 0xff, [11] = 0xff}, .prefix = 96};

    return block->prefix < 96 && net_block_contains(block, &mapped);
}

static int read_block(const struct rule_reader *reader, const struct node *node, const char *member,
                      struct net_block *ret_block)
{
    struct error why = ERROR_INIT;

    if (mxc_has_nul(node))
        return mxc_refuse(reader->request, node, ERROR_INVALID, 0,
                          "%s.%s must be a valid network CIDR: it holds a NUL", reader->member,
                          member);
    if (net_block_parse(node->text, ret_block, &why) == 0)
        return 0;
    return mxc_refuse(reader->request, node, ERROR_INVALID, 0,
                      "%s.%s must be a valid network CIDR: %s", reader->member, member, why.text);
}

static int read_peer(struct rule_reader *reader, const struct node *node, size_t index)
{
    struct arena *arena = reader->request->arena;
    const struct node *cidr = mxc_get(node, "cidr"), *except = mxc_get(node, "except");
    struct net_peer *peer = arena_append(arena, reader->rule->rule.peers, reader->rule->rule.peer_count);
    const char *member = arena_printf(arena, "to[%zu].cidr", index);
    int status;

    if (!peer || !member)
        return error_memory(reader->request->err);
    peer->has_block = true;
    status = read_block(reader, cidr, member, &peer->block);
    if (status == 0 && is_ambiguous(&peer->block) && !reader->ambiguous)
        reader->ambiguous = cidr;
    for (size_t i = 0; status == 0 && except && i < except->count; i++) {
        struct net_block *block = arena_append(arena, peer->except, peer->except_count);

        member = arena_printf(arena, "to[%zu].except[%zu]", index, i);
        if (!block || !member)
            return error_memory(reader->request->err);
        status = read_block(reader, except->items[i], member, block);
        if (status == 0 && !net_block_contains(&peer->block, block))
            status = mxc_refuse(reader->request, except->items[i], ERROR_INVALID, 0,
                                "%s.%s must be contained within %s.to[%zu].cidr", reader->member,
                                member, reader->member, index);
    }
    return status;
}

static const char *ports_fault(const struct node *node, const struct net_ports *ports)
{
    if (mxc_get(node, "endPort") && !mxc_get(node, "port"))
        return ".endPort requires port";
    if (ports->protocol == NET_ICMP && mxc_get(node, "port"))
        return ": protocol 'icmp' has no ports; remove port and endPort";
    if (ports->last < ports->first)
        return ".endPort must be greater than or equal to port";
    return NULL;
}

static int read_ports(struct rule_reader *reader, const struct node *node, size_t index)
{
    static const char *const protocols[] = {
        [NET_ANY] = "any", [NET_TCP] = "tcp", [NET_UDP] = "udp", [NET_ICMP] = "icmp"};
    const struct node *port = mxc_get(node, "port"), *end = mxc_get(node, "endPort");
    struct net_ports *ports =
        arena_append(reader->request->arena, reader->rule->rule.ports, reader->rule->rule.port_count);
    const char *fault;

    if (!ports)
        return error_memory(reader->request->err);
    for (size_t i = 0; i < ARRAY_COUNT(protocols); i++)
        if (mxc_is(mxc_get(node, "protocol"), protocols[i]))
            ports->protocol = (enum net_protocol)i;
    ports->has_port = port != NULL;
    ports->first = (uint16_t)mxc_number(port);
    ports->last = port ? (uint16_t)mxc_number(end ? end : port) : UINT16_MAX;
    fault = ports_fault(node, ports);
    return !fault ? 0
                  : mxc_refuse(reader->request, node, ERROR_INVALID, 0, "%s.ports[%zu]%s",
                               reader->member, index, fault);
}

static int read_rule(struct rule_reader *reader, const struct node *node)
{
    const struct node *to = mxc_get(node, "to"), *ports = mxc_get(node, "ports");
    int status = 0;

    reader->rule->origin = mxc_origin(reader->request, node, reader->member);
    reader->rule->rule.where = origin_text(reader->request->arena, &reader->rule->origin);
    if (!reader->rule->rule.where)
        return error_memory(reader->request->err);
    for (size_t i = 0; status == 0 && to && i < to->count; i++)
        status = read_peer(reader, to->items[i], i);
    for (size_t i = 0; status == 0 && ports && i < ports->count; i++)
        status = read_ports(reader, ports->items[i], i);
    return status;
}

static int read_rules(const struct request *request, const struct node *list, const char *member,
                      struct egress_rule **rules, size_t *count)
{
    const struct node *ambiguous = NULL;

    for (size_t i = 0; list && i < list->count; i++) {
        struct rule_reader reader = {.request = request, .ambiguous = ambiguous};
        int status;

        reader.rule = arena_append(request->arena, *rules, *count);
        reader.member = arena_printf(request->arena, "%s[%zu]", member, i);
        if (!reader.rule || !reader.member)
            return error_memory(request->err);
        status = read_rule(&reader, list->items[i]);
        if (status < 0)
            return status;
        ambiguous = reader.ambiguous;
    }
    if (ambiguous)
        return mxc_unsupported(
            request, ambiguous, member,
            "names an IPv6 block around ::ffff:0:0/96, whose addresses travel as "
            "IPv4; name the IPv4 block apart and a narrower IPv6 block");
    return 0;
}

/* MXC's bubblewrap has no way in, whatever the egress is; neither has a document of MXC's here. */
static int read_ingress(const struct request *request, const struct node *ingress)
{
    const struct node *posture = mxc_get(ingress, "default");
    const struct node *loopback = mxc_get(ingress, "hostLoopback");
    struct network *network = &request->document->network;
    int status = 0;

    if (posture)
        mxc_setting(request, &network->ingress_default, posture, "network.ingress.default",
                    mxc_is(posture, "allow"));
    if (loopback)
        mxc_setting(request, &network->host_loopback, loopback, "network.ingress.hostLoopback",
                    mxc_is(loopback, "allow"));
    if (mxc_is(posture, "allow"))
        status = mxc_unsupported(request, posture, "network.ingress.default",
                                 "nothing leads into the container's own network; use 'deny'");
    if (status == 0 && mxc_is(loopback, "allow"))
        status = mxc_unsupported(request, loopback, "network.ingress.hostLoopback",
                                 "the container's loopback is its own; use 'deny'");
    return status;
}

int mxc_network(const struct request *request)
{
    const struct node *node = mxc_get(request->root, "network");
    const struct node *egress = mxc_get(node, "egress");
    const struct node *posture = mxc_get(egress, "default");
    const struct node *proxy = mxc_get(mxc_get(request->root, "runtimeConfig"), "networkProxy");
    struct network *network = &request->document->network;
    int status;

    if (node) {
        network->is_set = true;
        network->origin = mxc_origin(request, node, "network");
    }
    if (posture)
        mxc_setting(request, &network->egress_default, posture, "network.egress.default",
                    mxc_is(posture, "allow"));
    status = read_rules(request, mxc_get(egress, "allow"), "network.egress.allow", &network->allow,
                        &network->allow_count);
    if (status == 0)
        status = read_rules(request, mxc_get(egress, "deny"), "network.egress.deny", &network->deny,
                            &network->deny_count);
    if (status == 0)
        status = read_ingress(request, mxc_get(node, "ingress"));
    if (status == 0)
        status = mxc_old_network(request);
    return status < 0 || !proxy ? status : mxc_proxy(request, proxy, "runtimeConfig.networkProxy");
}
