/* SPDX-License-Identifier: Apache-2.0 */
/* One rule more, as an answer of a person adds it: it grants one destination, where the others let it pass. */
#include "say.h"
#include "test.h"

static const struct {
    const char *rules, *about;
    uint64_t layers;
    const char *question, *decision;
} rows[] = {
    {"shut", "tcp 93.184.216.34 443 for=a.test", 1, "tcp 93.184.216.34 443 for=a.test says=a.test", "permit a.test"},
    {"shut", "tcp 93.184.216.34 443 for=a.test", 1, "tcp 93.184.216.34 443 for=a.test", "ask a.test"},
    {"shut", "tcp 93.184.216.34 443 for=a.test", 0, "tcp 93.184.216.34 443 for=a.test", "no-rule"},
    {"shut", "tcp 93.184.216.34 443 for=a.test", 2, "tcp 93.184.216.34 443 for=a.test", "no-rule"},
    /* another port, name, protocol, and what is said */
    {"shut", "tcp 93.184.216.34 443 for=a.test", 1, "tcp 93.184.216.34 444 for=a.test", "no-rule"},
    {"shut", "tcp 93.184.216.34 443 for=a.test", 1, "tcp 93.184.216.34 443 for=b.test", "not-resolved"},
    {"shut", "tcp 93.184.216.34 443 for=a.test", 1, "tcp 93.184.216.34 443", "not-resolved"},
    {"shut", "tcp 93.184.216.34 443 for=a.test", 1, "udp 93.184.216.34 443 for=a.test", "no-rule"},
    {"shut", "tcp 93.184.216.34 443 for=a.test", 1, "tcp 93.184.216.34 443 for=a.test says=b.test", "other-name a.test"},
    /* what a name leads to is judged as ever */
    {"shut", "tcp 1.1.1.1 443 for=a.test", 1, "tcp 10.0.0.1 443 for=a.test", "special a.test"},
    {"shut", "tcp 1.1.1.1 443 for=a.test", 1, "tcp 169.254.169.254 443 for=a.test", "special a.test"},
    {"shut", "tcp 1.1.1.1 443 for=a.test", 1, "tcp 93.184.216.34 443 own for=a.test", "special a.test"},
    /* an address is this one */
    {"shut", "tcp 10.0.0.1 22", 1, "tcp 10.0.0.1 22", "permit"},
    {"shut", "tcp 10.0.0.1 22", 1, "tcp 10.0.0.2 22", "no-rule"},
    {"shut", "tcp 2606:2800::34 22", 1, "tcp 2606:2800::34 22", "permit"},
    {"shut", "tcp 2606:2800::34 22", 1, "tcp 2606:2800::35 22", "no-rule"},
    /* denials and other layers */
    {"deny to=a.test", "tcp 1.1.1.1 443 for=a.test", 1, "tcp 93.184.216.34 443 for=a.test", "by-rule a.test"},
    {"deny to=93.184.216.34", "tcp 1.1.1.1 443 for=a.test", 1, "tcp 93.184.216.34 443 for=a.test", "by-rule"},
    {"shut | shut", "tcp 1.1.1.1 443 for=a.test", 1, "tcp 93.184.216.34 443 for=a.test", "no-rule"},
    {"shut | shut", "tcp 1.1.1.1 443 for=a.test", 3, "tcp 93.184.216.34 443 for=a.test says=a.test", "permit a.test"},
    {"shut | allow to=a.test@93.184.216.0/24", "tcp 1.1.1.1 443 for=a.test", 1, "tcp 93.184.217.1 443 for=a.test", "no-rule"},
    {"shut | allow to=a.test@93.184.216.0/24", "tcp 1.1.1.1 443 for=a.test", 1, "tcp 93.184.216.1 443 for=a.test", "ask a.test"},
    {"shut | limit; deny tcp:443", "tcp 1.1.1.1 443 for=a.test", 1, "tcp 93.184.216.1 443 for=a.test", "by-rule"},
};

TEST(a_rule_that_is_added_grants_one_destination)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena *arena auto_arena = arena_new();
        const struct net_rules *rules = say_rules(arena, rows[i].rules), *added;
        struct net_decision decision;
        char text[300];

        added = net_rules_add(rules, say_question(arena, rows[i].about), rows[i].layers, "added", 0, arena);
        check(added != NULL);
        decision = net_decide(added, say_question(arena, rows[i].question));
        if (strcmp(say_decision(&decision, text), rows[i].decision) != 0)
            test_fail(__FILE__, __LINE__, "row %zu: '%s', not '%s'", i, text, rows[i].decision);
        decision = net_decide(rules, say_question(arena, rows[i].question)); /* which are as they were */
        check_int(decision.verdict, NET_REFUSE);
    }
}
