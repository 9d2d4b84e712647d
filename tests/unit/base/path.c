/* SPDX-License-Identifier: Apache-2.0 */
/* Path names as text. */
#include "base/path.h"

#include "test.h"

TEST(a_path_is_normalised_without_resolving_dotdot)
{
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"/", "/"},
        {"//", "/"},
        {"/.", "/"},
        {"/./.", "/"},
        {"/a", "/a"},
        {"/a/", "/a"},
        {"//a///b//", "/a/b"},
        {"/a/./b/.", "/a/b"},
        {"/a/../b", "/a/../b"},
        {"/..", "/.."},
        {"/.a", "/.a"},
        {"/a./..b", "/a./..b"},
        {"/a/...", "/a/..."},
    };
    auto_arena struct arena *arena = arena_new();

    check(arena);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check_string(path_normalise(arena, rows[i].in), rows[i].out);
}

TEST(within_is_decided_by_components_not_by_letters)
{
    check(path_is_within("/home/u", "/home/u"));
    check(path_is_within("/home/u/x", "/home/u"));
    check(path_is_within("/anything", "/"));
    check(path_is_within("/", "/"));
    check(!path_is_within("/home/user2", "/home/user"));
    check(!path_is_within("/home", "/home/u"));
    check(!path_is_within("/", "/home"));
    check(!path_is_within("/hom", "/home"));
}

TEST(within_by_lengths_is_the_same_as_within)
{
    static const char *const paths[] = {"/", "/home", "/hom", "/homf", "/home/u", "/home/v", "/home/user", "/home/user2", "/home/u/x", "/a"};

    for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++)
        for (size_t j = 0; j < sizeof(paths) / sizeof(*paths); j++)
            check_int(path_of_length_is_within(paths[i], strlen(paths[i]), paths[j], strlen(paths[j])), path_is_within(paths[i], paths[j]));
}

TEST(dotdot_is_a_component_not_a_piece_of_a_name)
{
    check(path_has_dotdot("/a/../b"));
    check(path_has_dotdot("/.."));
    check(path_has_dotdot(".."));
    check(path_has_dotdot("a/.."));
    check(!path_has_dotdot("/a/..b"));
    check(!path_has_dotdot("/a../b"));
    check(!path_has_dotdot("/a/.../b"));
    check(!path_has_dotdot("/"));
    check(!path_has_dotdot(""));
}

TEST(a_path_is_taken_apart_and_put_together)
{
    auto_arena struct arena *arena = arena_new();

    check(arena);
    check_string(path_base("/a/b"), "b");
    check_string(path_base("/"), "");
    check_string(path_base("b"), "b");
    check_string(path_parent(arena, "/a/b"), "/a");
    check_string(path_parent(arena, "/a"), "/");
    check_string(path_parent(arena, "/"), "/");
    check_string(path_join(arena, "/", "a"), "/a");
    check_string(path_join(arena, "/a", "b"), "/a/b");
}

TEST(without_memory_a_path_is_null)
{
    auto_arena struct arena *arena = arena_new();

    check(arena);
    mem_fail_after(0);
    check(!path_normalise(arena, "/a"));
    mem_fail_after(0);
    check(!path_parent(arena, "/a/b"));
    mem_fail_after(0);
    check(!path_join(arena, "/a", "b"));
    mem_fail_after(-1);
}
