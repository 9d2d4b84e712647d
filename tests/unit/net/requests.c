/* SPDX-License-Identifier: Apache-2.0 */
/* Rules about requests and programs: what they come to for a connection and for each request, and each time one thing wrong. */
#include <sys/socket.h>

#include "net/request.h"
#include "say.h"
#include "test.h"

#define AT  "tcp 93.184.216.34 443 for=a.test says=a.test"
#define RAW "tcp 93.184.216.34 443 for=a.test says=-"
#define NEW "tcp 93.184.216.34 443 for=a.test"

static const struct row {
    const char *rules, *question, *decision;
    const char *where; /* NULL = any */
} rows[] = {
    /* a connection, for which a rule grants some requests */
    {"allow to=a.test http", NEW, "ask a.test", "allow to=a.test http"},
    {"allow to=a.test http", AT, "requests a.test", "allow to=a.test http"},
    {"allow to=a.test http", AT " tls", "opaque a.test", "allow to=a.test http"},
    {"allow to=a.test http tls", AT " tls", "requests tls a.test", NULL},
    {"allow to=a.test http tls", AT, "requests a.test", NULL},
    {"allow to=a.test http", RAW, "opaque a.test", "allow to=a.test http"},
    {"allow to=a.test http tls", RAW, "opaque a.test", NULL},
    {"allow to=a.test http tls", "tcp 93.184.216.34 443 for=a.test says=? tls", "not-said a.test", NULL},
    {"allow to=a.test http", "tcp 93.184.216.34 443 for=b.test", "not-resolved", NULL},
    {"allow to=93.184.216.34 http", "tcp 93.184.216.34 443", "ask", NULL},
    {"allow to=93.184.216.34 http", "tcp 93.184.216.34 443 says=?", "requests", NULL},
    {"allow to=93.184.216.34 http tls", "tcp 93.184.216.34 443 says=? tls", "requests tls", NULL},
    {"allow to=93.184.216.34 http", "tcp 93.184.216.34 443 says=? tls", "opaque", NULL},
    {"allow to=93.184.216.34 http tcp:80", "tcp 93.184.216.34 443", "no-rule", NULL},

    /* beside a plain one, which wins */
    {"allow to=a.test http; allow to=a.test", AT, "permit a.test", "allow to=a.test"},
    {"allow to=a.test http; allow to=a.test", AT " tls", "permit a.test", NULL},
    {"allow to=a.test http; allow to=a.test", RAW, "permit a.test", NULL},
    {"allow to=a.test http; open", NEW, "permit", "layer 1"},
    {"allow to=a.test http; allow to=93.184.216.34", NEW, "permit", NULL},
    {"allow to=a.test http | open", AT, "requests a.test", NULL},
    {"open | allow to=a.test http tls", AT " tls", "requests tls a.test", NULL},
    {"allow to=a.test tls | allow to=a.test http", AT " tls", "requests tls a.test", NULL},
    {"allow to=a.test http | allow to=a.test method=GET", AT, "requests a.test", NULL},
    {"allow to=a.test http | allow to=b.test", AT, "not-resolved", NULL},

    /* TLS that is opened for its own sake, also where another rule grants all: somebody wants it seen */
    {"allow to=a.test tls", NEW, "ask a.test", NULL},
    {"allow to=a.test tls", AT " tls", "requests tls a.test", NULL},
    {"allow to=a.test tls", AT, "requests a.test", NULL},
    {"allow to=a.test tls", RAW, "permit a.test", NULL},
    {"allow to=a.test tls", AT " tls asks=DELETE:/x", "permit a.test", NULL},
    {"allow to=a.test tls; open", NEW, "ask", NULL},
    {"allow to=a.test tls; open", AT " tls", "requests tls", NULL},
    {"allow to=a.test tls; open", "tcp 93.184.216.34 443 for=b.test", "permit", NULL},
    {"allow to=a.test tls; open", "tcp 93.184.216.34 443 for=a.test,b.test says=b.test tls", "permit", NULL},
    {"allow to=a.test tls; open", "tcp 93.184.216.34 443 says=a.test tls", "permit", NULL},
    {"allow to=93.184.216.34 tls", "tcp 93.184.216.34 443", "ask", NULL},
    {"allow to=93.184.216.34 tls", "tcp 93.184.216.34 443 says=x.test tls", "requests tls", NULL},
    {"allow to=a.test tls; allow to=a.test method=GET", AT " tls asks=GET:/", "permit a.test", NULL},

    /* each request */
    {"allow to=a.test method=GET", AT " asks=GET:/", "permit a.test", "allow to=a.test method=GET"},
    {"allow to=a.test method=GET", AT " asks=POST:/", "other-request a.test", "allow to=a.test method=GET"},
    {"allow to=a.test method=GET", AT " asks=get:/", "other-request a.test", NULL},
    {"allow to=a.test method=GET tls", AT " tls asks=GET:/", "permit a.test", NULL},
    {"allow to=a.test method=GET", AT " tls asks=GET:/", "opaque a.test", NULL},
    {"allow to=a.test method=GET; allow to=a.test method=POST path=/x", AT " asks=POST:/x", "permit a.test", NULL},
    {"allow to=a.test method=GET; allow to=a.test method=POST path=/x", AT " asks=POST:/y", "other-request a.test", NULL},
    {"allow to=a.test method=GET | allow to=a.test path=/x", AT " asks=GET:/x", "permit a.test", NULL},
    {"allow to=a.test method=GET | allow to=a.test path=/x", AT " asks=GET:/y", "other-request a.test", NULL},
    {"allow to=a.test method=GET | allow to=a.test path=/x", AT " asks=POST:/x", "other-request a.test", NULL},
    {"allow to=a.test method=GET", "tcp 93.184.216.34 443 for=a.test says=b.test asks=GET:/", "other-name a.test", NULL},
    {"allow to=a.test method=GET", "tcp 93.184.216.34 443 for=a.test says=? asks=GET:/", "not-said a.test", NULL},
    {"allow to=93.184.216.34 method=GET", "tcp 93.184.216.34 443 says=? asks=GET:/", "permit", NULL},
    {"allow to=a.test path=/v1/**", AT " asks=GET:", "malformed a.test", NULL},
    {"allow to=a.test method=GET", AT " asks=GET:", "permit a.test", NULL},
    {"allow to=a.test http", AT " asks=GET:/+ws", "other-request a.test", NULL},
    {"allow to=a.test ws", AT " asks=GET:/+ws", "permit a.test", NULL},
    {"allow to=a.test ws path=/x", AT " asks=GET:/y+ws", "other-request a.test", NULL},
    {"allow to=a.test", AT " asks=GET:/+ws", "permit a.test", NULL},
    {"allow to=a.test http", RAW " asks=GET:/", "opaque", NULL}, /* there is none in a raw protocol */
    {"open", "udp 93.184.216.34 443 says=- asks=GET:/", "opaque", NULL},

    /* deny rules about requests: these only, and what could be one and cannot be read */
    {"open; deny to=a.test method=DELETE", NEW, "ask", NULL},
    {"open; deny to=a.test method=DELETE", AT, "requests", NULL},
    {"open; deny to=a.test method=DELETE", AT " asks=GET:/", "permit", NULL},
    {"open; deny to=a.test method=DELETE", AT " asks=DELETE:/", "by-rule", "deny to=a.test method=DELETE"},
    {"open; deny to=a.test method=DELETE", AT " asks=delete:/", "by-rule", NULL},
    {"open; deny to=a.test method=DELETE", AT " tls", "opaque", "deny to=a.test method=DELETE"},
    {"open; deny to=a.test method=DELETE", RAW, "opaque", NULL},
    {"open; deny to=a.test method=DELETE", "tcp 93.184.216.34 443 for=b.test says=b.test tls", "permit", NULL},
    {"open; allow to=a.test tls; deny to=a.test method=DELETE", AT " tls", "requests tls", NULL},
    {"open; allow to=a.test tls; deny to=a.test method=DELETE", AT " tls asks=DELETE:/", "by-rule", NULL},
    {"open; deny to=93.184.216.34 method=DELETE", "udp 93.184.216.34 443", "opaque", NULL},
    {"open; deny to=93.184.216.34 method=DELETE tcp", "udp 93.184.216.34 443", "permit", NULL},
    {"open; deny to=93.184.216.34 method=DELETE", "icmp 93.184.216.34 0", "permit", NULL},
    {"open; deny to=93.184.216.34 method=DELETE tcp:80", "tcp 93.184.216.34 443 says=-", "permit", NULL},
    {"open; deny to=a.test path=/admin", AT " asks=GET:/Admin/", "by-rule", NULL},
    {"open; deny to=a.test path=/admin", AT " asks=GET:/admin.", "by-rule", NULL},
    {"open; deny to=a.test path=/admin", AT " asks=GET:/adminx", "permit", NULL},
    {"open; deny to=a.test path=/admin", AT " asks=GET:", "malformed", "deny to=a.test path=/admin"},
    {"open; deny to=a.test path=/admin", AT " asks=GET:/admin+ws", "by-rule", NULL},
    {"open; deny to=a.test ws", AT " asks=GET:/admin+ws", "by-rule", NULL},
    {"open; deny to=a.test ws", AT " asks=GET:/admin", "permit", NULL},
    {"allow to=a.test method=GET; deny to=a.test path=/x", AT " asks=GET:/x", "by-rule a.test", NULL},
    {"allow to=a.test method=GET; deny to=a.test path=/x", AT " asks=GET:/y", "permit a.test", NULL},
    {"allow to=a.test method=GET | limit; deny to=a.test path=/x", AT " asks=GET:/x", "by-rule a.test", NULL},
    {"open; deny to=b.test path=/x", "tcp 93.184.216.34 443 for=b.test says=c.test asks=GET:/x", "other-request", NULL},
    {"open; deny to=b.test path=/x", "tcp 93.184.216.34 443 for=b.test says=c.test asks=GET:/y", "permit", NULL},

    /* datagrams and echoes: never by a rule about requests */
    {"allow to=93.184.216.34 http", "udp 93.184.216.34 443", "opaque", NULL},
    {"allow to=a.test http udp:443", "udp 93.184.216.34 443 for=a.test", "opaque a.test", NULL},
    {"allow to=93.184.216.34 http", "icmp 93.184.216.34 0", "opaque", NULL},
    {"allow to=93.184.216.34 http; allow to=93.184.216.34 icmp", "icmp 93.184.216.34 0", "permit", NULL},

    /* calls */
    {"allow to=a.test call=eth_call", AT " asks=POST:/", "body a.test", NULL},
    {"allow to=a.test call=eth_call", AT " asks=GET:/", "other-request a.test", NULL},
    {"allow to=a.test call=eth_call", AT " asks=POST:/+call=eth_call", "permit a.test", NULL},
    {"allow to=a.test call=eth_call", AT " asks=POST:/+call=eth_send", "other-call a.test", "allow to=a.test call=eth_call"},
    {"allow to=a.test call=eth_call", AT " asks=POST:/+other", "other-call a.test", NULL},
    {"allow to=a.test call=eth_call", AT " asks=POST:/+empty", "other-call a.test", NULL},
    {"allow to=a.test call=eth_call", AT " asks=POST:/+answer", "other-call a.test", NULL},
    {"allow to=a.test call=eth_call", AT " asks=POST:/+call=ping", "other-call a.test", NULL},
    {"allow to=a.test call=eth_call", AT " asks=GET:/+ws", "other-request a.test", NULL},
    {"allow to=a.test ws call=eth_call", AT " asks=POST:/+ws", "other-request a.test", NULL}, /* no record has such a rule */
    {"allow to=a.test call=eth_call; allow to=a.test path=/x", AT " asks=POST:/x", "permit a.test", NULL},
    {"allow to=a.test mcp tool=search", AT " asks=POST:/+call=initialize", "permit a.test", NULL},
    {"allow to=a.test mcp tool=search", AT " asks=POST:/+call=tools/call+tool=search", "permit a.test", NULL},
    {"allow to=a.test mcp tool=search", AT " asks=POST:/+call=tools/call+tool=write", "other-call a.test", NULL},
    {"allow to=a.test mcp tool=search", AT " asks=POST:/+call=tools/call", "other-call a.test", NULL},
    {"allow to=a.test mcp tool=search", AT " asks=POST:/+call=resources/read", "other-call a.test", NULL},
    {"allow to=a.test mcp tool=search", AT " asks=POST:/+answer", "permit a.test", NULL},
    {"allow to=a.test mcp tool=search", AT " asks=GET:/+empty", "other-request a.test", NULL},
    {"allow to=a.test mcp tool=search path=/mcp", AT " asks=GET:/mcp", "body a.test", NULL},
    {"allow to=a.test mcp tool=search path=/mcp", AT " asks=GET:/mcp+empty", "permit a.test", NULL},
    {"allow to=a.test mcp tool=search path=/mcp", AT " asks=DELETE:/mcp+empty", "permit a.test", NULL},
    {"allow to=a.test mcp tool=search path=/mcp", AT " asks=PUT:/mcp+empty", "other-request a.test", NULL},
    {"allow to=a.test mcp tool=search path=/mcp", AT " asks=GET:/mcp+other", "other-call a.test", NULL},
    {"allow to=a.test mcp tool=search path=/mcp", AT " asks=GET:/x+empty", "other-request a.test", NULL},
    {"allow to=a.test mcp call=tools/call", AT " asks=POST:/+call=tools/call+tool=any", "permit a.test", NULL},
    {"open; deny to=a.test call=eth_send", AT " asks=POST:/", "body", NULL},
    {"open; deny to=a.test call=eth_send", AT " asks=POST:/+call=eth_call", "permit", NULL},
    {"open; deny to=a.test call=eth_send", AT " asks=POST:/+call=eth_send", "other-call", "deny to=a.test call=eth_send"},
    {"open; deny to=a.test call=eth_send", AT " asks=POST:/+other", "other-call", NULL},
    {"open; deny to=a.test call=eth_send", AT " asks=GET:/+empty", "permit", NULL},
    {"open; deny to=a.test call=eth_send", AT " asks=GET:/+ws", "by-rule", NULL},
    {"open; deny to=a.test mcp tool=rm", AT " asks=POST:/+call=tools/call+tool=rm", "other-call", NULL},
    {"open; deny to=a.test mcp tool=rm", AT " asks=POST:/+call=tools/call+tool=ls", "permit", NULL},
    {"open; deny to=a.test mcp tool=rm", AT " asks=POST:/+call=tools/call", "other-call", NULL},

    /* programs */
    {"allow to=a.test by=1", NEW " by=1", "ask a.test", NULL},
    {"allow to=a.test by=1", NEW " by=2", "program a.test", "allow to=a.test by=1"},
    {"allow to=a.test by=1", NEW, "program a.test", NULL},
    {"allow to=a.test by=1", NEW " by=65535", "ask a.test", NULL},
    {"allow to=a.test by=1 by=2", AT " by=2", "permit a.test", NULL},
    {"allow to=a.test by=1", AT " by=2", "program a.test", NULL},
    {"allow to=a.test by=1", RAW " by=2", "program a.test", NULL},
    {"allow to=93.184.216.34 by=1", "udp 93.184.216.34 53 by=1", "permit", NULL},
    {"allow to=93.184.216.34 by=1", "udp 93.184.216.34 53", "program", NULL},
    {"allow to=93.184.216.34 by=1", "icmp 93.184.216.34 0 by=1", "permit", NULL},
    {"allow to=a.test by=1; allow to=a.test http", AT " by=1", "permit a.test", NULL},
    {"allow to=a.test by=1; allow to=a.test http", AT " by=2", "requests a.test", NULL},
    {"allow to=a.test by=1 tls; allow to=a.test", AT " tls by=1", "requests tls a.test", NULL},
    {"allow to=a.test by=1 tls; allow to=a.test", AT " tls by=2", "permit a.test", NULL},
    {"allow to=a.test by=1 tls method=GET", AT " tls by=2", "program a.test", NULL},
    {"allow to=a.test by=1 | open", AT " by=2", "program a.test", "allow to=a.test by=1"},
    {"allow to=a.test by=1; deny to=a.test", AT " by=1", "by-rule a.test", NULL},
    {"allow to=a.test by=1 method=GET", AT " by=2 asks=GET:/", "program a.test", NULL},

    /* what it counts for: of each layer the first rule that grants it */
    {"allow to=a.test budget=2", AT, "permit a.test #2", NULL},
    {"allow to=a.test budget=2; allow to=a.test budget=3", AT, "permit a.test #2", NULL},
    {"allow to=a.test; allow to=a.test budget=3", AT, "permit a.test", NULL},
    {"allow to=a.test budget=2 | allow budget=3 | open", AT, "permit a.test #2 #3", NULL},
    {"allow to=b.test budget=2; allow to=a.test", AT, "permit a.test", NULL},
    {"allow to=a.test budget=2; open", NEW, "ask", NULL}, /* it may turn out to be about that name */
    {"allow to=a.test budget=2; open", AT, "permit #2", NULL},
    {"allow to=a.test budget=2; open", RAW, "permit", NULL},
    {"allow to=93.184.216.34 budget=2", NEW, "permit #2", NULL},
    {"allow to=a.test method=GET budget=2; allow to=a.test method=POST budget=3", AT, "requests a.test #2", NULL},
    {"allow to=a.test method=GET budget=2; allow to=a.test method=POST budget=3", AT " asks=POST:/", "permit a.test #3", NULL},
    {"allow to=a.test method=GET budget=2; allow to=a.test", AT, "permit a.test", NULL},
    {"allow to=a.test call=x budget=2", AT " asks=POST:/", "body a.test", NULL},
    {"allow to=a.test call=x budget=2", AT " asks=POST:/+call=x", "permit a.test #2", NULL},
    {"allow budget=1 | allow budget=1 | allow budget=1 | allow budget=1 | allow budget=1 | allow budget=1 | allow budget=1 | "
     "allow budget=1",
     RAW, "permit #1 #1 #1 #1 #1 #1 #1 #1", NULL},
    {"allow budget=1 | allow budget=1 | allow budget=1 | allow budget=1 | allow budget=1 | allow budget=1 | allow budget=1 | "
     "allow budget=1 | allow budget=1",
     RAW, "budget", NULL},

    /* special addresses stay so */
    {"allow http", "tcp 169.254.169.254 80 says=? asks=GET:/", "special", NULL},
    {"allow to=a.test http", "tcp 10.0.0.1 80 for=a.test says=a.test asks=GET:/", "special a.test", NULL},
    {"allow to=a.test@10.0.0.0/8 http", "tcp 10.0.0.1 80 for=a.test says=a.test asks=GET:/", "permit a.test", NULL},
};

