/* SPDX-License-Identifier: Apache-2.0 */
/* The automaton of kept names against the patterns themselves (base/glob.h), on made-up trees of names. */
#include "tier/process/init/names.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/glob.h"
#include "base/memory.h"
#include "test.h"
#include "tier/process/names.h"

#define PATTERNS_MAX 12

static uint64_t seed = 88172645463325252u;

static unsigned draw(unsigned below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)(seed % below);
}

static void make_path(char *text, const char *const *components, unsigned count, unsigned longest)
{
    unsigned length = 1 + draw(longest);

    *text = '\0';
    for (unsigned i = 0; i < length; i++) {
        strcat(text, "/");
        strcat(text, components[draw(count)]);
    }
}

/* As image.c lays it out: text, states and edges behind the head. */
static struct record *lay_out(const struct names *names)
{
    size_t states = sizeof(struct record) + (names->text_length + 16) / 16 * 16;
    size_t edges = states + names->state_count * sizeof(names->states[0]);
    size_t also = edges + (names->edge_count + 1) * sizeof(names->edges[0]);
    char *bytes = calloc(1, also + (names->also_count + 1) * sizeof(names->also[0]));
    struct record *record = (struct record *)(void *)bytes;
    struct record_edge *copies;

    check(bytes != NULL);
    memcpy(bytes + sizeof(struct record), names->text, names->text_length);
    memcpy(bytes + states, names->states, names->state_count * sizeof(names->states[0]));
    record->states = (uint32_t)states;
    record->state_count = (uint32_t)names->state_count;
    record->edges = (uint32_t)edges;
    record->also = (uint32_t)also;
    if (names->also_count)
        memcpy(bytes + also, names->also, names->also_count * sizeof(names->also[0]));
    copies = (struct record_edge *)(void *)(bytes + edges);
    for (size_t i = 0; i < names->edge_count; i++) {
        copies[i] = names->edges[i];
        copies[i].name += (uint32_t)sizeof(struct record);
    }
    return record;
}

static struct record *build_with(const struct plan_name *patterns, size_t count, const struct names_alias *aliases,
                                 size_t alias_count)
{
    auto_arena struct arena *arena = arena_new();
    struct names names = {0};
    struct error err;

    check(arena != NULL);
    check_int(names_build(arena, patterns, count, aliases, alias_count, &names, &err), 0);
    return lay_out(&names);
}

static struct record *build(const struct plan_name *patterns, size_t count)
{
    return build_with(patterns, count, NULL, 0);
}

static uint32_t kinds_of(const struct plan_name *patterns, size_t count, const char *path)
{
    uint32_t kinds = 0;

    for (size_t i = 0; i < count; i++)
        if (glob_covers(patterns[i].pattern, path))
            kinds |= patterns[i].kind == PLAN_NAME_OLD ? RECORD_NAME_OLD : RECORD_NAME_KEPT;
    return kinds;
}

static const char *const in_patterns[] = {"**", "a", "b", "*", "a*", "?b", "ab", ".git", "[ab]"};
static const char *const in_paths[] = {"a", "b", "ab", "bb", ".git", "c"};

static size_t draw_patterns(struct plan_name *patterns, char texts[][256])
{
    size_t count = 1 + draw(PATTERNS_MAX);

    for (size_t i = 0; i < count; i++) {
        make_path(texts[i], in_patterns, ARRAY_COUNT(in_patterns), 6);
        patterns[i] = (struct plan_name){texts[i], draw(2) ? PLAN_NAME_OLD : PLAN_NAME_KEPT, NULL};
    }
    return count;
}

TEST(the_automaton_says_what_the_patterns_say)
{
    unsigned covered = 0, bare = 0;

    for (int round = 0; round < 3000; round++) {
        struct plan_name patterns[PATTERNS_MAX];
        char texts[PATTERNS_MAX][256], path[256];
        size_t count = draw_patterns(patterns, texts);
        struct record *record = build(patterns, count);

        for (int i = 0; i < 20; i++) {
            struct names_at at;

            make_path(path, in_paths, ARRAY_COUNT(in_paths), 7);
            names_walk(record, path, &at);
            check_int(at.kinds, kinds_of(patterns, count, path));
            *(at.kinds ? &covered : &bare) += 1;
        }
        free(record);
    }
    check(covered > 5000 && bare > 5000);
}

