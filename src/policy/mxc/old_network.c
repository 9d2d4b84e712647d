/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The network members of 0.6 to 0.8, which later contracts dropped. What has the same meaning as a
 * member of today becomes it; what has not is recorded as unsupported by name.
 */
#include <string.h>

#include "base/address.h"
#include "policy/mxc/request.h"

/* One host = one rule for every port and protocol. */
static int read_host(const struct request *request, const struct node *node, const char *member,
                     struct egress_rule **rules, size_t *count)
{
    struct net_block block;
    struct egress_rule *rule;
    struct net_peer *peer;
    bool is_name = net_block_parse(node->text, &block, NULL) < 0;
    char name[NET_NAME_SIZE];

    if (mxc_has_nul(node) || (is_name && net_name_canonical(node->text, strlen(node->text), name, NULL) < 0))
        return mxc_unsupported(request, node, member, "is neither an address nor a host name");
    rule = arena_append(request->arena, *rules, *count);
    peer = rule ? arena_append(request->arena, rule->rule.peers, rule->rule.peer_count) : NULL;
    if (!peer)
        return error_memory(request->err);
    rule->origin = mxc_origin(request, node, member);
    rule->rule.where = origin_text(request->arena, &rule->origin);
    if (!rule->rule.where)
        return error_memory(request->err);
    if (!is_name)
        peer->block = block;
    peer->has_block = !is_name;
    peer->host = is_name ? arena_string(request->arena, name) : NULL;
    if (is_name && !peer->host)
        return error_memory(request->err);
    return 0;
}

static int read_hosts(const struct request *request, const struct node *list, const char *name,
                      struct egress_rule **rules, size_t *count)
{
    for (size_t i = 0; list && i < list->count; i++) {
        const char *member = arena_printf(request->arena, "network.%s[%zu]", name, i);
        int status = member ? read_host(request, list->items[i], member, rules, count)
                            : error_memory(request->err);

        if (status < 0)
            return status;
    }
    return 0;
}

static int read_proxy(const struct request *request, const struct node *proxy)
{
    const struct node *port = mxc_get(proxy, "localhost"), *url = mxc_get(proxy, "url");
    struct network *network = &request->document->network;

    if (!proxy)
        return 0;
    if (port) {
        network->proxy = arena_printf(request->arena, "http://127.0.0.1:%s", port->text);
        network->proxy_port = (uint16_t)mxc_number(port);
        network->proxy_origin = mxc_origin(request, port, "network.proxy.localhost");
        return network->proxy ? 0 : error_memory(request->err);
    }
    if (url)
        return mxc_unsupported(request, url, "network.proxy.url",
                               "was dropped from the contract; use runtimeConfig.networkProxy of "
                               "contract 1.0.0");
    return mxc_unsupported(request, proxy, "network.proxy", "names no proxy that exists here");
}

static int read_rest(const struct request *request, const struct node *node)
{
    const struct node *local = mxc_get(node, "allowLocalNetwork");
    const struct node *mode = mxc_get(node, "enforcementMode");
    const struct node *remove = mxc_get(node, "removeRulesOnExit");
    int status = 0;

    if (mxc_is(local, "true"))
        status = mxc_unsupported(request, local, "network.allowLocalNetwork",
                                 "nothing leads into the container's own network; use false");
    if (status == 0 && mode)
        status = mxc_warn(request, mode, "network.enforcementMode",
                          "has no effect: the mechanism is chosen by Cordon");
    if (status == 0 && mxc_is(remove, "false"))
        status = mxc_warn(request, remove, "network.removeRulesOnExit",
                          "has no effect: rules end with the container's own network");
    return status;
}

/* Both formats in one document contradict each other silently, so 0.8 forbids it. */
static int check_mixture(const struct request *request, const struct node *node)
{
    static const char *const older[] = {"defaultPolicy",    "enforcementMode", "allowedHosts",
                                        "blockedHosts",     "proxy",           "allowLocalNetwork",
                                        "removeRulesOnExit"};
    bool is_directional = mxc_get(node, "egress") || mxc_get(node, "ingress") ||
                          mxc_get(request->root, "runtimeConfig");

    for (size_t i = 0; is_directional && i < ARRAY_COUNT(older); i++)
        if (mxc_get(node, older[i]))
            return mxc_refuse(request, mxc_get(node, older[i]), ERROR_INVALID, 0,
                              "network.%s cannot stand beside network.egress, network.ingress or "
                              "runtimeConfig; use one format",
                              older[i]);
    return 0;
}

int mxc_old_network(const struct request *request)
{
    const struct node *node = mxc_get(request->root, "network");
    const struct node *policy = mxc_get(node, "defaultPolicy");
    struct network *network = &request->document->network;
    int status;

    if (!node || !(request->version & MXC_UNREGISTERED))
        return 0;
    status = check_mixture(request, node);
    if (status < 0)
        return status;
    if (policy)
        mxc_setting(request, &network->egress_default, policy, "network.defaultPolicy",
                    mxc_is(policy, "allow"));
    if (status == 0)
        status = read_hosts(request, mxc_get(node, "allowedHosts"), "allowedHosts", &network->allow,
                            &network->allow_count);
    if (status == 0)
        status = read_hosts(request, mxc_get(node, "blockedHosts"), "blockedHosts", &network->deny,
                            &network->deny_count);
    if (status == 0)
        status = read_proxy(request, mxc_get(node, "proxy"));
    return status < 0 ? status : read_rest(request, node);
}
