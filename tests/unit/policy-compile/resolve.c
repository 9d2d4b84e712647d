/* SPDX-License-Identifier: Apache-2.0 */
/* From names to objects, over real trees. */
#include "policy/compile/resolve.h"

#include <errno.h>
#include <unistd.h>

#include "fixture.h"

struct walked {
    struct fixture fixture;
    struct arena *arena;
    struct resolver *resolver;
    struct resolved object;
};

static void walked_open(struct walked *walked)
{
    fixture_open(&walked->fixture);
    walked->arena = arena_new();
    check(walked->arena != NULL);
    check_int(resolver_new(walked->arena, &walked->resolver, NULL), 0);
}

static void walked_close(struct walked *walked)
{
    arena_free(walked->arena);
    fixture_close(&walked->fixture);
}

static int walk(struct walked *walked, const char *path)
{
    return resolve_path(walked->resolver,
                        arena_string(walked->arena, full_path(&walked->fixture, path)),
                        &walked->object, &walked->fixture.err);
}

/*
 * A lookup that the kernel begins again, because something was mounted anywhere meanwhile, goes on counting the links
 * (seen with 6.18: 500 of 255,000 fail beside a loop of mounts, none without), so a chain of as many as it follows fails
 * by chance.
 */
static int stat_again(const char *path, struct stat *st)
{
    int tries = 100, status;

    do
        status = stat(path, st);
    while (status < 0 && errno == ELOOP && --tries);
    return status;
}

static void check_found(struct walked *walked, const char *path, const char *real)
{
    struct stat st;

    check_int(walk(walked, path), 0);
    check_int(walked->object.status, RESOLVE_FOUND);
    check_string(walked->object.real, full_path(&walked->fixture, real));
    check_int(stat_again(full_path(&walked->fixture, path), &st), 0);
    check(st.st_ino == walked->object.inode && st.st_dev == walked->object.device);
}

TEST(a_plain_name_is_its_own_real_name)
{
    struct walked walked;

    walked_open(&walked);
    make_file(&walked.fixture, "ws/file");
    check_found(&walked, "ws/file", "ws/file");
    check_int(walked.object.link_count, 0);
    check_found(&walked, "ws", "ws");
    check_found(&walked, "/", "/");
    walked_close(&walked);
}

TEST(every_link_on_the_way_is_known)
{
    struct walked walked;

    walked_open(&walked);
    make_directory(&walked.fixture, "real/dir");
    make_file(&walked.fixture, "real/dir/file");
    make_link(&walked.fixture, "relative", "real");
    make_link(&walked.fixture, "absolute", full_path(&walked.fixture, "relative"));
    make_link(&walked.fixture, "real/up", "../absolute/dir/.");
    check_found(&walked, "absolute/up/file", "real/dir/file");
    check_int(walked.object.link_count, 5);
    check_string(walked.object.links[0].path, full_path(&walked.fixture, "absolute"));
    check_string(walked.object.links[1].text, "real");
    check_string(walked.object.links[2].path, full_path(&walked.fixture, "real/up"));
    walked_close(&walked);
}

TEST(what_is_missing_says_where_it_would_be)
{
    struct walked walked;

    walked_open(&walked);
    make_file(&walked.fixture, "ws/file");
    make_link(&walked.fixture, "dangling", "ws/none");
    make_link(&walked.fixture, "link", "ws");
    check_int(walk(&walked, "ws/none/deeper"), 0);
    check_int(walked.object.status, RESOLVE_MISSING);
    check_string(walked.object.real, full_path(&walked.fixture, "ws/none/deeper"));
    check_int(walk(&walked, "link/none"), 0);
    check_string(walked.object.real, full_path(&walked.fixture, "ws/none"));
    check_int(walk(&walked, "dangling"), 0);
    check_int(walked.object.status, RESOLVE_MISSING);
    check_string(walked.object.real, full_path(&walked.fixture, "ws/none"));
    check_int(walk(&walked, "ws/file/below"), 0);
    check_int(walked.object.status, RESOLVE_MISSING);
    walked_close(&walked);
}

/* Both halves of one compile see the same; what Cordon itself makes in between is looked for anew. */
TEST(what_was_missing_stays_so_until_something_was_made)
{
    struct walked walked;

    walked_open(&walked);
    check_int(walk(&walked, "ws/later/deeper"), 0);
    check_int(walked.object.status, RESOLVE_MISSING);
    make_directory(&walked.fixture, "ws/later");
    make_file(&walked.fixture, "ws/later/deeper");
    check_int(walk(&walked, "ws/later/deeper"), 0);
    check_int(walked.object.status, RESOLVE_MISSING);
    check_string(walked.object.real, full_path(&walked.fixture, "ws/later/deeper"));
    resolver_look_again(walked.resolver);
    check_found(&walked, "ws/later/deeper", "ws/later/deeper");
    walked_close(&walked);
}

