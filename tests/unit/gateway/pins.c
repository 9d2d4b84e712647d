/* SPDX-License-Identifier: Apache-2.0 */
/* What a container was told, how long it holds, and what happens when there is no more room. */
#include "gateway/pins.h"

#include <errno.h>
#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/compiler.h"
#include "base/memory.h"
#include "test.h"

#define NOW (1000 * NS_PER_S)

static struct net_address address(unsigned number)
{
    return (struct net_address){.family = AF_INET,
                                .bytes = {20, (unsigned char)(number >> 16), (unsigned char)(number >> 8),
                                          (unsigned char)number}};
}

static struct pins *new_pins(void)
{
    struct pins *pins = NULL;

    check_int(pins_new(&pins, NULL), 0);
    return pins;
}

static size_t count_at(const struct pins *pins, unsigned number, uint64_t now_ns)
{
    struct net_address given = address(number);
    const struct pin *found[PINS_NAMES_MAX];

    return pins_find(pins, &given, now_ns, found, PINS_NAMES_MAX);
}

static void add(struct pins *pins, const char *name, unsigned number, uint64_t now_ns, uint32_t ttl_s)
{
    struct net_address real = address(number);

    check_int(pins_add(pins, name, &real, now_ns, ttl_s), 0);
}

TEST(a_pin_is_found_by_its_address_and_by_no_other)
{
    struct pins *pins = new_pins();
    struct net_address given = address(1);
    const struct pin *found[4];

    add(pins, "a.example.org", 1, NOW, 300);
    add(pins, "b.example.org", 1, NOW, 300);
    add(pins, "c.example.org", 2, NOW, 300);
    check_int(pins_find(pins, &given, NOW, found, 4), 2);
    check_string(found[0]->name, "b.example.org");
    check_string(found[1]->name, "a.example.org");
    check(net_address_equals(&found[0]->real, &given));
    check_int(pins_find(pins, &given, NOW, found, 1), 1);
    check_int(count_at(pins, 3, NOW), 0);
    given.family = AF_INET6;
    check_int(pins_find(pins, &given, NOW, found, 4), 0);
    pins_free(pins);
}

TEST(a_pin_lives_for_its_ttl_but_at_least_a_minute_and_at_most_an_hour)
{
    static const struct {
        uint32_t ttl_s, lives_s;
    } rows[] = {{0, 60}, {1, 60}, {59, 60}, {60, 60}, {61, 61}, {300, 300}, {3600, 3600}, {3601, 3600}, {UINT32_MAX, 3600}};

    for (size_t i = 0; i < ARRAY_COUNT(rows); i++) {
        struct pins *pins = new_pins();

        add(pins, "example.org", 1, NOW, rows[i].ttl_s);
        check_int(count_at(pins, 1, NOW + rows[i].lives_s * NS_PER_S - 1), 1);
        check_int(count_at(pins, 1, NOW + rows[i].lives_s * NS_PER_S), 0);
        pins_free(pins);
    }
}

TEST(an_answer_again_makes_a_pin_live_longer_and_never_shorter)
{
    struct pins *pins = new_pins();

    add(pins, "example.org", 1, NOW, 600);
    add(pins, "example.org", 1, NOW + 10 * NS_PER_S, 0);
    check_int(count_at(pins, 1, NOW + 599 * NS_PER_S), 1);
    add(pins, "example.org", 1, NOW + 500 * NS_PER_S, 600);
    check_int(count_at(pins, 1, NOW + 1099 * NS_PER_S), 1);
    check_int(count_at(pins, 1, NOW + 1100 * NS_PER_S), 0);
    add(pins, "example.org", 1, NOW + 2000 * NS_PER_S, 60); /* the one that ran out comes back as one */
    check_int(count_at(pins, 1, NOW + 2000 * NS_PER_S), 1);
    pins_free(pins);
}

TEST(a_pin_in_use_outlives_its_ttl_and_no_longer)
{
    struct pins *pins = new_pins();
    struct net_address given = address(1);

    add(pins, "example.org", 1, NOW, 60);
    add(pins, "other.example.org", 1, NOW, 60);
    pins_hold(pins, &given, "example.org");
    pins_hold(pins, &given, "example.org");
    pins_hold(pins, &given, "nobody.example.org");
    check_int(count_at(pins, 1, NOW + 9999 * NS_PER_S), 1);
    pins_release(pins, &given, "example.org");
    check_int(count_at(pins, 1, NOW + 9999 * NS_PER_S), 1);
    pins_release(pins, &given, "example.org");
    check_int(count_at(pins, 1, NOW + 9999 * NS_PER_S), 0);
    pins_release(pins, &given, "example.org"); /* once too often counts for nothing */
    pins_hold(pins, &given, "example.org");
    pins_release(pins, &given, "example.org");
    check_int(count_at(pins, 1, NOW + 9999 * NS_PER_S), 0);
    pins_free(pins);
}

TEST(a_full_table_refuses_and_loses_nothing_that_lives)
{
    struct pins *pins = new_pins();
    struct net_address one_more = address(PINS_MAX);

    for (unsigned i = 0; i < PINS_MAX; i++)
        add(pins, "example.org", i, NOW, i == 77 ? 60 : 300);
    check_int(pins_add(pins, "example.org", &one_more, NOW + 59 * NS_PER_S, 300), -ENOSPC);
    for (unsigned i = 0; i < PINS_MAX; i++)
        check_int(count_at(pins, i, NOW + 59 * NS_PER_S), 1);
    add(pins, "example.org", 5, NOW + 59 * NS_PER_S, 300); /* what is there is told again */
    check_int(pins_add(pins, "example.org", &one_more, NOW + 60 * NS_PER_S, 300), 0);
    check_int(count_at(pins, 77, NOW + 60 * NS_PER_S), 0);
    check_int(count_at(pins, PINS_MAX, NOW + 60 * NS_PER_S), 1);
    one_more = address(PINS_MAX + 1);
    check_int(pins_add(pins, "example.org", &one_more, NOW + 60 * NS_PER_S, 300), -ENOSPC);
    pins_free(pins);
}

