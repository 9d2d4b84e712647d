/* SPDX-License-Identifier: Apache-2.0 */
/* Inside the library: what a reviewed run needs at its start and at its end. */
#ifndef CORDON_SDK_REVIEW_H
#define CORDON_SDK_REVIEW_H

#include "sdk/container.h"

int run_review_begin(struct run_review *review, const struct assembly *assembly, const struct cordon_request *request,
                     const char *run_id, const char *const *argv, struct error *err) must_check;

/* Nobody works on it any more; without `has_run` nothing is kept. */
void run_review_end(struct run_review *review, const char *runs, const char *run_id, bool has_run);

/* Each change, in the run's record, and what could not be found out of them. */
int run_review_record(struct event_log *log, const char *runs, struct error *err) must_check;

/* What is to be known before it is committed. */
int run_review_note(const struct run_review *review, const struct findings *findings, struct error *err) must_check;

#endif
