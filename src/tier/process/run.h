/* SPDX-License-Identifier: Apache-2.0 */
/* One container, on the parent's side. */
#ifndef CORDON_TIER_PROCESS_RUN_H
#define CORDON_TIER_PROCESS_RUN_H

#include "tier/process/cgroup.h"
#include "tier/process/in_place.h"
#include "tier/process/record.h"
#include "tier/tier.h"

struct tier_run {
    pid_t pid;
    int pidfd; /* -1 = there is no init */
    int control;
    int tty;
    bool is_reaped;
    bool is_over;
    struct tier_status status;
    bool has_cgroup;
    struct cgroup cgroup;
    struct tier_note notes[RECORD_NOTES_MAX + 1];
    size_t note_count;
    bool is_in_place;
    char scratch[IN_PLACE_PATH_MAX]; /* "" = none */
};

/* NULL without memory. */
struct tier_run *run_new(void);

/* Frees it and ends what it holds; NULL is fine. */
void run_finish(struct tier_run *run);

#endif
