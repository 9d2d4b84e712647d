/* SPDX-License-Identifier: Apache-2.0 */
/* Secrets in the plan: placed, sent to opened hosts alone, and their sources out of reach. */
#include <errno.h>
#include <unistd.h>

#include "fixture.h"

static struct fixture f;

#define OPENED "network: {egress: {allow: [{to: [{host: a.b}, {host: c.d}], tls: terminate}, {to: [{host: plain.net}]}]}}\n"
#define FILES  "filesystem: {readwritePaths: ['@/ws'], readonlyPaths: ['@/lib']}\n"
#define FILES_DENIED "filesystem: {readwritePaths: ['@/ws'], deniedPaths: ['@/ws/key']}\n"
#define VALUE  "ghp_0123456789abcdef"

static const char *const caller[] = {"TOKEN=" VALUE, "OTHER=x" VALUE "y", "SHORT=no", "LINES=first line\nsecond", "EMPTY=", "PLAIN=nothing", NULL};

static void open_with_caller(void)
{
    fixture_open(&f);
    f.options.caller_env = caller;
    f.options.caller_path = "/usr/bin:/bin";
}

static bool has_text(const char *part)
{
    char *text = NULL, *json = NULL;
    bool has;

    check_int(plan_explain_text(f.plan, &text, &f.err), 0);
    check_int(plan_explain_json(f.plan, &json, &f.err), 0);
    has = strstr(text, part) || strstr(json, part);
    mem_free(text);
    mem_free(json);
    return has;
}

TEST(a_secret_is_in_the_plan_without_its_value)
{
    const struct plan_secret *secret;

    open_with_caller();
    accept_text(&f, OPENED "environment: {inherit: [TOKEN, PLAIN, 'TOK*']}\n"
                           "secrets: [{name: TOKEN, source: 'env:TOKEN', hosts: [a.b, c.d], prefix: ghp_,\n"
                           "           in: [{header: X-Key}, {basicAuth: true}]}]\n");
    check_int(f.plan->secret_count, 1);
    secret = &f.plan->secrets[0];
    check_string(secret->name, "TOKEN");
    check_string(secret->variable, "TOKEN");
    check_int(secret->source, SECRET_ENV);
    check_string(secret->text, "TOKEN");
    check(!secret->file && !secret->command);
    check_string(secret->prefix, "ghp_");
    check_int(secret->host_count, 2);
    check_string(secret->hosts[1], "c.d");
    check_int(secret->field_count, 2);
    check_contains(secret->where, "test.yaml:4:11: secrets[0]");
    /* the placeholder takes the place of what would be inherited */
    check(!has_environment(f.plan, "TOKEN=" VALUE) && has_environment(f.plan, "PLAIN=nothing"));
    for (size_t i = 0; i < f.plan->env_count; i++)
        check(strncmp(f.plan->env[i], "TOKEN=", 6) != 0);
    check(!has_text(VALUE) && has_text("a.b") && has_text("holder, inspector"));
    fixture_close(&f);
}

TEST(a_placeholder_becomes_a_variable_or_a_file_and_the_plan_keeps_its_name)
{
    const struct plan_mount *mount;
    char digest[DIGEST_TEXT_SIZE];

    open_with_caller();
    make_directory(&f, "lib");
    write_file(&f, "lib/key", "old");
    accept_text(&f, FILES OPENED "secrets: [{name: TOKEN, source: 'env:TOKEN', hosts: [a.b]},\n"
                                 " {name: K, file: '@/lib/key', source: 'keyring:my key', hosts: [c.d]},\n"
                                 " {name: H, file: '@/home/.config/h', source: 'keyring:h', hosts: [c.d]}]\n");
    check_int(f.plan->secret_count, 3);
    check(!f.plan->secrets[1].variable);
    check_string(f.plan->secrets[1].text, "my key");
    memcpy(digest, f.plan->plan_digest, sizeof(digest));
    mount = mount_at(&f, f.plan->secrets[1].file);
    check(mount && mount->kind == PLAN_FILE && mount->content == PLAN_PLACEHOLDER);
    check_int(plan_put_placeholder(f.plan, 0, "cordon-1", &f.err), 0);
    check_int(plan_put_placeholder(f.plan, 1, "cordon-2", &f.err), 0);
    check_int(plan_put_placeholder(f.plan, 2, "cordon-3", &f.err), 0);
    check(has_environment(f.plan, "TOKEN=cordon-1"));
    check(!f.plan->env[f.plan->env_count] && f.plan->env_origins[f.plan->env_count - 1] == f.plan->secrets[0].origin);
    check_string(mount->source, "cordon-2");
    check_string(mount_at(&f, "home/.config/h")->source, "cordon-3");
    check_string(f.plan->plan_digest, digest);
    fixture_close(&f);
}

