/* SPDX-License-Identifier: Apache-2.0 */
/* Where letter case may not count. A ramfs stands for file systems that nobody knows: it says nothing of itself. */
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fixture.h"

#define POLICY "filesystem:\n  readwritePaths: [\"@/ws\"]\n  deniedPaths: [\"@/ws/**/.env\"]\n"

static struct fixture f;

static void open_on(const char *type)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
        test_skip("root");
    check_int(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
    fixture_open(&f);
    f.facts.keeps_names = true;
    check_int(mount("none", full_path(&f, "ws"), type, 0, NULL), 0);
}

static void close_mounted(void)
{
    check_int(umount2(full_path(&f, "ws"), MNT_DETACH), 0);
    fixture_close(&f);
}

static bool folds(void)
{
    accept_text(&f, POLICY);
    return f.plan->names_fold;
}

TEST(a_file_system_that_says_so_of_each_directory_is_believed)
{
    open_on("tmpfs");
    check(!folds());
    close_mounted();
}

TEST(a_file_system_that_nobody_knows_folds_until_a_name_shows_that_it_does_not)
{
    open_on("ramfs");
    check(folds());
    make_file(&f, "ws/12");
    check(folds());
    make_file(&f, "ws/ab");
    check(!folds());
    close_mounted();
}

TEST(a_name_that_is_found_with_its_letters_turned_shows_that_case_does_not_count)
{
    open_on("ramfs");
    make_file(&f, "ws/ab");
    check_int(link(full_path(&f, "ws/ab"), full_path(&f, "ws/AB")), 0);
    check(folds());
    check_int(unlink(full_path(&f, "ws/AB")), 0);
    make_file(&f, "ws/AB");
    check(!folds());
    close_mounted();
}

TEST(what_a_denied_pattern_matches_is_shut_by_either_spelling_where_case_may_not_count)
{
    open_on("ramfs");
    make_file(&f, "ws/.ENV");
    make_directory(&f, "ws/Keys/deep");
    make_file(&f, "ws/Keys/deep/ID.Pem");
    make_file(&f, "ws/Keys/other");
    make_file(&f, "ws/ab");
    check_int(link(full_path(&f, "ws/ab"), full_path(&f, "ws/AB")), 0);
    accept_text(&f, POLICY);
    check_string(what_is_at(&f, "ws/.ENV"), "mask");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n  deniedPaths: [\"@/ws/kEYS/**/*.pEM\"]\n");
    check_string(what_is_at(&f, "ws/Keys/deep/ID.Pem"), "mask");
    check_string(what_is_at(&f, "ws/Keys/other"), "none");
    close_mounted();
    open_on("tmpfs");
    make_file(&f, "ws/.ENV");
    accept_text(&f, POLICY);
    check_string(what_is_at(&f, "ws/.ENV"), "none");
    close_mounted();
}

TEST(an_empty_directory_is_asked_for_by_its_own_name)
{
    open_on("ramfs");
    make_directory(&f, "ws/sub");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws/sub\"]\n  deniedPaths: [\"@/ws/sub/**/.env\"]\n");
    check(!f.plan->names_fold);
    make_directory(&f, "ws/12");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws/12\"]\n  deniedPaths: [\"@/ws/12/**/.env\"]\n");
    check(f.plan->names_fold);
    close_mounted();
}

TEST(what_is_mounted_in_a_tree_is_asked_too)
{
    open_on("tmpfs");
    make_directory(&f, "ws/other");
    check_int(mount("none", full_path(&f, "ws/other"), "ramfs", 0, NULL), 0);
    check(folds());
    make_file(&f, "ws/other/ab");
    check(!folds());
    check_int(umount2(full_path(&f, "ws/other"), MNT_DETACH), 0);
    close_mounted();
}
