/* SPDX-License-Identifier: Apache-2.0 */
/* Where no user namespace can be made: what Landlock and the filter enforce in full runs, everything else is refused by
 * name. */
#include <errno.h>

#include "fixture.h"

static struct fixture f;

#define ALLOWED "isolation: {allowLoss: [metadata]}\nnetwork: {loopback: deny}\n"

static void open_without_namespaces(void)
{
    fixture_open(&f);
    f.facts.user_namespaces = false;
    snprintf(f.facts.user_namespaces_why, sizeof(f.facts.user_namespaces_why), "run sysctl X");
}

static const struct plan_rule *rule_at(const char *path)
{
    for (size_t i = 0; i < f.plan->rule_count; i++)
        if (strcmp(f.plan->rules[i].target, full_path(&f, path)) == 0)
            return &f.plan->rules[i];
    return NULL;
}

/* Alone, the member is refused with its reason; and what the machine lacks is said. */
static void must_be_refused(const char *yaml, const char *text)
{
    open_without_namespaces();
    make_directory(&f, "ws/below");
    make_directory(&f, "src");
    refusal_of(&f, yaml);
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    check_contains(f.err.text, text);
    check_contains(f.err.text, "run sysctl X");
    fixture_close(&f);
}

TEST(a_simple_policy_is_confined_in_place)
{
    open_without_namespaces();
    accept_text(&f, ALLOWED "filesystem: {readwritePaths: ['@/ws'], readonlyPaths: [/usr]}\n");
    check_int(f.plan->wall, PLAN_WALL_LANDLOCK);
    check(f.plan->filter.is_in_place);
    check(rule_at("ws") && rule_at("ws")->may_write);
    check(rule_at("/usr") && !rule_at("/usr")->may_write);
    check(rule_at("/dev/null") && rule_at("/dev/null")->is_device);
    check_int(f.plan->loss_count, 1);
    check_string(f.plan->losses[0].name, "metadata");
    fixture_close(&f);
}

TEST(where_namespaces_can_be_made_the_same_policy_gets_them)
{
    fixture_open(&f);
    accept_text(&f, ALLOWED "filesystem: {readwritePaths: ['@/ws'], readonlyPaths: [/usr]}\n");
    check_int(f.plan->wall, PLAN_WALL_NAMESPACES);
    check(!f.plan->filter.is_in_place);
    check_int(f.plan->loss_count, 0);
    check_int(f.plan->private_count, 0);
    fixture_close(&f);
}

/* Each without its twin would be one that the mode takes for granted. */
TEST(each_member_that_needs_a_mount_or_a_namespace_is_refused_by_name)
{
    static const char write[] = ALLOWED "filesystem: {readwritePaths: ['@/ws']";
    char yaml[512];

    must_be_refused("isolation: {allowLoss: [metadata]}\n", "network.loopback");
    must_be_refused("network: {loopback: deny}\n", "metadata");
    snprintf(yaml, sizeof(yaml), "%s, deniedPaths: ['@/ws/below']}\n", write);
    must_be_refused(yaml, "filesystem.deniedPaths[0]");
    snprintf(yaml, sizeof(yaml), "%s, readonlyPaths: ['@/ws/below']}\n", write);
    must_be_refused(yaml, "filesystem.readonlyPaths[0]");
    snprintf(yaml, sizeof(yaml), "%s, protectedPaths: ['@/ws/below']}\n", write);
    must_be_refused(yaml, "filesystem.protectedPaths[0]");
    snprintf(yaml, sizeof(yaml), "%s, protectedPaths: ['@/ws/new']}\n", write);
    must_be_refused(yaml, "filesystem.protectedPaths[0]");
    snprintf(yaml, sizeof(yaml), "%s, deniedPaths: ['@/ws/**/*.pem']}\n", write);
    must_be_refused(yaml, "filesystem.deniedPaths[0]");
    snprintf(yaml, sizeof(yaml), "%s, views: [{source: '@/src', target: /srv/there, access: readonly}]}\n", write);
    must_be_refused(yaml, "filesystem.views[0]");
    snprintf(yaml, sizeof(yaml), "%s, cachePaths: [/var/cache/here]}\n", write);
    must_be_refused(yaml, "filesystem.cachePaths[0]");
    must_be_refused(ALLOWED "resources: {disk: 1MiB}\n", "resources.disk");
    must_be_refused(ALLOWED "syscalls: {allow: [statmount]}\n", "syscalls.allow[0]");
    must_be_refused(ALLOWED "resources: {pids: 10}\n", "resources.pids");
}

TEST(what_stands_in_the_way_is_named_all_at_once)
{
    open_without_namespaces();
    make_directory(&f, "ws/a");
    make_directory(&f, "ws/b");
    refusal_of(&f, "filesystem: {readwritePaths: ['@/ws'], deniedPaths: ['@/ws/a', '@/ws/b'], cachePaths: [/c]}\n");
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    check_contains(f.err.text, "isolation.allowLoss without 'metadata', ");
    check_contains(f.err.text, "filesystem.deniedPaths, network.loopback.");
    check_contains(f.err.text, "filesystem.cachePaths, ");
    check_contains(f.err.text, "restricted-host");
    check_int(f.plan == NULL, 1);
    fixture_close(&f);
}

