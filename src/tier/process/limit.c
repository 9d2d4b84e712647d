/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Less for a container that runs: written into its control group, which the kernel keeps for everything in it at once. What holds now is read from
 * there too, so that nobody's memory of it can be wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tier/process/cgroup.h"

#define NO_LIMIT  UINT64_MAX
#define PERIOD_US 100000u

enum which { MEMORY, PIDS, CPUS, WHICH_COUNT };

static const struct {
    const char *member, *v1, *v2, *v1_use, *v2_use;
} files[WHICH_COUNT] = {
    [MEMORY] = {"resources.memory", "memory.limit_in_bytes", "memory.max", "memory.usage_in_bytes", "memory.current"},
    [PIDS] = {"resources.pids", "pids.max", "pids.max", "pids.current", "pids.current"},
    [CPUS] = {"resources.cpus", "cpu.cfs_quota_us", "cpu.max", NULL, NULL},
};

static uint64_t wanted(const struct tier_limits *limits, int which)
{
    return which == MEMORY ? limits->memory : which == PIDS ? limits->pids : limits->cpu_milli * (PERIOD_US / 1000);
}

/* NULL = it has no group with that controller. */
static const char *directory_of(const struct cgroup *cgroup, int which)
{
    int index = cgroup->is_v2 ? 0 : which == MEMORY ? cgroup->memory : which == PIDS ? cgroup->pids : cgroup->quota;

    if (index < 0 || index >= cgroup->count)
        return NULL;
    return cgroup_has(cgroup->directories[index], cgroup->is_v2 ? files[which].v2 : files[which].v1) ? cgroup->directories[index] : NULL;
}

/* "max", "-1": no limit. What cannot be read, or is neither that nor a number, is no reason to believe that there is none. */
static int read_number(const char *directory, const char *name, uint64_t *ret_number, struct error *err)
{
    char text[64], *end;
    long long number;

    if (!cgroup_read(directory, name, text, sizeof(text)))
        return error_system(err, errno, "read %s/%s", directory, name);
    text[strcspn(text, " \n")] = '\0'; /* cpu.max has its period behind it */
    if (strcmp(text, "max") == 0 || strcmp(text, "-1") == 0) {
        *ret_number = NO_LIMIT;
        return 0;
    }
    errno = 0;
    number = strtoll(text, &end, 10);
    if (end == text || *end || number < 0 || errno)
        return error_set(err, ERROR_SYSTEM, EPROTO, "%s/%s has no number in it, but '%s'", directory, name, text);
    *ret_number = (uint64_t)number;
    return 0;
}

static int check_one(const struct cgroup *cgroup, int which, uint64_t value, struct error *err)
{
    const char *directory = directory_of(cgroup, which), *use = cgroup->is_v2 ? files[which].v2_use : files[which].v1_use;
    uint64_t now, used = 0;
    int status;

    if (!directory)
        return error_set(err, ERROR_UNENFORCEABLE, ENOTSUP, "%s: this container has no control group that limits it: start it with such a limit", files[which].member);
    status = read_number(directory, cgroup->is_v2 ? files[which].v2 : files[which].v1, &now, err);
    if (status == 0 && use)
        status = read_number(directory, use, &used, err);
    if (status < 0) {
        error_prepend(err, "%s: what it has now cannot be told", files[which].member);
        return status;
    }
    if (value > now)
        return error_set(err, ERROR_INVALID, EPERM, "%s: that is more than it has now: a container that runs gets less, never more", files[which].member);
    if (used > value)
        return error_set(err, ERROR_INVALID, EBUSY, "%s: it uses %" PRIu64 " now, which is more than that", files[which].member, used);
    return 0;
}

int cgroup_check_less(const struct cgroup *cgroup, const struct tier_limits *limits, struct error *err)
{
    int status = 0;

    for (int which = 0; status == 0 && which < WHICH_COUNT; which++)
        if (wanted(limits, which))
            status = check_one(cgroup, which, wanted(limits, which), err);
    return status;
}

/* Under version 1 the limit with swap is never below the one without: that comes first. */
static int write_one(const struct cgroup *cgroup, int which, uint64_t value, struct error *err)
{
    const char *directory = directory_of(cgroup, which);
    char text[64];
    int status;

    if (!directory)
        return error_set(err, ERROR_UNENFORCEABLE, ENOENT, "%s: its control group is gone", files[which].member);
    if (which == CPUS && cgroup->is_v2)
        snprintf(text, sizeof(text), "%" PRIu64 " %u", value, PERIOD_US);
    else
        snprintf(text, sizeof(text), "%" PRIu64, value);
    status = cgroup_write(directory, cgroup->is_v2 ? files[which].v2 : files[which].v1, text, err);
    if (status < 0 || which != MEMORY)
        return status;
    if (cgroup->is_v2)
        status = cgroup_write(directory, "memory.swap.max", "0", err);
    else if (cgroup_has(directory, "memory.memsw.limit_in_bytes")) /* not there where swap is not counted */
        status = cgroup_write(directory, "memory.memsw.limit_in_bytes", text, err);
    return status;
}

int cgroup_limit(const struct cgroup *cgroup, const struct tier_limits *limits, struct error *err)
{
    int status = 0;

    for (int which = 0; status == 0 && which < WHICH_COUNT; which++)
        if (wanted(limits, which))
            status = write_one(cgroup, which, wanted(limits, which), err);
    return status;
}
