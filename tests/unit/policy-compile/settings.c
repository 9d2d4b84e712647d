/* SPDX-License-Identifier: Apache-2.0 */
/* What is not a file: facts, tier, network, system calls, limits, environment, digests. */
#include <errno.h>
#include <unistd.h>

#include "fixture.h"

static struct fixture f;

static const char *refusal_by_facts(const char *yaml, void (*spoil)(struct facts *facts))
{
    fixture_open(&f);
    spoil(&f.facts);
    refusal_of(&f, yaml);
    fixture_close(&f);
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    return f.err.text;
}

static void without_user_namespaces(struct facts *facts)
{
    facts->user_namespaces = false;
    snprintf(facts->user_namespaces_why, sizeof(facts->user_namespaces_why), "run sysctl X");
}

static void without_mount_api(struct facts *facts)
{
    facts->mount_api = false;
}

static void without_proc(struct facts *facts)
{
    facts->proc_mount = false;
    snprintf(facts->proc_mount_why, sizeof(facts->proc_mount_why), "masked by Docker");
}

static void without_seccomp(struct facts *facts)
{
    facts->seccomp = false;
}

static void with_groups_of_root(struct facts *facts)
{
    facts->is_root = true;
    facts->group_count = 2;
}

TEST(what_the_machine_lacks_is_refused_with_its_remedy)
{
    check_contains(refusal_by_facts("name: x\n", without_user_namespaces), "run sysctl X");
    check_contains(refusal_by_facts("name: x\n", without_mount_api), "5.12");
    check_contains(refusal_by_facts("name: x\n", without_proc), "masked by Docker");
    check_contains(refusal_by_facts("name: x\n", without_seccomp), "CONFIG_SECCOMP_FILTER");
    check_contains(refusal_by_facts("name: x\n", with_groups_of_root), "add 'groups'");
}

/* ABI 1 would forbid every rename between directories, so it is not used. */
TEST(without_landlock_nothing_claims_it)
{
    for (int abi = 0; abi <= 1; abi++) {
        fixture_open(&f);
        f.facts.landlock_abi = abi;
        accept_text(&f, "filesystem:\n  readonlyPaths: [/usr]\n");
        check_contains(f.plan->warnings.items[0].text, "no usable Landlock");
        check(!f.plan->landlock_files);
        for (size_t i = 0; i < f.plan->mount_count; i++)
            check(f.plan->mounts[i].behind != BY_LANDLOCK);
        for (size_t i = 0; i < f.plan->statement_count; i++)
            check(f.plan->statements[i].first != BY_LANDLOCK &&
                  f.plan->statements[i].behind != BY_LANDLOCK);
        fixture_close(&f);
    }
}

TEST(landlock_rules_give_what_the_mounts_give)
{
    bool is_usr_seen = false, is_ws_seen = false;

    fixture_open(&f);
    make_directory(&f, "ws/shut");
    make_directory(&f, "ws/ro");
    accept_text(&f,
                "filesystem:\n  readonlyPaths: [/usr, \"@/ws/ro\"]\n  readwritePaths: [\"@/ws\"]\n"
                "  deniedPaths: [\"@/ws/shut\"]\n");
    for (size_t i = 0; i < f.plan->rule_count; i++) {
        const struct plan_rule *rule = &f.plan->rules[i];

        if (strcmp(rule->target, "/usr") == 0) {
            check(!rule->may_write && rule->may_execute);
            is_usr_seen = true;
        }
        if (strcmp(rule->target, full_path(&f, "ws")) == 0) {
            check(rule->may_write && rule->may_execute);
            is_ws_seen = true;
        }
        check(strcmp(rule->target, full_path(&f, "ws/shut")) != 0);
        check(strcmp(rule->target, "/") != 0);
    }
    check(is_usr_seen && is_ws_seen);
    fixture_close(&f);
}

