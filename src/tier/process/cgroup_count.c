/* SPDX-License-Identifier: Apache-2.0 */
/* What the kernel counted of a control group: read from its files, or, where it is another's, from descriptors of them. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/memory.h"
#include "tier/process/cgroup.h"

static const struct {
    const char *v1, *v2;
} names[TIER_COUNT_FILES] = {
    [TIER_COUNT_MEMORY] = {"memory.oom_control", "memory.events"},
    [TIER_COUNT_PIDS] = {"pids.events", "pids.events"},
    [TIER_COUNT_CPU] = {"cpuacct.usage", "cpu.stat"},
    [TIER_COUNT_CPU_USER] = {"cpuacct.usage_user", NULL},
    [TIER_COUNT_CPU_SYSTEM] = {"cpuacct.usage_sys", NULL},
};

static int directory_of(const struct cgroup *cgroup, enum tier_count_file which)
{
    return which == TIER_COUNT_MEMORY ? cgroup->memory : which == TIER_COUNT_PIDS ? cgroup->pids : cgroup->cpu;
}

int cgroup_lend(const struct cgroup *cgroup, struct tier_counting *ret_counting, struct error *err)
{
    struct tier_counting counting = {.is_v2 = cgroup->is_v2};
    char path[1024];

    for (int i = 0; i < TIER_COUNT_FILES; i++) {
        int directory = directory_of(cgroup, (enum tier_count_file)i);
        const char *name = cgroup->is_v2 ? names[i].v2 : names[i].v1;

        counting.files[i] = -1;
        if (directory < 0 || !name)
            continue;
        snprintf(path, sizeof(path), "%s/%s", cgroup->directories[directory], name);
        counting.files[i] = open(path, O_RDONLY | O_CLOEXEC);
        if (counting.files[i] < 0) {
            int errnum = errno;

            tier_counting_close(&counting);
            return error_system(err, errnum, "open %s", path);
        }
    }
    *ret_counting = counting;
    return 0;
}

/* Version 2 has all of its times in one file. */
static int lent(const struct cgroup *cgroup, enum tier_count_file which)
{
    return cgroup->lent.files[cgroup->is_v2 && which > TIER_COUNT_CPU ? TIER_COUNT_CPU : which];
}

static bool count_read(const struct cgroup *cgroup, enum tier_count_file which, int directory, const char *name, char *ret_text, size_t size)
{
    int file = cgroup->is_lent ? lent(cgroup, which) : -1;
    ssize_t got;

    if (!cgroup->is_lent)
        return directory >= 0 && cgroup_read(cgroup->directories[directory], name, ret_text, size);
    got = file < 0 ? -1 : pread(file, ret_text, size - 1, 0);
    if (got < 0)
        return false;
    ret_text[got] = '\0';
    return true;
}

/* The number behind a word of a file; 0 where there is none. */
static uint64_t counted(const struct cgroup *cgroup, enum tier_count_file which, int directory, const char *file, const char *word)
{
    char text[1024];
    const char *at;

    if (!count_read(cgroup, which, directory, file, text, sizeof(text)))
        return 0;
    at = strstr(text, word);
    return at ? strtoull(at + strlen(word), NULL, 10) : 0;
}

uint64_t cgroup_oom_kills(const struct cgroup *cgroup)
{
    return counted(cgroup, TIER_COUNT_MEMORY, cgroup->memory, cgroup->is_v2 ? "memory.events" : "memory.oom_control", "oom_kill ");
}

bool cgroup_was_oom_killed(const struct cgroup *cgroup)
{
    return cgroup_oom_kills(cgroup) > 0;
}

uint64_t cgroup_refused_forks(const struct cgroup *cgroup)
{
    return counted(cgroup, TIER_COUNT_PIDS, cgroup->pids, "pids.events", "max ");
}

/* The number behind `key` in a file of the group that counts CPU time; an empty key: the file is that number. */
static int cpu_value(const struct cgroup *cgroup, enum tier_count_file which, const char *file, const char *key, uint64_t *ret_value)
{
    char text[1024];
    const char *at;

    if (!count_read(cgroup, which, cgroup->cpu, file, text, sizeof(text)))
        return -ENOTSUP;
    at = strstr(text, key);
    if (!at)
        return -ENOTSUP;
    *ret_value = strtoull(at + strlen(key), NULL, 10);
    return 0;
}

/* v2 counts in us, v1 in ns. */
static int cpu_time(const struct cgroup *cgroup, enum tier_count_file v1, const char *key, const char *v1_file, uint64_t *ret_us)
{
    uint64_t value = 0;
    int status = cgroup->is_v2 ? cpu_value(cgroup, TIER_COUNT_CPU, "cpu.stat", key, &value) : cpu_value(cgroup, v1, v1_file, "", &value);

    if (status == 0)
        *ret_us = cgroup->is_v2 ? value : value / 1000;
    return status;
}

int cgroup_cpu_time(const struct cgroup *cgroup, uint64_t *ret_us)
{
    return cpu_time(cgroup, TIER_COUNT_CPU, "usage_usec ", "cpuacct.usage", ret_us);
}

/* How the time divides is counted by clock ticks, of which a guest can miss some; how much it is, exactly. */
int cgroup_times(const struct cgroup *cgroup, uint64_t *ret_user_us, uint64_t *ret_system_us)
{
    uint64_t all, user, system;
    int status = cgroup_cpu_time(cgroup, &all);

    if (status == 0)
        status = cpu_time(cgroup, TIER_COUNT_CPU_USER, "user_usec ", "cpuacct.usage_user", &user);
    if (status == 0)
        status = cpu_time(cgroup, TIER_COUNT_CPU_SYSTEM, "system_usec ", "cpuacct.usage_sys", &system);
    if (status == 0) {
        *ret_system_us =
            user + system ? (uint64_t)((double)all * ((double)system / (double)(user + system))) : 0;
        *ret_user_us = all - *ret_system_us;
    }
    return status;
}

bool cgroup_memory(const struct cgroup *cgroup, uint64_t *ret_bytes)
{
    char text[64], *end;

    if (cgroup->is_lent || cgroup->memory < 0 ||
        !cgroup_read(cgroup->directories[cgroup->memory], cgroup->is_v2 ? "memory.current" : "memory.usage_in_bytes", text, sizeof(text)))
        return false;
    *ret_bytes = strtoull(text, &end, 10);
    return end != text;
}
