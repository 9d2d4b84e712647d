/* SPDX-License-Identifier: Apache-2.0 */
#include "daemon/pace.h"

#include <limits.h>

#include "base/clock.h"
#include "daemon/daemon.h"
#include "test.h"

void daemon_log(const char *format, ...)
{
    (void)format;
}

TEST(what_does_not_stand_is_started_later_each_time_and_never_later_than_the_most)
{
    static const uint64_t delays[] = {100, 200, 400, 800, 1600, 3200, 6400, PACE_MOST_MS, PACE_MOST_MS, PACE_MOST_MS};
    struct pace pace = {0};
    uint64_t now = NS_PER_S;

    for (size_t i = 0; i < ARRAY_COUNT(delays); i++) {
        check(pace.due_ns <= now);
        pace_started(&pace, now);
        now += PACE_WELL_MS * NS_PER_MS;
        pace_ended(&pace, now);
        check_int(pace.due_ns - now, delays[i] * NS_PER_MS);
        now = pace.due_ns;
    }
}

TEST(what_stood_for_long_is_started_soon_again)
{
    struct pace pace = {.delay_ms = PACE_MOST_MS};

    pace_started(&pace, NS_PER_S);
    pace_ended(&pace, NS_PER_S + PACE_WELL_MS * NS_PER_MS + 1);
    check_int(pace.delay_ms, PACE_FIRST_MS);
}

TEST(what_cannot_be_started_is_tried_again_after_the_most)
{
    struct pace pace = {0};

    pace_failed(&pace, NS_PER_S);
    check_int(pace.due_ns, NS_PER_S + PACE_MOST_MS * NS_PER_MS);
}

TEST(a_wait_is_never_too_short_and_none_is_minus_one)
{
    check_int(pace_wait_ms(UINT64_MAX, 0), -1);
    check_int(pace_wait_ms(NS_PER_S, NS_PER_S), 0);
    check_int(pace_wait_ms(NS_PER_S, 2 * NS_PER_S), 0);
    check_int(pace_wait_ms(NS_PER_S + 1, NS_PER_S), 1);
    check_int(pace_wait_ms(NS_PER_S + NS_PER_MS, NS_PER_S), 2);
    check_int(pace_wait_ms(UINT64_MAX - 1, 0), INT_MAX);
}