TEST(only_the_process_tier_is_here)
{
    fixture_open(&f);
    accept_text(&f, "isolation: {tier: process}\n");
    accept_text(&f, "isolation: {tier: auto}\n");
    check_string(f.plan->tier, "process");
    refusal_of(&f, "isolation: {tier: microvm}\n");
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    refusal_of(&f, "isolation: {minimum: container}\n");
    f.options.tier = "container";
    check_contains(refusal_of(&f, "name: x\n"), "tier 'container' is not in this build");
    f.options.tier = "bottle";
    check_contains(refusal_of(&f, "name: x\n"), "'bottle' is none of auto, process");
    f.options.tier = "process";
    accept_text(&f, "name: x\n");
    fixture_close(&f);
}

TEST(the_tier_option_does_not_undo_the_tier_of_a_layer)
{
    fixture_open(&f);
    f.options.tier = "process";
    check_contains(refusal_of(&f, "isolation: {tier: microvm}\n"), "below the minimum 'microvm'");
    check_int(f.err.kind, ERROR_FORBIDDEN);
    f.options.tier = "auto";
    check_contains(refusal_of(&f, "isolation: {tier: microvm}\n"), "tier 'microvm' is not in");
    f.options.tier = "instance";
    check_contains(refusal_of(&f, "isolation: {tier: process}\n"), "tier 'instance' is not in");
    fixture_close(&f);
    fixture_open(&f);
    f.options.tier = "process";
    add_layer(&f, LAYER_CEILING, "isolation: {tier: container}\n");
    add_layer(&f, LAYER_REQUEST, "name: x\n");
    check_int(compile_layers(&f), -EPERM);
    fixture_close(&f);
}

TEST(system_calls_are_known_and_only_harmless_ones_granted)
{
    fixture_open(&f);
    accept_text(&f, "syscalls: {deny: [ptrace, personality], allow: [userfaultfd]}\n");
    check_int(f.plan->filter.deny_count, 2);
    check_string(f.plan->filter.deny[0], "ptrace");
    check_string(f.plan->filter.allow[0], "userfaultfd");
    check_contains(refusal_of(&f, "syscalls: {allow: [mount]}\n"), "'mount'");
    check_contains(refusal_of(&f, "syscalls: {allow: [keyctl]}\n"), "cannot be granted");
    check_contains(refusal_of(&f, "syscalls: {allow: [io_uring_setup]}\n"), "cannot be granted");
    check_contains(refusal_of(&f, "syscalls: {allow: [clone3]}\n"), "cannot be granted");
    fixture_close(&f);
}

TEST(what_starts_and_ends_the_program_cannot_be_refused_to_it)
{
    fixture_open(&f);
    accept_text(&f, "syscalls: {deny: [execveat, exit, fork, clone]}\n");
    check_contains(refusal_of(&f, "syscalls: {deny: [ptrace, execve]}\n"), "syscalls.deny[1]");
    check_contains(f.err.text, "'execve' starts the program itself");
    check_contains(refusal_of(&f, "syscalls: {deny: [exit_group]}\n"), "'exit_group' ends the program");
    fixture_close(&f);
}

TEST(what_is_granted_back_is_said_in_the_statements)
{
    bool is_seen = false;

    fixture_open(&f);
    accept_text(&f, "syscalls: {allow: [userfaultfd]}\n");
    for (size_t i = 0; i < f.plan->statement_count; i++)
        if (strcmp(f.plan->statements[i].subject, "userfaultfd") == 0) {
            check_contains(f.plan->statements[i].verdict, "allowed");
            check_int(f.plan->statements[i].first, BY_NOTHING);
            is_seen = true;
        }
    check(is_seen);
    fixture_close(&f);
}

