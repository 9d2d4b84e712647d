/* SPDX-License-Identifier: Apache-2.0 */
/* What else this machine calls what a proof is about: links on the way, mounts, hard links; and what has one name alone. */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "policy/prove.h"
#include "test.h"

static struct prove_here names_of(struct arena *arena, const char *root, const char *below)
{
    struct error err = ERROR_INIT;
    struct prove_here here;

    if (prove_names_here(arena, arena_printf(arena, "%s/%s", root, below), &here, &err) < 0)
        test_fail(__FILE__, __LINE__, "%s", err.text);
    return here;
}

static const char *at(struct arena *arena, const char *root, const char *name)
{
    return arena_printf(arena, "%s/%s", root, name);
}

static void make_tree(struct arena *arena, const char *root)
{
    check_int(mkdir(at(arena, root, "real"), 0700), 0);
    check_int(mkdir(at(arena, root, "real/in"), 0700), 0);
    check_int(mkdir(at(arena, root, "shown"), 0700), 0);
    check_int(symlink("real", at(arena, root, "link")), 0);
    test_write_file(at(arena, root, "real/in/key"), "", 0600);
    test_write_file(at(arena, root, "real/in/two"), "", 0600);
}

TEST(a_link_on_the_way_is_another_name)
{
    auto_arena struct arena *arena = arena_new();
    char root[] = "/tmp/cordon-here.XXXXXX";
    struct prove_here here;

    check(test_make_directory(root) != NULL);
    make_tree(arena, root);
    here = names_of(arena, root, "link/in/none/k*");
    check_int(here.count, 1);
    check_string(here.items[0], at(arena, root, "real/in/none/k*"));
    check(!here.doubt);
    here = names_of(arena, root, "real/in"); /* the twin */
    check(here.count == 0 && !here.doubt);
}

TEST(a_hard_link_is_a_doubt_where_the_pattern_means_it)
{
    auto_arena struct arena *arena = arena_new();
    char root[] = "/tmp/cordon-here.XXXXXX";

    check(test_make_directory(root) != NULL);
    make_tree(arena, root);
    check_int(link(at(arena, root, "real/in/two"), at(arena, root, "shown/other")), 0);
    check_contains(names_of(arena, root, "real").doubt, "real/in/two has another name");
    check_contains(names_of(arena, root, "real/in/two").doubt, "has another name");
    check(!names_of(arena, root, "real/in/key").doubt);
    check(!names_of(arena, root, "real/**/k*").doubt);
    check_int(unlink(at(arena, root, "shown/other")), 0);
    check(!names_of(arena, root, "real").doubt);
}

TEST(what_may_not_be_looked_at_is_a_doubt)
{
    auto_arena struct arena *arena = arena_new();
    char root[] = "/tmp/cordon-here.XXXXXX";

    check(test_make_directory(root) != NULL);
    check_int(chmod(root, 0755), 0);
    make_tree(arena, root);
    if (geteuid() == 0) {
        check_int(seteuid(65534), 0);
    } else {
        check_int(chmod(at(arena, root, "real"), 0), 0);
    }
    check_contains(names_of(arena, root, "real/in/key").doubt, "cannot be looked");
    check_contains(names_of(arena, root, "real/none").doubt, "cannot be looked");
    check_contains(names_of(arena, root, "real").doubt, "cannot be looked");
    check(!names_of(arena, root, "none/in").doubt);
    if (getuid() == 0)
        check_int(seteuid(0), 0);
    check_int(chmod(at(arena, root, "real"), 0700), 0);
    check(!names_of(arena, root, "real/in/key").doubt); /* the twin */
}

TEST(a_place_that_a_mount_shows_elsewhere_has_that_name_too)
{
    auto_arena struct arena *arena = arena_new();
    char root[] = "/tmp/cordon-here.XXXXXX";
    struct prove_here here;

    check(test_make_directory(root) != NULL);
    make_tree(arena, root);
    if (unshare(CLONE_NEWNS | (geteuid() ? CLONE_NEWUSER : 0)) < 0)
        test_skip("userns");
    check_int(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
    check_int(mount(at(arena, root, "real/in"), at(arena, root, "shown"), NULL, MS_BIND, NULL), 0);
    here = names_of(arena, root, "real/in/key");
    check_int(here.count, 1);
    check_string(here.items[0], at(arena, root, "shown/key"));
    here = names_of(arena, root, "real"); /* of which a part is shown */
    check_int(here.count, 1);
    check_string(here.items[0], at(arena, root, "shown"));
    here = names_of(arena, root, "shown/k*");
    check_int(here.count, 1);
    check_string(here.items[0], at(arena, root, "real/in/k*"));
    check_int(umount2(at(arena, root, "shown"), MNT_DETACH), 0);
    check_int(names_of(arena, root, "real/in/key").count, 0); /* the twin */
}
