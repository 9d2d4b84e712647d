/* SPDX-License-Identifier: Apache-2.0 */
/* What rules mean for a name before its port is known. */
#include "gateway/dns_judge.h"

#include <errno.h>
#include <stdlib.h>

#include "base/memory.h"
#include "base/text.h"
#include "dns_rules.h"
#include "test.h"

static struct dns_judge *judge_of(const char *text)
{
    struct dns_judge *judge = NULL;

    check_int(dns_judge_new(rules_of(text), &judge, NULL), 0);
    return judge;
}

static struct net_decision decision_of(const char *rules, const char *name, const char *address, bool is_own)
{
    struct dns_judge *judge = judge_of(rules);
    struct net_address parsed = address_of(address);
    struct net_decision decision = dns_judge_address(judge, name, &parsed, is_own);

    dns_judge_free(judge);
    return decision;
}

static bool may(const char *rules, const char *name, const char *address)
{
    return decision_of(rules, name, address, false).verdict == NET_PERMIT;
}

TEST(a_public_address_of_a_granted_name_is_answered_whatever_its_port)
{
    check(may("allow a.example.org", "a.example.org", "93.184.216.34"));
    check(may("allow a.example.org tcp:22", "a.example.org", "93.184.216.34"));
    check(may("allow a.example.org tcp:65535", "a.example.org", "93.184.216.34"));
    check(may("allow a.example.org udp:123", "a.example.org", "2606:2800:220:1::1"));
    check(may("allow a.example.org any:1000-1001", "a.example.org", "93.184.216.34"));
    check(!may("allow a.example.org tcp:22", "b.example.org", "93.184.216.34"));
    check(!may("allow a.example.org tcp:22\ndeny a.example.org tcp:22", "a.example.org", "93.184.216.34"));
    check(may("allow a.example.org tcp:22-24\ndeny a.example.org tcp:22-23", "a.example.org", "93.184.216.34"));
}

/* Rebinding: a name that is granted leads to what is not. */
TEST(a_granted_name_grants_no_special_address)
{
    static const char *const special[] = {
        "127.0.0.1", "127.9.9.9", "0.0.0.0", "0.1.2.3", "255.255.255.255", "224.0.0.1", "240.0.0.1", "169.254.169.254",
        "169.254.1.1", "10.0.0.1", "172.16.0.1", "172.31.255.255", "192.168.1.1", "100.64.0.1", "100.100.100.200",
        "198.18.0.1", "192.0.0.1", "168.63.129.16", "::", "::1", "fe80::1", "fc00::1", "fd00:ec2::254", "fec0::1",
        "ff02::1", "::ffff:10.0.0.1", "::ffff:127.0.0.1", "::ffff:169.254.169.254", "64:ff9b::10.0.0.1",
        "64:ff9b::127.0.0.1", "64:ff9b::169.254.169.254", "2002:0a00:0001::1", "2002:7f00:0001::1", "::10.0.0.1",
    };
    static const char *const good[] = {"9.9.9.9", "172.32.0.1", "100.128.0.1", "169.253.1.1", "192.0.1.1",
                                       "2606:4700::1", "64:ff9b::9.9.9.9", "2002:0909:0909::1"};

    for (size_t i = 0; i < ARRAY_COUNT(special); i++) {
        struct net_decision decision = decision_of("allow a.example.org", "a.example.org", special[i], false);

        if (decision.verdict == NET_PERMIT || decision.reason != NET_SPECIAL)
            test_fail(__FILE__, __LINE__, "%s: %s", special[i], net_reason_text(decision.reason));
    }
    for (size_t i = 0; i < ARRAY_COUNT(good); i++)
        if (!may("allow a.example.org", "a.example.org", good[i]))
            test_fail(__FILE__, __LINE__, "%s is not answered", good[i]);
}

TEST(an_address_of_the_host_itself_is_special)
{
    check_int(decision_of("allow a.example.org", "a.example.org", "93.184.216.34", true).verdict, NET_REFUSE);
    check_int(decision_of("allow a.example.org", "a.example.org", "93.184.216.34", true).reason, NET_SPECIAL);
    check_int(decision_of("allow a.example.org@93.184.216.34/32", "a.example.org", "93.184.216.34", true).verdict,
              NET_PERMIT);
    check_int(decision_of("allow a.example.org@93.184.216.0/24", "a.example.org", "93.184.216.34", true).verdict,
              NET_REFUSE);
}