static void check_refused(const char *yaml, const char *why)
{
    open_with_caller();
    make_directory(&f, "lib");
    make_directory(&f, "out");
    write_file(&f, "lib/key", VALUE);
    write_file(&f, "ws/key", VALUE);
    write_file(&f, "out/key", VALUE);
    write_file(&f, "ws/run", "#!/bin/sh\n");
    set_mode(&f, "ws/run", 0755);
    set_mode(&f, "lib/key", 0600);
    set_mode(&f, "ws/key", 0600);
    set_mode(&f, "out/key", 0600);
    write_file(&f, "out/open", VALUE);
    set_mode(&f, "out/open", 0640);
    make_link(&f, "ws/link", "../out/key");
    check_contains(refusal_of(&f, yaml), why);
    check(!strstr(f.err.text, VALUE));
    fixture_close(&f);
}

TEST(a_secret_with_one_thing_wrong_is_refused_by_name)
{
    check_refused(OPENED "secrets: [{name: A, source: 'env:TOKEN', hosts: [x.y]}]\n",
                  "secrets[0].hosts[0]: no rule lets x.y be reached: add it to network.egress.allow, with 'tls: terminate'");
    check_refused(OPENED "secrets: [{name: A, source: 'env:TOKEN', hosts: [plain.net]}]\n",
                  "secrets[0].hosts[0]: no rule about plain.net has 'tls: terminate'");
    check_refused("secrets: [{name: A, source: 'env:TOKEN', hosts: [a.b]}]\n", "no rule lets a.b be reached");
    check_refused(OPENED "environment: {set: {A: b}}\nsecrets: [{name: A, source: 'env:TOKEN', hosts: [a.b]}]\n",
                  "environment.set.A: A is the variable of a secret's placeholder");
    check_refused(OPENED "environment: {inherit: [TOKEN]}\nsecrets: [{name: A, source: 'env:TOKEN', hosts: [a.b]}]\n",
                  "secrets[0].source: variable TOKEN of the program has the value of TOKEN");
    check_refused(OPENED "environment: {inherit: [OTHER]}\nsecrets: [{name: A, source: 'env:TOKEN', hosts: [a.b]}]\n",
                  "variable OTHER of the program has the value of TOKEN");
    check_refused(OPENED "environment: {set: {B: 'Bearer " VALUE "'}}\nsecrets: [{name: A, source: 'env:TOKEN', hosts: [a.b]}]\n",
                  "variable B of the program has the value of TOKEN");
    check_refused(OPENED "secrets: [{name: A, source: 'env:NOBODY', hosts: [a.b]}]\n", "secrets[0].source: the caller has no variable NOBODY, or it is empty: export it before the start");
    check_refused(OPENED "secrets: [{name: A, source: 'env:SHORT', hosts: [a.b]}]\n",
                  "test.yaml:3:29: secrets[0].source: the value of SHORT has less than 8 bytes and stands in answers by chance");
    check_refused(OPENED "secrets: [{name: A, source: 'env:LINES', hosts: [a.b]}]\n", "the value of LINES has more than one line");
    check_refused(OPENED "secrets: [{name: A, source: 'env:EMPTY', hosts: [a.b]}]\n", "the caller has no variable EMPTY, or it is empty");
    check_refused(OPENED FILES "secrets: [{name: A, source: 'file:@/lib/key', hosts: [a.b]}]\n",
                  "can be read inside (test.yaml:3:81: filesystem.readonlyPaths[0]), so the program would see the value");
    check_refused(OPENED FILES "secrets: [{name: A, source: 'file:@/ws/key', hosts: [a.b]}]\n", "can be read inside");
    check_refused(OPENED FILES "secrets: [{name: A, source: 'file:@/out/nothing', hosts: [a.b]}]\n",
                  "secrets[0].source: there is no file");
    check_refused(OPENED FILES "secrets: [{name: A, source: 'file:@/ws/nothing', hosts: [a.b]}]\n", "can be read inside");
    check_refused(OPENED FILES "secrets: [{name: A, source: 'file:@/out/open', hosts: [a.b]}]\n",
                  "can be read or written by others: chmod 600 it");
    check_refused(OPENED FILES "secrets: [{name: A, source: 'file:@/out', hosts: [a.b]}]\n", "is not a file that the caller can read");
    check_refused(OPENED FILES "secrets: [{name: A, source: 'file:@/ws/link', hosts: [a.b]}]\n",
                  "a symbolic link that the contained program can turn elsewhere");
    check_refused(OPENED "filesystem: {views: [{source: '@/out', target: /o}]}\nsecrets: [{name: A, source: 'file:@/out/key', hosts: [a.b]}]\n",
                  "can be read inside (a view)");
    check_refused(OPENED FILES "secrets: [{name: A, command: ['@/ws/run'], hosts: [a.b]}]\n", "the contained program could write it");
    check_refused(OPENED FILES "secrets: [{name: A, command: [sh, '@/ws/run'], hosts: [a.b]}]\n", "the contained program could write it");
    check_refused(OPENED FILES "secrets: [{name: A, command: [no-such-program], hosts: [a.b]}]\n", "there is no program no-such-program");
    check_refused(OPENED FILES "secrets: [{name: A, file: /proc/x, source: 'env:TOKEN', hosts: [a.b]}]\n", "choose another place");
    check_refused(OPENED "filesystem: {readonlyPaths: ['@/lib'], deniedPaths: ['@/lib/key']}\n"
                         "secrets: [{name: A, file: '@/lib/key', source: 'env:TOKEN', hosts: [a.b]}]\n", "is denied; choose another place");
    check_refused(OPENED FILES "secrets: [{name: A, file: '@/lib/none', source: 'env:TOKEN', hosts: [a.b]}]\n",
                  "has nothing of the same type there");
}

