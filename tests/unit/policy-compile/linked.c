/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hard links and bind mounts together: one entry of a directory under two paths is not two names.
 * Directories are read in both orders, which a tmpfs gives: what was made last comes first.
 */
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <unistd.h>

#include "fixture.h"

#define WORKSPACE "filesystem:\n  readwritePaths: [\"@/ws\"]\n"

static struct fixture f;

static void open_with_mounts(void)
{
    if (geteuid() != 0 || unshare(CLONE_NEWNS) < 0)
        test_skip("root");
    check_int(mount("none", "/", "none", MS_REC | MS_PRIVATE, NULL), 0);
    fixture_open(&f);
    f.facts.keeps_names = true;
    check_int(mount("none", full_path(&f, ""), "tmpfs", 0, NULL), 0);
    make_directory(&f, "ws");
    make_directory(&f, "home");
}

static void close_with_mounts(void)
{
    check_int(umount2(full_path(&f, ""), MNT_DETACH), 0);
    fixture_close(&f);
}

static void bind_on(const char *target, const char *source)
{
    check_int(mount(full_path(&f, source), full_path(&f, target), "none", MS_BIND, NULL), 0);
}

static void make_hard_link(const char *name, const char *of)
{
    check_int(link(full_path(&f, of), full_path(&f, name)), 0);
}

/* ws/a with a second name of the key in it, ws/z where it is mounted again, ws/last with a third.
 */
static void with_a_directory_mounted_twice(const char *const *order, const char *key)
{
    open_with_mounts();
    make_directory(&f, "ws/secret");
    for (size_t i = 0; i < 3; i++)
        make_directory(&f, order[i]);
    write_file(&f, key, "secret");
    make_hard_link("ws/a/F2", key);
    make_hard_link("ws/last/F3", key);
    bind_on("ws/z", "ws/a");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/secret\", \"@/ws/key\"]\n");
    check_string(what_is_at(&f, "ws/a/F2"), "mask");
    check_string(what_is_at(&f, "ws/z/F2"), "mask");
    check_string(what_is_at(&f, "ws/last/F3"), "mask");
    check_int(umount2(full_path(&f, "ws/z"), MNT_DETACH), 0);
    close_with_mounts();
}

TEST(a_name_that_a_bind_mount_shows_twice_is_one_whichever_is_read_first)
{
    static const char *const orders[][3] = {
        {"ws/last", "ws/a", "ws/z"}, {"ws/last", "ws/z", "ws/a"}, {"ws/a", "ws/last", "ws/z"},
        {"ws/z", "ws/last", "ws/a"}, {"ws/a", "ws/z", "ws/last"}, {"ws/z", "ws/a", "ws/last"},
    };

    for (size_t i = 0; i < 6; i++) {
        with_a_directory_mounted_twice(orders[i], "ws/secret/key");
        with_a_directory_mounted_twice(orders[i], "ws/key");
    }
}

TEST(a_bind_mount_inside_a_restricted_directory_does_not_make_two_names_of_one)
{
    open_with_mounts();
    make_directory(&f, "ws/secret/s1");
    make_directory(&f, "ws/secret/s2");
    make_directory(&f, "ws/a");
    write_file(&f, "ws/secret/s1/key", "secret");
    make_hard_link("ws/a/F2", "ws/secret/s1/key");
    bind_on("ws/secret/s2", "ws/secret/s1");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/secret\"]\n");
    check_string(what_is_at(&f, "ws/a/F2"), "mask");
    accept_text(&f, WORKSPACE "  readonlyPaths: [\"@/ws/secret\"]\n");
    check_string(what_is_at(&f, "ws/a/F2"), "bind ro");
    check_int(umount2(full_path(&f, "ws/secret/s2"), MNT_DETACH), 0);
    close_with_mounts();
}

TEST(one_file_s_name_that_is_seen_twice_does_not_end_the_search_for_another_file)
{
    open_with_mounts();
    make_directory(&f, "ws/other");
    make_directory(&f, "ws/a");
    make_directory(&f, "ws/z");
    write_file(&f, "ws/first", "secret");
    write_file(&f, "ws/second", "secret");
    make_hard_link("ws/a/F", "ws/first");
    make_hard_link("ws/other/S", "ws/second");
    bind_on("ws/z", "ws/a");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/first\", \"@/ws/second\"]\n");
    check_string(what_is_at(&f, "ws/other/S"), "mask");
    check_int(umount2(full_path(&f, "ws/z"), MNT_DETACH), 0);
    close_with_mounts();
}

TEST(a_file_that_is_mounted_on_another_is_found_and_is_no_name_of_its_own)
{
    open_with_mounts();
    make_directory(&f, "outside");
    make_directory(&f, "ws/a");
    write_file(&f, "ws/key", "secret");
    make_hard_link("outside/F2", "ws/key");
    make_hard_link("ws/a/F3", "ws/key");
    make_file(&f, "ws/mounted");
    bind_on("ws/mounted", "outside/F2");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/key\"]\n");
    check_string(what_is_at(&f, "ws/mounted"), "mask");
    check_string(what_is_at(&f, "ws/a/F3"), "mask");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/mounted\"]\n");
    check_string(what_is_at(&f, "ws/key"), "mask");
    check_string(what_is_at(&f, "ws/a/F3"), "mask");
    check_int(umount2(full_path(&f, "ws/mounted"), MNT_DETACH), 0);
    close_with_mounts();
}

TEST(another_name_in_an_overlay_of_two_file_systems_is_found)
{
    char options[300];

    open_with_mounts();
    make_directory(&f, "lower/a");
    make_directory(&f, "upper");
    make_directory(&f, "work");
    check_int(mount("none", full_path(&f, "lower"), "tmpfs", 0, NULL), 0);
    make_directory(&f, "lower/a");
    write_file(&f, "lower/key", "secret");
    make_hard_link("lower/a/alias", "lower/key");
    snprintf(options, sizeof(options), "xino=off,index=on,lowerdir=%s,upperdir=%s,workdir=%s",
             full_path(&f, "lower"), full_path(&f, "upper"), full_path(&f, "work"));
    if (mount("none", full_path(&f, "ws"), "overlay", 0, options) < 0)
        test_skip("overlayfs");
    accept_text(&f, WORKSPACE "  deniedPaths: [\"@/ws/key\"]\n");
    check_string(what_is_at(&f, "ws/a/alias"), "mask");
    check_int(umount2(full_path(&f, "ws"), MNT_DETACH), 0);
    check_int(umount2(full_path(&f, "lower"), MNT_DETACH), 0);
    close_with_mounts();
}
