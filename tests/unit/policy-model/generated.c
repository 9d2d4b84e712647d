/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of generated policies against the reference and against the one promise of a merge.
 * The seed is printed with every failure; CORDON_TEST_SEED tries another one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "generate.h"
#include "merge.h"
#include "policy/model/access.h"
#include "policy/model/effective.h"
#include "base/glob.h"
#include "reference.h"
#include "test.h"

#define SEED 20261121u

static uint64_t first_seed(void)
{
    const char *text = getenv("CORDON_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : SEED;

    printf("     seed %" PRIu64 "\n", seed);
    return seed;
}

/* Each round has a seed of its own, so that one can be repeated alone. */
static struct source round_source(uint64_t first, unsigned round)
{
    return (struct source){.seed = first + (uint64_t)round * 1000003u};
}

static struct policy *policy_of(struct document *one, struct document *two, struct document *three)
{
    struct policy *policy = make_policy();

    check(!one || policy_add_layer(policy, one, NULL) == 0);
    check(!two || policy_add_layer(policy, two, NULL) == 0);
    check(!three || policy_add_layer(policy, three, NULL) == 0);
    return policy;
}

struct comparison {
    const struct policy *a, *b;
    struct net_rules *rules; /* of a */
    unsigned round;
    bool differs;
    char where[300];
};

static void object_text(const struct object *object, char text[300])
{
    if (object->kind == OBJECT_HOST)
        snprintf(text, 300, "host:%.290s", object->path);
    else
        snprintf(text, 300, object->kind == OBJECT_CACHE ? "cache" : "private");
}

static bool same_as_reference(const char *path, void *data)
{
    struct comparison *comparison = data;
    struct object object;
    char expected[256], actual[300];
    int access = (int)policy_object(comparison->a, path, &object, NULL);
    int reference = reference_access(comparison->a, path, expected);

    object_text(&object, actual);
    if (access != reference || (access && strcmp(actual, expected) != 0))
        test_fail(__FILE__, __LINE__, "round %u, %s: %d of %s, the reference says %d of %s",
                  comparison->round, path, access, actual, reference, expected);
    return true;
}

TEST(access_is_what_the_reference_says)
{
    uint64_t seed = first_seed();

    for (unsigned round = 0; round < 500; round++) {
        struct source source = round_source(seed, round);
        auto_arena struct arena *arena = arena_new();
        auto_policy struct policy *policy =
            policy_of(generate_document(arena, &source, LAYER_REQUEST, GENERATE_PATHS),
                      source_below(&source, 2)
                          ? generate_document(arena, &source, LAYER_CEILING, GENERATE_PATHS)
                          : NULL,
                      source_below(&source, 3) == 0
                          ? generate_document(arena, &source, LAYER_PARENT, GENERATE_PATHS)
                          : NULL);
        struct comparison comparison = {.a = policy, .round = round};

        reference_each_path(same_as_reference, &comparison);
    }
}

static bool glob_same(const char *path, void *data)
{
    const char *pattern = data;

    if (glob_covers(pattern, path) != reference_glob_covers(pattern, path))
        test_fail(__FILE__, __LINE__, "'%s' on '%s'", pattern, path);
    return true;
}

TEST(a_pattern_covers_what_the_reference_says)
{
    static const char *const components[] = {"**", "*",  "?",     "a",  "[ab]",
                                             "a*", "*b", "[!a]*", "**b"};
    char pattern[64];

    for (size_t i = 0; i < ARRAY_COUNT(components); i++) {
        for (size_t j = 0; j < ARRAY_COUNT(components); j++) {
            for (size_t k = 0; k < ARRAY_COUNT(components); k++) {
                snprintf(pattern, sizeof(pattern), "/%s/%s/%s", components[i], components[j],
                         components[k]);
                reference_each_path(glob_same, pattern);
            }
        }
    }
}

/* By the reference: does `a` give more than `b` at this path? */
static bool gives_more(const struct policy *a, const struct policy *b, const char *path)
{
    char object[256];
    int access = reference_access(a, path, object);

    return access && strcmp(object, "private") != 0 && access > reference_permits(b, path, object);
}

static bool look_for_more(const char *path, void *data)
{
    struct comparison *comparison = data;

    comparison->differs = gives_more(comparison->a, comparison->b, path);
    if (comparison->differs)
        snprintf(comparison->where, sizeof(comparison->where), "%s", path);
    return !comparison->differs;
}

/* "writing /object under the name /path: granted..." */
static void witness_path(const char *witness, char path[300])
{
    const char *end = strstr(witness, ": granted"), *start = end;

    check(end != NULL);
    while (start > witness && start[-1] != ' ')
        start--;
    while (start < end) {
        unsigned byte = (unsigned char)*start++;

        if (byte == '\\') { /* \xNN */
            check(sscanf(start, "x%2x", &byte) == 1);
            start += 3;
        }
        *path++ = (char)byte;
    }
    *path = '\0';
}

static void compare_paths(struct comparison *comparison)
{
    const char *witness;
    char path[300];
    bool is_subset = policy_is_subset(comparison->a, comparison->b, &witness);

    comparison->differs = false;
    reference_each_path(look_for_more, comparison);
    if (is_subset && comparison->differs)
        test_fail(__FILE__, __LINE__, "round %u: a subset, but not at %s", comparison->round,
                  comparison->where);
    if (is_subset)
        return;
    if (strncmp(witness, "writing a private", 17) == 0 ||
        strncmp(witness, "reading a private", 17) == 0)
        return;
    witness_path(witness, path);
    if (!gives_more(comparison->a, comparison->b, path))
        test_fail(__FILE__, __LINE__, "round %u: no subset, but the witness is wrong: %s",
                  comparison->round, witness);
}

TEST(one_policy_is_a_subset_of_another_exactly_where_every_path_says_so)
{
    uint64_t seed = first_seed();
    unsigned subsets = 0;

    for (unsigned round = 0; round < 300; round++) {
        struct source source = round_source(seed, round);
        auto_arena struct arena *arena = arena_new();
        enum layer_kind kind = source_below(&source, 4) ? LAYER_REQUEST : LAYER_CEILING;
        struct document *first = generate_document(arena, &source, LAYER_REQUEST, GENERATE_PATHS);
        struct document *second = generate_variant(arena, &source, first, GENERATE_PATHS);
        auto_policy struct policy *a = policy_of(first, NULL, NULL);
        auto_policy struct policy *b = NULL;
        struct comparison comparison;

        second->kind = kind;
        b = policy_of(second, NULL, NULL);
        comparison = (struct comparison){.a = a, .b = b, .round = round};
        compare_paths(&comparison);
        subsets += policy_is_subset(a, b, NULL);
        if (kind == LAYER_CEILING)
            continue;
        comparison = (struct comparison){.a = b, .b = a, .round = round};
        compare_paths(&comparison);
    }
    check(subsets > 30 && subsets < 270); /* both answers are common, or nothing is proven */
}

static bool look_for_connection(const struct destination *destination, void *data)
{
    struct comparison *comparison = data;

    if (destination_is_permitted(comparison->rules, destination) !=
        reference_may_connect(comparison->a, destination))
        test_fail(__FILE__, __LINE__, "round %u: a destination differs", comparison->round);
    if (reference_may_connect(comparison->a, destination) &&
        !reference_may_connect(comparison->b, destination))
        comparison->differs = true;
    if (destination->host && reference_may_ask(comparison->a, destination->host) &&
        !reference_may_ask(comparison->b, destination->host))
        comparison->differs = true;
    return true;
}

TEST(network_rules_are_a_subset_exactly_where_every_destination_says_so)
{
    uint64_t seed = first_seed();
    unsigned subsets = 0;

    for (unsigned round = 0; round < 200; round++) {
        struct source source = round_source(seed, round);
        auto_arena struct arena *arena = arena_new();
        struct document *first = generate_document(arena, &source, LAYER_REQUEST, GENERATE_NETWORK);
        struct document *second = generate_variant(arena, &source, first, GENERATE_NETWORK);
        auto_policy struct policy *a = NULL, *b = NULL;
        struct comparison comparison;
        const char *witness;
        bool is_subset;

        /* Only rules: the switches have a test of their own. */
        first->network.ingress_default.is_set = second->network.ingress_default.is_set = false;
        a = policy_of(first, NULL, NULL);
        b = policy_of(second, NULL, NULL);
        comparison = (struct comparison){.a = a, .b = b, .round = round};
        check_int(policy_net_rules(a, arena, &comparison.rules, NULL), 0);
        is_subset = policy_is_subset(a, b, &witness);
        reference_each_destination(look_for_connection, &comparison);
        if (is_subset == comparison.differs)
            test_fail(__FILE__, __LINE__, "round %u: %s, the reference disagrees", round,
                      is_subset ? "a subset" : witness);
        subsets += is_subset;
    }
    check(subsets > 15 && subsets < 185);
}

TEST(a_merge_never_grants_more_than_any_input)
{
    uint64_t seed = first_seed();
    unsigned merges = 0;

    for (unsigned round = 0; round < test_rounds(400); round++) {
        struct source source = round_source(seed, round);
        char why[600];
        int result = merge_check(&source, why, sizeof(why));

        if (result < 0)
            test_fail(__FILE__, __LINE__, "round %u: %s", round, why);
        merges += (unsigned)result;
    }
    check(merges > test_rounds(120));
}

/* The adversarial twin: a union instead of an intersection must be found out. */
TEST(a_merge_that_added_rights_would_be_found)
{
    uint64_t seed = first_seed();
    unsigned found = 0;

    for (unsigned round = 0; round < 300; round++) {
        struct source source = round_source(seed, round);
        auto_arena struct arena *arena = arena_new();
        struct document *document =
            generate_document(arena, &source, LAYER_REQUEST, GENERATE_PATHS);
        struct document *more = generate_variant(arena, &source, document, GENERATE_PATHS);
        auto_policy struct policy *a = NULL, *b = policy_of(document, NULL, NULL);

        more->paths[more->path_count] =
            (struct path_rule){.kind = PATH_READWRITE, .path = "/zz/new"};
        more->path_count++;
        a = policy_of(more, NULL, NULL);
        found += !policy_is_subset(a, b, NULL);
    }
    check(found > 200);
}