TEST(the_environment_is_only_what_is_named)
{
    static const char *const caller[] = {"SECRET=1", "LC_ALL=C",      "LC_X=a=b", "TERM=xterm",
                                         "=strange", "PATH=/opt/bin", NULL};

    fixture_open(&f);
    f.options.caller_env = caller;
    accept_text(&f, "environment: {inherit: [LC_*, TERM], set: {A: b, TERM: dumb}}\n");
    check(has_environment(f.plan, "LC_ALL=C") && has_environment(f.plan, "LC_X=a=b"));
    check(has_environment(f.plan, "TERM=dumb") && !has_environment(f.plan, "TERM=xterm"));
    check(has_environment(f.plan, "A=b") && has_environment(f.plan, "USER=tester"));
    check(!has_environment(f.plan, "SECRET=1") && !has_environment(f.plan, "PATH=/opt/bin"));
    check(f.plan->env[f.plan->env_count] == NULL);
    accept_text(&f, "environment: {inherit: [PATH]}\n");
    check(has_environment(f.plan, "PATH=/opt/bin"));
    fixture_close(&f);
}

TEST(the_working_directory_is_one_that_is_there)
{
    fixture_open(&f);
    f.options.caller_cwd = "/etc";
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n");
    check_string(f.plan->cwd, full_path(&f, "ws"));
    check(!f.plan->cwd_is_asked);
    accept_text(&f, "name: x\n");
    check_string(f.plan->cwd, full_path(&f, "home"));
    accept_text(&f, "process: {cwd: /usr}\n");
    check_string(f.plan->cwd, "/usr");
    check(f.plan->cwd_is_asked);
    fixture_close(&f);
}

TEST(a_program_starts_in_the_workspace_unless_the_caller_stands_in_it)
{
    static const char policy[] = "filesystem: {readwritePaths: [\"@/ws\"], readonlyPaths: [/usr]}\n";

    char sub[4096];

    fixture_open(&f);
    snprintf(sub, sizeof(sub), "%s/sub", f.variables.workspace);
    make_directory(&f, sub);
    f.options.caller_cwd = sub;
    accept_text(&f, policy);
    check_string(f.plan->cwd, sub);
    f.options.caller_cwd = f.variables.home; /* there inside, too, and empty */
    accept_text(&f, policy);
    check_string(f.plan->cwd, full_path(&f, "ws"));
    f.options.caller_cwd = "/usr";
    accept_text(&f, policy);
    check_string(f.plan->cwd, full_path(&f, "ws"));
    accept_text(&f, "filesystem: {readonlyPaths: [/usr]}\n"); /* no workspace inside */
    check_string(f.plan->cwd, "/usr");
    fixture_close(&f);
}

TEST(problems_are_collected_when_asked_for)
{
    fixture_open(&f);
    f.options.collect_all = true;
    f.facts.seccomp = false;
    accept_text(&f,
                "filesystem:\n  readonlyPaths: [\"@/a\", \"@/b\"]\nresources: {memory: 1GiB}\n");
    check_int(f.plan->problem_count, 4);
    check_contains(f.plan->problems[1].error.text, "resources.memory");
    check_int(f.plan->problems[2].error.kind, ERROR_UNENFORCEABLE);
    fixture_close(&f);
}

TEST(names_are_kept_for_who_watches_them_where_that_is_possible)
{
    fixture_open(&f);
    accept_text(&f, "filesystem: {readonlyPaths: [/usr]}\n");
    check(!f.plan->filter.keeps_names);
    f.options.keeps_names = f.facts.keeps_names = true;
    accept_text(&f, "filesystem: {readonlyPaths: [/usr]}\n");
    check(f.plan->filter.keeps_names);
    f.facts.keeps_names = false;
    accept_text(&f, "filesystem: {readonlyPaths: [/usr]}\n");
    check(!f.plan->filter.keeps_names);
    fixture_close(&f);
}

