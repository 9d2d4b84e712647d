/* SPDX-License-Identifier: Apache-2.0 */
/* What the granted trees are searched for: matches of denied patterns, other names of restricted files. */
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/glob.h"
#include "fixture.h"

#define WORKSPACE "filesystem:\n  readwritePaths: [\"@/ws\"]\n"

static struct fixture f;

static bool is_covered(const char *path)
{
    for (size_t i = 0; i < f.plan->name_count; i++)
        if (f.plan->names[i].kind == PLAN_NAME_KEPT && glob_covers(f.plan->names[i].pattern, full_path(&f, path)))
            return true;
    return false;
}

static void make_hard_link(const char *name, const char *of)
{
    check_int(link(full_path(&f, of), full_path(&f, name)), 0);
}

TEST(what_a_denied_pattern_matches_is_shut_at_every_depth)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_file(&f, "ws/.env");
    make_file(&f, "ws/env");
    make_directory(&f, "ws/a/b");
    make_file(&f, "ws/a/b/.env");
    make_directory(&f, "ws/a/keys.pem/inner");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/**/.env\", \"@/ws/**/*.pem\"]\n");
    check_string(what_is_at(&f, "ws/.env"), "mask");
    check_string(what_is_at(&f, "ws/a/b/.env"), "mask");
    check_string(what_is_at(&f, "ws/a/keys.pem"), "mask");
    check_string(what_is_at(&f, "ws/env"), "none");
    check(f.plan->filter.keeps_names);
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/*/.env\"]\n");
    check_string(what_is_at(&f, "ws/.env"), "none");
    check_string(what_is_at(&f, "ws/a/b/.env"), "none");
    fixture_close(&f);
}

TEST(a_pattern_reaches_a_view_by_its_name_inside)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "data/sub");
    make_file(&f, "data/sub/key");
    accept_text(&f, "filesystem:\n  views: [{source: \"@/data\", target: /data, access: readonly}]\n"
                    "  deniedPaths: [\"/data/**/key\"]\n");
    check_string(what_is_at(&f, "data/sub/key"), "none");
    check(mount_at(&f, "data") == NULL);
    {
        bool is_masked = false;

        for (size_t i = 0; i < f.plan->mount_count; i++)
            is_masked = is_masked || (f.plan->mounts[i].kind == PLAN_MASK &&
                                      strcmp(f.plan->mounts[i].target, "/data/sub/key") == 0);
        check(is_masked);
    }
    fixture_close(&f);
}

TEST(a_pattern_needs_a_kernel_that_can_keep_names)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    f.facts.keeps_names = false;
    strcpy(f.facts.keeps_names_why, "needs Linux 5.14");
    check_contains(refusal_of(&f, WORKSPACE "  deniedPaths: [\"@/ws/**/.env\"]\n"), "needs Linux 5.14");
    check_contains(refusal_of(&f, WORKSPACE "  readonlyPaths: [\"@/ws/**/.env\"]\n"), "needs Linux 5.14");
    fixture_close(&f);
}

TEST(another_name_of_a_denied_file_is_shut_as_well)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/deep/down");
    write_file(&f, "ws/key", "secret");
    make_hard_link("ws/deep/down/alias", "ws/key");
    make_file(&f, "ws/deep/down/other");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/key\"]\n");
    check_string(what_is_at(&f, "ws/key"), "mask");
    check_string(what_is_at(&f, "ws/deep/down/alias"), "mask");
    check_string(what_is_at(&f, "ws/deep/down/other"), "none");
    accept_text(&f, WORKSPACE "  readonlyPaths: [\"@/ws/key\"]\n");
    check_string(what_is_at(&f, "ws/deep/down/alias"), "bind ro");
    accept_text(&f, WORKSPACE "  protectedPaths: [\"@/ws/key\"]\n");
    check_string(what_is_at(&f, "ws/deep/down/alias"), "bind ro");
    accept_text(&f, WORKSPACE);
    check_string(what_is_at(&f, "ws/deep/down/alias"), "none");
    fixture_close(&f);
}

TEST(another_name_that_no_grant_shows_costs_nothing)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "outside");
    write_file(&f, "ws/key", "secret");
    make_hard_link("outside/alias", "ws/key");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/key\"]\n");
    check_string(what_is_at(&f, "ws/key"), "mask");
    check_string(what_is_at(&f, "outside/alias"), "none");
    fixture_close(&f);
}

