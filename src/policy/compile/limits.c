/* SPDX-License-Identifier: Apache-2.0 */
/* Which mechanism keeps each limit here, and which of them nothing keeps. */
#include <errno.h>
#include <string.h>

#include "policy/compile/compile.h"

static enum mechanism by_memory_cgroup(const struct facts *facts)
{
    return facts->cgroup_memory ? BY_CGROUP : BY_NOTHING;
}

static enum mechanism by_cpu_cgroup(const struct facts *facts)
{
    return facts->cgroup_cpu ? BY_CGROUP : BY_NOTHING;
}

static enum mechanism by_account_cgroup(const struct facts *facts)
{
    return facts->cgroup_cpuacct ? BY_CGROUP : BY_NOTHING;
}

/* RLIMIT_NPROC means the same only where it counts per user namespace and root is not exempt. */
static enum mechanism by_process_count(const struct facts *facts)
{
    if (facts->cgroup_pids)
        return BY_CGROUP;
    return !facts->is_root && facts->has_rlimit_nproc_per_userns ? BY_RLIMIT : BY_NOTHING;
}

static enum mechanism by_rlimit(const struct facts *facts)
{
    return BY_RLIMIT;
}

static enum mechanism by_tmpfs(const struct facts *facts)
{
    return BY_TMPFS;
}

static enum mechanism by_supervisor(const struct facts *facts)
{
    return BY_SUPERVISOR;
}

struct limit_row {
    const char *member; /* also the name of its loss */
    size_t offset;      /* in struct resources */
    enum mechanism (*find)(const struct facts *facts);
};

#define LIMIT(name, field, find)                                                                   \
    {                                                                                              \
        "resources." name, offsetof(struct resources, field), find                                 \
    }

static const struct limit_row limit_rows[] = {
    LIMIT("memory", memory, by_memory_cgroup),
    LIMIT("cpus", cpus, by_cpu_cgroup),
    LIMIT("pids", pids, by_process_count),
    LIMIT("openFiles", open_files, by_rlimit),
    LIMIT("disk", disk, by_tmpfs),
    LIMIT("output", output, by_supervisor),
    LIMIT("wallTime", wall_time, by_supervisor),
    LIMIT("cpuTime", cpu_time, by_account_cgroup),
};

static int add_limit(struct compile *c, const struct limit_row *row, const struct setting *setting,
                     struct error *err)
{
    struct plan_limit limit = {.member = row->member, .value = setting->value};
    struct plan_limit *slot;
    const char *why = c->facts->cgroup_why;
    int r;

    limit.by = row->find(c->facts);
    if (limit.by == BY_NOTHING)
        return compile_loss(c, row->member, &setting->origin, err,
                            "nothing here can keep it: %s (cordon doctor says how to mend it)",
                            *why ? why : "it needs a control group that the caller may use");
    r = compile_origin(c, &setting->origin, &limit.origin, err);
    if (r < 0)
        return r;
    slot = arena_append(c->arena, c->plan->limits, c->plan->limit_count);
    if (!slot)
        return error_memory(err);
    *slot = limit;
    return 0;
}

/* A limit of a control group, which is shared with the container around: only that one's can be kept. */
static bool is_kept_around(const struct compile *c, const struct limit_row *row, const struct setting *setting)
{
    const struct resources *shared = c->options->shared;
    const struct setting *around = shared ? (const void *)((const char *)shared + row->offset) : NULL;

    if (!around || !around->is_set || setting->value < around->value)
        return false;
    return row->find == by_memory_cgroup || row->find == by_cpu_cgroup || row->find == by_account_cgroup ||
           row->find == by_process_count;
}

/* What is counted for each container by itself could be had once more in each of those inside. */
static int check_sum(struct compile *c, struct error *err)
{
    const struct resources *resources = &c->effective.resources;
    int r = 0;

    if (!c->plan->nested_number)
        return 0;
    if (resources->disk.is_set && !plan_limit_value(c->plan, "resources.memory") && !(c->options->shared && c->options->shared->memory.is_set))
        r = compile_loss(c, "resources.disk", &resources->disk.origin, err,
                         "with nested.containers each of those inside has as much again; set resources.memory, which counts for all "
                         "of them together");
    for (size_t i = 0; i < c->plan->limit_count && r == 0; i++)
        if (c->plan->limits[i].by == BY_RLIMIT && strcmp(c->plan->limits[i].member, "resources.pids") == 0)
            r = compile_loss(c, "resources.pids", c->plan->limits[i].origin, err,
                             "with nested.containers each of those inside may have as many again, where no control group counts them");
    return r;
}

/* What a sandbox inside mounts is not among the private file systems: only a limit of memory counts it. */
static int check_disk(struct compile *c, struct error *err)
{
    const struct setting *disk = &c->effective.resources.disk;

    if (!disk->is_set || !c->plan->filter.allows_namespaces || plan_limit_value(c->plan, "resources.memory"))
        return 0;
    return compile_loss(c, "resources.disk", &disk->origin, err,
                        "with nested.namespaces a tmpfs that a sandbox inside mounts is not counted; set resources.memory, "
                        "which counts it");
}

static int add_timeout(struct compile *c, const struct setting *setting, const char *member,
                       struct error *err)
{
    struct plan *plan = c->plan;

    if (!setting->is_set || (plan->timeout_ms && plan->timeout_ms <= setting->value))
        return 0;
    plan->timeout_ms = setting->value;
    plan->timeout_member = member;
    return compile_origin(c, &setting->origin, &plan->timeout_origin, err);
}

int limits_add(struct compile *c, struct error *err)
{
    const char *resources = (const char *)&c->effective.resources;
    int r = 0;

    for (size_t i = 0; i < ARRAY_COUNT(limit_rows) && r == 0; i++) {
        const struct setting *setting =
            (const struct setting *)(const void *)(resources + limit_rows[i].offset);

        if (setting->is_set && !is_kept_around(c, &limit_rows[i], setting))
            r = add_limit(c, &limit_rows[i], setting, err);
    }
    if (r == 0)
        r = check_disk(c, err);
    if (r == 0)
        r = check_sum(c, err);
    if (r == 0)
        r = add_timeout(c, &c->effective.timeout, "process.timeout", err);
    if (r == 0)
        r = add_timeout(c, &c->effective.resources.wall_time, "resources.wallTime", err);
    return r;
}

uint64_t plan_limit_value(const struct plan *plan, const char *member)
{
    for (size_t i = 0; i < plan->limit_count; i++)
        if (strcmp(plan->limits[i].member, member) == 0)
            return plan->limits[i].value;
    return 0;
}
