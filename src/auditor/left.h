/* SPDX-License-Identifier: Apache-2.0 */
/* What keepers had not told the log when they ended (logger/spool.h), where no daemon tells it: under the names that they had. */
#ifndef CORDON_AUDITOR_LEFT_H
#define CORDON_AUDITOR_LEFT_H

#include "audit/log.h"

#define LEFT_MAX 4096 /* files */

struct spool;

struct left_file {
    struct spool *spool;
    bool is_odd; /* it has what is no record: it is kept for a person to look at */
};

struct left {
    int directory;
    struct left_file files[LEFT_MAX]; /* of keepers that are there no more */
    size_t count;
    uint64_t records; /* that were new to the log */
    uint64_t lost;    /* that are nowhere, as far as can be told */
    size_t odd;       /* files */
};

/* Append all that is below `state`, the user's, and count what is missing in it as lost. Nothing of it is gone before left_end(), which is called with the status of the commit in any case. */
int left_take(struct left *left, struct log *log, const char *state, struct error *err) must_check;
void left_end(struct left *left, int status);

#endif