TEST(each_request_has_its_answer)
{
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena *arena auto_arena = arena_new();
        struct net_decision decision;
        char text[300];

        decision = net_decide(say_rules(arena, rows[i].rules), say_question(arena, rows[i].question));
        if (strcmp(say_decision(&decision, text), rows[i].decision) != 0)
            test_fail(__FILE__, __LINE__, "%s: %s: '%s', not '%s'", rows[i].rules, rows[i].question, text,
                      rows[i].decision);
        if (rows[i].where && (!decision.where || strcmp(decision.where, rows[i].where) != 0))
            test_fail(__FILE__, __LINE__, "%s: %s: by '%s'", rows[i].rules, rows[i].question, decision.where);
    }
}

TEST(a_rule_about_requests_or_programs_lets_its_name_be_asked_for)
{
    static const char *const names[][2] = {
        {"allow to=a.test http", "permit a.test"},
        {"allow to=a.test by=1", "permit a.test"},
        {"allow to=b.test http", "no-rule a.test"},
        {"open; deny to=a.test http", "permit a.test"},
        {"open; deny http", "permit a.test"},
        {"open; deny", "by-rule a.test"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        struct arena *arena auto_arena = arena_new();
        struct net_decision decision = net_decide_name(say_rules(arena, names[i][0]), "a.test");
        char text[300];

        check_string(say_decision(&decision, text), names[i][1]);
    }
}

/* Made in memory, where no reader has refused them. */
TEST(what_is_no_request_is_granted_by_nothing_and_denied_by_everything)
{
    struct arena *arena auto_arena = arena_new();
    const struct net_request none = {0};
    struct net_question *question = say_question(arena, AT);

    question->request = &none;
    check_int(net_decide(say_rules(arena, "allow to=a.test http"), question).verdict, NET_REFUSE);
    check_int(net_decide(say_rules(arena, "open; deny to=a.test method=DELETE"), question).verdict, NET_REFUSE);
    question = say_question(arena, AT " asks=GET:/");
    check_int(net_decide(say_rules(arena, "allow to=a.test http"), question).verdict, NET_PERMIT);
    question->is_opened = true; /* of no TLS */
    check_int(net_decide(say_rules(arena, "allow to=a.test http"), question).verdict, NET_REFUSE);
    question->is_opened = false;
    question->said = NET_SAID_NOT_YET;
    check_int(net_decide(say_rules(arena, "allow to=a.test http"), question).verdict, NET_REFUSE);
}

TEST(only_an_allow_rule_opens_tls_in_whichever_layer_it_stands)
{
    struct net_rule plain = {.where = "plain"}, rules[] = {plain, {.where = "opens", .terminates = true}};
    struct net_layer layers[] = {{.where = "first", .allow = &plain, .allow_count = 1},
                                 {.where = "second", .allow = rules, .allow_count = 2}};
    const struct net_rules all = {.layers = layers, .layer_count = 2}, none = {0};

    check(net_rules_open_tls(&all));
    check(!net_rules_open_tls(&none));
    rules[1].terminates = false;
    check(!net_rules_open_tls(&all));
    layers[1] = (struct net_layer){.where = "second", .deny = rules, .deny_count = 2};
    rules[1].terminates = true;
    check(!net_rules_open_tls(&all));
}

TEST(tls_to_a_name_is_opened_by_rules_about_it_or_about_everything)
{
    struct net_peer named = {.host = "*.a.test"}, block = {.has_block = true, .block = {.family = AF_INET, .prefix = 8}};
    struct net_rule rule = {.where = "opens", .peers = &named, .peer_count = 1, .terminates = true};
    struct net_layer layer = {.where = "layer", .allow = &rule, .allow_count = 1};
    const struct net_rules all = {.layers = &layer, .layer_count = 1}, none = {0};

    check(net_rules_open_tls_to(&all, "x.a.test"));
    check(!net_rules_open_tls_to(&all, "x.b.test"));
    check(!net_rules_open_tls_to(&none, "x.a.test"));
    rule.peers = &block;
    check(!net_rules_open_tls_to(&all, "x.a.test"));
    rule.peer_count = 0;
    check(net_rules_open_tls_to(&all, "x.b.test"));
    rule.terminates = false;
    check(!net_rules_open_tls_to(&all, "x.b.test"));
    layer = (struct net_layer){.where = "layer", .deny = &rule, .deny_count = 1};
    rule.terminates = true;
    check(!net_rules_open_tls_to(&all, "x.b.test"));
}