/* Who looks at a policy has its secrets or not; what is wrong with those that are there is wrong for both. */
TEST(a_check_needs_no_values_and_the_start_does)
{
    static const char *const sources[] = {"env:NOBODY", "env:EMPTY", "file:@/out/nothing"};
    static const char *const wrong[] = {"env:SHORT", "file:@/ws/nothing", "file:@/out/open"};
    char yaml[512];

    for (size_t i = 0; i < ARRAY_COUNT(sources); i++) {
        snprintf(yaml, sizeof(yaml), OPENED FILES "secrets: [{name: A, source: '%s', hosts: [a.b]}]\n", sources[i]);
        check_refused(yaml, "secrets[0].source: ");
        open_with_caller();
        make_directory(&f, "lib");
        f.options.collect_all = true;
        accept_text(&f, yaml);
        check_int(f.plan->problem_count, 0);
        check_int(f.plan->warnings.count, 1);
        check_contains(f.plan->warnings.items[0].text, "; a start without it is refused");
        check_string(f.plan->warnings.items[0].origin.member, "secrets[0].source");
        check(has_text("placeholder"));
        fixture_close(&f);
    }
    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++) {
        snprintf(yaml, sizeof(yaml), OPENED FILES "secrets: [{name: A, source: '%s', hosts: [a.b]}]\n", wrong[i]);
        open_with_caller();
        make_directory(&f, "lib");
        make_directory(&f, "out");
        write_file(&f, "out/open", VALUE);
        set_mode(&f, "out/open", 0640);
        f.options.collect_all = true;
        accept_text(&f, yaml);
        check_int(f.plan->problem_count, 1);
        check_int(f.plan->warnings.count, 0);
        fixture_close(&f);
    }
}

TEST(a_source_that_is_denied_inside_or_granted_nowhere_will_do)
{
    open_with_caller();
    make_directory(&f, "out");
    write_file(&f, "out/key", VALUE);
    write_file(&f, "ws/key", VALUE);
    set_mode(&f, "out/key", 0600);
    set_mode(&f, "ws/key", 0600);
    accept_text(&f, OPENED FILES_DENIED "secrets: [{name: A, source: 'file:@/ws/key', hosts: [a.b]}, {name: B, source: 'file:@/out/key', hosts: [a.b]},\n"
                           " {name: C, command: [sh, -c, 'echo x'], hosts: [c.d]}]\n");
    check_string(f.plan->secrets[0].text, full_path(&f, "ws/key"));
    check(f.plan->secrets[0].inode && f.plan->secrets[1].inode);
    check_string(what_is_at(&f, "ws/key"), "mask");
    check_string(f.plan->secrets[2].command[1], "-c");
    check(f.plan->secrets[2].command[0][0] == '/' && !f.plan->secrets[2].command[3]);
    fixture_close(&f);
}

