/* SPDX-License-Identifier: Apache-2.0 */
/* Suggestions as they are written down: several edits of one document, and texts of a program's that mean something in rules. */
#include <string.h>

#include "author/suggest.h"
#include "fixture.h"

static struct fixture f;
static struct plan_index *the_index;

static void use(const char *yaml)
{
    fixture_open(&f);
    add_layer(&f, LAYER_REQUEST, yaml);
    check_int(compile_layers(&f), 0);
    check_int(plan_index_new(f.plan, &the_index, &f.err), 0);
}

static void finish(void)
{
    plan_index_free_at(&the_index);
    fixture_close(&f);
}

static struct suggestion ask(const struct question *question, const struct suggest_request *request)
{
    struct suggest_input input = {.policy = f.policy, .plan = f.plan, .index = the_index, .variables = &f.variables, .request = request};
    struct suggestion suggestion = {0};
    struct judged judged;

    plan_judge(the_index, question, &judged);
    check_int(suggest(f.policy->arena, &input, question, &judged, &suggestion, &f.err), 0);
    return suggestion;
}

static void check_patch(const struct suggestion *suggestion, const char *wanted)
{
    auto_text struct text patch = {0};

    suggest_print_patch(&patch, suggestion, "a.yaml");
    check_string(patch.data, wanted);
}

static struct suggest_edit add(const char *member, const char *value, size_t there)
{
    return (struct suggest_edit){.file = "a.yaml", .member = member, .value = value, .there = there};
}

TEST(what_a_patch_has_made_it_does_not_make_again)
{
    struct suggestion suggestion = {.edit_count = 4};
    auto_text struct text yaml = {0};

    suggestion.edits[0] = add("filesystem.readonlyPaths", "\"/a\"", 0);
    suggestion.edits[1] = add("filesystem.unprotectedPaths", "\".envrc\"", 0);
    suggestion.edits[2] = add("network.egress.allow", "{}", strlen("network"));
    suggestion.edits[3] = add("filesystem.readonlyPaths", "\"/b\"", 0);
    check_patch(&suggestion, "[{\"op\":\"add\",\"path\":\"/filesystem\",\"value\":{\"readonlyPaths\":[\"/a\"]}},"
                             "{\"op\":\"add\",\"path\":\"/filesystem/readonlyPaths/-\",\"value\":\"/b\"},"
                             "{\"op\":\"add\",\"path\":\"/filesystem/unprotectedPaths\",\"value\":[\".envrc\"]},"
                             "{\"op\":\"add\",\"path\":\"/network/egress\",\"value\":{\"allow\":[{}]}}]");
    suggest_print_yaml(&yaml, &suggestion, "a.yaml", "");
    check_string(yaml.data, "filesystem:\n  readonlyPaths:\n    - \"/a\"\n    - \"/b\"\n  unprotectedPaths:\n    - \".envrc\"\n"
                            "network:\n  egress:\n    allow:\n      - {}\n");
}

TEST(of_one_list_the_last_item_goes_first)
{
    static const struct origin origins[] = {{.member = "filesystem.deniedPaths[2]"}, {.member = "filesystem.deniedPaths[10]"},
                                            {.member = "filesystem.deniedPaths[9]"}};
    struct suggestion suggestion = {.edit_count = 3};

    for (size_t i = 0; i < 3; i++)
        suggestion.edits[i] = (struct suggest_edit){.file = "a.yaml", .member = "filesystem.deniedPaths", .value = "\"/x\"", .removed = &origins[i]};
    check_patch(&suggestion, "[{\"op\":\"remove\",\"path\":\"/filesystem/deniedPaths/10\"},"
                             "{\"op\":\"remove\",\"path\":\"/filesystem/deniedPaths/9\"},"
                             "{\"op\":\"remove\",\"path\":\"/filesystem/deniedPaths/2\"}]");
}

TEST(a_patch_overwrites_nothing_that_the_document_says)
{
    static const char *const others[] = {
        "network: {budget: {connections: 3}}\n", "network: {loopback: allow}\n", "network: {ingress: {default: deny}}\n",
        "network: {ingress: {ports: [{port: 80}]}}\n", "network: {egress: {default: deny}}\n",
    };
    struct question question = {.operation = OPERATION_CONNECT, .host = "api.example.com", .port = 443};

    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        auto_text struct text patch = {0};
        struct suggestion suggestion;

        use(others[i]);
        suggestion = ask(&question, NULL);
        suggest_print_patch(&patch, &suggestion, "test.yaml");
        check_contains(patch.data, "\"path\":\"/network/egress");
        finish();
    }
}

TEST(what_a_program_asked_for_is_no_pattern)
{
    static const struct suggest_request all = {.method = "GET", .path = "/**"}, some = {.method = "GET", .path = "/a/*/b"};
    struct question question = {.operation = OPERATION_CONNECT, .host = "api.example.com", .port = 443};

    use("network: {egress: {allow: [{to: [{host: other.example.com}]}]}}\n");
    check_contains(ask(&question, &all).edits[0].value, "\"paths\":[\"/%2A%2A\"]");
    check_contains(ask(&question, &some).edits[0].value, "\"paths\":[\"/a/%2A/b\"]");
    finish();
}

TEST(without_a_port_a_name_gets_one_and_an_address_every_one)
{
    struct question question = {.operation = OPERATION_CONNECT, .host = "api.example.com"};

    use("network: {egress: {allow: [{to: [{host: other.example.com}]}]}}\n");
    check(!ask(&question, NULL).is_wider);
    check_contains(ask(&question, NULL).note, "supposed");
    question.host = NULL;
    check_int(net_address_parse("93.184.216.34", 13, &question.address), 0);
    check(ask(&question, NULL).is_wider);
    check_contains(ask(&question, NULL).note, "every port");
    question.port = 443;
    check(!ask(&question, NULL).is_wider);
    finish();
}

TEST(what_is_dangerous_to_reach_is_said_with_the_rule)
{
    struct question metadata = {.operation = OPERATION_CONNECT, .port = 80, .address = {.family = AF_INET, .bytes = {169, 254, 169, 254}}};
    struct question inside = {.operation = OPERATION_CONNECT, .port = 22, .address = {.family = AF_INET, .bytes = {10, 0, 0, 1}}};
    struct question outside = {.operation = OPERATION_CONNECT, .port = 22, .address = {.family = AF_INET, .bytes = {93, 184, 216, 34}}};

    use("network: {egress: {allow: [{to: [{host: other.example.com}]}]}}\n");
    check_contains(ask(&metadata, NULL).note, "credentials");
    check_contains(ask(&inside, NULL).note, "own network");
    check(!ask(&outside, NULL).note);
    finish();
}

TEST(nobody_is_told_to_make_the_home_or_the_system_writable)
{
    struct question home = {.operation = OPERATION_CREATE, .path = "/etc/new"}, below = {.operation = OPERATION_DELETE, .exists = true};

    use("filesystem: {readonlyPaths: [/usr]}\n");
    check_contains(ask(&home, NULL).none, "all of /etc, writable");
    make_directory(&f, "home/project");
    below.path = arena_printf(f.policy->arena, "%s/.bashrc", f.variables.home);
    check_contains(ask(&below, NULL).none, "no narrow rule can");
    below.path = arena_printf(f.policy->arena, "%s/project/file", f.variables.home);
    check(!ask(&below, NULL).none);
    finish();
}
