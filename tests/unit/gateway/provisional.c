/* SPDX-License-Identifier: Apache-2.0 */
/* Addresses of names that wait for a person. */
#include "gateway/provisional.h"

#include <stdio.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "gateway/pins.h"
#include "test.h"

#define NOW (1000 * NS_PER_S)

static struct net_address give(struct provisional *provisional, const char *name, uint64_t now_ns)
{
    struct net_address address = {0};

    check(provisional_give(provisional, name, now_ns, &address));
    return address;
}

static struct provisional *new_table(void)
{
    struct provisional *provisional = provisional_new();

    check(provisional != NULL);
    return provisional;
}

TEST(a_provisional_address_stands_for_one_name_as_long_as_it_is_used)
{
    struct provisional *provisional = new_table();
    struct net_address one = give(provisional, "one.example", NOW), two = give(provisional, "two.example", NOW), again;
    uint64_t later = NOW + (PROVISIONAL_LIFE_S - 1) * NS_PER_S;

    check(!net_address_equals(&one, &two));
    check(pins_is_synthetic(&one) && one.bytes[1] == 19);
    again = give(provisional, "one.example", NOW);
    check(net_address_equals(&one, &again));
    check_string(provisional_find(provisional, &one, later), "one.example");
    check_string(provisional_find(provisional, &one, later + NS_PER_S), "one.example"); /* as it was used */
    check(!provisional_find(provisional, &two, later + NS_PER_S));
    again = give(provisional, "two.example", later + NS_PER_S);
    check(!net_address_equals(&two, &again)); /* what a program remembers for too long leads to nobody */
    check(!provisional_find(provisional, &two, later + NS_PER_S));
    provisional_free(provisional);
}

TEST(no_provisional_name_is_pushed_out_by_others)
{
    struct provisional *provisional = new_table();
    struct net_address first = give(provisional, "first.example", NOW), other;
    char name[32];

    for (unsigned i = 1; i < PROVISIONAL_MAX; i++) {
        snprintf(name, sizeof(name), "n%u.example", i);
        give(provisional, name, NOW);
    }
    check(!provisional_give(provisional, "more.example", NOW, &other));
    check_string(provisional_find(provisional, &first, NOW), "first.example");
    give(provisional, "more.example", NOW + PROVISIONAL_LIFE_S * NS_PER_S);
    provisional_free(provisional);
}

TEST(addresses_that_were_never_given_stand_for_nobody)
{
    static const struct net_address never[] = {
        {0}, {.family = AF_INET}, {.family = AF_INET, .bytes = {198, 19, 0, 0}}, {.family = AF_INET, .bytes = {198, 18, 0, 1}}};
    struct provisional *provisional = new_table();

    for (size_t i = 0; i < ARRAY_COUNT(never); i++)
        check(!provisional_find(provisional, &never[i], NOW));
    give(provisional, "one.example", NOW);
    for (size_t i = 0; i < ARRAY_COUNT(never); i++)
        check(!provisional_find(provisional, &never[i], NOW));
    provisional_free(provisional);
}
