/* SPDX-License-Identifier: Apache-2.0 */
/* The blocks and ports that routes and listeners are made for. */
#include <errno.h>
#include <sys/socket.h>

#include "base/text.h"
#include "properties.h"
#include "say.h"
#include "test.h"

static void add_block(struct text *out, const struct net_block *block)
{
    struct net_address address = {.family = block->family};
    char text[NET_ADDRESS_TEXT_SIZE];

    memcpy(address.bytes, block->address, 16);
    net_address_print(&address, text);
    text_printf(out, "%s%s/%u", out->length ? " " : "", text, block->prefix);
}

static void check_blocks(const char *rules, int family, const char *expected)
{
    struct arena *arena auto_arena = arena_new();
    struct text out auto_text = {0};
    struct net_block *blocks;
    size_t count;

    check_int(net_reachable_blocks(say_rules(arena, rules), arena, family, &blocks, &count, NULL), 0);
    for (size_t i = 0; i < count; i++)
        add_block(&out, &blocks[i]);
    if (strcmp(out.data ? out.data : "", expected) != 0)
        test_fail(__FILE__, __LINE__, "%s: '%s', not '%s'", rules, out.data, expected);
}

TEST(blocks_are_what_rules_grant_without_what_they_deny)
{
    static const char *const rows[][2] = {
        {"", ""},
        {"shut", ""},
        {"allow to=93.184.216.34", "93.184.216.34/32"},
        {"allow to=93.184.216.34 tcp:443", "93.184.216.34/32"},
        {"allow to=93.184.216.34 to=93.184.216.35", "93.184.216.34/31"},
        {"allow to=93.184.216.35; allow to=93.184.216.34", "93.184.216.34/31"},
        {"allow to=93.184.216.0/24 to=93.184.216.34", "93.184.216.0/24"},
        {"allow to=93.184.216.0/30!93.184.216.1", "93.184.216.0/32 93.184.216.2/31"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25", "93.184.216.0/25"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25 any", "93.184.216.0/25"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25 tcp", "93.184.216.0/24"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25 any:25", "93.184.216.0/24"},
        {"allow to=93.184.216.0/24; deny to=a.test@93.184.216.128/25", "93.184.216.0/24"},
        {"allow to=93.184.216.0/24; deny to=a.test", "93.184.216.0/24"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.0/24!93.184.216.1", "93.184.216.1/32"},
        {"allow to=93.184.216.0/24; deny", ""},
        {"allow to=93.184.216.0/24; deny any", ""},
        {"allow to=93.184.216.0/24; deny tcp", "93.184.216.0/24"},
        {"allow to=93.184.216.0/24 | allow to=93.184.216.128/25", "93.184.216.128/25"},
        {"allow to=93.184.216.0/24 | allow to=93.184.217.0/24", ""},
        {"allow to=93.184.216.0/24 | open; deny to=93.184.216.128/25", "93.184.216.0/25"},
        {"allow to=a.test@93.184.216.0/24", "93.184.216.0/24"},
        {"allow to=a.test | allow to=93.184.216.0/24", "93.184.216.0/24"},
        {"allow to=a.test | allow to=10.0.0.0/8", ""}, /* a name alone leads nowhere private */
        {"limit | shut", ""},
        {"allow to=169.254.169.254 | limit", "169.254.169.254/32"},
        {"allow to=93.184.216.0/24 | limit; deny to=93.184.216.128/25", "93.184.216.0/25"},
        {"allow to=93.184.216.34 http", "93.184.216.34/32"},
        {"allow to=93.184.216.34 by=1", "93.184.216.34/32"},
        {"allow to=93.184.216.34; deny http", "93.184.216.34/32"},
        {"allow to=127.0.0.0/8", ""},
        {"allow to=126.0.0.0/7", "126.0.0.0/8"},
        {"allow to=224.0.0.0/4 to=0.0.0.0/8", ""},
        {"allow to=169.254.0.0/16", "169.254.0.0/16"},
        {"allow to=169.254.169.254", "169.254.169.254/32"},
        {"allow to=169.254.0.0/15", "169.255.0.0/16"},
        {"allow to=100.100.100.200/31", "100.100.100.200/31"},
        {"allow to=100.100.100.200", "100.100.100.200/32"},
        {"allow to=169.254.169.254 | open", ""},
        {"allow to=::ffff:93.184.216.0/120", "93.184.216.0/24"},
        {"allow to=93.184.216.0/24; deny to=::ffff:93.184.216.128/121", "93.184.216.0/25"},
        {"allow to=::/0", ""},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check_blocks(rows[i][0], AF_INET, rows[i][1]);
    check_blocks("allow to=2001:db8::/32", AF_INET6, "2001:db8::/32");
    check_blocks("allow to=2001:db8::/32", AF_INET, "");
    check_blocks("allow to=a.test", AF_INET6, "64:ff9b::/96 2000::/3");
    check_blocks("open", AF_INET6, "64:ff9b::/96 2000::/3 fc00::/7 fec0::/10");
    check_blocks("allow to=::1 to=ff00::/8 to=4000::/3", AF_INET6, "");
    check_blocks("allow to=fe80::/64", AF_INET6, "fe80::/64");
    check_blocks("allow to=fe80::/9", AF_INET6, "fec0::/10");
    check_blocks("allow to=64:ff9b::/96; deny to=64:ff9b::/97", AF_INET6, "64:ff9b::8000:0/97");
}

static void check_echoes(const char *rules, const char *expected)
{
    struct arena *arena auto_arena = arena_new();
    struct text out auto_text = {0};
    struct net_block *blocks;
    size_t count;

    check_int(net_reachable_blocks_by(say_rules(arena, rules), arena, NET_ICMP, AF_INET, &blocks, &count, NULL), 0);
    for (size_t i = 0; i < count; i++)
        add_block(&out, &blocks[i]);
    if (strcmp(out.data ? out.data : "", expected) != 0)
        test_fail(__FILE__, __LINE__, "%s: '%s', not '%s'", rules, out.data, expected);
}

TEST(blocks_of_echoes_are_those_of_rules_about_icmp)
{
    static const char *const rows[][2] = {
        {"shut", ""},
        {"allow to=93.184.216.34", "93.184.216.34/32"},
        {"allow to=93.184.216.34 icmp", "93.184.216.34/32"},
        {"allow to=93.184.216.34 any", "93.184.216.34/32"},
        {"allow to=93.184.216.34 tcp", ""},
        {"allow to=93.184.216.34 any:443", ""},
        {"allow to=93.184.216.34 tcp:443 icmp", "93.184.216.34/32"},
        {"allow to=93.184.216.34 http", ""},
        {"allow to=93.184.216.34 by=1", "93.184.216.34/32"},
        {"allow to=93.184.216.34 tls", "93.184.216.34/32"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25 icmp", "93.184.216.0/25"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25 any", "93.184.216.0/25"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25", "93.184.216.0/25"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25 tcp", "93.184.216.0/24"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25 any:1", "93.184.216.0/24"},
        {"allow to=93.184.216.0/24; deny to=93.184.216.128/25 http", "93.184.216.0/24"},
        {"allow to=93.184.216.0/24 | allow to=93.184.216.0/25 icmp", "93.184.216.0/25"},
        {"allow to=93.184.216.0/24 | allow to=93.184.216.0/25 tcp", ""},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check_echoes(rows[i][0], rows[i][1]);
}

TEST(everything_is_all_but_what_is_never_reached)
{
    struct arena *arena auto_arena = arena_new();
    struct reachable reachable = {0};
    char why[WHY_SIZE];
    static const struct {
        const char *address;
        bool has;
    } rows[] = {
        {"1.0.0.0", true},        {"223.255.255.255", true}, {"10.0.0.1", true},  {"126.255.255.255", true},
        {"128.0.0.0", true},      {"127.0.0.1", false},      {"0.0.0.1", false},  {"224.0.0.1", false},
        {"255.255.255.255", false}, {"169.254.0.1", false},  {"100.100.100.200", true}, {"100.100.100.199", true},
        {"2000::", true},         {"3fff::1", true},         {"fc00::1", true},   {"fec0::1", true},
        {"::1", false},           {"::", false},             {"fe80::1", false},  {"ff02::1", false},
        {"4000::", false},        {"64:ff9b::1", true},      {"64:ff9b:1::1", false}, {"fd00:ec2::1", true},
    };

    check_int(reachable_init(&reachable, arena, say_rules(arena, "open"), why), 0);
    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct net_address address = say_address(rows[i].address);

        if (reachable_has(&reachable, &address) != rows[i].has)
            test_fail(__FILE__, __LINE__, "%s", rows[i].address);
    }
}

/* Every second address of so many. */
static struct net_rules *scattered(struct arena *arena, int family, unsigned count)
{
    struct net_rules *rules = say_rules(arena, "shut");
    struct net_layer *layer = &rules->layers[0];
    struct net_rule *rule = arena_append(arena, layer->allow, layer->allow_count);

    rule->where = "scattered";
    for (unsigned i = 0; i < count; i++) {
        struct net_peer *peer = arena_append(arena, rule->peers, rule->peer_count);
        unsigned at = family == AF_INET ? 0 : 12;

        peer->has_block = true;
        peer->block = say_block(family == AF_INET ? "126.255.0.0" : "2001:db8::");
        peer->block.address[at + 2] = (unsigned char)(i >> 7);
        peer->block.address[at + 3] = (unsigned char)(i << 1);
        if (family == AF_INET6)
            peer->block.address[13] = (unsigned char)(i >> 15);
    }
    return rules;
}

static size_t addresses_of(const struct net_block *blocks, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; i < count; i++)
        sum += (size_t)1 << (32 - blocks[i].prefix);
    return sum;
}

/* Together all there are, and none in both. */
TEST(other_blocks_are_the_rest)
{
    static const char *const rows[] = {"", "open", "allow to=a.test", "allow to=93.184.216.34", "allow to=0.0.0.0/1",
                                       "allow to=93.184.216.0/30!93.184.216.1; deny to=93.184.216.3"};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct arena *arena auto_arena = arena_new();
        struct net_block *blocks, *others;
        size_t count, other_count;

        check_int(net_reachable_blocks(say_rules(arena, rows[i]), arena, AF_INET, &blocks, &count, NULL), 0);
        check_int(net_other_blocks(blocks, count, arena, AF_INET, &others, &other_count, NULL), 0);
        check_int(addresses_of(blocks, count) + addresses_of(others, other_count), (size_t)1 << 32);
        for (size_t j = 0; j < count; j++)
            for (size_t k = 0; k < other_count; k++)
                check(!net_block_contains(&blocks[j], &others[k]) && !net_block_contains(&others[k], &blocks[j]));
    }
}

TEST(too_many_blocks_become_wider_ones)
{
    static const int families[] = {AF_INET, AF_INET6};

    for (int i = 0; i < 2; i++) {
        for (unsigned count = 4096; count < 40000; count += 5000) {
            struct arena *arena auto_arena = arena_new();
            struct net_rules *rules = scattered(arena, families[i], count < 32768 || i ? count : 32768);
            struct reachable reachable = {0};
            char why[WHY_SIZE];

            check_int(reachable_init(&reachable, arena, rules, why), 0);
            check(reachable.block_count[i] <= 4096);
            if (count == 4096)
                check_int(reachable.block_count[i], 4096); /* exact */
            else
                check(reachable.block_count[i] < 20); /* every second address: all of them */
            check_int(reachable.block_count[!i], 0);
            for (size_t j = 0; j < rules->layers[0].allow[0].peer_count; j += 61) {
                struct net_address address = {.family = families[i]};

                memcpy(address.bytes, rules->layers[0].allow[0].peers[j].block.address, 16);
                check(reachable_has(&reachable, &address));
            }
        }
    }
}

/* Every second /16 of what is given out, and 64:ff9b::/96, which is ::/16 when widened as much as these need. */
TEST(wider_blocks_do_not_swallow_what_is_never_reached)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, "allow to=64:ff9b::/96");
    struct net_rule *rule = &rules->layers[0].allow[0];
    struct net_address loopback = say_address("::1"), local = say_address("64:ff9b:1::1");
    struct net_address granted = say_address("64:ff9b::1.2.3.4"), beside = say_address("2001::1");
    struct reachable reachable = {0};
    char why[WHY_SIZE];

    for (unsigned i = 0x2000; i < 0x4000; i += 2) {
        struct net_peer *peer = arena_append(arena, rule->peers, rule->peer_count);

        peer->has_block = true;
        peer->block = say_block("::/16");
        peer->block.address[0] = (unsigned char)(i >> 8);
        peer->block.address[1] = (unsigned char)i;
    }
    check_int(reachable_init(&reachable, arena, rules, why), 0);
    check(reachable_has(&reachable, &beside)); /* they are widened */
    check(reachable_has(&reachable, &granted));
    check(!reachable_has(&reachable, &loopback) && !reachable_has(&reachable, &local));
}

