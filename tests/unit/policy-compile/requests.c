/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that are narrowed: requests, programs, budgets, authorities in the plan. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

static struct fixture f;

#define ALLOW(text) "network: {egress: {allow: [" text "]}}\n"
/* A tree with a PATH of its own, read-only, and a writable workspace. */
#define TREE "filesystem: {readonlyPaths: ['@/bin', '@/lib'], readwritePaths: ['@/ws']}\nenvironment: {set: {PATH: '@/ws:@/bin:rel:@/lib'}}\n"

static void make_program(const char *path, const char *text)
{
    write_file(&f, path, text);
    set_mode(&f, path, 0755);
}

static void open_tree(void)
{
    fixture_open(&f);
    make_directory(&f, "bin");
    make_directory(&f, "lib");
    make_program("bin/git", "\177ELF git");
    make_program("lib/git", "\177ELF another");
    make_program("lib/curl", "\177ELF curl");
    make_link(&f, "bin/curl-link", "../lib/curl");
    make_program("bin/tool", "#! /usr/bin/env python3\nprint(1)\n");
    make_program("ws/mine", "\177ELF mine");
    write_file(&f, "bin/data", "\177ELF data");
}

static const struct net_rules *rules_of(const char *yaml)
{
    accept_text(&f, yaml);
    return f.plan->net_rules;
}

TEST(requests_and_tls_are_in_the_rules_of_the_plan)
{
    const struct net_rules *rules;
    const struct net_rule *rule;

    fixture_open(&f);
    rules = rules_of(ALLOW("{to: [{host: a.b}], tls: terminate, http: {methods: [GET], paths: [/v1/**]}}, "
                           "{to: [{host: c.d}], mcp: {tools: [x], methods: [y]}}, {to: [{host: e.f}]}"));
    rule = rules->layers[0].allow;
    check(rule[0].terminates && rule[0].requests && !rule[2].requests && !rule[2].terminates);
    check_string(rule[0].requests->methods[0], "GET");
    check_string(rule[0].requests->paths[0], "/v1/**");
    check(rule[1].requests->is_mcp && rule[1].requests->has_calls);
    check_string(rule[1].requests->tools[0], "x");
    check_string(rule[1].requests->calls[0], "y");
    fixture_close(&f);
}

TEST(budgets_in_total_come_first)
{
    const struct net_rules *rules;

    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "network: {budget: {bytesUp: 5B, onLimit: end}}\n");
    add_layer(&f, LAYER_REQUEST, "network: {egress: {allow: [{budget: {connections: 7}}, {}]}, budget: {connections: 9}}\n");
    check_int(compile_layers(&f), 0);
    rules = f.plan->net_rules;
    check_int(rules->total_count, 2);
    check_int(rules->budget_count, 3);
    check(rules->budgets[0].bytes_up == 5 && rules->budgets[0].ends_run);
    check(rules->budgets[1].connections == 9 && !rules->budgets[1].ends_run);
    check_int(rules->layers[1].allow[0].budget, 3);
    check_int(rules->layers[1].allow[1].budget, 0);
    check_contains(rules->budgets[2].where, "network.egress.allow[0].budget");
    check_int(f.plan->ways[f.plan->way_count - 1].kind, PLAN_WAY_BUDGET);
    fixture_close(&f);
}

TEST(a_ceilings_budget_takes_the_hosts_network_away)
{
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "network: {budget: {bytesUp: 5B}}\n");
    add_layer(&f, LAYER_REQUEST, "network: {egress: {default: allow}}\n");
    check_int(compile_layers(&f), 0);
    check_int(f.plan->network, PLAN_NET_GATEWAY);
    fixture_close(&f);
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "network: {budget: {bytesUp: 5B}}\n");
    add_layer(&f, LAYER_REQUEST, "network: {egress: {default: allow}, ingress: {default: allow}}\n");
    check_int(compile_layers(&f), -EINVAL);
    check_contains(f.err.text, "limited here: ceiling.yaml:2:19: network.budget");
    fixture_close(&f);
}

