/* SPDX-License-Identifier: Apache-2.0 */
/* What was looked at still holds, or does not: each kind of look against each way in which its answer can change. */
#include "base/looks.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/magic.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/memory.h"
#include "test.h"

static const char *const nothing[] = {NULL};

static void go_to_a_tree(void)
{
    char folder[] = "/tmp/cordon-test-XXXXXX";

    check(test_make_directory(folder));
    check_int(chdir(folder), 0);
    check_int(mkdir("d", 0755), 0);
    check_int(mkdir("d/sub", 0755), 0);
    test_write_file("d/file", "content\n", 0644);
    check_int(symlink("file", "d/link"), 0);
}

/* Until the stamps of all that was made are old enough to be believed. */
static void let_stamps_age(void)
{
    struct timespec pause = {.tv_sec = 2, .tv_nsec = 600000000};

    while (nanosleep(&pause, &pause) < 0)
        ;
}

static void status(const char *path)
{
    struct stat st;

    (void)look_lstat(path, &st);
}

static struct looks *taken(void (*look)(void))
{
    struct looks *looks = looks_begin();

    check(looks != NULL);
    look();
    return looks_end(looks);
}

/* ---- objects, by their values: no stamp is asked ---- */

static void look_at_objects(void)
{
    char real[PATH_MAX];
    struct stat st;

    status("d");
    status("d/sub");
    status("d/file");
    status("d/absent");
    check_int(look_stat("d/file", &st), 0);
    check_int(look_access("d/sub", W_OK), 0);
    check(look_real_path("d/sub", real) != NULL);
}

static void chmod_directory(void) { check_int(chmod("d/sub", 0700), 0); }
static void chmod_file(void) { check_int(chmod("d/file", 0600), 0); }
static void make_absent(void) { test_write_file("d/absent", "", 0644); }
static void make_absent_a_link(void) { check_int(symlink("nowhere", "d/absent"), 0); }
static void add_a_name(void) { check_int(link("d/file", "other-name"), 0); }
static void remove_file(void) { check_int(unlink("d/file"), 0); }
static void remove_directory(void) { check_int(rmdir("d/sub"), 0); }

static void replace_directory(void)
{
    check_int(rename("d/sub", "d/kept"), 0); /* so that its number is not given away again */
    check_int(mkdir("d/sub", 0755), 0);
}

static void replace_parent(void)
{
    check_int(rename("d", "kept"), 0);
    check_int(mkdir("d", 0755), 0);
    check_int(mkdir("d/sub", 0755), 0);
    test_write_file("d/file", "content\n", 0644);
}

static void lead_elsewhere(void)
{
    check_int(rename("d/sub", "moved"), 0);
    check_int(symlink("../moved", "d/sub"), 0);
}

static void replace_file_by_a_directory(void)
{
    remove_file();
    check_int(mkdir("d/file", 0755), 0);
}

/* Marked, and proved to have stood still meanwhile: from here on the kernel is believed. */
static void watch(struct looks *looks)
{
    looks_watch(looks);
    check(!looks_are_watched(looks));
    check(looks_hold(looks, nothing));
    check(looks_are_watched(looks));
}

static void check_each_change_with(void (*look)(void), void (*const *changes)(void), size_t count, bool ages, bool watches)
{
    static int trees[16];

    check(count <= 16);
    for (size_t i = 0; i < count; i++) {
        go_to_a_tree();
        trees[i] = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        check(trees[i] >= 0);
    }
    if (ages)
        let_stamps_age();
    for (size_t i = 0; i < count; i++) {
        struct looks *looks;

        check_int(fchdir(trees[i]), 0);
        close(trees[i]);
        looks = taken(look);
        check(looks != NULL);
        if (watches)
            watch(looks);
        check(looks_hold(looks, nothing));
        changes[i]();
        if (looks_hold(looks, nothing))
            test_fail(__FILE__, __LINE__, "change %zu was not seen%s", i, watches ? " by marks" : "");
        looks_drop(looks);
    }
}

static void check_each_change(void (*look)(void), void (*const *changes)(void), size_t count, bool ages)
{
    check_each_change_with(look, changes, count, ages, false);
    check_each_change_with(look, changes, count, ages, true);
}

