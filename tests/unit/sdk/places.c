/* SPDX-License-Identifier: Apache-2.0 */
/* Homes, workspaces and helper programs: which are taken and which are refused. */
#include "sdk/places.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sdk/workspace.h"
#include "test.h"

static char root[64];

static void make_root(void)
{
    umask(022);
    strcpy(root, "/tmp/cordon-test-places.XXXXXX");
    check(test_make_directory(root) != NULL);
}

static void remove_root(void)
{
    char command[128];

    snprintf(command, sizeof(command), "rm -rf '%s'", root);
    check_int(system(command), 0);
}

TEST(home_is_taken_from_the_environment_only_when_it_is_the_callers_directory)
{
    auto_arena struct arena *arena = arena_new();
    struct error err = ERROR_INIT;
    const char *home = NULL;

    make_root();
    check_int(places_choose_home(arena, root, "/home/x", &home, &err), 0);
    check_string(home, root);
    check_int(places_choose_home(arena, NULL, "/home/x/", &home, &err), 0);
    check_string(home, "/home/x");
    check_int(places_choose_home(arena, "relative", "/home/x", &home, &err), 0);
    check_string(home, "/home/x");
    check_int(places_choose_home(arena, "/nonexistent/home", "/home/x", &home, &err), 0);
    check_string(home, "/home/x");
    remove_root();
}

TEST(a_home_of_somebody_else_is_not_taken)
{
    auto_arena struct arena *arena = arena_new();
    struct error err = ERROR_INIT;
    const char *home = NULL;

    if (geteuid() != 0)
        test_skip("root");
    make_root();
    check_int(chown(root, 1, 1), 0);
    check_int(places_choose_home(arena, root, "/home/x", &home, &err), 0);
    check_string(home, "/home/x");
    check(places_choose_home(arena, root, NULL, &home, &err) < 0);
    check_contains(err.text, "set HOME");
    remove_root();
}

static int check_helper(const char *library, struct error *err)
{
    auto_arena struct arena *arena = arena_new();
    const char *path;

    return places_check_helper(arena, library, root, "cordon-init", &path, err);
}

TEST(a_helper_that_others_could_write_is_refused)
{
    struct error err = ERROR_INIT;
    char path[128];

    make_root();
    check_int(chmod(root, 0755), 0);
    snprintf(path, sizeof(path), "%s/cordon-init", root);
    check(check_helper("/", &err) < 0);
    check_contains(err.text, "install Cordon as a whole");
    test_write_file(path, "", 0755);
    check_int(check_helper("/", &err), 0);

    check_int(chmod(path, 0757), 0);
    check_int(check_helper("/", &err), -EPERM);
    check_contains(err.text, "could be changed by others");
    check_int(chmod(path, 0755), 0);
    check_int(chmod(root, 01777), 0);
    check_int(check_helper("/", &err), -EPERM);
    check_int(chmod(root, 0755), 0);
    check_int(chmod(path, 0644), 0);
    check_int(check_helper("/", &err), -EACCES);
    remove_root();
}

TEST(a_helper_of_another_user_is_refused)
{
    struct error err = ERROR_INIT;
    char path[128];

    if (geteuid() != 0)
        test_skip("root");
    make_root();
    check_int(chmod(root, 0755), 0);
    snprintf(path, sizeof(path), "%s/cordon-init", root);
    test_write_file(path, "", 0755);
    check_int(chown(path, 12345, 0), 0);
    check_int(check_helper("/", &err), -EPERM);
    remove_root();
}

/* As `unshare -r`: to who is root there, all others are one. */
static void enter_namespace_of_one(void)
{
    unsigned uid = geteuid();
    FILE *map;

    if (unshare(CLONE_NEWUSER) < 0)
        test_skip("userns");
    map = fopen("/proc/self/uid_map", "we");
    check(map != NULL);
    fprintf(map, "0 %u 1\n", uid);
    check_int(fclose(map), 0);
}

