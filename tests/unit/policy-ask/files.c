/* SPDX-License-Identifier: Apache-2.0 */
/* What is there: read, listed, written, executed. */
#include "asked.h"

static struct fixture f;

static void open_with(const char *yaml)
{
    fixture_open(&f);
    f.facts.keeps_names = true;
    make_directory(&f, "ws/src");
    make_file(&f, "ws/src/a.c");
    make_file(&f, "ws/secret");
    make_directory(&f, "ws/shut/in");
    make_directory(&f, "data/in");
    make_file(&f, "data/in/file");
    make_directory(&f, "apart");
    make_directory(&f, "home/dev/project");
    accept_text(&f, yaml);
    ask_about(&f);
}

static void close_all(void)
{
    ask_end();
    fixture_close(&f);
}

#define USUAL                                                                                      \
    "filesystem:\n  readwritePaths: ['@/ws']\n  readonlyPaths: ['@/data']\n"                       \
    "  deniedPaths: ['@/ws/secret', '@/ws/shut', '@/apart']\n"

TEST(what_is_granted_is_allowed_as_far_as_it_is_granted)
{
    open_with(USUAL);
    check_answer(READ, "ws/src/a.c", "allowed");
    check_string(last_judged.origin->member, "filesystem.readwritePaths[0]");
    check_answer(WRITE, "ws/src/a.c", "allowed");
    check_answer(METADATA, "ws/src/a.c", "allowed");
    check_answer(EXECUTE, "ws/src/a.c", "allowed");
    check_answer(LIST, "data/in", "allowed");
    check_answer(READ, "data/in/file", "allowed");
    check_string(last_judged.origin->member, "filesystem.readonlyPaths[0]");
    check_answer(EXECUTE, "data/in/file", "allowed");
    close_all();
}

TEST(what_is_read_only_refuses_each_change_with_its_rule)
{
    open_with(USUAL);
    check_answer(WRITE, "data/in/file", "refused EROFS mount");
    check_string(last_judged.origin->member, "filesystem.readonlyPaths[0]");
    check_string(last_judged.reason, "read-only here");
    check_int(last_judged.behind, BY_NOTHING); /* /tmp around it is writable */
    check_answer(METADATA, "data/in/file", "refused EROFS mount");
    check_new(CREATE, "data/in/new", "refused EROFS mount");
    check_answer(DELETE, "data/in/file", "refused EROFS mount");
    check_answer(DELETE, "data", "refused EBUSY mount");
    close_all();
}

TEST(what_is_denied_below_a_grant_is_seen_and_shut)
{
    open_with(USUAL);
    check_answer(LOOK, "ws/secret", "allowed");
    check_answer(READ, "ws/secret", "refused EACCES mode");
    check_string(last_judged.origin->member, "filesystem.deniedPaths[0]");
    check_answer(WRITE, "ws/secret", "refused EACCES keeper");
    check_answer(EXECUTE, "ws/secret", "refused EACCES mode");
    check_answer(METADATA, "ws/secret", "refused EROFS mount");
    check_answer(DELETE, "ws/secret", "refused EACCES keeper");
    f.plan->filter.keeps_names = false;
    ask_about(&f);
    check_answer(WRITE, "ws/secret", "refused EACCES mode");
    check_answer(DELETE, "ws/secret", "refused EBUSY mount");
    check_answer(LIST, "ws/shut", "refused EACCES mode");
    check_answer(READ, "ws/shut/in/x", "refused EACCES mode");
    check_new(CREATE, "ws/shut/new", "refused EACCES mode");
    close_all();
}

TEST(what_nothing_grants_is_hidden_or_missing_and_the_rule_that_denies_it_is_named)
{
    open_with(USUAL);
    check_answer(READ, "/srv/file", "hidden ENOENT absence");
    check(last_judged.origin == NULL);
    check_string(last_judged.reason, "no rule grants it");
    check_new(READ, "/srv/file", "missing ENOENT");
    check_answer(READ, "apart/file", "hidden ENOENT absence");
    check_string(last_judged.origin->member, "filesystem.deniedPaths[2]");
    check_new(CREATE, "/srv/file", "refused ENOENT absence");
    check_new(CREATE, "/new", "refused EROFS mount");
    check_answer(LIST, "/", "allowed"); /* only what stands around the grants */
    close_all();
}

TEST(what_a_private_directory_hides_is_neither_linked_nor_moved)
{
    open_with("filesystem: {readonlyPaths: ['@/data/in']}\n"); /* the fixture lies in /tmp */
    check_both(LINK, "apart/x", "/tmp/new", "hidden ENOENT absence");
    check_both(RENAME, "apart/x", "/tmp/new", "hidden ENOENT absence");
    close_all();
}

TEST(a_private_directory_hides_what_the_host_has_there)
{
    open_with(USUAL);
    check_answer(READ, "home/.ssh/id_rsa", "hidden ENOENT absence");
    check_new(READ, "home/.ssh/id_rsa", "allowed");
    check_new(CREATE, "home/.cache/x", "allowed");
    check_answer(DELETE, "home", "refused EBUSY mount");
    check_answer(DELETE, "/tmp", "refused EROFS mount");
    check_new(CREATE, "/tmp/x", "allowed");
    close_all();
}

