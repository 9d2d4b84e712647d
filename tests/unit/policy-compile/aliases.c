/* SPDX-License-Identifier: Apache-2.0 */
/* What is mounted a second time, below a tree that is granted: a table of mounts by hand. */
#include "fixture.h"

#include <stdio.h>
#include <string.h>

#include "test.h"

static struct fixture f;
static char mounts[1024];

/* @/data/sub is seen at @/ws/again, too. */
static void open_mounted(void)
{
    fixture_open(&f);
    make_directory(&f, "data");
    make_directory(&f, "data/sub");
    make_directory(&f, "ws/again");
    check(snprintf(mounts, sizeof(mounts),
                   "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:1 %s/data/sub %s/ws/again rw - ext4 /dev/sda1 rw\n", f.root,
                   f.root) < (int)sizeof(mounts));
    f.options.mounts = mounts;
}

TEST(a_part_of_a_read_only_directory_that_comes_along_is_read_only)
{
    open_mounted();
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\"]\n  readonlyPaths: [\"@/data\"]\n");
    check_string(what_is_at(&f, "ws"), "bind rw");
    check_string(what_is_at(&f, "ws/again"), "bind ro");
    fixture_close(&f);
}

TEST(a_part_of_a_read_only_directory_that_is_named_is_what_its_rule_says)
{
    open_mounted();
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/ws/again\"]\n  readonlyPaths: [\"@/data\"]\n");
    check(strcmp(what_is_at(&f, "ws/again"), "bind ro") != 0);
    fixture_close(&f);
}

TEST(a_grant_below_the_mount_is_not_taken_away)
{
    open_mounted();
    make_directory(&f, "ws/again/inner");
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws/again/inner\"]\n  readonlyPaths: [\"@/data\"]\n");
    check_string(what_is_at(&f, "ws/again/inner"), "bind rw");
    fixture_close(&f);
}

TEST(a_part_of_a_denied_directory_is_denied_wherever_it_is)
{
    open_mounted();
    accept_text(&f, "filesystem:\n  readwritePaths: [\"@/ws\", \"@/ws/again\"]\n  deniedPaths: [\"@/data\"]\n");
    check_string(what_is_at(&f, "ws/again"), "mask");
    fixture_close(&f);
}