TEST(nine_layers_with_budgets_are_one_too_many)
{
    fixture_open(&f);
    for (int i = 0; i < 8; i++)
        add_layer(&f, LAYER_CEILING, ALLOW("{budget: {connections: 1}}"));
    add_layer(&f, LAYER_REQUEST, ALLOW("{to: [{host: a.b}]}"));
    check_int(compile_layers(&f), 0);
    fixture_close(&f);
    fixture_open(&f);
    for (int i = 0; i < 9; i++)
        add_layer(&f, LAYER_CEILING, ALLOW("{budget: {connections: 1}}"));
    add_layer(&f, LAYER_REQUEST, ALLOW("{to: [{host: a.b}]}"));
    check(compile_layers(&f) < 0);
    check_contains(f.err.text, "9 layers have rules with budgets");
    fixture_close(&f);
}

TEST(a_program_is_the_first_of_its_name_in_the_containers_path_that_can_be_one)
{
    const struct net_rules *rules;
    struct stat st;

    open_tree();
    rules = rules_of(TREE ALLOW("{programs: [git, '@/bin/curl-link', '@/lib/curl', curl]}, {programs: [git]}"));
    check_int(rules->program_count, 4);
    check_string(rules->programs[0].path, full_path(&f, "bin/git"));
    check_int(stat(full_path(&f, "bin/git"), &st), 0);
    check(rules->programs[0].inode == st.st_ino && rules->programs[0].device == st.st_dev);
    check(rules->programs[0].size == 8 && rules->programs[0].change_s == st.st_ctim.tv_sec);
    check_string(rules->programs[1].path, full_path(&f, "lib/curl"));
    /* three names of one file are one program: the first, which its connections are marked with */
    check(rules->layers[0].allow[0].programs[1] == 2 && rules->layers[0].allow[0].programs[2] == 2 &&
          rules->layers[0].allow[0].programs[3] == 2);
    check_int(rules->layers[0].allow[1].programs[0], 1);
    fixture_close(&f);
}

TEST(a_view_is_where_its_programs_are)
{
    const struct net_rules *rules;
    struct stat st;

    open_tree();
    make_link(&f, "lib/out", "../ws/mine");
    rules = rules_of("filesystem: {views: [{source: '@/lib', target: /tools}], readwritePaths: ['@/ws']}\n" ALLOW("{programs: [/tools/curl]}"));
    check_string(rules->programs[0].path, "/tools/curl");
    check_int(stat(full_path(&f, "lib/curl"), &st), 0);
    check(rules->programs[0].inode == st.st_ino);
    check_contains(refusal_of(&f, "filesystem: {views: [{source: '@/lib', target: /tools}], readwritePaths: ['@/ws']}\n"
                                  ALLOW("{programs: [/tools/out]}")), "there is no program /tools/out in the container");
    check_contains(refusal_of(&f, "filesystem: {views: [{source: '@/lib', target: /tools}], readwritePaths: ['@/ws']}\n"
                                  ALLOW("{programs: ['@/lib/curl']}")), "there is no program");
    fixture_close(&f);
}