TEST(another_name_of_what_lies_in_a_restricted_directory_is_restricted_as_well)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/shut/deep");
    make_directory(&f, "ws/other");
    write_file(&f, "ws/shut/deep/key", "secret");
    make_hard_link("ws/other/alias", "ws/shut/deep/key");
    make_file(&f, "ws/other/plain");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/shut\"]\n");
    check_string(what_is_at(&f, "ws/shut"), "mask");
    check_string(what_is_at(&f, "ws/other/alias"), "mask");
    check_string(what_is_at(&f, "ws/other/plain"), "none");
    accept_text(&f, WORKSPACE "  readonlyPaths: [\"@/ws/shut\"]\n");
    check_string(what_is_at(&f, "ws/other/alias"), "bind ro");
    accept_text(&f, WORKSPACE "  protectedPaths: [\"@/ws/shut\"]\n");
    check_string(what_is_at(&f, "ws/other/alias"), "bind ro");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/**/sh?t\"]\n");
    check_string(what_is_at(&f, "ws/other/alias"), "mask");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/**/key\"]\n");
    check_string(what_is_at(&f, "ws/other/alias"), "mask");
    accept_text(&f, WORKSPACE);
    check_string(what_is_at(&f, "ws/other/alias"), "none");
    fixture_close(&f);
}

TEST(a_hook_with_a_second_name_cannot_be_changed_by_it)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/.git/hooks");
    make_directory(&f, "ws/.vscode/a");
    make_file(&f, "ws/.git/hooks/pre-commit");
    make_hard_link("ws/hook", "ws/.git/hooks/pre-commit");
    make_file(&f, "ws/.vscode/a/tasks.json");
    make_hard_link("ws/tasks", "ws/.vscode/a/tasks.json");
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n");
    check_string(what_is_at(&f, "ws/hook"), "bind ro");
    check_string(what_is_at(&f, "ws/tasks"), "bind ro");
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n  unprotectedPaths: [.vscode]\n");
    check_string(what_is_at(&f, "ws/hook"), "bind ro");
    check_string(what_is_at(&f, "ws/tasks"), "none");
    fixture_close(&f);
}

/* Both names of one file get the tighter of what the two directories say, also where no third is to be found. */
TEST(names_in_two_restricted_directories_get_the_tighter)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/shut");
    make_directory(&f, "ws/kept/sub");
    make_file(&f, "ws/shut/key");
    make_hard_link("ws/kept/sub/alias", "ws/shut/key");
    make_hard_link("ws/kept/again", "ws/shut/key");
    accept_text(&f, WORKSPACE "  readonlyPaths: [\"@/ws/kept\"]\n  deniedPaths: [\"@/ws/shut\"]\n");
    check_string(what_is_at(&f, "ws/kept/sub/alias"), "mask");
    check_string(what_is_at(&f, "ws/kept/again"), "mask");
    fixture_close(&f);
}

/* What is granted again within a denied directory has its own rule. */
TEST(what_a_deeper_rule_grants_again_is_not_taken_for_denied)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/shut/open");
    make_file(&f, "ws/shut/open/file");
    make_hard_link("ws/alias", "ws/shut/open/file");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/ws/shut/open\"]\n  deniedPaths: [\"@/ws/shut\"]\n");
    check_string(what_is_at(&f, "ws/alias"), "none");
    fixture_close(&f);
}

static void make_chain(const char *name, unsigned count)
{
    int fd = open(full_path(&f, "ws"), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    for (unsigned i = 0; i < count; i++) {
        int below;

        check_int(mkdirat(fd, name, 0755), 0);
        below = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        check(below >= 0);
        close(fd);
        fd = below;
    }
    close(fd);
}

/* A tree in which nothing can be looked for refuses the run, with what is to be done in the one line. */
TEST(a_tree_that_is_too_deep_for_a_pattern_is_refused_with_the_way)
{
    char name[201] = {0}, command[PATH_MAX];
    const struct {
        unsigned length, count;
        const char *text;
    } chains[] = {{1, 140, "directories are nested too deep"}, {200, 25, "a path in the tree is longer than the kernel takes"}};

    for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]); i++) {
        fixture_open(&f);
        f.facts.keeps_names = true;
        memset(name, 0, sizeof(name));
        memset(name, 'd', chains[i].length);
        make_chain(name, chains[i].count);
        check_contains(refusal_of(&f, WORKSPACE "  deniedPaths: [\"@/ws/**/.env\"]\n"), chains[i].text);
        check_contains(f.err.text, "deniedPaths[0]");
        check_contains(f.err.text, "begin the pattern with the directory that it is meant for");
        accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/src/**/.env\"]\n");
        snprintf(command, sizeof(command), "rm -rf '%s'", full_path(&f, "ws"));
        check_int(system(command), 0);
        fixture_close(&f);
    }
}

static void fill(const char *directory, unsigned count)
{
    char name[64];

    make_directory(&f, directory);
    for (unsigned i = 0; i < count; i++) {
        snprintf(name, sizeof(name), "%s/n%u", directory, i);
        make_file(&f, name);
    }
}

