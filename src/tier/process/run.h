/* SPDX-License-Identifier: Apache-2.0 */
/* One container, on the parent's side. */
#ifndef CORDON_TIER_PROCESS_RUN_H
#define CORDON_TIER_PROCESS_RUN_H

#include "base/digest.h"
#include "base/text.h"
#include "tier/process/cgroup.h"
#include "tier/process/in_place.h"
#include "tier/process/record.h"
#include "tier/process/sources.h"
#include "tier/process/told_take.h"
#include "tier/tier.h"

#define RUN_HELD_MAX 8 /* the program runs already, and only the word of it is on its way */

/* A program that was asked for and of which nothing was heard yet: one at a time. */
struct run_asked {
    uint32_t number; /* 0 = none */
    bool is_known;   /* and what became of it: */
    int tty;
    struct message message; /* MESSAGE_STARTED, MESSAGE_UNSTARTED */
};

struct tier_run {
    pid_t pid;
    int pidfd; /* -1 = there is no init */
    int control;
    int tty;
    int asks; /* by which process 1 is answered, -1 = it asks nothing */
    bool is_reaped;
    bool is_over;
    struct tier_status status;
    bool has_cgroup;
    struct cgroup cgroup;
    struct tier_note notes[RECORD_NOTES_MAX + 1];
    size_t note_count;
    struct tier_attach gateway;
    struct tier_watcher watcher;
    struct told *told; /* what process 1 tells of refusals; NULL = nothing */
    struct tier_source sources[SOURCES_MAX];
    size_t source_count;
    const struct record_who *who;      /* RECORD_WHO_COUNT of them, which init writes; NULL = none */
    struct message held[RUN_HELD_MAX]; /* of refusals, from before start() returned */
    size_t held_count, held_next;
    uint32_t lost; /* for which that was no room */
    const struct tier_spawner *spawner; /* who made its first process; NULL = this one */
    char id[TIER_ID_SIZE];              /* by which the spawner knows it */
    struct tier_spawned spawned;
    bool has_own_uid;     /* outside */
    bool is_in_place;
    pid_t program; /* in place: whose Landlock domain is the container's; 0 = not known */
    bool has_void, has_void_home; /* look-ups of what is not there are seen; those in the home, too */
    bool is_frozen;
    bool stands;            /* without a program of its own */
    uint32_t program_count; /* so many were asked for */
    struct run_asked asked;
    struct tier_programs programs;
    bool is_settled;        /* it stands */
    bool is_unsealed;       /* but for Landlock and the filter: exec() brings what they wait for */
    bool is_attached;       /* its network was handed over */
    char image[DIGEST_TEXT_SIZE]; /* with is_kept_ready: of the record that it was made by */
    const struct plan *plan; /* with `stands`: the caller's, as long as the run */
    bool has_foreseen_network; /* it makes one before there is a plan */
    char scratch[IN_PLACE_PATH_MAX]; /* "" = none */
};

/* NULL without memory. */
struct tier_run *run_new(void);

/* Wait for its first process, and so for all of them. */
void run_reap(struct tier_run *run);

/* What init says of a failure (MESSAGE_ERROR, MESSAGE_UNSTARTED; its texts end) as an error. */
int run_message_error(const struct message *message, struct error *err);

/* Frees it and ends what it holds; NULL is fine. */
void run_finish(struct tier_run *run);

#endif
