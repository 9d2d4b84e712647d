/* SPDX-License-Identifier: Apache-2.0 */
/* File rules over real trees: what a document comes to, and its adversarial twin. */
#include <sched.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fixture.h"

#define WORKSPACE     "filesystem:\n  readwritePaths: [\"@/ws\"]\n"
#define ALLOW_MISSING "isolation: {allowLoss: [protectedPaths.missing]}\n"

static struct fixture f;

TEST(a_workspace_is_writable_and_the_home_private)
{
    fixture_open(&f);
    accept_text(&f, WORKSPACE);
    check_string(what_is_at(&f, "ws"), "bind rw");
    check_string(what_is_at(&f, "home"), "private");
    check_int(mount_at(&f, "home")->mode, 0700);
    check_string(what_is_at(&f, "/tmp"), "private");
    check_int(mount_at(&f, "/var/tmp")->mode, 01777);
    check_string(what_is_at(&f, "/proc"), "proc");
    check_string(what_is_at(&f, "/dev"), "dev");
    check(!mount_at(&f, "/etc") && !mount_at(&f, "/usr") && !mount_at(&f, "/sys"));
    check_string(f.plan->cwd, full_path(&f, "ws"));
    fixture_close(&f);
}

TEST(sources_carry_the_identity_that_was_checked)
{
    struct stat st;

    fixture_open(&f);
    make_directory(&f, "ws/a/shut");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/a/shut\"]\n");
    check_int(stat(full_path(&f, "ws"), &st), 0);
    check(mount_at(&f, "ws")->inode == st.st_ino && mount_at(&f, "ws")->device == st.st_dev);
    check_int(stat(full_path(&f, "ws/a"), &st), 0);
    check_int(mount_at(&f, "ws/a")->inode, st.st_ino);
    check_int(stat(full_path(&f, "ws/a/shut"), &st), 0);
    check_int(mount_at(&f, "ws/a/shut")->inode, st.st_ino);
    fixture_close(&f);
}

TEST(denied_and_read_only_names_in_a_workspace_are_held_with_their_parents)
{
    fixture_open(&f);
    make_directory(&f, "ws/a/b");
    make_file(&f, "ws/a/b/key");
    make_directory(&f, "ws/c/ro/rw");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/ws/c/ro/rw\"]\n"
                    "  readonlyPaths: [\"@/ws/c/ro\"]\n  deniedPaths: [\"@/ws/a/b/key\"]\n");
    check_string(what_is_at(&f, "ws/a"), "pin");
    check_string(what_is_at(&f, "ws/a/b"), "pin");
    check_string(what_is_at(&f, "ws/a/b/key"), "mask");
    check(!mount_at(&f, "ws/a/b/key")->is_directory);
    check_string(what_is_at(&f, "ws/c"), "pin");
    check_string(what_is_at(&f, "ws/c/ro"), "bind ro");
    check_string(what_is_at(&f, "ws/c/ro/rw"), "bind rw");
    check_int(mount_at(&f, "ws/c/ro")->behind, BY_NOTHING);
    fixture_close(&f);
}

TEST(a_grant_below_a_denied_directory_holds_and_the_rest_is_shut)
{
    fixture_open(&f);
    make_directory(&f, "data/shut/in");
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@/data\"]\n  deniedPaths: [\"@/data/shut\"]\n"
                    "  readwritePaths: [\"@/data/shut/in\"]\n");
    check_string(what_is_at(&f, "data/shut"), "passage");
    check_int(mount_at(&f, "data/shut")->mode, 0311);
    check_string(what_is_at(&f, "data/shut/in"), "bind rw");
    fixture_close(&f);
}

TEST(at_one_path_denied_beats_read_only_beats_read_write)
{
    fixture_open(&f);
    make_directory(&f, "ws/x");
    make_directory(&f, "ws/y");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/ws/x\", \"@/ws/y\"]\n"
                    "  readonlyPaths: [\"@/ws/x\", \"@/ws/y\"]\n  deniedPaths: [\"@/ws/y\"]\n");
    check_string(what_is_at(&f, "ws/x"), "bind ro");
    check_string(what_is_at(&f, "ws/y"), "mask");
    fixture_close(&f);
}

TEST(a_rule_on_a_link_is_a_rule_on_its_object)
{
    fixture_open(&f);
    make_directory(&f, "ws/real");
    make_link(&f, "alias", "ws/real");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/alias\"]\n");
    check_string(what_is_at(&f, "ws/real"), "mask");
    fixture_close(&f);
}

