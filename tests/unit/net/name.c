/* SPDX-License-Identifier: Apache-2.0 */
/* Names, patterns and authorities: one spelling each, everything else refused. */
#include "net/name.h"

#include <errno.h>

#include "base/memory.h"
#include "test.h"

#define L63 "a23456789-123456789-123456789-123456789-123456789-123456789-123"
#define L61 "a23456789-123456789-123456789-123456789-123456789-123456789-1"

struct bytes {
    const char *data;
    size_t size;
};
#define BYTES(literal) {literal, sizeof(literal) - 1}

TEST(a_name_has_one_spelling)
{
    static const struct {
        struct bytes text;
        const char *name;
    } rows[] = {
        {BYTES("example.org"), "example.org"},
        {BYTES("EXAMPLE.Org"), "example.org"},
        {BYTES("localhost"), "localhost"},
        {BYTES("a"), "a"},
        {BYTES("_dmarc.example.org"), "_dmarc.example.org"},
        {BYTES("r3---sn-x.example.org"), "r3---sn-x.example.org"},
        {BYTES("XN--Bcher-KVA.example"), "xn--bcher-kva.example"},
        {BYTES("1.2.3.4.example"), "1.2.3.4.example"},
        {BYTES("0x7f.example"), "0x7f.example"},
        {BYTES("3com.com"), "3com.com"},
        {BYTES("1e100.net"), "1e100.net"},
        {BYTES("host.1a"), "host.1a"},
        {BYTES(L63 ".org"), L63 ".org"},
        {BYTES(L63 "." L63 "." L63 "." L61), L63 "." L63 "." L63 "." L61}, /* 253 bytes */
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char name[NET_NAME_SIZE], again[NET_NAME_SIZE];
        struct error err = ERROR_INIT;

        if (net_name_canonical(rows[i].text.data, rows[i].text.size, name, &err) < 0)
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i].name, err.text);
        check_string(name, rows[i].name);
        check_int(net_name_canonical(name, strlen(name), again, &err), 0);
        check_string(again, name);
    }
}

