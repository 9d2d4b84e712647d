/* SPDX-License-Identifier: Apache-2.0 */
/* A small plan by hand, enough for /bin/sh: the launch is tested without the policy. */
#ifndef CORDON_TESTS_TIER_PLAN_H
#define CORDON_TESTS_TIER_PLAN_H

#include "tier/process/process.h"

struct hand_plan {
    struct plan plan;
    struct plan_mount mounts[256];
    struct plan_rule rules[128];
    const char *env[8];
    struct plan_limit limits[4];
};

/* System read-only, private /tmp and home, `workspace` (or NULL) writable at /ws, own loopback. */
void hand_plan_init(struct hand_plan *hand, const char *workspace);

struct plan_mount *hand_plan_add(struct hand_plan *hand, enum plan_mount_kind kind, const char *target,
                                 const char *source, bool is_writable);

/* A directory of this test in /tmp, and all that came to be in it. */
const char *hand_workspace_make(void);
void hand_workspace_remove(const char *path);

/* Directory of the init program of this build: CORDON_TEST_INIT, set by meson. */
const char *hand_init_path(void);

/*
 * Run `sh -c script` to its end; stdout goes to `output` (bounded). Returns start()'s status. In
 * test-tier-exec the container stands before, and the script is executed in it.
 */
int hand_run(struct hand_plan *hand, const char *script, struct tier_status *ret_status, char *output, size_t size,
             struct error *err);

/* Called with a run of hand_run() that has ended, before it is freed. NULL = nobody. */
extern void (*hand_look)(const struct tier_run *run);

/* tier_attach.refused of what hand_run() starts. NULL = nobody. */
extern int (*hand_refused)(void *context, const struct tier_refusal *refusal, struct error *err);

/* tier_start.watcher of what hand_run() starts. NULL = nobody. */
extern const struct tier_watcher *hand_watcher;

/*
 * A program that asks its parent to trace it, then is signalled and executes another; before, a child of it that lost its
 * parent does. Both go on. What it prints, its status 42.
 */
extern const char hand_traced_script[];
extern const char hand_traced_output[];

#endif