TEST(one_object_under_two_ruled_names_gets_the_tighter)
{
    fixture_open(&f);
    make_directory(&f, "other");
    make_file(&f, "ws/file");
    check_int(link(full_path(&f, "ws/file"), full_path(&f, "other/file")), 0);
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/ws/file\"]\n"
                    "  readonlyPaths: [\"@/other/file\"]\n");
    check_string(what_is_at(&f, "ws/file"), "bind ro");
    fixture_close(&f);
}

TEST(a_link_that_the_program_can_turn_does_not_widen)
{
    fixture_open(&f);
    make_directory(&f, "secret");
    make_link(&f, "ws/out", "../secret");
    check_contains(refusal_of(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/ws/out\"]\n"),
                   "a symbolic link that the contained program can turn elsewhere");
    check_int(f.err.kind, ERROR_FORBIDDEN);
    /* the twin: a link to what the workspace has anyway */
    make_directory(&f, "ws/in");
    make_link(&f, "ws/inner", "in");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/ws/inner\"]\n");
    fixture_close(&f);
}

TEST(a_missing_grant_is_refused_unless_it_is_optional)
{
    fixture_open(&f);
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [\"@/none\"]\n"),
                   "does not exist; create it, or write {path: ");
    check_contains(f.err.text, "filesystem.readonlyPaths[0]");
    accept_text(&f, "filesystem:\n  readonlyPaths: [{path: \"@/none\", optional: true}]\n");
    check_string(what_is_at(&f, "none"), "none");
    fixture_close(&f);
}

TEST(a_restriction_on_a_missing_name_is_refused_or_a_named_loss)
{
    fixture_open(&f);
    check_contains(refusal_of(&f, WORKSPACE "  deniedPaths: [\"@/ws/.env\"]\n"),
                   "/ws/.env does not exist yet; to go on without, add 'protectedPaths.missing'");
    strcpy(f.facts.keeps_names_why, "the kernel is too old");
    check_contains(refusal_of(&f, WORKSPACE "  deniedPaths: [\"@/ws/.env\"]\n"),
                   "does not exist yet and cannot be kept (the kernel is too old); to go on");
    f.facts.keeps_names_why[0] = '\0';
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/.env\"]\n" ALLOW_MISSING);
    check_int(f.plan->loss_count, 1);
    check_string(f.plan->losses[0].name, "protectedPaths.missing");
    check_contains(f.plan->losses[0].text, "/ws/.env");
    check_string(f.plan->losses[0].origin->member, "filesystem.deniedPaths[0]");
    fixture_close(&f);
}

TEST(a_missing_name_that_nothing_shows_is_no_loss)
{
    fixture_open(&f);
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/home/.ssh\", \"@/elsewhere/x\"]\n"
                              "  protectedPaths: [\"@/home/.bashrc\"]\n");
    check_int(f.plan->loss_count, 0);
    fixture_close(&f);
}

TEST(a_missing_read_only_name_in_a_workspace_is_a_loss_and_elsewhere_not)
{
    fixture_open(&f);
    check_contains(refusal_of(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n"
                                  "  readonlyPaths: [{path: \"@/ws/x\", optional: true}]\n"),
                   "/ws/x does not exist yet");
    accept_text(&f,
                "filesystem:\n  readonlyPaths: [\"@/ws\", {path: \"@/ws/x\", optional: true}]\n");
    fixture_close(&f);
}

TEST(protected_names_never_widen_and_cover_what_is_below)
{
    fixture_open(&f);
    make_directory(&f, "ws/.git/hooks");
    make_directory(&f, "data/keep");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/ws/.git/hooks\"]\n"
                    "  protectedPaths: [\"@/ws/.git\", \"@/data/keep\"]\n");
    check_string(what_is_at(&f, "ws/.git"), "bind ro");
    check_string(what_is_at(&f, "ws/.git/hooks"), "none");
    check_string(what_is_at(&f, "data/keep"), "none");
    fixture_close(&f);
}

