/* SPDX-License-Identifier: Apache-2.0 */
/* How many containers a pool keeps ready, by a clock of the test's own. */
#include "sdk/pool_use.h"

#include "base/clock.h"
#include "test.h"

#define BEGAN ((uint64_t)1000 * NS_PER_S)
#define MOST  64

TEST(a_pool_is_sized_by_the_last_minute_and_bounded)
{
    struct pool_use use;

    pool_use_begin(&use, BEGAN);
    check_int((int)pool_use_wanted(&use, BEGAN, MOST), 1);
    for (int i = 0; i < 16; i++)
        pool_use_take(&use, BEGAN + (uint64_t)i * NS_PER_S);
    check_int((int)pool_use_wanted(&use, BEGAN + 16 * NS_PER_S, MOST), 3);
    check_int((int)pool_use_wanted(&use, BEGAN + 16 * NS_PER_S, 2), 2);
    check_int((int)pool_use_wanted(&use, BEGAN + 68 * NS_PER_S, MOST), 1 + 7 / 8);
    for (int i = 0; i < 100000; i++)
        pool_use_take(&use, BEGAN + 70 * NS_PER_S);
    check_int((int)pool_use_wanted(&use, BEGAN + 70 * NS_PER_S, MOST), MOST);
}

TEST(what_nobody_has_wanted_yet_is_not_kept)
{
    struct pool_use use = {0};

    check_int((int)pool_use_wanted(&use, NS_PER_S, MOST), 0);
    check_int((int)pool_use_wanted(&use, BEGAN, MOST), 0);
    pool_use_take(&use, BEGAN);
    check_int((int)pool_use_wanted(&use, BEGAN, MOST), 1);
}

TEST(a_pool_that_nobody_uses_is_drained)
{
    struct pool_use use;

    pool_use_begin(&use, BEGAN);
    check_int((int)pool_use_wanted(&use, BEGAN + 59 * NS_PER_S, MOST), 1);
    check_int((int)pool_use_wanted(&use, BEGAN + 61 * NS_PER_S, MOST), 0);
    pool_use_take(&use, BEGAN + 100 * NS_PER_S);
    check_int((int)pool_use_wanted(&use, BEGAN + 100 * NS_PER_S, MOST), 1);
    check_int((int)pool_use_wanted(&use, BEGAN + 159 * NS_PER_S, MOST), 1);
    check_int((int)pool_use_wanted(&use, BEGAN + 162 * NS_PER_S, MOST), 0);
    check_int((int)pool_use_wanted(&use, BEGAN + 1000000 * NS_PER_S, MOST), 0);
}
