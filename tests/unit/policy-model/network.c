/* SPDX-License-Identifier: Apache-2.0 */
/* What several layers leave of the network together. */
#include "generate.h"
#include "policy/model/effective.h"
#include "test.h"

struct layers {
    struct policy *policy;
    struct network *request, *ceiling;
};

static struct layers make_layers(void)
{
    struct layers layers = {.policy = make_policy()};

    layers.request = &make_layer(layers.policy, LAYER_REQUEST)->network;
    layers.ceiling = &make_layer(layers.policy, LAYER_CEILING)->network;
    layers.request->is_set = layers.ceiling->is_set = true;
    return layers;
}

static void check_verdict(struct layers *layers, enum network_verdict verdict)
{
    check_int(policy_network(layers->policy).verdict, verdict);
    policy_free(layers->policy);
}

static void check_lack(struct layers *layers, enum network_lack lack, const struct origin *why)
{
    struct network_choice choice = policy_network(layers->policy);

    check_int(choice.verdict, NETWORK_REFUSED);
    check_int(choice.lack, lack);
    check(choice.why == why);
    policy_free(layers->policy);
}

static void add_port(struct policy *policy, struct port_grants *grants, uint16_t port, uint16_t host_port)
{
    struct port_grant *grant = arena_append(policy->arena, grants->items, grants->count);

    check(grant != NULL);
    *grant = (struct port_grant){.port = port, .host_port = host_port};
    grants->is_set = true;
}

static void add_rule(struct layers *layers, struct network *network, bool is_deny, const char *peer)
{
    make_rule(layers->policy, layers->policy->layers[network == layers->ceiling], is_deny, peer, 443, 443, NET_TCP);
}

TEST(some_of_the_outside_is_the_gateways)
{
    struct layers layers = make_layers();

    add_rule(&layers, layers.request, false, "x.org");
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_layers();
    make_setting(&layers.request->egress_default, 1);
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_layers();
    make_setting(&layers.request->egress_default, 1);
    add_rule(&layers, layers.ceiling, true, "10.0.0.0/8");
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_layers();
    add_rule(&layers, layers.request, true, "x.org");
    check_verdict(&layers, NETWORK_LOOPBACK); /* a denial grants nothing */
    layers = make_layers();
    add_rule(&layers, layers.ceiling, false, "x.org");
    check_verdict(&layers, NETWORK_LOOPBACK); /* nor does a ceiling */
    layers = make_layers();
    add_rule(&layers, layers.request, false, "x.org");
    make_setting(&layers.ceiling->egress_default, 0);
    check_verdict(&layers, NETWORK_LOOPBACK);
}

TEST(a_port_alone_is_the_gateways)
{
    struct layers layers = make_layers();

    add_port(layers.policy, &layers.request->inward, 3000, 3000);
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_layers();
    add_port(layers.policy, &layers.request->outward, 5432, 5432);
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_layers();
    add_port(layers.policy, &layers.ceiling->outward, 5432, 5432);
    check_verdict(&layers, NETWORK_LOOPBACK);
    layers = make_layers();
    add_port(layers.policy, &layers.request->outward, 5432, 5432);
    make_setting(&layers.ceiling->host_loopback, 0);
    check_verdict(&layers, NETWORK_LOOPBACK);
    layers = make_layers();
    add_port(layers.policy, &layers.request->inward, 3000, 3000);
    make_setting(&layers.ceiling->ingress_default, 0);
    check_verdict(&layers, NETWORK_LOOPBACK);
}

TEST(only_the_ports_that_every_layer_permits_are_left)
{
    struct layers layers = make_layers();
    const struct port_grant *door;

    add_port(layers.policy, &layers.request->inward, 3000, 3000);
    add_port(layers.policy, &layers.request->inward, 3001, 4001);
    add_port(layers.policy, &layers.request->inward, 3002, 3002);
    add_port(layers.policy, &layers.ceiling->inward, 3000, 3000);
    add_port(layers.policy, &layers.ceiling->inward, 3001, 3001); /* elsewhere on the host */
    door = policy_door(layers.policy, DOORS_INWARD, 0);
    check(door && door->port == 3000);
    check(!policy_door(layers.policy, DOORS_INWARD, 1));
    make_setting(&layers.ceiling->ingress_default, 1); /* every port, the named ones too */
    check(policy_door(layers.policy, DOORS_INWARD, 2) && !policy_door(layers.policy, DOORS_INWARD, 3));
    policy_free(layers.policy);
    layers = make_layers();
    make_setting(&layers.request->host_loopback, 1);
    add_port(layers.policy, &layers.ceiling->outward, 5432, 5432);
    door = policy_door(layers.policy, DOORS_OUTWARD, 0);
    check(door && door->port == 5432 && !policy_door(layers.policy, DOORS_OUTWARD, 1));
    check_verdict(&layers, NETWORK_GATEWAY); /* all of them, of which the ceiling leaves one */
}