TEST(built_in_names_are_protected_where_they_exist)
{
    fixture_open(&f);
    make_directory(&f, "ws/.git/hooks");
    make_file(&f, "ws/.git/config");
    make_file(&f, "ws/.bashrc");
    make_directory(&f, "ws/.vscode");
    accept_text(&f,
                WORKSPACE "  protectBuiltin: true\n  unprotectedPaths: [.vscode]\n" ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/.git"), "pin");
    check_string(what_is_at(&f, "ws/.git/hooks"), "bind ro");
    check_string(what_is_at(&f, "ws/.git/config"), "bind ro");
    check_string(what_is_at(&f, "ws/.bashrc"), "bind ro");
    check_string(what_is_at(&f, "ws/.vscode"), "none");
    check_string(mount_at(&f, "ws/.bashrc")->origin->member, "filesystem.protectBuiltin");
    check(f.plan->loss_count > 10);
    accept_text(&f, WORKSPACE);
    check_string(what_is_at(&f, "ws/.bashrc"), "none");
    fixture_close(&f);
}

TEST(a_grant_of_a_git_directory_does_not_grant_its_hooks_and_configuration)
{
    fixture_open(&f);
    make_directory(&f, "ws/.git/hooks");
    make_directory(&f, "ws/x.git/hooks");
    make_file(&f, "ws/.git/config");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws/.git\", \"@/ws/x.git\"]\n"
                    "  protectBuiltin: true\n" ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/.git"), "bind rw");
    check_string(what_is_at(&f, "ws/.git/hooks"), "bind ro");
    check_string(what_is_at(&f, "ws/.git/config"), "bind ro");
    check_string(what_is_at(&f, "ws/x.git/hooks"), "none");
    make_directory(&f, "repository/.git/hooks");
    accept_text(&f, "filesystem:\n  views: [{source: \"@/repository/.git\", target: /git, "
                    "access: readwrite}]\n  protectBuiltin: true\n" ALLOW_MISSING);
    check_string(what_is_at(&f, "/git/hooks"), "bind ro");
    fixture_close(&f);
}

TEST(a_git_file_of_a_worktree_cannot_be_pointed_elsewhere)
{
    fixture_open(&f);
    make_file(&f, "ws/.git");
    accept_text(&f, WORKSPACE "  protectBuiltin: true\n" ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/.git"), "bind ro");
    fixture_close(&f);
}

TEST(a_protected_name_that_is_a_link_is_a_loss)
{
    fixture_open(&f);
    make_directory(&f, "ws/shared");
    make_link(&f, "ws/hooks", "shared");
    check_contains(refusal_of(&f, WORKSPACE "  protectedPaths: [\"@/ws/hooks\"]\n"),
                   "/ws/hooks is a symbolic link that can be replaced");
    accept_text(&f, WORKSPACE "  protectedPaths: [\"@/ws/hooks\"]\n" ALLOW_MISSING);
    check_string(what_is_at(&f, "ws/shared"), "bind ro");
    fixture_close(&f);
}

TEST(kernel_file_systems_are_never_granted)
{
    fixture_open(&f);
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [/proc]\n"),
                   "always a private one");
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [/dev/null]\n"), "`devices`");
    check_contains(refusal_of(&f, "filesystem:\n  readwritePaths: [/sys]\n"), "read-only");
    check_contains(refusal_of(&f, "filesystem:\n  deniedPaths: [/proc/cpuinfo]\n"), "private one");
    accept_text(&f, "filesystem:\n  readonlyPaths: [/sys]\n");
    check_string(what_is_at(&f, "/sys"), "bind ro");
    fixture_close(&f);
}

TEST(a_grant_of_the_root_is_one_of_what_is_in_it_without_the_kernels)
{
    fixture_open(&f);
    accept_text(&f, "filesystem:\n  readonlyPaths: [/]\n  readwritePaths: [\"@/ws\"]\n");
    check_string(what_is_at(&f, "/"), "none");
    check_string(what_is_at(&f, "/usr"), "bind ro");
    check_string(what_is_at(&f, "/etc"), "bind ro");
    check_string(what_is_at(&f, "/proc"), "proc");
    check_string(what_is_at(&f, "/dev"), "dev");
    check_string(what_is_at(&f, "/sys"), "none");
    check_string(what_is_at(&f, "/run"), "none");
    check_string(what_is_at(&f, "/tmp"), "private");
    check_string(what_is_at(&f, "/var/tmp"), "private");
    check_string(what_is_at(&f, "ws"), "bind rw");
    if (access("/etc/shadow", F_OK) == 0)
        check_string(what_is_at(&f, "/etc/shadow"), "mask");
    fixture_close(&f);
}

TEST(password_files_are_never_granted)
{
    fixture_open(&f);
    if (geteuid() != 0)
        test_skip("root");
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [/etc/shadow]\n"),
                   "password hashes and is never granted");
    fixture_close(&f);
}

