/* SPDX-License-Identifier: Apache-2.0 */
/* The private file systems: how much goes into them. */
#include "base/memory.h"
#include "plan.h"
#include "test.h"

static struct hand_plan hand;
static char output[65536];
static struct tier_status status;
static struct error err;

static void script_run(const char *script)
{
    check_int(hand_run(&hand, script, &status, output, sizeof(output), &err), 0);
}

TEST(the_size_of_the_private_file_systems_is_a_limit)
{
    hand_plan_init(&hand, NULL);
    hand.limits[hand.plan.limit_count++] = (struct plan_limit){"resources.disk", 1 << 20, BY_TMPFS, NULL};
    script_run("head -c 4000000 /dev/zero >/tmp/big; echo $?");
    check_contains(output, "No space left");
    hand.plan.limit_count = 0;
    script_run("head -c 4000000 /dev/zero >/tmp/big; echo $?");
    check_string(output, "0\n");
}

TEST(the_number_of_files_in_the_private_file_systems_goes_with_their_size)
{
    const char *make = "i=0; while [ $i -lt 5000 ]; do true >/tmp/$i || break; i=$((i+1)); done 2>/dev/null; "
                       "[ $i -lt 4096 ] && [ $i -gt 4000 ] && echo refused; [ $i = 5000 ] && echo made";

    hand_plan_init(&hand, NULL);
    hand.limits[hand.plan.limit_count++] = (struct plan_limit){"resources.disk", 1 << 20, BY_TMPFS, NULL};
    script_run(make);
    check_string(output, "refused\n");
    hand.limits[0].value = 32 << 20; /* 8192 */
    script_run(make);
    check_string(output, "made\n");
}
