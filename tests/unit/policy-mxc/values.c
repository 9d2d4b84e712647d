/* SPDX-License-Identifier: Apache-2.0 */
/* What becomes of process, filesystem and the members that do nothing on Linux. */
#include <errno.h>

#include "mxc-test.h"

static const char *env_value(const struct document *document, const char *name)
{
    const char *value = NULL;

    for (size_t i = 0; i < document->env_set_count; i++) {
        if (strcmp(document->env_set[i].name, name) != 0)
            continue;
        check(value == NULL); /* each name once */
        value = document->env_set[i].value;
    }
    return value;
}

TEST(without_env_a_program_gets_a_path_and_a_terminal)
{
    struct verdict verdict = mxc_read(PROCESS(""));

    check(verdict.document && verdict.document->env_is_exact);
    check_int(verdict.document->env_set_count, 2);
    check_string(env_value(verdict.document, "PATH"),
                 "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
    check_string(env_value(verdict.document, "TERM"), "xterm-256color");
    check(verdict.document->env_home_is_cwd && verdict.document->cwd == NULL);
    check_int(verdict.document->env_inherit.count, 0);
    verdict_finish(&verdict);
}

TEST(an_empty_env_is_empty)
{
    struct verdict verdict = mxc_read(PROCESS(",\"cwd\":\"/usr\",\"env\":[]"));

    check(verdict.document && verdict.document->env_is_exact);
    check_int(verdict.document->env_set_count, 0);
    check(!verdict.document->env_home_is_cwd);
    check_string(verdict.document->cwd, "/usr");
    verdict_finish(&verdict);
}

TEST(env_is_verbatim_and_the_last_entry_of_a_name_wins)
{
    struct verdict verdict = mxc_read(PROCESS(",\"env\":[\"A=1\",\"B=c=d\",\"A=2\",\"C=\"]"));

    check(verdict.document != NULL);
    check_int(verdict.document->env_set_count, 3);
    check_string(env_value(verdict.document, "A"), "2");
    check_string(env_value(verdict.document, "B"), "c=d");
    check_string(env_value(verdict.document, "C"), "");
    verdict_finish(&verdict);
}

TEST(inherited_defaults_yield_to_the_documents_own_entries)
{
    struct verdict verdict =
        mxc_read(PROCESS(",\"inheritDefaultEnv\":true,\"env\":[\"TERM=dumb\",\"HOME=/y\"]"));

    check(verdict.document != NULL);
    check_int(verdict.document->env_set_count, 3);
    check_string(env_value(verdict.document, "TERM"), "dumb");
    check_string(env_value(verdict.document, "HOME"), "/y");
    check(!verdict.document->env_home_is_cwd);
    verdict_finish(&verdict);
}

TEST(an_env_entry_that_sets_nothing_is_said)
{
    check_warning(PROCESS(",\"env\":[\"A=1\",\"BAD\"]"),
                  "process.env[1] sets nothing: it has no '='; write NAME=value or remove it");
    check_warning(PROCESS(",\"env\":[\"A=1\",\"BAD=\"]"), NULL);
}

TEST(an_env_entry_that_cannot_be_set_is_refused)
{
    check_refused_about(PROCESS(",\"env\":[\"=x\"]"), MXC_MALFORMED_REQUEST, "process.env[0]");
    check_refused_about(PROCESS(",\"env\":[\"A=\\u0000\"]"), MXC_BACKEND_ERROR, "process.env[0]");
}

TEST(a_command_with_a_nul_is_refused)
{
    check_refused_about("{\"version\":\"1.0.0\",\"process\":{\"commandLine\":\"a\\u0000b\"}}",
                        MXC_MALFORMED_REQUEST, "process.commandLine holds a NUL");
    check_accepted("{\"version\":\"1.0.0\",\"process\":{\"commandLine\":\" \"}}");
}

TEST(a_relative_cwd_is_refused_before_launch)
{
    check_refused_about(PROCESS(",\"cwd\":\"rel\""), MXC_MALFORMED_REQUEST, "process.cwd is not");
    check_refused_about(PROCESS(",\"cwd\":\"~\""), MXC_MALFORMED_REQUEST, "process.cwd is not");
    check_refused_about(PROCESS(",\"cwd\":\"/a/../b\""), MXC_MALFORMED_REQUEST, "'..'");
    check_refused_about(PROCESS(",\"cwd\":\"/a\\u0000\""), MXC_BACKEND_ERROR, "NUL");
    check_accepted(PROCESS(",\"cwd\":\"\""));
    check_accepted(PROCESS(",\"cwd\":\"/a/b\""));
}

TEST(a_timeout_of_zero_is_none)
{
    struct verdict none = mxc_read(PROCESS(",\"timeout\":0"));
    struct verdict some = mxc_read(PROCESS(",\"timeout\":4294967295"));

    check(none.document && !none.document->timeout.is_set);
    check(some.document && some.document->timeout.is_set);
    check_int(some.document->timeout.value, 4294967295);
    check_string(some.document->timeout.origin.member, "process.timeout");
    verdict_finish(&none);
    verdict_finish(&some);
}

static const struct path_rule *find_rule(const struct document *document, const char *path,
                                         enum path_rule_kind kind)
{
    for (size_t i = 0; i < document->path_count; i++)
        if (document->paths[i].kind == kind && strcmp(document->paths[i].path, path) == 0)
            return &document->paths[i];
    return NULL;
}

TEST(paths_become_literal_rules_with_their_place)
{
    struct verdict verdict =
        mxc_read(ONE_SHOT(",\"filesystem\":{\"readwritePaths\":[\"/a/\"],\"readonlyPaths\":[\"/b\","
                          "\"/c/[id]\"],\"deniedPaths\":[\"//a/./d\"]}"));
    const struct document *document = verdict.document;
    const struct path_rule *rule;

    check(document && document->has_filesystem && document->has_grants);
    check(find_rule(document, "/a", PATH_READWRITE) != NULL);
    check(find_rule(document, "/a/d", PATH_DENIED) != NULL);
    rule = find_rule(document, "/c/[id]", PATH_READONLY);
    check(rule && !rule->is_glob && !rule->is_optional);
    check_string(rule->origin.member, "filesystem.readonlyPaths[1]");
    check_string(rule->origin.layer, "document");
    check_int(rule->origin.line, 1);
    verdict_finish(&verdict);
}

TEST(a_path_that_mxc_would_fail_at_later_is_refused_now)
{
    static const struct {
        const char *path, *fault;
    } rows[] = {
        {"", "Filesystem path is empty"},
        {"rel", "is not absolute"},
        {"~/x", "does not expand"},
        {"/a/*", "no patterns"},
        {"/a/?", "no patterns"},
        {"/a/../b", "'..'"},
        {"/a\\u0000b", "NUL"},
        {"${workspace}", "absolute"},
    };
    static const char *const lists[] = {"readwritePaths", "readonlyPaths", "deniedPaths"};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(lists); j++) {
            char text[256];

            snprintf(text, sizeof(text), ONE_SHOT(",\"filesystem\":{\"%s\":[\"/ok\",\"%s\"]}"),
                     lists[j], rows[i].path);
            check_refused_about(text, MXC_MALFORMED_REQUEST, rows[i].fault);
            check_refused_about(text, MXC_MALFORMED_REQUEST, lists[j]);
        }
    }
}

