/* SPDX-License-Identifier: Apache-2.0 */
/* Less for a container that runs, by what its control group says of itself: what that does not say is no reason to give it more. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/memory.h"
#include "tier/process/cgroup.h"
#include "test.h"

static struct cgroup group;
static struct error err;

static void has(const char *name, const char *text)
{
    char path[600];
    auto_close int fd = -1;

    snprintf(path, sizeof(path), "%s/%s", group.directories[0], name);
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    check(fd >= 0);
    check_int(write(fd, text, strlen(text)), (int)strlen(text));
}

static void begin(bool is_v2)
{
    char path[] = "/tmp/cordon-test-XXXXXX";

    test_make_directory(path);
    group = CGROUP_INIT;
    group.is_v2 = is_v2;
    group.count = 1;
    group.memory = group.pids = group.quota = 0;
    snprintf(group.directories[0], sizeof(group.directories[0]), "%s", path);
}

static int less(struct tier_limits limits)
{
    err = (struct error)ERROR_INIT;
    return cgroup_check_less(&group, &limits, &err);
}

TEST(a_running_container_can_be_given_less_and_not_more)
{
    begin(true);
    has("pids.max", "20\n");
    has("pids.current", "3\n");
    has("memory.max", "max\n");
    has("memory.current", "1000\n");
    has("cpu.max", "50000 100000\n");
    check_int(less((struct tier_limits){.pids = 20}), 0);
    check_int(less((struct tier_limits){.pids = 21}), -EPERM);
    check_int(less((struct tier_limits){.pids = 2}), -EBUSY);
    check_int(less((struct tier_limits){.memory = 1 << 20, .pids = 10, .cpu_milli = 500}), 0);
    check_int(less((struct tier_limits){.memory = 999}), -EBUSY);
    check_int(less((struct tier_limits){.cpu_milli = 501}), -EPERM);
    has("cpu.max", "max 100000\n");
    check_int(less((struct tier_limits){.cpu_milli = 501}), 0);
}

/* Version 1: no limit is a number that is more than there can be, or -1. */
TEST(no_limit_is_told_from_a_limit_that_cannot_be_read)
{
    begin(false);
    has("memory.limit_in_bytes", "9223372036854771712\n");
    has("memory.usage_in_bytes", "4096\n");
    has("cpu.cfs_quota_us", "-1\n");
    check_int(less((struct tier_limits){.memory = 1 << 20, .cpu_milli = 500}), 0);
}

TEST(a_limit_that_cannot_be_read_is_not_raised)
{
    static const char *const odd[] = {"", "\n", "much\n", "-2\n", "7x\n", "99999999999999999999999\n", "0x7fffffff\n"};

    begin(true);
    has("pids.current", "3\n");
    for (size_t i = 0; i < ARRAY_COUNT(odd); i++) {
        has("pids.max", odd[i]);
        check(less((struct tier_limits){.pids = 1000}) < 0);
        check_contains(err.text, "resources.pids");
    }
    has("pids.max", "20\n");
    has("pids.current", "few\n");
    check_int(less((struct tier_limits){.pids = 10}), -EPROTO);
    check_contains(err.text, "what it has now cannot be told");
}

/* A directory can be opened and not read. */
TEST(a_limit_whose_file_does_not_open_or_read_is_not_raised)
{
    char path[600];

    begin(true);
    has("pids.current", "3\n");
    snprintf(path, sizeof(path), "%s/pids.max", group.directories[0]);
    check_int(mkdir(path, 0700), 0);
    check_int(less((struct tier_limits){.pids = 1000}), -EISDIR);
    has("memory.max", "max\n");
    check_int(less((struct tier_limits){.memory = 1 << 20}), -ENOENT);
}
