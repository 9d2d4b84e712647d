/* SPDX-License-Identifier: Apache-2.0 */
/* Single addresses: text, classes, what they embed, blocks. */
#include "net/address.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "net/special.h"
#include "test.h"

static struct net_address address_of(const char *text)
{
    struct net_address address;

    if (net_address_parse(text, strlen(text), &address) < 0)
        test_fail(__FILE__, __LINE__, "'%s' is no address", text);
    return address;
}

static struct net_block block_of(const char *text)
{
    struct net_block block;

    if (net_block_parse(text, &block, NULL) < 0)
        test_fail(__FILE__, __LINE__, "'%s' is no block", text);
    return block;
}

TEST(an_address_is_read_in_full_and_printed_in_one_way)
{
    static const char *const rows[][2] = {
        {"192.0.2.1", "192.0.2.1"}, {"0.0.0.0", "0.0.0.0"},       {"::", "::"},
        {"2001:DB8:0:0::1", "2001:db8::1"}, {"::ffff:192.0.2.1", "::ffff:192.0.2.1"}, {"64:ff9b::a00:1", "64:ff9b::a00:1"},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct net_address address = address_of(rows[i][0]);
        char text[NET_ADDRESS_TEXT_SIZE];

        net_address_print(&address, text);
        check_string(text, rows[i][1]);
    }
}

TEST(what_only_some_parsers_take_for_an_address_is_none)
{
    static const char *const rows[] = {
        "", "1", "127.1", "127.0.1", "0177.0.0.1", "127.0.0.01", "127.0.0.1.", "1.2.3.4.5", "256.0.0.1", "0x7f.0.0.1",
        "2130706433", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4/32", "1.2.3.4:80", "+1.2.3.4", "-1.2.3.4", "1..3.4", "::1%lo",
        "fe80::1%25eth0", "[::1]", "::1/128", ":::", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "::12345", "::ffff:127.1",
        "::ffff:0127.0.0.1", "::g", "example.org", "1::2::3", "\xef\xbc\x91.2.3.4",
        "0000:0000:0000:0000:0000:ffff:192.168.100.228.1.1",
    };
    struct net_address address = {.family = 7};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (net_address_parse(rows[i], strlen(rows[i]), &address) != -EINVAL)
            test_fail(__FILE__, __LINE__, "'%s' was read", rows[i]);
    check_int(net_address_parse("1.2.3.4\0", 8, &address), -EINVAL);
    check_int(net_address_parse("1.2.3.4\0.5", 10, &address), -EINVAL);
    check_int(address.family, 7);
}

