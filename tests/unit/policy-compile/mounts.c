/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the host's mounts, read from made-up ones. */
#include "policy/compile/mounts.h"
#include "policy/policy.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "test.h"

static struct arena *arena;
static struct mount_table table;
static struct error err;

static int read_text(const char *text)
{
    char path[] = "/tmp/cordon-mounts-XXXXXX";
    int fd = test_make_file(path), r;
    const char *read = NULL;

    check(fd >= 0);
    check_int(file_write_all(fd, text, strlen(text)), 0);
    close(fd);
    arena = arena_new();
    check(arena != NULL);
    r = policy_read_mounts(arena, path, &read, &err);
    unlink(path);
    return r < 0 ? r : mounts_parse(arena, arena_string(arena, read), &table, &err);
}

static const char sample[] =
    "1 0 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "2 1 0:5 / /proc rw - proc proc rw\n"
    "3 1 8:1 /data/a\\040b /mnt\\011x rw shared:2 master:3 - ext4 /dev/sda1 rw\n"
    "4 1 0:6 / /srv/sys rw - sysfs none rw\n"
    "5 1 8:1 /data /again rw - ext4 /dev/sda1 rw\n";

TEST(fields_and_escapes_are_understood)
{
    check_int(read_text(sample), 0);
    check_int(table.count, 5);
    check_string(table.mounts[2].root, "/data/a b");
    check_string(table.mounts[2].point, "/mnt\tx");
    check(table.mounts[3].is_kernel && !table.mounts[0].is_kernel);
    check(table.has_aliases);
    arena_free(arena);
}

TEST(what_is_not_understood_is_an_error)
{
    check(read_text("1 0 8:1 / rw\n") < 0);
    check_contains(err.text, "not understood");
    arena_free(arena);
    check(read_text("1 0 x / / rw - ext4 a rw\n") < 0);
    arena_free(arena);
    check(read_text("1 0 8:1 / / rw\n") < 0);
    arena_free(arena);
}

TEST(the_deepest_and_latest_mount_holds_a_path)
{
    check_int(read_text("1 0 8:1 / / rw - ext4 a rw\n"
                        "2 1 8:2 / /a rw - ext4 b rw\n"
                        "3 1 8:3 / /a rw - ext4 c rw\n"),
              0);
    check_int(mounts_find(&table, "/a/b")->minor, 3);
    check_int(mounts_find(&table, "/ab")->minor, 1);
    check(!table.has_aliases);
    arena_free(arena);
}

TEST(one_object_is_found_under_its_other_names)
{
    const char *alias;
    const struct host_mount *home;

    check_int(read_text(sample), 0);
    home = mounts_find(&table, "/data/x");
    check_int(mounts_alias(arena, home, "/data/x", &table.mounts[4], &alias, &err), 0);
    check_string(alias, "/again/x");
    check_int(mounts_alias(arena, home, "/data", &table.mounts[2], &alias, &err), 0);
    check_string(alias, "/mnt\tx"); /* a part of it */
    check_int(mounts_alias(arena, home, "/other", &table.mounts[4], &alias, &err), 0);
    check(!alias);
    check_int(mounts_alias(arena, &table.mounts[4], "/again/y", &table.mounts[0], &alias, &err), 0);
    check_string(alias, "/data/y");
    arena_free(arena);
}
