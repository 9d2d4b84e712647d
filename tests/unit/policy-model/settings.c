/* SPDX-License-Identifier: Apache-2.0 */
/* What holds of all layers together, member by member. */
#include "policy/model/effective.h"

#include <errno.h>

#include "generate.h"
#include "test.h"

struct trio {
    struct policy *policy;
    struct document *one, *two, *ceiling;
};

static struct trio make_trio(void)
{
    struct trio trio = {.policy = make_policy()};

    trio.one = make_layer(trio.policy, LAYER_REQUEST);
    trio.two = make_layer(trio.policy, LAYER_REQUEST);
    trio.ceiling = make_layer(trio.policy, LAYER_CEILING);
    return trio;
}

static struct effective settle(const struct trio *trio)
{
    struct effective effective;
    struct error err = ERROR_INIT;

    if (policy_settle(trio->policy, trio->policy->arena, NULL, NULL, &effective, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return effective;
}

static void check_refused(const struct trio *trio, const char *first, const char *second)
{
    struct effective effective;
    struct error err = ERROR_INIT;

    check(policy_settle(trio->policy, trio->policy->arena, NULL, NULL, &effective, &err) == -EINVAL);
    check_int(err.kind, ERROR_INVALID);
    check_contains(err.text, first);
    check_contains(err.text, second);
}

TEST(the_smallest_limit_holds_and_an_absent_one_does_not_limit)
{
    struct trio trio = make_trio();
    struct effective effective;

    make_setting(&trio.one->resources.memory, 300);
    make_setting(&trio.ceiling->resources.memory, 200);
    trio.ceiling->resources.memory.origin.member = "resources.memory";
    make_setting(&trio.two->timeout, 7);
    make_setting(&trio.one->timeout, 9);
    effective = settle(&trio);
    check_int(effective.resources.memory.value, 200);
    check_string(effective.resources.memory.origin.member, "resources.memory");
    check_int(effective.timeout.value, 7);
    check(!effective.resources.pids.is_set);
    policy_free(trio.policy);
}

TEST(lists_intersect_over_requests_and_over_ceilings_that_name_them)
{
    struct trio trio = make_trio();
    struct effective effective;

    make_item(trio.policy, &trio.one->devices, "/dev/kvm");
    make_item(trio.policy, &trio.one->devices, "/dev/fuse");
    check_int(settle(&trio).devices.count, 0); /* the second request asks for none */
    make_item(trio.policy, &trio.two->devices, "/dev/fuse");
    make_item(trio.policy, &trio.two->devices, "/dev/dri");
    effective = settle(&trio);
    check_int(effective.devices.count, 1);
    check_string(effective.devices.items[0].text, "/dev/fuse");
    trio.ceiling->devices.is_set = true;
    check_int(settle(&trio).devices.count, 0);
    policy_free(trio.policy);
}

TEST(inherited_variables_are_those_that_every_request_names_or_covers)
{
    struct trio trio = make_trio();
    struct effective effective;

    make_item(trio.policy, &trio.one->env_inherit, "LC_*");
    make_item(trio.policy, &trio.one->env_inherit, "PATH");
    make_item(trio.policy, &trio.two->env_inherit, "LC_ALL");
    make_item(trio.policy, &trio.two->env_inherit, "P*");
    make_item(trio.policy, &trio.two->env_inherit, "HOME");
    effective = settle(&trio);
    check_int(effective.env_inherit.count, 2);
    check_string(effective.env_inherit.items[0].text, "PATH");
    check_string(effective.env_inherit.items[1].text, "LC_ALL");
    make_item(trio.policy, &trio.ceiling->env_inherit, "LC_C*");
    check_int(settle(&trio).env_inherit.count, 0);
    policy_free(trio.policy);
}

TEST(a_variable_with_two_values_is_an_error_that_names_both)
{
    struct trio trio = make_trio();

    make_variable(trio.policy, trio.one, "MODE", "fast");
    make_variable(trio.policy, trio.two, "MODE", "fast");
    check_int(settle(&trio).env_set_count, 1);
    make_variable(trio.policy, trio.ceiling, "MODE", "safe");
    check_refused(&trio, "fast", "safe");
    policy_free(trio.policy);
}

TEST(a_system_call_that_any_layer_denies_is_denied)
{
    struct trio trio = make_trio();
    struct effective effective;

    make_item(trio.policy, &trio.one->syscalls_deny, "ptrace");
    make_item(trio.policy, &trio.ceiling->syscalls_deny, "mount");
    make_item(trio.policy, &trio.ceiling->syscalls_deny, "ptrace");
    make_item(trio.policy, &trio.one->syscalls_allow, "io_uring_setup");
    effective = settle(&trio);
    check_int(effective.syscalls_deny.count, 2);
    check_int(effective.syscalls_allow.count, 0);
    policy_free(trio.policy);
}

TEST(a_loss_is_permitted_only_when_every_request_permits_it)
{
    struct trio trio = make_trio();

    make_item(trio.policy, &trio.one->allow_loss, "resources.pids");
    check_int(settle(&trio).allow_loss.count, 0);
    make_item(trio.policy, &trio.two->allow_loss, "resources.pids");
    check_int(settle(&trio).allow_loss.count, 1);
    make_item(trio.policy, &trio.ceiling->allow_loss, "groups");
    check_int(settle(&trio).allow_loss.count, 0);
    policy_free(trio.policy);
}

TEST(nesting_and_toolchains_need_every_layer)
{
    struct trio trio = make_trio();

    make_setting(&trio.one->nested_namespaces, 1);
    make_setting(&trio.one->toolchains, 1);
    check(!settle(&trio).nested_namespaces && !settle(&trio).toolchains.value);
    make_setting(&trio.two->nested_namespaces, 1);
    make_setting(&trio.two->toolchains, 1);
    check(settle(&trio).nested_namespaces && settle(&trio).toolchains.value);
    make_setting(&trio.ceiling->nested_namespaces, 0);
    check(!settle(&trio).nested_namespaces && settle(&trio).toolchains.value);
    policy_free(trio.policy);
}

TEST(tiers_agree_or_are_refused_and_the_highest_minimum_holds)
{
    struct trio trio = make_trio();
    struct effective effective;
    struct error err = ERROR_INIT;

    make_setting(&trio.one->tier, TIER_AUTO);
    make_setting(&trio.two->tier, TIER_PROCESS);
    trio.two->tier.origin.member = "second";
    make_setting(&trio.two->minimum_tier, TIER_PROCESS);
    effective = settle(&trio);
    check_int(effective.tier.value, TIER_PROCESS);
    check(effective_check_tier(trio.policy->arena, &effective.tier, &effective.minimum_tier,
                               &err) == 0);
    make_setting(&trio.ceiling->minimum_tier, TIER_MICROVM);
    trio.ceiling->minimum_tier.origin.member = "isolation.minimum";
    effective = settle(&trio);
    check(effective_check_tier(trio.policy->arena, &effective.tier, &effective.minimum_tier, &err) <
          0);
    check_int(err.kind, ERROR_FORBIDDEN);
    check_contains(err.text, "'process' is below the minimum 'microvm' of");
    check_contains(err.text, "isolation.minimum");
    make_setting(&trio.ceiling->tier, TIER_CONTAINER);
    trio.ceiling->tier.origin.member = "third";
    check_refused(&trio, "second", "third");
    policy_free(trio.policy);
}

TEST(the_command_is_of_the_requests_and_two_are_an_error)
{
    struct trio trio = make_trio();

    trio.ceiling->command_line = "ignored";
    check(settle(&trio).command_line == NULL);
    trio.two->command_line = "make";
    trio.two->command_origin.member = "second";
    check_string(settle(&trio).command_line, "make");
    trio.one->command_line = "make";
    check_string(settle(&trio).command_line, "make");
    trio.one->command_line = "ninja";
    trio.one->command_origin.member = "first";
    check_refused(&trio, "first", "second");
    policy_free(trio.policy);
}

TEST(two_proxies_are_an_error)
{
    struct trio trio = make_trio();

    trio.one->network.proxy = "http://a:1";
    trio.one->network.proxy_origin.member = "first";
    trio.two->network.proxy = "http://a:1";
    check_string(settle(&trio).proxy, "http://a:1");
    trio.ceiling->network.proxy = "http://b:1";
    trio.ceiling->network.proxy_origin.member = "third";
    check_refused(&trio, "first", "third");
    policy_free(trio.policy);
}

static enum network_verdict verdict_of(void (*change)(struct policy *, struct document *))
{
    auto_policy struct policy *policy = make_policy();
    struct document *layer = make_layer(policy, LAYER_REQUEST);

    layer->network.is_set = true;
    make_setting(&layer->network.egress_default, 1);
    make_setting(&layer->network.ingress_default, 1);
    change(policy, layer);
    return policy_network(policy).verdict;
}

static void leave(struct policy *policy, struct document *layer)
{
}

static void refuse_ingress(struct policy *policy, struct document *layer)
{
    layer->network.ingress_default.is_set = false;
}

static void add_deny(struct policy *policy, struct document *layer)
{
    make_rule(policy, layer, true, "10.0.0.0/8", 0, 0, NET_ANY);
}

static void refuse_host_loopback(struct policy *policy, struct document *layer)
{
    make_setting(&layer->network.host_loopback, 0);
}

static void add_proxy(struct policy *policy, struct document *layer)
{
    layer->network.proxy = "http://127.0.0.1:3128";
}

static void refuse_egress(struct policy *policy, struct document *layer)
{
    make_setting(&layer->network.egress_default, 0);
    make_setting(&layer->network.ingress_default, 0);
}

static void refuse_all(struct policy *policy, struct document *layer)
{
    refuse_egress(policy, layer);
    make_setting(&layer->network.loopback, 0);
}

static void add_request_without_network(struct policy *policy, struct document *layer)
{
    make_layer(policy, LAYER_REQUEST);
}

static void add_silent_ceiling(struct policy *policy, struct document *layer)
{
    make_layer(policy, LAYER_CEILING)->network.is_set = true;
}

TEST(the_hosts_network_needs_everything_allowed_by_everybody)
{
    check_int(verdict_of(leave), NETWORK_HOST);
    check_int(verdict_of(add_silent_ceiling), NETWORK_HOST);
    check_int(verdict_of(refuse_ingress), NETWORK_GATEWAY);
    check_int(verdict_of(add_deny), NETWORK_REFUSED);
    check_int(verdict_of(refuse_host_loopback), NETWORK_REFUSED);
    check_int(verdict_of(add_proxy), NETWORK_REFUSED);
    check_int(verdict_of(add_request_without_network), NETWORK_LOOPBACK);
    check_int(verdict_of(refuse_egress), NETWORK_LOOPBACK);
    check_int(verdict_of(refuse_all), NETWORK_NONE);
}