TEST(what_stops_a_launch_early_does_not_keep_later_problems_from_being_told)
{
    static const char text[] =
        "isolation: {tier: process, minimum: microvm}\n"
        "filesystem:\n  readwritePaths: [\"@/ws\"]\n"
        "  views:\n"
        "    - {source: \"@/data\", target: \"@/ws/one\", access: readonly}\n"
        "    - {source: \"@/data\", target: \"@/ws/two\", access: readonly}\n"
        "    - {source: \"@/data\", target: \"@/in\", access: readonly}\n"
        "resources: {memory: 1GiB}\n";

    fixture_open(&f);
    make_directory(&f, "data");
    check_contains(refusal_of(&f, text), "below the minimum");
    f.options.collect_all = true;
    accept_text(&f, text);
    check_int(f.plan->problem_count, 4);
    check_contains(f.plan->problems[0].error.text, "'process' is below the minimum 'microvm'");
    check_int(f.plan->problems[0].error.kind, ERROR_FORBIDDEN);
    check_contains(f.plan->problems[1].error.text, "resources.memory");
    check_contains(f.plan->problems[2].error.text, "/ws/one is inside the granted");
    check_contains(f.plan->problems[3].error.text, "/ws/two is inside the granted");
    check_int(f.plan->problems[3].error.kind, ERROR_UNENFORCEABLE);
    check_string(what_is_at(&f, "in"), "bind ro");
    check_string(what_is_at(&f, "ws/one"), "none");
    fixture_close(&f);
}

TEST(contradictions_of_layers_are_told_together_and_the_rest_is_explained)
{
    static const char one[] = "isolation: {tier: process}\n"
                              "process: {commandLine: a, cwd: /tmp}\n"
                              "environment: {set: {A: b, C: d}}\n"
                              "filesystem: {readwritePaths: [\"@/ws\"]}\n";
    static const char two[] = "isolation: {tier: microvm}\n"
                              "process: {commandLine: b, cwd: /}\n"
                              "environment: {set: {A: c, C: d}}\n"
                              "filesystem: {readwritePaths: [\"@/ws\"]}\n";
    static const char *const members[] = {"isolation.tier", "environment.set",
                                          "process.commandLine", "process.cwd"};

    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, one);
    add_layer(&f, LAYER_REQUEST, two);
    check_int(compile_layers(&f), -EINVAL);
    check_contains(f.err.text, "isolation.tier");
    f.options.collect_all = true;
    check_int(compile_layers(&f), 0);
    check_int(f.plan->problem_count, ARRAY_COUNT(members));
    for (size_t i = 0; i < ARRAY_COUNT(members); i++) {
        check_int(f.plan->problems[i].error.kind, ERROR_INVALID);
        check_contains(f.plan->problems[i].error.text, members[i]);
        check_contains(f.plan->problems[i].error.text, "contradict each other");
    }
    check_string(what_is_at(&f, "ws"), "bind rw");
    check(has_environment(f.plan, "A=b") && has_environment(f.plan, "C=d"));
    check_string(f.plan->command_line, "a");
    fixture_close(&f);
}

TEST(each_variable_says_where_it_comes_from)
{
    static const char *const caller[] = {"LC_ALL=C", "PATH=/opt/bin", "SECRET=1", NULL};
    static const char *const members[] = {"environment.set.A", "environment.inherit[0]",
                                          "environment"};
    char *text = NULL;

    fixture_open(&f);
    f.options.caller_env = caller;
    accept_text(&f, "environment: {inherit: [LC_*], set: {A: b}}\n"
                    "process: {cwd: /usr, timeout: 5s, commandLine: id}\n");
    for (size_t i = 0; i < ARRAY_COUNT(members); i++)
        check_string(f.plan->env_origins[i]->member, members[i]);
    check_string(f.plan->env_origins[2]->layer, "built-in");
    check_string(f.plan->cwd_origin->member, "process.cwd");
    check_string(f.plan->command_origin->member, "process.commandLine");
    check_string(f.plan->timeout_origin->member, "process.timeout");
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "\n  test.yaml:2: environment.inherit\n    LC_");
    check_contains(text, "\n  test.yaml:2: environment.set\n    A=b\n");
    check_contains(text, "\n  test.yaml:3: process.timeout\n    supervisor  time until it is ended 5s\n");
    mem_free(text);
    check_int(plan_explain_json(f.plan, &text, &f.err), 0);
    check_contains(text, "\"member\": \"environment.set.A\"");
    check_contains(text, "\"kind\": \"loopback\",\n    \"verdict\": \"own\",\n"
                         "    \"first\": \"namespace\",\n    \"behind\": null");
    mem_free(text);
    fixture_close(&f);
}

