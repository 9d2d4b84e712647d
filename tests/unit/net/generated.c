/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Thousands of generated rules and questions against the reference and against what must always hold. The seed is printed
 * with every failure; CORDON_TEST_SEED tries another one.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "generate.h"
#include "properties.h"
#include "test.h"

#define SEED      20261123u
#define ROUNDS    test_rounds(6000)
#define QUESTIONS 24

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

static void fail_question(const struct net_question *question, unsigned round, const char *why)
{
    char address[NET_ADDRESS_TEXT_SIZE];

    net_address_print(&question->address, address);
    test_fail(__FILE__, __LINE__, "round %u, %s port %u protocol %d said %d '%s' names %zu '%s'%s: %s", round, address,
              question->port, (int)question->protocol, (int)question->said, question->name ? question->name : "",
              question->name_count, question->name_count ? question->names[0] : "", question->is_own ? " own" : "", why);
}

TEST(generated_questions_are_answered_as_by_the_reference)
{
    uint64_t first = first_seed();
    unsigned verdicts[NET_ASK_CALL + 1] = {0}, reasons[NET_MALFORMED + 1] = {0};

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct arena *arena auto_arena = arena_new();
        struct source source = round_source(first, round);
        struct net_rules *rules = generate_rules(arena, &source, 1 + round % 3, GENERATE_ALL);
        struct reachable reachable = {0};
        char why[WHY_SIZE] = "";

        if (reachable_init(&reachable, arena, rules, why) < 0 || check_record(arena, rules, why) < 0)
            test_fail(__FILE__, __LINE__, "round %u: %s", round, why);
        for (unsigned i = 0; i < QUESTIONS; i++) {
            struct net_question *question = generate_question(arena, &source, rules);
            struct net_decision decision = net_decide(rules, question);

            if (check_question(rules, &reachable, question, why) < 0)
                fail_question(question, round, why);
            verdicts[decision.verdict]++;
            reasons[decision.reason]++;
        }
    }
    for (size_t i = 0; i < ARRAY_COUNT(verdicts); i++) /* or the generator meets too little */
        check(verdicts[i] > test_rounds(200));
    for (size_t i = 0; i < ARRAY_COUNT(reasons); i++)
        check(reasons[i] > test_rounds(100));
}

static bool is_reached(const struct net_rules *rules, const struct net_address *address)
{
    struct net_question question = {.protocol = NET_TCP, .address = *address, .port = 443};

    if (net_decide(rules, &question).verdict != NET_REFUSE)
        return true;
    for (const char *const *name = generate_names(); *name; name++) {
        question.names = name;
        question.name_count = 1;
        if (net_decide(rules, &question).verdict != NET_REFUSE)
            return true;
    }
    return false;
}

/*
 * The blocks are no more than they must be: without ports, denied names and embedded addresses they are exact,
 * but for metadata services.
 */
TEST(generated_blocks_have_what_can_be_reached_and_nothing_else)
{
    uint64_t first = first_seed();
    unsigned reached = 0, asked = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        struct arena *arena auto_arena = arena_new();
        struct source source = round_source(first, round);
        struct net_rules *rules = generate_rules(arena, &source, 1, 0);
        struct reachable reachable = {0};
        char why[WHY_SIZE] = "";

        check_int(reachable_init(&reachable, arena, rules, why), 0);
        for (unsigned i = 0; i < QUESTIONS; i++) {
            struct net_question *question = generate_question(arena, &source, rules);
            struct net_address inner;
            bool has = reachable_has(&reachable, &question->address);

            if (net_address_embedded(&question->address, &inner) ||
                net_address_class(&question->address) == NET_METADATA)
                continue;
            question->protocol = NET_TCP;
            if (has != is_reached(rules, &question->address))
                fail_question(question, round, has ? "in a block, but not reached" : "reached, but in no block");
            asked++;
            reached += has;
        }
    }
    check(reached > asked / 20 && reached < asked * 19 / 20);
}
