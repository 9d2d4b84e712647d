/* SPDX-License-Identifier: Apache-2.0 */
/* Rules that end: what they granted is refused from then on, by that name, and nothing else is. */
#include "base/clock.h"
#include "base/memory.h"
#include "say.h"
#include "test.h"

#define RULES "allow to=1.0.0.0/8 until=500; allow to=2.0.0.0/8; allow to=a.test until=300 tcp:443; deny to=2.2.0.0/16"

static const char *decide(struct arena *arena, const struct net_rules *rules, const char *question)
{
    static char text[300];
    struct net_decision decision = net_decide(rules, say_question(arena, question));

    return say_decision(&decision, text);
}

TEST(what_a_rule_granted_is_refused_when_its_time_is_over)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, RULES);
    struct net_question *question = say_question(arena, "tcp 1.2.3.4 80");

    check_int(net_rules_next_end_ms(rules), 300);
    check_int(net_rules_end(rules, 299, NULL, NULL), 0);
    check_string(decide(arena, rules, "tcp 1.2.3.4 80"), "permit");
    check_string(decide(arena, rules, "tcp 9.9.9.9 443 for=a.test says=a.test"), "permit a.test");
    check_int(net_rules_end(rules, 300, NULL, NULL), 1);
    check_string(decide(arena, rules, "tcp 9.9.9.9 443 for=a.test says=a.test"), "ended a.test");
    check_int(net_decide_name(rules, "a.test").reason, NET_ENDED);
    check_int(net_decide_name(rules, "b.test").reason, NET_NO_RULE);
    check_string(decide(arena, rules, "tcp 1.2.3.4 80"), "permit");
    check_int(net_rules_next_end_ms(rules), 500);
    check_int(net_rules_end(rules, 1000, NULL, NULL), 1);
    check_int(net_rules_next_end_ms(rules), 0);
    check_string(decide(arena, rules, "tcp 1.2.3.4 80"), "ended");
    check_string(net_decide(rules, question).where, "allow to=1.0.0.0/8 until=500");
    check_string(decide(arena, rules, "tcp 2.1.3.4 80"), "permit");
    check_string(decide(arena, rules, "tcp 2.2.3.4 80"), "by-rule");
    check_string(decide(arena, rules, "tcp 3.2.3.4 80"), "no-rule");
}

TEST(it_takes_every_layer_s_rule_to_last)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, "allow to=1.0.0.0/8 | allow to=1.0.0.0/8 until=500 | open");
    struct net_question *question = say_question(arena, "tcp 1.2.3.4 80");

    check_int(net_decide(rules, question).verdict, NET_PERMIT);
    check_int(net_rules_end(rules, 500, NULL, NULL), 1);
    check_int(net_decide(rules, question).reason, NET_ENDED);
    check_string(net_decide(rules, question).where, "allow to=1.0.0.0/8 until=500");
}

TEST(another_rule_goes_on_granting_the_same)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, "allow to=1.0.0.0/8 until=500; allow to=1.2.0.0/16");

    net_rules_end(rules, 500, NULL, NULL);
    check_string(decide(arena, rules, "tcp 1.2.3.4 80"), "permit");
    check_string(decide(arena, rules, "tcp 1.3.3.4 80"), "ended");
}

static void note(void *context, const struct net_rule *rule)
{
    const char **where = context;

    while (*where)
        where++;
    *where = rule->where;
}

TEST(each_is_told_once_and_the_others_keep_their_order)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, "allow to=1.0.0.0/8 until=5; allow to=2.0.0.0/8; allow to=3.0.0.0/8 until=4; allow to=4.0.0.0/8 until=9; allow to=5.0.0.0/8");
    const char *told[5] = {NULL};

    check_int(net_rules_end(rules, 5, note, told), 2);
    check(told[0] && told[1] && !told[2]);
    check_int(net_rules_end(rules, 5, note, told), 0);
    check_int(rules->layers[0].allow_count, 3);
    check_int(rules->layers[0].ended_count, 2);
    check_string(rules->layers[0].allow[0].where, "allow to=2.0.0.0/8");
    check_string(rules->layers[0].allow[1].where, "allow to=4.0.0.0/8 until=9");
    check_string(rules->layers[0].allow[2].where, "allow to=5.0.0.0/8");
    told[0] = told[1] = NULL;
    check_int(net_rules_end(rules, 9, note, told), 1);
    check_string(told[0], "allow to=4.0.0.0/8 until=9");
}

TEST(a_record_has_the_ends_and_those_that_ended)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, RULES), *read = NULL;
    void *record auto_free = NULL;
    size_t size;

    rules->said_real_ms = 1000;
    rules->said_boot_ms = 7;
    net_rules_end(rules, 300, NULL, NULL);
    check_int(net_rules_write(rules, &record, &size, NULL), 0);
    check_int(net_rules_read(arena, record, size, &read, NULL), 0);
    check_int(read->said_real_ms, 1000);
    check_int(read->said_boot_ms, 7);
    check_int(read->layers[0].allow_count, 2);
    check_int(read->layers[0].ended_count, 1);
    check_int(net_rules_next_end_ms(read), 500);
    check_string(decide(arena, read, "tcp 9.9.9.9 443 for=a.test says=a.test"), "ended a.test");
}

/* As if the clock had been set since: by two hours, after one of them has passed. */
TEST(a_clock_that_is_set_back_makes_no_rule_longer)
{
    uint64_t real = clock_real_ns() / NS_PER_MS, boot = clock_boot_ns() / NS_PER_MS, hour = 3600000;
    struct net_rules rules = {.said_real_ms = real + hour, .said_boot_ms = boot > hour ? boot - hour : 1};
    uint64_t now = net_rules_now_ms(&rules);

    check(now >= rules.said_real_ms + (boot - rules.said_boot_ms));
    /* and one that is set forward ends what a time was named for */
    rules = (struct net_rules){.said_real_ms = 1, .said_boot_ms = boot};
    check(net_rules_now_ms(&rules) >= real);
    /* nor does it matter where nobody said when */
    rules = (struct net_rules){0};
    check(net_rules_now_ms(&rules) >= real);
}

TEST(a_rule_that_is_added_stands_before_those_that_ended)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, RULES), *added;

    net_rules_end(rules, 1000, NULL, NULL);
    added = net_rules_add(rules, say_question(arena, "tcp 1.2.3.4 80"), 1, "answered", 0, arena);
    check_string(decide(arena, added, "tcp 1.2.3.4 80"), "permit");
    check_string(decide(arena, added, "tcp 1.2.3.4 81"), "ended");
    check_string(decide(arena, rules, "tcp 1.2.3.4 80"), "ended");
}