TEST(an_owner_that_a_user_namespace_does_not_know_is_named_as_such)
{
    auto_arena struct arena *arena = arena_new();
    struct error err = ERROR_INIT;
    char directory[64] = "/usr/bin", name[16] = "true", path[128];
    const char *found;

    make_root();
    if (geteuid() == 0) {
        check_int(chmod(root, 0755), 0);
        strcpy(directory, root);
        strcpy(name, "cordon-init");
        snprintf(path, sizeof(path), "%s/%s", directory, name);
        test_write_file(path, "", 0755);
        check_int(chown(path, 12345, 0), 0);
    }
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    /* the library's owner is trusted where the library is, but not where it only looks like the same one */
    check_int(places_check_helper(arena, path, directory, name, &found, &err), 0);
    enter_namespace_of_one();
    check_int(places_check_helper(arena, path, directory, name, &found, &err), -EPERM);
    check_contains(err.text, "does not exist in this user namespace");
    check_contains(err.text, "unshare -r");
    remove_root();
}

TEST(a_helper_that_is_a_symbolic_link_is_refused)
{
    struct error err = ERROR_INIT;
    char path[128];

    make_root();
    check_int(chmod(root, 0755), 0);
    snprintf(path, sizeof(path), "%s/cordon-init", root);
    check_int(symlink("/bin/true", path), 0);
    check_int(check_helper("/", &err), -EACCES);
    remove_root();
}

TEST(the_default_policy_refuses_root_home_and_what_is_above_the_home)
{
    struct error err = ERROR_INIT;

    check_int(workspace_check_default("/", "/nowhere/me", true, &err), -EPERM);
    check_contains(err.text, "the root directory");
    check_int(workspace_check_default("/nowhere/me", "/nowhere/me", true, &err), -EPERM);
    check_contains(err.text, "your home");
    check_int(workspace_check_default("/nowhere", "/nowhere/me", true, &err), -EPERM);
    check_contains(err.text, "name one as workspace (-w DIRECTORY)");
    check_int(workspace_check_default("/nowhere/me/.ssh", "/nowhere/me", true, &err), -EPERM);
    check_contains(err.text, "hidden directory");
    check_int(workspace_check_default("/nowhere/me/.local/src/x", "/nowhere/me", true, &err), -EPERM);
    check_int(workspace_check_default("/nowhere/me/project/.x", "/nowhere/me", true, &err), 0);
    check_int(workspace_check_default("/nowhere/me/project", "/nowhere/me", true, &err), 0);
    check_int(workspace_check_default("/nowhere/men", "/nowhere/me", true, &err), 0);
}

TEST(a_home_behind_a_symbolic_link_is_refused_by_what_it_is)
{
    struct error err = ERROR_INIT;
    char real[80], link[80];

    make_root();
    snprintf(real, sizeof(real), "%s/real", root);
    snprintf(link, sizeof(link), "%s/link", root);
    check_int(mkdir(real, 0755), 0);
    check_int(symlink("real", link), 0);
    check_int(workspace_check_default(real, link, true, &err), -EPERM);
    remove_root();
}