TEST(each_special_address_has_its_class_and_its_neighbour_has_not)
{
    static const struct {
        const char *address;
        enum net_address_class class;
    } rows[] = {
        {"93.184.216.34", NET_PUBLIC},     {"0.0.0.0", NET_UNUSABLE},         {"0.255.255.255", NET_UNUSABLE},
        {"1.0.0.0", NET_PUBLIC},           {"10.0.0.0", NET_PRIVATE},         {"10.255.255.255", NET_PRIVATE},
        {"9.255.255.255", NET_PUBLIC},     {"11.0.0.0", NET_PUBLIC},          {"100.63.255.255", NET_PUBLIC},
        {"100.64.0.0", NET_PRIVATE},       {"100.127.255.255", NET_PRIVATE},  {"100.128.0.0", NET_PUBLIC},
        {"100.100.100.200", NET_METADATA}, {"100.100.100.201", NET_PRIVATE},  {"126.255.255.255", NET_PUBLIC},
        {"127.0.0.1", NET_LOOPBACK},       {"127.255.255.255", NET_LOOPBACK}, {"128.0.0.0", NET_PUBLIC},
        {"168.63.129.16", NET_METADATA},   {"168.63.129.17", NET_PUBLIC},     {"169.253.255.255", NET_PUBLIC},
        {"169.254.169.254", NET_LINK_LOCAL}, {"169.254.0.0", NET_LINK_LOCAL}, {"169.255.0.0", NET_PUBLIC},
        {"172.15.255.255", NET_PUBLIC},    {"172.16.0.0", NET_PRIVATE},       {"172.31.255.255", NET_PRIVATE},
        {"172.32.0.0", NET_PUBLIC},        {"192.0.0.1", NET_PRIVATE},        {"192.0.0.192", NET_METADATA},
        {"192.0.1.0", NET_PUBLIC},         {"192.0.2.1", NET_PUBLIC},         {"192.167.255.255", NET_PUBLIC},
        {"192.168.0.0", NET_PRIVATE},      {"192.168.255.255", NET_PRIVATE},  {"192.169.0.0", NET_PUBLIC},
        {"198.17.255.255", NET_PUBLIC},    {"198.18.0.0", NET_PRIVATE},       {"198.19.255.255", NET_PRIVATE},
        {"198.20.0.0", NET_PUBLIC},        {"223.255.255.255", NET_PUBLIC},   {"224.0.0.1", NET_UNUSABLE},
        {"239.255.255.255", NET_UNUSABLE}, {"240.0.0.1", NET_UNUSABLE},       {"255.255.255.255", NET_UNUSABLE},
        {"::", NET_UNUSABLE},              {"::1", NET_LOOPBACK},             {"::2", NET_UNUSABLE},
        {"2001:db8::1", NET_PUBLIC},       {"2606:4700::1", NET_PUBLIC},      {"3fff:ffff::", NET_PUBLIC},
        {"1fff::1", NET_UNUSABLE},         {"4000::1", NET_UNUSABLE},         {"100::1", NET_UNUSABLE},
        {"fc00::1", NET_PRIVATE},          {"fdff::1", NET_PRIVATE},          {"fe00::1", NET_UNUSABLE},
        {"fe80::1", NET_LINK_LOCAL},       {"febf::1", NET_LINK_LOCAL},       {"fec0::1", NET_PRIVATE},
        {"feff::1", NET_PRIVATE},          {"ff02::1", NET_UNUSABLE},         {"fd00:ec2::254", NET_METADATA},
        {"fd00:ec3::254", NET_PRIVATE},    {"fd20:ce::254", NET_METADATA},    {"fd20:ce::253", NET_PRIVATE},
        {"fd00:42::42", NET_METADATA},
        /* what they embed */
        {"::ffff:10.0.0.1", NET_PRIVATE},  {"::ffff:127.0.0.1", NET_LOOPBACK}, {"::ffff:1.1.1.1", NET_PUBLIC},
        {"::ffff:169.254.169.254", NET_LINK_LOCAL}, {"::ffff:0.0.0.0", NET_UNUSABLE},
        {"64:ff9b::1.1.1.1", NET_PUBLIC},  {"64:ff9b::10.0.0.1", NET_PRIVATE}, {"64:ff9b::7f00:1", NET_LOOPBACK},
        {"64:ff9b::a9fe:a9fe", NET_LINK_LOCAL}, {"64:ff9b::168.63.129.16", NET_METADATA},
        {"64:ff9b::", NET_UNUSABLE},       {"64:ff9b:1::1.1.1.1", NET_UNUSABLE},
        {"2002:0101:0101::1", NET_PUBLIC}, {"2002:7f00:1::1", NET_LOOPBACK},   {"2002:a9fe:a9fe::", NET_LINK_LOCAL},
        {"2002:c0a8:1::1", NET_PRIVATE},   {"2003:c0a8:1::1", NET_PUBLIC},
        {"2001:0:102:304::fefe:fefe", NET_PUBLIC}, {"2001:0:102:304::f5ff:fffe", NET_PRIVATE}, /* 10.0.0.1 turned */
        {"2001:0:102:304::80ff:fffe", NET_LOOPBACK}, {"2001:0:102:304::5601:5601", NET_LINK_LOCAL},
        {"::10.0.0.1", NET_UNUSABLE},      {"::1.1.1.1", NET_UNUSABLE},       {"::127.0.0.1", NET_UNUSABLE},
        {"2606:4700::5efe:10.0.0.1", NET_PRIVATE}, {"2606:4700::200:5efe:10.0.0.1", NET_PRIVATE},
        {"2606:4700::5efe:1.1.1.1", NET_PUBLIC}, {"2606:4700::5eff:10.0.0.1", NET_PUBLIC},
        {"::ffff:0:10.0.0.1", NET_UNUSABLE},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct net_address address = address_of(rows[i].address);
        enum net_address_class class = net_address_class(&address);

        if (class != rows[i].class)
            test_fail(__FILE__, __LINE__, "%s is %s", rows[i].address, net_address_class_name(class));
    }
}

TEST(an_unknown_family_is_never_usable)
{
    struct net_address address = {.family = AF_UNIX};
    char text[NET_ADDRESS_TEXT_SIZE];

    check_int(net_address_class(&address), NET_UNUSABLE);
    net_address_print(&address, text);
    check_string(text, "?");
    check_string(net_address_class_name(NET_PRIVATE), "private");
    check_string(net_address_class_name((enum net_address_class)99), "unknown");
}

/* net_reachable_blocks() and the rule 'inside the special range' rest on this. */
TEST(the_table_of_special_blocks_is_in_order)
{
    size_t count;
    const struct net_special *rows = net_special_rows(&count);

    for (size_t i = 0; i < count; i++) {
        for (unsigned bit = rows[i].block.prefix; bit < (rows[i].block.family == AF_INET ? 32 : 128); bit++)
            check(!(rows[i].block.address[bit / 8] & (0x80 >> bit % 8)));
        for (size_t j = 0; j < count; j++) {
            if (i == j || !net_block_contains(&rows[j].block, &rows[i].block))
                continue;
            check(i < j); /* the narrower one counts */
            check(rows[j].class != NET_LINK_LOCAL && rows[j].class != NET_METADATA);
        }
    }
}

