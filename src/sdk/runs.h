/* SPDX-License-Identifier: Apache-2.0 */
/* Shared by what tells of recorded runs. */
#ifndef CORDON_SDK_RUNS_H
#define CORDON_SDK_RUNS_H

#include "base/json.h"
#include "event/read.h"

/* The store of the caller, found by the environment of this process. */
int runs_open(struct run_store **ret_store, struct error *err) must_check;

/* "exited 0", "SIGKILL", "running", "refused: forbidden", ...: how a run ended, in few words. */
void runs_say_end(struct text *out, const struct run_summary *summary);

/* "2026-01-02 03:04:05Z" */
void runs_say_time(struct text *out, uint64_t ms);

/* The members of one run in short, into an object that is open. */
void runs_summary_members(struct json *json, const struct run_summary *summary);

/* One line about a record, safe on a terminal, without its time and its end of line. */
void runs_say_record(struct text *out, const struct event_record *record);

#endif