TEST(a_program_with_one_thing_wrong_is_refused_by_name)
{
    static const char *const rows[][2] = {
        {"{programs: [mine]}", "/ws/mine lies where something inside may write"},
        {"{programs: ['@/ws/mine']}", "/ws/mine lies where something inside may write"},
        {"{programs: [tool]}", "/bin/tool is a script, and what connects is its interpreter (/usr/bin/env python3): name that"},
        {"{programs: [data]}", "no directory of the container's PATH has a program 'data'"},
        {"{programs: [nothing]}", "no directory of the container's PATH has a program 'nothing'"},
        {"{programs: ['@/home/x']}", "there is no program "},
        {"{programs: ['@/bin']}", "there is no program "},
        {"{programs: [/proc/self/exe]}", "there is no program /proc/self/exe"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char yaml[512];

        open_tree();
        snprintf(yaml, sizeof(yaml), TREE ALLOW("%s"), rows[i][0]);
        check_contains(refusal_of(&f, yaml), rows[i][1]);
        check_contains(f.err.text, "test.yaml:4:40: network.egress.allow[0].programs[0]: ");
        fixture_close(&f);
    }
    open_tree();
    make_program("bin/text", "echo hello\n");
    check_contains(refusal_of(&f, TREE ALLOW("{programs: [text]}")), "is no program of this system");
    fixture_close(&f);
}

static void open_tree_with_git(void)
{
    open_tree();
    make_directory(&f, "lib/git-core");
    make_program("lib/git-core/git-remote-http", "\177ELF http");
    make_program("lib/git-core/git-remote-ext", "\177ELF ext");
    make_link(&f, "lib/git-core/git-remote-https", "git-remote-http");
}

TEST(git_by_name_is_also_what_connects_for_it)
{
    const struct net_rules *rules;
    const struct net_rule *rule;
    char *text = NULL;

    open_tree_with_git();
    rules = rules_of(TREE ALLOW("{programs: [git, curl]}, {programs: [git]}, {programs: ['@/bin/git']}, {programs: ['@/lib/git-core/git-remote-https', git]}"));
    rule = rules->layers[0].allow;
    check_int(rule[0].program_count, 3);
    check_string(rules->programs[rule[0].programs[0] - 1].path, full_path(&f, "bin/git"));
    check_string(rules->programs[rule[0].programs[1] - 1].path, full_path(&f, "lib/git-core/git-remote-http"));
    check_string(rules->programs[rule[0].programs[2] - 1].path, full_path(&f, "lib/curl"));
    check(rules->programs[rule[0].programs[1] - 1].inode && rules->programs[rule[0].programs[1] - 1].size == 9);
    check_int(rule[1].program_count, 2);
    check(rule[1].programs[0] == rule[0].programs[0] && rule[1].programs[1] == rule[0].programs[1]);
    /* a path is its file alone */
    check_int(rule[2].program_count, 1);
    check_int(rule[2].programs[0], rule[0].programs[0]);
    /* and a file has one number, whoever names it */
    check_int(rule[3].programs[0], rule[0].programs[1]);
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "lib/git-core/git-remote-http");
    check(!strstr(text, "git-remote-ext"));
    mem_free(text);
    fixture_close(&f);
}

TEST(what_connects_for_git_must_be_nobodys_to_change)
{
    open_tree_with_git();
    check_contains(refusal_of(&f, "filesystem: {readonlyPaths: ['@/bin', '@/lib'], readwritePaths: ['@/lib/git-core']}\n"
                                  "environment: {set: {PATH: '@/bin'}}\n" ALLOW("{programs: [git]}")),
                   "git-remote-http lies where something inside may write");
    accept_text(&f, "filesystem: {readonlyPaths: ['@/bin', '@/lib'], readwritePaths: ['@/lib/git-core']}\n"
                    "environment: {set: {PATH: '@/bin'}}\n" ALLOW("{programs: ['@/bin/git']}"));
    check_int(f.plan->net_rules->program_count, 1);
    make_program("lib/git-core/git-remote-http", "#!/bin/sh\n");
    check_contains(refusal_of(&f, TREE ALLOW("{programs: [git]}")), "git-remote-http is a script");
    fixture_close(&f);
}

TEST(a_git_without_helpers_is_git)
{
    open_tree();
    accept_text(&f, TREE ALLOW("{programs: [git]}"));
    check_int(f.plan->net_rules->program_count, 1);
    check_int(f.plan->net_rules->layers[0].allow[0].program_count, 1);
    /* nor is one that the container does not see */
    make_directory(&f, "libexec");
    make_directory(&f, "libexec/git-core");
    make_program("libexec/git-core/git-remote-http", "\177ELF http");
    accept_text(&f, TREE ALLOW("{programs: [git]}"));
    check_int(f.plan->net_rules->program_count, 1);
    fixture_close(&f);
}