static const struct wrong {
    struct bytes text;
    const char *why;
} wrong_names[] = {
    {BYTES(""), "it is empty"},
    {BYTES("."), "a label is empty"},
    {BYTES("example.org."), "a label is empty"},
    {BYTES("example.org.."), "a label is empty"},
    {BYTES(".example.org"), "a label is empty"},
    {BYTES("example..org"), "a label is empty"},
    {BYTES("example.org\0"), "only letters"},
    {BYTES("example.org\0.evil.net"), "only letters"},
    {BYTES("\0example.org"), "only letters"},
    {BYTES("example.org\n"), "only letters"},
    {BYTES("example.org\r\nHost: evil.net"), "only letters"},
    {BYTES("exam\tple.org"), "only letters"},
    {BYTES("example.org "), "only letters"},
    {BYTES(" example.org"), "only letters"},
    {BYTES("exa\x7fmple.org"), "only letters"},
    {BYTES("exa\x1bmple.org"), "only letters"},
    {BYTES("user@example.org"), "only letters"},
    {BYTES("example.org@evil.net"), "only letters"},
    {BYTES("user:secret@example.org"), "only letters"},
    {BYTES("example.org:443"), "only letters"},
    {BYTES("example.org/"), "only letters"},
    {BYTES("example.org\\evil.net"), "only letters"},
    {BYTES("example.org#"), "only letters"},
    {BYTES("example.org?x"), "only letters"},
    {BYTES("example%2eorg"), "only letters"},
    {BYTES("example.org%00"), "only letters"},
    {BYTES("example.org%2Fpath"), "only letters"},
    {BYTES("b\xc3\xbc" "cher.example"), "only letters"},           /* a U-label */
    {BYTES("xn--bcher-kva.b\xc3\xbc" "cher"), "only letters"},     /* mixed */
    {BYTES("example\xe3\x80\x82org"), "only letters"},             /* ideographic full stop */
    {BYTES("example\xef\xbc\x8eorg"), "only letters"},             /* full-width full stop */
    {BYTES("example\xef\xbd\xa1org"), "only letters"},             /* half-width ideographic full stop */
    {BYTES("\xef\xbc\x91.\xef\xbc\x92.3.4"), "only letters"},      /* full-width digits */
    {BYTES("ex\xc2\xad" "ample.org"), "only letters"},             /* soft hyphen */
    {BYTES("ex\xe2\x80\x8b" "ample.org"), "only letters"},         /* zero width space */
    {BYTES("\xd0\xb5xample.org"), "only letters"},                 /* Cyrillic */
    {BYTES("ex\xe2\x84\xaa.org"), "only letters"},                 /* Kelvin sign, a k in lower case */
    {BYTES("ex\xc0\xae.org"), "only letters"},                     /* overlong dot */
    {BYTES("exa\xff.org"), "only letters"},
    {BYTES("*.example.org"), "only letters"},
    {BYTES("ex*mple.org"), "only letters"},
    {BYTES("[::1]"), "only letters"},
    {BYTES("::1"), "only letters"},
    {BYTES("fe80::1%eth0"), "only letters"},
    {BYTES("-example.org"), "begins or ends"},
    {BYTES("example-.org"), "begins or ends"},
    {BYTES("example.org-"), "begins or ends"},
    {BYTES("xn--.org"), "begins or ends"},
    {BYTES("xn--example-.org"), "begins or ends"}, /* decodes to plain "example" */
    {BYTES("-"), "begins or ends"},
    {BYTES("4" L63 ".org"), "more than 63"},
    {BYTES(L63 "." L63 "." L63 "." L61 "2"), "more than 253"},
    {BYTES("127.0.0.1"), "a number"},
    {BYTES("127.1"), "a number"},
    {BYTES("0"), "a number"},
    {BYTES("2130706433"), "a number"},
    {BYTES("017700000001"), "a number"},
    {BYTES("0177.0.0.01"), "a number"},
    {BYTES("0x7f000001"), "a number"},
    {BYTES("0X7F.1"), "a number"},
    {BYTES("0x7f.0.0.0x1"), "a number"},
    {BYTES("example.0x"), "a number"},
    {BYTES("example.0xg"), "a number"},
    {BYTES("example.123"), "a number"},
    {BYTES("1.2.3.4.5"), "a number"},
    {BYTES("256.256.256.256"), "a number"},
};

TEST(what_two_programs_could_read_differently_is_no_name)
{
    for (size_t i = 0; i < ARRAY_COUNT(wrong_names); i++) {
        const struct wrong *row = &wrong_names[i];
        char name[NET_NAME_SIZE] = "untouched";
        struct error err = ERROR_INIT;

        if (net_name_canonical(row->text.data, row->text.size, name, &err) != -EINVAL)
            test_fail(__FILE__, __LINE__, "'%s' was taken as a name", row->text.data);
        check_contains(err.text, row->why);
        check_int(err.kind, ERROR_INVALID);
        check_string(name, "untouched");
    }
}

TEST(no_single_byte_but_these_is_part_of_a_name)
{
    for (int byte = 0; byte < 256; byte++) {
        char text[] = "aXa.org", name[NET_NAME_SIZE];
        bool is_good = byte && strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", byte);

        text[1] = (char)byte;
        check_int(net_name_canonical(text, 7, name, NULL), is_good ? 0 : -EINVAL);
    }
}

TEST(an_error_about_a_name_is_short_and_harmless)
{
    char text[5000], name[NET_NAME_SIZE];
    struct error err = ERROR_INIT;

    memset(text, '\x1b', sizeof(text));
    check_int(net_name_canonical(text, sizeof(text), name, &err), -EINVAL);
    check(!strchr(err.text, '\x1b'));
    check_contains(err.text, "...");
    check_contains(err.text, "253 bytes");
}