TEST(room_comes_back_when_a_connection_ends)
{
    struct pins *pins = new_pins();
    struct net_address held = address(3), one_more = address(PINS_MAX);

    for (unsigned i = 0; i < PINS_MAX; i++)
        add(pins, "example.org", i, NOW, i == 3 ? 60 : 3600);
    pins_hold(pins, &held, "example.org");
    check_int(pins_add(pins, "example.org", &one_more, NOW + 100 * NS_PER_S, 60), -ENOSPC);
    pins_release(pins, &held, "example.org");
    check_int(pins_add(pins, "example.org", &one_more, NOW + 100 * NS_PER_S, 60), 0);
    pins_free(pins);
}

TEST(an_address_has_at_most_so_many_names_and_says_so)
{
    struct pins *pins = new_pins();
    struct net_address real = address(1);
    char name[32];

    for (unsigned i = 0; i < PINS_NAMES_MAX; i++) {
        snprintf(name, sizeof(name), "n%u.example.org", i);
        add(pins, name, 1, NOW, 300);
    }
    check_int(pins_add(pins, "more.example.org", &real, NOW, 300), -E2BIG);
    check_int(pins_add(pins, "n5.example.org", &real, NOW + 200 * NS_PER_S, 300), 0);
    check_int(pins_add(pins, "more.example.org", &real, NOW + 300 * NS_PER_S, 300), 0);
    check_int(count_at(pins, 1, NOW + 300 * NS_PER_S), 2);
    pins_free(pins);
}

TEST(a_synthetic_address_stands_for_one_name_and_one_address)
{
    struct pins *pins = new_pins();
    struct net_address real = address(1), other = address(2), first, again, second, third;
    const struct pin *found[4];

    check_int(pins_add_synthetic(pins, "a.example.org", &real, NOW, 60, &first), 0);
    check_int(pins_add_synthetic(pins, "a.example.org", &real, NOW, 60, &again), 0);
    check_int(pins_add_synthetic(pins, "b.example.org", &real, NOW, 60, &second), 0);
    check_int(pins_add_synthetic(pins, "a.example.org", &other, NOW, 60, &third), 0);
    check(net_address_equals(&first, &again));
    check(!net_address_equals(&first, &second) && !net_address_equals(&first, &third));
    check(pins_is_synthetic(&first) && pins_is_synthetic(&second) && !pins_is_synthetic(&real));
    check_int(pins_find(pins, &second, NOW, found, 4), 1);
    check_string(found[0]->name, "b.example.org");
    check(net_address_equals(&found[0]->real, &real));
    check_int(count_at(pins, 1, NOW), 0);
    pins_free(pins);
}

TEST(synthetic_addresses_of_version_6_are_in_their_own_block)
{
    struct pins *pins = new_pins();
    struct net_address real = {.family = AF_INET6, .bytes = {0x20, 1, 0xd, 0xb8, [15] = 1}}, given;
    char text[NET_ADDRESS_TEXT_SIZE];

    check_int(pins_add_synthetic(pins, "a.example.org", &real, NOW, 60, &given), 0);
    net_address_print(&given, text);
    check_string(text, "fdc0:7d09:1::1");
    check(pins_is_synthetic(&given) && !pins_is_synthetic(&real));
    given.bytes[7] = 1; /* the next /64 */
    check(!pins_is_synthetic(&given));
    pins_free(pins);
}

/* What a program still remembers must not lead to somebody else soon. */
TEST(a_synthetic_address_does_not_come_again_soon)
{
    struct pins *pins = new_pins();
    struct net_address real = address(1), given, first;
    uint64_t now_ns = NOW;

    check_int(pins_add_synthetic(pins, "example.org", &real, now_ns, 60, &first), 0);
    for (unsigned i = 0; i < 2 * PINS_MAX; i++) {
        now_ns += 61 * NS_PER_S;
        check_int(pins_add_synthetic(pins, "example.org", &real, now_ns, 60, &given), 0);
        check(!net_address_equals(&given, &first));
        check(pins_is_synthetic(&given));
    }
    pins_free(pins);
}

TEST(synthetic_addresses_are_refused_when_the_table_is_full)
{
    struct pins *pins = new_pins();
    struct net_address real = address(1), given = {.family = -7};

    for (unsigned i = 0; i < PINS_MAX; i++)
        add(pins, "example.org", i, NOW, 60);
    check_int(pins_add_synthetic(pins, "other.example.org", &real, NOW, 60, &given), -ENOSPC);
    check_int(given.family, -7);
    check_int(pins_add_synthetic(pins, "other.example.org", &real, NOW + 60 * NS_PER_S, 60, &given), 0);
    pins_free(pins);
}

static int attempt_new(void)
{
    struct pins *pins = NULL;
    int status = pins_new(&pins, NULL);

    pins_free(pins);
    return status;
}

TEST(a_table_that_finds_no_memory_says_so)
{
    test_each_allocation_fails(attempt_new, 2);
}