TEST(a_loop_of_links_leads_nowhere)
{
    struct walked walked;

    walked_open(&walked);
    make_link(&walked.fixture, "a", "b");
    make_link(&walked.fixture, "b", "a");
    check_int(walk(&walked, "a/x"), 0);
    check_int(walked.object.status, RESOLVE_MISSING);
    check_string(walked.object.real, full_path(&walked.fixture, "a"));
    check_int(walked.object.link_count, 2);
    make_link(&walked.fixture, "self", "self");
    check_int(walk(&walked, "self"), 0);
    check_int(walked.object.status, RESOLVE_MISSING);
    check_int(walked.object.link_count, 1);
    walked_close(&walked);
}

TEST(a_chain_as_long_as_the_kernels_is_followed_and_no_longer)
{
    struct walked walked;
    char name[16], text[16];

    walked_open(&walked);
    make_file(&walked.fixture, "l0");
    for (int i = 1; i <= RESOLVE_LINKS_MAX + 1; i++) {
        snprintf(name, sizeof(name), "l%d", i);
        snprintf(text, sizeof(text), "l%d", i - 1);
        make_link(&walked.fixture, name, text);
    }
    check_found(&walked, "l40", "l0");
    check_int(walk(&walked, "l41"), 0);
    check_int(walked.object.status, RESOLVE_MISSING);
    check_string(walked.object.real, full_path(&walked.fixture, "l41"));
    walked_close(&walked);
}

TEST(a_link_into_proc_is_not_followed_there)
{
    struct walked walked;

    walked_open(&walked);
    make_link(&walked.fixture, "mine", "/proc/self/root/etc");
    check_int(walk(&walked, "mine/passwd"), 0);
    check_int(walked.object.status, RESOLVE_PROC);
    check_int(walked.object.link_count, 1);
    walked_close(&walked);
}

TEST(a_directory_that_may_not_be_searched_is_named)
{
    struct walked walked;

    drop_root();
    walked_open(&walked);
    make_directory(&walked.fixture, "shut/inner");
    set_mode(&walked.fixture, "shut", 0);
    check_int(walk(&walked, "shut/inner/file"), 0);
    check_int(walked.object.status, RESOLVE_SHUT);
    check_string(walked.object.blocked, full_path(&walked.fixture, "shut"));
    set_mode(&walked.fixture, "shut", 0700);
    walked_close(&walked);
    regain_root();
}

/* Judged by owner and bits alone, so the test need not be root: the object is a made-up one. */
static const char *refusal(struct walked *walked, uid_t uid, gid_t gid, mode_t mode, bool write)
{
    struct facts facts = {.is_root = true};

    check_int(walk(walked, "ws"), 0);
    walked->object.uid = uid;
    walked->object.gid = gid;
    walked->object.mode = S_IFDIR | mode;
    return resolve_refusal(walked->arena, &facts, &walked->object, write);
}

TEST(contained_root_has_what_the_bits_give_it_and_no_more)
{
    struct walked walked;

    walked_open(&walked);
    check(!refusal(&walked, 0, 0, 0700, true));
    check(!refusal(&walked, 1000, 1000, 0755, false));
    check(!refusal(&walked, 1000, 1000, 0777, true));
    check(!refusal(&walked, 1000, 0, 0770, true));
    check_contains(refusal(&walked, 1000, 1000, 0755, true), "run Cordon as user 1000");
    check_contains(refusal(&walked, 1000, 1000, 0700, false), "could not read");
    check_contains(refusal(&walked, 0, 0, 0077, true), "user 0 with mode 0077");
    check_contains(refusal(&walked, 1000, 0, 0707, true), "could not write");
    walked_close(&walked);
}

TEST(what_the_caller_may_not_read_is_refused)
{
    struct walked walked;
    struct facts facts = {0};

    drop_root();
    walked_open(&walked);
    make_file(&walked.fixture, "ws/mine");
    set_mode(&walked.fixture, "ws/mine", 0400);
    check_int(walk(&walked, "ws/mine"), 0);
    check(!resolve_refusal(walked.arena, &facts, &walked.object, false));
    check_contains(resolve_refusal(walked.arena, &facts, &walked.object, true), "may not write");
    set_mode(&walked.fixture, "ws/mine", 0);
    check_int(walk(&walked, "ws/mine"), 0);
    check_contains(resolve_refusal(walked.arena, &facts, &walked.object, false), "may not read");
    walked_close(&walked);
    regain_root();
}