TEST(a_directory_of_the_system_is_a_workspace_only_when_it_is_named)
{
    static const char *const refused[] = {"/boot", "/etc", "/etc/nginx", "/home", "/lib64", "/opt", "/opt/tool", "/root/x",
                                          "/srv", "/tmp", "/usr", "/usr/local", "/usr/src/app", "/var",
                                          "/var/spool/cron/crontabs", "/var/tmp", "/home/other", "/home/other/.ssh"};
    static const char *const taken[] = {"/srv/project", "/tmp/x", "/var/tmp/x", "/home/other/project", "/mnt/disk/x",
                                        "/data", "/workspace/x", "/usrx", "/nowhere/me/x"};
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_COUNT(refused); i++) {
        check_int(workspace_check_default(refused[i], "/nowhere/me", false, &err), -EPERM);
        check_contains(err.text, refused[i]);
        check_contains(err.text, "name the workspace (-w DIRECTORY)");
        check_int(workspace_check_default(refused[i], "/nowhere/me", true, &err), 0);
    }
    for (size_t i = 0; i < ARRAY_COUNT(taken); i++)
        check_int(workspace_check_default(taken[i], "/nowhere/me", false, &err), 0);
    /* below a home in such a place, as services have */
    check_int(workspace_check_default("/var/lib/ci/jobs/1", "/var/lib/ci", false, &err), 0);
    check_int(workspace_check_default("/root/x", "/root", false, &err), 0);
    check_int(workspace_check_default("/etc", "/", false, &err), -EPERM);
    check_contains(err.text, "a directory of the system");
}

TEST(a_workspace_that_the_plan_makes_read_only_is_refused)
{
    struct plan_mount mounts[] = {
        {.kind = PLAN_BIND, .target = "/usr"},
        {.kind = PLAN_BIND, .target = "/usr/local", .is_writable = true},
        {.kind = PLAN_PRIVATE, .target = "/tmp", .is_writable = true},
    };
    struct plan plan = {.mounts = mounts, .mount_count = ARRAY_COUNT(mounts)};
    struct error err = ERROR_INIT;

    check_int(workspace_check_writable(&plan, "/usr/bin", &err), -EPERM);
    check_contains(err.text, "workspace /usr/bin belongs to /usr, ");
    check_int(workspace_check_writable(&plan, "/usr/local", &err), 0);
    check_int(workspace_check_writable(&plan, "/usr/local/x", &err), 0);
    check_int(workspace_check_writable(&plan, "/tmp", &err), 0);
}

TEST(a_workspace_is_resolved_and_must_be_a_directory)
{
    auto_arena struct arena *arena = arena_new();
    struct error err = ERROR_INIT;
    const char *workspace = NULL, *given = NULL;

    check_int(workspace_find(arena, NULL, "/cwd", NULL, &workspace, &given, &err), 0);
    check_string(workspace, "/cwd");
    check_string(given, "/cwd");
    check_int(workspace_find(arena, "/usr/../tmp/.", "/cwd", NULL, &workspace, &given, &err), 0);
    check_string(workspace, "/tmp");
    check_string(given, "/usr/../tmp/.");
    check_int(workspace_find(arena, "/etc/passwd", "/cwd", NULL, &workspace, &given, &err), -ENOTDIR);
    check_int(workspace_find(arena, "/nowhere", "/cwd", NULL, &workspace, &given, &err), -ENOENT);
    check_contains(err.text, "workspace /nowhere");
}

TEST(a_workspace_is_known_by_the_name_that_led_the_shell_to_it)
{
    auto_arena struct arena *arena = arena_new();
    struct error err = ERROR_INIT;
    const char *workspace = NULL, *given = NULL;
    char real[128], link[128];

    make_root();
    snprintf(real, sizeof(real), "%s/real", root);
    snprintf(link, sizeof(link), "%s/link", root);
    check_int(mkdir(real, 0755), 0);
    check_int(symlink("real", link), 0);
    check_int(workspace_find(arena, NULL, real, link, &workspace, &given, &err), 0);
    check_string(workspace, real);
    check_string(given, link);
    check_int(chdir(real), 0);
    check_int(workspace_find(arena, ".", real, link, &workspace, &given, &err), 0);
    check_string(workspace, real);
    check_contains(given, "/link");
    check_int(workspace_find(arena, NULL, real, "/tmp", &workspace, &given, &err), 0);
    check_string(given, real); /* a PWD from elsewhere says nothing */
    check_int(workspace_find(arena, NULL, real, "link", &workspace, &given, &err), 0);
    check_string(given, real);
    check_int(chdir("/"), 0);
    remove_root();
}