/* Of what stands alone only a little is looked at: first what is denied, and what was not looked at counts as not known. */
TEST(large_readable_trees_hide_no_other_name_of_a_denied_file)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    fill("large", 1100);
    make_directory(&f, "small");
    make_directory(&f, "zkeys");
    write_file(&f, "zkeys/key", "secret");
    make_hard_link("small/alias", "zkeys/key");
    make_hard_link("large/alias", "zkeys/key");
    make_hard_link("ws/alias", "zkeys/key");
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@/large\", \"@/small\"]\n  readwritePaths: [\"@/ws\"]\n  deniedPaths: [\"@/zkeys\"]\n");
    check_string(what_is_at(&f, "ws/alias"), "mask");
    check_string(what_is_at(&f, "small/alias"), "mask");
    check_string(what_is_at(&f, "large/alias"), "mask");
    fixture_close(&f);
}

TEST(a_file_that_is_granted_by_its_own_name_is_another_name_too)
{
    static const char grant[] = "filesystem:\n  readwritePaths: [\"@/ws/alias\"]\n";

    fixture_open(&f);
    make_directory(&f, "outside/inner");
    make_file(&f, "outside/inner/key");
    make_hard_link("ws/alias", "outside/inner/key");
    accept_text(&f, grant);
    check_string(what_is_at(&f, "ws/alias"), "bind rw");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws/alias\"]\n  readonlyPaths: [\"@/outside\"]\n");
    check_string(what_is_at(&f, "ws/alias"), "bind ro");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws/alias\"]\n  deniedPaths: [\"@/outside\"]\n");
    check(strcmp(what_is_at(&f, "ws/alias"), "bind rw") != 0 && strcmp(what_is_at(&f, "ws/alias"), "bind ro") != 0);
    fixture_close(&f);
}

TEST(a_restricted_directory_that_stands_alone_is_searched_a_little_and_that_is_said)
{
    char name[64];

    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "outside/many");
    make_file(&f, "outside/key");
    make_hard_link("ws/alias", "outside/key");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/outside\"]\n");
    check_string(what_is_at(&f, "ws/alias"), "mask");
    accept_text(&f, WORKSPACE "  readonlyPaths: [\"@/outside\"]\n");
    check_string(what_is_at(&f, "ws/alias"), "bind ro");
    check_int(f.plan->warnings.count, 0);
    for (int i = 0; i < 1100; i++) {
        snprintf(name, sizeof(name), "outside/many/%d", i);
        make_file(&f, name);
    }
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/outside\"]\n");
    check_int(f.plan->warnings.count, 1);
    check_contains(f.plan->warnings.items[0].text, "outside is too large to be searched at each start");
    fixture_close(&f);
}

TEST(a_restricted_directory_that_cannot_be_searched_whole_is_refused_or_a_named_loss)
{
    char path[400] = "ws/shut";

    fixture_open(&f);
    f.facts.keeps_names = true;
    for (int i = 0; i < 130; i++)
        strcat(path, "/d");
    make_directory(&f, path);
    check_contains(refusal_of(&f, WORKSPACE "  deniedPaths: [\"@/ws/shut\"]\n"), "add 'hardLinks' to isolation.allowLoss");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/shut\"]\nisolation: {allowLoss: [hardLinks]}\n");
    check_int(f.plan->loss_count, 1);
    check_string(f.plan->losses[0].name, "hardLinks");
    accept_text(&f, WORKSPACE);
    check_int(f.plan->loss_count, 0);
    fixture_close(&f);
}

TEST(a_root_with_the_characters_of_a_pattern_stands_for_itself)
{
    __typeof__(f.variables.workspace) workspace;

    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/[ab]*");
    make_file(&f, "ws/[ab]*/.env");
    workspace = f.variables.workspace;
    f.variables.workspace = full_path(&f, "ws/[ab]*");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"${workspace}\"]\n  protectBuiltin: true\n");
    check(is_covered("ws/[ab]*/n/.git/hooks"));
    check(!is_covered("ws/a/n/.git/hooks"));
    f.variables.workspace = workspace;
    fixture_close(&f);
}

/* Its owner could open it again from inside. */
TEST(a_directory_that_cannot_be_searched_is_shut)
{
    drop_root();
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/closed");
    make_file(&f, "ws/closed/.env");
    make_directory(&f, "ws/other");
    set_mode(&f, "ws/closed", 0);
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/**/.env\"]\n");
    check_string(what_is_at(&f, "ws/closed"), "mask");
    check_string(what_is_at(&f, "ws/other"), "none");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/*.env\"]\n");
    check_string(what_is_at(&f, "ws/closed"), "none");
    set_mode(&f, "ws/closed", 0700);
    fixture_close(&f);
    regain_root();
}