TEST(the_home_itself_and_its_ancestors_can_be_granted)
{
    fixture_open(&f);
    make_directory(&f, "home/.ssh");
    accept_text(&f,
                "filesystem:\n  readwritePaths: [\"@/home\"]\n  deniedPaths: [\"@/home/.ssh\"]\n");
    check_string(what_is_at(&f, "home"), "bind rw");
    check_string(what_is_at(&f, "home/.ssh"), "mask");
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@\"]\n");
    check_string(what_is_at(&f, ""), "bind ro");
    check_string(what_is_at(&f, "home"), "private");
    fixture_close(&f);
}

TEST(a_denied_home_is_not_even_private)
{
    fixture_open(&f);
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/home\"]\n");
    check_string(what_is_at(&f, "home"), "none");
    fixture_close(&f);
}

TEST(cordons_own_files_are_shut_where_a_grant_shows_them)
{
    fixture_open(&f);
    make_directory(&f, "home/.config/cordon");
    f.self[0] = full_path(&f, "home/.config/cordon");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/home\"]\n");
    check_string(what_is_at(&f, "home/.config/cordon"), "mask");
    check_string(what_is_at(&f, "home/.config"), "pin");
    f.self[0] = full_path(&f, "home/.config/cordon");
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [\"@/home/.config/cordon\"]\n"),
                   "holds Cordon's own files and is never granted");
    accept_text(&f, WORKSPACE);
    fixture_close(&f);
}

TEST(cordons_own_directories_that_do_not_exist_cannot_be_made_inside)
{
    fixture_open(&f);
    f.self[0] = full_path(&f, "home/.config/cordon");
    check_contains(refusal_of(&f, "filesystem:\n  readwritePaths: [\"@/home\"]\n"),
                   "/home/.config/cordon does not exist yet");
    fixture_close(&f);
}

TEST(a_policy_in_a_workspace_can_be_read_and_not_written)
{
    fixture_open(&f);
    make_file(&f, "ws/cordon.yaml");
    f.readonly_self[0] = full_path(&f, "ws/cordon.yaml");
    accept_text(&f, WORKSPACE);
    check_string(what_is_at(&f, "ws/cordon.yaml"), "bind ro");
    fixture_close(&f);
}

TEST(a_ceiling_narrows_and_names_itself)
{
    fixture_open(&f);
    make_directory(&f, "ws/keep");
    make_directory(&f, "other");
    add_layer(&f, LAYER_CEILING,
              "filesystem:\n  readwritePaths: [\"@/ws\"]\n"
              "  readonlyPaths: [\"@/ws/keep\"]\n");
    add_layer(&f, LAYER_REQUEST, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/other\"]\n");
    check_int(compile_layers(&f), 0);
    check_string(what_is_at(&f, "ws"), "bind rw");
    check_string(what_is_at(&f, "ws/keep"), "bind ro");
    check_string(mount_at(&f, "ws/keep")->origin->member, "filesystem.readonlyPaths[0]");
    check_string(what_is_at(&f, "other"), "none");
    check_contains(f.plan->layers[0], "ceiling");
    fixture_close(&f);
}

TEST(a_ceiling_on_a_link_holds_for_the_object)
{
    fixture_open(&f);
    make_directory(&f, "ws/real");
    make_link(&f, "alias", "ws/real");
    add_layer(&f, LAYER_CEILING, "filesystem:\n  deniedPaths: [\"@/alias\"]\n");
    add_layer(&f, LAYER_REQUEST, "filesystem:\n  readwritePaths: [\"@/ws\"]\n");
    check_int(compile_layers(&f), 0);
    check_string(what_is_at(&f, "ws/real"), "mask");
    fixture_close(&f);
}

TEST(a_ceiling_without_grants_leaves_the_home_private)
{
    fixture_open(&f);
    add_layer(&f, LAYER_CEILING, "filesystem:\n  readonlyPaths: [\"@/ws\"]\n");
    add_layer(&f, LAYER_REQUEST, "filesystem:\n  readwritePaths: [\"@/home\", \"@/ws\"]\n");
    check_int(compile_layers(&f), 0);
    check_string(what_is_at(&f, "home"), "private");
    check_string(what_is_at(&f, "ws"), "bind ro");
    fixture_close(&f);
}

