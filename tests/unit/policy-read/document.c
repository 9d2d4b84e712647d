/* SPDX-License-Identifier: Apache-2.0 */
/* Documents as a whole: which front end reads them, names, layers, what is recorded. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "load.h"
#include "test.h"

TEST(a_minimal_document_grants_nothing)
{
    const struct document *document = must_load(NATIVE);

    check_int(document->contract, CONTRACT_CORDON);
    check_int(document->kind, LAYER_REQUEST);
    check_string(document->version, "cordon/1");
    check_string(document->name, "p");
    check_string(document->file, "p.yaml");
    check(!document->has_filesystem && !document->has_grants && !document->network.is_set);
    check_int(document->path_count + document->env_set_count + document->unsupported_count, 0);
    check_int(strlen(document->digest), DIGEST_TEXT_SIZE - 1);
}

TEST(json_and_yaml_say_the_same)
{
    const struct document *yaml = must_load(NATIVE "name: x\nfilesystem:\n  readonlyPaths: [/a]\n");
    const struct document *json = must_load(
        "{\"version\":\"cordon/1\",\"name\":\"x\",\"filesystem\":{\"readonlyPaths\":[\"/a\"]}}");

    check_string(json->name, yaml->name);
    check_int(json->path_count, 1);
    check_string(json->paths[0].path, yaml->paths[0].path);
    check_int(json->paths[0].origin.column, 65);
    check(strcmp(json->digest, yaml->digest) != 0);
}

TEST(a_json_document_is_strict_by_its_name_and_by_its_first_byte)
{
    must_refuse_as("p.json", "version: cordon/1\n", "p.json:1:7: invalid token near 'version'");
    must_refuse_as("p.yaml", "{\"version\":\"cordon/1\",}",
                   "p.yaml:1:23: string or '}' expected near '}'; remove the comma before it");
    must_load_as("p.yaml", "--- {version: cordon/1,}\n", &test_options);
}

TEST(a_version_that_is_missing_or_unknown_is_refused)
{
    must_refuse("name: x\n", "p.yaml:1:1: member 'version' is missing; write version: cordon/1");
    must_refuse("name: x\nversin: cordon/1\n", "p.yaml:2:1: versin: unknown member; did you mean 'version'?");
    must_refuse("version: cordon/2\n",
                "p.yaml:1:10: version: 'cordon/2' is unknown; expected cordon/1");
    must_refuse("version: 1.0.0\n",
                "p.yaml:1:10: version: expected cordon/1 (MXC documents are read as JSON only)");
    must_refuse("version: [cordon/1]\n",
                "p.yaml:1:10: version: expected cordon/1 (MXC documents are read as JSON only)");
    must_refuse("- a\n", "p.yaml:1:1: expected a map of members, not a list");
}

TEST(a_json_document_of_another_version_goes_to_the_other_front_end)
{
    struct document *document =
        must_load("{\"version\":\"1.0.0\",\"process\":{\"commandLine\":\"true\"}}");

    check_int(document->contract, CONTRACT_MXC);
}

TEST(unknown_members_are_refused_at_every_level)
{
    must_refuse(NATIVE "filesytem: {}\n",
                "p.yaml:2:1: filesytem: unknown member; did you mean 'filesystem'?");
    must_refuse(NATIVE "filesystem: {readwritepaths: []}\n",
                "p.yaml:2:14: filesystem.readwritepaths: unknown member; did you mean "
                "'readwritePaths'?");
    must_refuse(NATIVE "network: {egress: {alow: []}}\n",
                "p.yaml:2:20: network.egress.alow: unknown member; did you mean 'allow'?");
    must_refuse(NATIVE "nested: {zzzzzzzzz: 1}\n",
                "p.yaml:2:10: nested.zzzzzzzzz: unknown member; expected one of containers, "
                "namespaces, depth, number");
    must_refuse(NATIVE "filesystem: {views: [{source: /a, target: /b, mode: rw}]}\n",
                "p.yaml:2:47: filesystem.views[0].mode: unknown member; expected one of source, "
                "target, access, optional");
    must_refuse(NATIVE "filesystem: {readonlyPaths: [{path: /a, optionl: true}]}\n",
                "p.yaml:2:41: filesystem.readonlyPaths[0].optionl: unknown member; expected one of "
                "path, optional");
}

TEST(a_member_of_another_format_is_answered_with_ours)
{
    must_refuse(NATIVE "containment: process\n",
                "p.yaml:2:1: containment: unknown member; write isolation.tier");
    must_refuse(NATIVE "network: {allowedHosts: [a]}\n",
                "p.yaml:2:11: network.allowedHosts: unknown member; write network.egress.allow "
                "with a 'to' list");
}

TEST(values_of_the_wrong_kind_are_refused_with_the_kind_that_is_wanted)
{
    must_refuse(NATIVE "filesystem: []\n",
                "p.yaml:2:13: filesystem: expected a map of members, not a list; they are readwritePaths, readonlyPaths, deniedPaths, "
                "protectedPaths, unprotectedPaths, protectBuiltin, cachePaths, views, toolchains");
    must_refuse(NATIVE "secrets: {name: A}\n", "p.yaml:2:10: secrets: expected a list, not a map; put it in [brackets], or '- ' before it");
    must_refuse(NATIVE "extends: 7\n", "p.yaml:2:10: extends: expected a list, not a number; put it in [brackets]");
    must_refuse(NATIVE "filesystem:\n",
                "p.yaml:2:11: filesystem: expected a map of members, not nothing; they are readwritePaths, readonlyPaths, "
                "deniedPaths, protectedPaths, unprotectedPaths, protectBuiltin, cachePaths, views, toolchains");
    must_refuse(NATIVE "extends: coding-agent\n",
                "p.yaml:2:10: extends: expected a list, not a string; put it in [brackets]");
    must_refuse(NATIVE "environment: {set: [A]}\n",
                "p.yaml:2:20: environment.set: expected a map of names and values, not a list");
    must_refuse(NATIVE "environment: {set: {PORT: 8080}}\n",
                "p.yaml:2:27: environment.set.PORT: expected a string, not a number; write it "
                "in quotes: \"8080\"");
    must_refuse(NATIVE "environment: {set: {A: }}\n",
                "p.yaml:2:22: environment.set.A: has no value; expected a string");
    must_refuse(NATIVE "name: \"a\\0b\"\n", "p.yaml:2:7: name: holds a NUL; remove it");
}

TEST(the_origin_of_a_value_names_layer_file_place_and_member)
{
    const struct document *document =
        must_load(NATIVE "filesystem:\n  readwritePaths:\n    - /a\n    - /b\n");
    const struct origin *origin = &document->paths[1].origin;

    check_string(origin->layer, "document");
    check_string(origin->file, "p.yaml");
    check_string(origin->member, "filesystem.readwritePaths[1]");
    check_string(origin_text(test_arena(), origin), "p.yaml:5:7: filesystem.readwritePaths[1]");
    check_string(origin_text(test_arena(), &(struct origin){.layer = "built-in"}), "built-in");
    check_string(origin_text(test_arena(), &(struct origin){.file = "a\033b", .line = 3}),
                 "a\\x1bb:3");
}

TEST(what_this_build_cannot_enforce_is_recorded_by_name)
{
    const struct document *document = must_load(
        NATIVE "runtimeConfig: {networkProxy: 'http://127.0.0.1:3128'}\n"
               "network:\n"
               "  ingress: {hostLoopbackPorts: [{port: 53, protocol: udp}], ports: [{port: 80, protocol: udp}]}\n"
               "ui: {disable: false, clipboard: read, camera: true}\n"
               "identity: {class: worker}\naudit: {mode: required, arguments: sealed}\n"
               "isolation: {risk: high, acceleration: hardware}\n"
               "lifecycle: {destroyOnExit: false}\n");
    static const char *const expected[] = {
        "network.ingress.hostLoopbackPorts[0].protocol",
        "network.ingress.ports[0].protocol",
        "isolation.risk",
        "isolation.acceleration",
        "ui.disable",
        "ui.clipboard",
        "ui.camera",
        "lifecycle.destroyOnExit",
    };

    check_int(document->unsupported_count, ARRAY_COUNT(expected));
    for (size_t i = 0; i < ARRAY_COUNT(expected); i++) {
        check_string(document->unsupported[i].member, expected[i]);
        check_string(document->unsupported[i].origin.member, expected[i]);
        check(document->unsupported[i].reason && document->unsupported[i].origin.line);
    }
}

TEST(who_it_is_and_how_it_is_logged_are_read)
{
    const struct document *document = must_load(NATIVE "identity: {class: builder, sponsor: 'Ada L.'}\n"
                                                       "audit: {mode: recorded, arguments: salted, paths: sealed}\n");

    check_int(document->unsupported_count, 0);
    check_string(document->identity_class.text, "builder");
    check_string(document->identity_class.origin.member, "identity.class");
    check_string(document->identity_sponsor.text, "Ada L.");
    check(!document->identity_audiences.is_set);
    check(document->audit_mode.is_set && document->audit_mode.value == AUDIT_RECORDED);
    check_int(document->audit_arguments.value, AUDIT_SALTED);
    check_int(document->audit_paths.value, AUDIT_SEALED);
    must_refuse(NATIVE "audit: {mode: maybe}\n", "p.yaml:2:15: audit.mode: 'maybe' is unknown; expected one of recorded, required");
    must_refuse(NATIVE "identity: {class: 'a b'}\n", "p.yaml:2:19: identity.class: 'a b' is not a name; write at most 64 letters, digits, '.', '_' or '-', a letter or digit first");
    document = must_load(NATIVE "identity: {audiences: [https://a.example, 'b']}\n");
    check_int(document->identity_audiences.count, 2);
    check_string(document->identity_audiences.items[1].text, "b");
    document = must_load(NATIVE "identity: {audiences: []}\n");
    check(document->identity_audiences.is_set && !document->identity_audiences.count);
    must_refuse(NATIVE "identity: {audiences: ['a b']}\n", "p.yaml:2:24: identity.audiences[0]: 'a b' is not whom a token is for; write what that one calls itself, like "
                                                           "https://api.example.org: at most 511 printable characters, no blanks, '\"' or '\\'");
    must_refuse(NATIVE "identity: {audiences: a}\n", "p.yaml:2:23: identity.audiences: expected a list, not a string; put it in [brackets]");
    must_refuse(NATIVE "nested: {number: 65}\n", "p.yaml:2:18: nested.number: 65 is not in 0..64");
}

TEST(members_that_ask_for_nothing_need_nothing)
{
    const struct document *document = must_load(
        NATIVE
        "network: {ingress: {hostLoopback: deny, ports: []}, egress: {allow: [], deny: []}}\n"
        "ui: {disable: true, clipboard: none, camera: false, windows: false}\n"
        "nested: {containers: false, namespaces: false, depth: 0}\n"
        "secrets: []\n"
        "isolation: {risk: low, acceleration: any, tier: process, minimum: auto}\n"
        "lifecycle: {destroyOnExit: true, preservePolicy: false}\n");

    check_int(document->unsupported_count, 0);
    check_int(document->tier.value, TIER_PROCESS);
    check(document->minimum_tier.is_set);
}

TEST(a_ceiling_that_leaves_a_right_open_asks_for_nothing)
{
    struct load_options options = test_options;
    const struct document *document;

    options.kind = LAYER_CEILING;
    options.layer_name = "ceiling";
    document = must_load_as("10.yaml",
                            NATIVE "ui: {camera: true}\nnetwork: {egress: {allow: [{}]}}\n"
                                   "filesystem: {deniedPaths: ['/a/*']}\n",
                            &options);
    check_int(document->kind, LAYER_CEILING);
    check_int(document->unsupported_count, 0);
    check_string(document->paths[0].origin.layer, "ceiling");
}

TEST(what_a_ceiling_demands_and_nothing_keeps_is_noted_by_name)
{
    static const struct {
        const char *text, *member;
    } rows[] = {
        {"isolation: {risk: high}\n", "isolation.risk"},
        {"isolation: {acceleration: hardware}\n", "isolation.acceleration"},
    };
    struct load_options options = test_options;
    const struct document *document;

    options.kind = LAYER_CEILING;
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[256];

        snprintf(text, sizeof(text), NATIVE "%s", rows[i].text);
        document = must_load_as("10.yaml", text, &options);
        check_int(document->unsupported_count, 1);
        check_string(document->unsupported[0].member, rows[i].member);
        check_contains(document->unsupported[0].reason, "a ceiling that cannot be kept");
    }
    document = must_load_as("10.yaml", NATIVE "isolation: {risk: low, acceleration: any}\n",
                            &options);
    check_int(document->unsupported_count, 0);
}

TEST(a_file_is_loaded_and_a_missing_one_is_named)
{
    char path[] = "/tmp/cordon-read-XXXXXX";
    int fd = test_make_file(path);
    struct error err = ERROR_INIT;
    struct document *document = NULL;

    check(fd >= 0);
    check_int(file_write_all(fd, NATIVE "name: from-file\n", strlen(NATIVE) + 16), 0);
    close(fd);
    check_int(document_load_file(test_arena(), path, &test_options, &document, &err), 0);
    check_string(document->name, "from-file");
    unlink(path);
    document = NULL;
    check(document_load_file(test_arena(), path, &test_options, &document, &err) < 0);
    check_contains(err.text, path);
    check(!document);
}

static int load_once(void)
{
    static const char text[] =
        NATIVE "extends: [python]\n"
               "filesystem: {readonlyPaths: [/a, {path: /b, optional: true}], views: [{source: /a, "
               "target: /b}], deniedPaths: ['**/x']}\n"
               "network: {egress: {allow: [{to: [{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}], "
               "ports: [{port: 1}]}]}}\n"
               "environment: {set: {A: b}}\n"
               "process: {commandLine: x, cwd: /a}\n";
    struct arena *arena auto_arena = arena_new();
    struct document *document = NULL;
    struct error err = ERROR_INIT;
    int status;

    if (!arena)
        return -ENOMEM;
    status =
        document_load_text(arena, "p.yaml", text, strlen(text), &test_options, &document, &err);
    check(status == 0 || !document);
    return status;
}