static void check_ports(const char *rules, enum net_protocol protocol, const char *expected)
{
    struct arena *arena auto_arena = arena_new();
    struct text out auto_text = {0};
    struct net_ports *ports;
    size_t count;

    check_int(net_reachable_ports(say_rules(arena, rules), arena, protocol, &ports, &count, NULL), 0);
    for (size_t i = 0; i < count; i++)
        text_printf(&out, "%s%u-%u%s", i ? " " : "", ports[i].first, ports[i].last, ports[i].has_port ? "" : " all");
    if (strcmp(out.data ? out.data : "", expected) != 0)
        test_fail(__FILE__, __LINE__, "%s: '%s', not '%s'", rules, out.data, expected);
}

TEST(ports_are_what_rules_grant_without_what_they_deny)
{
    static const struct {
        const char *rules;
        enum net_protocol protocol;
        const char *ports;
    } rows[] = {
        {"", NET_TCP, ""},
        {"shut", NET_TCP, ""},
        {"open", NET_TCP, "1-65535"},
        {"limit", NET_TCP, "1-65535"},
        {"allow tcp:80-90 | limit; deny tcp:85", NET_TCP, "80-84 86-90"},
        {"open", NET_UDP, "1-65535"},
        {"open", NET_ICMP, "0-65535 all"},
        {"allow", NET_TCP, "1-65535"},
        {"allow tcp:443", NET_TCP, "443-443"},
        {"allow tcp:443", NET_UDP, ""},
        {"allow tcp:443", NET_ICMP, ""},
        {"allow any:443", NET_UDP, "443-443"},
        {"allow any:443", NET_ICMP, ""},
        {"allow any", NET_ICMP, "0-65535 all"},
        {"allow tcp", NET_TCP, "1-65535"},
        {"allow tcp", NET_ICMP, ""},
        {"allow tcp:80-90 tcp:85-100 tcp:101 tcp:22", NET_TCP, "22-22 80-101"},
        {"allow to=10.0.0.0/8 tcp:80; allow to=11.0.0.0/8 tcp:81", NET_TCP, "80-81"},
        {"allow tcp:80-90 | allow any:85-100", NET_TCP, "85-90"},
        {"allow tcp:80-90 | allow any:85-100", NET_UDP, ""},
        {"allow tcp:80 | shut", NET_TCP, ""},
        {"allow tcp:80 | open", NET_TCP, "80-80"},
        {"open; deny tcp:25", NET_TCP, "1-24 26-65535"},
        {"open; deny tcp:25", NET_UDP, "1-65535"},
        {"open; deny to=10.0.0.0/8 tcp:25", NET_TCP, "1-65535"},
        {"open; deny to=a.test tcp:25", NET_TCP, "1-65535"},
        {"open; deny to=0.0.0.0/0 tcp:25", NET_TCP, "1-65535"},
        {"open; deny to=0.0.0.0/0 to=::/0 tcp:25", NET_TCP, "1-24 26-65535"},
        {"open; deny to=0.0.0.0/0!10.0.0.0/8 to=::/0 tcp:25", NET_TCP, "1-65535"},
        {"open; deny to=a.test@0.0.0.0/0 to=::/0 tcp:25", NET_TCP, "1-65535"},
        {"open; deny", NET_TCP, ""},
        {"open; deny icmp", NET_ICMP, ""},
        {"open; deny any:25", NET_ICMP, "0-65535 all"},
        {"allow tcp:80 | open; deny tcp:80", NET_TCP, ""},
        {"allow to=a.test", NET_TCP, "1-65535"},
        {"allow to=a.test", NET_UDP, ""}, /* a name is no grant for datagrams */
        {"allow to=a.test any:443", NET_UDP, ""},
        {"allow to=a.test@10.0.0.0/8 any:443", NET_UDP, ""},
        {"allow to=a.test udp:443", NET_UDP, "443-443"},
        {"allow to=a.test to=10.0.0.0/8 any:443", NET_UDP, "443-443"},
        {"allow to=a.test", NET_ICMP, "0-65535 all"},
        {"allow http", NET_TCP, "1-65535"},
        {"allow http", NET_UDP, ""},
        {"allow http", NET_ICMP, ""},
        {"allow http tcp:80; allow udp:53", NET_UDP, "53-53"},
        {"allow by=1 tcp:22", NET_TCP, "22-22"},
        {"allow tcp:80-90; deny http tcp:85", NET_TCP, "80-90"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        check_ports(rows[i].rules, rows[i].protocol, rows[i].ports);
}

TEST(there_are_no_blocks_and_ports_of_what_is_none)
{
    struct arena *arena auto_arena = arena_new();
    struct net_rules *rules = say_rules(arena, "open");
    struct net_block *blocks = NULL;
    struct net_ports *ports = NULL;
    struct error err = ERROR_INIT;
    size_t count = 7;

    check_int(net_reachable_blocks(rules, arena, AF_UNIX, &blocks, &count, &err), -EINVAL);
    check_int(net_reachable_blocks_by(rules, arena, (enum net_protocol)4, AF_INET, &blocks, &count, &err), -EINVAL);
    check_int(net_reachable_ports(rules, arena, NET_ANY, &ports, &count, &err), -EINVAL);
    check(!blocks && !ports);
    check_int(count, 7);
}

static int attempt_reachable(void)
{
    struct arena *arena auto_arena = NULL, *own auto_arena = NULL;
    struct reachable reachable = {0};
    struct net_rules *rules;
    char why[WHY_SIZE];
    long rest = mem_fail_after(-1);

    own = arena_new();
    rules = say_rules(own, "allow to=10.0.0.0/8!10.1.0.0/16 to=a.test tcp:80; deny to=10.2.0.0/16 | open; deny tcp:25");
    mem_fail_after(rest);
    arena = arena_new();
    return arena ? reachable_init(&reachable, arena, rules, why) : -ENOMEM;
}

static struct arena *large;
static struct net_rules *large_rules;

static int attempt_large(void)
{
    struct arena *arena auto_arena = arena_new();
    struct reachable reachable = {0};
    char why[WHY_SIZE];

    return arena ? reachable_init(&reachable, arena, large_rules, why) : -ENOMEM;
}

TEST(blocks_and_ports_fail_cleanly_without_memory)
{
    test_each_allocation_fails(attempt_reachable, 20000);
    large = arena_new();
    large_rules = scattered(large, AF_INET, 100);
    test_each_allocation_fails(attempt_large, 20000);
    arena_free(large);
}