TEST(a_ceilings_git_is_what_connects_for_it_too)
{
    const struct net_rules *rules;

    open_tree_with_git();
    add_layer(&f, LAYER_CEILING, ALLOW("{programs: [git]}"));
    add_layer(&f, LAYER_REQUEST, TREE ALLOW("{to: [{host: a.b}], programs: ['@/lib/git-core/git-remote-http']}"));
    check_int(compile_layers(&f), 0);
    rules = f.plan->net_rules;
    check_int(rules->layers[0].allow[0].program_count, 2);
    check_int(rules->layers[0].allow[0].programs[1], rules->layers[1].allow[0].programs[0]);
    fixture_close(&f);
}

TEST(a_denied_program_is_not_there)
{
    open_tree();
    check_contains(refusal_of(&f, "filesystem: {readonlyPaths: ['@/bin'], deniedPaths: ['@/bin/git']}\n" ALLOW("{programs: ['@/bin/git']}")),
                   "there is no program");
    fixture_close(&f);
}

/* A ceiling speaks of all containers: a program that this one lacks is nobody, not everybody. */
TEST(a_ceilings_program_that_is_not_there_is_no_program_of_the_container)
{
    const struct net_rules *rules;

    open_tree();
    add_layer(&f, LAYER_CEILING, ALLOW("{programs: [nothing]}, {programs: [git, tool]}"));
    add_layer(&f, LAYER_REQUEST, TREE ALLOW("{to: [{host: a.b}]}"));
    check_int(compile_layers(&f), 0);
    rules = f.plan->net_rules;
    check_int(rules->layers[0].allow[0].program_count, 1);
    check(!rules->programs[rules->layers[0].allow[0].programs[0] - 1].inode);
    check_int(rules->layers[0].allow[1].program_count, 2);
    check(rules->programs[rules->layers[0].allow[1].programs[0] - 1].inode);
    check(!rules->programs[rules->layers[0].allow[1].programs[1] - 1].inode);
    fixture_close(&f);
}

/* authorities */

#define PEM "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"
#define OPENED "egress: {allow: [{to: [{host: a.b}], tls: terminate}]}"

TEST(an_authority_is_read_once_and_named_by_digest)
{
    fixture_open(&f);
    write_file(&f, "ca.pem", PEM);
    accept_text(&f, "network: {" OPENED ", tls: {authorities: ['@/ca.pem']}}\n");
    check_int(f.plan->authority_count, 1);
    check_string(f.plan->authorities[0].text, PEM);
    check_string(f.plan->authorities[0].path, full_path(&f, "ca.pem"));
    check(strlen(f.plan->authorities[0].digest) == DIGEST_TEXT_SIZE - 1);
    check_string(f.plan->authorities[0].origin->member, "network.tls.authorities[0]");
    fixture_close(&f);
    fixture_open(&f);
    write_file(&f, "ca.pem", PEM);
    accept_text(&f, "network: {egress: {allow: [{}]}, tls: {authorities: ['@/ca.pem']}}\n");
    check_int(f.plan->authority_count, 0);
    check_contains(f.plan->warnings.items[0].text, "no rule has 'tls: terminate'");
    fixture_close(&f);
}