TEST(patterns_are_refused_by_name)
{
    fixture_open(&f);
    check_contains(refusal_of(&f, WORKSPACE "  deniedPaths: [\"@/ws/**/.env\"]\n"), "deniedPaths");
    check_int(f.err.kind, ERROR_UNENFORCEABLE);
    fixture_close(&f);
}

TEST(a_home_behind_a_link_is_private_at_its_real_name)
{
    struct variables variables;

    fixture_open(&f);
    make_link(&f, "h", "home");
    variables = f.variables;
    variables.home = strdup(full_path(&f, "h"));
    f.options.variables = &variables;
    accept_text(&f, WORKSPACE);
    check_string(what_is_at(&f, "home"), "private");
    check_string(what_is_at(&f, "h"), "symlink");
    free((char *)variables.home);
    fixture_close(&f);
}

TEST(contained_root_is_told_to_run_as_the_owner)
{
    fixture_open(&f);
    if (geteuid() != 0)
        test_skip("root");
    f.facts.is_root = true;
    check_int(chown(full_path(&f, "ws"), 1234, 1234), 0);
    check_contains(refusal_of(&f, WORKSPACE), "run Cordon as user 1234");
    check_int(f.err.kind, ERROR_FORBIDDEN);
    accept_text(&f, "filesystem:\n  readonlyPaths: [\"@/ws\"]\n");
    fixture_close(&f);
}

static void bind_directory(const char *source, const char *target)
{
    check_int(mount(full_path(&f, source), full_path(&f, target), "none", MS_BIND, NULL), 0);
}

static void own_mounts(void)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
        test_skip("root");
    check_int(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
}

TEST(a_bind_mount_of_the_host_is_no_way_around_a_rule)
{
    own_mounts();
    fixture_open(&f);
    make_directory(&f, "data/secret/inner");
    make_directory(&f, "other");
    make_directory(&f, "ws/part");
    make_directory(&f, "same");
    bind_directory("data", "other");
    bind_directory("data/secret/inner", "ws/part");
    bind_directory("data/secret", "same");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/other\", \"@/same\"]\n"
                    "  deniedPaths: [\"@/data/secret\"]\n");
    check_string(what_is_at(&f, "other"), "bind rw");
    check_string(what_is_at(&f, "other/secret"), "mask");
    check_string(what_is_at(&f, "ws/part"), "mask");
    check_string(what_is_at(&f, "same"), "none");
    umount2(full_path(&f, "other"), MNT_DETACH);
    umount2(full_path(&f, "ws/part"), MNT_DETACH);
    umount2(full_path(&f, "same"), MNT_DETACH);
    fixture_close(&f);
}

TEST(a_read_only_tree_does_not_close_a_grant_of_a_part_under_another_name)
{
    own_mounts();
    fixture_open(&f);
    make_directory(&f, "data/ws");
    bind_directory("data/ws", "ws");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n  readonlyPaths: [\"@/data\"]\n");
    check_string(what_is_at(&f, "ws"), "bind rw");
    accept_text(&f,
                "filesystem:\n  readwritePaths: [\"@/ws\"]\n  readonlyPaths: [\"@/data/ws\"]\n");
    check_string(what_is_at(&f, "ws"), "bind ro");
    umount2(full_path(&f, "ws"), MNT_DETACH);
    fixture_close(&f);
}

TEST(a_kernel_file_system_inside_a_grant_is_shut)
{
    own_mounts();
    fixture_open(&f);
    make_directory(&f, "ws/root/proc");
    make_directory(&f, "data/proc");
    check_int(mount("proc", full_path(&f, "ws/root/proc"), "proc", 0, NULL), 0);
    check_int(mount("proc", full_path(&f, "data/proc"), "proc", 0, NULL), 0);
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n"
                    "  views: [{source: \"@/data\", target: \"@/in\", access: readonly}]\n");
    check_string(what_is_at(&f, "ws/root"), "pin");
    check_string(what_is_at(&f, "ws/root/proc"), "mask");
    check_string(what_is_at(&f, "in/proc"), "mask");
    check_contains(refusal_of(&f, "filesystem:\n  readonlyPaths: [\"@/ws/root/proc\"]\n"),
                   "kernel file system");
    umount2(full_path(&f, "ws/root/proc"), MNT_DETACH);
    umount2(full_path(&f, "data/proc"), MNT_DETACH);
    fixture_close(&f);
}
