/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The control groups of containers: ROOT/GROUP/ID in each hierarchy that is mounted, version 2 and those of version 1 that count or
 * limit. Made before the container's first process, which joins before it does anything. Of one inside of another `id` is a path, "OUTER/ID".
 */
#ifndef CORDON_LAUNCHER_CGROUPS_H
#define CORDON_LAUNCHER_CGROUPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/error.h"
#include "launcher/launch.h"

#define CGROUPS_HIERARCHIES_MAX 8

enum cgroups_controller { CGROUPS_MEMORY, CGROUPS_PIDS, CGROUPS_CPU, CGROUPS_CPUACCT, CGROUPS_FREEZER, CGROUPS_UNIFIED, CGROUPS_COUNT_ };

struct cgroups {
    int roots[CGROUPS_HIERARCHIES_MAX]; /* ROOT in each */
    size_t count;
    int at[CGROUPS_COUNT_]; /* which of them has it, -1 = none; with version 2 controllers that is the unified one */
    char path[96];          /* ROOT, "/cordon" */
};

/* Find and make ROOT. Without any hierarchy there is none, and `count` is 0. */
int cgroups_open(struct cgroups *ret_cgroups, const char *path, struct error *err) must_check;
void cgroups_close(struct cgroups *cgroups);

/* A name that is there already: -EEXIST. */
int cgroups_make_group(const struct cgroups *cgroups, const char *group, struct error *err) must_check;

/* ret_joins[]: files for cgroups_put(); the caller's. *ret_id: of the unified one, 0 = there is none. */
int cgroups_make(const struct cgroups *cgroups, const char *group, const char *id, int *ret_joins, uint64_t *ret_id,
                 struct error *err) must_check;

/* The same of one that is there. */
int cgroups_join(const struct cgroups *cgroups, const char *group, const char *id, int *ret_joins, uint64_t *ret_id, struct error *err) must_check;

/* A process is in it from now on, whatever that does or does not do. */
int cgroups_put(const struct cgroups *cgroups, const int *joins, pid_t pid, struct error *err) must_check;

int cgroups_limit(const struct cgroups *cgroups, const char *group, const char *id, const struct launch_request *limits,
                  struct error *err) must_check;
int cgroups_order(const struct cgroups *cgroups, const char *group, const char *id, enum launch_order order, struct error *err) must_check;
void cgroups_count(const struct cgroups *cgroups, const char *group, const char *id, struct launch_counts *ret_counts);

/* Empty ones. true when nothing of it is left; `id` NULL: the group. */
bool cgroups_remove(const struct cgroups *cgroups, const char *group, const char *id);

/* The names below a group, or "GROUP/ID" (`group` NULL: the groups), in the first hierarchy; 0 ends. */
int cgroups_list(const struct cgroups *cgroups, const char *group, int (*each)(void *context, const char *name), void *context);

/* No process is in it, in any hierarchy. */
bool cgroups_is_empty(const struct cgroups *cgroups, const char *group, const char *id);

#endif
