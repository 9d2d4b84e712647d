/* SPDX-License-Identifier: Apache-2.0 */
/* --set MEMBER=VALUE. */
#include <errno.h>

#include "load.h"
#include "test.h"

static struct document *agent(void)
{
    struct document *document = NULL;
    struct error err = ERROR_INIT;

    check_int(document_load_profile(test_arena(), "coding-agent", &test_options, &document, &err),
              0);
    return document;
}

static void must_set(struct document *document, const char *assignment)
{
    struct error err = ERROR_INIT;

    if (document_set_member(test_arena(), document, assignment, &test_options, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
}

static void must_not_set(const char *assignment, const char *error)
{
    struct document *document = agent();
    struct document before = *document;
    struct error err = ERROR_INIT;

    check(document_set_member(test_arena(), document, assignment, &test_options, &err) < 0);
    check_string(err.text, error);
    check(memcmp(&before, document, sizeof(before)) == 0);
}

TEST(a_setting_of_the_command_line_is_the_last_word)
{
    struct document *document = agent();

    must_set(document, "resources.memory=512MiB");
    must_set(document, "network.loopback=deny");
    must_set(document, "environment.set.EMAIL=a@b.c");
    must_set(document, "environment.set.EMPTY=''");
    must_set(document, "filesystem.readonlyPaths=[/srv, {path: /data, optional: true}]");
    must_set(document, "process={timeout: 30s}");
    check_int(document->resources.memory.value, 512ull << 20);
    check_string(document->resources.memory.origin.layer, "setting");
    check_int(document->network.loopback.value, 0);
    check_string(document->paths[document->path_count - 1].path, "/data");
    check_int(document->timeout.value, 30000);
    check_string(document->env_set[document->env_set_count - 1].value, "");
    check_string(document->name, "coding-agent");
}

TEST(a_setting_is_read_by_the_table_and_refused_at_its_column)
{
    must_not_set("resources.memory=512",
                 "setting:1:18: resources.memory: 512 has no unit; write 512MiB, 1GiB or 64KiB");
    must_not_set("resource.memory=1GiB", "setting:1:1: resource: unknown member; did you mean "
                                         "'resources'?");
    must_not_set("filesystem.readwritePaths=/x",
                 "setting:1:27: filesystem.readwritePaths: expected a "
                 "list, not a string; put it in [brackets]");
    must_not_set("filesystem.readwritePaths=[/x, y]",
                 "setting:1:32: filesystem.readwritePaths[1]: 'y' is not absolute; write "
                 "${workspace}/... or ${home}/...");
    must_not_set("resources.memory=&a 1GiB", "setting:1:21: an anchor; remove it");
    must_not_set("process.inheritDefaultEnv=true",
                 "setting:1:1: process: 'inheritDefaultEnv' says nothing without 'env'; write "
                 "process={env: [...], inheritDefaultEnv: true}");
    must_not_set("environment.set={EMAIL: changed, 1X: no}",
                 "setting:1:34: environment.set.1X: '1X' is not a variable's name; write letters, "
                 "digits and '_', no digit first");
}

TEST(a_changed_document_has_a_digest_of_its_own)
{
    struct document *changed = agent(), *other = agent();
    const struct document *as_it_was = agent();
    struct error err = ERROR_INIT;

    check(document_set_member(test_arena(), changed, "ui.nothing=true", &test_options, &err) < 0);
    check_string(changed->digest, as_it_was->digest);
    must_set(changed, "resources.pids=50");
    must_set(other, "resources.pids=51");
    check_int(strlen(changed->digest), DIGEST_TEXT_SIZE - 1);
    check(strcmp(changed->digest, as_it_was->digest) != 0);
    check(strcmp(changed->digest, other->digest) != 0);
}

TEST(a_refused_setting_leaves_every_value_as_it_was)
{
    struct document *document = agent();
    const char *prompt = NULL;
    struct error err = ERROR_INIT;

    check(document_set_member(test_arena(), document, "environment.set={GIT_TERMINAL_PROMPT: changed, 1X: no}",
                              &test_options, &err) < 0);
    for (size_t i = 0; i < document->env_set_count; i++)
        if (strcmp(document->env_set[i].name, "GIT_TERMINAL_PROMPT") == 0)
            prompt = document->env_set[i].value;
    check_string(prompt, "0");
}

TEST(what_is_not_an_assignment_is_refused)
{
    must_not_set("resources.memory",
                 "setting 'resources.memory' is not MEMBER=VALUE, like resources.memory=512MiB");
    must_not_set("=x", "setting: a member's name is missing; write MEMBER=VALUE");
    must_not_set("a..b=x", "setting: a member's name is missing; write MEMBER=VALUE");
    must_not_set("resources.=x", "setting: a member's name is missing; write MEMBER=VALUE");
    must_not_set("version=cordon/1", "setting: version cannot be set here; write it into a document");
    must_not_set("extends=[node]", "setting: extends cannot be set here; write it into a document");
    must_not_set("resources.memory=", "setting:1:1: is empty");
}

TEST(a_later_setting_takes_back_what_could_not_be_enforced)
{
    struct document *document = agent();

    must_set(document, "lifecycle.destroyOnExit=false");
    must_set(document, "ui.camera=true");
    check_int(document->unsupported_count, 2);
    check_string(document->unsupported[0].origin.layer, "setting");
    must_set(document, "lifecycle.destroyOnExit=true");
    check_int(document->unsupported_count, 1);
    check_string(document->unsupported[0].member, "ui.camera");
}

TEST(only_native_documents_can_be_changed)
{
    struct document document = {.contract = CONTRACT_MXC, .version = "1.0.0"};
    struct error err = ERROR_INIT;

    check_int(document_set_member(test_arena(), &document, "ui.camera=true", &test_options, &err),
              -EINVAL);
    check_string(err.text, "setting: only cordon/1 documents can be changed; this one is MXC 1.0.0");
}

static struct document *shared_agent;

static int set_once(void)
{
    struct arena *arena auto_arena = arena_new();
    struct document copy = *shared_agent;
    struct error err = ERROR_INIT;

    if (!arena)
        return -ENOMEM;
    return document_set_member(arena, &copy, "environment.set={A: b, C: d}", &test_options, &err);
}

TEST(a_setting_that_runs_out_of_memory_is_given_up_whole)
{
    shared_agent = agent();
    test_each_allocation_fails(set_once, 200);
}