/* Another name of the same file in a granted tree is shut as well. */
TEST(a_hard_link_of_a_source_is_not_readable_inside)
{
    open_with_caller();
    make_directory(&f, "out");
    write_file(&f, "out/key", VALUE);
    set_mode(&f, "out/key", 0600);
    check_int(link(full_path(&f, "out/key"), full_path(&f, "ws/other")), 0);
    accept_text(&f, OPENED "filesystem: {readwritePaths: ['@/ws']}\n"
                           "secrets: [{name: B, source: 'file:@/out/key', hosts: [a.b]}]\n");
    check_string(what_is_at(&f, "ws/other"), "mask");
    fixture_close(&f);
}

/* layers */

TEST(a_ceiling_says_which_secrets_may_be_asked_for)
{
    static const struct {
        const char *ceiling;
        size_t left, hosts;
    } rows[] = {
        {"name: x\n", 1, 2},
        {"secrets: []\n", 0, 0},
        {"secrets: [{}]\n", 1, 2},
        {"secrets: [{source: env}]\n", 1, 2},
        {"secrets: [{source: 'env:TOKEN'}]\n", 1, 2},
        {"secrets: [{source: 'env:OTHER'}]\n", 0, 0},
        {"secrets: [{source: file}]\n", 0, 0},
        {"secrets: [{hosts: [a.b]}]\n", 1, 1},
        {"secrets: [{hosts: [a.b]}, {hosts: ['*.x.d']}]\n", 1, 1},
        {"secrets: [{hosts: [a.b]}, {name: TOKEN, hosts: [c.d]}]\n", 1, 2},
        {"secrets: [{name: OTHER}]\n", 0, 0},
        {"secrets: [{in: [{header: Authorization}]}]\n", 1, 2},
        {"secrets: [{in: [{query: key}]}]\n", 0, 0},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        open_with_caller();
        add_layer(&f, LAYER_CEILING, rows[i].ceiling);
        add_layer(&f, LAYER_REQUEST, OPENED "secrets: [{name: TOKEN, source: 'env:TOKEN', hosts: [a.b, c.d]}]\n");
        if (compile_layers(&f) != 0)
            test_fail(__FILE__, __LINE__, "%zu: %s", i, f.err.text);
        if (f.plan->secret_count != rows[i].left || (rows[i].left && f.plan->secrets[0].host_count != rows[i].hosts))
            test_fail(__FILE__, __LINE__, "%zu: %zu secrets are left", i, f.plan->secret_count);
        check_int(f.plan->warnings.count, 2 - rows[i].hosts);
        fixture_close(&f);
    }
}

TEST(documents_that_say_different_things_of_one_secret_contradict_each_other)
{
    open_with_caller();
    add_layer(&f, LAYER_REQUEST, OPENED "secrets: [{name: TOKEN, source: 'env:TOKEN', hosts: [a.b, c.d]}]\n");
    add_layer(&f, LAYER_REQUEST, OPENED "secrets: [{name: TOKEN, source: 'env:TOKEN', hosts: [c.d]}]\n");
    check_int(compile_layers(&f), 0);
    check_int(f.plan->secrets[0].host_count, 1);
    check_string(f.plan->secrets[0].hosts[0], "c.d");
    fixture_close(&f);
    open_with_caller();
    add_layer(&f, LAYER_REQUEST, OPENED "secrets: [{name: TOKEN, source: 'env:TOKEN', hosts: [c.d]}]\n");
    add_layer(&f, LAYER_REQUEST, OPENED "secrets: [{name: TOKEN, source: 'env:OTHER', hosts: [c.d]}]\n");
    check(compile_layers(&f) < 0);
    check_contains(f.err.text, "contradict each other over 'TOKEN': they may differ in hosts alone");
    fixture_close(&f);
    open_with_caller();
    add_layer(&f, LAYER_REQUEST, OPENED "secrets: [{name: TOKEN, source: 'env:TOKEN', hosts: [c.d]}]\n");
    add_layer(&f, LAYER_REQUEST, OPENED);
    check_int(compile_layers(&f), 0);
    check_int(f.plan->secret_count, 0);
    check_contains(f.plan->warnings.items[0].text, "secret TOKEN is not sent to c.d");
    fixture_close(&f);
}