TEST(a_pattern_is_a_name_or_stands_for_its_first_label)
{
    static const struct {
        struct bytes text;
        const char *pattern; /* NULL = refused */
    } rows[] = {
        {BYTES("example.org"), "example.org"},
        {BYTES("*.Example.org"), "*.example.org"},
        {BYTES("*._tcp.example.org"), "*._tcp.example.org"},
        {BYTES("*.org"), NULL},
        {BYTES("*."), NULL},
        {BYTES("*"), NULL},
        {BYTES("**.example.org"), NULL},
        {BYTES("*.*.example.org"), NULL},
        {BYTES("a*.example.org"), NULL},
        {BYTES("example.*"), NULL},
        {BYTES("*example.org"), NULL},
        {BYTES("*..example.org"), NULL},
        {BYTES("*.example.org."), NULL},
        {BYTES("*.1.2.3.4"), NULL},
        {BYTES("*.0x1.0x2"), NULL},
        {BYTES("?.example.org"), NULL},
        {BYTES("*.example.org\0"), NULL},
        {BYTES("*." L63 "." L63 "." L63 "." L61), NULL}, /* no name could match it */
        {BYTES(""), NULL},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        char pattern[NET_NAME_SIZE] = "untouched";
        int status = net_pattern_canonical(rows[i].text.data, rows[i].text.size, pattern, NULL);

        if (status != (rows[i].pattern ? 0 : -EINVAL))
            test_fail(__FILE__, __LINE__, "'%s': %d", rows[i].text.data, status);
        check_string(pattern, rows[i].pattern ? rows[i].pattern : "untouched");
    }
}

TEST(a_pattern_matches_exactly_one_label_more)
{
    static const struct {
        const char *pattern, *name;
        bool matches;
    } rows[] = {
        {"example.org", "example.org", true},       {"example.org", "a.example.org", false},
        {"example.org", "xexample.org", false},     {"example.org", "example.org.evil.net", false},
        {"*.example.org", "a.example.org", true},   {"*.example.org", "example.org", false},
        {"*.example.org", "a.b.example.org", false}, {"*.example.org", "aexample.org", false},
        {"*.example.org", "evil.net", false},       {"*.example.org", "a.example.org.evil.net", false},
        {"*.example.org", "a.example.net", false},  {"*.example.org", "org", false},
        {"*.b.example.org", "a.b.example.org", true}, {"*.b.example.org", "b.example.org", false},
        {"*.example.org", "xn--a.example.org", true}, {"localhost", "localhost", true},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++)
        if (net_name_matches(rows[i].pattern, rows[i].name) != rows[i].matches)
            test_fail(__FILE__, __LINE__, "%s, %s", rows[i].pattern, rows[i].name);
}

TEST(an_authority_is_a_host_and_maybe_a_port)
{
    static const struct {
        const char *text, *host; /* as net_address_print() for an address */
        bool is_address;
        unsigned port;
    } rows[] = {
        {"Example.org", "example.org", false, 0},    {"example.org:443", "example.org", false, 443},
        {"example.org:65535", "example.org", false, 65535}, {"localhost:1", "localhost", false, 1},
        {"192.0.2.1", "192.0.2.1", true, 0},         {"192.0.2.1:80", "192.0.2.1", true, 80},
        {"[2001:DB8::1]", "2001:db8::1", true, 0},   {"[2001:db8:0::1]:8080", "2001:db8::1", true, 8080},
        {"[::ffff:192.0.2.1]:1", "::ffff:192.0.2.1", true, 1}, {"[::1]", "::1", true, 0},
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct net_host host;
        struct error err = ERROR_INIT;
        char text[NET_ADDRESS_TEXT_SIZE];
        unsigned port;

        if (net_authority_parse(rows[i].text, strlen(rows[i].text), &host, &port, &err) < 0)
            test_fail(__FILE__, __LINE__, "%s: %s", rows[i].text, err.text);
        check_int(host.is_address, rows[i].is_address);
        check_int(port, rows[i].port);
        net_address_print(&host.address, text);
        check_string(host.is_address ? text : host.name, rows[i].host);
    }
}