TEST(what_became_of_an_object_is_seen_at_once)
{
    static void (*const changes[])(void) = {chmod_directory, chmod_file, make_absent, make_absent_a_link, add_a_name, remove_file, remove_directory,
                                            replace_directory, replace_parent, lead_elsewhere, replace_file_by_a_directory};

    check_each_change(look_at_objects, changes, ARRAY_COUNT(changes), false);
}

/* A directory in which somebody works is the same directory. */
TEST(what_is_in_a_directory_is_not_what_it_is)
{
    struct looks *looks;

    go_to_a_tree();
    looks = taken(look_at_objects);
    check(looks != NULL);
    test_write_file("d/another", "new\n", 0644);
    test_write_file("d/file", "other content\n", 0644); /* replaced by one of another number */
    check(!looks_hold(looks, nothing));
    looks_drop(looks);
    looks = taken(look_at_objects);
    check_int(mkdir("d/more", 0755), 0);
    test_write_file("d/sub/deep", "", 0644);
    check(looks_hold(looks, nothing));
    looks_drop(looks);
}

/* ---- what was read ---- */

static void look_at_a_file(void) { look_content("d/file", true); }

static void put_stamps_back(const char *path, const struct stat *st)
{
    const struct timespec times[] = {st->st_atim, st->st_mtim};

    check_int(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void rewrite_in_place(const char *text)
{
    auto_close int fd = open("d/file", O_WRONLY | O_CLOEXEC);

    check_int(pwrite(fd, text, strlen(text), 0), (long)strlen(text));
}

static void rewrite_with_old_stamps(void)
{
    struct stat st;

    check_int(stat("d/file", &st), 0);
    rewrite_in_place("CONTENT\n");
    put_stamps_back("d/file", &st);
}

static void append(void)
{
    auto_close int fd = open("d/file", O_WRONLY | O_APPEND | O_CLOEXEC);

    check_int(write(fd, "x", 1), 1);
}

static void replace_file(void)
{
    check_int(rename("d/file", "d/kept"), 0);
    test_write_file("d/file", "content\n", 0644);
}

TEST(a_file_that_was_written_or_replaced_is_seen_at_once)
{
    static void (*const changes[])(void) = {rewrite_with_old_stamps, append, replace_file, remove_file, replace_file_by_a_directory, replace_parent};

    check_each_change(look_at_a_file, changes, ARRAY_COUNT(changes), false);
}

/* A page that is written through a mapping moves the stamps when it becomes writable, and not again. */
TEST(what_is_written_through_a_mapping_is_seen)
{
    struct looks *looks;
    struct stat before, after;
    int fd;
    char *map;

    go_to_a_tree();
    fd = open("d/file", O_RDWR | O_CLOEXEC);
    map = mmap(NULL, 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    check(fd >= 0 && map != MAP_FAILED);
    map[1] = 'O';
    looks = taken(look_at_a_file);
    check(looks && looks_hold(looks, nothing));
    watch(looks);
    check_int(stat("d/file", &before), 0);
    map[0] = 'C';
    check_int(stat("d/file", &after), 0);
    check(before.st_ctim.tv_sec == after.st_ctim.tv_sec && before.st_ctim.tv_nsec == after.st_ctim.tv_nsec);
    check(!looks_hold(looks, nothing));
    looks_drop(looks);
    munmap(map, 8);
    close(fd);
}

static void look_at_a_list(void)
{
    status("d");
    status("d/absent");
    status("d/link");
    look_content("d", false);
}

static void change_the_link(void)
{
    check_int(unlink("d/link"), 0);
    check_int(symlink("abst", "d/link"), 0);
}

static void add_to_the_list_and_put_its_stamps_back(void)
{
    struct stat st;

    check_int(stat("d", &st), 0);
    test_write_file("d/new", "", 0644);
    put_stamps_back("d", &st);
}

static void rename_in_the_list(void) { check_int(rename("d/file", "d/elif"), 0); }

TEST(a_list_and_a_link_are_believed_when_their_stamps_are_old)
{
    static void (*const changes[])(void) = {add_to_the_list_and_put_its_stamps_back, rename_in_the_list, change_the_link};

    go_to_a_tree();
    check(!taken(look_at_a_list)); /* too new */
    check_each_change(look_at_a_list, changes, ARRAY_COUNT(changes), true);
}

static void look_at_absent(void)
{
    status("d");
    status("d/absent");
    status("d/absent-too");
}

/* Names that are absent from a directory that stands still are not looked for; from one that moved, they are. */
TEST(what_is_absent_from_a_directory_that_moved_is_looked_for)
{
    static void (*const changes[])(void) = {make_absent, make_absent_a_link};
    struct looks *looks;

    go_to_a_tree();
    let_stamps_age();
    looks = taken(look_at_absent);
    check(looks && looks_hold(looks, nothing));
    test_write_file("d/another", "", 0644);
    check(looks_hold(looks, nothing));
    test_write_file("d/absent-too", "", 0644);
    check(!looks_hold(looks, nothing));
    looks_drop(looks);
    check_each_change(look_at_absent, changes, ARRAY_COUNT(changes), true);
}

TEST(file_systems_without_stamps_of_their_own_prove_nothing)
{
    struct looks *looks = looks_begin();

    look_content("/proc/self", true);
    check(!looks_end(looks));
}

/* ---- the rest ---- */

static bool has_file(const char *path)
{
    return access(path, F_OK) == 0;
}

static int questions;

static bool holds_a_file(const char *path)
{
    questions++;
    return access("d/absent", F_OK) == 0;
}

static void ask_of_directory(void)
{
    look_answer("d", holds_a_file, false);
}

static int questions_of(struct looks *looks)
{
    questions = 0;
    check(looks_hold(looks, nothing));
    return questions;
}

/* What was too new when it was noted would else be asked for ever. */
TEST(a_directory_that_has_stood_still_for_a_while_is_asked_no_more_until_it_moves)
{
    struct looks *looks;

    go_to_a_tree();
    looks = taken(ask_of_directory);
    check_int(questions_of(looks), 1);
    check_int(questions_of(looks), 1);
    let_stamps_age();
    check_int(questions_of(looks), 1);
    check_int(questions_of(looks), 0);
    test_write_file("d/another", "", 0644);
    check_int(questions_of(looks), 1);
    check_int(questions_of(looks), 1); /* too new again */
    let_stamps_age();
    check_int(questions_of(looks), 1);
    check_int(questions_of(looks), 0);
    make_absent();
    check(!looks_hold(looks, nothing));
    looks_drop(looks);
}

static void ask_rest(void)
{
    look_answer("d/absent", has_file, false);
    look_variable("NAME", "value");
    look_variable("NONE", NULL);
}

TEST(a_variable_and_an_answer_are_asked_again)
{
    const char *const same[] = {"OTHER=1", "NAME=value", NULL}, *const other[] = {"NAME=values", NULL}, *const more[] = {"NAME=value", "NONE=", NULL};
    struct looks *looks;

    go_to_a_tree();
    looks = taken(ask_rest);
    check(looks_hold(looks, same));
    check(!looks_hold(looks, other));
    check(!looks_hold(looks, more));
    check(!looks_hold(looks, nothing));
    make_absent();
    check(!looks_hold(looks, same));
    looks_drop(looks);
}

TEST(looks_that_contradict_each_other_or_are_too_many_prove_nothing)
{
    struct looks *looks;
    char name[32];

    go_to_a_tree();
    looks = looks_begin();
    status("d/absent");
    make_absent();
    status("d/absent");
    check(!looks_end(looks));
    looks = looks_begin();
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof(name), "d/absent%d", i);
        status(name);
    }
    check(!looks_end(looks));
    looks = looks_begin();
    status("d");
    looks_give_up();
    check(!looks_end(looks));
    status("d"); /* nobody notes it */
    check(!looks_are_noted());
}

TEST(two_who_saw_the_same_are_the_same)
{
    struct looks *one, *other;

    go_to_a_tree();
    one = taken(look_at_objects);
    other = taken(look_at_objects);
    check(looks_are_same(one, other));
    looks_drop(other);
    chmod_file();
    other = taken(look_at_objects);
    check(!looks_are_same(one, other));
    looks_drop(other);
    looks_drop(looks_share(one));
    check(!looks_hold(one, nothing));
    looks_drop(one);
}

/* ---- what the kernel is asked to say ---- */

/* Layers of an overlay, and what a server has, are changed by others. */
static void need_marks(void)
{
    struct statfs fs;

    check_int(statfs(".", &fs), 0);
    if (fs.f_type == OVERLAYFS_SUPER_MAGIC)
        test_skip("a file system that is marked (this is an overlay)");
}

/* Of what look_at_objects() asks, a right is asked again always. */
TEST(what_stands_still_is_not_asked_for)
{
    struct looks *looks;

    go_to_a_tree();
    need_marks();
    looks = taken(look_at_objects);
    check(looks && looks_hold(looks, nothing));
    check(looks_asked(looks) > 5);
    watch(looks);
    check(looks_hold(looks, nothing));
    check_int(looks_asked(looks), 1);
    test_write_file("d/another", "new\n", 0644); /* nobody asked for it */
    check_int(mkdir("d/sub/deeper", 0755), 0);
    check(looks_hold(looks, nothing));
    check_int(looks_asked(looks), 1);
    check_int(rename("d/file", "d/away"), 0);
    check_int(rename("d/away", "d/file"), 0);
    check(looks_hold(looks, nothing)); /* as it was, but the marks are believed no more */
    check(looks_asked(looks) > 5);
    check(!looks_are_watched(looks));
    watch(looks);
    check(looks_hold(looks, nothing));
    check_int(looks_asked(looks), 1);
    looks_unwatch(looks);
    check(looks_hold(looks, nothing));
    check(looks_asked(looks) > 5);
    looks_drop(looks);
}

/* Between the first look and the marks nobody listened: everything is asked for once more. */
TEST(what_moved_before_it_was_marked_is_seen)
{
    struct looks *looks;

    go_to_a_tree();
    looks = taken(look_at_objects);
    make_absent();
    looks_watch(looks);
    check(!looks_hold(looks, nothing));
    check(!looks_are_watched(looks));
    check(!looks_hold(looks, nothing));
    looks_drop(looks);
}

static char far_away[PATH_MAX];

static void look_far(void)
{
    status(far_away);
    status("way/x/absent");
    status("way/x/y");
}

static void exchange_above(void) { check_int(renameat2(AT_FDCWD, "one", AT_FDCWD, "two", RENAME_EXCHANGE), 0); }
static void exchange_deeper(void) { check_int(renameat2(AT_FDCWD, "one/x", AT_FDCWD, "two/x", RENAME_EXCHANGE), 0); }
static void make_behind_the_link(void) { test_write_file("one/x/absent", "", 0644); }
static void make_far_away(void) { test_write_file("one/x/far", "", 0644); }

static void lead_the_link_elsewhere(void)
{
    check_int(symlink("two", "new"), 0);
    check_int(rename("new", "way"), 0);
}

static void replace_the_top(void)
{
    char top[PATH_MAX], kept[PATH_MAX + 8];

    check(getcwd(top, sizeof(top)) != NULL);
    snprintf(kept, sizeof(kept), "%s.kept", top);
    check_int(rename(top, kept), 0);
    check_int(mkdir(top, 0755), 0);
    check_int(chdir(top), 0);
    check_int(mkdir("one", 0755), 0);
    check_int(mkdir("one/x", 0755), 0);
    make_far_away();
}

/* Only what is on the way changes; what was looked at itself is as it was, elsewhere. */
TEST(a_change_on_the_way_to_what_is_absent_is_said)
{
    static void (*const changes[])(void) = {exchange_above, exchange_deeper, make_behind_the_link, make_far_away, lead_the_link_elsewhere, replace_the_top};

    for (size_t i = 0; i < 2 * ARRAY_COUNT(changes); i++) {
        struct looks *looks;

        go_to_a_tree();
        for (int j = 0; j < 2; j++) {
            const char *top = j ? "two" : "one", *below = j ? "two/x" : "one/x";

            check_int(mkdir(top, 0755), 0);
            check_int(mkdir(below, 0755), 0);
        }
        test_write_file("two/x/absent", "", 0644);
        test_write_file("two/x/far", "", 0644);
        check_int(symlink("one", "way"), 0);
        check(getcwd(far_away, sizeof(far_away) - 16) != NULL);
        strcat(far_away, "/one/x/far");
        looks = taken(look_far);
        if (i % 2)
            watch(looks);
        check(looks_hold(looks, nothing));
        changes[i / 2]();
        if (looks_hold(looks, nothing))
            test_fail(__FILE__, __LINE__, "change %zu was not seen%s", i / 2, i % 2 ? " by marks" : "");
        looks_drop(looks);
    }
}

/* More than is gone through, or than the kernel keeps, is as good as a change. */
TEST(many_events_at_once_have_everything_asked_for)
{
    struct looks *looks;
    char name[32];

    go_to_a_tree();
    need_marks();
    looks = taken(look_at_objects);
    watch(looks);
    for (int i = 0; i < 1200; i++) {
        snprintf(name, sizeof(name), "d/n%d", i);
        check_int(mkdir(name, 0755), 0);
    }
    check(looks_hold(looks, nothing));
    check(looks_asked(looks) > 5);
    make_absent();
    check(!looks_hold(looks, nothing));
    looks_drop(looks);
}

static bool asks_for_everything(struct looks *looks)
{
    return looks_hold(looks, nothing) && looks_asked(looks) > 5;
}

static int in_another_process(struct looks *looks, bool has_own_mounts)
{
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        if (has_own_mounts && unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
            _exit(2);
        _exit(asks_for_everything(looks) ? 0 : 1);
    }
    check(pid > 0 && waitpid(pid, &status, 0) == pid && WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* A copy of this process takes no event away from it; whoever has other mounts walks other ways. */
TEST(marks_are_believed_by_who_made_them_where_it_made_them)
{
    struct looks *looks;

    go_to_a_tree();
    need_marks();
    looks = taken(look_at_objects);
    watch(looks);
    check_int(in_another_process(looks, false), 0);
    check(looks_hold(looks, nothing));
    check_int(looks_asked(looks), 1);
    make_absent();
    check_int(in_another_process(looks, false), 1);
    check(!looks_hold(looks, nothing));
    looks_drop(looks);
}

TEST(another_mount_namespace_has_everything_asked_for)
{
    struct looks *looks;

    go_to_a_tree();
    need_marks();
    looks = taken(look_at_objects);
    watch(looks);
    if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0) {
        looks_drop(looks);
        test_skip("a mount namespace");
    }
    check(!looks_are_watched(looks));
    looks_drop(looks);
}

/* An answer about a directory is asked again when its stamps have moved. */
static int times_asked;

static bool count_questions(const char *path)
{
    times_asked++;
    return path[0] == 'd';
}

static void ask_directory(void) { look_answer("d", count_questions, true); }

TEST(a_directory_that_stands_gives_the_same_answer)
{
    struct looks *looks;

    go_to_a_tree();
    looks = taken(ask_directory);
    check(looks && looks_hold(looks, nothing));
    check_int(times_asked, 1); /* its stamps are too new */
    looks_drop(looks);
    let_stamps_age();
    looks = taken(ask_directory);
    check(looks && looks_hold(looks, nothing));
    check_int(times_asked, 1);
    test_write_file("d/more", "", 0644);
    check(looks_hold(looks, nothing));
    check_int(times_asked, 2);
    looks_drop(looks);
}

static int look_once(void)
{
    struct looks *looks = looks_begin(), *kept;
    bool holds;

    look_at_objects();
    look_at_a_file();
    kept = looks_end(looks);
    holds = kept && looks_hold(kept, nothing);
    looks_drop(kept);
    return holds ? 0 : -ENOMEM;
}

TEST(looks_without_memory_prove_nothing)
{
    go_to_a_tree();
    test_each_allocation_fails(look_once, 40);
}

/* Where one is missing something is asked for that need not be, and is answered. */
static int watch_once(void)
{
    struct looks *looks = looks_begin(), *kept;
    bool is_spared = false;

    look_at_objects();
    kept = looks_end(looks);
    if (kept) {
        looks_watch(kept);
        is_spared = looks_hold(kept, nothing) && looks_hold(kept, nothing) && looks_asked(kept) == 1;
    }
    looks_drop(kept);
    return is_spared ? 0 : -ENOMEM;
}

TEST(marks_without_memory_spare_less)
{
    go_to_a_tree();
    need_marks();
    test_each_allocation_fails(watch_once, 80);
}
