/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation failing once. */
#include <errno.h>

#include "generate.h"
#include "policy/model/effective.h"
#include "test.h"

static struct policy *subject, *other;

static struct policy *make_subject(void)
{
    struct policy *policy = make_policy();
    struct document *layer = make_layer(policy, LAYER_REQUEST);
    struct document *ceiling = make_layer(policy, LAYER_CEILING);

    make_path(policy, layer, PATH_READWRITE, "/w");
    make_path(policy, layer, PATH_DENIED, "/w/**/*.key");
    make_view(policy, layer, "/data", "/mnt", false);
    make_setting(&layer->protect_builtin, 1);
    make_path(policy, ceiling, PATH_DENIED, "/w/.env");
    make_rule(policy, layer, false, "10.0.0.0/8", 1, 2, NET_TCP);
    make_rule(policy, layer, false, "*.x.org", 1, 2, NET_TCP);
    make_item(policy, &layer->devices, "/dev/kvm");
    make_item(policy, &layer->env_inherit, "PATH");
    make_variable(policy, layer, "A", "1");
    return policy;
}

static int attempt_new(void)
{
    struct policy *policy;
    struct error err = ERROR_INIT;
    int status = policy_new(&policy, &err);

    check_int(err.kind, status < 0 ? ERROR_MEMORY : ERROR_NONE);
    if (status == 0)
        policy_free(policy);
    return status;
}

TEST(a_new_policy_fails_cleanly_without_memory)
{
    test_each_allocation_fails(attempt_new, 20);
}

static int attempt_settle(void)
{
    auto_arena struct arena *arena = arena_new();
    struct effective effective;
    struct error err = ERROR_INIT;
    int status = arena ? policy_settle(subject, arena, NULL, NULL, &effective, &err) : -ENOMEM;

    if (arena && status < 0)
        check_int(err.kind, ERROR_MEMORY);
    return status;
}

TEST(settling_fails_cleanly_without_memory)
{
    subject = make_subject();
    test_each_allocation_fails(attempt_settle, 200);
    policy_free(subject);
}

static int attempt_subset(void)
{
    const char *witness = NULL;

    if (policy_is_subset(subject, other, &witness))
        return 0;
    check_contains(witness, "out of memory");
    return -ENOMEM;
}

TEST(without_memory_nothing_is_a_subset)
{
    subject = make_subject();
    other = make_subject();
    test_each_allocation_fails(attempt_subset, 20000);
    policy_free(subject);
    policy_free(other);
}

static int attempt_witness(void)
{
    const char *witness = NULL;

    check(!policy_is_subset(subject, other, &witness));
    return strstr(witness, "out of memory") ? -ENOMEM : 0;
}

TEST(a_witness_is_said_or_the_want_of_memory_is)
{
    subject = make_subject();
    other = make_subject();
    make_path(subject, subject->layers[0], PATH_READONLY, "/more");
    test_each_allocation_fails(attempt_witness, 20000);
    policy_free(subject);
    policy_free(other);
}
