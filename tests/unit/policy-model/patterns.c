/* SPDX-License-Identifier: Apache-2.0 */
/* Patterns at their edges; the bulk is in generated.c. */
#include <time.h>

#include "base/glob.h"
#include "policy/model/name_classes.h"
#include "test.h"

TEST(a_star_stays_within_its_component)
{
    check(glob_covers("/w/*.env", "/w/.env"));
    check(glob_covers("/w/*", "/w/a/below"));
    check(!glob_covers("/w/*.env", "/w/a/.env"));
    check(!glob_covers("/w/*", "/w"));
}

TEST(a_literal_pattern_matches_its_name_and_no_other)
{
    static const char *const names[] = {"/w/a", "/[id]/x", "/w/*", "/w/**", "/w/?", "/[", "/a]", "/[!a]", "/[[:alpha:]]"};
    auto_arena struct arena *arena = arena_new();

    for (size_t i = 0; i < ARRAY_COUNT(names); i++)
        for (size_t j = 0; j < ARRAY_COUNT(names); j++)
            check_int(glob_covers(glob_literal(arena, names[i]), names[j]), i == j);
    check(!glob_covers(glob_literal(arena, "/[id]/x"), "/i/x"));
}

TEST(two_stars_stand_for_any_number_of_components)
{
    check(glob_covers("/**/.env", "/.env"));
    check(glob_covers("/**/.env", "/a/b/c/.env"));
    check(glob_covers("/a/**/b/**/c", "/a/x/b/y/z/c/below"));
    check(glob_covers("/w/**", "/w"));
    check(!glob_covers("/**/.env", "/a/.envrc"));
    check(!glob_covers("/a/**/b", "/a/x/c"));
}

TEST(a_set_takes_its_members_and_no_others)
{
    check(glob_covers("/[abx-z]", "/y"));
    check(glob_covers("/[!a]", "/b"));
    check(glob_covers("/[]]", "/]"));
    check(glob_covers("/[a", "/[a")); /* never closed: itself */
    check(!glob_covers("/[abx-z]", "/c"));
    check(!glob_covers("/[!a]", "/a"));
    check(!glob_covers("/[ab]", "/ab"));
}

TEST(one_character_is_one_character_however_many_bytes)
{
    check(glob_covers("/?.txt", "/\xc3\xa9.txt"));
    check(glob_covers("/[\xc3\xa9].txt", "/\xc3\xa9.txt"));
    check(glob_covers("/[!a].txt", "/\xe2\x82\xac.txt"));
    check(!glob_covers("/?.txt", "/ab.txt"));
}

TEST(a_named_class_takes_more_rather_than_less)
{
    check(glob_covers("/key[[:digit:]]", "/key7"));
    check(glob_covers("/key[![:alpha:]]", "/key7"));
}

TEST(a_hostile_pattern_takes_time_bounded_by_its_length)
{
    char pattern[4000], path[4000];
    clock_t start = clock();

    pattern[0] = path[0] = '/';
    for (size_t i = 1; i + 4 < sizeof(pattern); i += 2) {
        memcpy(pattern + i, "*a", 3);
        memcpy(path + i, "aa", 3);
    }
    path[250] = '\0';
    strcat(pattern, "b");
    for (int i = 0; i < 100; i++)
        check(!glob_covers(pattern, path));
    for (size_t i = 0; i + 9 < sizeof(pattern); i += 5) {
        memcpy(pattern + i, "/**/a", 6);
        memcpy(path + i, "/a/aa", 6);
    }
    strcat(pattern, "b");
    check(!glob_covers(pattern, path));
    check((clock() - start) / CLOCKS_PER_SEC < 20);
}

static bool has_class(const struct states *classes, uint64_t key)
{
    for (size_t i = 0; i < classes->count; i++)
        if (classes->items[i].key[0] == key)
            return true;
    return false;
}

TEST(every_combination_of_patterns_that_a_name_can_have_is_found)
{
    static const struct name patterns[] = {{"a*", 2}, {"*b", 2}, {"?", 1}};
    auto_arena struct arena *arena = arena_new();
    struct states classes;

    check(name_classes_find(arena, patterns, 3, NULL, 0, &classes) == 0);
    check_int(classes.count, 7);
    check(!has_class(&classes, 7)); /* one character that begins with a and ends in b */
    for (size_t i = 0; i < classes.count; i++) {
        struct name name = {classes.items[i].text, strlen(classes.items[i].text)};
        uint64_t key;

        name_classes_key(patterns, 3, &name, &key);
        check_int(key, classes.items[i].key[0]);
    }
}

TEST(a_combination_that_only_taken_names_have_is_left_out)
{
    static const struct name patterns[] = {{"[ab]", 4}}, taken[] = {{"b", 1}, {"a", 1}};
    auto_arena struct arena *arena = arena_new();
    struct states classes;

    check(name_classes_find(arena, patterns, 1, taken, 1, &classes) == 0);
    check(has_class(&classes, 1));
    check(name_classes_find(arena, patterns, 1, taken, 2, &classes) == 0);
    check(has_class(&classes, 0));
}