TEST(what_is_more_or_less_than_an_authority_is_refused)
{
    static const struct bytes rows[] = {
        BYTES(""), BYTES(":80"), BYTES("example.org:"), BYTES("example.org:0"), BYTES("example.org:65536"),
        BYTES("example.org:080"), BYTES("example.org:+80"), BYTES("example.org:-1"), BYTES("example.org: 80"),
        BYTES("example.org:80 "), BYTES("example.org:8o"), BYTES("example.org:0x50"), BYTES("example.org:80:80"),
        BYTES("example.org:80\0"), BYTES("example.org\0:80"), BYTES("example.org:4294967376"), BYTES(" example.org"),
        BYTES("example.org."), BYTES("example.org.:80"), BYTES("user@example.org"), BYTES("user:pw@example.org:80"),
        BYTES("example.org@evil.net"), BYTES("@example.org"), BYTES("example.org/path"), BYTES("http://example.org"),
        BYTES("example.org%2fpath"), BYTES("example.org%2F@evil.net"), BYTES("ex%61mple.org"), BYTES("%65xample.org"),
        BYTES("example.org,evil.net"), BYTES("example.org evil.net"), BYTES("example.org\tevil.net"),
        BYTES("*.example.org"), BYTES("127.1"), BYTES("2130706433"), BYTES("0x7f000001"), BYTES("0x7f.0.0.1"),
        BYTES("0177.0.0.1"), BYTES("127.0.0.01"), BYTES("127.0.0.1."), BYTES("127.0.1:80"), BYTES("1.2.3.4.5"),
        BYTES("1.2.3.256"), BYTES("1.2.3"), BYTES("017700000001:80"), BYTES("::1"), BYTES("2001:db8::1"),
        BYTES("::1:80"), BYTES("[::1"), BYTES("::1]"), BYTES("[::1]x"), BYTES("[::1]80"), BYTES("[::1]:"),
        BYTES("[::1]:0"), BYTES("[]"), BYTES("[]:80"), BYTES("["), BYTES("]"), BYTES("[::1]]:80"), BYTES("[[::1]]"),
        BYTES("[::1%lo]"), BYTES("[fe80::1%25eth0]"), BYTES("[fe80::1%eth0]:80"), BYTES("[192.0.2.1]"),
        BYTES("[example.org]"), BYTES("[v1.fe80::a+en1]"), BYTES("[::ffff:127.1]"), BYTES("[::ffff:0177.0.0.1]"),
        BYTES("[::1 ]"), BYTES("[ ::1]"), BYTES("[::1\0]"), BYTES("[::12345]"), BYTES("[1:2:3:4:5:6:7:8:9]"),
        BYTES("[:::]"), BYTES("\xef\xbc\x91.2.3.4"), BYTES("example\xe3\x80\x82org:80"), BYTES("\r\nexample.org"),
    };

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct net_host host = {.name = "untouched"};
        struct error err = ERROR_INIT;
        unsigned port = 7;

        if (net_authority_parse(rows[i].data, rows[i].size, &host, &port, &err) != -EINVAL)
            test_fail(__FILE__, __LINE__, "'%s' was read", rows[i].data);
        check_contains(err.text, "is not the name of a host");
        check_string(host.name, "untouched");
        check_int(port, 7);
    }
}

static int attempt_refusal(void)
{
    char name[NET_NAME_SIZE];

    return net_name_canonical("a b", 3, name, NULL) == -EINVAL ? 0 : -1;
}

TEST(a_wrong_name_is_refused_without_memory_as_well)
{
    mem_fail_after(0);
    check_int(attempt_refusal(), 0);
    mem_fail_after(-1);
    check_int(attempt_refusal(), 0);
}