/* Somebody who asks why gets a line for each. */
TEST(a_check_collects_the_reasons_one_by_one)
{
    open_without_namespaces();
    make_directory(&f, "ws/a");
    f.options.collect_all = true;
    accept_text(&f, "filesystem: {readwritePaths: ['@/ws'], deniedPaths: ['@/ws/a']}\n");
    check_int(f.plan->problem_count, 3);
    check_string(f.plan->problems[1].member, "filesystem.deniedPaths[0]");
    check_contains(f.plan->problems[1].error.text, "is denied below a grant");
    check_contains(f.plan->problems[2].error.text, "network.loopback");
    fixture_close(&f);
}

/* A fault that has nothing to do with namespaces is told as it is. */
TEST(another_fault_is_not_hidden_behind_the_list)
{
    open_without_namespaces();
    refusal_of(&f, ALLOWED "filesystem: {readonlyPaths: ['@/nothing']}\n");
    check_contains(f.err.text, "nothing does not exist; create it");
    check(!strstr(f.err.text, "Without, Landlock"));
    fixture_close(&f);
}

TEST(a_writable_grant_below_a_read_only_one_needs_no_mount)
{
    open_without_namespaces();
    make_directory(&f, "ws/below");
    accept_text(&f, ALLOWED "filesystem: {readonlyPaths: ['@/ws'], readwritePaths: ['@/ws/below']}\n");
    check(rule_at("ws/below")->may_write);
    check(!rule_at("ws")->may_write);
    fixture_close(&f);
}

TEST(what_nothing_grants_may_be_denied_as_well)
{
    open_without_namespaces();
    make_directory(&f, "secret");
    accept_text(&f, ALLOWED "filesystem: {readwritePaths: ['@/ws'], deniedPaths: ['@/secret']}\n");
    check(rule_at("secret") == NULL);
    fixture_close(&f);
}

TEST(home_and_temporary_files_are_named_by_variables)
{
    open_without_namespaces();
    accept_text(&f, ALLOWED "filesystem: {readwritePaths: ['@/ws']}\n");
    check_int(f.plan->private_count, 2);
    for (size_t i = 0; i < f.plan->env_count; i++)
        check(strncmp(f.plan->env[i], "HOME=", 5) != 0 && strncmp(f.plan->env[i], "TMPDIR=", 7) != 0);
    check(rule_at("home") == NULL);
    check(rule_at("/tmp") == NULL);
    fixture_close(&f);
    open_without_namespaces();
    accept_text(&f, ALLOWED "filesystem: {readwritePaths: ['@/ws']}\nenvironment: {set: {HOME: /x}}\n");
    check_int(f.plan->private_count, 1);
    check_string(f.plan->privates[0].variable, "TMPDIR");
    check(has_environment(f.plan, "HOME=/x"));
    fixture_close(&f);
}

/* A private home in a tree that is granted would be the user's own. */
TEST(a_grant_around_the_home_is_refused)
{
    open_without_namespaces();
    refusal_of(&f, ALLOWED "filesystem: {readonlyPaths: ['@']}\n");
    check_contains(f.err.text, "is private below a grant");
    fixture_close(&f);
    open_without_namespaces();
    accept_text(&f, ALLOWED "filesystem: {readonlyPaths: ['@/home']}\n");
    check(rule_at("home") && !rule_at("home")->may_write);
    fixture_close(&f);
}

TEST(an_older_landlock_is_refused_with_both_remedies)
{
    for (int abi = 0; abi < 6; abi++) {
        open_without_namespaces();
        f.facts.landlock_abi = abi;
        refusal_of(&f, ALLOWED);
        check_contains(f.err.text, "run sysctl X");
        check_contains(f.err.text, "Linux 6.12");
        fixture_close(&f);
    }
}

TEST(explain_says_which_mechanism_it_is)
{
    char *text = NULL;

    open_without_namespaces();
    accept_text(&f, ALLOWED);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "tier process, by Landlock and system call filter alone");
    check_contains(text, "HOME= a directory of this run");
    mem_free(text);
    check_int(plan_explain_json(f.plan, &text, &f.err), 0);
    check_contains(text, "\"mechanism\": \"landlock\"");
    mem_free(text);
    fixture_close(&f);
    fixture_open(&f);
    accept_text(&f, ALLOWED);
    check_int(plan_explain_json(f.plan, &text, &f.err), 0);
    check_contains(text, "\"mechanism\": \"namespaces\"");
    mem_free(text);
    fixture_close(&f);
}

/* Nothing of namespaces or mounts may be claimed where there are none. */
TEST(no_statement_claims_a_namespace_that_is_not_there)
{
    open_without_namespaces();
    accept_text(&f, ALLOWED "filesystem: {readwritePaths: ['@/ws']}\n");
    for (size_t i = 0; i < f.plan->statement_count; i++) {
        check(f.plan->statements[i].first != BY_NAMESPACE && f.plan->statements[i].behind != BY_NAMESPACE);
        check(f.plan->statements[i].first != BY_MOUNT && f.plan->statements[i].first != BY_ABSENCE);
    }
    for (size_t i = 0; i < f.plan->mount_count; i++)
        check(f.plan->mounts[i].first == BY_LANDLOCK || f.plan->mounts[i].first == BY_NOTHING);
    fixture_close(&f);
}