TEST(every_port_at_once_is_only_the_hosts)
{
    struct layers layers = make_layers();

    make_setting(&layers.request->host_loopback, 1);
    check_lack(&layers, LACK_HOST_LOOPBACK, &layers.request->host_loopback.origin);
    layers = make_layers();
    make_setting(&layers.request->egress_default, 1);
    make_setting(&layers.request->host_loopback, 1);
    check_lack(&layers, LACK_HOST_LOOPBACK, &layers.request->host_loopback.origin);
    layers = make_layers();
    make_setting(&layers.request->host_loopback, 1);
    make_setting(&layers.ceiling->host_loopback, 0);
    check_verdict(&layers, NETWORK_LOOPBACK);
    layers = make_layers();
    make_setting(&layers.request->ingress_default, 1);
    check_lack(&layers, LACK_INGRESS, &layers.request->ingress_default.origin);
    layers = make_layers();
    make_setting(&layers.request->egress_default, 1);
    make_setting(&layers.request->ingress_default, 1);
    add_rule(&layers, layers.ceiling, true, "10.0.0.0/8");
    check(policy_network(layers.policy).against == &layers.ceiling->deny[0].origin);
    check_lack(&layers, LACK_INGRESS, &layers.request->ingress_default.origin);
    layers = make_layers();
    make_setting(&layers.request->egress_default, 1);
    make_setting(&layers.request->ingress_default, 1);
    make_setting(&layers.ceiling->ingress_default, 0);
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_layers();
    make_setting(&layers.request->egress_default, 1);
    make_setting(&layers.request->ingress_default, 1);
    add_port(layers.policy, &layers.request->inward, 80, 8080);
    check(policy_network(layers.policy).against == &layers.request->inward.origin);
    check_lack(&layers, LACK_INGRESS, &layers.request->ingress_default.origin);
}

TEST(the_gateway_needs_a_loopback)
{
    struct layers layers = make_layers();

    add_rule(&layers, layers.request, false, "x.org");
    make_setting(&layers.ceiling->loopback, 0);
    check_lack(&layers, LACK_LOOPBACK, &layers.ceiling->loopback.origin);
    layers = make_layers();
    add_port(layers.policy, &layers.request->inward, 3000, 3000);
    make_setting(&layers.request->loopback, 0);
    check_lack(&layers, LACK_LOOPBACK, &layers.request->loopback.origin);
}

static struct layers make_proxied(void)
{
    struct layers layers = make_layers();

    layers.request->proxy = "http://127.0.0.1:3128";
    layers.request->proxy_port = 3128;
    return layers;
}

TEST(a_proxy_is_the_only_way_out)
{
    struct layers layers = make_proxied();

    check(policy_network(layers.policy).is_proxied);
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_proxied();
    make_setting(&layers.request->egress_default, 0);
    make_setting(&layers.request->host_loopback, 0); /* as MXC's documents have them */
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_proxied();
    make_setting(&layers.request->egress_default, 1);
    check_lack(&layers, LACK_PROXY_ALONE, &layers.request->egress_default.origin);
    layers = make_proxied();
    add_rule(&layers, layers.request, false, "x.org");
    check_lack(&layers, LACK_PROXY_ALONE, &layers.request->allow[0].origin);
    layers = make_proxied();
    add_port(layers.policy, &layers.request->outward, 5432, 5432);
    check_lack(&layers, LACK_PROXY_ALONE, &layers.request->outward.origin);
    layers = make_proxied();
    add_port(layers.policy, &layers.request->inward, 3000, 3000); /* leads in, not out */
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_proxied();
    make_setting(&layers.request->loopback, 0);
    check_lack(&layers, LACK_LOOPBACK, &layers.request->loopback.origin);
    layers = make_proxied();
    make_setting(&layers.request->ingress_default, 1);
    check_lack(&layers, LACK_INGRESS, &layers.request->ingress_default.origin);
}