TEST(a_load_that_runs_out_of_memory_is_given_up_whole)
{
    test_each_allocation_fails(load_once, 500);
}

TEST(a_missing_file_is_refused_with_the_profile_that_was_perhaps_meant)
{
    const struct load_options ceiling = {
        .kind = LAYER_CEILING, .variables = &test_variables, .layer_name = "ceiling"};
    struct document *document = NULL;
    struct error err = ERROR_INIT;

    check_int(document_load_file(test_arena(), "/nowhere/mine.yaml", &test_options, &document, &err), -ENOENT);
    check_contains(err.text, "policy /nowhere/mine.yaml: there is no such file");
    check_contains(err.text, "cordon policy profiles");
    check_int(document_load_file(test_arena(), "/nowhere/node", &test_options, &document, &err), -ENOENT);
    check_contains(err.text, "for the built-in profile: --profile node");
    check_int(document_load_file(test_arena(), "/nowhere/coding-agent.yaml", &test_options, &document, &err), -ENOENT);
    check_contains(err.text, "--profile coding-agent");
    check_int(document_load_file(test_arena(), "/nowhere/node", &ceiling, &document, &err), -ENOENT);
    check(!strstr(err.text, "--profile"));
    check(document_load_profile(test_arena(), "mine.yaml", &test_options, &document, &err) < 0);
    check_contains(err.text, "--policy mine.yaml");
    check(!document);
}
