/* SPDX-License-Identifier: Apache-2.0 */
/* The run store: one directory a run, bounded in number, each with its events. */
#ifndef CORDON_EVENT_STORE_H
#define CORDON_EVENT_STORE_H

#include "event/event.h"

#define STORE_EVENTS_NAME "events.jsonl"

/*
 * Make <runs>/<run_id>/events.jsonl (0700, 0600), and <runs> when it is missing. *ret_runs_fd is
 * the open store, *ret_fd the empty file, locked: a run whose file is locked is never dropped.
 */
int store_open_run(const char *runs, const char *run_id, int *ret_runs_fd, int *ret_fd,
                   struct error *err) must_check;

/* Drop the oldest runs when there are more than EVENT_RUNS_MAX + EVENT_RUNS_SLACK. Cheap when there
 * are not: it asks the directory for its link count first. */
void store_prune(int runs_fd);

#endif
