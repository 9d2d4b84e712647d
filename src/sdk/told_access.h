/* SPDX-License-Identifier: Apache-2.0 */
/* What a tier saw refused, as an event, and how much of that there was. */
#ifndef CORDON_SDK_TOLD_ACCESS_H
#define CORDON_SDK_TOLD_ACCESS_H

#include "event/event.h"
#include "policy/question.h"
#include "tier/access.h"

#define DENIALS_TEXT_SIZE 512

#define DENIALS_LAST 64

/* One of the last, for who asks from inside. Bytes that the program chose. */
struct denial {
    enum operation operation;
    int errnum;
    char object[256], rule[128], reason[128];
};

struct denials {
    struct denial *last; /* DENIALS_LAST, a ring; NULL = none yet */
    uint64_t last_count;
    void (*judge_call)(const struct plan_filter *filter, int number, struct plan_call *ret_call); /* the tier's, NULL = none */
    struct plan_index *index; /* made when something is refused first */
    uint64_t count;
    int rank;                     /* of the most telling one; the latest of those */
    char text[DENIALS_TEXT_SIZE]; /* that, in one line that is safe on a terminal; "" = none */
};

void denials_finish(struct denials *denials);

/* Make denials->index, if it has not been made. */
int denials_index(struct denials *denials, const struct plan *plan, struct error *err) must_check;

/* As tier_watcher.accessed, for a run of this plan. */
int told_access(struct denials *denials, const struct plan *plan, struct event_log *log, const struct tier_access *access,
                const char *source, uint64_t lost, struct error *err) must_check;

#endif
