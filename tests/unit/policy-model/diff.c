/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Generated pairs of policies: what a comparison says, held against every path and destination of the reference's small world,
 * against the subset test, and against itself the other way round. CORDON_TEST_SEED tries another seed.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "generate.h"
#include "policy/diff.h"
#include "policy/model/effective.h"
#include "reference.h"
#include "said.h"
#include "test.h"

#define SEED 20261122u
#define ALL  (GENERATE_PATHS | GENERATE_NETWORK | GENERATE_SETTINGS | GENERATE_SECRETS)

static uint64_t first_seed(void)
{
    const char *text = getenv("CORDON_TEST_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : SEED;

    printf("     seed %" PRIu64 "\n", seed);
    return seed;
}

static struct source round_source(uint64_t first, unsigned round)
{
    return (struct source){.seed = first + (uint64_t)round * 1000003u};
}

static struct policy *policy_of(struct document *one, struct document *two)
{
    struct policy *policy = make_policy();

    check(policy_add_layer(policy, one, NULL) == 0);
    check(!two || policy_add_layer(policy, two, NULL) == 0);
    return policy;
}

static struct policy_diff diff_of(struct arena *arena, const struct policy *before, const struct policy *after)
{
    struct policy_diff diff;

    check_int(policy_diff(arena, before, after, &diff, NULL), 0);
    return diff;
}

/* Never freed: for a test that fails. */
static const char *diff_text(const struct policy_diff *diff)
{
    char *text = NULL;

    check_int(getenv("CORDON_TEST_JSON") ? policy_diff_json(diff, &text, NULL) : policy_diff_text(diff, NULL, &text, NULL), 0);
    return text;
}

/* ---- paths ---- */

struct comparison {
    const struct policy *before, *after;
    const struct policy_diff *diff;
    enum difference_kind kind;
    unsigned round, gained;
};

static bool same_as_reference(const char *path, void *data)
{
    struct comparison *comparison = data;
    char object[256];
    int access = reference_access(comparison->after, path, object);
    int permitted = reference_permits(comparison->before, path, object);

    if (strcmp(object, "private") == 0) /* of which the reference does not say who denies it */
        return true;
    for (int right = 1; right <= 2; right++) {
        bool is_gain = access >= right && permitted < right;

        comparison->gained += is_gain;
        if (said_of_path(comparison->diff, comparison->kind, path, right == 1 ? RIGHT_READ : RIGHT_WRITE) != is_gain)
            test_fail(__FILE__, __LINE__, "round %u, %s: %s newly %s, the comparison says the contrary: %s", comparison->round, path,
                      is_gain ? "is" : "is not", right == 1 ? "readable" : "writable", diff_text(comparison->diff));
    }
    return true;
}

TEST(what_is_said_of_paths_is_exactly_what_differs)
{
    uint64_t seed = first_seed();
    unsigned gained = 0;

    for (unsigned round = 0; round < test_rounds(600); round++) {
        struct source source = round_source(seed, round);
        auto_arena struct arena *arena = arena_new();
        struct document *first = generate_document(arena, &source, LAYER_REQUEST, GENERATE_PATHS);
        struct document *second = source_below(&source, 2) ? generate_variant(arena, &source, first, GENERATE_PATHS)
                                                           : generate_document(arena, &source, LAYER_REQUEST, GENERATE_PATHS);
        auto_policy struct policy *before = policy_of(first, NULL);
        auto_policy struct policy *after =
            policy_of(second, source_below(&source, 3) ? NULL : generate_document(arena, &source, LAYER_CEILING, GENERATE_PATHS));
        struct policy_diff diff = diff_of(arena, before, after);
        struct comparison comparison = {before, after, &diff, DIFFERENCE_WIDER, round, 0};

        reference_each_path(same_as_reference, &comparison);
        comparison = (struct comparison){after, before, &diff, DIFFERENCE_NARROWER, round, comparison.gained};
        reference_each_path(same_as_reference, &comparison);
        gained += comparison.gained;
    }
    check(gained > 5000);
}

/* The adversarial twin: one item taken away, or one exception, and the reference disagrees somewhere. */
TEST(an_item_less_or_an_exception_less_is_found_out)
{
    struct policy *before = make_policy(), *after = make_policy();
    struct document *first = make_layer(before, LAYER_REQUEST), *second = make_layer(after, LAYER_REQUEST);
    auto_arena struct arena *arena = arena_new();
    struct policy_diff diff;

    make_path(before, first, PATH_READONLY, "/a");
    make_path(after, second, PATH_READWRITE, "/a");
    make_path(after, second, PATH_READONLY, "/a/b");
    make_path(after, second, PATH_DENIED, "/a/**/.git");
    diff = diff_of(arena, before, after);
    check_int(diff.items[0].subjects.count, 1);
    check_string(diff.items[0].subjects.items[0], "/a");
    check_int(diff.items[0].except.count, 2);
    check(diff.items[0].rights == RIGHT_WRITE);
    check(diff.has_narrower);
    for (size_t without = 0; without < 2; without++) {
        struct words_list rest = {.items = diff.items[0].except.items + !without, .count = 1};

        check(said_covers(&diff.items[0].except, without ? "/a/x/.git" : "/a/b/c"));
        check(!said_covers(&rest, without ? "/a/x/.git" : "/a/b/c") || !said_covers(&rest, without ? "/a/b/c" : "/a/x/.git"));
    }
    policy_free(before);
    policy_free(after);
}

/* A pattern that is given up reaches past what is new as a whole, into what is not. */
TEST(what_lies_below_something_new_is_taken_out_of_a_pattern_around_it)
{
    struct policy *before = make_policy(), *after = make_policy();
    struct document *first = make_layer(before, LAYER_REQUEST), *second = make_layer(after, LAYER_REQUEST);
    auto_arena struct arena *arena = arena_new();
    struct policy_diff diff;

    make_path(before, first, PATH_READWRITE, "/w");
    make_path(before, first, PATH_READONLY, "/w/a");
    make_path(before, first, PATH_DENIED, "/w/a*");
    make_path(after, second, PATH_READWRITE, "/w");
    make_path(after, second, PATH_READONLY, "/w/a/b");
    diff = diff_of(arena, before, after);
    check(said_of_path(&diff, DIFFERENCE_WIDER, "/w/a/x", RIGHT_WRITE));
    check(said_of_path(&diff, DIFFERENCE_WIDER, "/w/ab", RIGHT_WRITE));
    check(said_of_path(&diff, DIFFERENCE_WIDER, "/w/a/b", RIGHT_READ));
    check(!said_of_path(&diff, DIFFERENCE_WIDER, "/w/a/b", RIGHT_WRITE));
    check(!said_of_path(&diff, DIFFERENCE_WIDER, "/w/a/b/c", RIGHT_WRITE));
    policy_free(before);
    policy_free(after);
}

/* ---- destinations ---- */

/* What is new by address is not said again for each name. */
static bool same_destination(const struct destination *to, void *data)
{
    struct comparison *comparison = data;
    bool is_gain = reference_may_connect(comparison->after, to) && !reference_may_connect(comparison->before, to);
    bool by_name = to->host && said_of_destination(comparison->diff, comparison->kind, to, false), by_address = said_of_destination(comparison->diff, comparison->kind, to, true);
    bool is_wrong = to->host ? (is_gain ? !by_name && !by_address : by_name) : is_gain != by_address;

    comparison->gained += is_gain;
    if (is_wrong)
        test_fail(__FILE__, __LINE__, "round %u: %s%s port %u protocol %d family %d last byte %u: %s new, the comparison says the contrary: %s",
                  comparison->round, to->host ? to->host : "by address", to->is_own ? " (own)" : "", to->port, (int)to->protocol, to->family,
                  to->address[to->family == AF_INET ? 3 : 15], is_gain ? "is" : "is not", diff_text(comparison->diff));
    return true;
}

TEST(what_is_said_of_destinations_is_exactly_what_differs)
{
    uint64_t seed = first_seed();
    unsigned gained = 0;

    for (unsigned round = 0; round < 200; round++) {
        struct source source = round_source(seed, round);
        auto_arena struct arena *arena = arena_new();
        struct document *first = generate_document(arena, &source, LAYER_REQUEST, GENERATE_NETWORK);
        struct document *second = source_below(&source, 2) ? generate_variant(arena, &source, first, GENERATE_NETWORK)
                                                           : generate_document(arena, &source, LAYER_REQUEST, GENERATE_NETWORK);
        auto_policy struct policy *before = NULL, *after = NULL;
        struct policy_diff diff;
        struct comparison comparison;

        /* rules alone: with the host's network they would not be asked */
        first->network.ingress_default.is_set = second->network.ingress_default.is_set = false;
        before = policy_of(first, NULL);
        after = policy_of(second, NULL);
        diff = diff_of(arena, before, after);
        comparison = (struct comparison){before, after, &diff, DIFFERENCE_WIDER, round, 0};
        reference_each_destination(same_destination, &comparison);
        comparison = (struct comparison){after, before, &diff, DIFFERENCE_NARROWER, round, comparison.gained};
        reference_each_destination(same_destination, &comparison);
        gained += comparison.gained;
    }
    check(gained > 5000);
}

/* ---- laws ---- */

static bool is_way_back(const struct difference *a, const struct difference *b)
{
    if (a->kind == DIFFERENCE_CHANGED)
        return b->kind == DIFFERENCE_CHANGED && strcmp(a->before ? a->before : "", b->after ? b->after : "") == 0;
    return a->kind == DIFFERENCE_UNKNOWN || a->kind != b->kind;
}

static bool has_same_items(const struct policy_diff *one, const struct policy_diff *other)
{
    size_t matched = 0;

    if (one->count != other->count || one->has_wider != other->has_narrower || one->has_narrower != other->has_wider)
        return false;
    for (size_t i = 0; i < one->count; i++)
        for (size_t j = 0; j < other->count; j++) {
            const struct difference *a = &one->items[i], *b = &other->items[j];
            bool is_same = a->area == b->area && a->rights == b->rights && a->subjects.count == b->subjects.count &&
                           is_way_back(a, b) &&
                           strcmp(a->member ? a->member : "", b->member ? b->member : "") == 0;

            for (size_t k = 0; is_same && k < a->subjects.count; k++)
                is_same = strcmp(a->subjects.items[k], b->subjects.items[k]) == 0;
            if (is_same) {
                matched++;
                break;
            }
        }
    return matched == one->count;
}

TEST(a_comparison_obeys_its_laws)
{
    uint64_t seed = first_seed();
    unsigned subsets = 0, narrower = 0;

    for (unsigned round = 0; round < test_rounds(2000); round++) {
        struct source source = round_source(seed, round);
        auto_arena struct arena *arena = arena_new();
        struct document *first = generate_document(arena, &source, LAYER_REQUEST, ALL);
        struct document *second = source_below(&source, 2) ? generate_variant(arena, &source, first, ALL)
                                                           : generate_document(arena, &source, LAYER_REQUEST, ALL);
        auto_policy struct policy *a = policy_of(first, NULL);
        auto_policy struct policy *b = policy_of(second, NULL);
        auto_policy struct policy *both = policy_of(first, second);
        struct effective effective;
        bool is_contradiction = policy_settle(both, arena, NULL, NULL, &effective, NULL) < 0;
        struct policy_diff there = diff_of(arena, a, b), back = diff_of(arena, b, a), merged = diff_of(arena, a, both);
        const char *witness = "";

        /* a document that contradicts itself is refused before anything is compared */
        if (policy_settle(a, arena, NULL, NULL, &effective, NULL) == 0 && diff_of(arena, a, a).count)
            test_fail(__FILE__, __LINE__, "round %u: a policy differs from itself: %s", round, diff_text(&(struct policy_diff[]){diff_of(arena, a, a)}[0]));
        if (!is_contradiction && (merged.has_wider || merged.has_unknown))
            test_fail(__FILE__, __LINE__, "round %u: a merge gives more: %s %s", round,
                      difference_area_name(merged.items[0].area),
                      merged.items[0].subjects.count ? merged.items[0].subjects.items[0] : "");
        if (!has_same_items(&there, &back))
            test_fail(__FILE__, __LINE__, "round %u: the way back is another one", round);
        if (policy_is_subset(b, a, &witness) != (!there.has_wider && !there.has_unknown))
            test_fail(__FILE__, __LINE__, "round %u: the subset test says %s", round, witness ? witness : "a subset");
        subsets += !there.has_wider;
        narrower += merged.has_narrower;
    }
    check(subsets > test_rounds(50) && subsets < test_rounds(1950));
    check(narrower > test_rounds(500));
}

/* The adversarial twin: where the merge is a union, it is said. */
TEST(a_right_that_is_added_is_always_said)
{
    uint64_t seed = first_seed();

    for (unsigned round = 0; round < 300; round++) {
        struct source source = round_source(seed, round);
        auto_arena struct arena *arena = arena_new();
        struct document *first = generate_document(arena, &source, LAYER_REQUEST, ALL);
        struct document *second = arena_alloc(arena, sizeof(*second));
        auto_policy struct policy *a = policy_of(first, NULL), *b = NULL;
        struct path_rule *paths = arena_alloc(arena, (first->path_count + 1) * sizeof(*paths));
        struct policy_diff diff;
        bool is_said = false;

        *second = *first;
        if (first->path_count)
            memcpy(paths, first->paths, first->path_count * sizeof(*paths));
        paths[first->path_count] = (struct path_rule){.kind = PATH_READWRITE, .path = "/only/here", .origin.member = "new"};
        second->paths = paths;
        second->path_count++;
        b = policy_of(second, NULL);
        diff = diff_of(arena, a, b);
        for (size_t i = 0; i < diff.count; i++)
            is_said = is_said || (diff.items[i].kind == DIFFERENCE_WIDER && said_covers(&diff.items[i].subjects, "/only/here"));
        if (policy_access(b, "/only/here", NULL) > policy_access(a, "/only/here", NULL) && !is_said)
            test_fail(__FILE__, __LINE__, "round %u: not said", round);
    }
}

/* ---- memory ---- */

static int attempt(void)
{
    struct error err = ERROR_INIT;
    auto_arena struct arena *arena = arena_new();
    auto_policy struct policy *a = NULL;
    auto_policy struct policy *b = NULL;
    struct policy_diff diff;
    auto_free char *text = NULL;
    auto_free char *json = NULL;
    struct path_rule less[] = {{.kind = PATH_READWRITE, .path = "/w"}, {.kind = PATH_DENIED, .path = "/w/**/.env", .is_glob = true}};
    struct path_rule more[] = {{.kind = PATH_READWRITE, .path = "/w"}, {.kind = PATH_READONLY, .path = "/x"}};
    struct document first = {.kind = LAYER_REQUEST, .paths = less, .path_count = 2, .has_grants = true},
                    second = {.kind = LAYER_REQUEST, .paths = more, .path_count = 2, .has_grants = true};
    int status;

    if (!arena)
        return -ENOMEM;
    status = policy_new(&a, &err);
    if (status == 0)
        status = policy_new(&b, &err);
    if (status == 0)
        status = policy_add_layer(a, &first, &err);
    if (status == 0)
        status = policy_add_layer(b, &second, &err);
    if (status == 0)
        status = policy_diff(arena, a, b, &diff, &err);
    if (status == 0)
        status = policy_diff_text(&diff, "/home/u", &text, &err);
    if (status == 0)
        status = policy_diff_json(&diff, &json, &err);
    return status;
}

TEST(a_comparison_without_memory_fails_and_leaks_nothing)
{
    test_each_allocation_fails(attempt, 20000);
}
