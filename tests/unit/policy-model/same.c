/* SPDX-License-Identifier: Apache-2.0 */
/* What differs in more than the network. */
#include "policy/policy.h"

#include "generate.h"
#include "test.h"

static struct policy *a, *b;
static struct document *one, *other;

static void make(void)
{
    a = make_policy();
    b = make_policy();
    one = make_layer(a, LAYER_REQUEST);
    other = make_layer(b, LAYER_REQUEST);
}

static void differ(const char *difference)
{
    const char *found = NULL;

    check(!policy_is_same_but_network(a, b, &found));
    check_contains(found, difference);
    check(!policy_is_same_but_network(b, a, &found));
    check_contains(found, difference);
    policy_free(a);
    policy_free(b);
}

TEST(policies_with_another_network_are_the_same_but_for_that)
{
    static struct egress_rule rule;

    make();
    check(policy_is_same_but_network(a, b, NULL));
    rule.rule.where = "r";
    other->network.is_set = true;
    other->network.egress_default = (struct setting){.is_set = true, .value = 1};
    other->network.allow = &rule;
    other->network.allow_count = 1;
    check(policy_is_same_but_network(a, b, NULL));
    check(policy_is_same_but_network(b, a, NULL));
    policy_free(a);
    policy_free(b);
}

TEST(whatever_else_differs_is_named)
{
    static struct env_item first = {.name = "A", .value = "1"}, second = {.name = "A", .value = "2"};

    make();
    other->command_line = "true";
    differ("process.commandLine");
    make();
    one->cwd = "/a";
    other->cwd = "/b";
    differ("process.cwd");
    make();
    other->timeout = (struct setting){.is_set = true, .value = 5};
    differ("process.timeout");
    make();
    one->env_set = &first;
    other->env_set = &second;
    one->env_set_count = other->env_set_count = 1;
    differ("environment.set");
    make();
    other->network.proxy = "http://127.0.0.1:1";
    differ("runtimeConfig.networkProxy");
    make();
    make_layer(b, LAYER_CEILING);
    differ("another number");
    make();
    make_layer(a, LAYER_REQUEST);
    make_layer(b, LAYER_CEILING);
    differ("changed their places");
}

TEST(a_limit_that_only_one_has_is_a_difference_in_both_directions)
{
    make();
    one->resources.pids = (struct setting){.is_set = true, .value = 5};
    differ("resources.pids");
}