TEST(directories_on_the_way_to_a_grant_are_there_in_a_private_one)
{
    open_with("filesystem:\n  readwritePaths: ['@/home/dev/project']\n");
    check_answer(LOOK, "home/dev", "allowed");
    check_answer(LIST, "home/dev", "allowed");
    check_answer(LOOK, "home/dev/project", "allowed");
    check_answer(LOOK, "home/dev/other", "hidden ENOENT absence");
    close_all();
}

TEST(names_move_only_within_one_mount)
{
    open_with(USUAL);
    check_both(RENAME, "ws/src/a.c", "ws/b.c", "allowed");
    check_both(RENAME, "ws/src/a.c", "data/b.c", "refused EXDEV mount");
    check_string(last_judged.what, full_path(&f, "data/b.c"));
    check_both(RENAME, "data/in/file", "ws/file", "refused EXDEV mount");
    check_both(RENAME, "ws/secret", "ws/other", "refused EACCES keeper");
    check_both(RENAME, "ws/src/a.c", "ws/secret", "refused EACCES keeper");
    check_both(RENAME, "ws/src/a.c", "/tmp/a.c", "refused EXDEV mount");
    check_both(LINK, "ws/src/a.c", "ws/c.c", "allowed");
    check_both(LINK, "data/in/file", "ws/c.c", "refused EXDEV mount");
    check_both(LINK, "data/in/file", "data/c.c", "refused EROFS mount");
    check_both(LINK, "ws/secret", "ws/again", "refused EACCES keeper");
    f.plan->filter.keeps_names = false;
    ask_about(&f);
    check_both(RENAME, "ws/secret", "ws/other", "refused EBUSY mount");
    check_both(RENAME, "ws/src/a.c", "ws/secret", "refused EBUSY mount");
    check_both(LINK, "ws/secret", "ws/again", "refused EXDEV mount");
    close_all();
}

TEST(a_directory_above_a_rule_stays_where_it_is)
{
    fixture_open(&f);
    make_directory(&f, "ws/deep/down");
    make_file(&f, "ws/deep/down/file");
    accept_text(&f, "filesystem:\n  readwritePaths: ['@/ws']\n  readonlyPaths: ['@/ws/deep/down']\n");
    ask_about(&f);
    check_answer(DELETE, "ws/deep", "refused EBUSY mount");
    check_both(RENAME, "ws/deep", "ws/other", "refused EBUSY mount");
    check_both(RENAME, "ws/x", "ws/deep/x", "refused EXDEV mount");
    check_new(CREATE, "ws/deep/new", "allowed");
    check_answer(WRITE, "ws/deep/down/file", "refused EROFS mount");
    close_all();
}

TEST(what_is_granted_below_what_is_denied_can_be_reached_and_nothing_else)
{
    fixture_open(&f);
    make_directory(&f, "data/in/shut/open");
    accept_text(&f, "filesystem:\n  readonlyPaths: ['@/data', '@/data/in/shut/open']\n  deniedPaths: ['@/data/in/shut']\n");
    ask_about(&f);
    check_answer(LIST, "data/in/shut", "refused EACCES mode");
    check_answer(READ, "data/in/shut/other", "hidden ENOENT absence");
    check_string(last_judged.origin->member, "filesystem.deniedPaths[0]");
    check_answer(READ, "data/in/shut/open/x", "allowed");
    close_all();
}

TEST(in_place_landlock_answers)
{
    fixture_open(&f);
    f.facts.user_namespaces = false;
    make_directory(&f, "ws");
    make_directory(&f, "data");
    accept_text(&f, "filesystem:\n  readwritePaths: ['@/ws']\n  readonlyPaths: ['@/data']\n"
                    "network: {loopback: deny}\nisolation: {allowLoss: [metadata]}\n");
    check_int(f.plan->wall, PLAN_WALL_LANDLOCK);
    ask_about(&f);
    check_answer(READ, "data/x", "allowed");
    check_answer(WRITE, "data/x", "refused EACCES landlock");
    check_string(last_judged.origin->member, "filesystem.readonlyPaths[0]");
    check_answer(WRITE, "ws/x", "allowed");
    check_answer(READ, "other", "refused EACCES landlock");
    check_answer(LOOK, "other", "allowed");
    check_answer(METADATA, "data/x", "refused EPERM supervisor");
    check_new(CREATE, "data/new", "refused EACCES landlock");
    check_answer(DELETE, "ws", "refused EACCES landlock");
    check_answer(DELETE, "ws/x", "allowed");
    check_both(LINK, "data/x", "ws/x2", "refused EXDEV landlock");
    check_both(RENAME, "ws/x", "data/x2", "refused EACCES landlock");
    close_all();
}

TEST(what_the_machine_shows_is_read_and_not_written)
{
    open_with(USUAL);
    check_answer(READ, "/proc/cpuinfo", "allowed");
    check_answer(WRITE, "/proc/cpuinfo", "refused EACCES mount");
    check_answer(READ, "/proc/kcore", "refused EACCES mode");
    check_answer(READ, "/proc/self/status", "depends");
    check_answer(WRITE, "/dev/null", "allowed");
    check_answer(READ, "/dev/sda", "hidden ENOENT absence");
    check_new(CREATE, "/dev/shm/x", "allowed");
    check_new(EXECUTE, "/dev/shm/x", "refused EACCES landlock");
    check_new(CREATE, "/dev/x", "refused EROFS mount");
    close_all();
}