TEST(a_proxy_does_not_lead_past_a_ceiling)
{
    struct layers layers = make_proxied();

    add_rule(&layers, layers.ceiling, false, "x.org");
    check_lack(&layers, LACK_PROXY_LIMITED, &layers.ceiling->allow[0].origin);
    layers = make_proxied();
    add_rule(&layers, layers.ceiling, true, "x.org");
    check_lack(&layers, LACK_PROXY_LIMITED, &layers.ceiling->deny[0].origin);
    layers = make_proxied();
    make_setting(&layers.ceiling->egress_default, 0);
    check_lack(&layers, LACK_PROXY_LIMITED, &layers.ceiling->egress_default.origin);
    layers = make_proxied();
    make_setting(&layers.ceiling->host_loopback, 0);
    check_lack(&layers, LACK_PROXY_LIMITED, &layers.ceiling->host_loopback.origin);
    layers = make_proxied();
    add_port(layers.policy, &layers.ceiling->outward, 3129, 3129);
    check_lack(&layers, LACK_PROXY_LIMITED, &layers.ceiling->outward.origin);
    layers = make_proxied();
    add_port(layers.policy, &layers.ceiling->outward, 3128, 3128);
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_proxied();
    make_setting(&layers.ceiling->egress_default, 0);
    layers.ceiling->proxy = layers.request->proxy; /* it names it */
    layers.ceiling->proxy_port = 3128;
    check_verdict(&layers, NETWORK_GATEWAY);
    layers = make_proxied();
    make_layer(layers.policy, LAYER_REQUEST); /* grants nothing, so not this either */
    check_lack(&layers, LACK_PROXY_LIMITED, &layers.request->proxy_origin);
}

TEST(a_proxy_that_only_a_ceiling_names_lets_nobody_past_it)
{
    struct layers layers = make_layers();

    layers.ceiling->proxy = "http://127.0.0.1:3128";
    layers.ceiling->proxy_port = 3128;
    check_verdict(&layers, NETWORK_LOOPBACK);
    layers = make_layers();
    layers.ceiling->proxy = "http://127.0.0.1:3128";
    add_rule(&layers, layers.request, false, "x.org");
    check_verdict(&layers, NETWORK_LOOPBACK);
}

TEST(the_rules_of_the_gateway_are_the_layers)
{
    struct layers layers = make_layers();
    struct net_rules *rules = NULL;
    auto_arena struct arena *arena = arena_new();

    add_rule(&layers, layers.request, false, "x.org");
    add_rule(&layers, layers.request, false, "10.0.0.0/8");
    add_rule(&layers, layers.ceiling, true, "10.1.0.0/16");
    check_int(policy_net_rules(layers.policy, arena, &rules, NULL), 0);
    policy_free(layers.policy); /* nothing of it is needed any more */
    check_int(rules->layer_count, 2);
    check(!rules->layers[0].is_open && rules->layers[0].allow_count == 2 && rules->layers[0].deny_count == 0);
    check(rules->layers[1].is_open && rules->layers[1].allow_count == 0 && rules->layers[1].deny_count == 1);
    check(!rules->layers[0].only_denies && rules->layers[1].only_denies);
    check_string(rules->layers[0].allow[0].peers[0].host, "x.org");
    check(rules->layers[0].allow[1].peers[0].has_block && rules->layers[1].deny[0].peers[0].block.prefix == 16);
    check(rules->layers[0].where && rules->layers[0].allow[0].where && rules->layers[1].deny[0].where);
}

TEST(a_ceiling_that_says_what_may_be_reached_limits_it)
{
    struct layers layers = make_layers();
    struct net_rules *rules = NULL;
    auto_arena struct arena *arena = arena_new();

    add_rule(&layers, layers.request, false, "x.org");
    make_setting(&layers.ceiling->egress_default, 1);
    check_int(policy_net_rules(layers.policy, arena, &rules, NULL), 0);
    check(rules->layers[1].is_open && !rules->layers[1].only_denies);
    policy_free(layers.policy);
}