/* What names_differ() denies, no name below may refute. */
TEST(directories_that_do_not_differ_cover_the_same_below)
{
    unsigned same = 0, other = 0;

    for (int round = 0; round < 3000; round++) {
        struct plan_name patterns[PATTERNS_MAX];
        char texts[PATTERNS_MAX][256], from[512], to[512], below[256];
        size_t count = draw_patterns(patterns, texts);
        struct record *record = build(patterns, count);
        struct names_at at_from, at_to;

        make_path(from, in_paths, ARRAY_COUNT(in_paths), 4);
        make_path(to, in_paths, ARRAY_COUNT(in_paths), 4);
        names_walk(record, from, &at_from);
        names_walk(record, to, &at_to);
        if (names_differ(record, &at_from, &at_to) || names_differ(record, &at_to, &at_from)) {
            other++;
        } else {
            same++;
            for (int i = 0; i < 20; i++) {
                size_t from_end = strlen(from), to_end = strlen(to);

                make_path(below, in_paths, ARRAY_COUNT(in_paths), 4);
                strcat(from, below);
                strcat(to, below);
                check_int(kinds_of(patterns, count, from), kinds_of(patterns, count, to));
                from[from_end] = to[to_end] = '\0';
            }
        }
        free(record);
    }
    check(same > 300 && other > 300);
}

TEST(patterns_beyond_the_automaton_are_refused_by_name)
{
    static char texts[2000][16];
    static struct plan_name patterns[2000];
    auto_arena struct arena *arena = arena_new();
    struct names names;
    struct error err;

    for (int i = 0; i < 2000; i++) {
        snprintf(texts[i], sizeof(texts[i]), "/n%d", i);
        patterns[i] = (struct plan_name){texts[i], PLAN_NAME_KEPT, NULL};
    }
    check(arena != NULL);
    check_int(names_build(arena, patterns, 1000, NULL, 0, &names, &err), 0);
    check(names_build(arena, patterns, 2000, NULL, 0, &names, &err) < 0);
    check_int(err.kind, ERROR_LIMIT);
    check_contains(err.text, "name fewer");
}

static bool is_covered(struct record *record, const char *path)
{
    struct names_at at;

    names_walk(record, path, &at);
    return at.kinds != 0;
}

/* "\xe2\x80\x8c" is a character that such a directory ignores, "\xe2\x84\xaa" the Kelvin sign. */
TEST(where_letter_case_does_not_count_no_spelling_passes)
{
    static const struct plan_name patterns[] = {{"/ws/**/.git/hooks", PLAN_NAME_KEPT, NULL},
                                                {"/ws/*.Key", PLAN_NAME_KEPT, NULL}};
    static const char *const other[] = {"/ws/.GIT/hooks/x", "/ws/a/.Git/Hooks", "/ws/.g\xe2\x80\x8cit/hooks",
                                        "/ws/.git/hoo\xe2\x84\xaas", "/ws/.git/hook\xc5\xbf", "/ws/a.KEY",
                                        "/ws/GIT~1/hooks"};
    struct record *record = build(patterns, ARRAY_COUNT(patterns));

    for (size_t i = 0; i < ARRAY_COUNT(other); i++) {
        record->flags = 0;
        check(!is_covered(record, other[i]));
        record->flags = RECORD_FOLD;
        check(is_covered(record, other[i]));
    }
    check(!is_covered(record, "/ws/.gitx/hooks"));
    check(!is_covered(record, "/ws/a.keyx"));
    free(record);
}

TEST(what_has_two_names_is_covered_under_both)
{
    static const struct plan_name patterns[] = {{"/ws/**/*.pem", PLAN_NAME_KEPT, NULL},
                                                {"/ws/a/.git/hooks", PLAN_NAME_KEPT, NULL},
                                                {"/v/only", PLAN_NAME_KEPT, NULL}};
    static const struct names_alias aliases[] = {{"/v", "/ws/a"}, {"/h", "/ws/a/.git/hooks"}, {"/w/[x]", "/v"},
                                                 {"/f", "/ws/a/.git/hooks/pre"}, {"/g", "/ws/b/pre"}};
    static const char *const covered[] = {"/v/x.pem",  "/v/deep/x.pem", "/v/.git/hooks/pre", "/ws/a/only", "/h", "/h/pre",
                                          "/ws/x.pem", "/w/[x]/x.pem",  "/w/[x]/only", "/f"};
    static const char *const open[] = {"/v/x", "/ws/only", "/x.pem", "/v/.git/config", "/ws/b/.git/hooks", "/w/x/x.pem", "/g"};
    struct record *record = build_with(patterns, ARRAY_COUNT(patterns), aliases, ARRAY_COUNT(aliases));

    for (size_t i = 0; i < ARRAY_COUNT(covered); i++)
        check(is_covered(record, covered[i]));
    for (size_t i = 0; i < ARRAY_COUNT(open); i++)
        check(!is_covered(record, open[i]));
    free(record);
}
