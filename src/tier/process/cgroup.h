/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Limits that only a control group gives: memory, processors, processes and CPU time of the whole tree. v2 where a
 * subtree is delegated to the caller, v1 for root. Nothing is made when the plan has no such limit.
 */
#ifndef CORDON_TIER_PROCESS_CGROUP_H
#define CORDON_TIER_PROCESS_CGROUP_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "policy/facts.h"
#include "policy/plan.h"
#include "tier/spawner.h"

#define CGROUP_DIRECTORIES_MAX 5
#define CGROUP_DEPTH_MAX 18 /* nested.depth is at most 8, and the outermost; with a leaf each */

struct cgroup {
    char directories[CGROUP_DIRECTORIES_MAX][512]; /* what was made, to be removed */
    int count;
    bool is_v2;
    int memory, cpu, pids, quota, freezer; /* index of the directory with that controller, -1 = none; `cpu` counts */
    int leaf;                     /* where its own processes are while others are inside of it (v2), -1 = in each */
    const struct cgroup *around;  /* that it lies in; NULL = none */
    bool is_lent;                 /* another's, which is only counted by these files */
    struct tier_counting lent;
};
#define CGROUP_INIT ((struct cgroup){.memory = -1, .cpu = -1, .pids = -1, .quota = -1, .freezer = -1, .leaf = -1})

struct cgroup_wanted {
    const char *id; /* the run */
    struct tier_limits limits;
    const struct cgroup *around; /* which may be there for some of the controllers only, or for none; NULL = there is none */
    bool has_inner;              /* others may come to be inside of it */
};

/* Fill the cgroup members of `facts`. Never fails: what cannot be used is said. */
void cgroup_probe(struct facts *facts);

/* Does the plan ask for anything here? */
bool cgroup_is_needed(const struct plan *plan);

struct tier_limits cgroup_limits_of(const struct plan *plan);

/* Make the groups, named after the run, and write the limits. */
int cgroup_open(struct cgroup *ret_cgroup, const struct cgroup_wanted *wanted, struct error *err) must_check;

/* cgroup_count.c: what somebody else who cannot see the groups counts by (tier_counting_close() it). */
int cgroup_lend(const struct cgroup *cgroup, struct tier_counting *ret_counting, struct error *err) must_check;

/* With a spawner: have it set the limits, and find the group that it made, to count by. */
int cgroup_limits(const struct plan *plan, const struct tier_spawner *spawner, const char *id, struct error *err) must_check;
int cgroup_find(struct cgroup *ret_cgroup, const char *path, struct error *err) must_check;

/* Move a process in. */
int cgroup_join(const struct cgroup *cgroup, pid_t pid, struct error *err) must_check;

/* Did the kernel kill something in it because of its memory limit? How much? */
bool cgroup_was_oom_killed(const struct cgroup *cgroup);
uint64_t cgroup_oom_kills(const struct cgroup *cgroup);

/* How often no process or thread was made because of its limit of these; counted by the kernel. */
uint64_t cgroup_refused_forks(const struct cgroup *cgroup);

/* CPU time of all that ever ran in it, us; -ENOTSUP without that controller. */
int cgroup_cpu_time(const struct cgroup *cgroup, uint64_t *ret_us);

/* The same in two parts. */
int cgroup_times(const struct cgroup *cgroup, uint64_t *ret_user_us, uint64_t *ret_system_us);

/* v1: one more group, beside the others and of the same name. */
int cgroup_add_freezer(struct cgroup *cgroup, struct error *err) must_check;

/* A file of a group; false where it cannot be read. */
bool cgroup_read(const char *directory, const char *name, char *ret_text, size_t size);
bool cgroup_has(const char *directory, const char *name);
int cgroup_write(const char *directory, const char *name, const char *value, struct error *err) must_check;

/* What its processes hold now. false = it does not count that. */
bool cgroup_memory(const struct cgroup *cgroup, uint64_t *ret_bytes);

/* limit.c: are these, where they are not 0, limits that it can be given and no more than it has now? Then they can be set. */
int cgroup_check_less(const struct cgroup *cgroup, const struct tier_limits *limits, struct error *err) must_check;
int cgroup_limit(const struct cgroup *cgroup, const struct tier_limits *limits, struct error *err) must_check;

/* freeze.c: nothing in it runs any more, or all does again, when this returns 0. */
int cgroup_freeze(struct cgroup *cgroup, bool is_frozen, struct error *err) must_check;

/* Remove the groups; false while something is in one of them. */
bool cgroup_close(struct cgroup *cgroup);

#endif