TEST(a_private_address_is_answered_to_the_rule_that_names_it)
{
    check(may("allow a.example.org@10.0.0.0/8", "a.example.org", "10.1.2.3"));
    check(!may("allow a.example.org@10.0.0.0/8", "a.example.org", "192.168.1.1"));
    check(!may("allow a.example.org@10.0.0.0/8", "b.example.org", "10.1.2.3"));
    check(may("allow a.example.org\nallow 10.0.0.0/8 tcp:5432", "a.example.org", "10.1.2.3"));
    check(!may("allow a.example.org@93.184.216.0/24", "a.example.org", "93.184.217.1"));
}

static bool alike(const char *rules, const char *a, const char *b)
{
    struct dns_judge *judge = judge_of(rules);
    struct net_address address = address_of("93.184.216.34");
    bool is_alike = dns_judge_are_alike(judge, a, b, &address, false);

    check_int(dns_judge_are_alike(judge, b, a, &address, false), is_alike);
    dns_judge_free(judge);
    return is_alike;
}

TEST(names_are_alike_where_no_raw_connection_would_tell_them_apart)
{
    check(alike("allow a.org\nallow b.org", "a.org", "b.org"));
    check(alike("allow a.org tcp:443\nallow b.org tcp:80", "a.org", "b.org"));
    check(alike("allow a.org tcp:22-24\nallow b.org tcp:22-23\nallow b.org tcp:24", "a.org", "b.org"));
    check(alike("allow *.a.org", "x.a.org", "y.a.org"));
    check(alike("open", "a.org", "b.org"));
    check(alike("allow 93.184.216.0/24\nallow a.org\nallow b.org tcp:22", "a.org", "b.org"));
    check(!alike("allow a.org\nallow b.org tcp:443", "a.org", "b.org"));
    check(!alike("allow a.org tcp:22\nallow b.org tcp:443", "a.org", "b.org"));
    check(!alike("allow a.org tcp:22-24\nallow b.org tcp:22-23", "a.org", "b.org"));
    check(!alike("allow a.org udp:53\nallow b.org tcp:53", "a.org", "b.org"));
    check(!alike("allow a.org tcp:1\nallow b.org tcp:2", "a.org", "b.org"));
    check(!alike("allow a.org tcp:65535\nallow b.org tcp:443", "a.org", "b.org"));
    check(!alike("allow a.org\nallow b.org\ndeny b.org tcp:6667", "a.org", "b.org"));
    check(!alike("open\ndeny b.org", "a.org", "b.org"));
}

TEST(a_resolver_that_is_granted_by_address_may_be_asked_anything)
{
    static const struct {
        const char *rules;
        bool is_open;
    } rows[] = {
        {"open", true},
        {"allow 9.9.9.9/32", true},
        {"allow 9.9.9.9/32 udp:53", true},
        {"allow 9.9.9.0/24 any:53", true},
        {"allow 9.9.9.9/32 tcp:53", false},
        {"allow 9.9.9.9/32 udp:54", false},
        {"allow 9.9.9.8/32 udp:53", false},
        {"allow dns.example.org udp:53", false},
        {"allow dns.example.org@9.9.9.9/32 udp:53", false},
        {"open\ndeny 9.9.9.9/32 udp:53", false},
    };
    struct net_address address = address_of("9.9.9.9");

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct dns_judge *judge = judge_of(rows[i].rules);

        if (dns_judge_is_open_resolver(judge, &address, false) != rows[i].is_open)
            test_fail(__FILE__, __LINE__, "%s", rows[i].rules);
        dns_judge_free(judge);
    }
}

TEST(rules_of_more_ports_than_are_tried_are_refused)
{
    struct text text auto_text = {0};
    struct dns_judge *judge = NULL;
    struct error err = ERROR_INIT;

    for (unsigned i = 0; i < 1000; i++)
        text_printf(&text, "allow a.org tcp:%u\n", 1000 + 3 * i);
    check_int(dns_judge_new(rules_of(text.data), &judge, &err), 0);
    dns_judge_free(judge);
    for (unsigned i = 1000; i < 2100; i++)
        text_printf(&text, "allow a.org tcp:%u\n", 1000 + 3 * i);
    judge = NULL;
    check_int(dns_judge_new(rules_of(text.data), &judge, &err), -E2BIG);
    check_int(err.kind, ERROR_LIMIT);
    check(!judge);
}

static int attempt_new(void)
{
    struct dns_judge *judge = NULL;
    int status = dns_judge_new(rules_of("allow a.org"), &judge, NULL);

    dns_judge_free(judge);
    return status;
}

TEST(a_judge_that_finds_no_memory_says_so)
{
    test_each_allocation_fails(attempt_new, 8);
}