TEST(who_it_is_comes_from_all_layers_and_stands_in_the_plan)
{
    char *text = NULL, digest[DIGEST_TEXT_SIZE];

    fixture_open(&f);
    accept_text(&f, "identity: {class: builder, sponsor: Ada}\naudit: {paths: sealed, arguments: salted}\n");
    check_string(f.plan->identity_class, "builder");
    check_string(f.plan->identity_sponsor, "Ada");
    check_int(f.plan->audit_paths, AUDIT_SEALED);
    check_int(f.plan->audit_arguments, AUDIT_SALTED);
    check_int(f.plan->audit_mode, AUDIT_RECORDED);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "builder");
    check_contains(text, "sealed");
    mem_free(text);
    check(!f.plan->identity_audiences);
    accept_text(&f, "identity: {audiences: [a, b]}\n");
    check_string(f.plan->identity_audiences[1], "b");
    check(!f.plan->identity_audiences[2]);
    snprintf(digest, sizeof(digest), "%s", f.plan->plan_digest);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "a, b");
    mem_free(text);
    accept_text(&f, "identity: {audiences: []}\n");
    check(f.plan->identity_audiences && !f.plan->identity_audiences[0]);
    check(strcmp(digest, f.plan->plan_digest) != 0);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "nobody");
    mem_free(text);
    accept_text(&f, "audit: {mode: required}\n");
    check_int(f.plan->audit_mode, AUDIT_REQUIRED);
    fixture_close(&f);
}

TEST(unsupported_members_are_refused_by_name)
{
    fixture_open(&f);
    check_contains(refusal_of(&f, "isolation: {risk: high}\n"), "isolation.risk");
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    accept_text(&f, "isolation: {risk: low}\n");
    f.options.collect_all = true;
    accept_text(&f, "isolation: {risk: high, acceleration: hardware}\n");
    check_int(f.plan->problem_count, 2); /* once each */
    check_contains(f.plan->problems[0].error.text, "isolation.risk");
    check_contains(f.plan->problems[1].error.text, "isolation.acceleration");
    fixture_close(&f);
}

