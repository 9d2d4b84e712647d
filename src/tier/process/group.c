/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Control groups of containers inside a container, below that one's: made by whoever started the outermost, because those who
 * supervise the others see no control groups (docs/decisions/0262).
 */
#include "tier/process/process.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/memory.h"
#include "tier/process/cgroup.h"
#include "tier/process/run.h"

#define REMOVE_TRIES 50
#define PAUSE_NS     1000000 /* 1 ms */

struct tier_group {
    struct cgroup cgroup;
};

int group_make(const struct tier_run *run, const struct tier_group *around, const struct tier_inner *inner, struct tier_group **ret_group,
               struct tier_counting *ret_counting, struct error *err)
{
    const struct cgroup_wanted wanted = {.id = inner->id,
                                         .limits = inner->limits,
                                         .around = around ? &around->cgroup : run->has_cgroup ? &run->cgroup : NULL,
                                         .has_inner = inner->has_inner};
    struct tier_group *group = mem_alloc(sizeof(*group));
    int status;

    if (!group)
        return error_memory(err);
    status = cgroup_open(&group->cgroup, &wanted, err);
    if (status < 0) {
        mem_free(group);
        return status;
    }
    status = cgroup_join(&group->cgroup, inner->pid, err);
    if (status == 0)
        status = cgroup_lend(&group->cgroup, ret_counting, err);
    if (status == 0)
        *ret_group = group;
    else
        group_free(group);
    return status;
}

int group_join(const struct tier_group *group, pid_t pid, struct error *err)
{
    return cgroup_join(&group->cgroup, pid, err);
}

/* What ended in it may still be on its way out; a group that stays for longer is removed with those that others left. */
void group_free(struct tier_group *group)
{
    const struct timespec pause = {.tv_nsec = PAUSE_NS};

    for (int i = 0; group && i < REMOVE_TRIES && !cgroup_close(&group->cgroup); i++)
        nanosleep(&pause, NULL);
    mem_free(group);
}
