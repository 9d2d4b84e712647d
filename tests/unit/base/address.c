/* SPDX-License-Identifier: Apache-2.0 */
/* Address blocks as text. */
#include "base/address.h"

#include <errno.h>
#include <sys/socket.h>

#include "test.h"

static struct net_block block_of(const char *text)
{
    struct net_block block = {0};

    check_int(net_block_parse(text, &block, NULL), 0);
    return block;
}

TEST(an_address_without_a_prefix_is_one_host)
{
    struct net_block block = block_of("192.0.2.1");

    check_int(block.family, AF_INET);
    check_int(block.prefix, 32);
    check(memcmp(block.address, "\xc0\0\x02\x01", 4) == 0);
    block = block_of("2001:db8::1");
    check_int(block.family, AF_INET6);
    check_int(block.prefix, 128);
}

TEST(what_is_nearly_a_block_is_refused)
{
    static const char *const wrong[] = {
        "",
        "example.org",
        "192.0.2",
        "192.0.2.256",
        "192.0.2.0/33",
        "192.0.2.0/",
        "/24",
        "192.0.2.0/-1",
        "192.0.2.0/2x",
        "2001:db8::/129",
        "2001:db8:::",
        "192.0.2.0/24/24",
        " 192.0.2.1",
        "fe80::1%eth0",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb",
    };
    struct net_block block = {.family = -7};
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < ARRAY_COUNT(wrong); i++)
        if (net_block_parse(wrong[i], &block, &err) >= 0)
            test_fail(__FILE__, __LINE__, "'%s' was read", wrong[i]);
    check_int(block.family, -7);
}

TEST(bits_behind_the_prefix_are_refused)
{
    struct net_block block = {0};
    struct error err = ERROR_INIT;

    check_int(net_block_parse("192.0.2.1/24", &block, &err), -EINVAL);
    check_contains(err.text, "behind its prefix");
    check_int(net_block_parse("192.0.2.0/24", &block, &err), 0);
    check_int(net_block_parse("128.0.0.0/1", &block, &err), 0);
    check_int(net_block_parse("0.0.0.0/0", &block, &err), 0);
    check_int(net_block_parse("2001:db8::1/127", &block, &err), -EINVAL);
}

TEST(a_block_contains_what_lies_in_it_and_nothing_else)
{
    static const struct {
        const char *outer, *inner;
        bool contains;
    } rows[] = {
        {"10.0.0.0/8", "10.255.0.1", true}, {"10.0.0.0/8", "10.0.0.0/8", true},
        {"10.0.0.0/8", "11.0.0.1", false},  {"10.0.0.0/8", "10.0.0.0/7", false},
        {"0.0.0.0/0", "192.0.2.1", true},   {"192.0.2.0/25", "192.0.2.128", false},
        {"::/0", "2001:db8::1", true},      {"2001:db8::/33", "2001:db8:8000::/34", false},
        {"0.0.0.0/0", "::1", false},        {"::/0", "127.0.0.1", false},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct net_block outer = block_of(rows[i].outer), inner = block_of(rows[i].inner);

        if (net_block_contains(&outer, &inner) != rows[i].contains)
            test_fail(__FILE__, __LINE__, "%s, %s", rows[i].outer, rows[i].inner);
    }
}