TEST(an_address_embeds_another_where_a_gateway_would_dial_that)
{
    static const char *const rows[][2] = {
        {"64:ff9b::192.0.2.1", "192.0.2.1"},     {"2002:c000:201::", "192.0.2.1"},
        {"2001:0:1:2:3:4:3fff:fdfe", "192.0.2.1"}, {"::192.0.2.1", "192.0.2.1"},
        {"::ffff:0:192.0.2.1", "192.0.2.1"},     {"2001:db8::5efe:192.0.2.1", "192.0.2.1"},
        {"64:ff9b:0:1::192.0.2.1", NULL},        {"2003:c000:201::", NULL},
        {"2001:1::3fff:fdfe", NULL},             {"2001:db8::192.0.2.1", NULL},
        {"192.0.2.1", NULL},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct net_address address = address_of(rows[i][0]), inner;
        char text[NET_ADDRESS_TEXT_SIZE];

        if (net_address_embedded(&address, &inner) != (rows[i][1] != NULL))
            test_fail(__FILE__, __LINE__, "%s", rows[i][0]);
        if (!rows[i][1])
            continue;
        net_address_print(&inner, text);
        check_string(text, rows[i][1]);
    }
}

TEST(a_mapped_address_is_the_ipv4_address_that_it_means)
{
    struct net_address mapped = address_of("::ffff:10.0.0.1"), plain = address_of("10.0.0.1");
    struct net_address other = address_of("::fffe:10.0.0.1"), unmapped = net_address_unmapped(&mapped);

    check(net_address_equals(&unmapped, &plain));
    check(!net_address_equals(&mapped, &plain));
    unmapped = net_address_unmapped(&other);
    check(net_address_equals(&unmapped, &other));
}

TEST(a_block_has_what_lies_in_it_in_either_spelling)
{
    static const struct {
        const char *block, *address;
        bool has;
    } rows[] = {
        {"10.0.0.0/8", "10.1.2.3", true},           {"10.0.0.0/8", "11.0.0.0", false},
        {"0.0.0.0/0", "10.1.2.3", true},            {"0.0.0.0/0", "::1", false},
        {"::/0", "2001:db8::1", true},              {"::/0", "10.1.2.3", false},
        {"10.0.0.0/8", "::ffff:10.1.2.3", true},    {"::/0", "::ffff:10.1.2.3", false},
        {"::ffff:10.0.0.0/104", "10.1.2.3", true},  {"::ffff:10.0.0.0/104", "::ffff:10.1.2.3", true},
        {"::ffff:10.0.0.0/104", "11.1.2.3", false}, {"::ffff:0.0.0.0/96", "1.2.3.4", true},
        {"192.0.2.128/25", "192.0.2.127", false},   {"192.0.2.128/25", "192.0.2.128", true},
        {"192.0.2.1", "192.0.2.1", true},           {"192.0.2.1", "192.0.2.0", false},
        {"2001:db8::/33", "2001:db8:7fff::", true}, {"2001:db8::/33", "2001:db8:8000::", false},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct net_block block = block_of(rows[i].block);
        struct net_address address = address_of(rows[i].address);

        if (net_block_has(&block, &address) != rows[i].has)
            test_fail(__FILE__, __LINE__, "%s, %s", rows[i].block, rows[i].address);
    }
}

TEST(the_kernels_form_is_read_whole_or_not_at_all)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_port = htons(443), .sin_addr.s_addr = htonl(0xc0000201)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_port = htons(53), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr_un local = {.sun_family = AF_UNIX};
    struct net_address address, expected = address_of("192.0.2.1");
    unsigned port = 7;

    check_int(net_address_of((struct sockaddr *)&ipv4, sizeof(ipv4), &address, &port), 0);
    check(net_address_equals(&address, &expected));
    check_int(port, 443);
    expected = address_of("::1");
    check_int(net_address_of((struct sockaddr *)&ipv6, sizeof(ipv6), &address, &port), 0);
    check(net_address_equals(&address, &expected));
    check_int(port, 53);
    check_int(net_address_of((struct sockaddr *)&ipv4, sizeof(ipv4) - 1, &address, &port), -EINVAL);
    check_int(net_address_of((struct sockaddr *)&ipv6, sizeof(ipv6) - 1, &address, &port), -EINVAL);
    check_int(net_address_of((struct sockaddr *)&ipv4, 1, &address, &port), -EINVAL);
    check_int(net_address_of((struct sockaddr *)&local, sizeof(local), &address, &port), -EINVAL);
    check(net_address_equals(&address, &expected));
    check_int(port, 53);
}
