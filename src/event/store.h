/* SPDX-License-Identifier: Apache-2.0 */
/* The run store: one directory a run, bounded in number, each with its events. */
#ifndef CORDON_EVENT_STORE_H
#define CORDON_EVENT_STORE_H

#include "event/event.h"

#define STORE_EVENTS_NAME  "events.jsonl"
#define STORE_REQUEST_NAME "request.json"
#define STORE_REVIEW_NAME "review.open" /* changes that wait to be committed or discarded (src/review): the run is kept, */
#define STORE_REVIEWED_NAME "review.done" /* or that did */

/*
 * Make <runs>/<run_id>/events.jsonl (0700, 0600), and <runs> when it is missing. *ret_runs_fd is
 * the open store, *ret_fd the empty file, locked: a run whose file is locked is never dropped.
 */
int store_open_run(const char *runs, const char *run_id, int *ret_runs_fd, int *ret_fd,
                   struct error *err) must_check;

/*
 * The same ahead of time, and with an empty file for what the run is asked for, under a name that is no run's: making three names on a disk takes longer than
 * all else of a start from a pool. publish(): from now on it is a run, of the name that it then has. discard(): it never was.
 */
int store_prepare_run(const char *runs, const char *run_id, int *ret_runs_fd, int *ret_fd, struct error *err) must_check;
int store_publish_run(int runs_fd, const char *ready_id, const char *run_id, struct error *err) must_check;
void store_discard_run(int runs_fd, const char *run_id);

/* The store, which is not made: -ENOENT where it is not there. */
int store_open(const char *runs, int *ret_fd, struct error *err) must_check;

/* A file of a run, to read. Refused: a link, somebody else's, one that others may write. -ENOENT: it is not there. */
int store_open_file(int runs_fd, const char *run_id, const char *name, int *ret_fd, struct error *err) must_check;

/* The records of a run that has ended, to be added to by who has its review alone. */
int store_open_again(int runs_fd, const char *run_id, int *ret_fd, struct error *err) must_check;

/* Make a file of a run that is open for writing (0600), or empty the one that is there. */
int store_make_file(int runs_fd, const char *run_id, const char *name, int *ret_fd, struct error *err) must_check;

/* Does a supervisor hold this file of events? */
bool store_is_running(int fd);

/* Names of the runs, oldest first, since run ids sort by time; the caller's to mem_free(). How many, or -1 and errno. */
long store_list(int runs_fd, char (**ret_names)[RUN_ID_SIZE]);

/* Drop the oldest runs when there are more than EVENT_RUNS_MAX + EVENT_RUNS_SLACK. Cheap when there
 * are not: it asks the directory for its link count first. */
void store_prune(int runs_fd);

#endif