TEST(containers_inside_need_process_1_and_limits_that_count_for_all_of_them)
{
    static const struct resources shared = {.memory = {.is_set = true, .value = 64 << 20}};

    fixture_open(&f);
    f.facts.keeps_names = true;
    accept_text(&f, "nested: {containers: true}\n");
    check_int(f.plan->nested_depth, NESTED_DEPTH_DEFAULT);
    check_int(f.plan->nested_number, NESTED_NUMBER_DEFAULT);
    check(f.plan->filter.keeps_names);
    accept_text(&f, "nested: {containers: true, depth: 3, number: 2}\n");
    check_string(f.plan->statements[f.plan->statement_count - 1].verdict, "at most 2, 3 deep");
    check_string(f.plan->statements[f.plan->statement_count - 1].origin->member, "nested.containers");
    check_int(f.plan->nested_depth, 3);
    check_int(f.plan->nested_number, 2);
    accept_text(&f, "nested: {containers: true, depth: 0}\n");
    check_int(f.plan->nested_number, 0);
    accept_text(&f, "nested: {containers: false, number: 2}\n");
    check_int(f.plan->nested_number, 0);
    check_contains(refusal_of(&f, "nested: {containers: true, namespaces: true}\n"), "nested.containers: a sandbox of the program's own");
    check_contains(refusal_of(&f, "nested: {containers: true}\nresources: {disk: 1MiB}\n"), "resources.disk: with nested.containers");
    accept_text(&f, "nested: {containers: true}\nresources: {disk: 1MiB}\nisolation: {allowLoss: [resources.disk]}\n");
    f.options.is_reviewed = true;
    check_contains(refusal_of(&f, "nested: {containers: true}\n"), "nested.containers: what a container inside changes");
    f.options.is_reviewed = false;
    f.facts.keeps_names = false;
    check_contains(refusal_of(&f, "nested: {containers: true}\n"), "nested.containers: process 1 must be asked");
    f.facts.keeps_names = true;
    /* inside of another: its control group's limits hold already, others cannot be had */
    f.facts.cgroup_memory = false;
    check_contains(refusal_of(&f, "resources: {memory: 64MiB}\n"), "resources.memory");
    f.options.shared = &shared;
    accept_text(&f, "resources: {memory: 64MiB}\n");
    check_int(plan_limit_value(f.plan, "resources.memory"), 0);
    check_contains(refusal_of(&f, "resources: {memory: 63MiB}\n"), "resources.memory");
    fixture_close(&f);
}

TEST(the_clipboard_may_be_set_where_every_layer_says_so_and_never_read)
{
    char *text = NULL;

    fixture_open(&f);
    accept_text(&f, "ui: {clipboard: none}\n");
    check(!f.plan->clipboard_write);
    accept_text(&f, "ui: {disable: true, clipboard: write}\n");
    check(!f.plan->clipboard_write);
    accept_text(&f, "ui: {clipboard: write}\n");
    check(f.plan->clipboard_write);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "test.yaml:2: ui.clipboard\n    may be set");
    mem_free(text);
    check_contains(refusal_of(&f, "ui: {clipboard: read}\n"), "ui.clipboard: needs a private desktop");
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    check_contains(refusal_of(&f, "ui: {clipboard: all}\n"), "ui.clipboard: needs a private desktop");
    fixture_close(&f);
}

TEST(a_ceiling_takes_the_clipboard_away)
{
    static const struct {
        const char *ceiling;
        bool may_write;
    } rows[] = {{"ui: {clipboard: none}\n", false},
                {"ui: {clipboard: read}\n", false},
                {"ui: {clipboard: write}\n", true},
                {"ui: {clipboard: all}\n", true},
                {"ui: {disable: true}\n", false},
                {"ui: {windows: false}\n", true}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        fixture_open(&f);
        add_layer(&f, LAYER_REQUEST, "ui: {clipboard: write}\n");
        add_layer(&f, LAYER_CEILING, rows[i].ceiling);
        check_int(compile_layers(&f), 0);
        check_int(f.plan->clipboard_write, rows[i].may_write);
        fixture_close(&f);
    }
}

TEST(a_ceiling_that_cannot_be_kept_refuses_and_one_that_leaves_rights_open_does_not)
{
    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, "name: x\n");
    add_layer(&f, LAYER_CEILING, "ui: {clipboard: read}\nisolation: {risk: low}\n");
    check_int(compile_layers(&f), 0);
    add_layer(&f, LAYER_CEILING, "isolation: {risk: high}\n");
    check(compile_layers(&f) < 0);
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    check_contains(f.err.text, "ceiling.yaml:2:");
    check_contains(f.err.text, "isolation.risk: a ceiling that cannot be kept");
    fixture_close(&f);
}

TEST(supplementary_groups_of_an_ordinary_caller_are_said)
{
    fixture_open(&f);
    f.facts.group_count = 3;
    accept_text(&f, "name: x\n");
    check_int(f.plan->warnings.count, 1);
    check_contains(f.plan->warnings.items[0].text, "3 supplementary groups");
    fixture_close(&f);
}

