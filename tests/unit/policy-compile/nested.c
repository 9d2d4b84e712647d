/* SPDX-License-Identifier: Apache-2.0 */
/* Sandboxes inside: what they take and what they widen. */
#include "fixture.h"

static struct fixture f;

TEST(namespaces_inside_take_the_keeper_and_give_landlock_for_files_up)
{
    char *text = NULL;

    fixture_open(&f);
    f.facts.is_root = false;
    f.facts.keeps_names = true;
    accept_text(&f, "nested: {namespaces: false}\n");
    check(!f.plan->filter.allows_namespaces && !f.plan->filter.keeps_names && f.plan->landlock_files);
    accept_text(&f, "nested: {namespaces: true}\n");
    check(f.plan->filter.allows_namespaces && f.plan->filter.keeps_names && !f.plan->landlock_files);
    for (size_t i = 0; i < f.plan->mount_count; i++)
        check(f.plan->mounts[i].behind != BY_LANDLOCK);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "test.yaml:2: nested.namespaces\n");
    check_contains(text, "Landlock for files");
    check_contains(text, "not by resources.disk");
    mem_free(text);
    fixture_close(&f);
}

TEST(a_disk_limit_that_sandboxes_inside_can_pass_by_needs_one_of_memory)
{
    fixture_open(&f);
    f.facts.is_root = false;
    f.facts.keeps_names = true;
    check_contains(refusal_of(&f, "nested: {namespaces: true}\nresources: {disk: 16MiB}\n"),
                   "set resources.memory, which counts it; to go on without, add 'resources.disk' to isolation.allowLoss");
    f.facts.cgroup = CGROUP_V2;
    f.facts.cgroup_memory = true;
    accept_text(&f, "nested: {namespaces: true}\nresources: {disk: 16MiB, memory: 1GiB}\n");
    check_int(plan_limit_value(f.plan, "resources.disk"), 16 << 20);
    check_int(f.plan->loss_count, 0);
    accept_text(&f, "nested: {namespaces: true}\nresources: {disk: 16MiB}\nisolation: {allowLoss: [resources.disk]}\n");
    check_int(plan_limit_value(f.plan, "resources.disk"), 16 << 20);
    check_int(f.plan->loss_count, 1);
    accept_text(&f, "resources: {disk: 16MiB}\n");
    check_int(f.plan->loss_count, 0);
    fixture_close(&f);
}

TEST(what_netlink_makes_in_networks_inside_is_not_said_to_be_refused)
{
    static const char *const made[] = {"bridges", "tunnels", "queueing", "classifiers"};

    fixture_open(&f);
    f.facts.is_root = false;
    f.facts.keeps_names = true;
    accept_text(&f, "nested: {namespaces: true}\n");
    for (size_t i = 0; i < ARRAY_COUNT(made); i++) {
        size_t count = 0;

        for (size_t j = 0; j < f.plan->statement_count; j++) {
            const struct plan_statement *statement = &f.plan->statements[j];

            if (!strstr(statement->subject, made[i]))
                continue;
            check_string(statement->verdict, "reachable");
            check(statement->first == BY_NOTHING && statement->behind == BY_NOTHING);
            count++;
        }
        check_int(count, 1);
    }
    fixture_close(&f);
}

TEST(namespaces_inside_are_refused_where_they_would_not_be_held)
{
    fixture_open(&f);
    f.facts.is_root = false;
    f.facts.keeps_names = false;
    strcpy(f.facts.keeps_names_why, "the kernel is too old");
    check_contains(refusal_of(&f, "nested: {namespaces: true}\n"), "nested.namespaces");
    check_contains(f.err.text, "(the kernel is too old)");
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    f.facts.keeps_names = f.facts.is_root = true;
    check_contains(refusal_of(&f, "nested: {namespaces: true}\n"), "run Cordon as an ordinary user");
    check_contains(f.err.text, "nested.namespaces");
    f.facts.is_root = false;
    accept_text(&f, "nested: {namespaces: true}\n");
    fixture_close(&f);
}