TEST(an_authority_with_one_thing_wrong_is_refused)
{
    static const char *const rows[][3] = {
        {"ca.pem", "", "holds no certificate"},
        {"ca.pem", PEM "-----BEGIN RSA PRIVATE KEY-----\n", "holds a private key"},
        {"other.pem", PEM, "is not a file that the caller can read"},
        {"ws/ca.pem", PEM, "the contained program could write it"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char yaml[512];

        fixture_open(&f);
        write_file(&f, strcmp(rows[i][0], "other.pem") == 0 ? "ca.pem" : rows[i][0], rows[i][1]);
        snprintf(yaml, sizeof(yaml), "filesystem: {readwritePaths: ['@/ws']}\nnetwork: {" OPENED ", tls: {authorities: ['@/%s']}}\n", rows[i][0]);
        check_contains(refusal_of(&f, yaml), rows[i][2]);
        fixture_close(&f);
    }
    fixture_open(&f);
    write_file(&f, "ca.pem", PEM);
    make_link(&f, "ws/link", "../ca.pem");
    check_contains(refusal_of(&f, "filesystem: {readwritePaths: ['@/ws']}\nnetwork: {" OPENED ", tls: {authorities: ['@/ws/link']}}\n"),
                   "a symbolic link that the contained program can turn elsewhere");
    fixture_close(&f);
}

TEST(authorities_are_those_that_all_documents_name)
{
    fixture_open(&f);
    write_file(&f, "a.pem", PEM);
    write_file(&f, "b.pem", PEM "\n");
    add_layer(&f, LAYER_CEILING, "network: {tls: {authorities: ['@/b.pem']}}\n");
    add_layer(&f, LAYER_REQUEST, "network: {" OPENED ", tls: {authorities: ['@/a.pem', '@/b.pem']}}\n");
    check_int(compile_layers(&f), 0);
    check_int(f.plan->authority_count, 1);
    check_string(f.plan->authorities[0].path, full_path(&f, "b.pem"));
    fixture_close(&f);
}

/* what can grant nothing */

TEST(loopback_addresses_in_a_rule_name_the_member_that_grants_them)
{
    static const char *const rows[] = {"{to: [{cidr: 127.0.0.1}]}", "{to: [{cidr: 127.0.0.0/8}]}", "{to: [{cidr: '::1'}]}",
                                       "{to: [{host: localhost}]}", "{to: [{host: a.localhost}]}",
                                       "{to: [{cidr: '::ffff:127.0.0.1/128'}]}"};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char yaml[256];

        fixture_open(&f);
        snprintf(yaml, sizeof(yaml), ALLOW("%s"), rows[i]);
        check_contains(refusal_of(&f, yaml), "name the port in network.ingress.hostLoopbackPorts");
        fixture_close(&f);
    }
    fixture_open(&f);
    accept_text(&f, "network: {egress: {allow: [{to: [{cidr: 126.0.0.0/7}, {cidr: 0.0.0.0/0}]}], deny: [{to: [{cidr: 127.0.0.1}]}]}}\n");
    fixture_close(&f);
}

TEST(a_low_port_of_the_host_is_for_root)
{
    fixture_open(&f);
    f.facts.user_port_min = 1024;
    check_contains(refusal_of(&f, "network: {ingress: {ports: [{port: 80}]}}\n"), "network.ingress.ports[0]: port 80 of the host is for root");
    accept_text(&f, "network: {ingress: {ports: [{port: 80, hostPort: 1024}]}}\n");
    f.facts.is_root = true;
    accept_text(&f, "network: {ingress: {ports: [{port: 80}]}}\n");
    fixture_close(&f);
}

TEST(explain_says_to_what_a_rule_is_narrowed)
{
    char *text = NULL, *json = NULL;

    open_tree();
    accept_text(&f, TREE "network: {egress: {allow: [{to: [{host: a.b}], tls: terminate, http: {methods: [GET], paths: [/v1/**]},\n"
                         " programs: [git], budget: {connections: 3, bytesUp: 1MiB, onLimit: end}}]}, budget: {requests: 5}}\n");
    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_contains(text, "inspector, gateway");
    check_contains(text, "TLS opened");
    check_contains(text, "HTTP GET at /v1/**");
    check_contains(text, "/bin/git");
    check_contains(text, "at most 5 requests");
    check_int(plan_explain_json(f.plan, &json, &f.err), 0);
    check_contains(json, "\"tls\": \"terminate\"");
    check_contains(json, "\"paths\": [\n");
    check_contains(json, "\"digest\": \"sha256:");
    check_contains(json, "\"onLimit\": \"end\"");
    mem_free(text);
    mem_free(json);
    fixture_close(&f);
}