TEST(every_document_gets_the_system_read_only_and_nothing_of_a_profiles_environment)
{
    struct verdict verdict = mxc_read(PROCESS(""));
    const struct document *document = verdict.document;
    const struct path_rule *rule;

    check(document != NULL);
    rule = find_rule(document, "/usr", PATH_READONLY);
    check(rule != NULL);
    check_contains(rule->origin.layer, "base");
    for (size_t i = 0; i < document->path_count; i++)
        check(document->paths[i].kind != PATH_READWRITE && document->paths[i].kind != PATH_CACHE);
    check(!document->env_inherit.is_set && !document->protect_builtin.is_set);
    check(!document->network.is_set && !document->toolchains.is_set);
    check_int(document->tier.value, TIER_PROCESS);
    verdict_finish(&verdict);
}

TEST(what_has_no_effect_on_linux_is_said_and_what_holds_anyway_is_not)
{
    static const struct {
        const char *holds, *says, *member;
    } rows[] = {
        {"\"ui\":{\"disable\":true}", "\"ui\":{\"disable\":false}", "ui.disable"},
        {"\"ui\":{\"clipboard\":\"none\"}", "\"ui\":{\"clipboard\":\"all\"}", "ui.clipboard"},
        {"\"ui\":{\"injection\":false}", "\"ui\":{\"injection\":true}", "ui.injection"},
        {"\"lifecycle\":{\"destroyOnExit\":true}", "\"lifecycle\":{\"destroyOnExit\":false}",
         "lifecycle.destroyOnExit"},
        {"\"lifecycle\":{\"preservePolicy\":false}", "\"lifecycle\":{\"preservePolicy\":true}",
         "lifecycle.preservePolicy"},
        {"\"fallback\":{\"allowDaclMutation\":false}", "\"fallback\":{\"allowDaclMutation\":true}",
         "fallback.allowDaclMutation"},
        {"\"telemetry\":{\"enabled\":false}", "\"telemetry\":{\"enabled\":true}",
         "telemetry.enabled"},
        {"\"test\":{}", "\"test\":{\"message\":\"x\"}", "test.message"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char text[256];
        struct verdict verdict;

        snprintf(text, sizeof(text), ONE_SHOT_OF("1.1.0-alpha", ",%s"), rows[i].holds);
        check_warning(text, NULL);
        snprintf(text, sizeof(text), ONE_SHOT_OF("1.1.0-alpha", ",%s"), rows[i].says);
        verdict = mxc_read(text);
        check(verdict.document != NULL);
        check_int(verdict.document->warnings.count, 1);
        check_contains(verdict.document->warnings.items[0].text, rows[i].member);
        check_string(verdict.document->warnings.items[0].origin.member, rows[i].member);
        verdict_finish(&verdict);
    }
}

TEST(name_identity_and_digest_are_carried)
{
    struct verdict verdict = mxc_read(ONE_SHOT(",\"containerId\":\"abc\""));

    check(verdict.document != NULL);
    check_string(verdict.document->container_id, "abc");
    check_string(verdict.document->name, "p");
    check_string(verdict.document->file, "dir/p.json");
    check_string(verdict.document->version, "1.0.0");
    check_int(strncmp(verdict.document->digest, "sha256:", 7), 0);
    check_int(verdict.document->contract, CONTRACT_MXC);
    check(verdict.document->phase == NULL);
    verdict_finish(&verdict);
}

TEST(a_ceiling_cannot_be_an_mxc_document)
{
    static const struct load_options options = {.kind = LAYER_CEILING, .layer_name = "ceiling"};
    struct arena *arena auto_arena = arena_new();
    struct document *document = NULL;
    struct error err = ERROR_INIT;
    const char *text = PROCESS("");

    check_int(document_load_text(arena, "c.json", text, strlen(text), &options, &document, &err),
              -EINVAL);
    check_contains(err.text, "cordon/1");
    check(document == NULL);
}
