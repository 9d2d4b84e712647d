/* SPDX-License-Identifier: Apache-2.0 */
#include "launcher/cgroups.h"

#include <errno.h>

#include "test.h"

TEST(a_control_group_is_a_path_from_the_root)
{
    static const char *const wrong[] = {"", "cordon", "../cordon", "/a/../b",
                                        "/0123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789"};
    struct cgroups cgroups = {.count = 77};
    struct error err = ERROR_INIT;

    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        check_int(cgroups_open(&cgroups, wrong[i], &err), -EINVAL);
    check_int(cgroups.count, 77);
}

TEST(without_any_hierarchy_limits_are_refused_and_counts_unknown)
{
    struct cgroups cgroups = {.at = {-1, -1, -1, -1, -1, -1}};
    const struct launch_request limits[] = {{.memory = 1}, {.pids = 1}, {.cpu_milli = 1}};
    struct launch_counts counts = {.known = 7};
    struct error err = ERROR_INIT;

    for (int i = 0; i < 3; i++)
        check_int(cgroups_limit(&cgroups, "g", "c", &limits[i], &err), -ENOTSUP);
    check_int(cgroups_order(&cgroups, "g", "c", LAUNCH_FREEZE, &err), -ENOTSUP);
    cgroups_count(&cgroups, "g", "c", &counts);
    check_int(counts.known, 0);
    check(cgroups_remove(&cgroups, "g", "c") && cgroups_is_empty(&cgroups, "g", "c"));
}