TEST(a_rule_about_requests_that_nobody_can_read_is_said)
{
    fixture_open(&f);
    accept_text(&f, ALLOW("{to: [{host: a.b}], http: {}}"));
    check_int(f.plan->warnings.count, 1);
    check_contains(f.plan->warnings.items[0].text, "plain HTTP alone");
    accept_text(&f, ALLOW("{to: [{host: a.b}], http: {}, tls: terminate}, {to: [{host: a.b}], http: {}, ports: [{port: 80}]}"));
    check_int(f.plan->warnings.count, 0);
    fixture_close(&f);
}

TEST(programs_need_the_process_that_sees_who_connects)
{
    open_tree();
    f.facts.keeps_sockets = false;
    snprintf(f.facts.keeps_names_why, sizeof(f.facts.keeps_names_why), "Linux 5.14 is needed");
    check_contains(refusal_of(&f, TREE ALLOW("{programs: [git]}")), "cannot be told apart by program here (Linux 5.14 is needed)");
    fixture_close(&f);
}

/* A digest that was kept is that of the very file, or is not used. */
TEST(the_digest_of_a_large_program_is_kept_for_the_same_file_alone)
{
    static char text[300 * 1024];
    char path[256], entry[300];
    unsigned char first[DIGEST_SIZE];
    struct stat st;
    struct timespec old[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

    open_tree();
    memset(text, 'x', sizeof(text) - 1);
    memcpy(text, "\177ELF", 4);
    make_program("lib/large", text);
    snprintf(path, sizeof(path), "%s", full_path(&f, "lib/large"));
    check_int(utimensat(AT_FDCWD, path, old, 0), 0);
    check_int(stat(path, &st), 0);
    snprintf(entry, sizeof(entry), "%s/programs/%llx-%llx", f.options.cache_directory, (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
    accept_text(&f, TREE ALLOW("{programs: [large]}"));
    check_int(access(entry, F_OK), -1); /* it changed a moment ago */
    memcpy(first, f.plan->net_rules->programs[0].digest, sizeof(first));
    make_directory(&f, "cache");
    make_directory(&f, "cache/programs");
    { /* what an earlier run would have kept, with another digest so that its use shows */
        char kept[256], digest[DIGEST_TEXT_SIZE];
        unsigned char other[DIGEST_SIZE] = {1, 2, 3};
        FILE *file = fopen(entry, "w");

        digest_print(other, digest);
        snprintf(kept, sizeof(kept), "%llu %lld.%09ld %s\n", (unsigned long long)st.st_size, (long long)st.st_ctim.tv_sec, st.st_ctim.tv_nsec, digest);
        check(file && fputs(kept, file) >= 0 && fclose(file) == 0);
        check_int(chmod(entry, 0600), 0);
        accept_text(&f, TREE ALLOW("{programs: [large]}"));
        check(memcmp(f.plan->net_rules->programs[0].digest, other, sizeof(other)) == 0);
        check_int(chmod(entry, 0666), 0); /* anybody could have written it */
        accept_text(&f, TREE ALLOW("{programs: [large]}"));
        check(memcmp(f.plan->net_rules->programs[0].digest, first, sizeof(first)) == 0);
        check_int(chmod(entry, 0600), 0);
        check_int(utimensat(AT_FDCWD, path, old, 0), 0); /* another change time */
        accept_text(&f, TREE ALLOW("{programs: [large]}"));
        check(memcmp(f.plan->net_rules->programs[0].digest, first, sizeof(first)) == 0);
    }
    fixture_close(&f);
}
