/* SPDX-License-Identifier: Apache-2.0 */
/* A record of what a program did, as the question that it was: so that the same evaluator can be asked about it again. */
#ifndef CORDON_AUTHOR_RECORDED_H
#define CORDON_AUTHOR_RECORDED_H

#include <limits.h>

#include "event/read.h"
#include "net/rules.h"
#include "policy/question.h"

enum recorded_verdict {
    RECORDED_NOTHING = 0, /* no decision of the policy: another kind of record, or the file's own permissions refused */
    RECORDED_ALLOWED,
    RECORDED_REFUSED,
};

/* The question points into itself and into the record. */
struct recorded {
    enum recorded_verdict verdict;
    struct question question;
    struct net_request request; /* where the question has one */
    uint64_t count; /* so many like it */
    char name[NET_NAME_SIZE], path[PATH_MAX], second[PATH_MAX];
};

/*
 * `from` and `to` (both NULL = no change): a workspace of the run, and where that of the one who asks lies; names in it move
 * along. Never fails: what cannot be asked again is RECORDED_NOTHING.
 */
void recorded_read(const struct event_record *record, const char *from, const char *to, struct recorded *ret_recorded);

#endif
