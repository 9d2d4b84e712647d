/* SPDX-License-Identifier: Apache-2.0 */
/* Each allocation of a compilation and of both explanations fails once. */
#include <stdio.h>
#include <stdlib.h>

#include "fixture.h"

static struct fixture f;

static int compile_and_explain(void)
{
    auto_plan struct plan *plan = NULL;
    auto_free char *text = NULL;
    auto_free char *json = NULL;
    int r = policy_compile(f.policy, &f.facts, &f.options, &plan, &f.err);

    if (r == 0)
        r = plan_explain_text(plan, &text, &f.err);
    return r < 0 ? r : plan_explain_json(plan, &json, &f.err);
}

TEST(each_allocation_of_a_compilation_fails_cleanly)
{
    static const char *const caller[] = {"LC_ALL=C", NULL};

    fixture_open(&f);
    make_directory(&f, "ws/.git/hooks");
    make_directory(&f, "ws/.git/modules/m/hooks");
    make_directory(&f, "ws/common");
    make_directory(&f, "ws/githooks");
    write_file(&f, "ws/.git/commondir", "../common\n");
    write_file(&f, "ws/common/config", "[core]\nhooksPath = githooks\n");
    make_directory(&f, "ws/shut");
    make_directory(&f, "data/a");
    make_link(&f, "link", "data");
    make_link(&f, "ws/.idea", ".idea");
    f.facts.keeps_names = true;
    f.options.caller_env = caller;
    f.self[0] = full_path(&f, "self");
    add_layer(&f, LAYER_CEILING, "filesystem:\n  deniedPaths: [\"@/link/a\"]\n");
    add_layer(&f, LAYER_REQUEST,
              "filesystem:\n  readwritePaths: [\"@/ws\"]\n  deniedPaths: [\"@/ws/shut\"]\n"
              "  readonlyPaths: [\"@/data\"]\n  protectBuiltin: true\n"
              "  views: [{source: \"@/data\", target: \"@/in\", access: readonly}]\n"
              "  cachePaths: [\"${home}/.cache\"]\n"
              "environment: {inherit: [LC_*], set: {A: b}}\n"
              "isolation: {allowLoss: [protectedPaths.missing]}\n"
              "resources: {openFiles: 100}\nsyscalls: {deny: [ptrace]}\n");
    check_int(compile_layers(&f), 0);
    test_each_allocation_fails(compile_and_explain, 5000);
    fixture_close(&f);
}

TEST(each_allocation_for_a_narrowed_network_and_secrets_fails_cleanly)
{
    static const char *const caller[] = {"TOKEN=0123456789", "PLAIN=x", NULL};

    fixture_open(&f);
    f.options.caller_env = caller;
    f.options.caller_path = "/usr/bin:/bin";
    make_directory(&f, "bin");
    make_directory(&f, "out");
    write_file(&f, "bin/git", "\177ELF");
    set_mode(&f, "bin/git", 0755);
    write_file(&f, "out/key", "x");
    set_mode(&f, "out/key", 0600);
    write_file(&f, "out/ca.pem", "-----BEGIN CERTIFICATE-----\n");
    add_layer(&f, LAYER_CEILING, "secrets: [{hosts: [a.b]}]\nnetwork: {budget: {bytesUp: 1MiB}}\n");
    add_layer(&f, LAYER_REQUEST,
              "filesystem: {readwritePaths: ['@/ws'], readonlyPaths: ['@/bin']}\n"
              "environment: {inherit: [TOKEN, PLAIN], set: {PATH: '@/bin'}}\n"
              "network: {egress: {allow: [{to: [{host: a.b}], tls: terminate, http: {methods: [GET], paths: [/a/**]}, programs: [git],\n"
              " budget: {requests: 5}}, {to: [{host: c.d}], mcp: {tools: [x], methods: [y]}}]}, tls: {authorities: ['@/out/ca.pem']}}\n"
              "secrets: [{name: TOKEN, source: 'env:TOKEN', hosts: [a.b, c.d]}, {name: F, source: 'file:@/out/key', hosts: [a.b],\n"
              " file: '@/home/f'}, {name: C, command: [sh, -c, ':'], hosts: [a.b], in: [{query: k}]}]\n");
    check_int(compile_layers(&f), 0);
    check_int(f.plan->secret_count, 3);
    test_each_allocation_fails(compile_and_explain, 8000);
    fixture_close(&f);
}

TEST(explanations_are_safe_to_print)
{
    char *text = NULL;

    fixture_open(&f);
    accept_text(&f, "name: x\n");
    f.plan->cwd = "/\x1b[31mred";
    check(f.plan->env_count > 0);
    f.plan->env[0] = "\x1b[2J\nFAKE=1";
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check(!strchr(text, '\x1b'));
    check_contains(text, "/\\x1b[31mred");
    check_contains(text, "  \\x1b[2J\\x0aFAKE=1");
    mem_free(text);
    check_int(plan_explain_json(f.plan, &text, &f.err), 0);
    check(!strchr(text, '\x1b'));
    mem_free(text);
    fixture_close(&f);
}

TEST(explanations_do_not_show_what_may_be_a_secret)
{
    static const char *const caller[] = {"API_KEY=sk-abc", "TERM=xterm", NULL};
    char *text = NULL;

    fixture_open(&f);
    f.options.caller_env = caller;
    accept_text(&f, "environment: {inherit: [API_KEY, TERM]}\n");
    check(has_environment(f.plan, "API_KEY=sk-abc"));
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check(!strstr(text, "sk-abc"));
    check_contains(text, "API_KEY (the caller's value, not shown)");
    check_contains(text, "TERM=xterm");
    mem_free(text);
    check_int(plan_explain_json(f.plan, &text, &f.err), 0);
    check(!strstr(text, "sk-abc"));
    check_contains(text, "API_KEY");
    mem_free(text);
    fixture_close(&f);
}

TEST(explanations_keep_their_columns_whatever_the_length_of_a_name)
{
    char *text = NULL, *line;
    static char name[200], yaml[400];

    fixture_open(&f);
    memset(name, 'n', sizeof(name) - 1);
    memcpy(name, "ws/", 3);
    make_directory(&f, name);
    make_directory(&f, "ws/a");
    snprintf(yaml, sizeof(yaml),
             "filesystem:\n  readonlyPaths:\n    - /usr\n    - \"@/ws/a\"\n    - \"@/%s\"\n", name);
    accept_text(&f, yaml);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "\n  test.yaml: filesystem.readonlyPaths\n");
    check_contains(text, "\n    read-only  mount, landlock  /usr (line 4)\n");
    check_contains(text, "/ws/a (line 5)\n");
    check_contains(text, "nnn (line 6)\n");
    for (line = strtok(text, "\n"); line; line = strtok(NULL, "\n"))
        check(strlen(line) < 80 || strstr(line, "nnn") || strstr(line, "PATH="));
    mem_free(text);
    fixture_close(&f);
}

TEST(losses_that_end_alike_say_it_once)
{
    char *text = NULL, *at;

    fixture_open(&f);
    accept_text(&f, "filesystem: {readwritePaths: [\"${workspace}\"], "
                    "protectedPaths: [\"${workspace}/one\", \"${workspace}/two\"]}\n"
                    "isolation: {allowLoss: [protectedPaths.missing]}\n");
    check_int(f.plan->loss_count, 2);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    at = strstr(text, "does not exist yet");
    check(at && !strstr(at + 1, "does not exist yet"));
    mem_free(text);
    fixture_close(&f);
}
