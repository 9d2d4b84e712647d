/* SPDX-License-Identifier: Apache-2.0 */
/* Hooks and configuration of a workspace's repository, wherever git keeps them. */
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

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

static void write_bytes(const char *path, const char *bytes, size_t size)
{
    int fd = open(full_path(&f, path), O_WRONLY | O_TRUNC | O_CLOEXEC);

    check_int(write(fd, bytes, size), (long long)size);
    close(fd);
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

TEST(more_submodules_than_can_be_looked_through_are_read_only)
{
    char path[64];

    fixture_open(&f);
    for (unsigned i = 0; i < 257; i++) {
        snprintf(path, sizeof(path), "ws/.git/modules/%u/hooks", i);
        make_directory(&f, path);
    }
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_int(f.plan->warnings.count, 1);
    check_contains(f.plan->warnings.items[0].text, "more than 256 repositories");
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
    make_file(&f, "ws/pre-commit");
    f.facts.keeps_names = true;
    accept_text(&f, PROTECTED);
    check_string(what_is_at(&f, "ws"), "bind rw");
    check_string(what_is_at(&f, "ws/pre-commit"), "bind ro");
    check(is_kept(&f, "ws/post-checkout"));
    check(!is_kept(&f, "ws/README"));
    fixture_close(&f);
}

static void check_hooks_path(const char *config, const char *expected)
{
    write_file(&f, "ws/.git/config", config);
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/h"), expected);
}

TEST(core_hooks_path_is_found_in_every_form_that_git_reads)
{
    fixture_open(&f);
    make_repository("ws/.git");
    make_directory(&f, "ws/h");
    make_link(&f, "home/ws", "../ws");
    check_hooks_path("[core]\n\tfilemode = true\n", "none");
    check_hooks_path("\xef\xbb\xbf[core]\n\thooksPath = h\n", "bind ro");
    check_hooks_path("[core]\nhooksPath = \\\n h\n", "bind ro");
    check_hooks_path("[core]\nhooksPath = ~/../ws/h\n", "bind ro");
    check_hooks_path("[core]\nhooksPath = ~\n", "none");
    fixture_close(&f);
}

static void check_unknown_form(const char *config)
{
    write_file(&f, "ws/.git/config", config);
    check_contains(refusal_of(&f, PROTECTED ALLOW_MISSING), "core.hooksPath of a form that is not followed");
}

TEST(a_core_hooks_path_of_an_unknown_form_is_refused)
{
    fixture_open(&f);
    make_repository("ws/.git");
    check_unknown_form("[core]\nhooksPath = ~root/h\n");
    check_unknown_form("[core]\nhooksPath = %(prefix)/h\n");
    check_unknown_form("[core]\nhooksPath = :(optional)h\n");
    check_unknown_form("[core]\nhooksPath = a\tb\n");
    accept_text(&f, WORKSPACE);
    fixture_close(&f);
}

TEST(a_configuration_that_cannot_be_read_is_refused)
{
    static const char zero[] = "# \0\n[core]\nhooksPath = h\n";

    fixture_open(&f);
    make_repository("ws/.git");
    set_mode(&f, "ws/.git/config", 0);
    if (geteuid() != 0) {
        check_contains(refusal_of(&f, PROTECTED ALLOW_MISSING), "/.git/config cannot be read");
        check_contains(f.err.text, "ermission");
    }
    set_mode(&f, "ws/.git/config", 0644);
    check_int(truncate(full_path(&f, "ws/.git/config"), 300 * 1024), 0);
    check_contains(refusal_of(&f, PROTECTED ALLOW_MISSING), "/.git/config cannot be read");
    check_int(truncate(full_path(&f, "ws/.git/config"), 0), 0);
    accept_text(&f, PROTECTED ALLOW_MISSING);
    write_bytes("ws/.git/config", zero, sizeof(zero) - 1);
    check_contains(refusal_of(&f, PROTECTED ALLOW_MISSING), "holds a NUL");
    write_file(&f, "ws/.git/config", "");
    check_int(truncate(full_path(&f, "ws/.git/config"), 0), 0);
    write_file(&f, "ws/.git/commondir", "..\n");
    check_int(truncate(full_path(&f, "ws/.git/commondir"), 8192), 0);
    check_contains(refusal_of(&f, PROTECTED ALLOW_MISSING), "/.git/commondir ");
    fixture_close(&f);
}

/* While it lasts, who opens the file for reading without waiting gets EAGAIN. */
TEST(a_configuration_that_another_holds_a_lease_on_is_refused)
{
    int fd;

    fixture_open(&f);
    make_repository("ws/.git");
    write_file(&f, "ws/.git/config", "[core]\nhooksPath = h\n");
    signal(SIGIO, SIG_IGN);
    fd = open(full_path(&f, "ws/.git/config"), O_RDWR | O_CLOEXEC);
    check(fd >= 0);
    if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
        test_skip("leases");
    check_contains(refusal_of(&f, PROTECTED ALLOW_MISSING), "/.git/config cannot be read");
    check_int(fcntl(fd, F_SETLEASE, F_UNLCK), 0);
    accept_text(&f, PROTECTED ALLOW_MISSING);
    close(fd);
    fixture_close(&f);
}

TEST(a_root_cannot_become_a_git_directory)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    accept_text(&f, PROTECTED);
    check(is_kept(&f, "ws/HEAD"));
    check(!is_kept(&f, "ws/objects"));
    make_file(&f, "ws/HEAD");
    make_directory(&f, "ws/objects");
    accept_text(&f, PROTECTED);
    check_string(what_is_at(&f, "ws/HEAD"), "none");
    check_string(what_is_at(&f, "ws/objects"), "none");
    check(is_kept(&f, "ws/refs"));
    check(is_kept(&f, "ws/commondir"));
    make_directory(&f, "ws/refs"); /* it is one */
    accept_text(&f, PROTECTED);
    check(!is_kept(&f, "ws/HEAD"));
    check(is_kept(&f, "ws/config"));
    accept_text(&f, WORKSPACE);
    check(!is_kept(&f, "ws/config"));
    fixture_close(&f);
}

TEST(a_second_document_that_makes_the_workspace_read_only_opens_no_hooks_below_it)
{
    static const char less[] = "filesystem:\n  readonlyPaths: [\"@/ws\"]\n"
                               "  readwritePaths: [\"@/ws/a/.git/hooks\", \"@/ws/a/.git/config\"]\n";

    fixture_open(&f);
    f.facts.keeps_names = true;
    make_repository("ws/a/.git");
    accept_text(&f, PROTECTED ALLOW_MISSING);
    check(is_kept(&f, "ws/**/.git/hooks"));
    add_layer(&f, LAYER_REQUEST, less);
    check_int(compile_layers(&f), 0);
    check(is_kept(&f, "ws/**/.git/hooks"));
    accept_text(&f, WORKSPACE);
    add_layer(&f, LAYER_REQUEST, less);
    check_int(compile_layers(&f), 0);
    check(!is_kept(&f, "ws/**/.git/hooks"));
    fixture_close(&f);
}