TEST(digests_name_what_is_decided_and_nothing_else)
{
    char policy[DIGEST_TEXT_SIZE], plan[DIGEST_TEXT_SIZE];

    fixture_open(&f);
    make_directory(&f, "ws/x");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n");
    memcpy(policy, f.plan->policy_digest, sizeof(policy));
    memcpy(plan, f.plan->plan_digest, sizeof(plan));
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n");
    check_string(f.plan->policy_digest, policy);
    check_string(f.plan->plan_digest, plan);
    accept_text(&f, "# a comment\nfilesystem:\n  readwritePaths: [\"@/ws\"]\n");
    check(strcmp(f.plan->policy_digest, policy) != 0);
    check_string(f.plan->plan_digest, plan);
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@/ws\"]\n");
    check(strcmp(f.plan->plan_digest, plan) != 0);
    fixture_close(&f);
}

static const char *warning_with(const char *part)
{
    for (size_t i = 0; i < f.plan->warnings.count; i++)
        if (strstr(f.plan->warnings.items[i].text, part))
            return f.plan->warnings.items[i].text;
    return NULL;
}

static void compile_under(const char *ceiling, const char *expected)
{
    const char *warning;

    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, ceiling);
    add_layer(&f, LAYER_REQUEST, "filesystem: {readonlyPaths: [/usr, /etc/passwd, {path: /nowhere, optional: true}], "
                                 "readwritePaths: [\"@/ws\"]}\n");
    check_int(compile_layers(&f), 0);
    warning = warning_with("grants files");
    if (expected)
        check_contains(warning ? warning : "nothing", expected);
    else
        check(!warning);
    fixture_close(&f);
}

TEST(what_a_ceiling_makes_void_is_said)
{
    compile_under("filesystem: {readwritePaths: [\"@/ws\"]}\n",
                  "ceiling.yaml grants files, so nothing else is left, and it does not grant /usr and others: 2 of");
    compile_under("filesystem: {readwritePaths: [\"@/ws\"], readonlyPaths: [/usr]}\n",
                  "it does not grant /etc/passwd: 1 of");
    compile_under("filesystem: {readwritePaths: [\"@/ws\"], readonlyPaths: [/usr, /etc]}\n", NULL);
    compile_under("filesystem: {deniedPaths: [/usr/share]}\n", NULL);
    compile_under("extends: [base]\nfilesystem: {readwritePaths: [\"@/ws\"]}\n", NULL);
}

TEST(a_denied_path_that_is_absent_has_a_row_and_one_that_surprises_a_warning)
{
    const struct plan_statement *row = NULL;

    fixture_open(&f);
    make_directory(&f, "lone");
    make_directory(&f, "ws/shut");
    accept_text(&f, "filesystem: {readwritePaths: [\"@/ws\"], readonlyPaths: [/bin], "
                    "deniedPaths: [\"@/lone\", \"@/ws/shut\", /usr, \"@/missing\"]}\n");
    for (size_t i = 0; i < f.plan->statement_count; i++) {
        check(strcmp(f.plan->statements[i].subject, full_path(&f, "ws/shut")) != 0);
        check(strcmp(f.plan->statements[i].subject, full_path(&f, "missing")) != 0);
        if (strcmp(f.plan->statements[i].subject, full_path(&f, "lone")) == 0)
            row = &f.plan->statements[i];
    }
    check(row && row->first == BY_ABSENCE && strcmp(row->origin->member, "filesystem.deniedPaths[0]") == 0);
    check_contains(warning_with("stays granted") ?: "nothing", "/usr is shut, but /usr/bin stays granted");
    check(!warning_with("is the workspace"));
    accept_text(&f, "filesystem: {readwritePaths: [\"@/ws\"], readonlyPaths: [/bin], deniedPaths: [\"@/ws\"]}\n");
    check(!warning_with("stays granted"));
    check(warning_with("is the workspace"));
    fixture_close(&f);
}
