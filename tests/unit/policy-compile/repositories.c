/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks and configuration of a workspace's repository, wherever git keeps them. */
#include "fixture.h"

#define WORKSPACE     "filesystem:\n  readwritePaths: [\"@/ws\"]\n"
#define PROTECTED     WORKSPACE "  protectBuiltin: true\n"
#define ALLOW_MISSING "isolation: {allowLoss: [protectedPaths.missing]}\n"

static struct fixture f;

static void make_repository(const char *path)
{
    char name[256];

    snprintf(name, sizeof(name), "%s/hooks", path);
    make_directory(&f, name);
    snprintf(name, sizeof(name), "%s/objects/00", path);
    make_directory(&f, name);
    snprintf(name, sizeof(name), "%s/config", path);
    make_file(&f, name);
}

static bool has_loss(const char *part)
{
    for (size_t i = 0; i < f.plan->loss_count; i++)
        if (strstr(f.plan->losses[i].text, part))
            return true;
    return false;
}

TEST(hooks_and_configuration_of_submodules_are_protected)
{
    fixture_open(&f);
    make_repository("ws/.git");
    make_repository("ws/.git/modules/one");
    make_repository("ws/.git/modules/group/two");
    make_repository("ws/.git/modules/one/modules/inner");
    make_directory(&f, "ws/.git/worktrees/tree");
    write_file(&f, "ws/.git/worktrees/tree/commondir", "../..\n");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/.git/modules"), "pin");
    check_string(what_is_at(&f, "ws/.git/modules/one/hooks"), "bind ro");
    check_string(what_is_at(&f, "ws/.git/modules/one/config"), "bind ro");
    check_string(what_is_at(&f, "ws/.git/modules/one/objects"), "none");
    check_string(what_is_at(&f, "ws/.git/modules/group/two/hooks"), "bind ro");
    check_string(what_is_at(&f, "ws/.git/modules/one/modules/inner/config"), "bind ro");
    check_string(what_is_at(&f, "ws/.git/worktrees/tree/commondir"), "bind ro");
    check(has_loss("modules/one/commondir does not exist yet"));
    accept_text(&f, WORKSPACE);
    check_string(what_is_at(&f, "ws/.git/modules/one/hooks"), "none");
    accept_text(&f, PROTECTED "  unprotectedPaths: [.git/hooks]\n" ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/.git/modules/one/hooks"), "none");
    check_string(what_is_at(&f, "ws/.git/modules/one/config"), "bind ro");
    fixture_close(&f);
}

TEST(a_group_of_submodules_that_was_made_to_look_like_one_hides_none)
{
    fixture_open(&f);
    make_repository("ws/.git/modules/group");
    make_repository("ws/.git/modules/group/two");
    make_repository("ws/.git/modules/group/refs");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/.git/modules/group/two/hooks"), "bind ro");
    check_string(what_is_at(&f, "ws/.git/modules/group/refs/hooks"), "bind ro");
    fixture_close(&f);
}

TEST(more_submodules_than_can_be_looked_through_are_refused_or_read_only)
{
    char path[64];

    fixture_open(&f);
    for (unsigned i = 0; i < 257; i++) {
        snprintf(path, sizeof(path), "ws/.git/modules/%u/hooks", i);
        make_directory(&f, path);
    }
    f.options.collect_all = true;
    accept_text(&f, PROTECTED);
    check_contains(f.plan->problems[f.plan->problem_count - 1].error.text, "allowLoss");
    f.options.collect_all = false;
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check(has_loss("more than 256 repositories"));
    check_string(what_is_at(&f, "ws/.git/modules"), "bind ro");
    fixture_close(&f);
}

TEST(a_git_directory_elsewhere_in_the_workspace_is_protected)
{
    fixture_open(&f);
    make_repository("ws/real");
    make_repository("ws/other");
    write_file(&f, "ws/.git", "gitdir: real\n");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/.git"), "bind ro");
    check_string(what_is_at(&f, "ws/real/hooks"), "bind ro");
    check_string(what_is_at(&f, "ws/real/config"), "bind ro");
    check(has_loss("/real/commondir does not exist yet"));
    check_string(what_is_at(&f, "ws/other/hooks"), "none");
    write_file(&f, "ws/real/commondir", "../other\n");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/real/commondir"), "bind ro");
    check_string(what_is_at(&f, "ws/other/hooks"), "bind ro");
    fixture_close(&f);
}

TEST(a_git_directory_outside_of_all_grants_is_left_alone)
{
    fixture_open(&f);
    make_repository("elsewhere");
    write_file(&f, "ws/.git", "gitdir: ../elsewhere\n");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "elsewhere/hooks"), "none");
    check(!has_loss("elsewhere"));
    fixture_close(&f);
}

TEST(a_root_that_is_a_git_directory_is_protected_whatever_its_name)
{
    fixture_open(&f);
    make_repository("ws");
    make_file(&f, "ws/HEAD");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/hooks"), "none"); /* no repository without refs */
    make_directory(&f, "ws/refs");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/hooks"), "bind ro");
    check_string(what_is_at(&f, "ws/config"), "bind ro");
    check_string(what_is_at(&f, "ws/objects"), "none");
    make_directory(&f, "ws/.git"); /* git passes over an empty one */
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/hooks"), "bind ro");
    fixture_close(&f);
}

TEST(the_directory_of_core_hooks_path_is_protected)
{
    fixture_open(&f);
    make_repository("ws/.git");
    make_directory(&f, "ws/tools/hooks");
    make_directory(&f, "ws/tools/free");
    write_file(&f, "ws/.git/config", "[core]\n\thooksPath = tools/../tools/hooks\n");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/tools"), "pin");
    check_string(what_is_at(&f, "ws/tools/hooks"), "bind ro");
    check_string(what_is_at(&f, "ws/tools/free"), "none");
    write_file(&f, "ws/.git/config", "[core]\n\thooksPath = none\n");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check(has_loss("/ws/none does not exist yet"));
    check_string(what_is_at(&f, "ws/tools/hooks"), "none");
    write_file(&f, "ws/.git/config", "[core]\n\thooksPath = /usr/share\n");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "/usr/share"), "none");
    write_file(&f, "ws/.git/config", "[core]\n\thooksPath = .\n");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check(has_loss("is core.hooksPath and the workspace itself"));
    check_string(what_is_at(&f, "ws"), "bind rw");
    fixture_close(&f);
}
