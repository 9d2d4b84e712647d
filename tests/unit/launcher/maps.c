/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/idmap.h"

#include "test.h"

static const struct range range = {RANGE_FIRST, RANGE_COUNT};

static void check_map(uint32_t caller, const char *wanted)
{
    char text[IDMAP_TEXT_SIZE];

    idmap_print(text, &range, caller, RANGE_FIRST + 7);
    check_string(text, wanted);
}

/* "ON DISK, AS SEEN, COUNT" */
TEST(in_a_map_all_ids_stay_but_the_callers_and_the_range)
{
    check_map(1000, "0 0 1000\n1000 1879048199 1\n1001 1001 1879047191\n1879113728 1879113728 2415853567\n");
    check_map(0, "0 1879048199 1\n1 1 1879048191\n1879113728 1879113728 2415853567\n");
    check_map(RANGE_FIRST - 1, "0 0 1879048191\n1879048191 1879048199 1\n1879113728 1879113728 2415853567\n");
    check_map(RANGE_FIRST + RANGE_COUNT, "0 0 1879048192\n1879113728 1879048199 1\n1879113729 1879113729 2415853566\n");
    check_map(4294967294u, "0 0 1879048192\n1879113728 1879113728 2415853566\n4294967294 1879048199 1\n");
}

TEST(a_caller_of_the_range_itself_is_given_nothing)
{
    check_map(RANGE_FIRST + 7, "0 0 1879048192\n1879113728 1879113728 2415853567\n");
}
